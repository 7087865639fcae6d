// Package architecture_test holds the house to its plan: which package may import which, what the pure core may not touch, and the few rules of form
// that no linter knows. ARCHITECTURE.md draws the same arrows for people.
package architecture_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// module is the path that all of our packages begin with.
const module = "github.com/veto-gate/veto"

// pkg is what `go list` says of one package.
type pkg struct {
	ImportPath   string
	Dir          string
	Name         string
	Doc          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// path is the package's place in the module: "internal/gate", or "" for the module's root.
func (p pkg) path() string { return ours(p.ImportPath) }

// ours is the place of an import of ours, and "" of any other.
func ours(importPath string) string {
	rest, found := strings.CutPrefix(importPath, module+"/")
	if !found {
		return ""
	}
	return rest
}

// list returns all packages of the module, as they are built for the tests: with the self-checks.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json", "-tags", "invariants", "./...")
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list named no package")
	}
	return all
}

// root is the module's folder.
func root(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return folder
}
