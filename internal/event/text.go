package event

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText says whether text can stand in a record's free text field of at most
// maxBytes bytes: an officer's reason, a case reference, the name of who called.
// It must be UTF-8, neither empty nor with a space or newline at either end, and
// hold no control character but newline (so no carriage return and no tab), no
// line or paragraph separator, and no bidirectional control: what an editor shows
// is then what was signed, line by line. Errors match ErrMalformed.
func CheckText(text string, maxBytes int) error {
	if err := checkText(text, maxBytes); err != nil {
		return &MalformedError{Record: "text", Fault: err.Error()}
	}
	return nil
}

func checkText(text string, maxBytes int) error {
	switch {
	case text == "":
		return fault("empty")
	case len(text) > maxBytes:
		return fault("too long")
	case !utf8.ValidString(text):
		return fault("not UTF-8")
	case isBlank(text[0]) || isBlank(text[len(text)-1]):
		return fault("begins or ends with a space or newline")
	}
	for _, r := range text {
		if r != '\n' && isForbidden(r) {
			return fault("a control, separator or bidirectional character")
		}
	}
	return nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' }

// isForbidden says whether r would show a line as another than it is.
func isForbidden(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// appendEscaped writes newline as \n and backslash as \\, all else as it is.
func appendEscaped(dst []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; c {
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\\':
			dst = append(dst, '\\', '\\')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// unescape reads what appendEscaped wrote.
func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return strings.Clone(text), nil // lets go of the record's memory
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' {
			i++
			switch {
			case i < len(text) && text[i] == '\\':
			case i < len(text) && text[i] == 'n':
				c = '\n'
			default:
				return "", fault(`a backslash that is neither \n nor \\`)
			}
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}
