package terminal

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// HalfCharacter says whether a JSON text escapes one half of a surrogate pair alone: RFC 8259, 8.2. Some writers do so with
// bytes that are not UTF-8.
func HalfCharacter(text []byte) bool {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		first, ok := escaped(text[i:])
		if !ok {
			i++ // what is escaped is no backslash that begins another
			continue
		}
		if i += len(`\udcf`); !utf16.IsSurrogate(first) {
			continue
		}
		second, _ := escaped(text[i+1:])
		if utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		i += len(`\udcff`)
	}
	return false
}

// escaped is the code that a text begins with, as `\udcff`.
func escaped(text []byte) (rune, bool) {
	if len(text) < len(`\udcff`) || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(code), err == nil
}
