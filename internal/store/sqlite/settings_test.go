package sqlite_test

import (
	"testing"

	"github.com/veto-gate/veto/internal/store/sqlite"
)

// TestWriterSyncsEveryCommit holds what a kill cannot show: in WAL mode only FULL syncs each commit, and the pages of one
// that was not synced are lost with the power, not with the process.
func TestWriterSyncsEveryCommit(t *testing.T) {
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "fullfsync": "1", "checkpoint_fullfsync": "1"} {
		if got, err := sqlite.WriterPragma(t.Context(), db, pragma); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", pragma, got, err, want)
		}
	}
}
