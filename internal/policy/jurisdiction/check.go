package jurisdiction

import "strings"

// CodeError says why a text names no place. It never repeats the text.
type CodeError struct {
	// Class is what the text is instead.
	Class Class
	// Meant lists the codes that were probably meant; it may be empty.
	Meant []string
}

// Error says what the text is and what to use.
func (e *CodeError) Error() string {
	what := e.Class.String()
	if len(e.Meant) == 0 {
		return what + "; use an ISO 3166-1 code such as DE, or an ISO 3166-2 code such as DE-BY"
	}
	if e.Class == Reserved { // for other uses, which whoever means GB need not know
		what = "not the ISO code"
	}
	return what + "; use " + alternatives(e.Meant)
}

// Check refuses what names no place, with a [*CodeError] that says what was meant. Countries, subdivisions and former subdivisions pass.
func Check(text string) error {
	e := Lookup(text)
	if e.Assigned() {
		return nil
	}
	return &CodeError{Class: e.Class, Meant: e.Meant}
}

// String describes the class as the end of "it is …".
func (c Class) String() string {
	words := [...]string{
		Malformed:         "not the form of a country's code",
		Country:           "a country",
		Subdivision:       "a subdivision",
		FormerSubdivision: "a former code of a subdivision",
		GroupName:         "the name of a group, not a country's code",
		Retired:           "a code that ISO 3166 has deleted",
		Reserved:          "a code that ISO 3166 reserves, of no country",
		UserAssigned:      "a code for private use, of no country",
		Unassigned:        "a code that is not assigned to a country",
		LowerCase:         "a code in small letters",
		Alpha3:            "a three-letter code",
		Numeric:           "a number, not a country's code",
		Named:             "a country's name, not its code",
		Spaced:            "a code with space around it",
		Fullwidth:         "a code in fullwidth letters",
		Homoglyph:         "a code with letters outside A to Z",
		Locale:            "a language with its country, not a country's code",
		Empty:             "empty",
	}
	if int(c) < len(words) {
		return words[c]
	}
	return words[Malformed]
}

// alternatives joins codes as a sentence does.
func alternatives(codes []string) string {
	last := len(codes) - 1
	if last == 0 {
		return codes[0]
	}
	return strings.Join(codes[:last], ", ") + " or " + codes[last]
}
