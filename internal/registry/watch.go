package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/listing"
)

// Watch sends the events after a revision, in order and without a gap, then those that come, until ctx ends or send fails; and where nothing comes for
// Config.Heartbeat, and when it has caught up for the first time, how far it is. An event is sent once the view here holds it. It keeps a page of the log at
// most, and no transaction of the store's, however slowly send takes.
//
// Errors: *AboveHeadError, *InvalidError for the request; ErrStale, ErrClock, ErrDamaged; those of store.Log.Read; send's; the context's.
func (r *Registry) Watch(ctx context.Context, request *vetov1.WatchEventsRequest, send func(*vetov1.WatchEventsResponse) error) error {
	if _, err := r.ViewAt(ctx, request.GetAfterRevision()); err != nil {
		if above, ok := errors.AsType[*AboveHeadError](err); ok {
			above.Field = "after_revision"
		}
		return err
	}
	w := watcher{registry: r, types: request.GetTypes(), send: send, at: event.Revision(request.GetAfterRevision())}
	for first := true; ; first = false {
		changed := r.changes()
		view, err := r.View()
		if err != nil {
			return err
		}
		if err := w.upTo(ctx, event.Revision(view.Revision)); err != nil {
			return err
		}
		if first || time.Since(w.last) >= r.config.Heartbeat { // also where views change all the time, and nothing in them is of the types
			if err := w.beat(); err != nil {
				return err
			}
		}
		if err := w.wait(ctx, changed); err != nil {
			return err
		}
	}
}

// changes is closed when the view changes, or is found to be as fresh as before.
func (r *Registry) changes() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// watcher is one that is sent events.
type watcher struct {
	registry *Registry
	types    []vetov1.EventType
	send     func(*vetov1.WatchEventsResponse) error
	at       event.Revision // everything up to it was sent, or is not of the types
	last     time.Time      // when something was sent; zero: never
}

// upTo sends the events up to a revision.
func (w *watcher) upTo(ctx context.Context, head event.Revision) error {
	if w.at >= head {
		return nil
	}
	for entry, err := range w.registry.log.Read(ctx, w.at) {
		if err != nil {
			return fmt.Errorf("watch events: %w", err)
		}
		if entry.Revision > head {
			break
		}
		if entry.Revision != w.at+1 {
			return fmt.Errorf("%w: revision %d follows %d", ErrDamaged, entry.Revision, w.at)
		}
		w.at = entry.Revision
		one, err := listing.Event(entry)
		if err != nil {
			return err
		}
		if len(w.types) > 0 && !slices.Contains(w.types, one.GetType()) {
			continue
		}
		if err := w.send(&vetov1.WatchEventsResponse{Event: one, Revision: uint64(w.at)}); err != nil {
			return err
		}
		w.last = time.Now()
	}
	return nil
}

// beat says how far the watcher is.
func (w *watcher) beat() error {
	w.last = time.Now()
	return w.send(&vetov1.WatchEventsResponse{Revision: uint64(w.at)})
}

// wait waits for a change of the view, or until it is time to say something.
func (w *watcher) wait(ctx context.Context, changed <-chan struct{}) error {
	timer := time.NewTimer(w.registry.config.Heartbeat - time.Since(w.last))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
