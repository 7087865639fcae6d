package storetest

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

func hash(parts ...[]byte) (sum event.Hash) {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	h.Sum(sum[:0])
	return sum
}

func emptyLog(t *testing.T, open Open) {
	log := start(t, open)
	if diff := cmp.Diff(store.EmptyHead(), headOf(t, log)); diff != "" {
		t.Errorf("Head (-want +got):\n%s", diff)
	}
	if got := read(t, log, 0); len(got) != 0 {
		t.Errorf("Read: %d events, want none", len(got))
	}
	if got := read(t, log, 7); len(got) != 0 {
		t.Errorf("Read past the head: %d events, want none", len(got))
	}
	got, err := log.EventsOf(t.Context(), []event.Key{key(1)}, 7)
	if err != nil || len(got) != 0 {
		t.Errorf("EventsOf: %d events, %v, want none", len(got), err)
	}
}

func gaplessOrder(t *testing.T, open Open) {
	const writers, each = 32, 8
	log := start(t, open)
	var mu sync.Mutex
	appended := map[event.Revision]store.Appended{}
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			var last event.Revision
			for i := range each {
				n := w*each + i
				got, err := log.Append(t.Context(), writing(n, record(n)))
				if err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				if got.Revision <= last {
					t.Errorf("revision %d was given after %d", got.Revision, last)
				}
				if head, err := log.Head(t.Context()); err != nil || head.Revision < got.Revision {
					t.Errorf("Head after revision %d was acknowledged: %d, %v", got.Revision, head.Revision, err)
				}
				last = got.Revision
				mu.Lock()
				appended[got.Revision] = got
				mu.Unlock()
			}
		})
	}
	all.Wait()
	entries := read(t, log, 0)
	if len(entries) != writers*each || len(appended) != writers*each {
		t.Fatalf("%d events were read and %d revisions given, want %d", len(entries), len(appended), writers*each)
	}
	for i, e := range entries {
		if want := event.Revision(i + 1); e.Revision != want {
			t.Fatalf("event %d is at revision %d, want %d", i, e.Revision, want)
		}
		if diff := cmp.Diff(appended[e.Revision].Entry, e); diff != "" {
			t.Errorf("revision %d: appended and read differ (-appended +read):\n%s", e.Revision, diff)
		}
	}
}

func readYourAppend(t *testing.T, open Open) {
	log := start(t, open)
	for n := range 5 {
		r := record(n, key(n))
		got := mustAppend(t, log, writing(n, r))
		revision := event.Revision(n + 1)
		want := store.Appended{
			Revision: revision, Head: revision,
			Entry:  store.Entry{Revision: revision, Leaf: r.Leaf, Side: r.Side},
			Answer: fmt.Appendf(nil, "answer %d", n),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Append (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]store.Entry{want.Entry}, read(t, log, revision-1)); diff != "" {
			t.Errorf("Read (-want +got):\n%s", diff)
		}
		if got := headOf(t, log); got.Revision != revision || !got.Time.Equal(r.Time) {
			t.Errorf("Head: revision %d at %s, want %d at %s", got.Revision, got.Time, revision, r.Time)
		}
	}
}

// readsInPages reads more than any driver holds in memory at once, by number and by bytes.
func readsInPages(t *testing.T, open Open) {
	log := start(t, open)
	const n = 1500
	var all sync.WaitGroup
	for w := range 32 {
		all.Go(func() {
			for i := w; i < n; i += 32 {
				r := record(i)
				if i%200 == 0 {
					r.Side = make([]byte, store.MaxSideBytes)
				}
				if _, err := log.Append(t.Context(), writing(i, r)); err != nil {
					t.Errorf("Append: %v", err)
				}
			}
		})
	}
	all.Wait()
	for _, after := range []event.Revision{0, 1, 499, 512, n - 1, n} {
		next := after
		for e, err := range log.Read(t.Context(), after) {
			if err != nil {
				t.Fatalf("Read after %d: %v", after, err)
			}
			if next++; e.Revision != next {
				t.Fatalf("Read after %d: revision %d, want %d", after, e.Revision, next)
			}
		}
		if next != n {
			t.Errorf("Read after %d ended at %d, want %d", after, next, n)
		}
	}
}

// slowReader writes while it reads: a reader holds nothing that a writer waits for, ends at what was the head when it
// began, and can stop anywhere.
func slowReader(t *testing.T, open Open) {
	log := start(t, open)
	fill(t, log, 10)
	next := 10
	var seen []event.Revision
	for e, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		mustAppend(t, log, writing(next, record(next)))
		next++
		seen = append(seen, e.Revision)
	}
	if want := []event.Revision{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !cmp.Equal(seen, want) {
		t.Errorf("read revisions %v, want %v", seen, want)
	}
	for e := range log.Read(t.Context(), 0) {
		if e.Revision == 3 {
			break
		}
	}
	if got := read(t, log, 3); len(got) != next-3 {
		t.Errorf("Read after stopping at 3: %d events, want %d", len(got), next-3)
	}
}

// entriesAreTheCallers changes what it was handed: the log stays as it is.
func entriesAreTheCallers(t *testing.T, open Open) {
	log := start(t, open)
	r := record(0, key(0))
	got := mustAppend(t, log, writing(0, r))
	r.Leaf[0], r.Side[0] = 'X', 'X'
	got.Entry.Leaf[1], got.Entry.Side[1], got.Answer[0] = 'Y', 'Y', 'Y'
	found, err := log.EventsOf(t.Context(), []event.Key{key(0)}, 1)
	if err != nil || len(found) != 1 {
		t.Fatalf("EventsOf: %d events, %v", len(found), err)
	}
	found[0].Leaf[0] = 'Z'
	head := headOf(t, log)
	head.Frontier[0][0]++
	want := record(0)
	if diff := cmp.Diff([]store.Entry{{Revision: 1, Leaf: want.Leaf, Side: want.Side}}, read(t, log, 0)); diff != "" {
		t.Errorf("Read after changes to what was handed out (-want +got):\n%s", diff)
	}
	if err := headOf(t, log).Check(); err != nil {
		t.Errorf("Head: %v", err)
	}
}

func timeNeverGoesBack(t *testing.T, open Open) {
	log := start(t, open)
	zone := time.FixedZone("", 2*60*60)
	for n, c := range []struct{ recorded, want time.Time }{
		{began, began},
		{began.Add(-time.Hour), began},
		{began.Add(time.Nanosecond), began},
		{began.Add(time.Second + 999*time.Nanosecond).In(zone), began.Add(time.Second)},
		{began, began.Add(time.Second)},
	} {
		r := record(n)
		r.Time = c.recorded
		mustAppend(t, log, writing(n, r))
		if got := headOf(t, log).Time; got != c.want {
			t.Errorf("Head after an event at %s: time %s, want %s", c.recorded, got, c.want)
		}
	}
}

// roots compares the head's root at each size with the definition's, of the log's own leaves.
func roots(t *testing.T, open Open) {
	log := start(t, open)
	var leaves [][]byte
	for n := range 70 {
		r := record(n)
		leaves = append(leaves, r.Leaf)
		mustAppend(t, log, writing(n, r))
		if got, want := headOf(t, log).Root, treeHash(leaves); got != want {
			t.Fatalf("root of %d leaves: %x, want %x", n+1, got, want)
		}
	}
	// In groups, whose order is the log's to choose.
	for _, more := range []int{57, 130, 255, 301} {
		var all sync.WaitGroup
		first := len(leaves)
		for n := range more {
			all.Go(func() {
				if _, err := log.Append(t.Context(), writing(first+n, record(first+n))); err != nil {
					t.Errorf("Append: %v", err)
				}
			})
		}
		all.Wait()
		leaves = nil
		for _, e := range read(t, log, 0) {
			leaves = append(leaves, e.Leaf)
		}
		head := headOf(t, log)
		if want := treeHash(leaves); head.Root != want || len(leaves) != first+more {
			t.Fatalf("root of %d leaves: %x, want %x of %d", len(leaves), head.Root, want, first+more)
		}
		if err := head.Check(); err != nil {
			t.Error(err)
		}
	}
}
