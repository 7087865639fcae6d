package terminal

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Bare is an enum value's name without the prefix that all names of its enum have: `OBJECTED` of REASON_OBJECTED. A number without a name prints as
// UNKNOWN.
func Bare[E protoreflect.Enum](value E) string {
	descriptor := value.Descriptor()
	known := descriptor.Values().ByNumber(value.Number())
	if known == nil {
		return "UNKNOWN"
	}
	return strings.TrimPrefix(string(known.Name()), prefix(descriptor))
}

// prefix is that of an enum's names, which its zero value shows.
func prefix(enum protoreflect.EnumDescriptor) string {
	return strings.TrimSuffix(string(enum.Values().ByNumber(0).Name()), "UNSPECIFIED")
}

// Names are the bare names of an enum's values, but for the zero value, which is not to be said.
func Names(enum protoreflect.EnumDescriptor) []string {
	var names []string
	for i := range enum.Values().Len() {
		if value := enum.Values().Get(i); value.Number() != 0 {
			names = append(names, strings.TrimPrefix(string(value.Name()), prefix(enum)))
		}
	}
	return names
}

// ByName finds an enum's value by its name, bare or whole. The zero value has none; nil: there is no such value.
func ByName(enum protoreflect.EnumDescriptor, name string) protoreflect.EnumValueDescriptor {
	for _, candidate := range []string{name, prefix(enum) + name} {
		if found := enum.Values().ByName(protoreflect.Name(candidate)); found != nil && found.Number() != 0 {
			return found
		}
	}
	return nil
}

// Suggest is a hint for a name that is none of those known: the nearest one, if one is near, and all of them.
func Suggest(name string, known []string) string {
	hint := "one of " + strings.Join(known, ", ")
	if near := Nearest(name, known); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return hint
}

// Nearest is the candidate that a name was most likely meant to be, in either letter case, or "" where none is near: at most a third of its letters
// differ.
func Nearest(name string, candidates []string) string {
	name = strings.ToLower(name)
	best, bestDistance := "", len(name)/3+1
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(name, strings.ToLower(candidate)); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance is the number of bytes to insert, remove, exchange, or swap with a neighbour (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			exchanged := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				exchanged++
			}
			rows[i][j] = min(exchanged, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
