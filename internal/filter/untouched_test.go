package filter_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/veto-gate/veto/internal/filter"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func itoa(i int) string { return strconv.Itoa(i) }

// open is a Parquet file read for a comparison.
func open(t *testing.T, path string) *file.Reader {
	t.Helper()
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func tableOf(t *testing.T, r *file.Reader) arrow.Table {
	t.Helper()
	from, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := from.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// whole joins the chunks of a column.
func whole(t *testing.T, c *arrow.Column) arrow.Array {
	t.Helper()
	if len(c.Data().Chunks()) == 0 {
		return array.MakeArrayOfNull(memory.DefaultAllocator, c.DataType(), 0)
	}
	joined, err := array.Concatenate(c.Data().Chunks(), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	return joined
}

// requireKept compares what was written with the rows of the input that keep names, column by column, and what both files say of themselves.
func requireKept(t *testing.T, in, out string, keep func(row int) bool) {
	t.Helper()
	from, to := open(t, in), open(t, out)
	if !to.MetaData().Schema.Equals(from.MetaData().Schema) {
		t.Errorf("the schema was\n%s\nand is\n%s", from.MetaData().Schema, to.MetaData().Schema)
	}
	if !to.MetaData().KeyValueMetadata().Equals(from.MetaData().KeyValueMetadata()) {
		t.Errorf("the metadata was %v and is %v", from.MetaData().KeyValueMetadata(), to.MetaData().KeyValueMetadata())
	}
	before, after := tableOf(t, from), tableOf(t, to)
	if !before.Schema().Equal(after.Schema()) || !before.Schema().Metadata().Equal(after.Schema().Metadata()) {
		t.Errorf("Arrow's schema was\n%s\nand is\n%s", before.Schema(), after.Schema())
	}
	var rows []int
	for row := range int(before.NumRows()) {
		if keep(row) {
			rows = append(rows, row)
		}
	}
	if after.NumRows() != int64(len(rows)) {
		t.Fatalf("%d rows were written, want %d", after.NumRows(), len(rows))
	}
	for c := range int(before.NumCols()) {
		want, got := whole(t, before.Column(c)), whole(t, after.Column(c))
		for i := 0; i < len(rows); {
			run := 1 // rows that follow one another in both files are compared at once
			for i+run < len(rows) && rows[i+run] == rows[i]+run {
				run++
			}
			if !array.SliceEqual(want, int64(rows[i]), int64(rows[i]+run), got, int64(i), int64(i+run)) {
				t.Fatalf("column %s: rows %d to %d of the output are not rows %d to %d of the input", before.Column(c).Name(), i, i+run-1, rows[i], rows[i]+run-1)
			}
			i += run
		}
	}
}

func TestIncludedRowsAreUntouched(t *testing.T) {
	row := -1
	kept := map[int]bool{}
	c := config(t, corpus, by(func(i *vetov1.Item) vetov1.Reason {
		row++
		if i.GetAuthorId()[len(i.GetAuthorId())-1]%3 == 0 {
			return vetov1.Reason_REASON_OBJECTED
		}
		kept[row] = true
		return vetov1.Reason_REASON_ELIGIBLE
	}))
	c.CreatedBy = "veto version 0.0.1"
	report := run(t, c)
	if report.Offered != 104_254 || report.Included != int64(len(kept)) || len(kept) < 1000 || len(kept) > 100_000 {
		t.Fatalf("%d of %d rows included, the decider included %d", report.Included, report.Offered, len(kept))
	}
	requireKept(t, corpus, c.Out, func(row int) bool { return kept[row] })
	out := open(t, c.Out).MetaData()
	if out.GetCreatedBy() != c.CreatedBy {
		t.Errorf("created by %q, want %q", out.GetCreatedBy(), c.CreatedBy)
	}
	for i := range out.Schema.NumColumns() {
		chunk, err := out.RowGroup(0).ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		if chunk.Compression() != compress.Codecs.Zstd {
			t.Errorf("column %d is compressed by %s, want the input's ZSTD", i, chunk.Compression())
		}
	}
}

// everyType is a corpus with columns of every kind that Parquet stores, none of which a field uses.
func everyType(rows int) (*arrow.Schema, []string) {
	nested := arrow.StructOf(
		arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		arrow.Field{Name: "b", Type: arrow.ListOf(arrow.ListOf(utf8)), Nullable: true},
	)
	types := []struct {
		kind  arrow.DataType
		value string // of row #, where it is not null
	}{
		{arrow.FixedWidthTypes.Boolean, "true"},
		{arrow.PrimitiveTypes.Int8, "-5"},
		{arrow.PrimitiveTypes.Uint16, "65535"},
		{arrow.PrimitiveTypes.Int32, "#"},
		{arrow.PrimitiveTypes.Uint64, "18446744073709551615"},
		{arrow.PrimitiveTypes.Float32, "0.5"},
		{arrow.PrimitiveTypes.Float64, "#.25"},
		{arrow.BinaryTypes.LargeString, `"long #"`},
		{arrow.BinaryTypes.Binary, `"AP8="`},
		{&arrow.FixedSizeBinaryType{ByteWidth: 3}, `"AAEC"`},
		{&arrow.Decimal128Type{Precision: 7, Scale: 2}, `"#.25"`},
		{&arrow.Decimal128Type{Precision: 30, Scale: 2}, `"#.75"`},
		{arrow.FixedWidthTypes.Date32, `"2025-05-27"`},
		{arrow.FixedWidthTypes.Time64us, `"10:11:12.000013"`},
		{&arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "Europe/Berlin"}, "1748304000#"},
		{&arrow.TimestampType{Unit: arrow.Nanosecond}, "1748304000#"},
		{arrow.ListOf(arrow.PrimitiveTypes.Int64), "[#, null, 7]"},
		{arrow.ListOf(utf8), "[]"},
		{nested, `{"a": #, "b": [["x", null], [], null, ["#"]]}`},
		{arrow.ListOf(nested), `[{"a": null, "b": null}, null, {"a": #, "b": [[]]}]`},
		{arrow.MapOf(utf8, arrow.PrimitiveTypes.Int32), `[{"key": "k#", "value": 1}, {"key": "l", "value": null}]`},
	}
	fields := itemFields()
	for i, c := range types {
		note := arrow.NewMetadata([]string{"note"}, []string{itoa(i)})
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%02d", i), Type: c.kind, Nullable: true, Metadata: note},
			arrow.Field{Name: fmt.Sprintf("r%02d", i), Type: c.kind})
	}
	about := arrow.NewMetadata([]string{"about", "empty"}, []string{"a test", ""})
	var all []string
	for row := range rows {
		var b strings.Builder
		fmt.Fprintf(&b, `{"item_id": "i%d", "kind": "POST", "visibility": "PUBLIC", "author_id": "u%d"`, row, row)
		for i, c := range types {
			value := strings.ReplaceAll(c.value, "#", itoa(row%100))
			optional := value
			if (row+i)%3 == 0 {
				optional = "null"
			}
			fmt.Fprintf(&b, `, "c%02d": %s, "r%02d": %s`, i, optional, i, value)
		}
		all = append(all, b.String()+"}")
	}
	return arrow.NewSchema(fields, &about), all
}

func TestEveryTypePassesUntouched(t *testing.T) {
	schema, rows := everyType(230)
	masks := map[string]func(row int) bool{
		"all": func(int) bool { return true }, "none": func(int) bool { return false },
		"odd": func(row int) bool { return row%2 == 1 }, "runs": func(row int) bool { return row/37%2 == 0 },
		"the last": func(row int) bool { return row == 229 },
	}
	for stored, props := range map[string][]parquet.WriterProperty{
		"plain":           {parquet.WithDictionaryDefault(false), parquet.WithCompression(compress.Codecs.Uncompressed)},
		"dictionaries":    {parquet.WithCompression(compress.Codecs.Snappy)},
		"small V2 pages":  {parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithDataPageSize(64), parquet.WithBatchSize(7), parquet.WithCompression(compress.Codecs.Gzip)},
		"small V1 pages":  {parquet.WithDataPageSize(64), parquet.WithBatchSize(7), parquet.WithDictionaryDefault(false), parquet.WithCompression(compress.Codecs.Zstd)},
		"dictionary ends": {parquet.WithDictionaryPageSizeLimit(16), parquet.WithDataPageSize(128), parquet.WithBatchSize(16)},
	} {
		in := write(t, schema, rows, 100, props...)
		for chosen, keep := range masks {
			t.Run(stored+", "+chosen, func(t *testing.T) {
				row := -1
				c := config(t, in, by(func(*vetov1.Item) vetov1.Reason {
					if row++; keep(row) {
						return vetov1.Reason_REASON_ELIGIBLE
					}
					return vetov1.Reason_REASON_OBJECTED
				}))
				c.BatchRows = 64
				run(t, c)
				requireKept(t, in, c.Out, keep)
			})
		}
	}
}

// TestOldTimesPassUntouched: engines still write times as 96 bits, and the mapped column is read from them.
func TestOldTimesPassUntouched(t *testing.T) {
	schema := arrow.NewSchema(append(itemFields(), arrow.Field{Name: "created_at", Type: &arrow.TimestampType{Unit: arrow.Nanosecond}, Nullable: true}), nil)
	records, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(`[
		{"item_id": "i1", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "created_at": "2025-05-27T00:00:00"},
		{"item_id": "i2", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "created_at": null},
		{"item_id": "i3", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "created_at": "1969-12-31T23:59:59.000000001"}]`))
	if err != nil {
		t.Fatal(err)
	}
	defer records.Release()
	in := writeRecords(t, records, 10, nil, old)
	if kind := open(t, in).MetaData().Schema.Column(4).PhysicalType(); kind != parquet.Types.Int96 {
		t.Fatalf("the test's file has times of type %s", kind)
	}
	var seen []string
	c := config(t, in, by(func(i *vetov1.Item) vetov1.Reason {
		if i.GetCreatedAt() == nil {
			return vetov1.Reason_REASON_TOO_RECENT
		}
		seen = append(seen, i.GetCreatedAt().AsTime().Format("2006-01-02T15:04:05.000000000"))
		return vetov1.Reason_REASON_ELIGIBLE
	}))
	run(t, c)
	requireKept(t, in, c.Out, func(row int) bool { return row != 1 })
	if want := []string{"2025-05-27T00:00:00.000000000", "1969-12-31T23:59:59.000000001"}; !slices.Equal(seen, want) {
		t.Errorf("the decider saw %q, want %q", seen, want)
	}
}

// TestStorageIsKept: what a column was stored with is what it is stored with.
func TestStorageIsKept(t *testing.T) {
	schema := arrow.NewSchema(append(itemFields(), arrow.Field{Name: "text", Type: utf8}), nil)
	var rows []string
	for i := range 50 {
		rows = append(rows, strings.ReplaceAll(`{"item_id": "i#", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "text": "t"}`, "#", itoa(i)))
	}
	order := []parquet.SortingColumn{{ColumnIdx: 3, Descending: true, NullsFirst: true}}
	in := write(t, schema, rows, 20, parquet.WithCompression(compress.Codecs.Gzip), parquet.WithCompressionFor("text", compress.Codecs.Uncompressed),
		parquet.WithDictionaryFor("item_id", false), parquet.WithSortingColumns(order))
	c := config(t, in, everything)
	run(t, c)
	group := open(t, c.Out).MetaData().RowGroup(0)
	if got := group.SortingColumns(); !slices.Equal(got, order) {
		t.Errorf("sorted by %v, want %v", got, order)
	}
	for column, want := range map[int]struct {
		codec      compress.Compression
		dictionary bool
	}{0: {compress.Codecs.Gzip, false}, 3: {compress.Codecs.Gzip, true}, 4: {compress.Codecs.Uncompressed, true}} {
		chunk, err := group.ColumnChunk(column)
		if err != nil {
			t.Fatal(err)
		}
		if chunk.Compression() != want.codec || chunk.HasDictionaryPage() != want.dictionary {
			t.Errorf("column %d: %s, dictionary %t; want %s, %t", column, chunk.Compression(), chunk.HasDictionaryPage(), want.codec, want.dictionary)
		}
	}
}

// TestRowGroupsStayOfASize: the rest of many row groups goes into few, none bigger than the input's.
func TestRowGroupsStayOfASize(t *testing.T) {
	for name, test := range map[string]struct {
		rows, every int
		want        []int64
	}{
		"all":            {30, 1, []int64{10, 10, 10}},
		"half":           {60, 2, []int64{10, 10, 10}},
		"a third":        {60, 3, []int64{10, 10}},
		"next to none":   {200, 100, []int64{2}},
		"more than held": {1000, 10, []int64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}},
	} {
		t.Run(name, func(t *testing.T) {
			in := small(t, test.rows)
			row := -1
			c := config(t, in, by(func(*vetov1.Item) vetov1.Reason {
				if row++; row%test.every == 0 {
					return vetov1.Reason_REASON_ELIGIBLE
				}
				return vetov1.Reason_REASON_KIND
			}))
			run(t, c)
			out := open(t, c.Out)
			var got []int64
			for g := range out.NumRowGroups() {
				got = append(got, out.MetaData().RowGroup(g).NumRows())
			}
			// 10 of 30 with every third: 4, 3 and 3 rows come of three row groups.
			if !slices.Equal(got, test.want) {
				t.Errorf("row groups of %v rows, want %v", got, test.want)
			}
		})
	}
}

func TestEmptyCorpus(t *testing.T) {
	in := write(t, arrow.NewSchema(itemFields(), nil), nil, 10)
	c := config(t, in, deciderFunc(nil)) // nobody may be asked
	report := run(t, c)
	if report.Offered != 0 || report.Included != 0 {
		t.Errorf("offered %d, included %d; want none", report.Offered, report.Included)
	}
	requireKept(t, in, c.Out, func(int) bool { return true })
}

func TestOutputIsReadableByWhomTheUmaskSays(t *testing.T) {
	c := config(t, small(t, 3), everything)
	run(t, c)
	plain, err := os.Create(c.Out + ".plain")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	want, err := plain.Stat()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.Stat(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if got.Mode() != want.Mode() {
		t.Errorf("mode %s, want %s", got.Mode(), want.Mode())
	}
}

var _ filter.Decider = everything
