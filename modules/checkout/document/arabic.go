package document

// letter is where an Arabic letter's forms stand in Unicode: isolated, final, initial, medial, one after the other. A
// letter with two forms never joins the letter after it; hamza joins nobody.
type letter struct {
	isolated rune
	forms    int
}

// letterOf knows the letters of Arabic, Persian and Urdu.
func letterOf(r rune) (letter, bool) {
	switch {
	case r >= 'ء' && r <= 'غ':
		return [...]letter{
			{0xFE80, 1}, {0xFE81, 2}, {0xFE83, 2}, {0xFE85, 2}, {0xFE87, 2}, {0xFE89, 4}, {0xFE8D, 2}, // ء آ أ ؤ إ ئ ا
			{0xFE8F, 4}, {0xFE93, 2}, {0xFE95, 4}, {0xFE99, 4}, {0xFE9D, 4}, {0xFEA1, 4}, {0xFEA5, 4}, // ب ة ت ث ج ح خ
			{0xFEA9, 2}, {0xFEAB, 2}, {0xFEAD, 2}, {0xFEAF, 2}, {0xFEB1, 4}, {0xFEB5, 4}, {0xFEB9, 4}, // د ذ ر ز س ش ص
			{0xFEBD, 4}, {0xFEC1, 4}, {0xFEC5, 4}, {0xFEC9, 4}, {0xFECD, 4}, // ض ط ظ ع غ
		}[r-'ء'], true
	case r >= 'ف' && r <= 'ي':
		return [...]letter{
			{0xFED1, 4}, {0xFED5, 4}, {0xFED9, 4}, {0xFEDD, 4}, {0xFEE1, 4}, {0xFEE5, 4}, {0xFEE9, 4}, // ف ق ك ل م ن ه
			{0xFEED, 2}, {0xFEEF, 2}, {0xFEF1, 4}, // و ى ي
		}[r-'ف'], true
	}
	switch r {
	case 'پ':
		return letter{0xFB56, 4}, true
	case 'ٹ':
		return letter{0xFB66, 4}, true
	case 'چ':
		return letter{0xFB7A, 4}, true
	case 'ڈ':
		return letter{0xFB88, 2}, true
	case 'ژ':
		return letter{0xFB8A, 2}, true
	case 'ڑ':
		return letter{0xFB8C, 2}, true
	case 'ک':
		return letter{0xFB8E, 4}, true
	case 'گ':
		return letter{0xFB92, 4}, true
	case 'ں':
		return letter{0xFB9E, 2}, true
	case 'ہ':
		return letter{0xFBA6, 4}, true
	case 'ھ':
		return letter{0xFBAA, 4}, true
	case 'ے':
		return letter{0xFBAE, 2}, true
	case 'ۓ':
		return letter{0xFBB0, 2}, true
	case 'ی':
		return letter{0xFBFC, 4}, true
	}
	return letter{}, false
}

// lamAlef is the isolated common sign of lam and the alef after it; its final form is the next code point.
func lamAlef(alef rune) (rune, bool) {
	switch alef {
	case 'آ':
		return 0xFEF5, true
	case 'أ':
		return 0xFEF7, true
	case 'إ':
		return 0xFEF9, true
	case 'ا':
		return 0xFEFB, true
	}
	return 0, false
}
