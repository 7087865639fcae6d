package listing

import (
	"context"
	"fmt"
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/store"
)

// Watcher is one that is sent events. It holds a page of the log at most, and no transaction.
type Watcher struct {
	// Log is read.
	Log store.Log
	// Types are the only ones that are sent; none: all.
	Types []vetov1.EventType
	// Send takes them.
	Send func(*vetov1.WatchEventsResponse) error
	// At: everything up to it was sent, or is not of the types.
	At event.Revision
	// Last is when something was sent; zero: never.
	Last time.Time
}

// UpTo sends the events up to a revision.
func (w *Watcher) UpTo(ctx context.Context, head event.Revision) error {
	if w.At >= head {
		return nil
	}
	for entry, err := range w.Log.Read(ctx, w.At) {
		if err != nil {
			return fmt.Errorf("watch events: %w", err)
		}
		if entry.Revision > head {
			break
		}
		if entry.Revision != w.At+1 {
			return fmt.Errorf("%w: revision %d follows %d", filing.ErrDamaged, entry.Revision, w.At)
		}
		w.At = entry.Revision
		one, err := Event(entry)
		if err != nil {
			return err
		}
		if len(w.Types) > 0 && !slices.Contains(w.Types, one.GetType()) {
			continue
		}
		if err := w.Send(&vetov1.WatchEventsResponse{Event: one, Revision: uint64(w.At)}); err != nil {
			return err
		}
		w.Last = time.Now()
	}
	return nil
}

// Beat says how far the watcher is.
func (w *Watcher) Beat() error {
	w.Last = time.Now()
	return w.Send(&vetov1.WatchEventsResponse{Revision: uint64(w.At)})
}
