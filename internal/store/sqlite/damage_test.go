package sqlite_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

// written makes a closed log of so many events.
func written(t *testing.T, events int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	db := openDB(t, dir)
	for n := range events {
		if _, err := db.Append(t.Context(), numbered(0, 5*n+1)); err != nil {
			t.Fatalf("Append: %v", err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return dir
}

// damage changes a closed log behind its back.
func damage(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db := raw(t, dir)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range append([]string{"PRAGMA ignore_check_constraints = on"}, statements...) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestDamagedHeadIsFoundAtOpen(t *testing.T) {
	const flip = `CAST(x'ff' || substr(%, 2) AS BLOB)`
	flipped := func(column string) string { return strings.ReplaceAll(flip, "%", column) }
	for _, c := range []struct {
		name, statement, says string
	}{
		{"head went back", "UPDATE head SET revision = 6", "revision 6, there are 7 events"},
		{"head ran ahead", "UPDATE head SET revision = 8", "revision 8, there are 7 events"},
		{"head is below zero", "UPDATE head SET revision = -1", "revision -1"},
		{"head is gone", "DELETE FROM head", "its row is missing"},
		{"last event is gone", "DELETE FROM event WHERE revision = 7", "there are 6 events and the last is at revision 6"},
		{"event within is gone", "DELETE FROM event WHERE revision = 3", "there are 6 events and the last is at revision 7"},
		{"an event at zero", "UPDATE event SET revision = 0 WHERE revision = 3", "its frontier says"},
		{"root flipped", "UPDATE head SET root = " + flipped("root"), "the stored root"},
		{"root is short", "UPDATE head SET root = x'00'", "1 bytes of root"},
		{"frontier flipped", "UPDATE head SET frontier = " + flipped("frontier"), "the stored root"},
		{"frontier is short", "UPDATE head SET frontier = substr(frontier, 33)", "it has 2 hashes, want 3"},
		{"frontier is cut", "UPDATE head SET frontier = substr(frontier, 2)", "95 of frontier"},
		{"time is gone", "UPDATE head SET time = NULL", "its time"},
		{"last leaf flipped", "UPDATE event SET leaf = " + flipped("leaf") + " WHERE revision = 7", "it hashes to"},
		{"last leaf hash flipped", "UPDATE event SET leaf_hash = " + flipped("leaf_hash") + " WHERE revision = 7", "it hashes to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := written(t, 7)
			damage(t, dir, c.statement)
			if c.name == "an event at zero" { // as many as the head counts, and the last is in its place: not found here
				openAndRead(t, dir)
				return
			}
			_, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
			if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Open: %v, want ErrCorrupt with %q", err, c.says)
			}
		})
	}
}

// openAndRead opens a log with a gap that its counts hide, and wants reading to find it.
func openAndRead(t *testing.T, dir string) {
	t.Helper()
	db := openDB(t, dir)
	defer db.Close()
	var last event.Revision
	var err error
	for e, failed := range db.Read(t.Context(), 0) {
		if err = failed; err == nil {
			last = e.Revision
		}
	}
	if !errors.Is(err, store.ErrCorrupt) || last >= 3 || !strings.Contains(err.Error(), "revision 3 is missing") {
		t.Errorf("Read: %v after revision %d, want ErrCorrupt before 3", err, last)
	}
}

// TestDamagedLeavesAreFoundAtOpen has a log whose last leaves are one large subtree.
func TestDamagedLeavesAreFoundAtOpen(t *testing.T) {
	dir := written(t, 8)
	damage(t, dir, "UPDATE event SET (leaf, leaf_hash) = (SELECT leaf, leaf_hash FROM event WHERE revision = 2) WHERE revision = 1")
	_, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "the last 8 leaves hash to") {
		t.Errorf("Open: %v, want ErrCorrupt", err)
	}
}

// TestDamageIsFoundWhenRead damages a log that is open: nothing wrong is handed out.
func TestDamageIsFoundWhenRead(t *testing.T) {
	c := numbered(0, 16) // the request that wrote revision 4
	text := []byte("round 0 event 16")
	sum := sha256.Sum256(text)
	for _, d := range []struct {
		name, statement string
		call            func(*sqlite.DB) error
	}{
		{"event gone: Read", "DELETE FROM event WHERE revision = 4", func(db *sqlite.DB) error {
			for _, err := range db.Read(t.Context(), 0) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"first of a page gone: Read", "DELETE FROM event WHERE revision >= 4", func(db *sqlite.DB) error {
			for _, err := range db.Read(t.Context(), 3) {
				return err
			}
			return nil
		}},
		{"event gone: EventsOf", "DELETE FROM event WHERE revision = 4", func(db *sqlite.DB) error {
			_, err := db.EventsOf(t.Context(), []event.Key{c.RequestID}, 7)
			return err
		}},
		{"event gone: retry", "DELETE FROM event WHERE revision = 4", func(db *sqlite.DB) error {
			_, err := db.Append(t.Context(), c)
			return err
		}},
		{"document flipped", "UPDATE document SET bytes = x'ff'", func(db *sqlite.DB) error {
			_, err := db.Document(t.Context(), sum)
			return err
		}},
		{"frontier short: Append", "UPDATE head SET frontier = substr(frontier, 33)", func(db *sqlite.DB) error {
			_, err := db.Append(t.Context(), numbered(1, 1))
			return err
		}},
		{"head gone: Append", "DELETE FROM head", func(db *sqlite.DB) error {
			_, err := db.Append(t.Context(), numbered(1, 1))
			return err
		}},
		{"head gone: Head", "DELETE FROM head", func(db *sqlite.DB) error {
			_, err := db.Head(t.Context())
			return err
		}},
	} {
		t.Run(d.name, func(t *testing.T) {
			db := openDB(t, written(t, 7))
			defer db.Close()
			for _, statement := range []string{"PRAGMA foreign_keys = off", d.statement} {
				if err := sqlite.Exec(t.Context(), db, statement); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.call(db); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("%v, want ErrCorrupt", err)
			}
		})
	}
}

// TestSideRowTakenOut takes a side row out: the leaf stays, and every way to read says that the row is not there.
func TestSideRowTakenOut(t *testing.T) {
	dir := written(t, 3)
	damage(t, dir, "DELETE FROM side WHERE revision = 2")
	db := openDB(t, dir)
	defer db.Close()
	c := numbered(0, 6) // the request that wrote revision 2
	again, err := db.Append(t.Context(), c)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	found, err := db.EventsOf(t.Context(), []event.Key{c.RequestID}, 3)
	if err != nil || len(found) != 1 {
		t.Fatalf("EventsOf: %d events, %v", len(found), err)
	}
	entries := []store.Entry{again.Entry, found[0]}
	for e, err := range db.Read(t.Context(), 1) {
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		entries = append(entries, e)
		break
	}
	for i, e := range entries {
		if e.Revision != 2 || string(e.Leaf) != "round 0 event 6" || e.Side != nil {
			t.Errorf("way %d: %+v, want the leaf without a side row", i, e)
		}
	}
}
