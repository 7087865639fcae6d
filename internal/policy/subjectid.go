package policy

import (
	"regexp"
	"strings"
	"unicode/utf8"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/subject"
)

// The faults of an id that is well formed and not this platform's.
const (
	// FaultPlaceholder is said of a word that a template holds where the id belongs.
	FaultPlaceholder = "a placeholder from a form, not an id; give the account's own id"
	// FaultPattern is said of what no id of the platform looks like.
	FaultPattern = "not of the form that ids have on this platform; give the account's own id"
)

// maxPlaceholderBytes is the message's bound of a placeholder.
const maxPlaceholderBytes = 64

// SubjectRule is the rule for ids of people on a platform: the one rule for ids ([subject.CheckID]), and what
// `subject_ids` wants besides. It answers "" where an id is fine, else what is wrong, never with the id. A pattern
// that does not compile, which Validate reports, refuses every id.
//
// The rule may be called from many goroutines at once, and allocates nothing for an id in ASCII.
func SubjectRule(ids *vetov1.SubjectIds) func(id string) string {
	pattern, err := compilePattern(ids.GetPattern())
	words := newPlaceholders(ids.GetPlaceholders())
	return func(id string) string {
		switch fault := checkID(id); {
		case fault != "":
			return fault
		case words.has(id): // before the pattern: who left the template's word in is helped more by hearing that
			return FaultPlaceholder
		case err != nil || (pattern != nil && !pattern.MatchString(id)):
			return FaultPattern
		}
		return ""
	}
}

// checkID is the one rule for ids in the gate's form.
func checkID(id string) string {
	if err := subject.CheckID(id); err != nil {
		return err.Error()
	}
	return ""
}

// compilePattern makes the pattern match whole ids. Nil without an error: there is none.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil //nolint:nilnil // no pattern is no fault: any id will do
	}
	if _, err := regexp.Compile(pattern); err != nil { // before it is wrapped, which would close what it leaves open
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// patternFault is the kind of fault, without the pattern.
func patternFault(err error) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "error parsing regexp: "), ":")
	return kind
}

// placeholders are words that are nobody's id, compared without letter case.
type placeholders struct {
	ascii map[string]struct{} // in small letters
	other []string
}

func newPlaceholders(words []string) placeholders {
	p := placeholders{ascii: map[string]struct{}{}}
	for _, w := range words {
		p.ascii[strings.ToLower(w)] = struct{}{}
		p.other = append(p.other, w)
	}
	return p
}

// has compares without letter case. An id in ASCII, which nearly all are, is folded on the stack and looked up; any
// other is compared with each word.
func (p placeholders) has(id string) bool {
	if len(p.other) == 0 || len(id) > 4*maxPlaceholderBytes {
		return false
	}
	var folded [maxPlaceholderBytes]byte
	for i := range len(id) {
		c := id[i]
		switch {
		case c >= utf8.RuneSelf:
			for _, w := range p.other {
				if strings.EqualFold(w, id) {
					return true
				}
			}
			return false
		case i >= len(folded):
			continue // too long for a word, unless a letter outside ASCII follows
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		folded[i] = c
	}
	if len(id) > len(folded) {
		return false
	}
	_, ok := p.ascii[string(folded[:len(id)])]
	return ok
}
