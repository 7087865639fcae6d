package columns_test

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/columns"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// row is what a corpus says of an item, a nil being a null.
type row struct {
	id, author, kind, country *string
	age                       *int64
	created                   *int64 // microseconds since 1970
	labels                    *[]string
	subjects                  *[]*person
}

type person struct{ id, role *string }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// item is the row read one field at a time: slow, and easy to see to be right.
func (r row) item() *vetov1.Item {
	i := &vetov1.Item{ItemId: text(r.id), AuthorId: text(r.author), Country: text(r.country), Visibility: vetov1.Visibility_VISIBILITY_PUBLIC}
	switch text(r.kind) {
	case "POST", "ITEM_KIND_POST":
		i.Kind = vetov1.ItemKind_ITEM_KIND_POST
	case "PHOTO":
		i.Kind = vetov1.ItemKind_ITEM_KIND_PHOTO
	case "":
	default:
		i.Kind = unknownName
	}
	if r.age != nil {
		i.AuthorAge = -1
		if *r.age >= math.MinInt32 && *r.age <= math.MaxInt32 {
			i.AuthorAge = int32(*r.age)
		}
	}
	if r.created != nil {
		i.CreatedAt = timestamppb.New(time.UnixMicro(*r.created))
	}
	if r.labels != nil {
		i.Labels = *r.labels
	}
	if r.subjects != nil {
		for _, p := range *r.subjects {
			if p == nil {
				p = &person{}
			}
			s := &vetov1.OtherSubject{SubjectId: text(p.id)}
			switch text(p.role) {
			case "TAGGED":
				s.Role = vetov1.SubjectRole_SUBJECT_ROLE_TAGGED
			case "":
			default:
				s.Role = unknownName
			}
			i.Subjects = append(i.Subjects, s)
		}
	}
	return i
}

// asJSON is the row as an object, a null as a null or not at all.
func (r row) asJSON(t *rapid.T) []byte {
	object := map[string]any{"visibility": "PUBLIC"}
	put := func(name string, value any, isNull bool) {
		if isNull && rapid.Bool().Draw(t, "left out") {
			return
		}
		object[name] = value
	}
	put("item_id", r.id, r.id == nil)
	put("author_id", r.author, r.author == nil)
	put("country", r.country, r.country == nil)
	put("kind", r.kind, r.kind == nil)
	put("author_age", r.age, r.age == nil)
	put("created_at", r.when(), r.created == nil)
	put("labels", r.labels, r.labels == nil)
	put("subjects", r.others(), r.subjects == nil)
	line, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func (r row) when() *string {
	if r.created == nil {
		return nil
	}
	written := time.UnixMicro(*r.created).UTC().Format(time.RFC3339Nano)
	return &written
}

func (r row) others() any {
	if r.subjects == nil {
		return nil
	}
	all := []any{}
	for _, p := range *r.subjects {
		if p == nil {
			all = append(all, nil)
			continue
		}
		all = append(all, map[string]any{"subject_id": p.id, "role": p.role})
	}
	return all
}

var rowNames = []string{"item_id", "author_id", "country", "kind", "visibility", "author_age", "created_at", "labels", "subjects"}

// asText is the row as a record of text, in the order of rowNames.
func (r row) asText(t *rapid.T) []string {
	number := ""
	if r.age != nil {
		number = strconv.FormatInt(*r.age, 10)
	}
	asJSON := func(value any, isNull bool) string {
		if isNull {
			return ""
		}
		written, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(written)
	}
	return []string{
		text(r.id), text(r.author), text(r.country), text(r.kind), "PUBLIC", number, text(r.when()),
		asJSON(r.labels, r.labels == nil), asJSON(r.others(), r.subjects == nil),
	}
}

// TestEveryDoorReadsTheSameItems: a row is the same item as JSON, as a record of text, and in Arrow (TestItemsAreTheRows).
func TestEveryDoorReadsTheSameItems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects, err := columns.NewObjectReader(rowNames, columns.Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		records, err := columns.NewTextReader(rowNames, columns.Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		item := &vetov1.Item{}
		for _, r := range rapid.SliceOfN(rows(), 1, 5).Draw(t, "rows") {
			want := r.item()
			line := r.asJSON(t)
			wrong := objects.Item(line, item)
			if diff := cmp.Diff(want, item, protocmp.Transform(), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("the object %s (-want +got), %v:\n%s", line, wrong, diff)
			}
			record := r.asText(t)
			again := records.Item(record, item)
			if diff := cmp.Diff(want, item, protocmp.Transform(), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("the record %q (-want +got), %v:\n%s", record, again, diff)
			}
			if !proto.Equal(wrong, again) {
				t.Fatalf("%s: %v as an object, %v as a record", line, wrong, again)
			}
		}
	})
}

func rows() *rapid.Generator[row] {
	word := rapid.Ptr(rapid.SampledFrom([]string{"", "a", "u1", "ü", "a somewhat longer text that is not kept in a view", "DE"}), true)
	return rapid.Custom(func(t *rapid.T) row {
		r := row{
			id: word.Draw(t, "id"), author: word.Draw(t, "author"), country: word.Draw(t, "country"),
			kind:    rapid.Ptr(rapid.SampledFrom([]string{"POST", "ITEM_KIND_POST", "PHOTO", "photo", ""}), true).Draw(t, "kind"),
			age:     rapid.Ptr(rapid.OneOf(rapid.Int64Range(-2, 160), rapid.Int64()), true).Draw(t, "age"),
			created: rapid.Ptr(rapid.Int64Range(-1e15, 1e16), true).Draw(t, "created"),
		}
		r.labels = rapid.Ptr(rapid.SliceOfN(rapid.SampledFrom([]string{"", "health", "religion"}), 0, 3), true).Draw(t, "labels")
		somebody := rapid.Custom(func(t *rapid.T) person {
			return person{id: word.Draw(t, "id"), role: rapid.Ptr(rapid.SampledFrom([]string{"TAGGED", "liked"}), true).Draw(t, "role")}
		})
		r.subjects = rapid.Ptr(rapid.SliceOfN(rapid.Ptr(somebody, true), 0, 3), true).Draw(t, "subjects")
		return r
	})
}

// textColumn appends to whichever array of text was drawn.
func textColumn(mem memory.Allocator, kind arrow.DataType, all []row, of func(row) *string) arrow.Array {
	b := array.NewBuilder(mem, kind)
	defer b.Release()
	for _, r := range all {
		if p := of(r); p != nil {
			if err := b.AppendValueFromString(*p); err != nil {
				panic(err)
			}
		} else {
			b.AppendNull()
		}
	}
	return b.NewArray()
}

func build(mem memory.Allocator, kind arrow.DataType, all []row) arrow.RecordBatch {
	public := "PUBLIC"
	names := []string{"item_id", "author_id", "country", "kind", "visibility"}
	arrays := []arrow.Array{
		textColumn(mem, kind, all, func(r row) *string { return r.id }), textColumn(mem, kind, all, func(r row) *string { return r.author }),
		textColumn(mem, kind, all, func(r row) *string { return r.country }), textColumn(mem, kind, all, func(r row) *string { return r.kind }),
		textColumn(mem, kind, all, func(row) *string { return &public }),
	}
	ages := array.NewInt64Builder(mem)
	times := array.NewTimestampBuilder(mem, &arrow.TimestampType{Unit: arrow.Microsecond})
	labels := array.NewListBuilder(mem, utf8)
	words := labels.ValueBuilder().(*array.StringBuilder)
	subjects := array.NewListBuilder(mem, arrow.StructOf(arrow.Field{Name: "role", Type: utf8, Nullable: true}, arrow.Field{Name: "subject_id", Type: utf8, Nullable: true}))
	people := subjects.ValueBuilder().(*array.StructBuilder)
	optional := func(b *array.StringBuilder, p *string) {
		if p == nil {
			b.AppendNull()
		} else {
			b.Append(*p)
		}
	}
	for _, r := range all {
		if r.age == nil {
			ages.AppendNull()
		} else {
			ages.Append(*r.age)
		}
		if r.created == nil {
			times.AppendNull()
		} else {
			times.Append(arrow.Timestamp(*r.created))
		}
		if labels.Append(r.labels != nil); r.labels != nil {
			words.AppendValues(*r.labels, nil)
		}
		if subjects.Append(r.subjects != nil); r.subjects == nil {
			continue
		}
		for _, p := range *r.subjects {
			if p == nil {
				people.AppendNull()
				continue
			}
			people.Append(true)
			optional(people.FieldBuilder(0).(*array.StringBuilder), p.role)
			optional(people.FieldBuilder(1).(*array.StringBuilder), p.id)
		}
	}
	names = append(names, "author_age", "created_at", "labels", "subjects")
	for _, b := range []array.Builder{ages, times, labels, subjects} {
		arrays = append(arrays, b.NewArray())
		b.Release()
	}
	var fields []arrow.Field
	for i, a := range arrays {
		fields = append(fields, arrow.Field{Name: names[i], Type: a.DataType(), Nullable: true})
	}
	batch := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(len(all)))
	for _, a := range arrays {
		a.Release()
	}
	return batch
}

// TestItemsAreTheRows holds the reader to a naive one over random rows, types of text and slices, with messages that were used before.
func TestItemsAreTheRows(t *testing.T) {
	kinds := []arrow.DataType{
		utf8, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView,
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: utf8},
	}
	rapid.Check(t, func(t *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		var dst []*vetov1.Item
		var reader *columns.Reader
		kind := rapid.SampledFrom(kinds).Draw(t, "text")
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			all := rapid.SliceOfN(rows(), 0, 8).Draw(t, "rows")
			whole := build(mem, kind, all)
			from := rapid.IntRange(0, len(all)).Draw(t, "from")
			to := rapid.IntRange(from, len(all)).Draw(t, "to")
			part := whole.NewSlice(int64(from), int64(to))
			whole.Release()
			if reader == nil {
				var err error
				if reader, err = columns.NewReader(part.Schema(), columns.Mapping{}); err != nil {
					t.Fatal(err)
				}
			}
			dst = reader.Items(part, dst)
			part.Release()
			want := []*vetov1.Item{}
			for _, r := range all[from:to] {
				want = append(want, r.item())
			}
			if diff := cmp.Diff(want, append([]*vetov1.Item{}, dst...), protocmp.Transform()); diff != "" {
				t.Fatalf("items (-want +got):\n%s", diff)
			}
		}
		if held := mem.CurrentAlloc(); held != 0 {
			t.Fatalf("%d bytes are still held", held)
		}
	})
}
