package event

import (
	"slices"
	"strings"
)

// maxPurposes bounds the names of one value: a policy declares at most 32 names
// ever, because the gate keeps a bit for each.
const maxPurposes = 32

// maxPurposeBytes bounds one purpose's name.
const maxPurposeBytes = 64

// Purposes is a set of purposes that knows of purposes still to come. Written:
//
//   - all, those declared later included
//     *,!a,!b      all but a and b
//     a,b          a and b
//
// Names stand in ascending order, each once; a name is at most 64 bytes of lower
// case letters, digits and single hyphens that begins with a letter, and a value
// has at most 32. The zero value is the empty set, which is never written.
type Purposes struct {
	All   bool     // every purpose but those of Names
	Names []string // the purposes, or with All the exceptions; ascending, each once
}

// PurposesOf returns the set of the names given, in any order.
func PurposesOf(names ...string) Purposes {
	names = slices.Clone(names)
	slices.Sort(names)
	return Purposes{Names: slices.Compact(names)}
}

// ParsePurposes reads what String writes, and nothing else. Errors match
// ErrMalformed.
func ParsePurposes(text string) (Purposes, error) {
	p, err := parsePurposes(text)
	if err != nil {
		return Purposes{}, &MalformedError{Record: "purposes", Fault: err.Error()}
	}
	return p, nil
}

func parsePurposes(text string) (Purposes, error) {
	var p Purposes
	if text == "*" {
		return Purposes{All: true}, nil
	}
	rest, all := strings.CutPrefix(text, "*,")
	p.All = all
	for more := true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ",")
		if all {
			var excepted bool
			if name, excepted = strings.CutPrefix(name, "!"); !excepted {
				return Purposes{}, fault("after * every purpose is an exception, written with !")
			}
		}
		if !isPurpose(name) {
			return Purposes{}, fault("not a purpose's name")
		}
		n := len(p.Names)
		if n == maxPurposes {
			return Purposes{}, fault("more than 32 purposes")
		}
		if n > 0 && p.Names[n-1] >= name {
			return Purposes{}, fault("purposes not in ascending order, or twice")
		}
		p.Names = append(p.Names, strings.Clone(name))
	}
	return p, nil
}

// isPurpose says whether name is [a-z][a-z0-9]*(-[a-z0-9]+)*, in 1 to 64 bytes.
func isPurpose(name string) bool {
	return len(name) <= maxPurposeBytes && isLower(first(name)) && joined(name, "-", isLower)
}

// String writes the set; the empty set is the empty string.
func (p Purposes) String() string { return string(p.append(nil)) }

func (p Purposes) append(dst []byte) []byte {
	sign := ""
	if p.All {
		dst = append(dst, '*')
		sign = "!"
	}
	for i, name := range p.Names {
		if i > 0 || p.All {
			dst = append(dst, ',')
		}
		if !isPurpose(name) {
			name = "?" // which parse refuses; a purpose called * would pass for all
		}
		dst = append(append(dst, sign...), name...)
	}
	return dst
}

// IsZero says whether the set is empty. A set of all but some is not, even where
// it excepts every purpose that is declared: it holds the later ones.
func (p Purposes) IsZero() bool { return !p.All && len(p.Names) == 0 }

// Has says whether the purpose name is in the set.
func (p Purposes) Has(name string) bool {
	_, named := slices.BinarySearch(p.Names, name)
	return named != p.All
}

// Equal says whether both sets hold the same purposes, later ones included.
func (p Purposes) Equal(q Purposes) bool { return p.All == q.All && slices.Equal(p.Names, q.Names) }

// Union returns what is in p or in q.
func (p Purposes) Union(q Purposes) Purposes {
	switch {
	case p.All && q.All:
		return Purposes{All: true, Names: both(p.Names, q.Names)}
	case p.All:
		return Purposes{All: true, Names: without(p.Names, q.Names)}
	case q.All:
		return Purposes{All: true, Names: without(q.Names, p.Names)}
	}
	return PurposesOf(slices.Concat(p.Names, q.Names)...)
}

// Minus returns what is in p and not in q.
func (p Purposes) Minus(q Purposes) Purposes {
	switch {
	case p.All && q.All:
		return Purposes{Names: without(q.Names, p.Names)}
	case p.All:
		return Purposes{All: true, Names: PurposesOf(slices.Concat(p.Names, q.Names)...).Names}
	case q.All:
		return Purposes{Names: both(p.Names, q.Names)}
	}
	return Purposes{Names: without(p.Names, q.Names)}
}

// both returns the names in a and in b; without those of a that b lacks. Nil
// where there are none, so that equal sets are equal values.
func both(a, b []string) []string {
	return slices.Clip(slices.DeleteFunc(slices.Clone(a), func(name string) bool {
		_, found := slices.BinarySearch(b, name)
		return !found
	}))
}

func without(a, b []string) []string {
	return slices.Clip(slices.DeleteFunc(slices.Clone(a), func(name string) bool {
		_, found := slices.BinarySearch(b, name)
		return found
	}))
}
