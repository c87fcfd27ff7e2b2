package invoice

import "testing"

func TestVATIDsHaveTheFormOfTheirCountry(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "de 123 456 789": "DE123456789", "DE123456789": "DE123456789", "ATU12345678": "ATU12345678", "BE 0123.456.789": "BE0123456789",
		"NL123456789B01": "NL123456789B01", "FRXX123456789": "FRXX123456789", "GR123456789": "EL123456789", "ESX1234567L": "ESX1234567L",
		"IE1234567FA": "IE1234567FA", "XIGD123": "XIGD123", "CHE-123.456.789 MWST": "CHE-123.456.789 MWST", "GB123456789": "GB123456789", "12-3456789": "12-3456789",
	} {
		if got, ok := VATID(text); !ok || got != want {
			t.Errorf("%q is %q, %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{"DE12345678", "DE1234567890", "DEX", "AT12345678", "none", "my company", "FR12", "<b>1", "12", "1\x002345", "IT1234567890A", "ü12345"} {
		if got, ok := VATID(text); ok {
			t.Errorf("%q passes as %q", text, got)
		}
	}
}
