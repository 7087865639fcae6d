package columns

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// TextReader turns the records of a table of text (CSV) into items. It is not safe for concurrent use.
type TextReader struct {
	plan
	cells int
}

// NewTextReader holds a mapping against the names in the table's first record. The error, a *MappingError, is as NewReader's.
func NewTextReader(header []string, m Mapping) (*TextReader, error) {
	check := &resolution{names: header, m: m, inside: func(int) []string { return signalNames() }}
	r := &TextReader{plan: check.resolve(), cells: len(header)}
	return r, check.err(r.plan)
}

// Item writes a record's item; an empty cell is a null. The violation is not nil where a cell cannot be its field's, or the record has another number
// of cells than the first: the gate would refuse such a row by itself, in other words.
func (r *TextReader) Item(record []string, item *vetov1.Item) *vetov1.Violation {
	proto.Reset(item)
	if len(record) != r.cells {
		return rowFault(fmt.Sprintf("it has %d cells, and the first line names %d columns", len(record), r.cells))
	}
	return r.fill(item, func(column int) cell {
		if record[column] == "" {
			return nil
		}
		return record[column]
	})
}

// rowPath is how a violation names a row that cannot be read at all.
const rowPath = "row"

func rowFault(what string) *vetov1.Violation {
	return &vetov1.Violation{Field: rowPath, Message: what}
}

// fill writes a row's cells, and returns what is wrong with the first field that is at fault.
func (p *plan) fill(item *vetov1.Item, at func(column int) cell) *vetov1.Violation {
	var first *vetov1.Violation
	for _, f := range p.fields {
		var c cell
		if f.column >= 0 {
			c = at(f.column)
		}
		if bad := f.set(item, c); !bad.none() && first == nil {
			first = &vetov1.Violation{Field: f.field.path() + bad.at, Message: bad.what}
		}
	}
	return first
}
