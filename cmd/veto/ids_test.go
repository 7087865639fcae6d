package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/terminal"
)

// badIDs are the ids that the one rule refuses, whatever door they come to, and a word of why: the table of the server's
// test of this fault.
var badIDs = map[string]struct{ id, says string }{
	"NUL":           {"a\x00b", "control"},
	"control":       {"a\x1bb", "control"},
	"newline":       {"ada\n", "control"},
	"bidi":          {"a\u202eb", "control"},
	"tag":           {"a\U000e0041b", "control"},
	"space before":  {" ada", "white space"},
	"space after":   {"ada ", "white space"},
	"wide space":    {"ada\u3000", "white space"},
	"blank":         {" ", "white space"},
	"257 bytes":     {strings.Repeat("a", 257), "256 bytes"},
	"a megabyte":    {strings.Repeat("a", 1<<20), "256 bytes"},
	"bad UTF-8":     {"a\xffb", "not UTF-8"},
	"half a letter": {"ad\xc3", "not UTF-8"},
}

// said runs a command in this process, and returns what it wrote.
func said(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(t.Context(), args, nil, terminal.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return code, out.String(), errs.String()
}

// TestFault_I01_OneRuleForIDsOnTheCommandLine: what the rule refuses is refused with its field, and as an item's it makes
// the item INVALID. An argument that no message can carry is refused by its own name, before a server is asked.
func TestFault_I01_OneRuleForIDsOnTheCommandLine(t *testing.T) {
	register := filepath.Join(t.TempDir(), "data")
	if code, _, stderr := said(t, "policy", "apply", filepath.Join("..", "..", "examples", "policies", "meta.yaml"), "--data", register); code != exitDone {
		t.Fatalf("apply the policy: %s", stderr)
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := nobody.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			conn.Close()
		}
	})
	item := []string{"--item-id", "i1", "--kind", "POST", "--visibility", "PUBLIC", "--author", "ada", "--country", "DE", "--age", "30"}
	with := func(command string, flag, id string) []string {
		return append(append([]string{command}, item...), flag, id)
	}
	for name, bad := range badIDs {
		inJSON, err := json.Marshal(map[string]any{"subjects": []map[string]string{{"subject_id": "bob", "role": "TAGGED"}, {"subject_id": "\x00", "role": "TAGGED"}}})
		if err != nil {
			t.Fatal(err)
		}
		quoted, err := json.Marshal(bad.id)
		if err != nil {
			t.Fatal(err)
		}
		if bad.says == "not UTF-8" { // as it stands, which no writer of JSON does
			quoted = []byte(`"` + bad.id + `"`)
		}
		subjects := strings.Replace(string(inJSON), `"\u0000"`, string(quoted), 1)
		for _, door := range []struct {
			args        []string
			named, path string // how the command line calls it, and the message
		}{
			{[]string{"object", bad.id}, "SUBJECT", "subject_id"},
			{[]string{"object", "ada", "--item", bad.id}, "--item", "item_ids[0]"},
			{[]string{"object", "--content-key", "sha256:0", "--content-key", bad.id}, "--content-key", "content_keys[1]"},
			{[]string{"withdraw", bad.id, "--verified"}, "SUBJECT", "subject_id"},
			{[]string{"standing", bad.id}, "SUBJECT", "subject_id"},
			{with("decide", "--item-id", bad.id), "--item-id", "item_id"},
			{with("decide", "--author", bad.id), "--author", "author_id"},
			{with("decide", "--content-key", bad.id), "--content-key", "content_keys[0]"},
			{with("decide", "--item", subjects), "--item", "subjects[1].subject_id"},
			{with("explain", "--item-id", bad.id), "--item-id", "item_id"},
			{with("explain", "--author", bad.id), "--author", "author_id"},
			{with("explain", "--content-key", bad.id), "--content-key", "content_keys[0]"},
			{with("explain", "--item", subjects), "--item", "subjects[1].subject_id"},
		} {
			t.Run(fmt.Sprintf("%s/%s/%s", name, door.args[0], door.named), func(t *testing.T) {
				decides := door.args[0] == "decide" || door.args[0] == "explain"
				where, want, target := door.path, exitFailed, []string{"--data", register}
				switch {
				case bad.says == "not UTF-8":
					where, want, target = door.named, exitUsage, []string{"--addr", nobody.Addr().String()}
				case decides:
					want = exitDone // that the item is INVALID is the answer
				}
				code, stdout, stderr := said(t, append(slices.Clone(door.args), target...)...)
				told := stderr
				if want == exitDone {
					told = stdout
				}
				if code != want || !strings.Contains(told, where) || !strings.Contains(told, bad.says) || want == exitDone && !strings.Contains(strings.ToUpper(stdout), "INVALID") {
					t.Errorf("exit %d, want %d, with %s and %q\n%.500s\n%.500s", code, want, where, bad.says, stdout, stderr)
				}
				if trimmed := strings.TrimSpace(bad.id); trimmed != "" && trimmed != "ada" && strings.Contains(stdout+stderr, trimmed) {
					t.Errorf("the id is told again\n%.500s\n%.500s", stdout, stderr)
				}
			})
		}
	}
	nobody.Close()
	accepting.Wait()
	if asked.Load() > 0 {
		t.Error("a server was asked")
	}
}

// TestTextThatIsNotUTF8IsRefusedWhereverItIsSent: by the name of the argument or flag; the name of a file may be anything.
func TestTextThatIsNotUTF8IsRefusedWhereverItIsSent(t *testing.T) {
	for _, test := range []struct {
		args  []string
		named string
	}{
		{[]string{"object", "ada", "--case", "a\xff"}, "--case"},
		{[]string{"object", "ada", "--country", "D\xff"}, "--country"},
		{[]string{"object", "ada", "--purpose", "good", "--purpose", "a\xff"}, "--purpose"},
		{[]string{"withdraw", "ada", "--objection", "\xff"}, "--objection"},
		{[]string{"decide", "--label", "he\xffalth"}, "--label"},
		{[]string{"decide", "--item", "{\"author_id\": \"\xff\"}"}, "--item"},
		{[]string{"explain", "--item", "-"}, "--item"},
		{[]string{"policy", "suspend", "eu\xff", "--reason", "a"}, "REGIME"},
		{[]string{"policy", "suspend", "eu", "--reason", "a\xff"}, "--reason"},
		{[]string{"policy", "apply", "nowhere", "--acknowledge", "A=\xff"}, "--acknowledge"},
		{[]string{"filter", "in", "-o", "out", "--absent", "labels,\xff"}, "--absent"},
	} {
		var errs strings.Builder
		streams := terminal.Streams{In: strings.NewReader("{\"author_id\": \"a\xffb\"}"), Out: &strings.Builder{}, Err: &errs}
		if code := run(t.Context(), test.args, nil, streams); code != exitUsage || !strings.HasPrefix(errs.String(), "veto: "+test.named+": not UTF-8\nhint: ") {
			t.Errorf("%q: exit %d, want %d and %s\n%s", test.args, code, exitUsage, test.named, errs.String())
		}
	}
	if code, _, stderr := said(t, "policy", "check", t.TempDir()+"/caf\xe9.yaml"); code != exitFailed || strings.Contains(stderr, "not UTF-8") {
		t.Errorf("the name of a file: exit %d\n%s", code, stderr)
	}
}

// TestHalfACharacterIsNoText: JSON can say what no text is, and its readers put another character in that place.
func TestHalfACharacterIsNoText(t *testing.T) {
	_, register := corpusAndRegister(t)
	for escaped, want := range map[string]int{
		`a\udcffb`: exitUsage, `\ud83d`: exitUsage, `\ud83d\u0041`: exitUsage, `\uDE00\uD83D`: exitUsage, `\\\ud800`: exitUsage,
		`\ud83d\ude00`: exitDone, `\uD83D\uDE00a`: exitDone, `\\ud800`: exitDone, `\u00e4`: exitDone, `\ufffd`: exitDone, `\"`: exitDone,
	} {
		code, stdout, stderr := said(t, "decide", "--data", register, "--item", `{"item_id": "i", "kind": "POST", "visibility": "PUBLIC", "author_id": "`+escaped+`"}`)
		if refused := strings.HasPrefix(stderr, "veto: --item: an escape that is half a character"); code != want || refused != (want == exitUsage) {
			t.Errorf("%s: exit %d, want %d\n%s%s", escaped, code, want, stdout, stderr)
		}
	}
}

// TestFault_I01_OneRuleForIDsInACorpus: each bad id in each column makes its row INVALID, and none of the rows beside it.
func TestFault_I01_OneRuleForIDsInACorpus(t *testing.T) {
	_, register := corpusAndRegister(t)
	if code, _, stderr := said(t, "object", "carol", "--data", register); code != exitDone {
		t.Fatalf("object: %s", stderr)
	}
	text := arrow.BinaryTypes.String
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "item_id", Type: text}, {Name: "author_id", Type: text}, {Name: "kind", Type: text}, {Name: "visibility", Type: text}, {Name: "country", Type: text},
		{Name: "author_age", Type: arrow.PrimitiveTypes.Int32}, {Name: "content_keys", Type: arrow.ListOf(text)},
		{Name: "subjects", Type: arrow.ListOf(arrow.StructOf(arrow.Field{Name: "subject_id", Type: text}, arrow.Field{Name: "role", Type: text}))},
	}, nil)
	rows := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer rows.Release()
	add := func(item, author, key, subject string) {
		for i, value := range []string{item, author, "POST", "PUBLIC", "DE"} {
			rows.Field(i).(*array.StringBuilder).Append(value)
		}
		rows.Field(5).(*array.Int32Builder).Append(30)
		keys := rows.Field(6).(*array.ListBuilder)
		keys.Append(true)
		for _, value := range []string{"sha256:0", key} {
			keys.ValueBuilder().(*array.StringBuilder).Append(value)
		}
		subjects := rows.Field(7).(*array.ListBuilder)
		subjects.Append(true)
		for _, value := range []string{"bob", subject} {
			one := subjects.ValueBuilder().(*array.StructBuilder)
			one.Append(true)
			one.FieldBuilder(0).(*array.StringBuilder).Append(value)
			one.FieldBuilder(1).(*array.StringBuilder).Append("TAGGED")
		}
	}
	good, objected, bad := []string{}, int64(0), map[string]int64{}
	for name, b := range badIDs {
		if b.says == "not UTF-8" {
			b.says = "empty" // docs/formats/columns.md: no message can carry it, and an id that is not there is as bad
		}
		for i := range 4 {
			good = append(good, fmt.Sprintf("%s %d", name, i))
			add(good[len(good)-1], "ada", "sha256:1", "dora")
			values := []string{"i", "ada", "sha256:1", "dora"}
			values[i] = b.id
			add(values[0], values[1], values[2], values[3])
			bad[[]string{"item_id", "author_id", "content_keys[]", "subjects[].subject_id"}[i]+" "+b.says]++
			add("i", "carol", "sha256:1", "dora")
			objected++
		}
	}
	in, out := filepath.Join(t.TempDir(), "in.parquet"), filepath.Join(t.TempDir(), "out.parquet")
	batch := rows.NewRecordBatch()
	defer batch.Release()
	to, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	table := array.NewTableFromRecords(schema, []arrow.RecordBatch{batch})
	defer table.Release()
	if err := pqarrow.WriteTable(table, to, 1<<20, nil, pqarrow.DefaultWriterProps()); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := said(t, "filter", in, "-o", out, "--data", register, "--output", "json", "--absent", "created_at,labels,signals,author_age_at_creation,language,service,author_notified_at,in_conversation,modality,size_bytes")
	if code != exitDone {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	var report filter.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Included != int64(len(good)) || report.ExcludedRows() != objected || len(report.Excluded) != 1 || report.Excluded[0].Reason != "OBJECTED" {
		t.Errorf("included %d, want %d; excluded %v, want %d OBJECTED", report.Included, len(good), report.Excluded, objected)
	}
	got := map[string]int64{}
	for _, c := range report.Invalid {
		for fault := range bad {
			field, says, _ := strings.Cut(fault, " ")
			if c.Field == field && strings.Contains(c.Message, says) {
				got[fault] += c.Rows
			}
		}
	}
	if diff := cmp.Diff(bad, got); diff != "" {
		t.Errorf("rows by fault (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(good, itemIDs(t, out)); diff != "" {
		t.Errorf("rows that were written (-want +got):\n%s", diff)
	}
}

// itemIDs is a column of a Parquet file.
func itemIDs(t *testing.T, path string) []string {
	t.Helper()
	from, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	reader, err := pqarrow.NewFileReader(from, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := reader.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	var ids []string
	for _, chunk := range table.Column(0).Data().Chunks() {
		for i := range chunk.Len() {
			ids = append(ids, chunk.ValueStr(i))
		}
	}
	return ids
}
