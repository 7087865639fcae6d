package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// equateEmpty holds an empty slice and none for the same.
var equateEmpty = cmpopts.EquateEmpty()

// asBytes compares large slices at once rather than byte by byte.
var asBytes = cmp.Comparer(bytes.Equal)

func eventsOf(t *testing.T, open Open) {
	log := start(t, open)
	for n, keys := range [][]event.Key{
		{key(1)},
		{key(2)},
		{key(1), key(2)},
		{},
		{key(2), key(1), key(2), key(2)},
		{key(3)},
	} {
		mustAppend(t, log, writing(n, record(n, keys...)))
	}
	for _, c := range []struct {
		name string
		keys []event.Key
		upTo event.Revision
		want []event.Revision
	}{
		{"one key", []event.Key{key(1)}, 6, []event.Revision{1, 3, 5}},
		{"up to an event of the key", []event.Key{key(1)}, 3, []event.Revision{1, 3}},
		{"up to before it", []event.Key{key(1)}, 2, []event.Revision{1}},
		{"up to nothing", []event.Key{key(1)}, 0, nil},
		{"past the head", []event.Key{key(1)}, 1 << 60, []event.Revision{1, 3, 5}},
		{"several keys, each event once", []event.Key{key(2), key(1)}, 6, []event.Revision{1, 2, 3, 5}},
		{"a key twice", []event.Key{key(3), key(3)}, 6, []event.Revision{6}},
		{"an unknown key among known", []event.Key{key(9), key(3)}, 6, []event.Revision{6}},
		{"an unknown key", []event.Key{key(9)}, 6, nil},
		{"no keys", nil, 6, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := log.EventsOf(t.Context(), c.keys, c.upTo)
			if err != nil {
				t.Fatalf("EventsOf: %v", err)
			}
			if diff := cmp.Diff(c.want, revisions(found), equateEmpty); diff != "" {
				t.Errorf("EventsOf (-want +got):\n%s", diff)
			}
			all := read(t, log, 0)
			for _, e := range found {
				if diff := cmp.Diff(all[e.Revision-1], e); diff != "" {
					t.Errorf("EventsOf and Read differ at revision %d:\n%s", e.Revision, diff)
				}
			}
		})
	}
}

func revisions(entries []store.Entry) []event.Revision {
	var revisions []event.Revision
	for _, e := range entries {
		revisions = append(revisions, e.Revision)
	}
	return revisions
}

// presentSeesEarlier counts under one key from many writers at once: each must see all that came before it, in its own
// transaction and in others.
func presentSeesEarlier(t *testing.T, open Open) {
	log := start(t, open)
	const writers = 64
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			mustWrite(t, log, deciding(n, func(p store.Present) (store.Verdict, error) {
				found, err := p.EventsOf(key(1))
				if err != nil {
					return store.Verdict{}, err
				}
				if head := p.Head(); int(head.Revision) != len(found) {
					return store.Verdict{}, fmt.Errorf("%d events under the key at revision %d", len(found), head.Revision)
				}
				if last, err := p.Latest(key(1)); err != nil || int(last) != len(found) {
					return store.Verdict{}, fmt.Errorf("the last of %d events is at revision %d: %v", len(found), last, err)
				}
				if len(found) > 0 && string(found[len(found)-1].Leaf) != fmt.Sprint("after ", len(found)-1) {
					return store.Verdict{}, fmt.Errorf("the last event is %q", found[len(found)-1].Leaf)
				}
				r := record(n, key(1))
				r.Leaf = fmt.Append(nil, "after ", len(found))
				return store.Verdict{Record: r}, nil
			}))
		})
	}
	all.Wait()
	for i, e := range read(t, log, 0) {
		if want := fmt.Sprint("after ", i); string(e.Leaf) != want {
			t.Fatalf("event %d: %q, want %q", i, e.Leaf, want)
		}
	}
}

// presentIsWhole reads everything that Present offers from within a command.
func presentIsWhole(t *testing.T, open Open) {
	log := start(t, open)
	const n = 700 // more than a page
	var all sync.WaitGroup
	for w := range 32 {
		all.Go(func() {
			for i := w; i < n; i += 32 {
				r := record(i, key(i))
				r.Documents = [][]byte{fmt.Append(nil, "document ", i)}
				mustWrite(t, log, writing(i, r))
			}
		})
	}
	all.Wait()
	want, head := read(t, log, 0), headOf(t, log)
	mustAppend(t, log, deciding(n, func(p store.Present) (store.Verdict, error) {
		if diff := cmp.Diff(head, p.Head()); diff != "" {
			t.Errorf("Present.Head (-Log.Head +):\n%s", diff)
		}
		p.Head().Frontier[0][0]++ // the caller's
		if diff := cmp.Diff(head, p.Head()); diff != "" {
			t.Errorf("Present.Head after a change to it (-Log.Head +):\n%s", diff)
		}
		var got []store.Entry
		for after := event.Revision(0); after < head.Revision; after = got[len(got)-1].Revision {
			page, err := p.After(after)
			if err != nil || len(page) == 0 {
				t.Fatalf("Present.After(%d): %d events, %v", after, len(page), err)
			}
			got = append(got, page...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Present.After (-Log.Read +):\n%s", diff)
		}
		for _, after := range []event.Revision{head.Revision, head.Revision + 5} {
			if page, err := p.After(after); err != nil || len(page) != 0 {
				t.Errorf("Present.After(%d): %d events, %v, want none", after, len(page), err)
			}
		}
		for k, want := range map[event.Key]event.Revision{key(2 * n): 0, key(3): revisionOf(want, "leaf 3")} {
			if last, err := p.Latest(k); err != nil || last != want {
				t.Errorf("Present.Latest: revision %d, %v, want %d", last, err, want)
			}
		}
		if document, err := p.Document(hash([]byte("document 3"))); err != nil || string(document) != "document 3" {
			t.Errorf("Present.Document: %q, %v", document, err)
		}
		if _, err := p.Document(hash([]byte("another"))); !errors.Is(err, store.ErrNoDocument) {
			t.Errorf("Present.Document of an unknown sum: %v, want ErrNoDocument", err)
		}
		if _, err := p.EventsOf(make([]event.Key, store.MaxKeys+1)...); !errors.Is(err, store.ErrOutOfBounds) {
			t.Errorf("Present.EventsOf of too many keys: %v, want ErrOutOfBounds", err)
		}
		return store.Verdict{Record: record(n)}, nil // none of which stops the command
	}))
}

// revisionOf is where a leaf stands.
func revisionOf(entries []store.Entry, leaf string) event.Revision {
	i := slices.IndexFunc(entries, func(e store.Entry) bool { return string(e.Leaf) == leaf })
	return entries[i].Revision
}

func documents(t *testing.T, open Open) {
	log := start(t, open)
	one, two := []byte("one\x00\xff"), []byte("two")
	for n, documents := range [][][]byte{{one}, {one, two, one}, {two}} {
		r := record(n)
		r.Documents = documents
		mustAppend(t, log, writing(n, r))
	}
	for _, want := range [][]byte{one, two} {
		if got, err := log.Document(t.Context(), hash(want)); err != nil || !slices.Equal(got, want) {
			t.Errorf("Document: %q, %v, want %q", got, err, want)
		}
	}
	if got, err := log.Document(t.Context(), hash([]byte("three"))); !errors.Is(err, store.ErrNoDocument) || got != nil {
		t.Errorf("Document of an unknown sum: %q, %v, want ErrNoDocument", got, err)
	}
}

func bounds(t *testing.T, open Open) {
	log := start(t, open)
	fill(t, log, 1)
	head := headOf(t, log)
	changed := func(change func(*store.Record)) store.Verdict {
		r := record(1)
		change(r)
		return store.Verdict{Record: r}
	}
	for n, c := range []struct {
		name    string
		verdict store.Verdict
	}{
		{"the leaf has 0 bytes", changed(func(r *store.Record) { r.Leaf = nil })},
		{"the leaf has 4097 bytes", changed(func(r *store.Record) { r.Leaf = make([]byte, store.MaxLeafBytes+1) })},
		{"the side row has 0 bytes", changed(func(r *store.Record) { r.Side = []byte{} })},
		{"the side row has 1048577 bytes", changed(func(r *store.Record) { r.Side = make([]byte, store.MaxSideBytes+1) })},
		{"the list of keys has 4097 keys", changed(func(r *store.Record) { r.Keys = make([]event.Key, store.MaxKeys+1) })},
		{"the list of documents has 5 documents", changed(func(r *store.Record) { r.Documents = slices.Repeat([][]byte{{1}}, 5) })},
		{"document 2 has 0 bytes", changed(func(r *store.Record) { r.Documents = [][]byte{{1}, {}} })},
		{"document 1 has 1048577 bytes", changed(func(r *store.Record) { r.Documents = [][]byte{make([]byte, store.MaxDocumentBytes+1)} })},
		{"the list of sealed rows has 33 rows", changed(func(r *store.Record) { r.Seal = make([]store.Sealed, store.MaxSealed+1) })},
		{"sealed row 1 has 2049 bytes", changed(func(r *store.Record) { r.Seal = []store.Sealed{{Bytes: make([]byte, store.MaxSealedBytes+1)}} })},
		{"the list of handles has 4097 handles", changed(func(r *store.Record) { r.Unseal = make([]event.Key, store.MaxKeys+1) })},
		{"the time is missing", changed(func(r *store.Record) { r.Time = time.Time{} })},
		{"the time is missing", changed(func(r *store.Record) { r.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) })},
		{"the answer has 1025 bytes", store.Verdict{Answer: make([]byte, store.MaxAnswerBytes+1)}},
	} {
		_, err := log.Append(t.Context(), deciding(n+10, func(store.Present) (store.Verdict, error) { return c.verdict, nil }))
		if !errors.Is(err, store.ErrOutOfBounds) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("Append: %v, want ErrOutOfBounds with %q", err, c.name)
		}
	}
	several := store.Verdict{Record: &store.Record{}, Answer: make([]byte, store.MaxAnswerBytes+1)}
	_, err := log.Append(t.Context(), deciding(99, func(store.Present) (store.Verdict, error) { return several, nil }))
	for _, want := range []string{"answer", "leaf", "side row", "time"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Append with several faults: %v, want the %s among them", err, want)
		}
	}
	for name, c := range map[string]store.Command{
		"request id": {Resolve: writing(1, record(1)).Resolve},
		"resolve":    {RequestID: id(1)},
	} {
		if _, err := log.Append(t.Context(), c); !errors.Is(err, store.ErrOutOfBounds) || !strings.Contains(err.Error(), name) {
			t.Errorf("Append without a %s: %v, want ErrOutOfBounds", name, err)
		}
	}
	if _, err := log.EventsOf(t.Context(), make([]event.Key, store.MaxKeys+1), 1); !errors.Is(err, store.ErrOutOfBounds) {
		t.Errorf("EventsOf of too many keys: %v, want ErrOutOfBounds", err)
	}
	if diff := cmp.Diff(head, headOf(t, log)); diff != "" {
		t.Errorf("Head changed (-before +after):\n%s", diff)
	}
}

func largest(t *testing.T, open Open) {
	log := start(t, open)
	r := &store.Record{
		Leaf: slices.Repeat([]byte{1}, store.MaxLeafBytes),
		Side: slices.Repeat([]byte{2}, store.MaxSideBytes),
		Time: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	}
	for n := range store.MaxKeys {
		r.Keys = append(r.Keys, key(n))
	}
	for n := range store.MaxDocuments {
		r.Documents = append(r.Documents, slices.Repeat([]byte{byte(n)}, store.MaxDocumentBytes))
	}
	c := writing(0, r)
	c.Resolve = func(context.Context, store.Present) (store.Verdict, error) {
		return store.Verdict{Record: r, Answer: slices.Repeat([]byte{3}, store.MaxAnswerBytes)}, nil
	}
	want := mustAppend(t, log, c)
	found, err := log.EventsOf(t.Context(), r.Keys, 1)
	if diff := cmp.Diff([]store.Entry{want.Entry}, found, asBytes); err != nil || diff != "" {
		t.Errorf("EventsOf: %v (-want +got):\n%s", err, diff)
	}
	want.Again = true
	if diff := cmp.Diff(want, mustAppend(t, log, deciding(0, unexpected(t))), asBytes); diff != "" {
		t.Errorf("retry (-want +got):\n%s", diff)
	}
	if got, want := headOf(t, log).Time, r.Time.Truncate(time.Microsecond); !got.Equal(want) {
		t.Errorf("Head: time %s, want %s", got, want)
	}
	for _, document := range r.Documents {
		if _, err := log.Document(t.Context(), hash(document)); err != nil {
			t.Errorf("Document: %v", err)
		}
	}
	// The least that fits, after the most.
	mustAppend(t, log, writing(1, &store.Record{Leaf: []byte{0}, Side: []byte{0}, Time: time.Unix(-62135596800, 1000)}))
}
