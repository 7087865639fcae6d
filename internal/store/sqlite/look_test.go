package sqlite_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

// TestLookReadsAndChangesNothing: a log that was closed, one whose process ended without, and one that is open.
func TestLookReadsAndChangesNothing(t *testing.T) {
	closed := written(t, 5)
	running := written(t, 4)
	db := openDB(t, running)
	defer db.Close()
	if _, err := db.Append(t.Context(), numbered(0, 26)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir   string
		inUse bool
		shm   bool // SQLite's index, made anew at need, may change
	}{
		"closed":  {closed, false, false},
		"crashed": {copyOf(t, running), false, true},
		"running": {running, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := contents(t, c.dir, c.shm)
			log, inUse, err := sqlite.Look(t.Context(), sqlite.Config{Dir: c.dir})
			if err != nil || inUse != c.inUse {
				t.Fatalf("Look: in use %v, %v; want %v", inUse, err, c.inUse)
			}
			head, err := log.Head(t.Context())
			if err != nil || head.Revision != 5 {
				t.Errorf("revision %d, %v, want 5", head.Revision, err)
			}
			read := 0
			for _, err := range log.Read(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
				read++
			}
			if read != 5 {
				t.Errorf("%d events were read, want 5", read)
			}
			if _, err := log.Append(t.Context(), numbered(0, 31)); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Append: %v, want ErrUnavailable", err)
			}
			if !inUse && name == "closed" {
				if _, err := sqlite.Open(t.Context(), sqlite.Config{Dir: c.dir}); !errors.Is(err, store.ErrInUse) {
					t.Errorf("opened while it is looked at: %v", err)
				}
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			after := contents(t, c.dir, c.shm)
			for file, sum := range after {
				if before[file] != sum {
					t.Errorf("%s was changed or made", file)
				}
			}
		})
	}
}

// contents are the files of a directory by their sums.
func contents(t *testing.T, dir string, shm bool) map[string][sha256.Size]byte {
	t.Helper()
	sums := map[string][sha256.Size]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if shm && entry.Name() == "veto.db-shm" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sums[entry.Name()] = sha256.Sum256(text)
	}
	return sums
}

// TestLookTakesAnyName of a directory, as Open does.
func TestLookTakesAnyName(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"data", "./data", "a b?c#d%20", "../" + filepath.Base(t.TempDir())} {
		db := openDB(t, name)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		log, _, err := sqlite.Look(t.Context(), sqlite.Config{Dir: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLookFindsDamage(t *testing.T) {
	if _, _, err := sqlite.Look(t.Context(), sqlite.Config{Dir: t.TempDir()}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no log: %v", err)
	}
	for name, c := range map[string]struct {
		statement string
		want      error
	}{
		"newer":           {"INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)", store.ErrNewer},
		"older":           {"DELETE FROM goose_db_version WHERE version_id > 0", store.ErrUnavailable},
		"no version":      {"DROP TABLE goose_db_version", store.ErrUnavailable},
		"a lost head":     {"DELETE FROM head", store.ErrCorrupt},
		"a changed head":  {"UPDATE head SET root = zeroblob(32)", store.ErrCorrupt},
		"a broken schema": {"PRAGMA writable_schema = on; UPDATE sqlite_master SET rootpage = 2 WHERE name = 'event'", store.ErrCorrupt},
	} {
		dir := written(t, 3)
		damage(t, dir, c.statement)
		if _, _, err := sqlite.Look(t.Context(), sqlite.Config{Dir: dir}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	page := written(t, 200)
	file, err := os.OpenFile(filepath.Join(page, "veto.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for offset := int64(4096 * 4); offset < 4096*12; offset += 4096 {
		if _, err := file.WriteAt(make([]byte, 64), offset); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := sqlite.Look(t.Context(), sqlite.Config{Dir: page}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("overwritten pages: %v", err)
	}
}
