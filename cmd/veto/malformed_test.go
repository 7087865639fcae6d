package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/veto-gate/veto/internal/terminal"
)

// malformedCase is a line of test/data/items/malformed.jsonl.
type malformedCase struct {
	Case     string
	Item     map[string]any
	Expected struct {
		Invalid bool
		Field   string
	}
	Note string
}

// cellNames are the columns of the malformed items, all of text: lists, structs and numbers are written as JSON.
var cellNames = []string{"item_id", "kind", "visibility", "author_id", "country", "language", "created_at", "author_age", "author_age_at_creation", "labels", "content_keys", "subjects", "signals"}

func (c malformedCase) cells(t *testing.T) []string {
	t.Helper()
	var cells []string
	for _, name := range cellNames {
		switch value := c.Item[name].(type) {
		case nil:
			cells = append(cells, "")
		case string:
			cells = append(cells, value)
		default:
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			cells = append(cells, string(text))
		}
	}
	return cells
}

// TestMalformedItemsThroughEveryDoor filters the malformed items in each format, and holds each row against its expected answer. By the policy every id is
// one that the rule for ids takes, so the one row that leaves the choice to a policy is readable.
func TestMalformedItemsThroughEveryDoor(t *testing.T) {
	cases := malformedCases(t)
	register := registerWith(t, takesEveryID)
	for name, in := range map[string]string{"JSON Lines": asLines(t, cases), "CSV": asTable(t, cases), "Parquet of text": asText(t, cases), "Parquet of its own types": asTyped(t, cases)} {
		t.Run(name, func(t *testing.T) {
			list := filepath.Join(t.TempDir(), "why.jsonl")
			veto(t, exitDone, "filter", in, "--dry-run", "--excluded", list, "--data", register, "--absent", "in_conversation"+map[bool]string{true: "", false: ",signals"}[name != "Parquet of its own types"])
			text, err := os.ReadFile(list)
			if err != nil {
				t.Fatal(err)
			}
			got := map[int]struct{ Reason, Field string }{}
			for line := range strings.Lines(string(text)) {
				var e struct {
					Row           int
					Reason, Field string
				}
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatal(err)
				}
				got[e.Row] = struct{ Reason, Field string }{e.Reason, e.Field}
			}
			right := 0
			for n, c := range cases {
				want, field := c.Expected.Invalid, c.Expected.Field
				switch {
				case c.Case == "malformed-05": // a zero width space is an id where subject_ids do not forbid it
					want, field = false, ""
				case name == "Parquet of its own types" && c.Case == "malformed-49": // a month 13 is no value of a timestamp
					continue
				}
				if e := got[n+1]; (e.Reason == "INVALID") != want || want && e.Field != field {
					t.Errorf("%s (%s): %+v; want invalid %v, field %q", c.Case, c.Note, e, want, field)
					continue
				}
				right++
			}
			if want := 64 - map[bool]int{true: 1}[name == "Parquet of its own types"]; right != want {
				t.Errorf("%d rows of %d are as expected", right, want)
			}
		})
	}
}

// takesEveryID is a policy without rules of its own for ids.
const takesEveryID = `controller: {name: Example Platform}
purposes: [{name: training, title: Training}]
regimes:
  - {name: everywhere, jurisdictions: ["*"], purposes: [training], legal_basis: LEGITIMATE_INTERESTS, minimum_age: 18, unknown_age: ALLOW, third_parties: REDACT,
     content: [{kinds: [POST], visibilities: [PUBLIC]}], periods: [{start: 2025-01-01T00:00:00Z}]}
`

// registerWith makes a register whose policy is that document.
func registerWith(t *testing.T, policy string) string {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "policy.yaml")
	if err := os.WriteFile(path, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	register := filepath.Join(folder, "data")
	veto(t, exitDone, "policy", "apply", path, "--data", register)
	return register
}

// veto runs a command and wants its exit code.
func veto(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err strings.Builder
	if code := run(t.Context(), args, nil, terminal.Streams{Out: &out, Err: &err}); code != want {
		t.Fatalf("veto %s: exit %d, want %d\n%s", strings.Join(args, " "), code, want, err.String())
	}
	return out.String(), err.String()
}

func malformedCases(t *testing.T) []malformedCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "test", "data", "items", "malformed.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []malformedCase
	for line := range strings.Lines(string(text)) {
		var c malformedCase
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		for name := range c.Item {
			if !slices.Contains(cellNames, name) {
				t.Fatalf("%s has a field %s: the tables here lack it", c.Case, name)
			}
		}
		cases = append(cases, c)
	}
	if len(cases) != 64 {
		t.Fatalf("%d malformed items, want 64", len(cases))
	}
	return cases
}

func asLines(t *testing.T, cases []malformedCase) string {
	t.Helper()
	var text bytes.Buffer
	for _, c := range cases {
		line, err := json.Marshal(c.Item)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	return kept(t, "in.jsonl", text.Bytes())
}

func asTable(t *testing.T, cases []malformedCase) string {
	t.Helper()
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	records := [][]string{cellNames}
	for _, c := range cases {
		records = append(records, c.cells(t))
	}
	if err := w.WriteAll(records); err != nil {
		t.Fatal(err)
	}
	return kept(t, "in.csv", text.Bytes())
}

func kept(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func asText(t *testing.T, cases []malformedCase) string {
	t.Helper()
	var rows []map[string]any
	for _, c := range cases {
		row := map[string]any{}
		for n, cell := range c.cells(t) {
			if row[cellNames[n]] = cell; cell == "" {
				row[cellNames[n]] = nil
			}
		}
		rows = append(rows, row)
	}
	text, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	return written(t, string(text), slices.DeleteFunc(slices.Clone(cellNames), func(name string) bool {
		return slices.Contains([]string{"item_id", "kind", "visibility", "author_id"}, name)
	})...)
}

// asTyped leaves out what the types cannot hold, and the signals.
func asTyped(t *testing.T, cases []malformedCase) string {
	t.Helper()
	text := arrow.BinaryTypes.String
	var fields []arrow.Field
	for _, name := range cellNames[:12] {
		field := arrow.Field{Name: name, Type: text, Nullable: true}
		switch name {
		case "created_at":
			field.Type = &arrow.TimestampType{Unit: arrow.Microsecond}
		case "author_age", "author_age_at_creation":
			field.Type = arrow.PrimitiveTypes.Int32
		case "labels", "content_keys":
			field.Type = arrow.ListOf(text)
		case "subjects":
			field.Type = arrow.ListOf(arrow.StructOf(arrow.Field{Name: "subject_id", Type: text, Nullable: true}, arrow.Field{Name: "role", Type: text, Nullable: true}))
		}
		fields = append(fields, field)
	}
	var rows []map[string]any
	for _, c := range cases {
		row := maps.Clone(c.Item)
		delete(row, "signals")
		if c.Case == "malformed-49" {
			delete(row, "created_at")
		} else if at, ok := row["created_at"].(string); ok {
			row["created_at"] = strings.TrimSuffix(at, "Z")
		}
		rows = append(rows, row)
	}
	all, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	schema := arrow.NewSchema(fields, nil)
	records, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, bytes.NewReader(all))
	if err != nil {
		t.Fatal(err)
	}
	defer records.Release()
	table := array.NewTableFromRecords(schema, []arrow.RecordBatch{records})
	defer table.Release()
	path := filepath.Join(t.TempDir(), "in.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := pqarrow.WriteTable(table, file, 20, nil, pqarrow.DefaultWriterProps()); err != nil { // closes the file
		t.Fatal(err)
	}
	return path
}
