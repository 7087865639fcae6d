package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrintConfigIsAConfig: what is printed, given as --config, is what was printed, from a file.
func TestPrintConfigIsAConfig(t *testing.T) {
	printed, _ := veto(t, exitDone, "serve", "--print-config", "--listen", "localhost:0", "--data", `a "b": #c`, "--call-time", "3s", "--max-streams", "7", "--log", "json")
	for _, want := range []string{"call-time: 3s # command line\n", "max-streams: 7 # command line\n", "max-connections: 1024 # default\n"} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q is not in\n%s", want, printed)
		}
	}
	file := filepath.Join(t.TempDir(), "veto.yaml")
	if err := os.WriteFile(file, []byte(printed), 0o600); err != nil {
		t.Fatal(err)
	}
	again, _ := veto(t, exitDone, "serve", "--print-config", "--config", file)
	want := strings.NewReplacer("# command line\n", "# file\n", "# default\n", "# file\n").Replace(printed)
	if again != want {
		t.Errorf("read back:\n%s\nwant\n%s", again, want)
	}
}

// TestALimitOutOfBoundsIsRefused before anything is made.
func TestALimitOutOfBoundsIsRefused(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	_, stderr := veto(t, exitUsage, "serve", "--data", data, "--max-streams", "0", "--stream-idle", "25h")
	if !strings.Contains(stderr, "--max-streams: not between 1 and 1000000") || !strings.Contains(stderr, "--stream-idle: not between 1s and 24h") {
		t.Error(stderr)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a data directory was made")
	}
}
