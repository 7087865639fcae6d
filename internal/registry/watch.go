package registry

import (
	"context"
	"errors"
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
	w := listing.Watcher{Log: r.log, Types: request.GetTypes(), Send: send, At: event.Revision(request.GetAfterRevision())}
	for first := true; ; first = false {
		changed := r.changes()
		view, err := r.View()
		if err != nil {
			return err
		}
		if err := w.UpTo(ctx, event.Revision(view.Revision)); err != nil {
			return err
		}
		if first || time.Since(w.Last) >= r.config.Heartbeat { // also where views change all the time, and nothing in them is of the types
			if err := w.Beat(); err != nil {
				return err
			}
		}
		if err := wait(ctx, changed, r.config.Heartbeat-time.Since(w.Last)); err != nil {
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

// wait waits for a change of the view, or until it is time to say something.
func wait(ctx context.Context, changed <-chan struct{}, beatIn time.Duration) error {
	timer := time.NewTimer(beatIn)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
