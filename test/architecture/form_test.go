package architecture_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// emptyNames say nothing of what a package holds, and so draw in everything.
var emptyNames = []string{
	"base", "common", "data", "helper", "helpers", "info", "lib", "manager", "misc", "pkg", "shared", "tools", "types", "util", "utils",
}

// maxLines is the length beyond which a package no longer fits in one head; tests and generated code do not count.
const maxLines = 2500

// longer are the packages that may be longer than maxLines, each for a reason.
var longer = map[string]int{
	"cmd/veto": 4000, // a file for each command, and none knows another: one is read at a time
}

func TestPackagesSayWhatTheyHold(t *testing.T) {
	for _, p := range list(t) {
		if strings.HasPrefix(p.path(), "gen/") || len(p.GoFiles) == 0 {
			continue
		}
		if slices.Contains(emptyNames, p.Name) || slices.Contains(emptyNames, filepath.Base(p.path())) {
			t.Errorf("%s: the name says nothing of what the package holds", p.path())
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.path())
		}
		lines := 0
		for _, name := range p.GoFiles {
			content, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			lines += bytes.Count(content, []byte("\n"))
		}
		if most := max(maxLines, longer[p.path()]); lines > most {
			t.Errorf("%s has %d lines, at most %d fit in one head", p.path(), lines, most)
		}
	}
}

// unwanted is what no text of ours holds, by what is wrong with it. The patterns are written so that they do not match themselves.
var unwanted = map[string]*regexp.Regexp{
	"a path of one machine":    regexp.MustCompile(`(^|[^A-Za-z0-9_.~-])/(home|root|work|Users)/[A-Za-z0-9_.]`),
	"unfinished work":          regexp.MustCompile(`\b(TO[D]O|FIX[M]E|XX[X])\b|(?i:\bnot implement[e]d\b|\bfor no[w]\b)`),
	"a conflict left standing": regexp.MustCompile(`^(<{7}|>{7}) `),
	"space at a line's end":    regexp.MustCompile(`[ \t]+$`),
}

// foreignText lies in these places: what others wrote, what a tool wrote, what was built or recorded. (.golangci.yml names the words it looks for.)
var foreignText = []string{".git", ".golangci.yml", "bin", "build", "examples/java/target", "examples/node/gen", "examples/node/node_modules", "examples/settings/gen", "examples/settings/node_modules", "gen", "test/data", "third_party", "veto-data"}

// isText tells by the name whether a file is one that people write.
func isText(path string) bool {
	switch filepath.Base(path) {
	case "Makefile", "run", ".gitignore", ".gitattributes", ".editorconfig", "go.mod":
		return true
	}
	return slices.Contains([]string{".go", ".md", ".proto", ".sql", ".yaml", ".yml", ".py", ".sh", ".txt"}, filepath.Ext(path))
}

func TestTextsAreFinished(t *testing.T) {
	top := root(t)
	read := 0
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		skipped := slices.Contains(foreignText, filepath.ToSlash(rel)) || d.Name() == "testdata"
		switch {
		case d.IsDir() && skipped:
			return fs.SkipDir
		case skipped || !d.Type().IsRegular() || !isText(path):
			return nil
		}
		read++
		return checkText(t, path, rel)
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 10 {
		t.Errorf("only %d files were read: the walk does not reach the tree", read)
	}
}

func checkText(t *testing.T, path, shown string) error {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i, line := range bytes.Split(content, []byte("\n")) {
		for fault, pattern := range unwanted {
			if found := pattern.Find(line); found != nil {
				t.Errorf("%s:%d: %s: %q", shown, i+1, fault, found)
			}
		}
	}
	return nil
}

// TestUnwantedPatternsMatch guards the guard: a pattern that matches nothing passes every text.
func TestUnwantedPatternsMatch(t *testing.T) {
	for fault, text := range map[string]string{
		"a path of one machine":    "see /" + "home/someone/x",
		"unfinished work":          "// TO" + "DO: more",
		"a conflict left standing": strings.Repeat("<", 7) + " HEAD",
		"space at a line's end":    "text" + " ",
	} {
		if !unwanted[fault].MatchString(text) {
			t.Errorf("%s: the pattern does not match %q", fault, text)
		}
	}
}
