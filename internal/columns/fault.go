package columns

import (
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// fault says why a value cannot be its field's. The zero fault is none.
type fault struct {
	at   string // where in the field: "" for all of it, "[2]", "[0].role"
	what string // in words, with what would be right; never the value
}

func (f fault) none() bool { return f.what == "" }

// inside places a fault of a list's element.
func (f fault) inside(at string) fault {
	if f.none() {
		return f
	}
	return fault{at + f.at, f.what}
}

// faults collects what is wrong with the rows of a batch, row by row: a row's first in the order of Item's fields.
type faults struct{ list []*vetov1.IndexedViolation }

func (f *faults) add(row int, name string, bad fault) {
	f.list = append(f.list, &vetov1.IndexedViolation{Index: int32(row), Violation: &vetov1.Violation{Field: name + bad.at, Message: bad.what}})
}

// sorted is one violation a row, in the order of rows. Columns were read in the order of fields, so the first is the one that counts.
func (f *faults) sorted() []*vetov1.IndexedViolation {
	slices.SortStableFunc(f.list, func(a, b *vetov1.IndexedViolation) int { return int(a.GetIndex()) - int(b.GetIndex()) })
	return slices.CompactFunc(f.list, func(a, b *vetov1.IndexedViolation) bool { return a.GetIndex() == b.GetIndex() })
}
