package storetest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// model is the log as one would write it down first: everything in order, found by looking at everything.
type model struct {
	records  []*store.Record
	requests []request
}

// request is one that was carried out.
type request struct {
	number int // of its id and its fingerprint
	got    store.Appended
}

func (m *model) entry(revision event.Revision) store.Entry {
	r := m.records[revision-1]
	return store.Entry{Revision: revision, Leaf: r.Leaf, Side: r.Side}
}

func (m *model) after(after event.Revision) (entries []store.Entry) {
	for revision := after + 1; int(revision) <= len(m.records); revision++ {
		entries = append(entries, m.entry(revision))
	}
	return entries
}

func (m *model) eventsOf(keys []event.Key, upTo event.Revision) (entries []store.Entry) {
	for _, e := range m.after(0) {
		has := slices.ContainsFunc(keys, func(k event.Key) bool { return slices.Contains(m.records[e.Revision-1].Keys, k) })
		if has && e.Revision <= upTo {
			entries = append(entries, e)
		}
	}
	return entries
}

func (m *model) document(sum event.Hash) []byte {
	for _, r := range m.records {
		for _, document := range r.Documents {
			if hash(document) == sum {
				return document
			}
		}
	}
	return nil
}

func (m *model) root() event.Hash {
	var leaves [][]byte
	for _, r := range m.records {
		leaves = append(leaves, r.Leaf)
	}
	return treeHash(leaves)
}

// agreesWithModel does the same to a log and to its model, at random, and compares all that they say.
func agreesWithModel(t *testing.T, open Open) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "") //nolint:usetesting // one for each run within the test
		if err != nil {
			rt.Fatal(err)
		}
		p := pair{t: t, dir: dir, log: open(t, dir), next: 1}
		defer func() { _ = p.log.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"write":   p.write,
			"nothing": p.nothing,
			"refuse":  p.refuse,
			"retry":   p.retry,
			"read":    p.read,
			"find":    p.find,
			"reopen":  func(rt *rapid.T) { p.reopen(rt, open) },
			"":        p.check,
		})
	})
}

// pair is a log and its model.
type pair struct {
	t     *testing.T
	dir   string
	log   store.Log
	model model
	next  int // the number of the next request
}

// draw makes a record with few enough different keys and documents that they meet again.
func draw(rt *rapid.T) *store.Record {
	bytes := rapid.SliceOfN(rapid.Byte(), 1, 40)
	r := &store.Record{Leaf: bytes.Draw(rt, "leaf"), Side: bytes.Draw(rt, "side"), Time: began}
	for _, n := range rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(rt, "keys") {
		r.Keys = append(r.Keys, key(n))
	}
	for _, n := range rapid.SliceOfN(rapid.IntRange(0, 5), 0, 2).Draw(rt, "documents") {
		r.Documents = append(r.Documents, fmt.Append(nil, "document ", n))
	}
	return r
}

// append does a command that is new and compares what Present says on the way.
func (p *pair) append(rt *rapid.T, v store.Verdict, refusal error) {
	n, keys := p.next, []event.Key{key(rapid.IntRange(0, 5).Draw(rt, "look up"))}
	p.next++
	head := event.Revision(len(p.model.records))
	got, err := p.log.Append(p.t.Context(), deciding(n, func(present store.Present) (store.Verdict, error) {
		if at := present.Head(); at.Revision != head || at.Root != p.model.root() {
			rt.Errorf("Present.Head: revision %d, root %x, want %d, %x", at.Revision, at.Root, head, p.model.root())
		}
		found, err := present.EventsOf(keys...)
		if diff := cmp.Diff(p.model.eventsOf(keys, head), found, equateEmpty); err != nil || diff != "" {
			rt.Errorf("Present.EventsOf: %v (-model +log):\n%s", err, diff)
		}
		var last event.Revision
		for _, e := range found {
			last = e.Revision
		}
		if got, err := present.Latest(keys[0]); err != nil || got != last {
			rt.Errorf("Present.Latest: revision %d, %v, want %d", got, err, last)
		}
		after, err := present.After(head / 2)
		if diff := cmp.Diff(p.model.after(head/2), after, equateEmpty); err != nil || diff != "" {
			rt.Errorf("Present.After: %v (-model +log):\n%s", err, diff)
		}
		return v, refusal
	}))
	var want store.Appended
	if refusal == nil {
		want = store.Appended{Head: head, Answer: v.Answer}
		if v.Record != nil {
			p.model.records = append(p.model.records, v.Record)
			want.Revision, want.Head = head+1, head+1
			want.Entry = p.model.entry(head + 1)
		}
		p.model.requests = append(p.model.requests, request{number: n, got: want})
	}
	if diff := cmp.Diff(want, got, equateEmpty); !errors.Is(err, refusal) || diff != "" {
		rt.Errorf("Append: %v (-model +log):\n%s", err, diff)
	}
}

func (p *pair) write(rt *rapid.T) {
	p.append(rt, store.Verdict{Record: draw(rt), Answer: []byte("written")}, nil)
}

func (p *pair) nothing(rt *rapid.T) { p.append(rt, store.Verdict{Answer: []byte("nothing")}, nil) }

func (p *pair) refuse(rt *rapid.T) { p.append(rt, store.Verdict{Record: draw(rt)}, errRefused) }

func (p *pair) retry(rt *rapid.T) {
	if len(p.model.requests) == 0 {
		return
	}
	earlier := rapid.SampledFrom(p.model.requests).Draw(rt, "earlier")
	c := deciding(earlier.number, unexpected(p.t))
	want, wantErr := earlier.got, error(nil)
	want.Again = true
	if rapid.Bool().Draw(rt, "other content") {
		c.Fingerprint = fingerprint(-1)
		want, wantErr = store.Appended{}, store.ErrRequestReused
	}
	got, err := p.log.Append(p.t.Context(), c)
	if diff := cmp.Diff(want, got, equateEmpty); !errors.Is(err, wantErr) || diff != "" {
		rt.Errorf("retry: %v, want %v (-model +log):\n%s", err, wantErr, diff)
	}
}

func (p *pair) read(rt *rapid.T) {
	after := event.Revision(rapid.IntRange(0, len(p.model.records)+1).Draw(rt, "after"))
	if diff := cmp.Diff(p.model.after(after), read(p.t, p.log, after), equateEmpty); diff != "" {
		rt.Errorf("Read after %d (-model +log):\n%s", after, diff)
	}
}

func (p *pair) find(rt *rapid.T) {
	var keys []event.Key
	for _, n := range rapid.SliceOfN(rapid.IntRange(0, 6), 0, 4).Draw(rt, "keys") {
		keys = append(keys, key(n))
	}
	upTo := event.Revision(rapid.IntRange(0, len(p.model.records)+1).Draw(rt, "up to"))
	found, err := p.log.EventsOf(p.t.Context(), keys, upTo)
	if diff := cmp.Diff(p.model.eventsOf(keys, upTo), found, equateEmpty); err != nil || diff != "" {
		rt.Errorf("EventsOf: %v (-model +log):\n%s", err, diff)
	}
	sum := hash(fmt.Append(nil, "document ", rapid.IntRange(0, 6).Draw(rt, "document")))
	document, err := p.log.Document(p.t.Context(), sum)
	want := p.model.document(sum)
	if !slices.Equal(document, want) || (want == nil) != errors.Is(err, store.ErrNoDocument) {
		rt.Errorf("Document: %q, %v, want %q", document, err, want)
	}
}

func (p *pair) reopen(rt *rapid.T, open Open) {
	if err := p.log.Close(); err != nil {
		rt.Fatalf("Close: %v", err)
	}
	p.log = open(p.t, p.dir)
}

func (p *pair) check(rt *rapid.T) {
	head, err := p.log.Head(p.t.Context())
	if err != nil {
		rt.Fatalf("Head: %v", err)
	}
	if int(head.Revision) != len(p.model.records) || head.Root != p.model.root() {
		rt.Errorf("Head: revision %d, root %x, want %d, %x", head.Revision, head.Root, len(p.model.records), p.model.root())
	}
}
