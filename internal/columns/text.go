package columns

import (
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

const wantText = "text fits: utf8, large_utf8, string_view, or a dictionary of one of them"

// checkText refuses what textOf cannot read.
func checkText(t arrow.DataType) *misfit {
	values := t
	if d, ok := t.(*arrow.DictionaryType); ok {
		values = d.ValueType
	}
	switch values.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return nil
	default:
		return &misfit{got: t.String(), want: wantText}
	}
}

// text binds a column of text. A null is empty.
func text(unreadable string, set func(*vetov1.Item, string)) binder {
	return func(t arrow.DataType) (fill, *misfit) {
		if bad := checkText(t); bad != nil {
			return nil, bad
		}
		return func(column arrow.Array, items []*vetov1.Item, _ *faults) {
			at := textOf(column, unreadable)
			for row, item := range items {
				set(item, at(row))
			}
		}, nil
	}
}

// enum binds a column of an enum's names, bare (`POST`) or with their prefix (`ITEM_KIND_POST`). Letter case counts. A null is UNSPECIFIED, a name
// that is none is unknownName: the gate refuses it.
func enum(words *enumOf, set func(*vetov1.Item, int32)) binder {
	return func(t arrow.DataType) (fill, *misfit) {
		if bad := checkText(t); bad != nil {
			return nil, bad
		}
		return func(column arrow.Array, items []*vetov1.Item, _ *faults) {
			at := textOf(column, "?")
			for row, item := range items {
				set(item, words.value(at(row)))
			}
		}, nil
	}
}

// textArray is an array of text of either width, or of views.
type textArray interface {
	arrow.Array
	Value(row int) string
}

// textOf reads rows of an array that checkText has passed: copies of what is there, empty for a null, unreadable for what is no UTF-8.
func textOf(column arrow.Array, unreadable string) func(row int) string {
	if d, ok := column.(*array.Dictionary); ok {
		return dictionaryText(d, unreadable)
	}
	values, ok := column.(textArray)
	if !ok {
		panic("columns: an array of " + column.DataType().String() + " in a column of text")
	}
	var kept arena
	return func(row int) string {
		if values.IsNull(row) {
			return ""
		}
		value := values.Value(row)
		if !utf8.ValidString(value) {
			return unreadable
		}
		return kept.keep(value)
	}
}

// dictionaryText copies each value once, however many rows it has.
func dictionaryText(d *array.Dictionary, unreadable string) func(row int) string {
	at := textOf(d.Dictionary(), unreadable)
	values := make([]string, d.Dictionary().Len())
	for i := range values {
		values[i] = at(i)
	}
	return func(row int) string {
		if d.IsNull(row) {
			return ""
		}
		i := d.GetValueIndex(row)
		if i < 0 || i >= len(values) {
			return unreadable // the index leads out of the dictionary
		}
		return values[i]
	}
}

// arena keeps copies of many short strings in few pieces of memory. An item's strings must not lie in Arrow's buffers, which go back to their
// allocator, and one allocation for each of them costs more than all the rest.
type arena struct{ piece strings.Builder }

const arenaPiece = 32 << 10

func (a *arena) keep(s string) string {
	if s == "" {
		return ""
	}
	if a.piece.Cap()-a.piece.Len() < len(s) {
		// A builder that has to grow would copy what it has; a new one leaves the old piece to the strings in it.
		a.piece = strings.Builder{}
		a.piece.Grow(max(arenaPiece, len(s)))
	}
	start := a.piece.Len()
	a.piece.WriteString(s)
	return a.piece.String()[start:]
}
