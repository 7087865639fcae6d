package filter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/golden"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// steady is a clock that moves by the same step at each look.
func steady(step time.Duration) func() time.Time {
	now := time.Date(2025, 5, 27, 0, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(step)
		return now
	}
}

func texts(t *testing.T, r filter.Report) (text, asJSON []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	j, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), append(j, '\n')
}

// TestReportOfTheCorpus filters the whole corpus by rules that are simple enough to count by hand.
func TestReportOfTheCorpus(t *testing.T) {
	revision := uint64(11)
	c := config(t, corpus, deciderFunc(func(ctx context.Context, items []*vetov1.Item) (filter.Answer, error) {
		a, err := by(func(i *vetov1.Item) vetov1.Reason {
			switch {
			case i.GetKind() == vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE:
				return vetov1.Reason_REASON_PRIVATE_MESSAGE
			case i.GetCountry() == "":
				return vetov1.Reason_REASON_NO_REGIME
			case i.GetVisibility() != vetov1.Visibility_VISIBILITY_PUBLIC:
				return vetov1.Reason_REASON_VISIBILITY
			case len(i.GetLabels()) > 0:
				return vetov1.Reason_REASON_LABEL
			case len(i.GetSubjects()) > 6:
				return vetov1.Reason_REASON_INVALID
			default:
				return vetov1.Reason_REASON_ELIGIBLE
			}
		})(ctx, items)
		revision++
		a.Revision = revision
		return a, err
	}))
	c.Purpose, c.Now = "generative-ai-training", steady(time.Second)
	c.Mapping = columns.Mapping{Absent: []string{"service", "in_conversation"}}
	text, asJSON := texts(t, run(t, c))
	golden.Check(t, "corpus.txt", text)
	golden.Check(t, "corpus.json", asJSON)
}

// TestReportOfEverything has a row for each way to be counted, with names that must not be printed.
func TestReportOfEverything(t *testing.T) {
	schema := arrow.NewSchema(append(itemFields(), arrow.Field{Name: "country", Type: utf8, Nullable: true}, arrow.Field{Name: "language", Type: utf8, Nullable: true}), nil)
	var rows []string
	for i, row := range []struct{ kind, country, language string }{
		{"POST", "DE", "de"}, {"POST", "DE", "de-AT"}, {"PHOTO", "CA-QC", "fr_CA"}, {"poster", "", ""}, {"POST", "u44345174ba83bd34", "u44345174ba83bd34"},
		{"POST", "de", "EN"}, {"POST", "DEU", "x"}, {"POST", "D1", "e1"}, {"POST", "DE-", "-"}, {"POST", "DE-ab", "deu"}, {"POST", "US-06", "de"},
	} {
		rows = append(rows, fmt.Sprintf(`{"item_id": "i%d", "kind": %q, "visibility": "PUBLIC", "author_id": "u", "country": %q, "language": %q}`, i, row.kind, row.country, row.language))
	}
	c := config(t, write(t, schema, rows, 4), deciderFunc(func(_ context.Context, items []*vetov1.Item) (filter.Answer, error) {
		a := filter.Answer{Revision: 4, PolicyVersion: 2}
		for i := range items {
			row := items[i].GetItemId()
			reasons := map[string]vetov1.Reason{
				"i1": vetov1.Reason_REASON_ELIGIBLE, "i2": vetov1.Reason_REASON_ELIGIBLE_REDACTED, "i3": vetov1.Reason_REASON_INVALID, "i4": vetov1.Reason_REASON_INVALID,
				"i5": 5, "i6": 15, "i7": 25, "i8": 97, "i9": vetov1.Reason_REASON_UNSPECIFIED, "i10": -3,
			}
			a.Reasons = append(a.Reasons, reasons[row])
			wrong := map[string]*vetov1.Violation{
				"i3": {Field: "subjects[0].role", Message: "is unknown"}, "i4": {Field: "subjects[12].role", Message: "is unknown too"},
			}[row]
			if wrong == nil {
				continue
			}
			a.Violations = append(a.Violations, &vetov1.IndexedViolation{Index: int32(i), Violation: wrong})
		}
		return a, nil
	}))
	c.Now = steady(time.Second)
	report := run(t, c)
	text, asJSON := texts(t, report)
	golden.Check(t, "everything.txt", text)
	golden.Check(t, "everything.json", asJSON)
	if bytes.Contains(text, []byte("u44345")) || bytes.Contains(asJSON, []byte("u44345")) {
		t.Error("an id in a wrong column got into the report")
	}
	requireKept(t, c.In, c.Out, func(row int) bool { return row == 1 || row == 5 })
	if got, want := report.Offered, report.Included+report.Redacted+report.ExcludedRows()+report.InvalidRows(); got != want || got != 11 {
		t.Errorf("offered %d, counted %d, want 11", got, want)
	}
}

// TestReportIsBounded: a column of something else must not fill the memory with names.
func TestReportIsBounded(t *testing.T) {
	schema := arrow.NewSchema(append(itemFields(), arrow.Field{Name: "country", Type: utf8}, arrow.Field{Name: "language", Type: utf8}), nil)
	var rows []string
	for i := range 1500 {
		name := []byte{'A' + byte(i/26/26), 'A' + byte(i/26%26), 'A' + byte(i%26)}
		rows = append(rows, fmt.Sprintf(`{"item_id": "i", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "country": "DE-%s", "language": %q}`, name, name))
	}
	c := config(t, write(t, schema, rows, 1500), deciderFunc(func(_ context.Context, items []*vetov1.Item) (filter.Answer, error) {
		a := filter.Answer{}
		for i := range items {
			a.Reasons = append(a.Reasons, vetov1.Reason_REASON_INVALID)
			a.Violations = append(a.Violations, &vetov1.IndexedViolation{Index: int32(i), Violation: &vetov1.Violation{Field: "f" + itoa(i), Message: "is wrong"}})
		}
		return a, nil
	}))
	report := run(t, c)
	for what, n := range map[string]int{"countries": len(report.ByCountry), "languages": len(report.ByLanguage), "fields": len(report.Invalid)} {
		if n != 1001 {
			t.Errorf("%d %s, want 1,000 and the others", n, what)
		}
	}
	if rest := report.ByCountry[0]; rest.Name != "(other)" || rest.Offered != 500 {
		t.Errorf("the first of the countries is %v, want the 500 others", rest)
	}
	if rest := report.Invalid[0]; rest.Field != "(other)" || rest.Rows != 500 || rest.Message != "faults of more kinds than are told apart" {
		t.Errorf("the first of the faults is %v, want the 500 others, with the words of none", rest)
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "981 more") {
		t.Errorf("the text does not sum up the rest of the countries:\n%.2000s", text.String())
	}
}

func TestProgressIsPaced(t *testing.T) {
	for name, test := range map[string]struct {
		step time.Duration
		want []int64
	}{
		"a slow run":    {time.Second, []int64{10, 20, 30, 40, 50, 55}},
		"a quick run":   {time.Millisecond, []int64{55}},
		"between these": {50 * time.Millisecond, []int64{20, 40, 55}},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, small(t, 55), by(func(i *vetov1.Item) vetov1.Reason {
				if strings.HasSuffix(i.GetAuthorId(), "0") {
					return vetov1.Reason_REASON_OBJECTED
				}
				return vetov1.Reason_REASON_ELIGIBLE
			}))
			c.Now = steady(test.step)
			var got []int64
			var last filter.Progress
			c.Progress = func(p filter.Progress) {
				got = append(got, p.Rows)
				last = p
			}
			run(t, c)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rows told (-want +got):\n%s", diff)
			}
			want := filter.Progress{Rows: 55, Total: 55, Included: 49, RowsPerSecond: 55 / (6 * test.step).Seconds()}
			if diff := cmp.Diff(want, last); diff != "" {
				t.Errorf("the last (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeciderIsToldTheFields(t *testing.T) {
	c := config(t, small(t, 25), nil)
	c.BatchRows = 4
	c.Mapping = columns.Mapping{Columns: map[string]string{"language": "text"}, Absent: []string{"signals", "labels"}}
	var sizes []int
	var fields filter.Fields
	c.Open = func(_ context.Context, f filter.Fields) (filter.Decider, error) {
		fields = f
		return deciderFunc(func(ctx context.Context, items []*vetov1.Item) (filter.Answer, error) {
			sizes = append(sizes, len(items))
			return everything(ctx, items)
		}), nil
	}
	report := run(t, c)
	want := filter.Fields{
		Mapped: []string{"author_id", "item_id", "kind", "language", "visibility"}, Absent: []string{"labels", "signals"},
		Columns: map[string]string{"author_id": "author_id", "item_id": "item_id", "kind": "kind", "language": "text", "visibility": "visibility"},
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 4, 2, 4, 4, 2, 4, 1}, sizes); diff != "" {
		t.Errorf("batches end where row groups do (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Absent, report.NotChecked); diff != "" {
		t.Errorf("not checked (-want +got):\n%s", diff)
	}
}

// TestAbsentSignalsAreNotChecked: what a corpus has no column for stands in the report by its name.
func TestAbsentSignalsAreNotChecked(t *testing.T) {
	schema := arrow.NewSchema(append(itemFields(), arrow.Field{Name: "robots", Type: utf8, Nullable: true}), nil)
	c := config(t, write(t, schema, []string{
		`{"item_id": "i0", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "robots": "noai"}`,
		`{"item_id": "i1", "kind": "POST", "visibility": "PUBLIC", "author_id": "u"}`,
	}, 2), by(func(i *vetov1.Item) vetov1.Reason {
		if i.GetSignals().GetRobots() != "" {
			return vetov1.Reason_REASON_SIGNAL
		}
		return vetov1.Reason_REASON_ELIGIBLE
	}))
	c.Now, c.Mapping = steady(time.Second), columns.Mapping{Absent: []string{"service", "labels", "content_usage", "tdm_reservation", "c2pa_training_mining", "plus_data_mining"}}
	var fields filter.Fields
	open := c.Open
	c.Open = func(ctx context.Context, f filter.Fields) (filter.Decider, error) {
		fields = f
		return open(ctx, f)
	}
	text, asJSON := texts(t, run(t, c))
	golden.Check(t, "signals.txt", text)
	golden.Check(t, "signals.json", asJSON)
	if diff := cmp.Diff([]string{"labels", "service"}, fields.Absent); diff != "" {
		t.Errorf("the server is told of fields, not of signals (-want +got):\n%s", diff)
	}
}
