package architecture_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// link is a Markdown link to a file of the repository: no scheme, no mere anchor.
var link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)\s]*)?\)`)

// TestLinksLeadSomewhere follows every link from one of our texts to another file.
func TestLinksLeadSomewhere(t *testing.T) {
	top := root(t)
	followed := 0
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "bin", "build", "examples/java/target", "examples/node/node_modules", "examples/settings/node_modules", "third_party"}, filepath.ToSlash(rel)) {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			followed++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s links to %s, which is not there", rel, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if followed == 0 {
		t.Error("no link was found: the walk does not reach the texts")
	}
}

// TestDecisionsAreListed holds the index of decisions to the folder.
func TestDecisionsAreListed(t *testing.T) {
	folder := filepath.Join(root(t), "docs", "decisions")
	index, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob(filepath.Join(folder, "[0-9]*.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(records) == 0 {
		t.Error("no record was found")
	}
	for _, record := range records {
		if name := filepath.Base(record); !strings.Contains(string(index), "("+name+")") {
			t.Errorf("docs/decisions/README.md does not list %s", name)
		}
	}
}
