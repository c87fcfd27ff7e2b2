package address

import "strings"

// tagged are the big providers that deliver name+anything to name. Elsewhere a plus may well be two people, who would
// then take each other's seats; so it is left alone.
var tagged = map[string]bool{
	"gmail.com": true, "outlook.com": true, "hotmail.com": true, "live.com": true, "msn.com": true, "icloud.com": true,
	"me.com": true, "mac.com": true, "proton.me": true, "protonmail.com": true, "pm.me": true, "fastmail.com": true,
}

// mailbox is where mail to an address ends up, as far as that is certain: at the big providers without what follows a
// plus, at Gmail without dots and under its one name. It is what limits count, and nothing is ever mailed to it.
func mailbox(s string) string {
	normal := Normal(s)
	at := strings.LastIndexByte(normal, '@')
	if at < 0 {
		return normal
	}
	name, domain := normal[:at], normal[at+1:]
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if !tagged[domain] {
		return normal
	}
	bare, _, _ := strings.Cut(name, "+")
	if domain == "gmail.com" {
		bare = strings.ReplaceAll(bare, ".", "")
	}
	if bare == "" { // "+x@gmail.com" is nobody's; it must not be everybody's
		return normal
	}
	return bare + "@" + domain
}
