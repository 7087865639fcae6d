package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veto-gate/veto/internal/terminal"
)

// TestDemoTellsItsStory runs the demo as `make demo` does. It fails by itself where the gate does not do what the story says.
func TestDemoTellsItsStory(t *testing.T) {
	place := t.TempDir()
	t.Setenv("TMPDIR", place)
	data := filepath.Join("..", "..", "test", "data")
	var out, stderr strings.Builder
	code := run(t.Context(), []string{"demo", "--corpus", filepath.Join(data, "items", "items.parquet"), "--requests", filepath.Join(data, "objections", "requests.csv")},
		nil, terminal.Streams{Out: &out, Err: &stderr})
	if code != exitDone {
		t.Fatalf("exit %d, want 0\n%s\n%s", code, out.String(), stderr.String())
	}
	for _, want := range []string{"\n1. A new register\n", "\n8. The first recall\n", "\n10. Try next\n", "offered              104,254  100.0 %", "by 6,639 people", "is in force since", "◀"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the story does not say %q", want)
		}
	}
	if strings.Contains(out.String(), "otherwise") {
		t.Errorf("requests were answered as their file does not allow:\n%s", out.String())
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", stderr.String())
	}
	left, err := os.ReadDir(place)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestDemoWithoutItsInput says where to run it.
func TestDemoWithoutItsInput(t *testing.T) {
	var stderr strings.Builder
	code := run(t.Context(), []string{"demo", "--corpus", "nowhere.parquet"}, nil, terminal.Streams{Out: &strings.Builder{}, Err: &stderr})
	if code != exitUsage || !strings.Contains(stderr.String(), "hint: run it in the repository's folder") {
		t.Errorf("exit %d, want 2 and a hint\n%s", code, stderr.String())
	}
}
