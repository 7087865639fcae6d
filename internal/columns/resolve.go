package columns

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// required are the fields without which every row would be INVALID: a corpus that lacks one is refused before it is read.
var required = []string{"item_id", "kind", "visibility", "author_id"}

// maxNamed is how many of a corpus's columns an error lists: a wide table would bury what is wrong.
const maxNamed = 30

// resolution holds a mapping against a schema and collects what is wrong.
type resolution struct {
	names  []string                  // the corpus's columns
	inside func(column int) []string // the signals that the column `signals` has
	m      Mapping
	faults []string
}

// planned is a field that is filled: from a column, or with the same value in every row.
type planned struct {
	field  *field
	column int // -1: the same value
	bind   binder
	set    setter
}

// plan is what a mapping comes to.
type plan struct {
	fields                 []planned
	mapped, absent, silent []string
	columns                map[string]string
}

// resolve decides for each field what fills it.
func (r *resolution) resolve() plan {
	r.checkNames()
	r.checkConstants()
	filled := map[string]bool{}
	p := plan{columns: map[string]string{}}
	for n := range fields {
		f := &fields[n]
		column, found := r.column(f)
		constant, fixed := r.m.Set[f.name]
		if fixed && r.mayFix(f) {
			filled[f.name] = true
			p.fields = append(p.fields, planned{field: f, column: -1, set: constantly(constant, r.setter(f))})
			p.mapped = append(p.mapped, f.item)
			if f.name == "signals" {
				fillAll(filled, signalNames())
			}
			continue
		}
		if !found {
			if len(r.m.Values[f.name]) > 0 {
				r.fault("--value %s: no column fills it", f.name)
			}
			continue
		}
		filled[f.name] = true
		p.columns[f.name] = r.names[column]
		if f.name == "signals" {
			r.checkSignals(column)
			fillAll(filled, slices.DeleteFunc(slices.Clone(r.inside(column)), func(name string) bool { return slices.Contains(r.signalsApart(), name) }))
		}
		p.fields = append(p.fields, planned{field: f, column: column, bind: r.binder(f), set: r.setter(f)})
		p.mapped = append(p.mapped, f.item)
	}
	slices.Sort(p.mapped)
	p.mapped = slices.Compact(p.mapped)
	p.absent, p.silent = r.absences(filled)
	return p
}

// err is what is wrong with the mapping, and a proposal; nil: nothing.
func (r *resolution) err(p plan) error {
	if len(r.faults) == 0 {
		return nil
	}
	return &MappingError{Faults: r.faults, Proposed: r.guess(p)}
}

func fillAll(filled map[string]bool, names []string) {
	for _, name := range names {
		filled[name] = true
	}
}

// role is how the other subjects' roles are read.
func (r *resolution) role() roleReader {
	return roleReader{words: r.m.Values[subjectRole], fixed: r.m.Set[subjectRole]}
}

// setter is how a field's cells are read.
func (r *resolution) setter(f *field) setter {
	switch f.name {
	case "subjects":
		return setSubjects(r.role())
	case "signals":
		return setSignals(r.signalsApart())
	default:
		return translated(r.m.Values[f.name], f.set)
	}
}

// binder is how a field's column is read at once; nil: cell by cell.
func (r *resolution) binder(f *field) binder {
	switch {
	case f.name == "subjects":
		return subjects(r.role())
	case f.name == "signals":
		return signalStruct(r.signalsApart())
	case len(r.m.Values[f.name]) > 0:
		return nil
	default:
		return f.bind
	}
}

// constantly sets the same value, whatever the cell.
func constantly(value string, set setter) setter {
	return func(i *vetov1.Item, _ cell) fault { return set(i, value) }
}

// checkConstants tries each value that is set, and each that stands for a word: one that is wrong would be wrong in every row.
func (r *resolution) checkConstants() {
	for _, name := range slices.Sorted(maps.Keys(r.m.Set)) {
		if !slices.Contains(Settable(), name) {
			r.fault("--set %s: there is no such field to set; there are %s", name, strings.Join(Settable(), ", "))
			continue
		}
		if bad := r.try(name, r.m.Set[name]); !bad.none() {
			r.fault("--set %s: %s", name, bad.what)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.m.Values)) {
		if !slices.Contains(Translatable(), name) {
			r.fault("--value %s: there is no such field to translate; there are %s", name, strings.Join(Translatable(), ", "))
			continue
		}
		for _, word := range slices.Sorted(maps.Keys(r.m.Values[name])) {
			if bad := r.try(name, r.m.Values[name][word]); !bad.none() {
				r.fault("--value %s: %s", name, bad.what)
			}
		}
	}
	if len(r.m.Values[subjectRole]) > 0 && r.m.Set[subjectRole] != "" {
		r.fault("%s: both set and translated: take one of the two away", subjectRole)
	}
}

// try writes a value into an item that nobody sees.
func (r *resolution) try(name, value string) fault {
	if name == subjectRole {
		_, bad := roles.read(value)
		return bad
	}
	f := fieldNamed(name)
	set := f.set
	if set == nil {
		set = r.setter(f)
	}
	return set(&vetov1.Item{}, value)
}

// mayFix refuses to set a field that something else fills.
func (r *resolution) mayFix(f *field) bool {
	_, mapped := r.m.Columns[f.name]
	saying, absent := r.saysAbsent(f)
	switch {
	case mapped:
		r.fault("--set %s: it is mapped to a column, too: take one of the two away", f.name)
	case absent:
		r.fault("--set %s: it is named absent, too: take --absent %s away", f.name, saying)
	case f.name != other && slices.Contains(r.names, f.name):
		r.fault("--set %s: there is a column of that name, and it would not be read; leave --set out, translate its words with --value, or rename it", f.name)
	default:
		return true
	}
	return false
}

// indices are the positions of the columns of a name.
func (r *resolution) indices(name string) (all []int) {
	for n, column := range r.names {
		if column == name {
			all = append(all, n)
		}
	}
	return all
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
func (r *resolution) column(f *field) (int, bool) {
	if _, fixed := r.m.Set[f.name]; fixed {
		return 0, false // mayFix looks at it
	}
	name, mapped := r.m.Columns[f.name]
	if !mapped {
		name = f.name
		if name == other {
			return 0, false
		}
	}
	found := r.indices(name)
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
func (r *resolution) saysAbsent(f *field) (name string, absent bool) {
	for _, name := range []string{f.item, f.name} {
		if slices.Contains(r.m.Absent, name) {
			return name, true
		}
	}
	return "", false
}

// checkSignals refuses a signal that stands in the struct `signals` and in a column of its own: each could say no where the other says nothing. It
// refuses one that is named absent and stands in the struct, too.
func (r *resolution) checkSignals(column int) {
	in := r.inside(column)
	for _, name := range in {
		_, mapped := r.m.Columns[name]
		if !mapped && name != other && slices.Contains(r.names, name) {
			r.fault("%s: there is a column of that name, and column %q has it too; say which counts with --map %s=%s, or rename one", name, r.names[column], name, name)
		}
		if slices.Contains(r.m.Absent, name) {
			r.fault("%s: named absent, but column %q has it: take --absent %s away", name, r.names[column], name)
		}
	}
}

// columnNames lists the corpus's columns for an error.
func (r *resolution) columnNames() string {
	if more := len(r.names) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(r.names[:maxNamed], ", "), more)
	}
	return strings.Join(r.names, ", ")
}
