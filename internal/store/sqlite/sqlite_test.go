package sqlite_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role, os.Getenv(dirVariable)))
	}
	goleak.VerifyTestMain(m)
}

// open opens the log in a directory or fails the test.
func open(t testing.TB, dir string) store.Log {
	t.Helper()
	return openDB(t, dir)
}

func openDB(t testing.TB, dir string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return db
}

func TestConformance(t *testing.T) { storetest.Run(t, open) }
