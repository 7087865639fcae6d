// Package passthrough lets another engine judge what `veto filter` writes: DuckDB reads input and output, and finds the kept rows equal in every column,
// in order, under the same schema. The corpora are written by pyarrow and DuckDB, with types and encodings that engines use.
package passthrough

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// python is the interpreter that `make needs` makes.
func python(t *testing.T, args ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "build", "venv", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("there is no %s: run `make needs`", path)
	}
	return output(t, path, args...)
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, text)
	}
	return string(text)
}

func TestDuckDBFindsTheKeptRowsEqual(t *testing.T) {
	folder := t.TempDir()
	veto := filepath.Join(folder, "veto")
	output(t, "go", "build", "-o", veto, "../../cmd/veto")
	python(t, "corpora.py", folder)
	data := filepath.Join(folder, "data")
	output(t, veto, "policy", "apply", "../../examples/policies/meta.yaml", "--data", data)
	output(t, veto, "object", "u0000000000000007", "--country", "DE", "--data", data)

	unmapped := []string{"--absent", "subjects,content_keys,signals,in_conversation,author_notified_at"}
	corpora := map[string][]string{"../../test/data/items/items.parquet": nil}
	for _, name := range []string{"pyarrow.parquet", "split.parquet", "delta.parquet", "old.parquet", "duckdb.parquet", "duckdb.csv", "duckdb.jsonl"} {
		corpora[filepath.Join(folder, name)] = unmapped
	}
	for in, flags := range corpora {
		t.Run(filepath.Base(in), func(t *testing.T) {
			out, excluded := filepath.Join(t.TempDir(), "out"+filepath.Ext(in)), filepath.Join(t.TempDir(), "why.jsonl")
			output(t, veto, append([]string{"filter", in, "-o", out, "--excluded", excluded, "--data", data}, flags...)...)
			t.Log(python(t, "compare.py", in, out, excluded))
		})
	}
}
