package jurisdiction

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Class says what a text is that was given as a place.
type Class uint8

// The classes. The zero value is none that names a place.
const (
	// Malformed has the shape of no code.
	Malformed Class = iota
	// Country is an assigned ISO 3166-1 alpha-2 code.
	Country
	// Subdivision is an assigned ISO 3166-2 code.
	Subdivision
	// FormerSubdivision is a code that ISO 3166-2 dropped, of a territory that has a country code of its own. It names that place still.
	FormerSubdivision
	// GroupName is the name of a group of countries.
	GroupName
	// Retired is a code that ISO 3166-1 deleted.
	Retired
	// Reserved is a code that is kept out of use, so that nobody mistakes it for another.
	Reserved
	// UserAssigned is a code that ISO 3166-1 leaves to everybody, and that therefore means nothing between two parties.
	UserAssigned
	// Unassigned has the shape of a code and stands for nothing.
	Unassigned
	// LowerCase is a code in small letters.
	LowerCase
	// Alpha3 is an ISO 3166-1 alpha-3 code.
	Alpha3
	// Numeric is an ISO 3166-1 number.
	Numeric
	// Named is a country's English name.
	Named
	// Spaced is a code with space around it.
	Spaced
	// Fullwidth is a code in fullwidth letters.
	Fullwidth
	// Homoglyph holds letters of another script that look like those of a code.
	Homoglyph
	// Locale is a language with a country.
	Locale
	// Empty is nothing.
	Empty
)

// Entry is what a text given as a place is.
type Entry struct {
	// Class is what it is.
	Class Class
	// Code is the code under which rules for the place are kept ([Canonical]). Empty where the text names no place.
	Code string
	// Meant lists the codes that were probably meant. Empty where the text names a place, or nothing is known.
	Meant []string
}

// Assigned reports whether the text names a place.
func (e Entry) Assigned() bool {
	return e.Class == Country || e.Class == Subdivision || e.Class == FormerSubdivision
}

var (
	shape    = regexp.MustCompile(`^[A-Z]{2}(-[A-Z0-9]{1,3})?$`)
	language = regexp.MustCompile(`^[a-z]{2,3}[_-]([A-Z]{2})$|^[A-Za-z]{2,3}_([A-Za-z]{2})$`)
)

// maxCodeBytes bounds what is looked at: the longest English name is shorter.
const maxCodeBytes = 128

// Lookup says what a text is that was given as a place. It never fails: what is unknown is Malformed or Unassigned.
func Lookup(text string) Entry {
	x := tables()
	if code, ok := x.canonical[text]; ok {
		switch {
		case len(text) == len("XX"):
			return Entry{Class: Country, Code: code}
		case x.former[text]:
			return Entry{Class: FormerSubdivision, Code: code}
		}
		return Entry{Class: Subdivision, Code: code}
	}
	if e, ok := x.retired[text]; ok {
		return e
	}
	switch {
	case text == "":
		return Entry{Class: Empty}
	case len(text) > maxCodeBytes || !utf8.ValidString(text):
		return Entry{Class: Malformed}
	case shape.MatchString(text):
		return x.unassigned(text)
	}
	return x.misspelt(text)
}

// unassigned tells apart what has the shape of a code and names no place.
func (x *index) unassigned(code string) Entry {
	country, rest, ok := strings.Cut(code, "-")
	if !ok {
		if code == "AA" || code == "ZZ" || code[0] == 'X' || (code[0] == 'Q' && code[1] >= 'M') {
			return Entry{Class: UserAssigned} // ISO 3166-1, 8.1.3
		}
		return Entry{Class: Unassigned}
	}
	if e, ok := x.retired[country]; ok && len(e.Meant) == 1 {
		if meant := e.Meant[0] + "-" + rest; x.chains[meant] != nil { // UK-SCT
			return Entry{Class: e.Class, Meant: []string{meant}}
		}
	}
	return Entry{Class: Unassigned}
}

// misspelt tells apart what has no code's shape, and what it would be if it were written as one.
func (x *index) misspelt(text string) Entry {
	if trimmed := strings.TrimSpace(text); trimmed != text {
		return Entry{Class: Spaced, Meant: x.meant(trimmed)}
	}
	if code := x.alpha2[strings.ToLower(text)]; code != "" {
		if text[0] >= '0' && text[0] <= '9' {
			return Entry{Class: Numeric, Meant: []string{code}}
		}
		return Entry{Class: Named, Meant: []string{code}}
	}
	if code := x.alpha2[strings.ToUpper(text)]; code != "" {
		return Entry{Class: Alpha3, Meant: []string{code}}
	}
	if folded := narrow(text); folded != text {
		return Entry{Class: Fullwidth, Meant: x.meant(folded)}
	}
	if !ascii(text) {
		return Entry{Class: Homoglyph}
	}
	if m := language.FindStringSubmatch(text); m != nil { // before LowerCase: "de-BE" is Belgian German, not Berlin
		return Entry{Class: Locale, Meant: x.meant(strings.ToUpper(m[1] + m[2]))}
	}
	if upper := strings.ToUpper(text); upper != text && shape.MatchString(upper) {
		return Entry{Class: LowerCase, Meant: x.meant(upper)}
	}
	return Entry{Class: Malformed}
}

// meant is the code that a text is once it is written as one; where that names no place, what was meant by it.
func (x *index) meant(code string) []string {
	if x.chains[code] != nil {
		return []string{code}
	}
	return x.retired[code].Meant
}

// narrow writes fullwidth forms (U+FF01 to U+FF5E) as ASCII.
func narrow(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, text)
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
