package lines_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter/corpus"
	"github.com/veto-gate/veto/internal/filter/lines"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

const header = "item_id,kind,visibility,author_id\n"

// reporter is a test, or a draw of one.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// seen is a row as it was read.
type seen struct {
	id, wrong string // the item's id, or the field that is at fault
}

// read takes a corpus through, keeping what keep says, and returns what it saw and what it wrote.
func read(t reporter, text string, o lines.Options, m columns.Mapping, batchRows int, keep func(row int, item *vetov1.Item) bool) (rows []seen, written string, err error) {
	t.Helper()
	if o.MaxRowBytes == 0 {
		o.MaxRowBytes = 1 << 20
	}
	s := lines.Open(io.NopCloser(strings.NewReader(text)), o)
	defer s.Close()
	if _, err := s.Bind(m, batchRows); err != nil {
		return nil, "", err
	}
	free := make(chan []*vetov1.Item, 1)
	batches, parts := make(chan corpus.Batch), make(chan corpus.Part)
	var out bytes.Buffer
	wrote, ended := make(chan error, 1), make(chan error, 1)
	go func() { wrote <- s.WriteAll(context.Background(), &out, parts) }()
	go func() {
		ended <- s.ReadAll(context.Background(), free, batches)
		close(batches)
	}()
	free <- nil
	for b := range batches {
		p := corpus.Part{Group: b.Group, Raw: b.Raw, Ends: b.Ends}
		wrong := map[int32]string{}
		for _, v := range b.Violations {
			wrong[v.GetIndex()] = v.GetViolation().GetField()
		}
		for n, item := range b.Items {
			rows = append(rows, seen{item.GetItemId(), wrong[int32(n)]})
			p.Keep.Append(wrong[int32(n)] == "" && keep(len(rows), item))
		}
		if len(b.Items) != len(b.Ends) || len(b.Items) > batchRows {
			t.Errorf("a batch of %d items and %d rows, at most %d", len(b.Items), len(b.Ends), batchRows)
		}
		free <- b.Items
		parts <- p
	}
	close(parts)
	err = errors.Join(<-ended, <-wrote)
	if err == nil {
		err = s.Finish()
	}
	return rows, out.String(), err
}

func all(int, *vetov1.Item) bool { return true }

var table = lines.Options{Comma: ','}

// TestBadRowsHarmNoNeighbour: whatever one row is, the rows around it are read, and written as they were.
func TestFault_P07_BadRowsHarmNoNeighbour(t *testing.T) {
	const before, after = "a,POST,PUBLIC,u1\n", "b,POST,PUBLIC,u2\n"
	for name, test := range map[string]struct {
		bad   string
		wrong string
		more  []seen // rows that the bad one became besides
	}{
		"too few cells":                {"x,POST\n", "row", nil},
		"too many cells":               {"x,POST,PUBLIC,u1,more\n", "row", nil},
		"a quote in the middle":        {"x,PO\"ST,PUBLIC,u1\n", "row", nil},
		"a quote that is not closed":   {"\"x,POST,PUBLIC,u1\n", "row", nil},
		"text behind a quote":          {"\"x\"y,POST,PUBLIC,u1\n", "row", nil},
		"a lone quote":                 {"\"\n", "row", nil},
		"bad UTF-8 in an id":           {"x\xff,POST,PUBLIC,u1\n", "item_id", nil},
		"bad UTF-8 in a kind":          {"x,\xff,PUBLIC,u1\n", "kind", nil},
		"an unknown kind":              {"x,TWEET,PUBLIC,u1\n", "kind", nil},
		"longer than a row may be":     {"x" + strings.Repeat("y", 300) + ",POST,PUBLIC,u1\n", "row", nil},
		"two that meet far apart":      {"\"x,POST,PUBLIC,u1\ny,POST,PUBLIC,\"u2\"\n", "row", []seen{{"y", ""}}},
		"two that meet in a long text": {"\"x,POST,PUBLIC,u1\ny,POST,PUBLIC,u2,\"\n", "row", []seen{{"", "row"}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, batch := range []int{1, 2, 100} {
				o := table
				o.MaxRowBytes = 200
				got, written, err := read(t, header+before+test.bad+after, o, columns.Mapping{}, batch, all)
				if err != nil {
					t.Fatal(err)
				}
				if len(got) > 1 {
					got[1].id = "" // of a bad row whatever is left
				}
				want := append([]seen{{"a", ""}, {"", test.wrong}}, append(test.more, seen{"b", ""})...)
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(seen{})); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
				if !strings.HasPrefix(written, header+before) || !strings.HasSuffix(written, after) {
					t.Errorf("written: %q", written)
				}
			}
		})
	}
}

func TestFault_P07_BadObjectsHarmNoNeighbour(t *testing.T) {
	const before, after = `{"item_id":"a","kind":"POST","visibility":"PUBLIC","author_id":"u1"}` + "\n", `{"item_id":"b","kind":"POST","visibility":"PUBLIC","author_id":"u2"}` + "\n"
	for name, test := range map[string]struct{ bad, wrong string }{
		"no JSON":                   {"hello\n", "row"},
		"a list":                    {"[1]\n", "row"},
		"null":                      {"null\n", "row"},
		"two objects":               {`{"item_id":"x"} {"item_id":"y"}` + "\n", "row"},
		"an object that goes on":    {`{"item_id":"x"` + "\n", "row"},
		"bad UTF-8":                 {"{\"item_id\":\"\xff\"}\n", "row"},
		"half a character":          {`{"item_id":"\ud800"}` + "\n", "row"},
		"a name twice":              {`{"item_id":"x","item_id":"y"}` + "\n", "row"},
		"NUL between":               {"{\"item_id\":\x00\"x\"}\n", "row"},
		"nested too deep":           {`{"item_id":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "}\n", "row"},
		"a kind that is a number":   {`{"item_id":"x","kind":1,"visibility":"PUBLIC","author_id":"u1"}` + "\n", "kind"},
		"an id that is true":        {`{"item_id":true,"kind":"POST","visibility":"PUBLIC","author_id":"u1"}` + "\n", "item_id"},
		"an id with a fraction":     {`{"item_id":1.5,"kind":"POST","visibility":"PUBLIC","author_id":"u1"}` + "\n", "item_id"},
		"a column nobody spoke of":  {`{"item_id":"x","kind":"POST","visibility":"PUBLIC","author_id":"u1","labels":["health"]}` + "\n", "labels"},
		"a column that is absent":   {`{"item_id":"x","kind":"POST","visibility":"PUBLIC","author_id":"u1","country":"DE"}` + "\n", "country"},
		"longer than a row may be":  {`{"item_id":"` + strings.Repeat("x", 300) + `"}` + "\n", "row"},
		"longer than what is read":  {`{"item_id":"` + strings.Repeat("x", 3<<20) + `"}` + "\n", "row"},
		"a byte order mark between": {"\xef\xbb\xbf" + before, "row"},
	} {
		t.Run(name, func(t *testing.T) {
			got, written, err := read(t, before+test.bad+after, lines.Options{MaxRowBytes: 200}, columns.Mapping{Absent: []string{"country"}}, 1, all)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) > 1 {
				got[1].id = ""
			}
			if diff := cmp.Diff([]seen{{"a", ""}, {"", test.wrong}, {"b", ""}}, got, cmp.AllowUnexported(seen{})); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if written != before+after {
				t.Errorf("written: %q", written)
			}
		})
	}
}

// TestKeptBytesAreTheSame: marks, line endings, quotes and what stands between are kept, and so is a last line without an end.
func TestKeptBytesAreTheSame(t *testing.T) {
	for name, text := range map[string]string{
		"a byte order mark":     "\xef\xbb\xbf" + header + "a,POST,PUBLIC,u1\n",
		"other line endings":    strings.ReplaceAll(header+"a,POST,PUBLIC,u1\nb,POST,PUBLIC,u1\n", "\n", "\r\n"),
		"no last line ending":   header + "a,POST,PUBLIC,u1",
		"quotes":                "\"item_id\",kind,visibility,author_id,text\n\"a\",\"POST\",PUBLIC,u1,\"he said \"\"no\"\",\nand left\"\n",
		"spaces":                "item_id,kind,visibility,author_id,text\na,POST,PUBLIC,u1,  x \n",
		"formulas":              "item_id,kind,visibility,author_id,text\na,POST,PUBLIC,u1,=1+1\n",
		"only the first line":   header,
		"only the first, alone": strings.TrimSpace(header),
	} {
		t.Run(name, func(t *testing.T) {
			if _, written, err := read(t, text, table, columns.Mapping{}, 3, all); err != nil || written != text {
				t.Errorf("written: %q, %v; want %q", written, err, text)
			}
		})
	}
	object := "\xef\xbb\xbf" + `  {"item_id": "a", "kind":"POST" ,"visibility":"PUBLIC","author_id":4711, "x": 1.50}  ` + "\r\n" + `{"author_id":"u","visibility":"PUBLIC","kind":"POST","item_id":"b"}`
	if got, written, err := read(t, object, lines.Options{}, columns.Mapping{}, 3, all); err != nil || written != object || len(got) != 2 {
		t.Errorf("written: %q, %v", written, err)
	}
}

// TestEveryRowOnce holds the reader to encoding/csv over random tables, in batches and buffers of all sizes: the same rows, and those kept, in order.
func TestEveryRowOnce(t *testing.T) {
	cell := rapid.SampledFrom([]string{"", "a", "a,b", "say \"no\"", "two\nlines", "\n", "\"", "ü", " x "})
	rapid.Check(t, func(t *rapid.T) {
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.UseCRLF = rapid.Bool().Draw(t, "CRLF")
		if err := w.Write([]string{"item_id", "kind", "visibility", "author_id", "text"}); err != nil {
			t.Fatal(err)
		}
		var want []string
		for n := range rapid.IntRange(0, 30).Draw(t, "rows") {
			id := string(rune('A' + n))
			if rapid.Bool().Draw(t, "kept") {
				want = append(want, id)
			} else {
				id = "-" + id
			}
			if err := w.Write([]string{id, "POST", "PUBLIC", "u", cell.Draw(t, "text")}); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		_, written, err := read(t, text.String(), table, columns.Mapping{}, rapid.IntRange(1, 7).Draw(t, "batch"),
			func(_ int, item *vetov1.Item) bool { return !strings.HasPrefix(item.GetItemId(), "-") })
		if err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(strings.NewReader(written)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records[1:] {
			got = append(got, r[0])
		}
		if !slices.Equal(got, want) {
			t.Fatalf("written were %q, want %q", got, want)
		}
	})
}

func TestRedactionsAreAdded(t *testing.T) {
	o := table
	o.Redactions = "mask"
	text := "item_id,kind,visibility,author_id\na,POST,PUBLIC,u1\r\nb,POST,PUBLIC,u1"
	if _, written, err := read(t, text, o, columns.Mapping{}, 3, all); err != nil || written != "item_id,kind,visibility,author_id,\"mask\"\na,POST,PUBLIC,u1,\"[]\"\r\nb,POST,PUBLIC,u1,\"[]\"" {
		t.Errorf("written: %q, %v", written, err)
	}
	o.Comma = 0
	text = `{"item_id":"a","kind":"POST","visibility":"PUBLIC","author_id":"u"} ` + "\n" + `{"item_id":"b","kind":"POST","visibility":"PUBLIC","author_id":"u","mask":1}` + "\n"
	got, written, err := read(t, text, o, columns.Mapping{}, 1, all)
	if err != nil || written != `{"item_id":"a","kind":"POST","visibility":"PUBLIC","author_id":"u","mask":[]} `+"\n" || len(got) != 2 || got[1].wrong != "row" {
		t.Errorf("written: %q, %v, %v", written, got, err)
	}
}

func TestBindRefuses(t *testing.T) {
	object := `{"item_id":"a","kind":"POST","visibility":"PUBLIC","author_id":"u"}` + "\n"
	for name, test := range map[string]struct {
		text string
		o    lines.Options
		m    columns.Mapping
		says string
	}{
		"an empty table":        {"", table, columns.Mapping{}, "it is empty"},
		"a broken first line":   {"item_id,\"kind\n", table, columns.Mapping{}, "does not read as the names of its columns"},
		"a first line too long": {strings.Repeat("x", 2<<20), table, columns.Mapping{}, "does not read as the names of its columns"},
		"a missing column":      {"item_id,kind\n", table, columns.Mapping{}, "visibility: there is no column of that name"},
		"no object":             {"", lines.Options{}, columns.Mapping{}, "item_id: there is no column of that name"},
		"a name that is taken":  {object, lines.Options{Redactions: "kind"}, columns.Mapping{}, "--redactions kind: the corpus has a column of that name"},
		"a column's that is":    {header, lines.Options{Comma: ',', Redactions: "kind"}, columns.Mapping{}, "--redactions kind: the corpus has a column of that name"},
		"a name that none has":  {object, lines.Options{}, columns.Mapping{Columns: map[string]string{"labels": "tags"}}, `no row has "tags", which --map names`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := read(t, test.text, test.o, test.m, 10, all); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want it to say: %s", err, test.says)
			}
		})
	}
}

func FuzzTable(f *testing.F) {
	f.Add(header + "a,POST,PUBLIC,u1\n")
	f.Add(header + "\"a,POST\n\"\"\n,PUBLIC,u1\r\n\xef\xbb\xbf")
	f.Fuzz(func(t *testing.T, text string) { fuzz(t, text, lines.Options{Comma: ',', MaxRowBytes: 100}) })
}

func FuzzObjects(f *testing.F) {
	f.Add(`{"item_id":"a","kind":"POST","visibility":"PUBLIC","author_id":"u"}` + "\n{}\n")
	f.Add(`{"item_id":1,"kind":"POST","visibility":"PUBLIC","author_id":"u","labels":["x"],"subjects":[{}],"signals":{"other":[]}}` + "\n[")
	f.Fuzz(func(t *testing.T, text string) { fuzz(t, text, lines.Options{MaxRowBytes: 100}) })
}

// fuzz reads a text twice, by one and by seven: the same rows, and what is kept is a part of it.
func fuzz(t *testing.T, text string, o lines.Options) {
	t.Helper()
	first, written, err := read(t, text, o, columns.Mapping{}, 7, all)
	if err != nil {
		return
	}
	again, alike, err := read(t, text, o, columns.Mapping{}, 7, all)
	if err != nil || written != alike || !slices.Equal(first, again) {
		t.Errorf("read twice: %v and %v, %v", first, again, err)
	}
	if len(written) > len(text) {
		t.Errorf("%d bytes of %d were written", len(written), len(text))
	}
}
