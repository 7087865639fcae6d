package columns

import (
	"fmt"
	"slices"
	"strings"

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
			return nil, &misfit{got: t.String(), want: "a list fits: list or large_list of text"}
		}
		return func(column arrow.Array, items []*vetov1.Item) {
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

const wantSubjects = "a list or large_list of structs fits, with subject_id and role as text, and country as text where there is one"

// subjects binds a column of lists of structs. A null list has no subject. A null struct is a subject without an id, which the gate refuses: that
// somebody is in the item, but not who, is no reason to let it through.
func subjects(t arrow.DataType) (fill, *misfit) {
	element, ok := elementOf(t).(*arrow.StructType)
	if !ok {
		return nil, &misfit{got: t.String(), want: wantSubjects}
	}
	position := map[string]int{}
	for _, name := range []string{"subject_id", "role", "country"} {
		found := element.FieldIndices(name)
		switch {
		case len(found) == 0 && name != "country":
			return nil, &misfit{at: ", whose structs have no " + name + ",", got: t.String(), want: wantSubjects}
		case len(found) == 0:
			continue
		case len(found) > 1:
			return nil, &misfit{at: ", whose structs have " + name + " twice,", got: t.String(), want: wantSubjects}
		case checkText(element.Field(found[0]).Type) != nil:
			return nil, &misfit{at: ", in its structs' " + name + ",", got: element.Field(found[0]).Type.String(), want: wantSubjects}
		}
		position[name] = found[0]
	}
	return func(column arrow.Array, items []*vetov1.Item) {
		elements, bounds := listOf(column)
		people := subjectsOf(elements, position)
		for row, item := range items {
			for i, end := bounds(row); i < end; i++ {
				item.Subjects = appendSubject(item.Subjects, people, i)
			}
		}
	}, nil
}

// people reads the structs of other subjects.
type people struct {
	isNull            func(int) bool
	id, role, country func(int) string
}

func subjectsOf(elements arrow.Array, position map[string]int) people {
	structs, ok := elements.(*array.Struct)
	if !ok {
		panic("columns: an array of " + elements.DataType().String() + " in a column of subjects")
	}
	p := people{
		isNull:  structs.IsNull,
		id:      textOf(structs.Field(position["subject_id"]), noID),
		role:    textOf(structs.Field(position["role"]), ""),
		country: func(int) string { return "" },
	}
	if i, found := position["country"]; found {
		p.country = textOf(structs.Field(i), noCountry)
	}
	return p
}

// appendSubject uses a message again that lies behind the list's end.
func appendSubject(list []*vetov1.OtherSubject, from people, i int) []*vetov1.OtherSubject {
	if len(list) < cap(list) {
		list = list[:len(list)+1]
	} else {
		list = append(list, nil)
	}
	last := len(list) - 1
	if list[last] == nil {
		list[last] = &vetov1.OtherSubject{}
	}
	to := list[last]
	if from.isNull(i) {
		to.SubjectId, to.Role, to.Country = noID, vetov1.SubjectRole_SUBJECT_ROLE_UNSPECIFIED, ""
		return list
	}
	to.SubjectId, to.Country = from.id(i), from.country(i)
	to.Role = vetov1.SubjectRole(enumValue(vetov1.SubjectRole_value, "SUBJECT_ROLE_", from.role(i)))
	return list
}

// signalNames are the fields of Signals.
func signalNames() []string {
	var names []string
	for _, f := range fields {
		if f.item == "signals" && f.name != "signals" {
			names = append(names, f.name)
		}
	}
	return names
}

// signalsApart are the signals that a mapping gives a column of their own: that one counts, not the field of a struct `signals`.
func (r *resolution) signalsApart() []string {
	var apart []string
	for _, name := range signalNames() {
		if _, mapped := r.m.Columns[name]; mapped {
			apart = append(apart, name)
		}
	}
	return apart
}

// fillInside notes the signals that a struct `signals` fills.
func (r *resolution) fillInside(of arrow.Field, filled map[string]bool) {
	structure, ok := of.Type.(*arrow.StructType)
	if !ok {
		return // its binder says so
	}
	for _, child := range structure.Fields() {
		if slices.Contains(signalNames(), child.Name) && !slices.Contains(r.signalsApart(), child.Name) {
			filled[child.Name] = true
		}
	}
}

// absences are the fields of Item that are absent and the signals that are absent one by one, sorted. A signal that is neither filled nor named
// is refused where another one is filled: for the rules all signals are one field, so nobody else would ask for it, and a no would be lost.
func (r *resolution) absences(filled map[string]bool) (items, signals []string) {
	for _, name := range r.m.Absent {
		if slices.Contains(signalNames(), name) {
			signals = append(signals, name)
		} else {
			items = append(items, name)
		}
	}
	var forgotten []string
	for _, name := range signalNames() {
		_, mapped := r.m.Columns[name] // to a column that is wrong, if it is not filled: that is told already
		if name != other && !filled[name] && !mapped && !slices.Contains(signals, name) {
			forgotten = append(forgotten, name)
		}
	}
	switch someFilled := slices.ContainsFunc(signalNames(), func(name string) bool { return filled[name] }); {
	case slices.Contains(items, "signals"):
		signals = nil // said already
	case someFilled && len(forgotten) > 0:
		r.fault("signals: a column fills one of them, so each other one has to be named: %s; where the corpus has it: --map %s=COLUMN, and so on; what it does not have: --absent %s",
			strings.Join(forgotten, ", "), forgotten[0], strings.Join(forgotten, ","))
	case !someFilled && len(forgotten) == 0:
		items, signals = append(items, "signals"), nil
	}
	slices.Sort(items)
	slices.Sort(signals)
	return items, signals
}

// signalStruct binds a column of structs with a field for each signal, save those that are mapped apart. A null struct says nothing.
func signalStruct(apart []string) binder {
	return func(t arrow.DataType) (fill, *misfit) {
		want := "a struct fits, with at least one of " + strings.Join(signalNames(), ", ")
		of, ok := t.(*arrow.StructType)
		if !ok {
			return nil, &misfit{got: t.String(), want: want}
		}
		var fills []columnFill
		for i, child := range of.Fields() {
			at := slices.IndexFunc(fields, func(f field) bool { return f.name == child.Name && f.item == "signals" && f.bind != nil })
			if at < 0 || slices.Contains(apart, child.Name) {
				continue
			}
			fill, bad := fields[at].bind(child.Type)
			if bad != nil {
				return nil, &misfit{at: fmt.Sprintf(", in its field %s,", child.Name), got: bad.got, want: bad.want}
			}
			fills = append(fills, columnFill{i, fill})
		}
		if len(fills) == 0 && len(apart) == 0 {
			return nil, &misfit{got: t.String(), want: want}
		}
		return func(column arrow.Array, items []*vetov1.Item) { fillSignals(column, items, fills) }, nil
	}
}

// fillSignals lets a null struct say nothing, whatever its fields hold.
func fillSignals(column arrow.Array, items []*vetov1.Item, fills []columnFill) {
	structs, ok := column.(*array.Struct)
	if !ok {
		panic("columns: an array of " + column.DataType().String() + " in a column of signals")
	}
	for _, f := range fills {
		f.fill(structs.Field(f.column), items)
	}
	for row, item := range items {
		if structs.IsNull(row) {
			item.Signals = nil // the fields of a null struct may hold anything
		}
	}
}
