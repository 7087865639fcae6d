package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/veto-gate/veto/internal/terminal"
)

// corpus is the bundled one, and register a new data directory with the policy for it.
func corpusAndRegister(t *testing.T) (corpus, register string) {
	t.Helper()
	register = filepath.Join(t.TempDir(), "data")
	policy := filepath.Join("..", "..", "examples", "policies", "meta.yaml")
	if code := run(t.Context(), []string{"policy", "apply", policy, "--data", register}, nil, terminal.Streams{Out: &strings.Builder{}, Err: os.Stderr}); code != exitDone {
		t.Fatalf("apply the policy: exit %d", code)
	}
	return filepath.Join("..", "..", "test", "data", "items", "items.parquet"), register
}

// TestFilterDrawsProgressOnATerminalOnly: a pipe and a log get none, and what was drawn is taken away.
func TestFilterDrawsProgressOnATerminalOnly(t *testing.T) {
	corpus, register := corpusAndRegister(t)
	for _, watched := range []bool{true, false} {
		var out, stderr strings.Builder
		args := []string{"filter", corpus, "-o", filepath.Join(t.TempDir(), "out.parquet"), "--data", register}
		if code := run(t.Context(), args, nil, terminal.Streams{Out: &out, Err: &stderr, Watched: watched}); code != exitDone {
			t.Fatalf("exit %d\n%s", code, stderr.String())
		}
		if got := strings.Contains(stderr.String(), "of 104,254 rows"); got != watched {
			t.Errorf("watched: %v, progress was drawn: %v", watched, got)
		}
		if watched && !strings.HasSuffix(stderr.String(), clearLine) {
			t.Errorf("the line of progress stays: %q", stderr.String())
		}
		if strings.Contains(out.String(), "\x1b") || !strings.HasPrefix(out.String(), "offered") {
			t.Errorf("stdout is not the report: %q", out.String())
		}
	}
}

// TestFilterInterruptedLeavesNothing cancels a run in its middle.
func TestFilterInterruptedLeavesNothing(t *testing.T) {
	corpus, register := corpusAndRegister(t)
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out strings.Builder
	stderr := &onWrite{do: cancel} // with the first line of progress
	args := []string{"filter", corpus, "-o", filepath.Join(folder, "out.parquet"), "--data", register, "--batch", "100"}
	code := run(ctx, args, nil, terminal.Streams{Out: &out, Err: stderr, Watched: true})
	if code != exitFailed || !strings.Contains(stderr.String(), "veto: interrupted\n") {
		t.Errorf("exit %d, want %d\n%q", code, exitFailed, stderr.String())
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if out.Len() > 0 {
		t.Errorf("a report of half a corpus: %s", out.String())
	}
}

// onWrite calls a function with each write.
type onWrite struct {
	strings.Builder
	do func()
}

func (w *onWrite) Write(p []byte) (int, error) {
	w.do()
	return w.Builder.Write(p)
}

// written makes a corpus of rows that are given as JSON, with the columns that each must have and others of text.
func written(t *testing.T, rows string, more ...string) string {
	t.Helper()
	var fields []arrow.Field
	for _, name := range append([]string{"item_id", "kind", "visibility", "author_id"}, more...) {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	records, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	defer records.Release()
	table := array.NewTableFromRecords(schema, []arrow.RecordBatch{records})
	defer table.Release()
	path := filepath.Join(t.TempDir(), "corpus.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := pqarrow.WriteTable(table, file, 10, nil, pqarrow.DefaultWriterProps()); err != nil { // closes the file
		t.Fatal(err)
	}
	return path
}

// unread are the fields that the policy of these tests reads and the corpora of written lack.
const unread = "subjects,country,author_age,author_age_at_creation,in_conversation,labels,content_keys"

// TestFilterAsksForEverySignal: a no in a column that was forgotten beside another one would be lost.
func TestFilterAsksForEverySignal(t *testing.T) {
	_, register := corpusAndRegister(t)
	in := written(t, `[{"item_id": "i", "kind": "POST", "visibility": "PUBLIC", "author_id": "u", "content_usage": "train-ai=y", "meta_robots": "noai"}]`, "content_usage", "meta_robots")
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"forgotten":  {nil, exitFailed, "each other one has to be named: tdm_reservation, robots, c2pa_training_mining, plus_data_mining; where the corpus has it: --map tdm_reservation=COLUMN, and so on; what it does not have: --absent tdm_reservation,robots,c2pa_training_mining,plus_data_mining"},
		"one of two": {[]string{"--absent", "tdm_reservation,c2pa_training_mining,plus_data_mining"}, exitFailed, "each other one has to be named: robots;"},
		"all named": {
			[]string{"--absent", "tdm_reservation,c2pa_training_mining,plus_data_mining", "--map", "robots=meta_robots"}, exitDone,
			"\nnot checked: author_age, author_age_at_creation, content_keys, country, in_conversation, labels, signals.c2pa_training_mining, signals.plus_data_mining, signals.tdm_reservation, subjects\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			rows := filepath.Join(t.TempDir(), "out.parquet")
			args := append([]string{"filter", in, "-o", rows, "--data", register, "--absent", unread}, test.args...)
			code := run(t.Context(), args, nil, terminal.Streams{Out: &out, Err: &out})
			if code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("exit %d, want %d and %q\n%s", code, test.code, test.want, out.String())
			}
			if _, err := os.Stat(rows); (err == nil) != (code == exitDone) {
				t.Errorf("exit %d, and the output: %v", code, err)
			}
		})
	}
}

// TestFilterJudgesAnEmptyCorpus: a shard without rows says nothing of the next one, but a mistake in the command is one.
func TestFilterJudgesAnEmptyCorpus(t *testing.T) {
	_, register := corpusAndRegister(t)
	in := written(t, `[]`)
	absent := []string{"--absent", unread + ",signals"}
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a purpose":       {append(absent, "--purpose", "nosuch"), exitFailed, "the policy declares generative-ai-training"},
		"a revision":      {append(absent, "--min-revision", "99"), exitFailed, "hint: the log is at revision 2"},
		"a mapping":       {absent[:0], exitFailed, "veto: the rules read fields that no column fills"},
		"nothing unusual": {absent, exitDone, "\ndecided at revision 2, policy version 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			args := append([]string{"filter", in, "-o", filepath.Join(t.TempDir(), "out.parquet"), "--data", register}, test.args...)
			if code := run(t.Context(), args, nil, terminal.Streams{Out: &out, Err: &out}); code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("exit %d, want %d and %q\n%s", code, test.code, test.want, out.String())
			}
		})
	}
}

// TestFilterTellsItsReportWhateverBecomesOfTheFile takes the report's folder away while rows are decided.
func TestFilterTellsItsReportWhateverBecomesOfTheFile(t *testing.T) {
	corpus, register := corpusAndRegister(t)
	folder := filepath.Join(t.TempDir(), "reports")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	rows := filepath.Join(t.TempDir(), "out.parquet")
	var out strings.Builder
	stderr := &onWrite{do: func() { _ = os.Remove(folder) }} // with the first line of progress; it is gone later
	args := []string{"filter", corpus, "-o", rows, "--report", filepath.Join(folder, "report.json"), "--data", register}
	code := run(t.Context(), args, nil, terminal.Streams{Out: &out, Err: stderr, Watched: true})
	if code != exitFailed || !strings.HasPrefix(out.String(), "offered") || !strings.Contains(stderr.String(), "veto: write the report: ") || !strings.Contains(stderr.String(), "out.parquet is complete") {
		t.Errorf("exit %d\n%s\n%s", code, out.String(), stderr.String())
	}
	if _, err := os.Stat(rows); err != nil {
		t.Errorf("the rows: %v", err)
	}
}
