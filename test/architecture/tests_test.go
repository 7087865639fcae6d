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

// TestTestsAreHonest looks for tests that cannot fail for the right reason: skipped ones, ones that sleep and hope, packages that do not look for
// goroutines left behind.
func TestTestsAreHonest(t *testing.T) {
	seen := 0
	for _, p := range list(t) {
		files := slices.Concat(p.TestGoFiles, p.XTestGoFiles)
		if len(files) == 0 {
			continue
		}
		seen++
		if !slices.Contains(slices.Concat(p.TestImports, p.XTestImports), "go.uber.org/goleak") {
			t.Errorf("%s: no TestMain looks for goroutines left behind (goleak.VerifyTestMain)", p.path())
		}
		for _, name := range files {
			checkHonest(t, p, name)
		}
	}
	if seen == 0 {
		t.Error("no package with tests was found")
	}
}

// skips are the methods of testing.T that end a test as neither passed nor failed.
var skips = []string{"Skip", "SkipNow", "Skipf"}

func checkHonest(t *testing.T, p pkg, name string) {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	// In a file that uses testing/synctest a sleep is a step of the bubble's own clock, and takes no time.
	onOwnClock := slices.ContainsFunc(tree.Imports, func(i *ast.ImportSpec) bool { return strings.Trim(i.Path.Value, `"`) == "testing/synctest" })
	var loops []ast.Node // a sleep inside one is the pause between two looks
	ast.Inspect(tree, func(n ast.Node) bool {
		if loop, ok := n.(*ast.ForStmt); ok {
			loops = append(loops, loop)
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := f.X.(*ast.Ident)
		if !ok {
			return true
		}
		at := p.path() + "/" + name
		if slices.Contains(skips, f.Sel.Name) && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name) {
			t.Errorf("%s:%d: a skipped test proves nothing", at, fset.Position(n.Pos()).Line)
		}
		if x.Name == "time" && f.Sel.Name == "Sleep" && !onOwnClock && !inside(loops, call) {
			t.Errorf("%s:%d: a test that sleeps hopes: wait for the thing itself, or use testing/synctest", at, fset.Position(n.Pos()).Line)
		}
		return true
	})
}

// inside reports whether one of the nodes holds n.
func inside(nodes []ast.Node, n ast.Node) bool {
	return slices.ContainsFunc(nodes, func(outer ast.Node) bool { return outer.Pos() <= n.Pos() && n.End() <= outer.End() })
}
