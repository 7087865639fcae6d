package filter_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// kept includes the items whose id ends in an even digit.
var kept = by(func(i *vetov1.Item) vetov1.Reason {
	switch id := i.GetItemId(); {
	case id == "":
		return vetov1.Reason_REASON_INVALID
	case (id[len(id)-1]-'0')%2 == 0:
		return vetov1.Reason_REASON_ELIGIBLE
	}
	return vetov1.Reason_REASON_OBJECTED
})

// lined is a corpus of n rows in a format of text, and what kept leaves of it.
func lined(format filter.Format, n int) (whole, left string) {
	head, row := "item_id,kind,visibility,author_id,text\n", "i%d,POST,PUBLIC,u%d,\"a, \"\"b\"\"\"\n"
	switch format {
	case filter.TSV:
		head, row = strings.ReplaceAll(head, ",", "\t"), "i%d\tPOST\tPUBLIC\tu%d\ta, b\n"
	case filter.JSONLines:
		head, row = "", `{"item_id": "i%d", "kind":"POST","visibility":"PUBLIC", "author_id":"u%d", "text": "ü\u00e9"}`+"\n"
	}
	var a, b strings.Builder
	a.WriteString(head)
	b.WriteString(head)
	for i := range n {
		fmt.Fprintf(&a, row, i, i)
		if i%2 == 0 {
			fmt.Fprintf(&b, row, i, i)
		}
	}
	return a.String(), b.String()
}

func packed(t *testing.T, how, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	switch how {
	case ".gz":
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(text))
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	case ".zst":
		w, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write([]byte(text))
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	default:
		b.WriteString(text)
	}
	return b.Bytes()
}

func unpacked(t *testing.T, how string, content []byte) string {
	t.Helper()
	var text bytes.Buffer
	switch how {
	case ".gz":
		r, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := text.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
	case ".zst":
		r, err := zstd.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := text.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
	default:
		text.Write(content)
	}
	return text.String()
}

func put(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func get(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestTextPassesThrough(t *testing.T) {
	for format, suffix := range map[filter.Format]string{filter.CSV: ".csv", filter.TSV: ".tsv", filter.JSONLines: ".jsonl"} {
		for _, in := range []string{"", ".gz", ".zst"} {
			for _, out := range []string{"", ".gz", ".zst"} {
				t.Run(suffix+in+" to "+out, func(t *testing.T) {
					whole, left := lined(format, 25)
					c := config(t, put(t, filepath.Join(t.TempDir(), "in"+suffix+in), packed(t, in, whole)), kept)
					c.Out, c.BatchRows = filepath.Join(t.TempDir(), "out"+suffix+out), 7
					report := run(t, c)
					if got := unpacked(t, out, get(t, c.Out)); got != left {
						t.Errorf("written:\n%s\nwant:\n%s", got, left)
					}
					if report.Offered != 25 || report.Included != 13 || len(report.Excluded) != 1 {
						t.Errorf("report: %+v", report)
					}
				})
			}
		}
	}
}

// TestStandardStreams: a corpus that has no name says its format; data goes to standard output and nothing lies beside it.
func TestStandardStreams(t *testing.T) {
	whole, left := lined(filter.JSONLines, 5)
	var out bytes.Buffer
	c := config(t, filter.Std, kept)
	c.Out, c.Format, c.Stdin, c.Stdout = filter.Std, filter.JSONLines, bytes.NewReader(packed(t, ".zst", whole)), &out
	if run(t, c); out.String() != left {
		t.Errorf("written: %q", out.String())
	}
	c = config(t, filter.Std, kept)
	c.Stdin = strings.NewReader(whole)
	if says := refused(t, t.Context(), c, nil); !strings.Contains(says, "--format is missing") {
		t.Errorf("without a format: %s", says)
	}
	c.Format = filter.Parquet
	if says := refused(t, t.Context(), c, nil); !strings.Contains(says, "cannot come from standard input") {
		t.Errorf("Parquet from a stream: %s", says)
	}
	c = config(t, filter.Std, kept)
	c.Format, c.Stdin, c.Out = filter.CSV, strings.NewReader(whole), filepath.Join(t.TempDir(), "x.jsonl")
	if says := refused(t, t.Context(), c, nil); !strings.Contains(says, "rows are written as they were read") {
		t.Errorf("another format: %s", says)
	}
}

func TestFault_P01_BombsAndCutStreams(t *testing.T) {
	whole, _ := lined(filter.JSONLines, 2000)
	for name, content := range map[string][]byte{
		"cut gzip":        packed(t, ".gz", whole)[:200],
		"cut zstd":        packed(t, ".zst", whole)[:100],
		"gzip, then more": append(packed(t, ".gz", whole), "garbage"...),
		"no gzip":         {0x1f, 0x8b, 0xff, 0xff},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, put(t, filepath.Join(t.TempDir(), "in.jsonl"), content), kept)
			c.Out = filepath.Join(filepath.Dir(c.Out), "out.jsonl")
			refused(t, t.Context(), c, filter.ErrDamaged)
		})
	}
	// A row of 64 MiB in a few kilobytes: one INVALID row, and its neighbour is decided.
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	block := bytes.Repeat([]byte("x"), 1<<20)
	for range 64 {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	line, _ := lined(filter.JSONLines, 1)
	if _, err := w.Write([]byte("\n" + line)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := config(t, put(t, filepath.Join(t.TempDir(), "in.jsonl.gz"), b.Bytes()), kept)
	c.Out, c.Mapping = filepath.Join(t.TempDir(), "out.jsonl"), columns.Mapping{}
	report := run(t, c)
	if report.Offered != 2 || report.Included != 1 || report.InvalidRows() != 1 || report.Invalid[0].Field != "row" {
		t.Errorf("report: %+v", report)
	}
}

func TestExclusions(t *testing.T) {
	in := put(t, filepath.Join(t.TempDir(), "in.csv"), []byte("item_id,kind,visibility,author_id\ni1,POST,PUBLIC,u\n=i3,POST,PUBLIC,u\ni2,POST,PUBLIC,u\ni5,TWEET,PUBLIC,u\n"))
	want := []filter.Exclusion{{Row: 1, ItemID: "i1", Reason: "OBJECTED"}, {Row: 2, ItemID: "=i3", Reason: "OBJECTED"}, {Row: 4, ItemID: "i5", Reason: "INVALID", Field: "kind"}}
	for _, suffix := range []string{".csv", ".tsv", ".jsonl", ".jsonl.gz", ".csv.zst", ".parquet"} {
		t.Run(suffix, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "why"+suffix)
			list, err := filter.CreateExclusions(path, false)
			if err != nil {
				t.Fatal(err)
			}
			defer list.Discard()
			c := config(t, in, kept)
			c.Out, c.Excluded = filepath.Join(t.TempDir(), "out.csv"), list.Of("in.csv")
			run(t, c)
			if err := list.Publish(); err != nil {
				t.Fatal(err)
			}
			text := unpacked(t, filepath.Ext(suffix), get(t, path))
			switch {
			case strings.HasPrefix(suffix, ".jsonl"):
				var got []filter.Exclusion
				for line := range strings.Lines(text) {
					var e struct {
						Row                    int64
						Item_ID, Reason, Field string
					}
					if err := json.Unmarshal([]byte(line), &e); err != nil {
						t.Fatal(err)
					}
					got = append(got, filter.Exclusion{Row: e.Row, ItemID: e.Item_ID, Reason: e.Reason, Field: e.Field})
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("listed (-want +got):\n%s", diff)
				}
			case suffix == ".parquet":
				r, err := file.OpenParquetFile(path, false)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				if r.NumRows() != 3 || r.MetaData().Schema.NumColumns() != 7 {
					t.Errorf("%d rows, %d columns", r.NumRows(), r.MetaData().Schema.NumColumns())
				}
			default:
				comma := map[bool]string{true: "\t", false: ","}[suffix == ".tsv"]
				head := strings.Join([]string{"file", "row", "item_id", "reason", "field", "message", "redact"}, comma) + "\n"
				if !strings.HasPrefix(text, head) || !strings.Contains(text, strings.Join([]string{"in.csv", "2", "'=i3", "OBJECTED"}, comma)) || strings.Count(text, "\n") != 4 {
					t.Errorf("listed:\n%s", text)
				}
			}
		})
	}
	if _, err := filter.CreateExclusions(filepath.Join(t.TempDir(), "why.txt"), false); err == nil {
		t.Error("a list without a format was begun")
	}
	if _, err := filter.CreateExclusions(in, false); !errors.Is(err, filter.ErrExists) {
		t.Errorf("over a file that is there: %v", err)
	}
}

// TestFault_W01_FormulasInATable: a spreadsheet that opens the list runs nothing.
func TestFault_W01_FormulasInATable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "why.csv")
	list, err := filter.CreateExclusions(path, false)
	if err != nil {
		t.Fatal(err)
	}
	add := list.Of("=in.csv")
	for _, id := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "harmless"} {
		if err := add(filter.Exclusion{Row: 1, ItemID: id, Reason: "OBJECTED"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := list.Publish(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(get(t, path))) {
		for cell := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			if cell = strings.TrimPrefix(cell, `"`); cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a cell begins like a formula: %q", cell)
			}
		}
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	c := config(t, small(t, 25), kept)
	folder := filepath.Dir(c.Out)
	c.Out, c.DryRun = "", true
	if report := run(t, c); report.Offered != 25 || report.Included != 13 || names(t, folder) != "" {
		t.Errorf("report %+v, and there is %q", report, names(t, folder))
	}
}

// TestShards: a folder is looked through, each file is written under its name, and one report counts all.
func TestShards(t *testing.T) {
	folder, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	csv, leftCSV := lined(filter.CSV, 10)
	lines, leftLines := lined(filter.JSONLines, 30)
	if err := os.MkdirAll(filepath.Join(folder, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(folder, "a.csv"), []byte(csv))
	put(t, filepath.Join(folder, "deep", "b.jsonl"), []byte(lines))
	put(t, filepath.Join(folder, "_SUCCESS"), nil)
	put(t, filepath.Join(folder, ".a.csv.crc"), nil)
	put(t, filepath.Join(folder, "a.csv.veto.json"), nil)
	put(t, filepath.Join(folder, "notes.txt"), nil)
	if err := os.Rename(small(t, 25), filepath.Join(folder, "c.parquet")); err != nil {
		t.Fatal(err)
	}
	inputs, err := filter.FindInputs([]string{folder}, out, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(inputs.Pairs) != 3 || !slices.Equal(inputs.Skipped, []string{filepath.Join(folder, "notes.txt")}) {
		t.Fatalf("inputs: %+v", inputs)
	}
	for _, f := range inputs.Folders() {
		if err := os.MkdirAll(f, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c := config(t, "", kept)
	c.In, c.Out = "", ""
	var last filter.Progress
	c.Progress = func(p filter.Progress) { last = p }
	report, err := filter.RunAll(t.Context(), c, inputs.Pairs, 3, func(filter.Pair) func(filter.Exclusion) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if report.Offered != 65 || report.Included != 5+15+13 || report.ExcludedRows() != 5+15+12 || len(report.Files) != 3 || last.Rows == 0 {
		t.Errorf("report: %+v, %+v", report, last)
	}
	if got := string(get(t, filepath.Join(out, "a.csv"))); got != leftCSV {
		t.Errorf("a.csv: %s", got)
	}
	if got := string(get(t, filepath.Join(out, "deep", "b.jsonl"))); got != leftLines {
		t.Errorf("b.jsonl: %s", got)
	}
	if got, want := names(t, out), "a.csv a.csv.veto.json c.parquet c.parquet.veto.json deep"; got != want {
		t.Errorf("there are %s, want %s", got, want)
	}

	// One that cannot be read fails the run by its name.
	put(t, filepath.Join(folder, "d.parquet"), []byte("PAR1"))
	again, err := filter.FindInputs([]string{filepath.Join(folder, "*.parquet")}, out, "")
	if err != nil {
		t.Fatal(err)
	}
	c.Overwrite = true
	if _, err := filter.RunAll(t.Context(), c, again.Pairs, 1, func(filter.Pair) func(filter.Exclusion) error { return nil }); !errors.Is(err, filter.ErrDamaged) || !strings.Contains(err.Error(), "d.parquet: ") {
		t.Errorf("a broken shard: %v", err)
	}
	if strings.Contains(names(t, out), "d.parquet") {
		t.Errorf("a broken shard left %s", names(t, out))
	}
}

func TestFindInputsRefuses(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "a.csv"), nil)
	other := t.TempDir()
	put(t, filepath.Join(other, "a.csv"), nil)
	for name, test := range map[string]struct {
		in   []string
		out  string
		says string
	}{
		"a pattern of none":     {[]string{filepath.Join(folder, "*.parquet")}, "o", "no file has such a name"},
		"a broken pattern":      {[]string{filepath.Join(folder, "[")}, "o", "not a pattern"},
		"an empty folder":       {[]string{t.TempDir()}, "o", "no file in it has a name that tells a format"},
		"one name twice":        {[]string{filepath.Join(folder, "a.csv"), filepath.Join(other, "a.csv")}, "o", "would both be written to"},
		"a stream among others": {[]string{"-", filepath.Join(folder, "a.csv")}, "o", "take one corpus"},
		"several to one stream": {[]string{folder}, "-", "take one corpus"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := filter.FindInputs(test.in, test.out, ""); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want it to say: %s", err, test.says)
			}
		})
	}
}

func TestManifest(t *testing.T) {
	whole, left := lined(filter.CSV, 9)
	in := put(t, filepath.Join(t.TempDir(), "in.csv"), []byte(whole))
	c := config(t, in, kept)
	c.Out, c.Purpose = filepath.Join(filepath.Dir(c.Out), "out.csv"), "training"
	c.Mapping = columns.Mapping{Absent: []string{"labels"}, Set: map[string]string{"country": "DE"}, Values: map[string]map[string]string{"kind": {"tweet": "POST"}}}
	c.Now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	report := run(t, c)
	m, err := filter.ReadManifest(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	in1, err := filter.SumFile(in)
	if err != nil {
		t.Fatal(err)
	}
	out1, err := filter.SumFile(c.Out)
	if err != nil || string(get(t, c.Out)) != left {
		t.Fatal(err)
	}
	want := filter.Manifest{
		Format: "veto-filter/1", Veto: "veto", CreatedAt: c.Now(), Corpus: filter.CSV, Input: in1, Output: out1, Report: report,
		Mapping: filter.Mapping{
			Columns: map[string]string{"author_id": "author_id", "item_id": "item_id", "kind": "kind", "visibility": "visibility"},
			Absent:  c.Mapping.Absent, Set: c.Mapping.Set, Values: c.Mapping.Values,
		},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	text := string(get(t, c.Out+filter.ManifestSuffix))
	for name, change := range map[string][2]string{
		"another version":     {"veto-filter/1", "veto-filter/2"},
		"a field too many":    {`"veto":`, `"more": 1, "veto":`},
		"another type":        {`"offered": 9`, `"offered": "9"`},
		"no sum":              {in1.SHA256, "00"},
		"no format of corpus": {`"corpus": "csv"`, `"corpus": "xml"`},
		"no purpose":          {`"purpose": "training"`, `"purpose": ""`},
		"something behind":    {"\n}\n", "\n} {}"},
		"no JSON":             {"{", "["},
	} {
		if _, err := filter.ParseManifest([]byte(strings.Replace(text, change[0], change[1], 1))); !errors.Is(err, filter.ErrManifest) {
			t.Errorf("%s: %v, want ErrManifest", name, err)
		}
	}
	if _, err := filter.ParseManifest(bytes.Repeat([]byte(" "), 5<<20)); !errors.Is(err, filter.ErrManifest) {
		t.Errorf("too long: %v", err)
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(`{"format": "veto-filter/1", "corpus": "csv", "report": {"purpose": "x"}}`))
	f.Add([]byte(`{"format": "veto-filter/1"}{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := filter.ParseManifest(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := filter.ParseManifest(again); err != nil || !cmp.Equal(m, back) {
			t.Errorf("%s reads as another: %v", again, err)
		}
	})
}
