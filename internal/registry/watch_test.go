package registry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store"
)

var errEnough = errors.New("enough")

// watch collects what a watcher is sent, until enough says so.
func (r *register) watch(request *vetov1.WatchEventsRequest, enough func(*vetov1.WatchEventsResponse) bool) ([]*vetov1.WatchEventsResponse, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	var sent []*vetov1.WatchEventsResponse
	err := r.Watch(ctx, request, func(m *vetov1.WatchEventsResponse) error {
		sent = append(sent, m)
		if enough(m) {
			return errEnough
		}
		return nil
	})
	return sent, err
}

// TestWatchResumesFromEveryRevision: from wherever a watcher begins, it is sent each later event once, in order, and then what comes.
func TestWatchResumesFromEveryRevision(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	for i := range 5 {
		r.file(filing(fmt.Sprint("id-", i)))
	}
	head := uint64(r.headRevision())
	for after := range head + 1 {
		live := make(chan struct{})
		go func() {
			defer close(live)
			<-time.After(20 * time.Millisecond)
			r.file(filing("live"))
		}()
		next := head
		sent, err := r.watch(&vetov1.WatchEventsRequest{AfterRevision: after}, func(m *vetov1.WatchEventsResponse) bool { return m.GetRevision() > next })
		<-live
		head++
		if !errors.Is(err, errEnough) {
			t.Fatalf("after %d: %v", after, err)
		}
		want := after
		for _, m := range sent {
			if m.GetEvent() == nil {
				if m.GetRevision() != want {
					t.Errorf("after %d: a heartbeat at %d, and %d was sent", after, m.GetRevision(), want)
				}
				continue
			}
			if want++; m.GetRevision() != want || m.GetEvent().GetRevision() != want {
				t.Errorf("after %d: revision %d follows %d", after, m.GetRevision(), want-1)
			}
		}
		if want != head {
			t.Errorf("after %d: watched up to %d, want %d", after, want, head)
		}
	}
}

// TestWatchOfTypesPassesAllRevisionsByHeartbeats, so that a resume does not read everything again.
func TestWatchOfTypesPassesAllRevisionsByHeartbeats(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{Heartbeat: 20 * time.Millisecond}, nil)
	r.apply(twoPurposes)
	filed := r.file(filing("ada"))
	r.withdraw(withdrawal("ada"))
	head := uint64(r.headRevision())
	beats := 0
	sent, err := r.watch(&vetov1.WatchEventsRequest{Types: []vetov1.EventType{vetov1.EventType_EVENT_TYPE_OBJECTION_FILED}}, func(m *vetov1.WatchEventsResponse) bool {
		if m.GetEvent() == nil {
			beats++
		}
		return beats == 3
	})
	if !errors.Is(err, errEnough) || len(sent) != 4 || sent[0].GetRevision() != filed.GetRevision() || sent[0].GetEvent() == nil {
		t.Fatalf("sent %v, %v", sent, err)
	}
	for _, m := range sent[1:] {
		if m.GetRevision() != head {
			t.Errorf("a heartbeat at %d, want %d", m.GetRevision(), head)
		}
	}
}

func TestWatchEnds(t *testing.T) {
	r := open(t)
	_, err := r.watch(&vetov1.WatchEventsRequest{AfterRevision: uint64(r.headRevision()) + 1}, func(*vetov1.WatchEventsResponse) bool { return true })
	if above, ok := errors.AsType[*registry.AboveHeadError](err); !ok || above.Field != "after_revision" {
		t.Errorf("above the head: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = r.Watch(ctx, &vetov1.WatchEventsRequest{}, func(m *vetov1.WatchEventsResponse) error {
		if m.GetRevision() == uint64(r.headRevision()) {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("its context ended: %v", err)
	}
}

// TestWatchEndsWhereTheViewGrowsStale: what was written elsewhere since, nobody here knows.
func TestWatchEndsWhereTheViewGrowsStale(t *testing.T) {
	var log *silent
	r := openAt(t, t.TempDir(), registry.Config{MaxStaleness: 200 * time.Millisecond, Heartbeat: 50 * time.Millisecond}, func(l store.Log) store.Log {
		log = &silent{Log: l}
		return log
	})
	_, err := r.watch(&vetov1.WatchEventsRequest{}, func(*vetov1.WatchEventsResponse) bool { log.fails.Store(true); return false })
	if !errors.Is(err, registry.ErrStale) {
		t.Errorf("the store went away: %v, want ErrStale", err)
	}
}
