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

func TestMappingFaults(t *testing.T) {
	without := func(name string) []column {
		var all []column
		for _, c := range plain(1) {
			if c.name != name {
				all = append(all, c)
			}
		}
		return all
	}
	with := func(name string, kind arrow.DataType) []column { return append(plain(1), column{name, kind, "[null]"}) }
	structOf := func(names ...string) arrow.DataType {
		var fields []arrow.Field
		for _, name := range names {
			fields = append(fields, arrow.Field{Name: name, Type: utf8})
		}
		return arrow.StructOf(fields...)
	}
	to := func(field, column string) columns.Mapping {
		return columns.Mapping{Columns: map[string]string{field: column}}
	}
	absent := func(names ...string) columns.Mapping { return columns.Mapping{Absent: names} }
	all5 := []string{"robots", "content_usage", "tdm_reservation", "c2pa_training_mining", "plus_data_mining"}
	for name, test := range map[string]struct {
		columns []column
		mapping columns.Mapping
		want    []string // what the error's lines hold, line by line
	}{
		"an unknown field":           {plain(1), to("author", "author_id"), []string{"--map author: an item has no such field; its fields are item_id, kind,"}},
		"an unknown absent field":    {plain(1), absent("label"), []string{"--absent label: an item has no such field; its fields are subjects, country,"}},
		"a signal absent, and there": {with("robots", utf8), absent("robots"), []string{"robots: named absent, but there is a column of that name: take --absent robots away"}},
		"a signal absent, inside":    {with("signals", structOf("robots")), absent(all5...), []string{`robots: named absent, but column "signals" has it: take --absent robots away`}},
		"a signal absent and mapped": {plain(1), columns.Mapping{Columns: map[string]string{"robots": "kind"}, Absent: all5}, []string{`robots: named absent, and mapped to column "kind"`}},
		"other absent":               {plain(1), absent("other"), []string{"--absent other: an item has no such field"}},
		"four signals forgotten":     {with("robots", utf8), columns.Mapping{}, []string{"signals: a column fills one of them, so each other one has to be named: content_usage, tdm_reservation, c2pa_training_mining, plus_data_mining; where the corpus has it: --map content_usage=COLUMN, and so on; what it does not have: --absent content_usage,tdm_reservation,c2pa_training_mining,plus_data_mining"}},
		"a signal forgotten":         {with("robots", utf8), absent("content_usage", "tdm_reservation", "plus_data_mining"), []string{"each other one has to be named: c2pa_training_mining; where the corpus has it: --map c2pa_training_mining=COLUMN"}},
		"forgotten beside a struct":  {with("signals", structOf("robots", "content_usage")), absent("tdm_reservation"), []string{"each other one has to be named: c2pa_training_mining, plus_data_mining;"}},
		"forgotten beside other":     {with("o", arrow.ListOf(utf8)), to("other", "o"), []string{"each other one has to be named: content_usage, tdm_reservation, robots,"}},
		"absent twice":               {plain(1), absent("labels", "labels"), []string{"--absent labels: named twice"}},
		"a required field absent":    {without("kind"), absent("kind"), []string{"--absent kind: an item without it is invalid"}},
		"a required field missing":   {without("author_id"), columns.Mapping{}, []string{`author_id: there is no column of that name; name one with --map author_id=COLUMN; the columns are item_id, kind, visibility`}},
		"a column that is not there": {plain(1), to("labels", "tags"), []string{`labels: there is no column "tags"; the columns are item_id, kind, visibility, author_id`}},
		"mapped and absent":          {plain(1), columns.Mapping{Columns: map[string]string{"country": "kind"}, Absent: []string{"country"}}, []string{`country: named absent, and mapped to column "kind"`}},
		"absent and there":           {with("labels", arrow.ListOf(utf8)), absent("labels"), []string{"labels: named absent, but there is a column of that name"}},
		"signals absent, one there":  {with("robots", utf8), absent("signals"), []string{"robots: named absent, but there is a column of that name: take --absent signals away"}},
		"two columns of one name":    {append(plain(1), plain(1)[0]), columns.Mapping{}, []string{`item_id: there are 2 columns named "item_id", and no telling which is meant`}},
		"a signal in two places":     {append(with("robots", utf8), column{"signals", structOf("robots"), ""}), absent(all5[1:]...), []string{`robots: there is a column of that name, and column "signals" has it too; say which counts with --map robots=robots`}},
		"text as a number":           {with("country", arrow.PrimitiveTypes.Int32), columns.Mapping{}, []string{`country: column "country" is of type int32; text fits: utf8, large_utf8, string_view, or a dictionary of one of them`}},
		"text as bytes":              {append(plain(1), column{"who", arrow.BinaryTypes.Binary, "[null]"}), to("author_id", "who"), []string{`author_id: column "who" is of type binary; text fits`}},
		"a dictionary of numbers":    {with("country", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Int8}), columns.Mapping{}, []string{`country: column "country" is of type dictionary`}},
		"an enum as a number":        {with("modality", arrow.PrimitiveTypes.Int32), columns.Mapping{}, []string{`modality: column "modality" is of type int32; text fits`}},
		"an age that is no number":   {with("author_age", arrow.FixedWidthTypes.Boolean), columns.Mapping{}, []string{`author_age: column "author_age" is of type bool; an integer fits: int8 to int64, uint8 to uint64; or a float`}},
		"a time as a number":         {with("created_at", arrow.PrimitiveTypes.Int64), columns.Mapping{}, []string{`created_at: column "created_at" is of type int64; a time fits: a timestamp of any unit, date32, date64, or text`}},
		"labels as flags":            {with("labels", arrow.FixedWidthTypes.Boolean), columns.Mapping{}, []string{`labels: column "labels" is of type bool; a list fits: list or large_list of text`}},
		"labels as numbers":          {with("labels", arrow.ListOf(arrow.PrimitiveTypes.Int8)), columns.Mapping{}, []string{`labels: column "labels" is of type list<item: int8, nullable>; a list fits`}},
		"subjects as text":           {with("subjects", arrow.ListOf(utf8)), columns.Mapping{}, []string{`subjects: column "subjects" is of type list<item: utf8, nullable>; a list or large_list of structs fits`}},
		"subjects without a role":    {with("subjects", arrow.ListOf(structOf("subject_id"))), columns.Mapping{}, []string{`subjects: column "subjects", whose structs have no role, is of type`}},
		"subjects with two roles":    {with("subjects", arrow.ListOf(structOf("subject_id", "role", "role"))), columns.Mapping{}, []string{`subjects: column "subjects", whose structs have role twice, is of type`}},
		"a subject's id as a flag":   {with("subjects", arrow.ListOf(arrow.StructOf(arrow.Field{Name: "subject_id", Type: arrow.FixedWidthTypes.Boolean}, arrow.Field{Name: "role", Type: utf8}))), columns.Mapping{}, []string{`subjects: column "subjects", in its structs' subject_id, is of type bool; a list or large_list of structs fits`}},
		"signals as flags":           {with("signals", arrow.FixedWidthTypes.Boolean), columns.Mapping{}, []string{`signals: column "signals" is of type bool; a struct fits, with at least one of content_usage,`}},
		"signals of other names":     {with("signals", structOf("noai")), columns.Mapping{}, []string{`signals: column "signals" is of type struct<noai: utf8>; a struct fits`}},
		"a signal that is no text":   {with("signals", arrow.StructOf(arrow.Field{Name: "robots", Type: arrow.PrimitiveTypes.Int8})), absent(all5[1:]...), []string{`signals: column "signals", in its field robots, is of type int8; text fits`}},
		"everything at once": {
			append(without("kind"), column{"labels", arrow.FixedWidthTypes.Boolean, ""}), columns.Mapping{Columns: map[string]string{"author": "x"}, Absent: []string{"tags"}},
			[]string{"--map author: ", "--absent tags: ", "kind: ", "labels: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := columns.NewReader(schemaOf(test.columns), test.mapping)
			if err == nil {
				t.Fatal("NewReader took it")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("%d faults, want %d:\n%v", len(lines), len(test.want), err)
			}
			for i, want := range test.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("fault %d: %s\nwant it to say: %s", i+1, lines[i], want)
				}
			}
		})
	}
}

func TestWideTablesAreNotListedWhole(t *testing.T) {
	var all []column
	for range 100 {
		all = append(all, column{"c", utf8, ""})
	}
	_, err := columns.NewReader(schemaOf(all), columns.Mapping{})
	if err == nil || !strings.Contains(err.Error(), "c, c and 70 more") {
		t.Errorf("NewReader: %v, want 30 columns and the count of the rest", err)
	}
}

// TestOneSignalApart: the signal that is mapped counts, not the struct's field of that name, also where it says nothing.
func TestOneSignalApart(t *testing.T) {
	all := append(plain(2), column{"signals", signalType, `[{"content_usage": "train-ai=n", "robots": "noai"}, {"robots": "noai"}]`},
		column{"meta_robots", utf8, `[null, "noimageai"]`})
	batch := record(t, all)
	m := columns.Mapping{Columns: map[string]string{"robots": "meta_robots"}, Absent: []string{"tdm_reservation", "c2pa_training_mining", "plus_data_mining"}}
	items := newReader(t, batch.Schema(), m).Items(batch, nil)
	got := []*vetov1.Signals{items[0].Signals, items[1].Signals}
	want := []*vetov1.Signals{{ContentUsage: "train-ai=n"}, {Robots: "noimageai"}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
}

// TestOtherIsNamedOrNothing: a column that happens to be called other is no signal.
func TestOtherIsNamedOrNothing(t *testing.T) {
	batch := record(t, append(plain(1), column{"other", arrow.ListOf(utf8), `[["noml"]]`}))
	if items := newReader(t, batch.Schema(), columns.Mapping{}).Items(batch, nil); items[0].Signals != nil {
		t.Errorf("unmapped: %v", items[0].Signals)
	}
	m := columns.Mapping{Columns: map[string]string{"other": "other"}, Absent: []string{"content_usage", "tdm_reservation", "robots", "c2pa_training_mining", "plus_data_mining"}}
	items := newReader(t, batch.Schema(), m).Items(batch, nil)
	if diff := cmp.Diff([]string{"noml"}, items[0].GetSignals().GetOther()); diff != "" {
		t.Errorf("mapped (-want +got):\n%s", diff)
	}
}

func TestParseMapping(t *testing.T) {
	for name, test := range map[string]struct {
		spelled columns.Spelled
		want    columns.Mapping
		fault   string
	}{
		"nothing":       {},
		"pairs":         {spelled: columns.Spelled{Map: []string{"author_id=user", "country=user", "labels=a=b"}}, want: columns.Mapping{Columns: map[string]string{"author_id": "user", "country": "user", "labels": "a=b"}}},
		"absent":        {spelled: columns.Spelled{Absent: []string{"labels"}}, want: columns.Mapping{Absent: []string{"labels"}}},
		"no sign":       {spelled: columns.Spelled{Map: []string{"author_id"}}, fault: `--map author_id: want FIELD=COLUMN, e.g. author_id=user`},
		"no field":      {spelled: columns.Spelled{Map: []string{"=user"}}, fault: `--map : want FIELD=COLUMN`},
		"no column":     {spelled: columns.Spelled{Map: []string{"author_id="}}, fault: `--map author_id: want FIELD=COLUMN`},
		"a field twice": {spelled: columns.Spelled{Map: []string{"country=a", "country=b"}}, fault: `--map country: named twice: name one`},
		"set":           {spelled: columns.Spelled{Set: []string{"visibility=PUBLIC"}}, want: columns.Mapping{Set: map[string]string{"visibility": "PUBLIC"}}},
		"set nothing":   {spelled: columns.Spelled{Set: []string{"visibility="}}, fault: "--set visibility: want FIELD=VALUE, e.g. visibility=PUBLIC"},
		"set twice":     {spelled: columns.Spelled{Set: []string{"kind=POST", "kind=PHOTO"}}, fault: "--set kind: named twice"},
		"values": {spelled: columns.Spelled{Value: []string{"kind:tweet=POST", "kind:a=b=PHOTO", "country:=DE"}}, want: columns.Mapping{Values: map[string]map[string]string{
			"kind": {"tweet": "POST", "a=b": "PHOTO"}, "country": {"": "DE"},
		}}},
		"a word twice":    {spelled: columns.Spelled{Value: []string{"kind:tweet=POST", "kind:tweet=PHOTO"}}, fault: "--value kind: a word is given twice: give it one value"},
		"a word of none":  {spelled: columns.Spelled{Value: []string{"tweet=POST"}}, fault: "--value tweet=POST: want FIELD:WORD=VALUE, e.g. kind:tweet=POST"},
		"a word for none": {spelled: columns.Spelled{Value: []string{"kind:tweet="}}, fault: "--value kind: want FIELD:WORD=VALUE"},
		"faults at once":  {spelled: columns.Spelled{Map: []string{"a", "b"}}, fault: "--map a: want FIELD=COLUMN, e.g. author_id=user\n--map b: want"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := columns.ParseMapping(test.spelled)
			if test.fault != "" {
				if err == nil || !strings.Contains(err.Error(), test.fault) {
					t.Errorf("ParseMapping: %v, want %s", err, test.fault)
				}
				return
			}
			if err != nil {
				t.Fatalf("ParseMapping: %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ParseMapping (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseMapping(f *testing.F) {
	f.Add("author_id=user", "country=where")
	f.Add("a", "=")
	f.Add("a=b=c", "a=")
	f.Fuzz(func(t *testing.T, first, second string) {
		m, err := columns.ParseMapping(columns.Spelled{Map: []string{first, second}})
		if err != nil {
			return
		}
		again := []string{}
		for field, column := range m.Columns {
			again = append(again, field+"="+column)
		}
		if len(again) != 2 {
			t.Fatalf("%q and %q: %d pairs were read", first, second, len(again))
		}
		back, err := columns.ParseMapping(columns.Spelled{Map: again})
		if err != nil || !cmp.Equal(m, back) {
			t.Errorf("%q reads as %v, %v; want %v", again, back, err, m)
		}
	})
}

// TestAbsentSignals: for the rules all signals are one field, so what is absent one by one is told apart from what is absent as a whole.
func TestAbsentSignals(t *testing.T) {
	structure := arrow.StructOf(arrow.Field{Name: "robots", Type: utf8}, arrow.Field{Name: "plus_data_mining", Type: utf8}, arrow.Field{Name: "other", Type: arrow.ListOf(utf8)})
	with := func(more ...column) []column { return append(plain(1), more...) }
	all := []string{"c2pa_training_mining", "content_usage", "plus_data_mining", "robots", "tdm_reservation"}
	for name, test := range map[string]struct {
		columns        []column
		mapping        columns.Mapping
		absent, silent []string
	}{
		"no signal":           {plain(1), columns.Mapping{}, nil, nil},
		"signals absent":      {plain(1), columns.Mapping{Absent: []string{"signals", "labels"}}, []string{"labels", "signals"}, nil},
		"each of five absent": {plain(1), columns.Mapping{Absent: all}, []string{"signals"}, nil},
		"both said":           {plain(1), columns.Mapping{Absent: []string{"signals", "robots"}}, []string{"signals"}, nil},
		"some absent":         {plain(1), columns.Mapping{Absent: []string{"robots", "labels"}}, []string{"labels"}, []string{"robots"}},
		"one column":          {with(column{"robots", utf8, "[null]"}), columns.Mapping{Absent: []string{"tdm_reservation", "content_usage", "c2pa_training_mining", "plus_data_mining"}}, nil, []string{"c2pa_training_mining", "content_usage", "plus_data_mining", "tdm_reservation"}},
		"other alone":         {with(column{"o", arrow.ListOf(utf8), "[null]"}), columns.Mapping{Columns: map[string]string{"other": "o"}, Absent: all}, nil, all},
		"a struct":            {with(column{"signals", structure, "[null]"}), columns.Mapping{Absent: []string{"c2pa_training_mining", "content_usage", "tdm_reservation"}}, nil, []string{"c2pa_training_mining", "content_usage", "tdm_reservation"}},
		"a struct and more":   {with(column{"signals", structure, "[null]"}, column{"tdm_reservation", utf8, "[null]"}, column{"r", utf8, "[null]"}), columns.Mapping{Columns: map[string]string{"robots": "r"}, Absent: []string{"content_usage", "c2pa_training_mining"}}, nil, []string{"c2pa_training_mining", "content_usage"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := columns.NewReader(schemaOf(test.columns), test.mapping)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.absent, r.Absent()); diff != "" {
				t.Errorf("absent (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.silent, r.SilentSignals()); diff != "" {
				t.Errorf("silent signals (-want +got):\n%s", diff)
			}
		})
	}
}
