package columns_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/veto-gate/veto/internal/columns"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// TestColumnsOfOtherTypes: what other programs make of a field is read where it says the same, and a row whose value cannot be is INVALID alone.
func TestColumnsOfOtherTypes(t *testing.T) {
	type setters = []func(*vetov1.Item)
	ages := setters{age(18), none, age(-1)}
	times := setters{at(1748304000, 0), none, at(1748304000, 5e8), at(1748304000, 0), at(1748296800, 0)}
	people := func(ids ...string) func(*vetov1.Item) {
		return func(i *vetov1.Item) {
			for _, id := range ids {
				i.Subjects = append(i.Subjects, &vetov1.OtherSubject{SubjectId: id, Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED})
			}
		}
	}
	tagged := columns.Mapping{Set: map[string]string{"subjects.role": "TAGGED"}}
	for name, test := range map[string]struct {
		column  column
		mapping columns.Mapping
		want    setters
		faults  string // the fields of the rows at fault
	}{
		"an integer for an id":         {column{"author_id", arrow.PrimitiveTypes.Int64, `[4711, null, -3]`}, columns.Mapping{}, nil, ""},
		"a float for an age":           {column{"author_age", arrow.PrimitiveTypes.Float64, `[18.0, null, 17.5]`}, columns.Mapping{}, ages, "author_age"},
		"a short float for an age":     {column{"author_age", arrow.PrimitiveTypes.Float32, `[18.0, null, -1e30]`}, columns.Mapping{}, ages, "author_age"},
		"a decimal for an age":         {column{"author_age", &arrow.Decimal128Type{Precision: 5, Scale: 1}, `["18.0", null, "17.5"]`}, columns.Mapping{}, ages, "author_age"},
		"text for an age":              {column{"author_age", utf8, `["18", "", "about 18"]`}, columns.Mapping{}, ages, "author_age"},
		"hexadecimal text for an age":  {column{"author_age", utf8, `["18", null, "0x12p0"]`}, columns.Mapping{}, ages, "author_age"},
		"a column of nulls":            {column{"author_age", arrow.Null, `[null, null]`}, columns.Mapping{}, setters{none, none}, ""},
		"text for a time":              {column{"created_at", utf8, `["2025-05-27T00:00:00Z", null, "2025-05-27 00:00:00.5", "2025-05-27", "2025-05-27T00:00:00+02:00"]`}, columns.Mapping{}, times, ""},
		"text for a list":              {column{"labels", utf8, `["[\"health\", \"\"]", "", "[]"]`}, columns.Mapping{}, setters{labels("health", ""), none, none}, ""},
		"text that is no list":         {column{"labels", utf8, `["health"]`}, columns.Mapping{}, setters{labels(strings.Repeat("?", 65))}, "labels"},
		"a list with a number":         {column{"labels", utf8, `["[\"a\", 1]"]`}, columns.Mapping{}, setters{labels("a", strings.Repeat("?", 65))}, "labels[1]"},
		"ids as subjects":              {column{"subjects", arrow.ListOf(utf8), `[["a", "b"], null, []]`}, tagged, setters{people("a", "b"), none, none}, ""},
		"integers as subjects":         {column{"subjects", arrow.ListOf(arrow.PrimitiveTypes.Int32), `[[1, 2], null, [null]]`}, tagged, setters{people("1", "2"), none, func(i *vetov1.Item) { i.Subjects = []*vetov1.OtherSubject{{}} }}, "subjects[0].subject_id"},
		"text for subjects":            {column{"subjects", utf8, `["[{\"subject_id\": \"a\", \"role\": \"TAGGED\"}]", "[\"b\"]"]`}, columns.Mapping{}, setters{people("a"), func(i *vetov1.Item) { i.Subjects = []*vetov1.OtherSubject{{}} }}, "subjects[0]"},
		"structs with integer ids":     {column{"subjects", arrow.ListOf(arrow.StructOf(arrow.Field{Name: "subject_id", Type: arrow.PrimitiveTypes.Int64, Nullable: true})), `[[{"subject_id": 7}], null]`}, tagged, setters{people("7"), none}, ""},
		"words of another tongue":      {column{"modality", utf8, `["picture", "IMAGE", "sound", null]`}, columns.Mapping{Values: map[string]map[string]string{"modality": {"picture": "IMAGE", "": "TEXT"}}}, setters{func(i *vetov1.Item) { i.Modality = 2 }, func(i *vetov1.Item) { i.Modality = 2 }, func(i *vetov1.Item) { i.Modality = unknownName }, func(i *vetov1.Item) { i.Modality = 1 }}, "modality"},
		"numbers for words":            {column{"modality", arrow.PrimitiveTypes.Int8, `[1, 2]`}, columns.Mapping{Values: map[string]map[string]string{"modality": {"1": "TEXT", "2": "IMAGE"}}}, setters{func(i *vetov1.Item) { i.Modality = 1 }, func(i *vetov1.Item) { i.Modality = 2 }}, ""},
		"roles of another tongue":      {column{"subjects", subjectType, `[[{"subject_id": "a", "role": "tag"}]]`}, columns.Mapping{Values: map[string]map[string]string{"subjects.role": {"tag": "TAGGED"}}}, setters{people("a")}, ""},
		"signals as text":              {column{"signals", utf8, `["{\"robots\": \"noai\"}", "", "noai"]`}, columns.Mapping{}, setters{func(i *vetov1.Item) { i.Signals = &vetov1.Signals{Robots: "noai"} }, none, func(i *vetov1.Item) { i.Signals = &vetov1.Signals{Robots: strings.Repeat("?", 4097)} }}, "signals"},
		"a field that is set for all":  {column{"service", utf8, `["a", null]`}, columns.Mapping{Set: map[string]string{"country": "DE", "labels": `["x"]`}}, setters{func(i *vetov1.Item) { i.Service, i.Country, i.Labels = "a", "DE", []string{"x"} }, func(i *vetov1.Item) { i.Country, i.Labels = "DE", []string{"x"} }}, ""},
		"an integer that is too large": {column{"author_age", arrow.PrimitiveTypes.Float64, `[4294967296]`}, columns.Mapping{}, setters{age(-1)}, "author_age"},
	} {
		t.Run(name, func(t *testing.T) {
			all := append(plain(max(len(test.want), 3)), test.column)
			if test.want == nil { // the ids of authors come from the column
				all = append(all[:3], test.column)
				test.want = setters{func(i *vetov1.Item) { i.AuthorId = "4711" }, func(i *vetov1.Item) { i.AuthorId = "" }, func(i *vetov1.Item) { i.AuthorId = "-3" }}
			} else {
				all = append(plain(len(test.want)), test.column)
			}
			batch := record(t, all)
			r := newReader(t, batch.Schema(), test.mapping)
			for range 2 { // the second time into the same messages
				items := r.Items(batch, nil)
				var want []*vetov1.Item
				for _, set := range test.want {
					item := plainItem()
					set(item)
					want = append(want, item)
				}
				if diff := cmp.Diff(want, items, protocmp.Transform(), protocmp.IgnoreFields(&vetov1.Item{}, "created_at")); diff != "" {
					t.Errorf("items (-want +got):\n%s", diff)
				}
				for n := range want {
					if !want[n].GetCreatedAt().AsTime().Equal(items[n].GetCreatedAt().AsTime()) {
						t.Errorf("row %d: created at %v, want %v", n, items[n].GetCreatedAt(), want[n].GetCreatedAt())
					}
				}
				var fields []string
				for _, v := range r.Violations() {
					fields = append(fields, v.GetViolation().GetField())
				}
				if got := strings.Join(fields, " "); got != test.faults {
					t.Errorf("at fault are %q, want %q", got, test.faults)
				}
			}
		})
	}
}

func TestSetAndValueFaults(t *testing.T) {
	country := append(plain(1), column{"country", utf8, `["DE"]`})
	for name, test := range map[string]struct {
		columns []column
		m       columns.Mapping
		says    string
	}{
		"no such field":            {plain(1), columns.Mapping{Set: map[string]string{"item_id": "x"}}, "--set item_id: there is no such field to set"},
		"no such name":             {plain(1), columns.Mapping{Set: map[string]string{"modality": "picture"}}, "--set modality: none of TEXT, IMAGE"},
		"no number":                {plain(1), columns.Mapping{Set: map[string]string{"author_age": "old"}}, "--set author_age: not a whole number"},
		"no list":                  {plain(1), columns.Mapping{Set: map[string]string{"labels": "x"}}, "--set labels: not a list"},
		"no time":                  {plain(1), columns.Mapping{Set: map[string]string{"created_at": "now"}}, "--set created_at: not a time"},
		"no role":                  {plain(1), columns.Mapping{Set: map[string]string{"subjects.role": "friend"}}, "--set subjects.role: none of MENTIONED"},
		"a column of that name":    {country, columns.Mapping{Set: map[string]string{"country": "FR"}}, "--set country: there is a column of that name"},
		"set and mapped":           {country, columns.Mapping{Set: map[string]string{"language": "fr"}, Columns: map[string]string{"language": "country"}}, "--set language: it is mapped to a column, too"},
		"set and absent":           {plain(1), columns.Mapping{Set: map[string]string{"language": "fr"}, Absent: []string{"language"}}, "--set language: it is named absent, too"},
		"no field to translate":    {plain(1), columns.Mapping{Values: map[string]map[string]string{"author_id": {"a": "b"}}}, "--value author_id: there is no such field to translate"},
		"no value to translate to": {country, columns.Mapping{Values: map[string]map[string]string{"kind": {"a": "b"}}}, "--value kind: none of POST"},
		"nothing to translate":     {plain(1), columns.Mapping{Values: map[string]map[string]string{"country": {"a": "DE"}}}, "--value country: no column fills it"},
		"set and translated":       {plain(1), columns.Mapping{Set: map[string]string{"subjects.role": "TAGGED"}, Values: map[string]map[string]string{"subjects.role": {"a": "TAGGED"}}}, "subjects.role: both set and translated"},
		"a flag to translate":      {append(plain(1), column{"country", arrow.FixedWidthTypes.Boolean, `[true]`}), columns.Mapping{Values: map[string]map[string]string{"country": {"a": "DE"}}}, `country: column "country" is of type bool; text or an integer fits`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := columns.NewReader(schemaOf(test.columns), test.m); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("NewReader: %v, want it to say: %s", err, test.says)
			}
		})
	}
}
