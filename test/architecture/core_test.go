package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// core are the packages of the pure decision: the same input gives the same answer, on every machine and at any time.
var core = []string{"internal/gate", "internal/gate/standings"}

// impure are packages of the standard library that lead to the world: files, networks, processes, logs, chance, waiting.
var impure = []string{
	"context", "crypto/rand", "database/sql", "embed", "expvar", "flag", "io/fs", "io/ioutil", "log", "math/rand", "net", "os", "path/filepath", "plugin", "runtime/debug",
	"runtime/pprof", "runtime/trace", "sync", "syscall", "testing", "unsafe",
}

// clock are the functions of package time that read or wait for the clock. The core is handed the time.
var clock = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}

func TestCoreIsPure(t *testing.T) {
	seen := 0
	for _, p := range list(t) {
		if !slices.Contains(core, p.path()) {
			continue
		}
		seen++
		for _, imported := range p.Imports {
			if isForeign(imported) {
				t.Errorf("%s imports %s: the core imports the standard library, its child and gen", p.path(), imported)
			}
			for _, prefix := range impure {
				if within(imported, prefix) {
					t.Errorf("%s imports %s: the core has no files, network, locks, chance or waiting", p.path(), imported)
				}
			}
		}
		for _, name := range p.GoFiles {
			checkPure(t, filepath.Join(p.Dir, name))
		}
	}
	if seen != len(core) {
		t.Errorf("%d packages of the core were found, want %d: %v", seen, len(core), core)
	}
}

// isForeign reports whether an import is neither ours nor the standard library's, whose paths have no dot in their first part.
func isForeign(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".") && ours(path) == ""
}

// checkPure looks for what imports do not show: the clock, goroutines, channels.
func checkPure(t *testing.T, file string) {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			t.Errorf("%s: the core starts no goroutine", fset.Position(n.Pos()))
		case *ast.ChanType, *ast.SelectStmt:
			t.Errorf("%s: the core waits for nobody", fset.Position(n.Pos()))
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
				t.Errorf("%s: time.%s: the core is handed the time", fset.Position(n.Pos()), n.Sel.Name)
			}
		}
		return true
	})
}
