// Package storetest is the conformance suite of the store: what every driver must do, whatever its database. A driver
// calls Run in a test of its own and passes it whole. The package also holds Misordering, a log that breaks the
// promise of order on purpose, to test those who read logs.
package storetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// Open opens the log that a directory stands for, an empty one at first, and the same one again after it was closed.
// A driver whose data is elsewhere takes the directory as a name. The suite closes what it opens; Open fails the test
// if it cannot.
type Open func(t testing.TB, dir string) store.Log

// Run holds a driver against the contract of store.Log, in subtests named for the behaviour.
func Run(t *testing.T, open Open) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"EmptyLog", emptyLog},
		{"OneGaplessOrderUnderConcurrentWriters", gaplessOrder},
		{"ReadYourAppend", readYourAppend},
		{"ReadsInPages", readsInPages},
		{"ReadSurvivesSlowCaller", slowReader},
		{"EntriesAreTheCallers", entriesAreTheCallers},
		{"ReopenKeepsEverything", reopen},
		{"RetryGivesTheSameAnswer", retry},
		{"RetriesAtOnceWriteOnce", retriesAtOnce},
		{"RequestIDWithOtherContentIsRefused", requestReused},
		{"RefusalHarmsNoNeighbour", refusalHarmsNoNeighbour},
		{"RefusalIsNotKept", refusalIsNotKept},
		{"PanicIsOneCommandsError", panicIsOneCommands},
		{"EndedContextWritesNothing", endedContext},
		{"TakenCommandGoesOn", takenGoesOn},
		{"EventsOfKeys", eventsOf},
		{"PresentSeesEarlierCommands", presentSeesEarlier},
		{"PresentIsTheWholeLog", presentIsWhole},
		{"DocumentsAreKeptOnce", documents},
		{"SealedRowsComeAndGo", sealedRows},
		{"BoundsAreChecked", bounds},
		{"LargestRecordFits", largest},
		{"TimeNeverGoesBack", timeNeverGoesBack},
		{"RootIsTheTreesAtEverySize", roots},
		{"WaitEndsWhenTheHeadMoves", wait},
		{"CloseEndsEverything", closing},
		{"AgreesWithTheModel", agreesWithModel},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// start opens a new log and closes it at the test's end.
func start(t testing.TB, open Open) store.Log {
	t.Helper()
	log := open(t, t.TempDir())
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return log
}

// began is when the suite's first event is recorded.
var began = time.Date(2025, 5, 27, 8, 0, 0, 123456000, time.UTC)

// id is a request id that belongs to a number.
func id(n int) (id [16]byte) {
	binary.BigEndian.PutUint64(id[8:], uint64(n)+1)
	return id
}

// key is a key that belongs to a number.
func key(n int) (k event.Key) {
	binary.BigEndian.PutUint64(k[:], uint64(n))
	return k
}

// fingerprint is a fingerprint that belongs to a number.
func fingerprint(n int) (h event.Hash) {
	binary.BigEndian.PutUint64(h[:], uint64(n))
	return h
}

// record is an event that belongs to a number.
func record(n int, keys ...event.Key) *store.Record {
	return &store.Record{
		Leaf: fmt.Appendf(nil, "leaf %d", n),
		Side: fmt.Appendf(nil, "side %d", n),
		Keys: keys,
		Time: began.Add(time.Duration(n) * time.Second),
	}
}

// writing is a command that writes a record and answers with its number.
func writing(n int, r *store.Record) store.Command {
	return deciding(n, func(store.Present) (store.Verdict, error) {
		return store.Verdict{Record: r, Answer: fmt.Appendf(nil, "answer %d", n)}, nil
	})
}

// deciding is a command with the request id and fingerprint of a number.
func deciding(n int, resolve func(store.Present) (store.Verdict, error)) store.Command {
	return store.Command{
		RequestID:   id(n),
		Fingerprint: fingerprint(n),
		Resolve:     func(_ context.Context, p store.Present) (store.Verdict, error) { return resolve(p) },
	}
}

// mustAppend appends and fails the test if it cannot.
func mustAppend(t testing.TB, log store.Log, c store.Command) store.Appended {
	t.Helper()
	got, err := log.Append(t.Context(), c)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	return got
}

// fill appends the records of the numbers from 0 to n-1.
func fill(t testing.TB, log store.Log, n int) {
	t.Helper()
	for i := range n {
		mustAppend(t, log, writing(i, record(i, key(i))))
	}
}

// read reads all events after a revision.
func read(t testing.TB, log store.Log, after event.Revision) []store.Entry {
	t.Helper()
	var entries []store.Entry
	for e, err := range log.Read(t.Context(), after) {
		if err != nil {
			t.Fatalf("Read after %d: %v", after, err)
		}
		entries = append(entries, e)
	}
	return entries
}

// headOf reads the head.
func headOf(t testing.TB, log store.Log) store.Head {
	t.Helper()
	head, err := log.Head(t.Context())
	if err != nil {
		t.Fatalf("Head: %v", err)
	}
	return head
}

// treeHash is the Merkle tree hash word for word as RFC 9162, 2.1.1 defines it.
func treeHash(leaves [][]byte) event.Hash {
	switch n := len(leaves); n {
	case 0:
		return hash()
	case 1:
		return hash([]byte{0}, leaves[0])
	default:
		k := 1 // the largest power of two smaller than n
		for 2*k < n {
			k *= 2
		}
		left, right := treeHash(leaves[:k]), treeHash(leaves[k:])
		return hash([]byte{1}, left[:], right[:])
	}
}
