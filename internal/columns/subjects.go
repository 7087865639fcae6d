package columns

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// subjectRole is how Mapping.Set and Mapping.Values name the role of each other subject.
const subjectRole = "subjects.role"

// roleReader reads the role of another subject: words are the corpus's own for ours, fixed the role of all where the corpus names none.
type roleReader struct {
	words map[string]string
	fixed string
}

func (r roleReader) value(name string) int32 {
	if r.fixed != "" {
		name = r.fixed
	} else if ours, known := r.words[name]; known {
		name = ours
	}
	return roles.value(name)
}

const wantSubjects = "a list or large_list of structs fits, with subject_id and role as text, and country as text where there is one; or a list of ids, with --set " +
	subjectRole + "=ROLE; or either as JSON text"

// subjects binds a column of lists of structs, or of ids where the role is fixed. A null list has no subject. A null struct is a subject without an id,
// which the gate refuses: that somebody is in the item, but not who, is no reason to let it through.
func subjects(role roleReader) binder {
	return func(t arrow.DataType) (fill, *misfit) {
		if element := elementOf(t); element != nil && role.fixed != "" && asInteger.or(asText).has(element) {
			return listedSubjects(role), nil
		}
		element, ok := elementOf(t).(*arrow.StructType)
		if !ok {
			return nil, &misfit{got: t.String(), want: wantSubjects}
		}
		position, bad := subjectColumns(t, element, role)
		if bad != nil {
			return nil, bad
		}
		return func(column arrow.Array, items []*vetov1.Item, _ *faults) {
			elements, bounds := listOf(column)
			people := subjectsOf(elements, position, role)
			for row, item := range items {
				for i, end := bounds(row); i < end; i++ {
					item.Subjects = appendSubject(item.Subjects, people, i)
				}
			}
		}, nil
	}
}

func (takes types) or(more types) types { return takes | more }

// subjectColumns finds the fields of the structs.
func subjectColumns(t arrow.DataType, element *arrow.StructType, role roleReader) (map[string]int, *misfit) {
	position := map[string]int{}
	for _, name := range []string{"subject_id", "role", "country"} {
		found := element.FieldIndices(name)
		switch {
		case len(found) == 0 && (name == "country" || name == "role" && role.fixed != ""):
			continue
		case len(found) == 0:
			return nil, &misfit{at: ", whose structs have no " + name + ",", got: t.String(), want: wantSubjects}
		case len(found) > 1:
			return nil, &misfit{at: ", whose structs have " + name + " twice,", got: t.String(), want: wantSubjects}
		case name == "subject_id" && asInteger.has(element.Field(found[0]).Type):
		case checkText(element.Field(found[0]).Type) != nil:
			return nil, &misfit{at: ", in its structs' " + name + ",", got: element.Field(found[0]).Type.String(), want: wantSubjects}
		}
		position[name] = found[0]
	}
	return position, nil
}

// listedSubjects reads lists of ids.
func listedSubjects(role roleReader) fill {
	return func(column arrow.Array, items []*vetov1.Item, wrong *faults) {
		elements, bounds := listOf(column)
		at := cellOf(elements)
		for row, item := range items {
			begin, end := bounds(row)
			for i := begin; i < end; i++ {
				subject, bad := subjectOfCell(at(i), role)
				if !bad.none() {
					wrong.add(row, "subjects", bad.inside(fmt.Sprintf("[%d]", i-begin)))
				}
				item.Subjects = append(item.Subjects, subject)
			}
		}
	}
}

// people reads the structs of other subjects.
type people struct {
	isNull      func(int) bool
	id, country func(int) string
	role        func(int) int32
}

func subjectsOf(elements arrow.Array, position map[string]int, role roleReader) people {
	structs, ok := elements.(*array.Struct)
	if !ok {
		panic("columns: an array of " + elements.DataType().String() + " in a column of subjects")
	}
	p := people{
		isNull:  structs.IsNull,
		id:      idsOf(structs.Field(position["subject_id"])),
		role:    func(int) int32 { return role.value("") },
		country: func(int) string { return "" },
	}
	if i, found := position["role"]; found {
		names := textOf(structs.Field(i), "?")
		p.role = func(i int) int32 { return role.value(names(i)) }
	}
	if i, found := position["country"]; found {
		p.country = textOf(structs.Field(i), noCountry)
	}
	return p
}

// idsOf reads ids: text, or the digits of integers.
func idsOf(column arrow.Array) func(row int) string {
	if checkText(column.DataType()) == nil {
		return textOf(column, noID)
	}
	at := cellOf(column)
	return func(row int) string {
		id, _ := idOfCell(at(row)) // an integer, or nothing
		return id
	}
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
	to.Role = vetov1.SubjectRole(from.role(i))
	return list
}

// setSubjects reads a list of objects, or of ids where the role is fixed.
func setSubjects(role roleReader) setter {
	return func(i *vetov1.Item, c cell) fault {
		list, bad := listOfCell(c)
		if !bad.none() {
			i.Subjects = append(i.Subjects, &vetov1.OtherSubject{}) // without an id: refused
			return bad
		}
		for n, element := range list {
			subject, wrong := subjectOfCell(element, role)
			i.Subjects = append(i.Subjects, subject)
			if bad.none() {
				bad = wrong.inside(fmt.Sprintf("[%d]", n))
			}
		}
		return bad
	}
}

func subjectOfCell(c cell, role roleReader) (*vetov1.OtherSubject, fault) {
	s := &vetov1.OtherSubject{}
	object, ok := c.(map[string]any)
	if c == nil {
		return s, fault{".subject_id", "empty"}
	}
	var bad fault
	if !ok {
		if role.fixed == "" {
			return s, fault{what: "not an object with subject_id and role; a list of ids needs --set " + subjectRole + "=ROLE"}
		}
		object = map[string]any{"subject_id": c}
	}
	first := func(at string, wrong fault) {
		if bad.none() {
			bad = wrong.inside(at)
		}
	}
	id, wrong := idOfCell(object["subject_id"])
	first(".subject_id", wrong)
	name, wrong := textOfCell(object["role"], "?")
	first(".role", wrong)
	country, wrong := textOfCell(object["country"], noCountry)
	first(".country", wrong)
	s.SubjectId, s.Role, s.Country = id, vetov1.SubjectRole(role.value(name)), country
	if s.GetRole() == unknownName {
		first(".role", fault{what: "none of " + roles.names() + "; letter case counts"})
	}
	return s, bad
}
