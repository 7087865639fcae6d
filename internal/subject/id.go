package subject

import (
	"unicode"
	"unicode/utf8"
)

// MaxIDBytes bounds an id: of a subject, an item, or a content key.
const MaxIDBytes = 256

// IDFault says what is wrong with an id, so that a caller can name the remedy. It
// is an error, and never holds the id.
type IDFault uint8

// The faults, in the order in which CheckID looks for them.
const (
	IDEmpty      IDFault = iota + 1 // no byte at all
	IDTooLong                       // more than MaxIDBytes
	IDNotUTF8                       // not valid UTF-8
	IDForbidden                     // a NUL, control, bidirectional or tag character
	IDOuterSpace                    // white space at either end
)

var idFaults = [...]string{
	IDEmpty:      "id is empty",
	IDTooLong:    "id is longer than 256 bytes",
	IDNotUTF8:    "id is not UTF-8",
	IDForbidden:  "id has a control, bidirectional or tag character",
	IDOuterSpace: "id begins or ends with white space",
}

// Error names the fault.
func (f IDFault) Error() string {
	if f == 0 || int(f) >= len(idFaults) {
		return "id is refused"
	}
	return idFaults[f]
}

// CheckID is the one rule for ids of subjects and items and for content keys, at
// every door: 1 to 256 bytes of UTF-8, opaque, never normalised; no control
// character (Unicode Cc, NUL among them), no character of Bidi_Control, no tag
// character (U+E0000 to U+E007F), and no White_Space at either end, because an id
// that looks like another is objected to in vain. The error is an IDFault. Zero
// width spaces and joiners are allowed here; a policy may forbid them.
//
// It allocates nothing, whatever it is given.
func CheckID(id string) error {
	if id == "" {
		return IDEmpty
	}
	if len(id) > MaxIDBytes {
		return IDTooLong
	}
	for i := range len(id) {
		c := id[i]
		if c >= utf8.RuneSelf {
			return checkUnicode(id)
		}
		if c < ' ' || c == 0x7f {
			return asciiFault(id)
		}
	}
	if id[0] == ' ' || id[len(id)-1] == ' ' {
		return IDOuterSpace
	}
	return nil
}

// asciiFault is for an id with a control character: it is that, unless bytes
// further on are no UTF-8, which is looked for first.
func asciiFault(id string) error {
	if !utf8.ValidString(id) {
		return IDNotUTF8
	}
	return IDForbidden
}

// checkUnicode is CheckID for what is not all ASCII, of an allowed length.
func checkUnicode(id string) error {
	if !utf8.ValidString(id) {
		return IDNotUTF8
	}
	for _, r := range id {
		if isForbidden(r) {
			return IDForbidden
		}
	}
	first, _ := utf8.DecodeRuneInString(id)
	last, _ := utf8.DecodeLastRuneInString(id)
	if unicode.IsSpace(first) || unicode.IsSpace(last) { // the White_Space property
		return IDOuterSpace
	}
	return nil
}

func isForbidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || 0xE0000 <= r && r <= 0xE007F
}
