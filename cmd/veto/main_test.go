package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/golden"
)

// TestMain makes this binary the command `veto` of the scripts. Tests that need the program as it is shipped build it: see realBinary.
func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"veto": main})
}

// leakless is goleak.VerifyTestMain, for a Main that is not the last.
type leakless struct{ m *testing.M }

func (l leakless) Run() int {
	code := l.m.Run()
	os.RemoveAll(binaryFolder) // nothing, where no test built it
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestScripts runs the commands as people do. In a script `server` starts one on a free port and a new data directory, with $POLICY if it is set, and
// sets $ADDR; `retry` runs the rest of its line until it succeeds.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       golden.Updating(),
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPO", root)
			env.Setenv("POLICIES", filepath.Join(root, "examples", "policies"))
			env.Setenv("CORPUS", filepath.Join(root, "test", "data", "items", "items.parquet"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": ready,
			"mode":  mode,
			"field": field,
		},
	})
}

// ready waits for a server's ready file and puts the address that it names into $ADDR: ready FILE.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready FILE")
	}
	address, err := awaitFile(ts.MkAbs(args[0]), readyPatience)
	if err != nil {
		ts.Fatalf("%v", err)
	}
	ts.Setenv("ADDR", address)
}

// readyPatience is far more than a start takes on a busy machine.
const readyPatience = 30 * time.Second

// awaitFile waits for a file that appears whole, and returns its line.
func awaitFile(path string, patience time.Duration) (string, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		content, err := os.ReadFile(path)
		if err == nil {
			return strings.TrimSpace(string(content)), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		select {
		case <-look.C:
		case <-deadline.C:
			return "", fmt.Errorf("no server was ready within %v", patience)
		}
	}
}

// mode compares a file's permissions: mode 0600 FILE.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode 0600 FILE")
	}
	status, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", status.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// field puts the second word of the line of stdout that begins with a word into a variable: field objection ID.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field WORD VARIABLE")
	}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == args[0] {
			ts.Setenv(args[1], words[1])
			return
		}
	}
	ts.Fatalf("stdout has no line that begins with %s", args[0])
}
