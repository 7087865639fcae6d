// Package golden compares what a test produced with a file that was read and approved.
//
// The files lie in testdata/ beside the test. `go test ./internal/x -update` writes them anew from what the code produces now: the difference is
// then read like any other change, because it is one. A test that imports this package has the flag, and only such a test.
//
// Bytes are compared, never lines or trimmed text: a lost line end is a difference too.
package golden

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update is read only after the test binary has parsed its flags.
var update = flag.Bool("update", false, "write golden files from what the code produces, instead of comparing")

// Updating reports whether the test binary runs with -update. Tests that keep approved output in another form (a script, a vector file) ask it, so
// that one flag rewrites everything.
func Updating() bool { return *update }

// Check compares got with the file testdata/name of the package under test, and fails the test with the difference. name is a slash-separated
// path inside testdata/, and may not lead out of it. With -update it writes the file instead, and makes its folder where there is none.
func Check(tb testing.TB, name string, got []byte) {
	tb.Helper()
	compare(tb, "testdata", name, got, Updating())
}

// compare is Check with what it takes from its surroundings handed in, so that a test of this package needs no flag.
func compare(tb testing.TB, folder, name string, got []byte, write bool) {
	tb.Helper()
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		tb.Fatalf("golden file %q: the name leads out of %s", name, folder)
		return
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if write {
		if err := replace(path, got); err != nil {
			tb.Fatalf("write golden file: %v", err)
		}
		return
	}
	want, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		tb.Fatalf("golden file %s is missing; run the test with -update, and read what it wrote", path)
	case err != nil:
		tb.Fatalf("read golden file: %v", err)
	case !bytes.Equal(want, got):
		tb.Errorf("%s differs (-want +got); if the new output is right, run the test with -update\n%s", path, difference(want, got))
	}
}

// difference shows text as text. It falls back on bytes where the texts look alike, as with an invalid byte that prints as its replacement.
func difference(want, got []byte) string {
	if text := cmp.Diff(string(want), string(got)); text != "" {
		return text
	}
	return cmp.Diff(want, got)
}

// replace writes the file whole, and leaves an unchanged one alone so that its time stays.
func replace(path string, content []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source files, to be read by whoever reads the rest
		return err
	}
	return os.WriteFile(path, content, 0o644) //nolint:gosec // as above
}
