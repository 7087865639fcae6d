package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

var began = time.Date(2025, 5, 27, 8, 0, 0, 0, time.UTC)

func TestDirectoryIsTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	db := openDB(t, dir)
	defer db.Close()
	if _, err := db.Append(t.Context(), numbered(0, 1)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		filepath.Dir(dir):                 0o700 | os.ModeDir,
		dir:                               0o700 | os.ModeDir,
		filepath.Join(dir, "veto.db"):     0o600,
		filepath.Join(dir, "veto.db-wal"): 0o600,
		filepath.Join(dir, "veto.db-shm"): 0o600,
		filepath.Join(dir, "veto.lock"):   0o600,
	} {
		if at, err := os.Stat(path); err != nil || at.Mode() != want {
			t.Errorf("mode of %s: %v, %v, want %v", filepath.Base(path), at.Mode(), err, want)
		}
	}
}

func TestOpenInAnyDirectory(t *testing.T) {
	for _, name := range []string{"with space", "100%25", "what?mode=memory", "a#b", "a&b=c;d", "ü", "file:x"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			for round := range 2 {
				db := openDB(t, dir)
				if _, err := db.Append(t.Context(), numbered(round, 1)); err != nil {
					t.Errorf("Append: %v", err)
				}
				if err := db.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "veto.db")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbage, "veto.db"), []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "veto.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	locked := t.TempDir()
	if err := os.Mkdir(filepath.Join(locked, "veto.lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	used := t.TempDir()
	db := openDB(t, used)
	defer db.Close()
	for _, c := range []struct {
		name, dir, says string
		want            error
	}{
		{"no directory", "", "empty", nil},
		{"a file", file, "not a directory", nil},
		{"below a file", filepath.Join(file, "below"), "not a directory", nil},
		{"a file that is no database", garbage, "not a database", store.ErrCorrupt},
		{"a folder for a database", folder, "unable to open", store.ErrUnavailable},
		{"a folder for a lock", locked, "lock", nil},
		{"a directory in use", used, "another", store.ErrInUse},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: c.dir})
			if err == nil {
				t.Fatalf("Open: no error (%v)", db.Close())
			}
			if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Open: %v, want %v and %q", err, c.want, c.says)
			}
		})
	}
	// What was refused holds nothing.
	if err := os.Remove(filepath.Join(garbage, "veto.db")); err != nil {
		t.Fatal(err)
	}
	if err := openDB(t, garbage).Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestSettingsAreReadBack(t *testing.T) {
	db := openDB(t, t.TempDir())
	defer db.Close()
	writer, reader := sqlite.Settings()
	for _, s := range writer {
		if got, _, err := sqlite.Pragma(t.Context(), db, s.Name()); err != nil || got != s.ReadBack() {
			t.Errorf("writer's %s: %q, %v, want %q", s.Name(), got, err, s.ReadBack())
		}
	}
	for _, s := range reader {
		if _, got, err := sqlite.Pragma(t.Context(), db, s.Name()); err != nil || got != s.ReadBack() {
			t.Errorf("reader's %s: %q, %v, want %q", s.Name(), got, err, s.ReadBack())
		}
	}
	if _, err := sqlite.Reader(db).ExecContext(t.Context(), "DELETE FROM head"); err == nil {
		t.Error("a reader could write")
	}
	for _, c := range []struct {
		setting sqlite.Setting
		says    string
	}{
		{sqlite.NewSetting("journal_mode", "delete"), `it is "wal", want "delete"`},
		{sqlite.NewSetting("synchronous", "3"), `want "3"`},
		{sqlite.NewSetting("no_such_setting", "1"), "no_such_setting"},
	} {
		err := sqlite.CheckSettings(t.Context(), sqlite.Reader(db), []sqlite.Setting{c.setting})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("check of %s: %v, want %q", c.setting.Name(), err, c.says)
		}
	}
}

func TestSQLiteIsRecentEnough(t *testing.T) {
	for version, want := range map[string]string{
		"3.51.3": "", "3.51.10": "", "3.54.1": "", "4.0.0": "", "3.52": "",
		"3.51.2": "older ones can lose pages", "3.7.0": "older", "2.99.99": "older",
		"": "not a version", "3": "not a version", "3.51.x": "not a version",
	} {
		err := sqlite.RecentEnough(version)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", version, err, want)
		}
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	if err := sqlite.Exec(t.Context(), db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "veto.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir}); !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "9999") {
		t.Errorf("Open: %v, want ErrNewer with the version", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "veto.db")); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the refused database was changed (%v)", err)
	}
}

// TestLibcIsWhatSQLiteWasMadeFor holds one dependency to the version that another was translated with: with any other
// one, what runs is not what its makers tested.
func TestLibcIsWhatSQLiteWasMadeFor(t *testing.T) {
	list := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-m", "-f"}, args...)...).Output()
		if err != nil {
			t.Fatalf("go list %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	mod, err := os.ReadFile(list("{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^\s*modernc\.org/libc (\S+)`).FindSubmatch(mod)
	if want == nil {
		t.Fatal("sqlite's go.mod does not name libc")
	}
	if got := list("{{.Version}}", "modernc.org/libc"); got != string(want[1]) {
		t.Errorf("modernc.org/libc is %s, sqlite wants %s", got, want[1])
	}
}

// raw opens the file of a log that is closed.
func raw(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "veto.db"))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestMigrationOnFullDisk has room for less than the schema: the next start completes it.
func TestMigrationOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	text, err := fs.ReadFile(sqlite.Migrations(), "0001_event_log.sql")
	if err != nil {
		t.Fatal(err)
	}
	crowded := strings.Replace(string(text), "CREATE TABLE event (", "PRAGMA max_page_count = 3;\nCREATE TABLE event (", 1)
	err = sqlite.MigrateFrom(t.Context(), dir, fstest.MapFS{"0001_event_log.sql": {Data: []byte(crowded)}})
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("migration: %v, want ErrFull", err)
	}
	broken := fstest.MapFS{"0001_event_log.sql": {Data: []byte("-- +goose Up\nCREATE TABL event (x);\n")}}
	if err := sqlite.MigrateFrom(t.Context(), dir, broken); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("migration that is no SQL: %v, want ErrUnavailable", err)
	}
	if err := sqlite.MigrateFrom(t.Context(), dir, fstest.MapFS{}); err == nil {
		t.Error("no migrations: no error")
	}
	db := openDB(t, dir)
	defer db.Close()
	if got, err := db.Append(t.Context(), numbered(0, 1)); err != nil || got.Revision != 1 {
		t.Errorf("Append: revision %d, %v, want 1", got.Revision, err)
	}
}
