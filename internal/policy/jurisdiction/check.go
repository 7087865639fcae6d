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
	remedy := "use an ISO 3166-1 code such as DE, or an ISO 3166-2 code such as DE-BY"
	if len(e.Meant) > 0 {
		remedy = "use " + alternatives(e.Meant)
	}
	return "not a country: " + e.Class.String() + "; " + remedy
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
		Malformed:         "the shape of no code",
		Country:           "a country",
		Subdivision:       "a subdivision",
		FormerSubdivision: "a former code of a subdivision",
		GroupName:         "the name of a group",
		Retired:           "a code that was deleted",
		Reserved:          "a code that is reserved and not in use",
		UserAssigned:      "a code for private use",
		Unassigned:        "a code that is not assigned",
		LowerCase:         "small letters",
		Alpha3:            "a three-letter code",
		Numeric:           "a number",
		Named:             "a name",
		Spaced:            "space around a code",
		Fullwidth:         "fullwidth letters",
		Homoglyph:         "letters outside A to Z",
		Locale:            "a language with its country",
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
