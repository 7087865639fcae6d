package sqlite_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

// disk is what the two files of a log hold. SQLite's index is no part of it: it is never synced, and made anew.
type disk struct{ database, journal []byte }

func diskAt(t testing.TB, dir string) disk {
	t.Helper()
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return content
	}
	return disk{read("veto.db"), read("veto.db-wal")}
}

// sector is what a disk writes whole.
const sector = 512

// torn is a file of which some sectors were written and others not, when the power went: in any order, and cut anywhere between its two lengths.
func torn(random *rand.Rand, before, after []byte) []byte {
	size := len(before)
	if more := len(after) - len(before); more > 0 {
		size += min(more, random.IntN(more/sector+2)*sector)
	} else if random.IntN(2) == 0 {
		size = len(after)
	}
	image := make([]byte, size)
	copy(image, before)
	written := 1.3 * random.Float64() // how much of it; all of it now and then
	for at := 0; at < min(size, len(after)); at += sector {
		if random.Float64() < written {
			copy(image[at:min(at+sector, size)], after[at:])
		}
	}
	return image
}

// TestFault_D02_PowerLoss makes images of what a disk may hold when the power goes between two acknowledgements: what was synced before is there; of what was
// written since, any sectors, in any order, of the journal, or, once the journal was synced, of the database that it is folded into. Each image opens, has every event
// that was acknowledged, at most the one that was under way, once, and takes the next.
//
// VETO_POWER_IMAGES says how many images (400), VETO_POWER_SEED repeats a run's.
func TestFault_D02_PowerLoss(t *testing.T) {
	number := func(variable string, otherwise int64) int64 {
		n, err := strconv.ParseInt(os.Getenv(variable), 10, 64)
		if err != nil {
			return otherwise
		}
		return n
	}
	images, seed := int(number("VETO_POWER_IMAGES", 400)), number("VETO_POWER_SEED", time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 2))
	const appends = 400 // several times as much as the journal holds before it is folded in
	dir := t.TempDir()
	db := openDB(t, dir)
	defer db.Close()
	var ofJournal, ofDatabase, underWay, lost int
	before := diskAt(t, dir)
	older := before
	for n := range appends {
		if _, err := db.Append(t.Context(), numbered(0, 5*n+1)); err != nil {
			t.Fatal(err)
		}
		after := diskAt(t, dir)
		folded := !bytes.Equal(after.database, before.database)
		for range (images + appends - 1) / appends {
			head := powerLoss(t, disk{before.database, torn(random, before.journal, after.journal)})
			if head != event.Revision(n) && head != event.Revision(n+1) {
				t.Fatalf("%d events were acknowledged, and %d are there", n, head)
			}
			if head == event.Revision(n+1) {
				underWay++
			}
			ofJournal++
		}
		if folded {
			for range 10 {
				if head := powerLoss(t, disk{torn(random, before.database, after.database), after.journal}); head != event.Revision(n+1) {
					t.Fatalf("%d events were acknowledged and being folded in, and %d are there", n+1, head)
				}
				ofDatabase++
			}
		}
		// The twin that proves the test: a disk that says it has synced and has not loses events, and it is seen.
		if head := powerLoss(t, disk{older.database, older.journal}); n > 0 && head < event.Revision(n) {
			lost++
		}
		older, before = before, after
	}
	t.Logf("%d images of the journal, of which %d held the event under way; %d of the database; %d of a disk that lies", ofJournal, underWay, ofDatabase, lost)
	if ofDatabase == 0 || underWay == 0 || underWay == ofJournal || lost < appends/2 {
		t.Error("the images do not reach what they are for")
	}
}

// powerLoss starts on what a disk holds, checks it, writes one more event, and returns how many there were.
func powerLoss(t *testing.T, d disk) event.Revision {
	t.Helper()
	dir, err := os.MkdirTemp("", "veto-power-") //nolint:usetesting // there are hundreds, each removed at once
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, content := range map[string][]byte{"veto.db": d.database, "veto.db-wal": d.journal} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatalf("open what the disk holds: %v", err)
	}
	defer db.Close()
	head, err := db.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tree := store.EmptyHead()
	for entry, err := range db.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Side == nil {
			t.Fatalf("the side row of revision %d is gone", entry.Revision)
		}
		if tree, err = tree.Next(entry.Leaf, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if tree.Root != head.Root || tree.Revision != head.Revision {
		t.Fatalf("%d events do not hash to the head's root at %d", tree.Revision, head.Revision)
	}
	if got, err := db.Append(t.Context(), numbered(7, 1_000_001)); err != nil || got.Revision != head.Revision+1 {
		t.Fatalf("the next event: revision %d, %v, want %d", got.Revision, err, head.Revision+1)
	}
	return head.Revision
}
