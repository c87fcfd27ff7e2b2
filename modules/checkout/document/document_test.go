package document

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// code looks like a real one: signed, and longer than a short QR code holds.
const code = "FS1.k1.AZ8Qm2V0cGxhaW4tdGlja2V0LWlk.3nHc0Jm8yq1Y5v7Yk2nX0bqv3m7yT4gQ9u1s8Q6wZr0aLh5dPpEoVx2cGtBfKjMn"

func ticket() Ticket {
	return Ticket{
		ID: "0198c0de-0000-7000-8000-000000000001", URL: "https://tickets.example.org/t/s3cr3t", Code: code,
		EventName: "Spring Gala", Venue: "Große Halle, Köln", Timezone: "Europe/Berlin",
		StartsAt: time.Date(2027, 3, 9, 18, 30, 0, 0, time.UTC), SeatName: "Row F, seat 12", SeatLabel: "F-12", Category: "Parkett",
		Holder: "Åsa Ünlü", OrderCode: "K7QX2M4P", Price: "42.50 EUR", Contact: "help@example.org",
		TermsURL: "https://example.org/terms", Issued: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC),
	}
}

// poppler runs one of poppler-utils, which `make test` installs.
func poppler(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v %s (make test-deps installs poppler-utils)", name, err, stderr.String())
	}
	return out
}

func write(t *testing.T, doc []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ticket.pdf")
	if err := os.WriteFile(path, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// textOf is what a person can select and copy out of a PDF, without the marks poppler puts around right-to-left text.
func textOf(t *testing.T, doc []byte) string {
	t.Helper()
	out := poppler(t, "pdftotext", "-layout", "-enc", "UTF-8", write(t, doc), "-")
	return regexp.MustCompile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]").ReplaceAllString(string(out), "")
}

// pictureOf is a page as a printer would put it on paper, at 200 dots an inch.
func pictureOf(t *testing.T, doc []byte, page int) image.Image {
	t.Helper()
	n := strconv.Itoa(page)
	img, err := png.Decode(bytes.NewReader(poppler(t, "pdftoppm", "-r", "200", "-f", n, "-l", n, "-png", write(t, doc))))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// scan reads the QR code in a picture, as a gate's scanner would.
func scan(t *testing.T, img image.Image) string {
	t.Helper()
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_TRY_HARDER: true, gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
	})
	if err != nil {
		t.Fatalf("the QR code cannot be read: %v", err)
	}
	return result.GetText()
}

// paint draws a QR code from the data of its SVG path, a module eight pixels wide.
func paint(t *testing.T, path string, side int) image.Image {
	t.Helper()
	const scale = 8
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	runs := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(path, -1)
	if len(runs) == 0 {
		t.Fatal("no runs in the path")
	}
	for _, run := range runs {
		x, _ := strconv.Atoi(run[1])
		y, _ := strconv.Atoi(run[2])
		w, _ := strconv.Atoi(run[3])
		for py := y * scale; py < (y+1)*scale; py++ {
			for px := x * scale; px < (x+w)*scale; px++ {
				img.SetGray(px, py, color.Gray{})
			}
		}
	}
	return img
}

// Every length a code may have gives a QR code that reads back, in upper case alone too, which is encoded otherwise.
func TestCodeReadsBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"A", code, code[:40], strings.ToUpper(strings.ReplaceAll(code, ".", ":")), strings.Repeat("0123456789", 9),
		strings.Repeat("x", 60), strings.Repeat("y", 180), strings.Repeat("Zz9-_.", 60), "Ünïcode ☂",
	} {
		g, err := encode(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := scan(t, paint(t, g.path(), g.side())); got != text {
			t.Errorf("%q reads back as %q", text, got)
		}
	}
}

func TestCodeTooLongIsRefused(t *testing.T) {
	t.Parallel()
	long := ticket()
	long.Code = strings.Repeat("x", 5000)
	if err := Page(&bytes.Buffer{}, long); err == nil {
		t.Error("a page with an impossible code")
	}
	if _, err := PDF([]Ticket{long}); err == nil {
		t.Error("a PDF with an impossible code")
	}
}
