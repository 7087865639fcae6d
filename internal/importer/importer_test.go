package importer

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read reads a text to its end: what each row names, or why it is none.
func read(t *testing.T, from io.Reader, comma byte) []string {
	t.Helper()
	r, err := newReader(from, comma)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		request, wrong, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return got
		case err != nil:
			t.Fatal(err)
		case wrong != nil:
			got = append(got, wrong.field+" "+wrong.reason)
		default:
			got = append(got, strings.Join(append([]string{request.GetSubjectId()}, request.GetItemIds()...), "+"))
		}
	}
}

// TestFault_P07_BadRowsOfAnImportHarmNoNeighbour: a byte order mark, NUL, bytes that are no UTF-8, open quotes, a row of megabytes.
func TestFault_P07_BadRowsOfAnImportHarmNoNeighbour(t *testing.T) {
	long := strings.Repeat("x", maxRowBytes+10)
	table := "\xef\xbb\xbfsubject_id,item_ids,sent_at,channel,action,also_asks\r\n" +
		"ada,,,,object,\r\n" +
		"be\x00rt,,,,object,\r\n" + // read as it is; the register refuses it
		"\"open,,,,object,\r\n" +
		"carl,,,,object,\r\n" +
		"dora,,yesterday,,object,\r\n" +
		"emma,,,PIGEON,object,\r\n" +
		"finn,,,,withdraw,\r\n" +
		"gina,,\r\n" +
		long + ",,,,object,\r\n" +
		"\"hans\"x,,,,object,\r\n" +
		"ida,a b  c a,2025-05-20T09:00:00+02:00,EMAIL,object,ACCESS ERASURE\r\n" +
		"jan,,,,object,EVERYTHING"
	want := []string{
		"ada", "be\x00rt", "row FORMAT", "carl", "sent_at FORMAT", "channel UNKNOWN", "action UNKNOWN", "row FORMAT", "row FORMAT", "row FORMAT",
		"ida+a+b+c", "also_asks UNKNOWN",
	}
	if diff := cmp.Diff(want, read(t, strings.NewReader(table), ',')); diff != "" {
		t.Errorf("a table (-want +got):\n%s", diff)
	}
	objects := "\xef\xbb\xbf" + `{"subject_id":"ada"}` + "\n" + `{"subject_id":"bert"` + "\n" + `[]` + "\n\n" + `{"subject_id":"` + long + `"}` + "\n" +
		`{"subject_id":"carl","itemIds":["a"]}` + "\n" + `{"unknown":1}` + "\n" + "{\"subject_id\":\"\xff\"}\n" + `{"subject_id":"dora"}`
	want = []string{"ada", "row FORMAT", "row FORMAT", "row FORMAT", "carl+a", "row FORMAT", "row FORMAT", "dora"}
	if diff := cmp.Diff(want, read(t, strings.NewReader(objects), 0)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestCompressedFilesAreReadByTheirBytes(t *testing.T) {
	text := "subject_id\nada\nbert\n"
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{g, z} {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, from := range map[string]io.Reader{"plain": strings.NewReader(text), "gzip": &gz, "zstd": &zst} {
		if got := read(t, from, ','); !slices.Equal(got, []string{"ada", "bert"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTablesThatCannotBeImported(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "no one's": "name,country\n", "twice": "subject_id,subject_id\n", "no table": "\"subject_id\n"} {
		if _, err := newReader(strings.NewReader(text), ','); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}

func TestIdentifiersAreReadByTheirType(t *testing.T) {
	r, err := newReader(strings.NewReader("identifiers\nEMAIL:a@example.org PROFILE_URL:https://example.org/a\nPASSPORT:X\nEMAIL\n"), ',')
	if err != nil {
		t.Fatal(err)
	}
	request, _, _ := r.next()
	if got := request.GetIdentifiers(); len(got) != 2 || got[1].GetValue() != "https://example.org/a" || got[0].GetType() != vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL {
		t.Errorf("%v", got)
	}
	for range 2 {
		if _, wrong, _ := r.next(); wrong == nil || wrong.field != "identifiers[0]" || wrong.reason != "UNKNOWN" {
			t.Errorf("%v", wrong)
		}
	}
}

// TestARowKeepsItsRequestID: by the import and its place, whatever the rows before it are.
func TestARowKeepsItsRequestID(t *testing.T) {
	a, b := Import{Name: "a"}, Import{Name: "b"}
	if a.requestID(7) != (&Import{Name: "a"}).requestID(7) || a.requestID(7) == a.requestID(8) || a.requestID(7) == b.requestID(7) {
		t.Error("not the row's own")
	}
}

// TestNoRejectFileIsHalf: it is there when all of it is, and never in another's place.
func TestNoRejectFileIsHalf(t *testing.T) {
	folder := t.TempDir()
	rows := filepath.Join(folder, "rows.csv")
	if err := os.WriteFile(rows, []byte("subject_id,channel\nada,PIGEON\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	names := func() []string {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	streams := terminal.Streams{Out: io.Discard, Err: io.Discard}
	f := File{Path: rows, Rejects: filepath.Join(folder, "rejects.csv"), Now: time.Now}
	if result, _, err := f.Run(context.Background(), streams); err != nil || result.Rejected != 1 {
		t.Fatalf("%v, %v", result, err)
	}
	if got := names(); !slices.Equal(got, []string{"rejects.csv", "rows.csv"}) {
		t.Errorf("files %q", got)
	}
	f = File{Path: rows, Rejects: filepath.Join(folder, "rejects.csv"), Now: time.Now}
	if _, _, err := f.Run(context.Background(), streams); !errors.Is(err, ErrUsage) {
		t.Errorf("over another file: %v", err)
	}
	if err := os.WriteFile(rows, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f = File{Path: rows, Rejects: filepath.Join(folder, "more.csv"), Now: time.Now}
	if _, _, err := f.Run(context.Background(), streams); err == nil || len(names()) != 2 {
		t.Errorf("a table of nothing: %v, files %q", err, names())
	}
}

// FuzzRows: whatever a file holds, reading it ends, and each row is a filing or a fault.
func FuzzRows(f *testing.F) {
	f.Add([]byte("subject_id,item_ids\nada,\"a b\"\n"), true)
	f.Add([]byte(`{"subject_id":"ada"}`), false)
	f.Fuzz(func(t *testing.T, text []byte, table bool) {
		comma := byte(0)
		if table {
			comma = ','
		}
		r, err := newReader(bytes.NewReader(text), comma)
		if err != nil {
			return
		}
		for n := 0; ; n++ {
			request, wrong, err := r.next()
			if err != nil {
				return
			}
			if (request == nil) == (wrong == nil) {
				t.Fatal("neither a filing nor a fault, or both")
			}
			if n > len(text) {
				t.Fatal("more rows than bytes")
			}
		}
	})
}
