package subject_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/subject"
)

// ids are the rule's cases; the vectors have them too.
var ids = []struct {
	name, id string
	want     subject.IDFault // 0: accepted
}{
	{"ascii", "user-1001", 0},
	{"one byte", "7", 0},
	{"inner space", "user 1001", 0},
	{"case is kept", "User-1001", 0},
	{"composed", "caf\u00e9", 0},
	{"decomposed", "cafe\u0301", 0},
	{"another script", "пользователь", 0},
	{"emoji sequence", "\U0001f469\u200d\U0001f4bb", 0},
	{"zero width space", "user\u200b1001", 0},
	{"zero width non-joiner at the end", "user\u200c", 0},
	{"byte order mark", "\ufeffuser", 0},
	{"soft hyphen", "us\u00ader", 0},
	{"variation selector", "user\ufe0f", 0},
	{"private use", "\ue000", 0},
	{"inner no-break space", "user\u00a01001", 0},
	{"inner line separator", "user\u20281001", 0},
	{"last before the tags", "x\U000dffff", 0},
	{"first after the tags", "x\U000e0080", 0},
	{"256 bytes", strings.Repeat("x", 256), 0},
	{"256 bytes of two", strings.Repeat("é", 128), 0},

	{"empty", "", subject.IDEmpty},
	{"257 bytes", strings.Repeat("x", 257), subject.IDTooLong},
	{"257 bytes in 129 runes", strings.Repeat("é", 128) + "x", subject.IDTooLong},
	{"257 bytes of garbage", strings.Repeat("\xff", 257), subject.IDTooLong},
	{"half a rune", "user\xc3", subject.IDNotUTF8},
	{"overlong", "user\xc0\xaf", subject.IDNotUTF8},
	{"surrogate", "user\xed\xa0\x80", subject.IDNotUTF8},
	{"beyond Unicode", "user\xf4\x90\x80\x80", subject.IDNotUTF8},
	{"latin 1", "caf\xe9", subject.IDNotUTF8},
	{"garbage after a control", "us\x00er\xff", subject.IDNotUTF8},
	{"NUL", "user\x001001", subject.IDForbidden},
	{"NUL alone", "\x00", subject.IDForbidden},
	{"newline at the end", "user\n", subject.IDForbidden},
	{"tab", "user\t1001", subject.IDForbidden},
	{"escape", "user\x1b[0m", subject.IDForbidden},
	{"DEL", "user\x7f", subject.IDForbidden},
	{"control beside a letter of two bytes", "é\x01", subject.IDForbidden},
	{"C1 control", "user\u0085x", subject.IDForbidden},
	{"last C1 control", "user\u009fx", subject.IDForbidden},
	{"Arabic letter mark", "user\u061c", subject.IDForbidden},
	{"left-to-right mark", "user\u200e", subject.IDForbidden},
	{"right-to-left mark", "user\u200f", subject.IDForbidden},
	{"left-to-right embedding", "\u202auser", subject.IDForbidden},
	{"right-to-left override", "user\u202egnp", subject.IDForbidden},
	{"left-to-right isolate", "\u2066user", subject.IDForbidden},
	{"pop directional isolate", "user\u2069", subject.IDForbidden},
	{"first tag", "x\U000e0000", subject.IDForbidden},
	{"language tag", "x\U000e0001", subject.IDForbidden},
	{"tag letter", "x\U000e0061", subject.IDForbidden},
	{"cancel tag", "x\U000e007f", subject.IDForbidden},
	{"leading space", " user", subject.IDOuterSpace},
	{"trailing space", "user ", subject.IDOuterSpace},
	{"a space alone", " ", subject.IDOuterSpace},
	{"leading no-break space", "\u00a0user", subject.IDOuterSpace},
	{"trailing ideographic space", "user\u3000", subject.IDOuterSpace},
	{"trailing line separator", "user\u2028", subject.IDOuterSpace},
	{"trailing space after another script", "имя ", subject.IDOuterSpace},
	{"leading narrow no-break space", "\u202fuser", subject.IDOuterSpace},
}

func TestCheckID(t *testing.T) {
	for _, tt := range ids {
		t.Run(tt.name, func(t *testing.T) {
			err := subject.CheckID(tt.id)
			if tt.want == 0 {
				if err != nil {
					t.Errorf("CheckID(%q): %v", tt.id, err)
				}
				return
			}
			got, ok := errors.AsType[subject.IDFault](err)
			if !ok || got != tt.want {
				t.Errorf("CheckID(%q) = %v, want %v", tt.id, err, tt.want)
			}
			if len(tt.id) > 3 && strings.Contains(err.Error(), tt.id) {
				t.Errorf("the error %q holds the id", err)
			}
		})
	}
}

// naive is the rule as the document words it, slowly.
func naive(id string) error {
	outer := func(r rune) bool { return unicode.Is(unicode.White_Space, r) }
	switch {
	case len(id) == 0:
		return subject.IDEmpty
	case len(id) > 256:
		return subject.IDTooLong
	case !utf8.ValidString(id):
		return subject.IDNotUTF8
	case strings.ContainsFunc(id, func(r rune) bool {
		return unicode.Is(unicode.Cc, r) || r == 0x061c || r == 0x200e || r == 0x200f ||
			r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r >= 0xe0000 && r <= 0xe007f
	}):
		return subject.IDForbidden
	case strings.TrimFunc(id, outer) != id:
		return subject.IDOuterSpace
	}
	return nil
}

func TestCheckIDIsTheRule(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ { // a surrogate is U+FFFD here, and is tried as such
		if r == 0x20000 {
			r = 0xd0000 // between lie ideographs and what is not assigned
		}
		for _, id := range []string{string(r), "a" + string(r), string(r) + "a", "a" + string(r) + "é"} {
			if got, want := subject.CheckID(id), naive(id); got != want {
				t.Errorf("CheckID(%+q) = %v, want %v", id, got, want)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 260), func(b []byte) string { return string(b) })).Draw(t, "id")
		if got, want := subject.CheckID(id), naive(id); got != want {
			t.Errorf("CheckID(%+q) = %v, want %v", id, got, want)
		}
	})
}

func FuzzCheckID(f *testing.F) {
	for _, tt := range ids {
		f.Add(tt.id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if got, want := subject.CheckID(id), naive(id); got != want {
			t.Errorf("CheckID(%+q) = %v, want %v", id, got, want)
		}
	})
}

func TestCheckIDAllocatesNothing(t *testing.T) {
	for _, tt := range ids {
		if got := testing.AllocsPerRun(100, func() { _ = subject.CheckID(tt.id) }); got != 0 {
			t.Errorf("%s: %v allocations, want none", tt.name, got)
		}
	}
}

func TestIDFaultsNameThemselves(t *testing.T) {
	seen := map[string]bool{}
	for f := range subject.IDOuterSpace + 2 {
		text := f.Error()
		if named := f >= subject.IDEmpty && f <= subject.IDOuterSpace; named == (text == "id is refused") || named && seen[text] {
			t.Errorf("fault %d says %q", f, text)
		}
		seen[text] = true
	}
}
