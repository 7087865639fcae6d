package registry

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// Bind begins an empty log under a name, with the event that binds it to the secret of keys, or checks that a log is
// bound to that secret and that the clock is not before its last event. A log of another secret is ErrSecret: with it
// every objection would silently stop matching. Nothing may be folded or written before.
func Bind(ctx context.Context, log store.Log, keys *subject.Keys, name string, wall func() time.Time) error {
	head, err := log.Head(ctx)
	if err != nil {
		return fmt.Errorf("bind: read head: %w", err)
	}
	if head.Revision == 0 {
		if err := writeGenesis(ctx, log, keys, name, wall()); err != nil {
			return fmt.Errorf("bind: begin the log: %w", err)
		}
		if head, err = log.Head(ctx); err != nil {
			return fmt.Errorf("bind: read head: %w", err)
		}
	}
	// Also after writing: another process may have begun the log at the same time, with another secret.
	first, err := filing.EntryAt(ctx, log, 1)
	if err != nil {
		return fmt.Errorf("bind: read the first event: %w", err)
	}
	genesis, err := event.ParseLeaf(first.Leaf)
	if err != nil {
		return fmt.Errorf("bind: %w: %w", ErrDamaged, err)
	}
	if genesis.Type != event.TypeGenesis {
		return fmt.Errorf("bind: %w: the first event is %s", ErrDamaged, genesis.Type)
	}
	if !keys.Binds(genesis.Log, genesis.Secret) {
		return fmt.Errorf("bind: %w", ErrSecret)
	}
	// A microsecond is what the log keeps.
	if now := wall().Add(time.Microsecond); now.Before(head.Time) {
		return fmt.Errorf("bind: %w: it says %s, the event %s", ErrClockBehind, now.UTC().Format(time.RFC3339), head.Time.Format(time.RFC3339))
	}
	return nil
}

func writeGenesis(ctx context.Context, log store.Log, keys *subject.Keys, name string, now time.Time) error {
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	call, err := draft.New(Actor{Name: "veto", Role: "SYSTEM"}, event.RequestID(id), rand.Reader)
	if err != nil {
		return err
	}
	_, err = log.Append(ctx, store.Command{
		RequestID:   [16]byte(id),
		Fingerprint: keys.Fingerprint([]byte("genesis\n" + name)),
		Resolve: func(_ context.Context, p store.Present) (store.Verdict, error) {
			if p.Head().Revision != 0 {
				return store.Verdict{}, nil
			}
			e := event.Event{
				Leaf: event.Leaf{Type: event.TypeGenesis, Effect: event.EffectBound, Log: name, Version: event.FormatVersion, Secret: keys.Check(name)},
				Side: call.Side(keys, now, p.Head()),
			}
			record, err := call.Seal(e, draft.IDs{}, nil)
			return store.Verdict{Record: record}, err
		},
	})
	return err
}
