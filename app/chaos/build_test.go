package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// root is where the module's files are, seen from this package.
const root = "../.."

// patch changes one place of one file in a copy that is compiled, and nothing in the repository: old must stand in the file
// exactly once, so that a patch cannot rot unseen.
type patch struct{ file, old, new string }

// faster shortens the times for which a seed would else have to wait. What they mean stays the same: the order of events is
// what is tested, and it is the order of the product.
var faster = []patch{
	{"modules/checkout/reconcile.go", "tickEvery   = time.Second", "tickEvery   = 150 * time.Millisecond"},
	{"modules/checkout/ledger.go", "matchEvery = time.Hour", "matchEvery = time.Second"},
	{"modules/checkout/ledger.go", "matchLook = 10 * time.Second", "matchLook = 500 * time.Millisecond"},
	{"modules/checkout/reconcile.go", "ourGap      = 5 * time.Second", "ourGap      = 1500 * time.Millisecond"},
	{"modules/checkout/reconcile.go", "eventWait   = 5 * time.Second", "eventWait   = 500 * time.Millisecond"},
	{"modules/checkout/checkout.go", "createBudget  = 3 * time.Second", "createBudget  = time.Second"},
	{"modules/checkout/checkout.go", "silenceLimit  = 15 * time.Minute", "silenceLimit  = 3 * time.Second"},
	{"modules/checkout/checkout.go", "lateClock     = 2 * time.Minute", "lateClock     = 4 * time.Second"},
	{"modules/checkout/checkout.go", "pagesPerOrder = 3 * time.Second", "pagesPerOrder = 700 * time.Millisecond"},
	{"modules/checkout/checkout.go", "pinWhileDown  = 60 * time.Second", "pinWhileDown  = 5 * time.Second"},
	{"modules/checkout/store_postgres.go", "interval '900 s'", "interval '3 s'"},
	{"modules/checkout/store_due.go", "interval '1 s' * CASE", "interval '80 ms' * CASE"},
	{"modules/checkout/store_payment.go", "interval '10 s'", "interval '900 ms'"},
	{"modules/checkout/store_payment.go", "interval '3 s'", "interval '250 ms'"},
	{"modules/checkout/provider/caller.go", "attemptTime  = 3 * time.Second", "attemptTime  = 900 * time.Millisecond"},
	{"modules/checkout/provider/caller.go", "breakerDelay = 2 * time.Second", "breakerDelay = 300 * time.Millisecond"},
	{"modules/checkout/store_dispute.go", "interval '300 s'", "interval '900 ms'"},
	{"modules/checkout/provider/transfer/transfer.go", "time.Duration(c.config.Days) * 24 * time.Hour }", "time.Duration(c.config.Days) * 6 * time.Second }"},
	{"modules/notification/jobs.go", "attemptTime = 30 * time.Second", "attemptTime = 6 * time.Second"},
	{"modules/notification/jobs.go", "leaseTime   = 45 * time.Second", "leaseTime   = 8 * time.Second"},
	{"modules/notification/jobs.go", "overdueTime = 60 * time.Second", "overdueTime = 2 * time.Second"},
	{"modules/notification/jobs.go", "lookEvery   = 10 * time.Second", "lookEvery   = time.Second"},
	{"modules/notification/jobs.go", "longestWait = 60 * time.Second", "longestWait = time.Second"},
	{"modules/notification/smtp.go", "smtpTimeout = 10 * time.Second", "smtpTimeout = 1500 * time.Millisecond"},
	{"modules/seating/sweep.go", "repairEvery = 5 * time.Second", "repairEvery = 1500 * time.Millisecond"},
}

var blanks = regexp.MustCompile(` +`)

// apply is the files that patches change, as they become.
func apply(patches []patch) (map[string][]byte, error) {
	changed := map[string][]byte{}
	for _, p := range patches {
		text, ok := changed[p.file]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(root, p.file)); err != nil {
				return nil, err
			}
		}
		// gofmt moves columns about: some blanks are as good as others.
		found := regexp.MustCompile(blanks.ReplaceAllString(regexp.QuoteMeta(p.old), " +")).FindAllIndex(text, -1)
		if len(found) != 1 {
			return nil, fmt.Errorf("%s has %d times, not once: %s", p.file, len(found), p.old)
		}
		changed[p.file] = slices.Concat(text[:found[0][0]], []byte(p.new), text[found[0][1]:])
	}
	return changed, nil
}

// workshop is where binaries are built, for the length of the tests.
var workshop = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "fairseat-chaos-bin-") })

// compile builds the product with its failpoints and these patches, and answers the binary.
func compile(name string, patches ...patch) (string, error) {
	dir, err := workshop()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, build(name, patches, "-o", path, ".")
}

// typecheck builds what patches change, for its errors alone: nothing is linked.
func typecheck(name string, patches ...patch) error { return build(name, patches, "./modules/...") }

func build(name string, patches []patch, what ...string) error {
	dir, err := workshop()
	if err != nil {
		return err
	}
	changed, err := apply(append(append([]patch{}, faster...), patches...))
	if err != nil {
		return err
	}
	base, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range changed {
		copied := filepath.Join(dir, name+"-"+strings.ReplaceAll(file, "/", "-"))
		if err := os.WriteFile(copied, text, 0o644); err != nil {
			return err
		}
		overlay.Replace[filepath.Join(base, file)] = copied
	}
	list := filepath.Join(dir, name+".json")
	encoded, err := json.Marshal(overlay)
	if err := errors.Join(err, os.WriteFile(list, encoded, 0o644)); err != nil {
		return err
	}
	cmd := exec.Command("go", append([]string{"build", "-tags", "failpoints", "-overlay", list}, what...)...)
	cmd.Dir = base
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return nil
}

// sound is the product without any bug of ours, built once.
var sound = sync.OnceValues(func() (string, error) { return compile("sound") })
