package terminal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/terminal"
)

// names are the files in a folder: nothing partial may be among them.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestFilesAppearWhole(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "receipt.json")
	if err := terminal.CreateFile(path, 0o600, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := terminal.CreateFile(path, 0o600, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there already: %v, want fs.ErrExist", err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "first" {
		t.Errorf("the file holds %q, %v", content, err)
	}
	if err := terminal.ReplaceFile(path, 0o640, []byte("third")); err != nil {
		t.Fatal(err)
	}
	if content, err = os.ReadFile(path); err != nil || string(content) != "third" {
		t.Errorf("replaced, the file holds %q, %v", content, err)
	}
	if status, err := os.Stat(path); err != nil || status.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", status.Mode(), err)
	}
	if diff := cmp.Diff([]string{"receipt.json"}, names(t, folder)); diff != "" {
		t.Error(diff)
	}
}

func TestFileThatCannotBeWrittenLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	if err := terminal.CreateFile(filepath.Join(folder, "nowhere", "x"), 0o600, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := terminal.ReplaceFile(filepath.Join(folder, "taken"), 0o600, nil); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if diff := cmp.Diff([]string{"taken"}, names(t, folder)); diff != "" {
		t.Error(diff)
	}
}
