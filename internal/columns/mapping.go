package columns

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
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
}

// MappingError says what is wrong with a mapping, or with how it fits a schema. Faults has at least one, each with what to do; it repeats names of
// fields and columns, never a value.
type MappingError struct{ Faults []string }

// Error is the faults, a line each.
func (e *MappingError) Error() string { return strings.Join(e.Faults, "\n") }

// errorOf is nil where nothing is wrong.
func errorOf(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return &MappingError{Faults: faults}
}

// ParseMapping reads the command line's spelling: pairs are `field=column`, absent are fields' names. Whether the names fit a corpus is for
// NewReader to say. The error, a *MappingError, names every pair that is none, or that names a field again.
func ParseMapping(pairs, absent []string) (Mapping, error) {
	m := Mapping{Absent: slices.Clone(absent)}
	var faults []string
	for _, pair := range pairs {
		name, column, found := strings.Cut(pair, "=")
		switch _, again := m.Columns[name]; {
		case !found || name == "" || column == "":
			faults = append(faults, fmt.Sprintf("--map %s: want FIELD=COLUMN, e.g. author_id=user", pair))
		case again:
			faults = append(faults, fmt.Sprintf("--map %s: %s has a column already: name one", pair, name))
		default:
			if m.Columns == nil {
				m.Columns = map[string]string{}
			}
			m.Columns[name] = column
		}
	}
	return m, errorOf(faults)
}

// required are the fields without which every row would be INVALID: a corpus that lacks one is refused before it is read.
var required = []string{"item_id", "kind", "visibility", "author_id"}

// maxNamed is how many of a corpus's columns an error lists: a wide table would bury what is wrong.
const maxNamed = 30

// resolution holds a mapping against a schema and collects what is wrong.
type resolution struct {
	schema *arrow.Schema
	m      Mapping
	faults []string
}

func (r *resolution) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// checkNames refuses names of fields that an item does not have.
func (r *resolution) checkNames() {
	for _, name := range slices.Sorted(maps.Keys(r.m.Columns)) {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			r.fault("--map %s: an item has no such field; its fields are %s", name, strings.Join(Fillable(), ", "))
		}
	}
	seen := map[string]bool{}
	for _, name := range r.m.Absent {
		switch {
		case !slices.Contains(Omittable(), name) && !slices.Contains(required, name):
			r.fault("--absent %s: an item has no such field; its fields are %s", name, strings.Join(Omittable(), ", "))
		case slices.Contains(required, name):
			r.fault("--absent %s: an item without it is invalid, so nothing could be included; name its column with --map %s=COLUMN", name, name)
		case seen[name]:
			r.fault("--absent %s: named twice", name)
		}
		seen[name] = true
	}
}

// column finds the column of a field: its position, and whether there is one. Every contradiction is a fault.
func (r *resolution) column(f field) (int, bool) {
	name, mapped := r.m.Columns[f.name]
	if !mapped {
		name = f.name
		if name == other {
			return 0, false
		}
	}
	found := r.schema.FieldIndices(name)
	saying, absent := r.saysAbsent(f)
	switch {
	case absent && mapped:
		r.fault("%s: named absent, and mapped to column %q: take one of the two away", f.name, name)
	case absent && len(found) > 0:
		r.fault("%s: named absent, but there is a column of that name: take --absent %s away, or rename the column", f.name, saying)
	case absent:
	case len(found) > 1:
		r.fault("%s: there are %d columns named %q, and no telling which is meant: rename one, or --map %s to another", f.name, len(found), name, f.name)
	case len(found) == 1:
		return found[0], true
	case mapped:
		r.fault("%s: there is no column %q; the columns are %s", f.name, name, r.columnNames())
	case slices.Contains(required, f.name):
		r.fault("%s: there is no column of that name; name one with --map %s=COLUMN; the columns are %s", f.name, f.name, r.columnNames())
	}
	return 0, false
}

// saysAbsent tells whether a field is named absent, and by which name.
func (r *resolution) saysAbsent(f field) (name string, absent bool) {
	for _, name := range []string{f.item, f.name} {
		if slices.Contains(r.m.Absent, name) {
			return name, true
		}
	}
	return "", false
}

// checkSignals refuses a signal that stands in the struct `signals` and in a column of its own: each could say no where the other says nothing. It
// refuses one that is named absent and stands in the struct, too.
func (r *resolution) checkSignals(of arrow.Field) {
	structure, ok := of.Type.(*arrow.StructType)
	if !ok {
		return // its binder says so
	}
	for _, name := range signalNames() {
		_, inside := structure.FieldByName(name)
		_, mapped := r.m.Columns[name]
		if inside && !mapped && name != other && r.schema.HasField(name) {
			r.fault("%s: there is a column of that name, and column %q has it too; say which counts with --map %s=%s, or rename one", name, of.Name, name, name)
		}
		if inside && slices.Contains(r.m.Absent, name) {
			r.fault("%s: named absent, but column %q has it: take --absent %s away", name, of.Name, name)
		}
	}
}

// columnNames lists the corpus's columns for an error.
func (r *resolution) columnNames() string {
	var names []string
	for _, f := range r.schema.Fields() {
		names = append(names, f.Name)
	}
	if more := len(names) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), more)
	}
	return strings.Join(names, ", ")
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
