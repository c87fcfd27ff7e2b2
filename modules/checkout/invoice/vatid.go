package invoice

import (
	"regexp"
	"strings"
)

// vatIDs are what follows the country in the VAT IDs of the European Union, and of Northern Ireland, whose goods are in it.
var vatIDs = map[string]*regexp.Regexp{
	"AT": regexp.MustCompile(`^U[0-9]{8}$`), "BE": regexp.MustCompile(`^[01][0-9]{9}$`), "BG": regexp.MustCompile(`^[0-9]{9,10}$`),
	"CY": regexp.MustCompile(`^[0-9]{8}[A-Z]$`), "CZ": regexp.MustCompile(`^[0-9]{8,10}$`), "DE": regexp.MustCompile(`^[0-9]{9}$`),
	"DK": regexp.MustCompile(`^[0-9]{8}$`), "EE": regexp.MustCompile(`^[0-9]{9}$`), "EL": regexp.MustCompile(`^[0-9]{9}$`),
	"ES": regexp.MustCompile(`^([A-Z][0-9]{7}[0-9A-Z]|[0-9]{8}[A-Z])$`), "FI": regexp.MustCompile(`^[0-9]{8}$`),
	"FR": regexp.MustCompile(`^[0-9A-HJ-NP-Z]{2}[0-9]{9}$`), "HR": regexp.MustCompile(`^[0-9]{11}$`), "HU": regexp.MustCompile(`^[0-9]{8}$`),
	"IE": regexp.MustCompile(`^([0-9]{7}[A-W][A-I]?|[0-9][A-Z+*][0-9]{5}[A-W])$`), "IT": regexp.MustCompile(`^[0-9]{11}$`),
	"LT": regexp.MustCompile(`^([0-9]{9}|[0-9]{12})$`), "LU": regexp.MustCompile(`^[0-9]{8}$`), "LV": regexp.MustCompile(`^[0-9]{11}$`),
	"MT": regexp.MustCompile(`^[0-9]{8}$`), "NL": regexp.MustCompile(`^[0-9]{9}B[0-9]{2}$`), "PL": regexp.MustCompile(`^[0-9]{10}$`),
	"PT": regexp.MustCompile(`^[0-9]{9}$`), "RO": regexp.MustCompile(`^[0-9]{2,10}$`), "SE": regexp.MustCompile(`^[0-9]{12}$`),
	"SI": regexp.MustCompile(`^[0-9]{8}$`), "SK": regexp.MustCompile(`^[0-9]{10}$`), "XI": regexp.MustCompile(`^([0-9]{9}|[0-9]{12}|GD[0-9]{3}|HA[0-9]{3})$`),
}

// elsewhere is what an ID of other countries may look like: letters, digits and what people put between them.
var elsewhere = regexp.MustCompile(`^[0-9A-Z][0-9A-Z./ -]{3,}$`)

// VATID is a VAT ID as it is printed, and whether it can be one: one that begins like a country of the European Union has its
// form, any other is at least letters and digits. Whether it is somebody's only the tax office knows.
func VATID(text string) (id string, ok bool) {
	id = strings.ToUpper(strings.Join(strings.Fields(text), " "))
	if id == "" {
		return "", true
	}
	joined := strings.NewReplacer(" ", "", ".", "", "-", "").Replace(id)
	if strings.HasPrefix(joined, "GR") { // as the country is called everywhere else
		joined = "EL" + joined[2:]
	}
	if len(joined) > 2 {
		if form, european := vatIDs[joined[:2]]; european {
			return joined, form.MatchString(joined[2:])
		}
	}
	return id, elsewhere.MatchString(id) && strings.ContainsAny(id, "0123456789")
}
