package columns

import (
	"encoding/json"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// types are kinds of columns that can be read cell by cell.
type types uint8

const (
	asText     types = 1 << iota // text, as a table of text writes the value
	asInteger                    // whole numbers
	asFraction                   // numbers that can have a fraction, where none has
)

// has reports whether a column of type t is one of them. A column of nulls alone always is.
func (takes types) has(t arrow.DataType) bool {
	switch id := t.ID(); {
	case id == arrow.NULL:
		return true
	case takes&asText != 0 && checkText(t) == nil:
		return true
	case takes&asInteger != 0 && arrow.IsInteger(id):
		return true
	default:
		return takes&asFraction != 0 && (arrow.IsFloating(id) || id == arrow.DECIMAL128 || id == arrow.DECIMAL256 || id == arrow.DECIMAL32 || id == arrow.DECIMAL64)
	}
}

// cellwise fills a field cell by cell.
func cellwise(f *field, set setter) fill {
	return func(column arrow.Array, items []*vetov1.Item, wrong *faults) {
		at := cellOf(column)
		for row, item := range items {
			if bad := set(item, at(row)); !bad.none() {
				wrong.add(row, f.path(), bad)
			}
		}
	}
}

// noText is no UTF-8, which every setter says of it.
const noText = "\xff"

// cellOf reads the cells of a column that types.has has passed.
func cellOf(column arrow.Array) func(row int) cell {
	t := column.DataType()
	var at func(row int) cell
	switch {
	case t.ID() == arrow.NULL:
		return func(int) cell { return nil }
	case checkText(t) == nil:
		text := textOf(column, noText)
		at = func(row int) cell {
			if s := text(row); s != "" {
				return s
			}
			return nil
		}
	case arrow.IsInteger(t.ID()):
		at = integerCell(column)
	default:
		at = fractionCell(column)
	}
	return func(row int) cell {
		if column.IsNull(row) {
			return nil
		}
		return at(row)
	}
}

// integerCell keeps a number that only an unsigned one can hold.
func integerCell(column arrow.Array) func(row int) cell {
	if wide, ok := column.(*array.Uint64); ok {
		return func(row int) cell { return json.Number(strconv.FormatUint(wide.Value(row), 10)) }
	}
	at := integerOf(column)
	return func(row int) cell { return json.Number(strconv.FormatInt(at(row), 10)) }
}

func fractionCell(column arrow.Array) func(row int) cell {
	spelled := func(f float64) cell { return json.Number(strconv.FormatFloat(f, 'f', -1, 64)) }
	switch a := column.(type) {
	case *array.Float16:
		return func(row int) cell { return spelled(float64(a.Value(row).Float32())) }
	case *array.Float32:
		return func(row int) cell { return spelled(float64(a.Value(row))) }
	case *array.Float64:
		return func(row int) cell { return spelled(a.Value(row)) }
	default: // decimals, which print themselves by their scale
		return func(row int) cell { return json.Number(a.ValueStr(row)) }
	}
}

// translated reads a corpus's own words as ours before they are set. What is no such word is set as it is.
func translated(words map[string]string, set setter) setter {
	if len(words) == 0 {
		return set
	}
	return func(i *vetov1.Item, c cell) fault {
		word, spelled := "", c == nil
		switch c := c.(type) {
		case string:
			word, spelled = c, true
		case json.Number:
			word, spelled = c.String(), true
		}
		if ours, known := words[word]; known && spelled {
			return set(i, ours)
		}
		return set(i, c)
	}
}
