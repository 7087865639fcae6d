package columns

import (
	"fmt"
	"slices"
	"strings"
)

// Mapping says which column of a corpus fills which field of an item. Zero: each field is filled by the column of its name, where there is one.
type Mapping struct {
	// Columns names a field's column where its name is another one, e.g. "author_id": "user". A signal's field is named alone: "robots". Two
	// fields may name one column.
	Columns map[string]string
	// Absent names fields of Item that the corpus does not have. A field that a regime reads has to be filled or named here: a forgotten column
	// is the commonest way to train on someone. "signals" stands for all signals; where a column fills one of them, each other one of the five
	// has to be filled or named here by itself ("robots"), since the rules see them as one field and ask for none.
	Absent []string
	// Set gives a field the same value in every row, e.g. "visibility": "PUBLIC", written as in a table of text. "subjects.role" is the role of
	// every other subject, where the corpus has none. Such a field is mapped; a column of its name is not read, so there may be none.
	Set map[string]string
	// Values are a corpus's own words for ours, by field: "kind": {"tweet": "POST"}. They are matched exactly; "" is a null or an empty text. A
	// word that is in neither language stays what it is, and is refused.
	Values map[string]map[string]string
}

// MappingError says what is wrong with a mapping, or with how it fits a schema. Faults has at least one, each with what to do; it repeats names of
// fields and columns, never a value.
type MappingError struct {
	Faults []string
	// Proposed are columns that by their names could be what fields without one hold, as --map takes them. Nobody has looked into them.
	Proposed []string
}

// Error is the faults, a line each.
func (e *MappingError) Error() string { return strings.Join(e.Faults, "\n") }

// errorOf is nil where nothing is wrong.
func errorOf(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return &MappingError{Faults: faults}
}

// Spelled is a mapping in the command line's spelling: `field=column`, fields' names, `field=value`, `field:word=value`.
type Spelled struct{ Map, Absent, Set, Value []string }

// ParseMapping reads the command line's spelling. Whether the names fit a corpus is for the readers to say. The error, a *MappingError, names every
// flag that is of another form, or that says something again.
func ParseMapping(s Spelled) (Mapping, error) {
	m := Mapping{Absent: slices.Clone(s.Absent)}
	var faults []string
	pairs := func(flag, form string, all []string, into *map[string]string) {
		for _, pair := range all {
			name, value, found := strings.Cut(pair, "=")
			switch _, again := (*into)[name]; {
			case !found || name == "" || value == "":
				faults = append(faults, fmt.Sprintf("%s %s: want %s", flag, name, form))
			case again:
				faults = append(faults, fmt.Sprintf("%s %s: named twice: name one", flag, name))
			default:
				if *into == nil {
					*into = map[string]string{}
				}
				(*into)[name] = value
			}
		}
	}
	pairs("--map", "FIELD=COLUMN, e.g. author_id=user", s.Map, &m.Columns)
	pairs("--set", "FIELD=VALUE, e.g. visibility=PUBLIC", s.Set, &m.Set)
	for _, spelled := range s.Value {
		name, words, found := strings.Cut(spelled, ":")
		equals := strings.LastIndex(words, "=")
		if !found || name == "" || equals < 0 || equals == len(words)-1 {
			faults = append(faults, fmt.Sprintf("--value %s: want FIELD:WORD=VALUE, e.g. kind:tweet=POST", name))
			continue
		}
		word, value := words[:equals], words[equals+1:]
		if _, again := m.Values[name][word]; again {
			faults = append(faults, fmt.Sprintf("--value %s: a word is given twice: give it one value", name))
			continue
		}
		if m.Values == nil {
			m.Values = map[string]map[string]string{}
		}
		if m.Values[name] == nil {
			m.Values[name] = map[string]string{}
		}
		m.Values[name][word] = value
	}
	return m, errorOf(faults)
}

// Fillable are the names of what a column can fill, as Mapping.Columns takes them: Item's fields and each signal, in Item's order.
func Fillable() []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// Omittable are the names that Mapping.Absent takes: Item's fields but for those without which an item is invalid, and each of the five signals.
func Omittable() []string {
	return slices.DeleteFunc(Fillable(), func(name string) bool { return name == other || slices.Contains(required, name) })
}

// Settable are the names that Mapping.Set takes: what a column can fill but for the item's id, and the role of all other subjects.
func Settable() []string {
	names := slices.DeleteFunc(Fillable(), func(name string) bool { return name == "item_id" })
	return append(names, subjectRole)
}

// Translatable are the names that Mapping.Values takes: fields that are one word or number, but for ids, times and signals.
func Translatable() []string {
	return []string{"kind", "visibility", "country", "language", "service", "author_age", "author_age_at_creation", "in_conversation", "modality", subjectRole}
}
