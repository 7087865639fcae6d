package columns_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/veto-gate/veto/internal/columns"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// column is a column of a test's batch, its rows as JSON.
type column struct {
	name string
	kind arrow.DataType
	rows string
}

var utf8 = arrow.BinaryTypes.String

// plain are the columns that every corpus has, for a number of rows.
func plain(rows int) []column {
	all := func(value string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`"`+value+`",`, rows), ",") + "]"
	}
	return []column{
		{"item_id", utf8, all("i1")}, {"kind", utf8, all("POST")}, {"visibility", utf8, all("PUBLIC")}, {"author_id", utf8, all("u1")},
	}
}

// plainItem is what plain says of each row.
func plainItem() *vetov1.Item {
	return &vetov1.Item{ItemId: "i1", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, AuthorId: "u1"}
}

func schemaOf(all []column) *arrow.Schema {
	var fields []arrow.Field
	for _, c := range all {
		fields = append(fields, arrow.Field{Name: c.name, Type: c.kind, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// record builds a batch; the test fails if a byte of it is still held at the end.
func record(t *testing.T, all []column) arrow.RecordBatch {
	t.Helper()
	mem := checked(t)
	var arrays []arrow.Array
	for _, c := range all {
		if d, ok := c.kind.(*arrow.DictionaryType); ok {
			arrays = append(arrays, dictionary(t, mem, d, c.rows))
			continue
		}
		arrays = append(arrays, fromJSON(t, mem, c.kind, c.rows))
	}
	return recordOf(t, schemaOf(all), arrays)
}

func fromJSON(t *testing.T, mem memory.Allocator, kind arrow.DataType, rows string) arrow.Array {
	t.Helper()
	a, _, err := array.FromJSON(mem, kind, strings.NewReader(rows))
	if err != nil {
		t.Fatalf("an array of %s: %v", kind, err)
	}
	return a
}

// dictionary has a value for each row. A null in an odd row is one of the dictionary's values; in an even one it is the index that is null.
func dictionary(t *testing.T, mem memory.Allocator, kind *arrow.DictionaryType, rows string) arrow.Array {
	t.Helper()
	values := fromJSON(t, mem, kind.ValueType, rows)
	defer values.Release()
	var index []string
	for row := range values.Len() {
		if values.IsNull(row) && row%2 == 0 {
			index = append(index, "null")
			continue
		}
		index = append(index, strconv.Itoa(row))
	}
	indices := fromJSON(t, mem, kind.IndexType, "["+strings.Join(index, ",")+"]")
	defer indices.Release()
	return array.NewDictionaryArray(kind, indices, values)
}

func recordOf(t *testing.T, schema *arrow.Schema, arrays []arrow.Array) arrow.RecordBatch {
	t.Helper()
	batch := array.NewRecordBatch(schema, arrays, int64(arrays[0].Len()))
	for _, a := range arrays {
		a.Release()
	}
	t.Cleanup(batch.Release)
	return batch
}

// checked is an allocator that fails the test for each byte that was not given back.
func checked(t *testing.T) *memory.CheckedAllocator {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

func newReader(t *testing.T, schema *arrow.Schema, m columns.Mapping) *columns.Reader {
	t.Helper()
	r, err := columns.NewReader(schema, m)
	if err != nil {
		t.Fatalf("NewReader: %v", err)
	}
	return r
}

// clones are copies that outlive the next call of Items.
func clones(items []*vetov1.Item) []*vetov1.Item {
	var all []*vetov1.Item
	for _, item := range items {
		copied, _ := proto.Clone(item).(*vetov1.Item)
		all = append(all, copied)
	}
	return all
}
