package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// witness stands in for the test that is checked, and keeps what it was told.
type witness struct {
	testing.TB
	said  string
	fatal bool
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) { w.said += fmt.Sprintf(format, args...) }

func (w *witness) Fatalf(format string, args ...any) {
	w.said += fmt.Sprintf(format, args...)
	w.fatal = true
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		stored     string // what testdata holds; "-" for no file
		got        string
		wantSaid   string // a part of what the failing test says; "" where it passes
		wantFatal  bool
	}{
		{name: "equal", file: "a.golden", stored: "one\n", got: "one\n"},
		{name: "empty and equal", file: "a.golden", stored: "", got: ""},
		{name: "different", file: "a.golden", stored: "one\n", got: "two\n", wantSaid: "differs"},
		{name: "a lost line end", file: "a.golden", stored: "one\n", got: "one", wantSaid: "differs"},
		{name: "an invalid byte", file: "a.golden", stored: "\xff", got: "\xfe", wantSaid: "differs"},
		{name: "missing", file: "a.golden", stored: "-", got: "one\n", wantSaid: "missing", wantFatal: true},
		{name: "leads out", file: "../a.golden", stored: "-", got: "one\n", wantSaid: "leads out", wantFatal: true},
		{name: "absolute", file: "/a.golden", stored: "-", got: "one\n", wantSaid: "leads out", wantFatal: true},
		{name: "a folder", file: ".", stored: "-", got: "", wantSaid: "read golden file", wantFatal: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			if tt.stored != "-" {
				if err := os.WriteFile(filepath.Join(folder, tt.file), []byte(tt.stored), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			w := &witness{TB: t}
			compare(w, folder, tt.file, []byte(tt.got), false)
			if tt.wantSaid == "" && w.said != "" {
				t.Errorf("compare failed the test: %s", w.said)
			}
			if !strings.Contains(w.said, tt.wantSaid) {
				t.Errorf("compare said %q, want a text with %q", w.said, tt.wantSaid)
			}
			if w.fatal != tt.wantFatal {
				t.Errorf("compare ended the test: %v, want %v", w.fatal, tt.wantFatal)
			}
		})
	}
}

func TestUpdateWritesWhatTheNextRunAccepts(t *testing.T) {
	folder := t.TempDir()
	w := &witness{TB: t}
	for _, content := range []string{"one\n", "two\n", "two\n", ""} {
		compare(w, folder, "deep/er/a.golden", []byte(content), true)
		compare(w, folder, "deep/er/a.golden", []byte(content), false)
		if w.said != "" {
			t.Fatalf("after writing %q: %s", content, w.said)
		}
	}
}

func TestUpdateReportsAFolderItCannotMake(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := &witness{TB: t}
	compare(w, folder, "file/a.golden", []byte("one\n"), true)
	if !w.fatal || !strings.Contains(w.said, "write golden file") {
		t.Errorf("said %q, ended the test %v; want it ended with the failed write", w.said, w.fatal)
	}
}

func TestCheckReadsTestdataOfItsPackage(t *testing.T) {
	Check(t, "check.golden", []byte("what a test produced\n"))
}
