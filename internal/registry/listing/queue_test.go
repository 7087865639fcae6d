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

var queueKey = event.Key{0xff}

// queued is a log of which the events with some numbers gave a person work. reads fails from a read on.
type queued struct {
	log
	numbers []event.ObjectionID
	reads   int
}

var errAway = errors.New("away")

func (q *queued) EventsOf(ctx context.Context, keys []event.Key, upTo event.Revision) ([]store.Entry, error) {
	if q.reads--; q.reads == 0 {
		return nil, errAway
	}
	if !slices.Contains(keys, queueKey) {
		return q.log.EventsOf(ctx, keys, upTo)
	}
	keys = nil
	for _, id := range q.numbers {
		keys = append(keys, number(string(id)))
	}
	return q.log.EventsOf(ctx, keys, upTo)
}

func TestTheQueueByPageAndFilter(t *testing.T) {
	q := &queued{}
	const n = 1100 // more than are looked up at once
	var want []uint64
	for i := uint64(1); i <= n; i++ {
		asks := []string{"ACCESS"}
		if i%10 == 0 { // it was in the queue, as far as its events tell, and needs nobody
			asks = nil
		}
		received := begin.AddDate(0, 0, -int(i%7))
		q.addSide(t, event.Side{Channel: "EMAIL", ObjectionID: event.NewObjectionID(i), Subject: event.Key{1}, AlsoAsks: asks, ReceivedAt: received})
		q.numbers = append(q.numbers, event.NewObjectionID(i))
	}
	for day := 6; day >= 0; day-- {
		for i := uint64(1); i <= n; i++ {
			if i%7 == uint64(day) && i%10 != 0 {
				want = append(want, i)
			}
		}
	}
	list := func(request *vetov1.ListObjectionsRequest) (revisions []uint64) {
		t.Helper()
		for {
			page, err := listing.Queue(queueKey)(t.Context(), q, seal, number, request, q.head())
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
	for _, size := range []int32{0, 300, 1000} {
		if got := list(&vetov1.ListObjectionsRequest{Queue: true, PageSize: size}); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d filings, want %d", size, len(got), len(want))
		}
	}
	due := filing.MonthsAfter(begin.AddDate(0, 0, -5), 1)
	if got := list(&vetov1.ListObjectionsRequest{Queue: true, DueBefore: timestamppb.New(due.Add(time.Second)), PageSize: 1000}); len(got) == 0 || !slices.Equal(got, want[:len(got)]) || len(got) == len(want) {
		t.Errorf("due within days: %d filings", len(got))
	}
	if got := list(&vetov1.ListObjectionsRequest{Queue: true, Channels: []vetov1.Channel{vetov1.Channel_CHANNEL_LETTER}}); got != nil {
		t.Errorf("letters: %v", got)
	}
	request := &vetov1.ListObjectionsRequest{Queue: true, PageToken: "x"}
	if _, err := listing.Queue(queueKey)(t.Context(), q, seal, number, request, q.head()); !isInvalid(err) {
		t.Errorf("a token that was not given out: %v", err)
	}
	for reads := 1; reads <= 2; reads++ {
		q.reads = reads
		if _, err := listing.Queue(queueKey)(t.Context(), q, seal, number, &vetov1.ListObjectionsRequest{}, q.head()); !errors.Is(err, errAway) {
			t.Errorf("read %d fails: %v", reads, err)
		}
	}
}

func isInvalid(err error) bool {
	_, ok := errors.AsType[*intake.InvalidError](err)
	return ok
}
