package registry

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/telemetry"
)

// publishEvery bounds how many events a view may lag behind the fold while a long log is read.
const publishEvery = 50_000

// Run follows the log and publishes views until ctx ends; then it returns nil. An error is for good: the log cannot be
// folded, every later answer is that error, and the process should end. While the store is away it goes on trying, and
// the view grows stale. It runs once, on its caller's goroutine.
func (r *Registry) Run(ctx context.Context) error {
	follower := &follower{registry: r, state: newState(r.keys), tree: store.EmptyHead()}
	for ctx.Err() == nil {
		switch err := follower.round(ctx); {
		case err == nil || ctx.Err() != nil:
		case isFatal(err):
			err = fmt.Errorf("follow the log at revision %d: %w", follower.state.revision, err)
			r.fail(err)
			return err
		default:
			follower.away(err)
		}
		r.clock.Follow()
		r.pause(ctx, follower.state.revision)
	}
	return nil
}

// pause waits for a notification, or for the next poll.
func (r *Registry) pause(ctx context.Context, after event.Revision) {
	ctx, cancel := context.WithTimeout(ctx, r.config.PollInterval)
	defer cancel()
	if r.log.Wait(ctx, after) != nil {
		<-ctx.Done() // a store that is away fails at once: poll, do not spin
	}
}

// follower is the one writer of views.
type follower struct {
	registry *Registry
	state    *state
	tree     store.Head // of the leaves that were folded; its time is not kept
	since    time.Time  // when an event was first missed; zero: none is missed
	isAway   bool       // the store failed at the last round
	told     uint64     // the version of the policy that does not compile, once that was told
}

// round reads the head and folds up to it. Only a round that ends level with the head makes the view fresh, as of the
// moment at which the head was asked for.
func (f *follower) round(ctx context.Context) error {
	r := f.registry
	asked := r.clock.Passed()
	head, err := r.head(ctx)
	if err != nil {
		return err
	}
	f.back()
	if head.Revision < f.state.revision {
		return fmt.Errorf("%w: the log went back to revision %d", ErrDamaged, head.Revision)
	}
	if head.Revision > f.state.revision {
		if err := f.fold(ctx, head.Revision); err != nil {
			return err
		}
	}
	if f.state.revision < head.Revision {
		return f.missed(head.Revision)
	}
	f.since = time.Time{}
	// A leaf and a side row that fit each other are not enough: the two together could have been put in their place.
	if f.tree.Root != head.Root {
		return fmt.Errorf("%w: the leaves up to revision %d are not those of the head's tree", ErrDamaged, head.Revision)
	}
	r.publish(f.state.view(), asked)
	f.tellBroken()
	return nil
}

// head asks for the head, and not for longer than a view may be old: a connection that is half open answers nothing for
// minutes, and the next round gets a new one.
func (r *Registry) head(ctx context.Context) (store.Head, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.MaxStaleness)
	defer cancel()
	return r.log.Head(ctx)
}

// fold applies events up to a revision. It stops before one that does not follow the last: whoever skips an event skips
// somebody's objection.
func (f *follower) fold(ctx context.Context, upTo event.Revision) error {
	unpublished := 0
	for entry, err := range f.registry.log.Read(ctx, f.state.revision) {
		if err != nil {
			return err
		}
		if entry.Revision <= f.state.revision {
			continue // seen before: a log may hand an event out twice
		}
		if entry.Revision != f.state.revision+1 {
			return nil
		}
		if err := f.state.apply(ctx, f.registry.log, entry); err != nil {
			return fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
		}
		if f.tree, err = f.tree.Next(entry.Leaf, time.Time{}); err != nil {
			return fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
		}
		if entry.Revision >= upTo {
			return nil
		}
		if unpublished++; unpublished == publishEvery {
			unpublished = 0
			f.registry.publish(f.state.view(), -1)
		}
	}
	return nil
}

// missed waits for an event that is not visible yet, and gives up after GapPatience.
func (f *follower) missed(head event.Revision) error {
	next := f.state.revision + 1
	now := time.Now()
	if f.since.IsZero() {
		f.since = now
		f.registry.logger.Warn("an event of the log is not visible", slog.Uint64(telemetry.Revision, uint64(next)), slog.Uint64(telemetry.Head, uint64(head)))
	}
	if now.Sub(f.since) > f.registry.config.GapPatience {
		return fmt.Errorf("%w: revision %d is missing below the head %d", ErrDamaged, next, head)
	}
	return nil
}

func (f *follower) away(err error) {
	if !f.isAway {
		f.registry.logger.Warn("the store does not answer; decisions stop when the view is stale", slog.String(telemetry.Cause, err.Error()))
	}
	f.isAway = true
}

func (f *follower) back() {
	if f.isAway {
		f.registry.logger.Info("the store answers again")
	}
	f.isAway = false
}

// tellBroken says once that the active policy does not compile, as one that an earlier version took may not by the rules
// of this one.
func (f *follower) tellBroken() {
	if f.state.broken == nil || f.told == f.state.policy.GetVersion() {
		return
	}
	f.told = f.state.policy.GetVersion()
	f.registry.logger.Error("the active policy does not compile; every decision is NO_POLICY until another is applied",
		slog.Uint64(telemetry.PolicyVersion, f.state.policy.GetVersion()), slog.String(telemetry.Cause, f.state.broken.Error()))
}
