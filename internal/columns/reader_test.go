package columns_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veto-gate/veto/internal/columns"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

var subjectType = arrow.ListOf(arrow.StructOf(
	arrow.Field{Name: "subject_id", Type: utf8, Nullable: true},
	arrow.Field{Name: "role", Type: utf8, Nullable: true},
	arrow.Field{Name: "country", Type: utf8, Nullable: true},
	arrow.Field{Name: "since", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
))

var signalType = arrow.StructOf(
	arrow.Field{Name: "content_usage", Type: utf8, Nullable: true},
	arrow.Field{Name: "robots", Type: utf8, Nullable: true},
	arrow.Field{Name: "other", Type: arrow.ListOf(utf8), Nullable: true},
	arrow.Field{Name: "unheard_of", Type: arrow.PrimitiveTypes.Int8, Nullable: true},
)

func at(seconds int64, nanos int32) func(*vetov1.Item) {
	return func(i *vetov1.Item) { i.CreatedAt = &timestamppb.Timestamp{Seconds: seconds, Nanos: nanos} }
}

func none(*vetov1.Item) {}

// unknownName is what stands for an enum's name that is none: no enum has it.
const unknownName = -1

func age(n int32) func(*vetov1.Item) { return func(i *vetov1.Item) { i.AuthorAge = n } }

func country(s string) func(*vetov1.Item) { return func(i *vetov1.Item) { i.Country = s } }

func labels(all ...string) func(*vetov1.Item) { return func(i *vetov1.Item) { i.Labels = all } }

// typeCases has a case for each type of Arrow that fits, with nulls, and what each row sets.
func typeCases() map[string]struct {
	column column
	want   []func(*vetov1.Item)
} {
	dictionary := func(index, value arrow.DataType) arrow.DataType {
		return &arrow.DictionaryType{IndexType: index, ValueType: value}
	}
	stamp := func(u arrow.TimeUnit, zone string) arrow.DataType {
		return &arrow.TimestampType{Unit: u, TimeZone: zone}
	}
	type setters = []func(*vetov1.Item)
	words := setters{country("DE"), none, country("FR"), none, none}
	const wordRows = `["DE", null, "FR", "", null]`
	small := setters{age(18), none, none, age(7)}
	const smallRows = `[18, null, 0, 7]`
	lists := setters{labels("health", ""), none, none, labels("", "religion")}
	const listRows = `[["health", ""], null, [], [null, "religion"]]`
	return map[string]struct {
		column column
		want   []func(*vetov1.Item)
	}{
		"utf8":                       {column{"country", utf8, wordRows}, words},
		"large_utf8":                 {column{"country", arrow.BinaryTypes.LargeString, wordRows}, words},
		"string_view":                {column{"country", arrow.BinaryTypes.StringView, wordRows}, words},
		"dictionary of utf8":         {column{"country", dictionary(arrow.PrimitiveTypes.Int8, utf8), wordRows}, words},
		"dictionary of large_utf8":   {column{"country", dictionary(arrow.PrimitiveTypes.Uint32, arrow.BinaryTypes.LargeString), wordRows}, words},
		"int8":                       {column{"author_age", arrow.PrimitiveTypes.Int8, smallRows}, small},
		"int16":                      {column{"author_age", arrow.PrimitiveTypes.Int16, smallRows}, small},
		"int32":                      {column{"author_age", arrow.PrimitiveTypes.Int32, smallRows}, small},
		"int64":                      {column{"author_age", arrow.PrimitiveTypes.Int64, smallRows}, small},
		"uint8":                      {column{"author_age", arrow.PrimitiveTypes.Uint8, smallRows}, small},
		"uint16":                     {column{"author_age", arrow.PrimitiveTypes.Uint16, smallRows}, small},
		"uint32":                     {column{"author_age", arrow.PrimitiveTypes.Uint32, smallRows}, small},
		"uint64":                     {column{"author_age", arrow.PrimitiveTypes.Uint64, smallRows}, small},
		"an age beyond int32":        {column{"author_age", arrow.PrimitiveTypes.Int64, `[2147483648, -2147483649, -3]`}, setters{age(-1), age(-1), age(-3)}},
		"a size beyond int64":        {column{"size_bytes", arrow.PrimitiveTypes.Uint64, `[18446744073709551615, 9]`}, setters{func(i *vetov1.Item) { i.SizeBytes = -1 }, func(i *vetov1.Item) { i.SizeBytes = 9 }}},
		"age at creation":            {column{"author_age_at_creation", arrow.PrimitiveTypes.Int8, `[16]`}, setters{func(i *vetov1.Item) { i.AuthorAgeAtCreation = 16 }}},
		"timestamp[s]":               {column{"created_at", stamp(arrow.Second, ""), `["2025-05-27T00:00:00", null]`}, setters{at(1748304000, 0), none}},
		"timestamp[ms, UTC]":         {column{"created_at", stamp(arrow.Millisecond, "UTC"), `[1748304000500, null]`}, setters{at(1748304000, 5e8), none}},
		"timestamp[us, zone]":        {column{"created_at", stamp(arrow.Microsecond, "Europe/Berlin"), `["2025-05-27T00:00:00.000001Z"]`}, setters{at(1748304000, 1000)}},
		"timestamp[ns]":              {column{"created_at", stamp(arrow.Nanosecond, ""), `["1969-12-31T23:59:59.999999999", "1970-01-01T00:00:00"]`}, setters{at(-1, 999999999), at(0, 0)}},
		"date32":                     {column{"created_at", arrow.FixedWidthTypes.Date32, `["2025-05-27", null, "1969-12-31"]`}, setters{at(1748304000, 0), none, at(-86400, 0)}},
		"date64":                     {column{"created_at", arrow.FixedWidthTypes.Date64, `["2025-05-27"]`}, setters{at(1748304000, 0)}},
		"list of utf8":               {column{"labels", arrow.ListOf(utf8), listRows}, lists},
		"large_list of large_utf8":   {column{"labels", arrow.LargeListOf(arrow.BinaryTypes.LargeString), listRows}, lists},
		"list of dictionary":         {column{"labels", arrow.ListOf(dictionary(arrow.PrimitiveTypes.Int32, utf8)), listRows}, lists},
		"content keys, a null among": {column{"content_keys", arrow.ListOf(utf8), `[["sha256:00", null]]`}, setters{func(i *vetov1.Item) { i.ContentKeys = []string{"sha256:00", ""} }}},
		"enums": {
			column{"modality", utf8, `["IMAGE", "MODALITY_IMAGE", "image", "IMAGE ", "", null, "MODALITY_UNSPECIFIED", "MODALITY_MODALITY_IMAGE"]`},
			setters{
				func(i *vetov1.Item) { i.Modality = vetov1.Modality_MODALITY_IMAGE }, func(i *vetov1.Item) { i.Modality = vetov1.Modality_MODALITY_IMAGE },
				func(i *vetov1.Item) { i.Modality = unknownName }, func(i *vetov1.Item) { i.Modality = unknownName },
				none, none, none, func(i *vetov1.Item) { i.Modality = unknownName },
			},
		},
		"conversation": {column{"in_conversation", utf8, `["ALONE", "WITH_OTHERS", "alone"]`}, setters{
			func(i *vetov1.Item) { i.InConversation = vetov1.Conversation_CONVERSATION_ALONE },
			func(i *vetov1.Item) { i.InConversation = vetov1.Conversation_CONVERSATION_WITH_OTHERS },
			func(i *vetov1.Item) { i.InConversation = unknownName },
		}},
		"subjects": {
			column{"subjects", subjectType, `[[{"subject_id": "u2", "role": "TAGGED", "country": "FR"}, {"subject_id": "u3", "role": "liked"}], null, [], [null]]`},
			setters{
				func(i *vetov1.Item) {
					i.Subjects = []*vetov1.OtherSubject{
						{SubjectId: "u2", Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, Country: "FR"}, {SubjectId: "u3", Role: unknownName},
					}
				},
				none, none, func(i *vetov1.Item) { i.Subjects = []*vetov1.OtherSubject{{}} },
			},
		},
		"signals": {
			column{"signals", signalType, `[{"content_usage": "train-ai=n", "other": ["noml"]}, null, {}, {"robots": "noai"}]`},
			setters{
				func(i *vetov1.Item) { i.Signals = &vetov1.Signals{ContentUsage: "train-ai=n", Other: []string{"noml"}} },
				none, none, func(i *vetov1.Item) { i.Signals = &vetov1.Signals{Robots: "noai"} },
			},
		},
		"a signal of its own": {column{"tdm_reservation", utf8, `["1", null, ""]`}, setters{
			func(i *vetov1.Item) { i.Signals = &vetov1.Signals{TdmReservation: "1"} }, none, none,
		}},
	}
}

// otherSignalsAbsent names absent each signal that a column does not fill, where it fills one.
func otherSignalsAbsent(c column) columns.Mapping {
	names := []string{"content_usage", "tdm_reservation", "robots", "c2pa_training_mining", "plus_data_mining"}
	structure, isStruct := c.kind.(*arrow.StructType)
	if !slices.Contains(names, c.name) && !isStruct {
		return columns.Mapping{}
	}
	return columns.Mapping{Absent: slices.DeleteFunc(names, func(name string) bool {
		inside := false
		if isStruct {
			_, inside = structure.FieldByName(name)
		}
		return name == c.name || inside
	})}
}

func TestItemsByType(t *testing.T) {
	for name, test := range typeCases() {
		t.Run(name, func(t *testing.T) {
			all := append(plain(len(test.want)), test.column)
			batch := record(t, all)
			var want []*vetov1.Item
			for _, set := range test.want {
				item := plainItem()
				set(item)
				want = append(want, item)
			}
			r := newReader(t, batch.Schema(), otherSignalsAbsent(test.column))
			dst := r.Items(batch, nil)
			if diff := cmp.Diff(want, dst, protocmp.Transform()); diff != "" {
				t.Errorf("Items (-want +got):\n%s", diff)
			}
			// Every slice of the batch, each into the same messages, whatever they held before.
			for from := range want {
				for to := from; to <= len(want); to++ {
					part := batch.NewSlice(int64(from), int64(to))
					dst = r.Items(part, dst)
					part.Release()
					if diff := cmp.Diff(want[from:to], dst, protocmp.Transform()); diff != "" && from < to {
						t.Fatalf("Items of rows %d to %d (-want +got):\n%s", from, to, diff)
					}
					if len(dst) != to-from {
						t.Fatalf("Items of rows %d to %d: %d items", from, to, len(dst))
					}
				}
			}
		})
	}
}

// TestBadTextHarmsItsRowAlone: protocol buffers refuse text that is no UTF-8, and with one such row would refuse its whole batch.
func TestBadTextHarmsItsRowAlone(t *testing.T) {
	const bad = "a\xffb"
	mem := checked(t)
	names := []string{
		"item_id", "kind", "visibility", "author_id", "country", "language", "service", "in_conversation", "modality",
		"content_usage", "tdm_reservation", "robots", "c2pa_training_mining", "plus_data_mining",
	}
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, name := range names {
		fields = append(fields, arrow.Field{Name: name, Type: utf8, Nullable: true})
		b := array.NewStringBuilder(mem)
		b.AppendValues([]string{"good", bad, "good"}, nil)
		arrays = append(arrays, b.NewArray())
		b.Release()
	}
	for _, name := range []string{"labels", "content_keys", "others"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.ListOf(utf8), Nullable: true})
		b := array.NewListBuilder(mem, utf8)
		words, _ := b.ValueBuilder().(*array.StringBuilder)
		for _, word := range []string{"good", bad, "good"} {
			b.Append(true)
			words.Append(word)
		}
		arrays = append(arrays, b.NewArray())
		b.Release()
	}
	batch := recordOf(t, arrow.NewSchema(fields, nil), arrays)
	items := newReader(t, batch.Schema(), columns.Mapping{Columns: map[string]string{"other": "others"}}).Items(batch, nil)

	unknown := strings.Repeat("?", 65)
	want := &vetov1.Item{
		Kind: unknownName, Visibility: unknownName, InConversation: unknownName, Modality: unknownName, Country: "?", Language: unknown, Service: unknown, Labels: []string{unknown}, ContentKeys: []string{""},
		Signals: &vetov1.Signals{
			ContentUsage: "?", TdmReservation: "?", Robots: strings.Repeat("?", 4097), C2PaTrainingMining: "?", PlusDataMining: "?", Other: []string{"?"},
		},
	}
	if diff := cmp.Diff(want, items[1], protocmp.Transform()); diff != "" {
		t.Errorf("the row with bad text (-want +got):\n%s", diff)
	}
	good := &vetov1.Item{ // of an enum it is no name
		Kind: unknownName, Visibility: unknownName, InConversation: unknownName, Modality: unknownName,
		ItemId: "good", AuthorId: "good", Country: "good", Language: "good", Service: "good", Labels: []string{"good"}, ContentKeys: []string{"good"},
		Signals: &vetov1.Signals{
			ContentUsage: "good", TdmReservation: "good", Robots: "good", C2PaTrainingMining: "good", PlusDataMining: "good", Other: []string{"good"},
		},
	}
	for _, i := range []int{0, 2} {
		if diff := cmp.Diff(good, items[i], protocmp.Transform()); diff != "" {
			t.Errorf("its neighbour %d (-want +got):\n%s", i, diff)
		}
	}
	for i, item := range items {
		if _, err := proto.Marshal(item); err != nil {
			t.Errorf("item %d cannot be sent: %v", i, err)
		}
	}
}

func TestBadSubjectIsKept(t *testing.T) {
	mem := checked(t)
	b := array.NewListBuilder(mem, subjectType.Elem())
	defer b.Release()
	people, _ := b.ValueBuilder().(*array.StructBuilder)
	b.Append(true)
	people.Append(true)
	for i, value := range []string{"\xff", "TAGGED\xff", "\xff"} {
		text, _ := people.FieldBuilder(i).(*array.StringBuilder)
		text.Append(value)
	}
	people.FieldBuilder(3).AppendNull()
	lists := b.NewArray()
	all := plain(1)
	batch := record(t, all)
	schema := arrow.NewSchema(append(batch.Schema().Fields(), arrow.Field{Name: "subjects", Type: subjectType, Nullable: true}), nil)
	arrays := append([]arrow.Array{}, batch.Columns()...)
	for _, a := range arrays {
		a.Retain()
	}
	items := newReader(t, schema, columns.Mapping{}).Items(recordOf(t, schema, append(arrays, lists)), nil)
	want := []*vetov1.OtherSubject{{Country: "?", Role: unknownName}}
	if diff := cmp.Diff(want, items[0].Subjects, protocmp.Transform()); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
}

// TestItemsOutliveTheirBatch overwrites the buffers that the items came from.
func TestItemsOutliveTheirBatch(t *testing.T) {
	all := append(plain(2), column{"subjects", subjectType, `[[{"subject_id": "u2", "role": "TAGGED", "country": "FR"}], null]`},
		column{"labels", arrow.ListOf(arrow.BinaryTypes.StringView), `[["health"], ["a label that is longer than a view holds"]]`})
	batch := record(t, all)
	items := newReader(t, batch.Schema(), columns.Mapping{}).Items(batch, nil)
	want := clones(items)
	var scrub func(arrow.ArrayData)
	scrub = func(d arrow.ArrayData) {
		for _, buffer := range d.Buffers() {
			if buffer != nil {
				clear(buffer.Bytes())
			}
		}
		for _, child := range d.Children() {
			scrub(child)
		}
	}
	for _, c := range batch.Columns() {
		scrub(c.Data())
	}
	if diff := cmp.Diff(want, items, protocmp.Transform()); diff != "" {
		t.Errorf("items changed with the buffers (-before +after):\n%s", diff)
	}
}

func TestDictionaryIndexBeyondItsEnd(t *testing.T) {
	mem := checked(t)
	values, _, err := array.FromJSON(mem, utf8, strings.NewReader(`["DE"]`))
	if err != nil {
		t.Fatal(err)
	}
	defer values.Release()
	index, _, err := array.FromJSON(mem, arrow.PrimitiveTypes.Int32, strings.NewReader(`[0, 7]`))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Release()
	kind := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: utf8}
	lying := array.NewData(kind, 2, index.Data().Buffers(), nil, 0, 0)
	lying.SetDictionary(values.Data())
	defer lying.Release()
	base := record(t, plain(2))
	schema := arrow.NewSchema(append(base.Schema().Fields(), arrow.Field{Name: "country", Type: kind}), nil)
	arrays := append([]arrow.Array{}, base.Columns()...)
	for _, a := range arrays {
		a.Retain()
	}
	batch := recordOf(t, schema, append(arrays, array.NewDictionaryData(lying)))
	items := newReader(t, schema, columns.Mapping{}).Items(batch, nil)
	if got, want := []string{items[0].Country, items[1].Country}, []string{"DE", "?"}; !cmp.Equal(got, want) {
		t.Errorf("countries: %q, want %q", got, want)
	}
}

func TestColumnsAreEnough(t *testing.T) {
	all := append([]column{{"text", utf8, `["x"]`}}, plain(1)...)
	all = append(all, column{"score", arrow.PrimitiveTypes.Float64, `[0.5]`}, column{"where", utf8, `["DE"]`})
	schema := schemaOf(all)
	mapping := columns.Mapping{Columns: map[string]string{"country": "where", "language": "where"}, Absent: []string{"signals", "labels"}}
	whole := newReader(t, schema, mapping)
	if got, want := whole.Columns(), []int{1, 2, 3, 4, 6}; !cmp.Equal(got, want) {
		t.Fatalf("Columns: %v, want %v", got, want)
	}
	if got, want := whole.Mapped(), []string{"author_id", "country", "item_id", "kind", "language", "visibility"}; !cmp.Equal(got, want) {
		t.Errorf("Mapped: %v, want %v", got, want)
	}
	if got, want := whole.Absent(), []string{"labels", "signals"}; !cmp.Equal(got, want) {
		t.Errorf("Absent: %v, want %v", got, want)
	}
	var some []column
	for _, i := range whole.Columns() {
		some = append(some, all[i])
	}
	part, full := record(t, some), record(t, all)
	got := newReader(t, part.Schema(), mapping).Items(part, nil)
	if diff := cmp.Diff(whole.Items(full, nil), got, protocmp.Transform()); diff != "" {
		t.Errorf("items of the used columns alone (-whole +part):\n%s", diff)
	}
}

func TestInstantsAreGosInstants(t *testing.T) {
	for _, value := range []string{"0001-01-01T00:00:00", "1969-12-31T23:59:59", "2025-05-27T10:00:00", "9999-12-31T23:59:59"} {
		kind := &arrow.TimestampType{Unit: arrow.Microsecond}
		batch := record(t, append(plain(1), column{"author_notified_at", kind, `["` + value + `"]`}))
		got := newReader(t, batch.Schema(), columns.Mapping{}).Items(batch, nil)[0].AuthorNotifiedAt
		want, err := time.Parse("2006-01-02T15:04:05", value)
		if err != nil {
			t.Fatal(err)
		}
		if !got.AsTime().Equal(want) || got.CheckValid() != nil {
			t.Errorf("%s: got %v", value, got.AsTime())
		}
	}
}
