package filter_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/filter"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func TestMain(m *testing.M) {
	if out := os.Getenv(victimVariable); out != "" {
		victim(out)
	}
	goleak.VerifyTestMain(m)
}

const corpus = "../../test/data/items/items.parquet"

// deciderFunc is a decider made of a function. The first call, which has no items, is not for the function.
type deciderFunc func(ctx context.Context, items []*vetov1.Item) (filter.Answer, error)

func (f deciderFunc) Decide(ctx context.Context, items []*vetov1.Item) (filter.Answer, error) {
	if len(items) == 0 {
		return filter.Answer{Revision: 2, PolicyVersion: 1}, nil
	}
	return f(ctx, items)
}

// by decides each item by itself; INVALID names its author_id.
func by(reason func(*vetov1.Item) vetov1.Reason) deciderFunc {
	return func(_ context.Context, items []*vetov1.Item) (filter.Answer, error) {
		a := filter.Answer{Revision: 12, PolicyVersion: 3}
		for i, item := range items {
			a.Reasons = append(a.Reasons, reason(item))
			if a.Reasons[i] == vetov1.Reason_REASON_INVALID {
				a.Violations = append(a.Violations, &vetov1.IndexedViolation{
					Index: int32(i), Violation: &vetov1.Violation{Field: "author_id", Message: "is empty; want 1 to 256 bytes"},
				})
			}
		}
		return a, nil
	}
}

// everything includes every item.
var everything = by(func(*vetov1.Item) vetov1.Reason { return vetov1.Reason_REASON_ELIGIBLE })

// config filters in into a new folder with a decider.
func config(t *testing.T, in string, d filter.Decider) filter.Config {
	t.Helper()
	return filter.Config{
		In: in, Out: filepath.Join(t.TempDir(), "out.parquet"),
		Open: func(context.Context, filter.Fields) (filter.Decider, error) { return d, nil },
	}
}

func run(t *testing.T, c filter.Config) filter.Report {
	t.Helper()
	report, err := filter.Run(t.Context(), c)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return report
}

// refused runs what must fail, and checks that it leaves nothing behind.
func refused(t *testing.T, ctx context.Context, c filter.Config, want error) string { //nolint:revive // t first reads better in tests
	t.Helper()
	_, err := filter.Run(ctx, c)
	if err == nil {
		t.Fatal("Run: no error")
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("Run: %v, want %v", err, want)
	}
	left, listErr := os.ReadDir(filepath.Dir(c.Out))
	if listErr == nil && len(left) > 0 {
		t.Errorf("Run left %v behind", left)
	}
	return err.Error()
}

var utf8 = arrow.BinaryTypes.String

// itemFields are the columns that every corpus has.
func itemFields() []arrow.Field {
	return []arrow.Field{{Name: "item_id", Type: utf8}, {Name: "kind", Type: utf8, Nullable: true}, {Name: "visibility", Type: utf8}, {Name: "author_id", Type: utf8, Nullable: true}}
}

// write makes a Parquet file of rows that are given as JSON.
func write(t testing.TB, schema *arrow.Schema, rows []string, groupRows int64, props ...parquet.WriterProperty) string {
	t.Helper()
	records, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader("["+strings.Join(rows, ",")+"]"))
	if err != nil {
		t.Fatal(err)
	}
	defer records.Release()
	return writeRecords(t, records, groupRows, props)
}

// old is Arrow's way of storing times as the 96 bits that older engines write.
var old = pqarrow.WithDeprecatedInt96Timestamps(true)

func writeRecords(t testing.TB, records arrow.RecordBatch, groupRows int64, props []parquet.WriterProperty, more ...pqarrow.WriterOption) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	table := array.NewTableFromRecords(records.Schema(), []arrow.RecordBatch{records})
	defer table.Release()
	err = pqarrow.WriteTable(table, f, groupRows, parquet.NewWriterProperties(props...),
		pqarrow.NewArrowWriterProperties(append(more, pqarrow.WithStoreSchema())...))
	if err != nil {
		t.Fatal(err)
	}
	return path // WriteTable closed the file
}

// small is a corpus of n plain rows, in row groups of 10. Their authors are u0, u1 and so on.
func small(t testing.TB, n int) string {
	t.Helper()
	var rows []string
	for i := range n {
		rows = append(rows, strings.ReplaceAll(`{"item_id": "i#", "kind": "POST", "visibility": "PUBLIC", "author_id": "u#", "text": "words of #"}`, "#", itoa(i)))
	}
	return write(t, arrow.NewSchema(append(itemFields(), arrow.Field{Name: "text", Type: utf8, Nullable: true}), nil), rows, 10)
}
