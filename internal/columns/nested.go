package columns

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// elementOf returns what a list holds, and nil for what is no list.
func elementOf(t arrow.DataType) arrow.DataType {
	switch t := t.(type) {
	case *arrow.ListType:
		return t.Elem()
	case *arrow.LargeListType:
		return t.Elem()
	default:
		return nil
	}
}

// listOf reads an array that elementOf knows: its elements, and where those of a row begin and end. A null row has none.
func listOf(column arrow.Array) (elements arrow.Array, bounds func(row int) (begin, end int)) {
	list, ok := column.(array.ListLike)
	if !ok {
		panic("columns: an array of " + column.DataType().String() + " in a column of lists")
	}
	return list.ListValues(), func(row int) (begin, end int) {
		if list.IsNull(row) {
			return 0, 0 // the offsets of a null row may hold anything
		}
		first, after := list.ValueOffsets(row)
		return int(first), int(after)
	}
}

// texts binds a column of lists of text. A null list has no element; a null element is an empty one.
func texts(unreadable string, at func(*vetov1.Item) *[]string) binder {
	return func(t arrow.DataType) (fill, *misfit) {
		element := elementOf(t)
		if element == nil || checkText(element) != nil {
			return nil, &misfit{got: t.String(), want: "a list fits: list or large_list of text; or text that is a JSON array"}
		}
		return func(column arrow.Array, items []*vetov1.Item, _ *faults) {
			elements, bounds := listOf(column)
			value := textOf(elements, unreadable)
			for row, item := range items {
				begin, end := bounds(row)
				if begin == end {
					continue
				}
				to := at(item)
				for i := begin; i < end; i++ {
					*to = append(*to, value(i))
				}
			}
		}, nil
	}
}
