package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
