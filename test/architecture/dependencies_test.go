package architecture_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// row is a line of the first table of docs/dependencies.md: a module and its version.
var row = regexp.MustCompile(`(?m)^\| (\S+) \| (v[0-9]\S*) \| [^|]+ \| [^|]+ \|$`)

// TestDependenciesAreExplained holds docs/dependencies.md to go.mod: each direct dependency has a row, and each row is true.
func TestDependenciesAreExplained(t *testing.T) {
	top := root(t)
	doc, err := os.ReadFile(filepath.Join(top, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
	cmd.Dir = top
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go mod edit: %v", err)
	}
	var mod struct {
		Require []struct {
			Path, Version string
			Indirect      bool
		}
		Replace []struct{ Old struct{ Path string } }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}

	explained := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(doc), -1) {
		explained[m[1]] = m[2]
	}
	used := map[string]string{}
	for _, r := range mod.Require {
		used[r.Path] = r.Version
		if _, ok := explained[r.Path]; !ok && !r.Indirect {
			t.Errorf("%s is a dependency, and docs/dependencies.md does not say why", r.Path)
		}
	}
	tools, err := os.ReadFile(filepath.Join(top, "tools", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for path, version := range explained {
		if version == used[path] {
			continue
		}
		// A tool is named by its command: its version is what counts.
		if regexp.MustCompile(`(?m)^\s\S*` + regexp.QuoteMeta(path) + `\S* ` + regexp.QuoteMeta(version) + `( |$)`).Match(tools) {
			continue
		}
		t.Errorf("docs/dependencies.md names %s %s, go.mod has %q", path, version, used[path])
	}
	for _, r := range mod.Replace {
		t.Errorf("go.mod replaces %s: `go install module@version` refuses such a module", r.Old.Path)
	}
}
