package sqlite_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestCloseFoldsTheJournalIntoTheDatabase: what docs/formats/store.md tells whoever copies a stopped log. It is so after writes alone, after reads beside
// them, and after a start that found the journal of a process that ended without closing.
func TestCloseFoldsTheJournalIntoTheDatabase(t *testing.T) {
	dir := written(t, 3)
	wantFiles(t, dir, "veto.db", "veto.lock")

	db := openDB(t, dir)
	for range db.Read(t.Context(), 0) {
		break // in the middle of a page
	}
	if _, err := db.Append(t.Context(), numbered(0, 16)); err != nil {
		t.Fatal(err)
	}
	crashed := copyOf(t, dir) // as a kill would leave it
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "veto.db", "veto.lock")

	if status, err := os.Stat(filepath.Join(crashed, "veto.db-wal")); err != nil || status.Size() == 0 {
		t.Fatalf("the copy has no journal: %v", err)
	}
	again := openDB(t, crashed)
	head, err := again.Head(t.Context())
	if err != nil || head.Revision != 4 {
		t.Errorf("after a crash: revision %d, %v, want 4", head.Revision, err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, crashed, "veto.db", "veto.lock")
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
}

// copyOf copies a data directory, its lock's file apart.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{"veto.db", "veto.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}
