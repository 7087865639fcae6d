package columns_test

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/veto-gate/veto/internal/columns"
)

func ExampleNewReader() {
	text := arrow.BinaryTypes.String
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "item_id", Type: text}, {Name: "kind", Type: text}, {Name: "visibility", Type: text}, {Name: "user", Type: text},
	}, nil)
	mapping, err := columns.ParseMapping(columns.Spelled{Map: []string{"author_id=user"}, Absent: []string{"labels"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	reader, err := columns.NewReader(schema, mapping)
	if err != nil {
		fmt.Println(err)
		return
	}
	batch, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema,
		strings.NewReader(`[{"item_id": "i1", "kind": "POST", "visibility": "PUBLIC", "user": "u1"}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer batch.Release()
	items := reader.Items(batch, nil)
	fmt.Println(items[0].GetAuthorId(), items[0].GetKind())
	fmt.Println("mapped:", reader.Mapped(), "absent:", reader.Absent())
	// Output:
	// u1 ITEM_KIND_POST
	// mapped: [author_id item_id kind visibility] absent: [labels]
}

func ExampleParseMapping() {
	_, err := columns.ParseMapping(columns.Spelled{Map: []string{"author_id"}})
	fmt.Println(err)
	// Output:
	// --map author_id: want FIELD=COLUMN, e.g. author_id=user
}
