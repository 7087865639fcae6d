package filter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func recheck(t *testing.T, path string, d filter.Decider) (filter.Rechecked, []filter.Exclusion, error) {
	t.Helper()
	var gone []filter.Exclusion
	r, err := filter.Recheck(t.Context(), filter.RecheckConfig{
		Path: path, Open: func(context.Context, filter.Manifest, filter.Fields) (filter.Decider, error) { return d, nil },
		MustGo: func(e filter.Exclusion) error { gone = append(gone, e); return nil },
	})
	return r, gone, err
}

// without decides as kept, but for some items, which were objected to.
func without(ids ...string) deciderFunc {
	return by(func(i *vetov1.Item) vetov1.Reason {
		if slices.Contains(ids, i.GetItemId()) {
			return vetov1.Reason_REASON_OBJECTED
		}
		return vetov1.Reason_REASON_ELIGIBLE
	})
}

func TestRecheckListsWhatMustGo(t *testing.T) {
	for _, format := range []filter.Format{filter.CSV, filter.TSV, filter.JSONLines, filter.Parquet} {
		t.Run(string(format), func(t *testing.T) {
			in := small(t, 25)
			if format != filter.Parquet {
				whole, _ := lined(format, 25)
				in = put(t, filepath.Join(t.TempDir(), "in."+string(format)), []byte(whole))
			}
			c := config(t, in, kept)
			c.Out, c.Purpose = filepath.Join(filepath.Dir(c.Out), "out."+string(format)), "training"
			run(t, c)
			r, gone, err := recheck(t, c.Out, without())
			if err != nil || r.MustGo != 0 || r.Report.Offered != 13 || len(gone) != 0 || r.MasksChanged {
				t.Errorf("nothing changed: %+v, %v, %v", r, gone, err)
			}
			r, gone, err = recheck(t, c.Out, without("i4", "i24", "i5"))
			if err != nil || r.MustGo != 2 || len(gone) != 2 || gone[0].ItemID != "i4" || gone[0].Row != 3 || gone[1].ItemID != "i24" || gone[1].Reason != "OBJECTED" {
				t.Errorf("two objected: %+v, %v, %v", r, gone, err)
			}
		})
	}
}

// TestRecheckReadsWhatIsLeft: names that stood only in rows which were left out do not hinder it, and those that the rules read stay mapped.
func TestRecheckReadsWhatIsLeft(t *testing.T) {
	in := put(t, filepath.Join(t.TempDir(), "in.jsonl"), []byte(`{"item_id":"i1","kind":"POST","visibility":"PUBLIC","author_id":"u","tags":["x"],"labels_":1,"country":"DE"}
{"item_id":"i2","kind":"POST","visibility":"PUBLIC","author_id":"u"}
`))
	c := config(t, in, kept)
	c.Out, c.Purpose, c.Mapping = filepath.Join(filepath.Dir(c.Out), "out.jsonl"), "training", columns.Mapping{Columns: map[string]string{"labels": "tags"}}
	run(t, c)
	var fields filter.Fields
	_, err := filter.Recheck(t.Context(), filter.RecheckConfig{Path: c.Out, Open: func(_ context.Context, _ filter.Manifest, f filter.Fields) (filter.Decider, error) {
		fields = f
		return without(), nil
	}})
	if err != nil || !slices.Equal(fields.Mapped, []string{"author_id", "country", "item_id", "kind", "labels", "visibility"}) {
		t.Errorf("mapped %v, %v", fields.Mapped, err)
	}
}

func TestRecheckRefuses(t *testing.T) {
	whole, _ := lined(filter.CSV, 9)
	in := put(t, filepath.Join(t.TempDir(), "in.csv"), []byte(whole))
	fresh := func(t *testing.T) string {
		t.Helper()
		c := config(t, in, kept)
		c.Out, c.Purpose = filepath.Join(filepath.Dir(c.Out), "out.csv"), "training"
		run(t, c)
		return c.Out
	}
	for name, test := range map[string]struct {
		damage func(t *testing.T, out string)
		want   error
	}{
		"a changed output":     {func(t *testing.T, out string) { t.Helper(); put(t, out, append(get(t, out), "x"...)) }, filter.ErrChanged},
		"an output of another": {func(t *testing.T, out string) { t.Helper(); put(t, out, []byte(whole)) }, filter.ErrChanged},
		"no manifest": {func(t *testing.T, out string) {
			t.Helper()
			if err := os.Remove(out + filter.ManifestSuffix); err != nil {
				t.Fatal(err)
			}
		}, fs.ErrNotExist},
		"no output": {func(t *testing.T, out string) {
			t.Helper()
			if err := os.Remove(out); err != nil {
				t.Fatal(err)
			}
		}, fs.ErrNotExist},
		"half a manifest": {func(t *testing.T, out string) {
			t.Helper()
			text := get(t, out+filter.ManifestSuffix)
			put(t, out+filter.ManifestSuffix, text[:len(text)/2])
		}, filter.ErrManifest},
		"a replay": {func(t *testing.T, out string) {
			t.Helper()
			m, err := filter.ReadManifest(out)
			if err != nil {
				t.Fatal(err)
			}
			m.Replay = &filter.Replay{AtRevision: 3}
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			put(t, out+filter.ManifestSuffix, text)
		}, filter.ErrReplay},
	} {
		t.Run(name, func(t *testing.T) {
			out := fresh(t)
			test.damage(t, out)
			if _, _, err := recheck(t, out, without()); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// masking includes all items, masked where somebody else is in them: those at the positions that of says.
func masking(of func(*vetov1.Item) []int32) deciderFunc {
	return func(_ context.Context, items []*vetov1.Item) (filter.Answer, error) {
		a := filter.Answer{Revision: 12, PolicyVersion: 3}
		for i, item := range items {
			positions := of(item)
			if len(positions) == 0 {
				a.Reasons = append(a.Reasons, vetov1.Reason_REASON_ELIGIBLE)
				continue
			}
			a.Reasons = append(a.Reasons, vetov1.Reason_REASON_ELIGIBLE_REDACTED)
			a.Redactions = append(a.Redactions, &vetov1.IndexedRedaction{Index: int32(i), Positions: positions})
		}
		return a, nil
	}
}

func TestRedactions(t *testing.T) {
	subject := `{"subject_id": "s", "role": "TAGGED"}`
	rows := []string{
		`{"item_id": "i0", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "subjects": [` + subject + `,` + subject + `]}`,
		`{"item_id": "i1", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "subjects": []}`,
		`{"item_id": "i2", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "subjects": [` + subject + `]}`,
	}
	everybody := masking(func(i *vetov1.Item) []int32 {
		var all []int32
		for n := range i.GetSubjects() {
			all = append(all, int32(n))
		}
		return all
	})
	nobody := masking(func(*vetov1.Item) []int32 { return nil })
	schema := arrow.NewSchema(append(itemFields(), arrow.Field{Name: "subjects", Type: arrow.ListOf(arrow.StructOf(
		arrow.Field{Name: "subject_id", Type: utf8}, arrow.Field{Name: "role", Type: utf8},
	))}), nil)
	lines := put(t, filepath.Join(t.TempDir(), "in.jsonl"), []byte(strings.Join(rows, "\n")+"\n"))
	for name, in := range map[string]string{"out.parquet": write(t, schema, rows, 2), "out.jsonl": lines} {
		t.Run(name, func(t *testing.T) {
			c := config(t, in, everybody)
			c.Out, c.Redactions, c.Purpose = filepath.Join(filepath.Dir(c.Out), name), "mask", "training"
			if report := run(t, c); report.Included != 1 || report.Redacted != 2 || report.ExcludedRows() != 0 {
				t.Errorf("report: %+v", report)
			}
			if name == "out.jsonl" {
				want := strings.Replace(strings.Replace(strings.Replace(string(get(t, in)), "]}\n", `],"mask":[0,1]}`+"\n", 1), "[]}", `[],"mask":[]}`, 1), `"TAGGED"}]}`, `"TAGGED"}],"mask":[0]}`, 1)
				if got := string(get(t, c.Out)); got != want {
					t.Errorf("written:\n%s\nwant:\n%s", got, want)
				}
			} else if got := masks(t, c.Out); got != "[[0 1] [] [0]]" {
				t.Errorf("masks: %s", got)
			}
			r, gone, err := recheck(t, c.Out, everybody)
			if err != nil || r.MasksChanged || r.MustGo != 0 || len(gone) != 2 {
				t.Errorf("the same masks: %+v, %v, %v", r, gone, err)
			}
			if r, _, err = recheck(t, c.Out, nobody); err != nil || !r.MasksChanged || r.MustGo != 0 {
				t.Errorf("other masks: %+v, %v", r, err)
			}
			c.Redactions, c.Overwrite = "kind", true
			if _, err := filter.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "--redactions kind: the corpus has a column of that name") {
				t.Errorf("a name that is taken: %v", err)
			}
		})
	}
	c := config(t, lines, masking(func(i *vetov1.Item) []int32 { return make([]int32, len(i.GetSubjects())/3) }))
	c.Out, c.Redactions = filepath.Join(filepath.Dir(c.Out), "out.jsonl"), "mask"
	c.Open = func(context.Context, filter.Fields) (filter.Decider, error) {
		return by(func(*vetov1.Item) vetov1.Reason { return vetov1.Reason_REASON_ELIGIBLE_REDACTED }), nil
	}
	if says := refused(t, t.Context(), c, nil); !strings.Contains(says, "does not say who") {
		t.Errorf("an answer that masks nobody: %s", says)
	}
}

// masks reads the column of redactions.
func masks(t *testing.T, path string) string {
	t.Helper()
	reader, err := file.NewParquetReader(bytes.NewReader(get(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	from, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := from.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	var all []string
	for _, chunk := range table.Column(table.Schema().FieldIndices("mask")[0]).Data().Chunks() {
		lists, ok := chunk.(*array.List)
		if !ok {
			t.Fatalf("the column is of type %s", chunk.DataType())
		}
		for i := range lists.Len() {
			first, after := lists.ValueOffsets(i)
			part := array.NewSlice(lists.ListValues(), first, after)
			all = append(all, strings.ReplaceAll(part.String(), "  ", " "))
			part.Release()
		}
	}
	return "[" + strings.Join(all, " ") + "]"
}
