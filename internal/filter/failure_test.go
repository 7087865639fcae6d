package filter_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func TestConfigFaultsComeAtOnce(t *testing.T) {
	_, err := filter.Run(t.Context(), filter.Config{BatchRows: 10_001})
	for _, want := range []string{"no input is named", "no output is named", "Open is nil", "batches of 10001 rows: want 1 to 10000, or 0 for 8192"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run: %v, want it to say: %s", err, want)
		}
	}
}

// TestPlacesAreCheckedFirst: what cannot be written is refused before anybody is asked to decide.
func TestPlacesAreCheckedFirst(t *testing.T) {
	corpus, err := filepath.Abs(corpus)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, folder string) (in, out string)
		want    error
		says    string
	}{
		"a folder that is not there": {func(_ *testing.T, d string) (string, string) { return corpus, d + "/none/out.parquet" }, nil, "none does not exist; create it first"},
		"a file for a folder": {func(t *testing.T, d string) (string, string) {
			t.Helper()
			touch(t, d+"/file")
			return corpus, d + "/file/out.parquet"
		}, nil, "file"},
		"a folder for a file": {func(_ *testing.T, d string) (string, string) { return corpus, d }, nil, "is there and is no regular file"},
		"there already": {func(t *testing.T, d string) (string, string) {
			t.Helper()
			touch(t, d+"/out.parquet")
			return corpus, d + "/out.parquet"
		}, filter.ErrExists, "the output exists already"},
		"the input itself": {func(t *testing.T, d string) (string, string) {
			t.Helper()
			touch(t, d+"/x.parquet")
			return d + "/x.parquet", d + "/../" + filepath.Base(d) + "/x.parquet"
		}, filter.ErrSameFile, "input and output are the same file"},
		"the input by a link": {func(t *testing.T, d string) (string, string) {
			t.Helper()
			touch(t, d+"/x.parquet")
			if err := os.Symlink(d+"/x.parquet", d+"/y.parquet"); err != nil {
				t.Fatal(err)
			}
			return d + "/x.parquet", d + "/y.parquet"
		}, filter.ErrSameFile, ""},
		"no input":              {func(_ *testing.T, d string) (string, string) { return d + "/none.parquet", d + "/out.parquet" }, fs.ErrNotExist, "open the input"},
		"a folder for an input": {func(_ *testing.T, d string) (string, string) { return d, d + "/out.parquet" }, nil, "its name tells no format"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			in, out := test.prepare(t, folder)
			before := names(t, folder)
			_, err := filter.Run(t.Context(), filter.Config{In: in, Out: out, Open: func(context.Context, filter.Fields) (filter.Decider, error) {
				t.Error("a decider was opened")
				return nil, errors.New("unwanted")
			}})
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Run: %v, want %v, saying: %s", err, test.want, test.says)
			}
			if after := names(t, folder); after != before {
				t.Errorf("the folder held %s and holds %s", before, after)
			}
		})
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestOverwriteReplacesOnlyAtTheEnd(t *testing.T) {
	in := small(t, 25)
	broken := errors.New("the gate is away")
	c := config(t, in, deciderFunc(func(context.Context, []*vetov1.Item) (filter.Answer, error) { return filter.Answer{}, broken }))
	c.Overwrite = true
	touch(t, c.Out)
	if _, err := filter.Run(t.Context(), c); !errors.Is(err, broken) {
		t.Fatalf("Run: %v, want %v", err, broken)
	}
	if content, err := os.ReadFile(c.Out); err != nil || string(content) != "old" || names(t, filepath.Dir(c.Out)) != "out.parquet" {
		t.Fatalf("after an error the output holds %q, %v", content, err)
	}
	c.Open = func(context.Context, filter.Fields) (filter.Decider, error) { return everything, nil }
	run(t, c)
	requireKept(t, in, c.Out, func(int) bool { return true })
}

// TestSomebodyElseWasFaster: a file that appears under the output's name during the run is not replaced.
func TestSomebodyElseWasFaster(t *testing.T) {
	c := config(t, small(t, 5), nil)
	c.Open = func(context.Context, filter.Fields) (filter.Decider, error) {
		touch(t, c.Out)
		return everything, nil
	}
	if _, err := filter.Run(t.Context(), c); !errors.Is(err, filter.ErrExists) {
		t.Errorf("Run: %v, want ErrExists", err)
	}
	if content, err := os.ReadFile(c.Out); err != nil || string(content) != "old" || names(t, filepath.Dir(c.Out)) != "out.parquet" {
		t.Errorf("the other's file holds %q, %v", content, err)
	}
}

// TestWrongAnswersEndTheRun: what a decider may do wrong never writes a row.
func TestWrongAnswersEndTheRun(t *testing.T) {
	away := errors.New("the gate is away")
	eligible := func(n int) []vetov1.Reason {
		all := make([]vetov1.Reason, n)
		for i := range all {
			all[i] = vetov1.Reason_REASON_ELIGIBLE
		}
		return all
	}
	for name, test := range map[string]struct {
		answer func(batch, items int) (filter.Answer, error)
		says   string
	}{
		"an error at once": {func(int, int) (filter.Answer, error) { return filter.Answer{}, away }, "decide rows 1 to 10: the gate is away"},
		"an error half-way": {func(b, n int) (filter.Answer, error) {
			return filter.Answer{Reasons: eligible(n)}, map[int]error{3: away}[b]
		}, "decide rows 31 to 40: the gate is away"},
		"an error at the end": {func(b, n int) (filter.Answer, error) {
			return filter.Answer{Reasons: eligible(n)}, map[int]error{5: away}[b]
		}, "decide rows 51 to 55: the gate is away"},
		"a reason too few":       {func(_, n int) (filter.Answer, error) { return filter.Answer{Reasons: eligible(n - 1)}, nil }, "decide rows 1 to 10: 10 items were sent and 9 reasons came back"},
		"a reason too many":      {func(_, n int) (filter.Answer, error) { return filter.Answer{Reasons: eligible(n + 1)}, nil }, "10 items were sent and 11 reasons came back"},
		"no answer":              {func(int, int) (filter.Answer, error) { return filter.Answer{}, nil }, "10 items were sent and 0 reasons came back"},
		"a violation beyond":     {func(_, n int) (filter.Answer, error) { return answerWithViolation(eligible(n), n), nil }, "10 items were sent and a violation of item 10 came back"},
		"a violation before all": {func(_, n int) (filter.Answer, error) { return answerWithViolation(eligible(n), -1), nil }, "a violation of item -1 came back"},
	} {
		t.Run(name, func(t *testing.T) {
			batch := -1
			says := refused(t, t.Context(), config(t, small(t, 55), deciderFunc(func(_ context.Context, items []*vetov1.Item) (filter.Answer, error) {
				batch++
				return test.answer(batch, len(items))
			})), nil)
			if !strings.Contains(says, test.says) {
				t.Errorf("Run: %s, want it to say: %s", says, test.says)
			}
		})
	}
}

func answerWithViolation(reasons []vetov1.Reason, index int) filter.Answer {
	return filter.Answer{Reasons: reasons, Violations: []*vetov1.IndexedViolation{{Index: int32(index)}}}
}

func TestUnopenedDeciderLeavesNothing(t *testing.T) {
	away := errors.New("no policy reads like that")
	c := config(t, small(t, 5), nil)
	c.Open = func(context.Context, filter.Fields) (filter.Decider, error) { return nil, away }
	refused(t, t.Context(), c, away)
}

func TestCancelLeavesNothing(t *testing.T) {
	for name, after := range map[string]int{"before the first batch": 0, "half-way": 3, "in the last batch": 5} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			batch := -1
			refused(t, ctx, config(t, small(t, 60), deciderFunc(func(ctx context.Context, items []*vetov1.Item) (filter.Answer, error) {
				if batch++; batch == after {
					cancel()
				}
				return everything(context.WithoutCancel(ctx), items)
			})), context.Canceled)
		})
	}
}

func TestCancelledBeforeItBegan(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	refused(t, ctx, config(t, small(t, 60), everything), context.Canceled)
}

// TestChangedInputIsRefused: rows are decided on one pass and copied on another; between the two the file has to stay what it is.
func TestChangedInputIsRefused(t *testing.T) {
	in := small(t, 30)
	c := config(t, in, deciderFunc(func(ctx context.Context, items []*vetov1.Item) (filter.Answer, error) {
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(in, later, later); err != nil {
			t.Error(err)
		}
		return everything(ctx, items)
	}))
	if says := refused(t, t.Context(), c, nil); !strings.Contains(says, "the input was changed while it was read") {
		t.Errorf("Run: %s", says)
	}
}

// firstCall answers calls without items.
type firstCall struct {
	answer filter.Answer
	err    error
	calls  int // without items
}

func (d *firstCall) Decide(ctx context.Context, items []*vetov1.Item) (filter.Answer, error) {
	if len(items) > 0 {
		return everything(ctx, items)
	}
	d.calls++
	return d.answer, d.err
}

// TestTheDeciderIsAskedBeforeTheFirstRow: a purpose that is none, a revision out of reach and fields that nobody mapped are refused for an empty
// corpus too.
func TestTheDeciderIsAskedBeforeTheFirstRow(t *testing.T) {
	for _, rows := range []int{0, 25} {
		d := &firstCall{err: errors.New("no such purpose")}
		if says := refused(t, t.Context(), config(t, small(t, rows), d), d.err); !strings.Contains(says, "ask before the first row: no such purpose") {
			t.Errorf("%d rows: %s", rows, says)
		}
		d = &firstCall{answer: filter.Answer{Reasons: make([]vetov1.Reason, 1)}}
		if says := refused(t, t.Context(), config(t, small(t, rows), d), nil); !strings.Contains(says, "no item was sent and 1 reasons came back") {
			t.Errorf("%d rows: %s", rows, says)
		}
		d = &firstCall{answer: filter.Answer{Revision: 7, PolicyVersion: 2}}
		report := run(t, config(t, small(t, rows), d))
		want := filter.Span{First: 12, Last: 12} // of the rows
		if rows == 0 {
			want = filter.Span{First: 7, Last: 7}
		}
		if report.Revisions != want || d.calls != 1 {
			t.Errorf("%d rows: decided at %v after %d first calls, want %v after one", rows, report.Revisions, d.calls, want)
		}
	}
}

func TestMappingFaultsAreTold(t *testing.T) {
	in := write(t, arrow.NewSchema(append(itemFields(), arrow.Field{Name: "labels", Type: arrow.FixedWidthTypes.Boolean, Nullable: true}), nil), nil, 10)
	c := config(t, in, everything)
	c.Mapping = columns.Mapping{Absent: []string{"label"}}
	says := refused(t, t.Context(), c, nil)
	for _, want := range []string{"map columns to fields: ", "--absent label: ", `labels: column "labels" is of type bool`} {
		if !strings.Contains(says, want) {
			t.Errorf("Run: %s, want it to say: %s", says, want)
		}
	}
}

func TestFault_P06_BrokenFilesAreRefused(t *testing.T) {
	whole, err := os.ReadFile(small(t, 60))
	if err != nil {
		t.Fatal(err)
	}
	zeroed := bytes.Clone(whole)
	clear(zeroed[4:200])
	for name, content := range map[string][]byte{
		"empty": {}, "text": []byte("item_id,kind\ni1,POST\n"), "JSON": []byte(`{"item_id": "i1", "kind": "POST", "visibility": "PUBLIC"}`),
		"only the magic": []byte("PAR1"), "magic twice": []byte("PAR1PAR1"), "a footer longer than the file": []byte("PAR1\xff\xff\xff\x7fPAR1"),
		"the first half": whole[:len(whole)/2], "the second half": whole[len(whole)/2:], "a byte less": whole[:len(whole)-1],
		"a byte more": append(bytes.Clone(whole), 0), "zeros where its pages were": zeroed, "encrypted": append(bytes.Clone(whole[:len(whole)-4]), "PARE"...),
	} {
		t.Run(name, func(t *testing.T) {
			in := filepath.Join(t.TempDir(), "in.parquet")
			if err := os.WriteFile(in, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if says := refused(t, t.Context(), config(t, in, everything), filter.ErrDamaged); strings.Contains(says, "goroutine") {
				t.Errorf("the error has a stack: %s", says)
			}
		})
	}
}

// TestFault_P06_BrokenBytes flips bits all over a small corpus, one at a time. Whatever the decoder makes of it, the process lives, and there is
// either an error and no output or a whole output.
func TestFault_P06_BrokenBytes(t *testing.T) {
	whole, err := os.ReadFile(small(t, 12))
	if err != nil {
		t.Fatal(err)
	}
	in, folder := filepath.Join(t.TempDir(), "in.parquet"), t.TempDir()
	refusals, files := 0, 0
	for i := 0; i < len(whole); i += 11 {
		broken := bytes.Clone(whole)
		broken[i] ^= 1 << (i % 8)
		refusals += checkBroken(t, in, folder, broken)
		files++
	}
	if refusals < files/10 {
		t.Errorf("only %d of %d broken files were refused: the test breaks nothing that matters", refusals, files)
	}
}

// TestFault_P06_BrokenRuns writes over a few runs of bytes at once, with the values that lengths and counts are most often attacked with.
func TestFault_P06_BrokenRuns(t *testing.T) {
	whole, err := os.ReadFile(small(t, 12))
	if err != nil {
		t.Fatal(err)
	}
	in, folder := filepath.Join(t.TempDir(), "in.parquet"), t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		broken := bytes.Clone(whole)
		for range rapid.IntRange(1, 4).Draw(r, "runs") {
			from := rapid.IntRange(0, len(broken)-1).Draw(r, "from")
			to := min(len(broken), from+rapid.IntRange(1, 9).Draw(r, "length"))
			value := rapid.SampledFrom([]byte{0x00, 0x7f, 0x80, 0xff, 0x15}).Draw(r, "value")
			for i := from; i < to; i++ {
				broken[i] = value
			}
		}
		checkBroken(t, in, folder, broken)
	})
}

// checkBroken filters what may be no Parquet file, and returns 1 where it was refused.
func checkBroken(t *testing.T, in, folder string, content []byte) int {
	t.Helper()
	if err := os.WriteFile(in, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "out"+strings.TrimPrefix(filepath.Base(in), "in"))
	report, err := filter.Run(t.Context(), filter.Config{
		In: in, Out: out, Overwrite: true,
		Open: func(context.Context, filter.Fields) (filter.Decider, error) { return everything, nil },
	})
	if err != nil {
		if left := names(t, folder); left != "" {
			t.Fatalf("an error (%v) left %s behind", err, left)
		}
		return 1
	}
	if report.Included+report.InvalidRows() != report.Offered {
		t.Fatalf("%d of %d rows included and %d invalid, and all others were eligible", report.Included, report.Offered, report.InvalidRows())
	}
	if err := errors.Join(os.Remove(out), os.Remove(out+filter.ManifestSuffix)); err != nil {
		t.Fatal(err)
	}
	return 0
}

func FuzzRun(f *testing.F) {
	seed, err := os.ReadFile(small(f, 12))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		checkBroken(t, filepath.Join(t.TempDir(), "in.parquet"), t.TempDir(), content)
	})
}

// FuzzRunText is FuzzRun for the other formats, compressed ones too.
func FuzzRunText(f *testing.F) {
	for n, seed := range []string{"item_id,kind\ni1,POST\n", "item_id\tkind\ni1\tPOST\n", `{"item_id":"i1","kind":"POST"}` + "\n", "\x1f\x8b\x08\x00", "\x28\xb5\x2f\xfd"} {
		f.Add(uint8(n), []byte(seed))
	}
	names := []string{"in.csv", "in.tsv", "in.jsonl", "in.csv.gz", "in.jsonl.zst"}
	f.Fuzz(func(t *testing.T, n uint8, content []byte) {
		checkBroken(t, filepath.Join(t.TempDir(), names[int(n)%len(names)]), t.TempDir(), content)
	})
}

// TestFault_P06_AFooterThatLies joins the pages of one corpus and the footer of another: of other types, another order, fewer columns, more rows. Each is
// refused, or is read by what its pages hold; none brings the process down or leaves half of an output.
func TestFault_P06_AFooterThatLies(t *testing.T) {
	fields := append(itemFields(), arrow.Field{Name: "text", Type: utf8, Nullable: true})
	as := func(name string, kind arrow.DataType) []arrow.Field {
		changed := slices.Clone(fields)
		for i := range changed {
			if changed[i].Name == name {
				changed[i].Type = kind
			}
		}
		return changed
	}
	reversed := slices.Clone(fields)
	slices.Reverse(reversed)
	rows := func(n int, id string) (rows []string) {
		for i := range n {
			rows = append(rows, fmt.Sprintf(`{"item_id": %s, "kind": "POST", "visibility": "PUBLIC", "author_id": "u%d", "text": "words of %d"}`, strings.ReplaceAll(id, "#", itoa(i)), i, i))
		}
		return rows
	}
	files := map[string][]byte{}
	for name, path := range map[string]string{
		"60 rows":          write(t, arrow.NewSchema(fields, nil), rows(60, `"i#"`), 10),
		"600 rows":         write(t, arrow.NewSchema(fields, nil), rows(600, `"i#"`), 100),
		"ids of integers":  write(t, arrow.NewSchema(as("item_id", arrow.PrimitiveTypes.Int64), nil), rows(60, "#"), 10),
		"ids of 32 bits":   write(t, arrow.NewSchema(as("item_id", arrow.PrimitiveTypes.Int32), nil), rows(60, "#"), 10),
		"the other way":    write(t, arrow.NewSchema(reversed, nil), rows(60, `"i#"`), 10),
		"without a column": write(t, arrow.NewSchema(fields[:len(fields)-1], nil), rows(60, `"i#"`), 10),
	} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	footer := func(content []byte) int {
		return len(content) - 8 - int(binary.LittleEndian.Uint32(content[len(content)-8:]))
	}
	in, folder := filepath.Join(t.TempDir(), "in.parquet"), t.TempDir()
	joined, refusals := 0, 0
	for pages, from := range files {
		for named, to := range files {
			if pages == named {
				continue
			}
			joined++
			refusals += checkBroken(t, in, folder, slices.Concat(from[:footer(from)], to[footer(to):]))
		}
	}
	if joined != 30 || refusals < joined/2 {
		t.Errorf("%d of %d files that lie were refused", refusals, joined)
	}
	t.Logf("%d of %d files were refused, the others read by what their pages hold", refusals, joined)
}
