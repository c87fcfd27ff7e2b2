package document

import (
	"io"
	"testing"
)

func BenchmarkPage(b *testing.B) {
	for b.Loop() {
		if err := Page(io.Discard, ticket()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPDF(b *testing.B) {
	for b.Loop() {
		if _, err := PDF([]Ticket{ticket()}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCode(b *testing.B) {
	for b.Loop() {
		if _, err := encode(code); err != nil {
			b.Fatal(err)
		}
	}
}
