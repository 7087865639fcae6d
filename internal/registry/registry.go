package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/clock"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// Registry is the register of one log. Its methods may be called by many goroutines at once. They come to an answer
// only while Run is at work.
type Registry struct {
	log    store.Log
	keys   *subject.Keys
	config Config
	logger *slog.Logger
	clock  *clock.Clock

	view atomic.Pointer[View] // the newest; nil until the first was folded
	// freshAt is when, on the clock's monotonic side, a reading of the head was begun that the view is level with; in
	// nanoseconds, negative: never.
	freshAt atomic.Int64

	mu      sync.Mutex
	changed chan struct{} // closed and made anew whenever view, freshAt or failed changes
	failed  error         // why Run gave up; nil while it has not
}

// New makes the register of a bound log (see Bind). It starts nothing: Run does the work.
func New(log store.Log, keys *subject.Keys, c Config) (*Registry, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure registry: %w", err)
	}
	r := &Registry{log: log, keys: keys, config: c, logger: c.Logger, clock: clock.New(c.Wall), changed: make(chan struct{})}
	r.freshAt.Store(-1)
	return r, nil
}

// Now is the wall clock that decisions are made at.
func (r *Registry) Now() time.Time { return r.clock.Now() }

// MaxStaleness is how old a view may be.
func (r *Registry) MaxStaleness() time.Duration { return r.config.MaxStaleness }

// View is the newest view, if it is fresh: ErrStale, ErrClock, or the damage that the fold stopped at. It takes no lock
// while all is well.
func (r *Registry) View() (*View, error) {
	view, fresh := r.view.Load(), r.freshAt.Load()
	switch {
	case fresh == failedAt:
		return nil, r.failure()
	case view == nil || fresh < 0 || r.clock.Passed()-time.Duration(fresh) > r.config.MaxStaleness:
		return nil, ErrStale
	case r.clock.Jumped():
		return nil, ErrClock
	}
	return view, nil
}

// ViewAt is View at a revision or a later one. A revision above the log's head is an *AboveHeadError at once; for
// another one it waits until ctx ends or MaxStaleness is over: ErrNotReached.
func (r *Registry) ViewAt(ctx context.Context, minRevision uint64) (*View, error) {
	view, err := r.View()
	if err != nil || view.Revision >= minRevision {
		return view, err
	}
	head, err := r.log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for revision: %w", err)
	}
	if uint64(head.Revision) < minRevision {
		return nil, &AboveHeadError{Field: "min_revision", Head: uint64(head.Revision)}
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.MaxStaleness)
	defer cancel()
	return r.await(ctx, event.Revision(minRevision))
}

// await waits for a view that holds a revision.
func (r *Registry) await(ctx context.Context, revision event.Revision) (*View, error) {
	for {
		r.mu.Lock()
		changed, failed := r.changed, r.failed
		r.mu.Unlock()
		if failed != nil {
			return nil, failed
		}
		if view := r.view.Load(); view != nil && view.Revision >= uint64(revision) {
			return r.View()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			// The deadline of the caller and ours end alike: what was written is written, and can be asked for again.
			return nil, fmt.Errorf("%w: %w", ErrNotReached, context.Cause(ctx))
		}
	}
}

// failedAt stands in freshAt once Run gave up.
const failedAt = -2

func (r *Registry) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// publish makes a view the newest, and says at which reading of the head it was level; negative: at none.
func (r *Registry) publish(view *View, freshAt time.Duration) {
	r.view.Store(view)
	if freshAt >= 0 {
		r.freshAt.Store(int64(freshAt))
	}
	r.announce(nil)
}

// fail ends all answers for good.
func (r *Registry) fail(err error) {
	r.announce(err)
	r.freshAt.Store(failedAt)
}

func (r *Registry) announce(failed error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if failed != nil {
		r.failed = failed
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// isFatal says whether following can go on after an error of the log.
func isFatal(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrNewer)
}
