package listing_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/listing"
	"github.com/veto-gate/veto/internal/store"
)

// number is the key of an objection's number, which everybody here can make.
func number(id string) (key [16]byte) {
	copy(key[:], id)
	return key
}

// EventsOf finds filings by their numbers.
func (l *log) EventsOf(_ context.Context, keys []event.Key, upTo event.Revision) ([]store.Entry, error) {
	var found []store.Entry
	for _, entry := range l.entries {
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			return nil, err
		}
		if entry.Revision <= upTo && slices.Contains(keys, number(string(e.Side.ObjectionID))) {
			found = append(found, entry)
		}
	}
	return found, nil
}

// objections reads a listing to its end.
func (l *log) objections(t *testing.T, request *vetov1.ListObjectionsRequest) (revisions []uint64) {
	t.Helper()
	for {
		page, err := listing.Objections(t.Context(), l, seal, number, request, l.head())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.GetObjections() {
			revisions = append(revisions, o.GetRevision())
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return revisions
		}
	}
}

func TestObjectionsByPageAndFilter(t *testing.T) {
	l := &log{}
	const n = 1200 // more than are looked up at once
	var all, letters []uint64
	for i := uint64(1); i <= n; i++ {
		channel := "EMAIL"
		if i%100 == 0 {
			channel = "LETTER"
			letters = append(letters, i)
		}
		l.addNumbered(t, channel, i)
		all = append(all, i)
	}
	for _, size := range []int32{7, 1000} {
		if got := l.objections(t, &vetov1.ListObjectionsRequest{PageSize: size}); !slices.Equal(got, all) {
			t.Errorf("pages of %d: %d filings, want %d", size, len(got), n)
		}
	}
	if got := l.objections(t, &vetov1.ListObjectionsRequest{Channels: []vetov1.Channel{vetov1.Channel_CHANNEL_LETTER}, PageSize: 5}); !slices.Equal(got, letters) {
		t.Errorf("letters %v, want %v", got, letters)
	}
	from, until := timestamppb.New(begin.Add(10*time.Minute)), timestamppb.New(begin.Add(20*time.Minute))
	if got := l.objections(t, &vetov1.ListObjectionsRequest{RecordedFrom: from, RecordedUntil: until}); !slices.Equal(got, all[9:19]) {
		t.Errorf("by time: %v", got)
	}
	for _, none := range []*vetov1.ListObjectionsRequest{
		{States: []vetov1.ObjectionState{vetov1.ObjectionState_OBJECTION_STATE_WITHDRAWN}}, {Matches: []vetov1.Match{vetov1.Match_MATCH_PENDING}},
		{Verification: vetov1.Verification_VERIFICATION_VERIFIED}, {DueBefore: timestamppb.New(begin)},
	} {
		if got := l.objections(t, none); got != nil {
			t.Errorf("%v: %v", none, got)
		}
	}
	page, err := listing.Objections(t.Context(), l, seal, number, &vetov1.ListObjectionsRequest{}, l.head())
	if err != nil || len(page.GetObjections()) != 50 {
		t.Fatalf("a page of no stated size: %d, %v", len(page.GetObjections()), err)
	}
	for _, bad := range []string{"x", page.GetNextPageToken()} {
		_, err := listing.Objections(t.Context(), l, seal, number, &vetov1.ListObjectionsRequest{PageToken: bad, DueBefore: from}, l.head())
		if _, ok := errors.AsType[*intake.InvalidError](err); !ok {
			t.Errorf("a token that was not given out for this: %v", err)
		}
	}
	l.entries[3].Side = append(slices.Clone(l.entries[3].Side), '\n')
	if _, err := listing.Objections(t.Context(), l, seal, number, &vetov1.ListObjectionsRequest{}, l.head()); !errors.Is(err, filing.ErrDamaged) {
		t.Errorf("damage: %v", err)
	}
}

func TestAWatcherIsSentEachEventOnce(t *testing.T) {
	l := &log{}
	for i := uint64(1); i <= 9; i++ {
		l.addNumbered(t, "EMAIL", i)
	}
	var sent []uint64
	fail := error(nil)
	w := listing.Watcher{Log: l, At: 2, Send: func(m *vetov1.WatchEventsResponse) error {
		if fail == nil {
			sent = append(sent, m.GetRevision())
		}
		return fail
	}}
	for _, head := range []event.Revision{5, 5, 3, 8} {
		if err := w.UpTo(t.Context(), head); err != nil {
			t.Fatal(err)
		}
	}
	if want := []uint64{3, 4, 5, 6, 7, 8}; !slices.Equal(sent, want) || w.At != 8 || w.Last.IsZero() {
		t.Errorf("sent %v, want %v; at %d", sent, want, w.At)
	}
	if err := w.Beat(); err != nil || sent[len(sent)-1] != 8 {
		t.Errorf("a heartbeat: %v, %v", sent, err)
	}
	fail = errors.New("gone")
	if err := w.UpTo(t.Context(), 9); !errors.Is(err, fail) {
		t.Errorf("its client is gone: %v", err)
	}
	filtered := listing.Watcher{Log: l, Types: []vetov1.EventType{vetov1.EventType_EVENT_TYPE_GENESIS}, Send: func(*vetov1.WatchEventsResponse) error { return fail }}
	if err := filtered.UpTo(t.Context(), 9); err != nil || filtered.At != 9 {
		t.Errorf("of other types: at %d, %v", filtered.At, err)
	}
	gap := &log{entries: append(slices.Clone(l.entries[:2]), l.entries[3:]...)}
	broken := listing.Watcher{Log: gap, Send: func(*vetov1.WatchEventsResponse) error { return nil }}
	if err := broken.UpTo(t.Context(), 9); !errors.Is(err, filing.ErrDamaged) || broken.At != 2 {
		t.Errorf("a missing event: at %d, %v", broken.At, err)
	}
}
