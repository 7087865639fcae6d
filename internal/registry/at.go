package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/store"
)

// At is the register as it stood at a revision, as far as one item goes: it has every policy and suspension, and of the standings those that decide the
// item. It reads the log, so it costs what the people of the item ever said.
//
// Errors: those of ViewAt, whose *AboveHeadError names at_revision; those of the log; ErrDamaged.
func (r *Registry) At(ctx context.Context, revision uint64, item *gate.Item) (*View, error) {
	if err := r.reached(ctx, revision); err != nil {
		return nil, err
	}
	entries, err := r.log.EventsOf(ctx, append(r.keysOf(item), switchKey), event.Revision(revision))
	if err != nil {
		return nil, fmt.Errorf("look back: %w", err)
	}
	s := newState(r.keys)
	for _, entry := range entries {
		if err := s.past(ctx, r.log, entry); err != nil {
			return nil, err
		}
	}
	s.revision = event.Revision(revision)
	return s.view(), nil
}

// Past is the whole register as it stood at a revision. It folds the log from its beginning.
//
// Errors: as At.
func (r *Registry) Past(ctx context.Context, revision uint64) (*View, error) {
	if err := r.reached(ctx, revision); err != nil {
		return nil, err
	}
	s := newState(r.keys)
	for entry, err := range r.log.Read(ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("look back: %w", err)
		}
		if uint64(entry.Revision) > revision {
			break
		}
		if entry.Revision != s.revision+1 {
			return nil, fmt.Errorf("%w: revision %d follows %d", ErrDamaged, entry.Revision, s.revision)
		}
		if err := s.past(ctx, r.log, entry); err != nil {
			return nil, err
		}
	}
	if uint64(s.revision) != revision { // a view of less would lack somebody's objection
		return nil, fmt.Errorf("%w: no event after revision %d", ErrDamaged, s.revision)
	}
	return s.view(), nil
}

// past is apply for what was folded before.
func (s *state) past(ctx context.Context, docs documents, entry store.Entry) error {
	if err := s.apply(ctx, docs, entry); err != nil {
		return fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
	}
	return nil
}

// reached waits for a revision as ViewAt does.
func (r *Registry) reached(ctx context.Context, revision uint64) error {
	_, err := r.ViewAt(ctx, revision)
	if above, ok := errors.AsType[*AboveHeadError](err); ok {
		above.Field = "at_revision"
	}
	return err
}

// keysOf are what the events that decide an item are indexed under. What is beyond a list's bound decides nothing: such an item is INVALID.
func (r *Registry) keysOf(item *gate.Item) []event.Key {
	keys := []event.Key{r.keys.Subject(item.AuthorID), r.keys.Item(item.ID)}
	for i := range item.Subjects[:min(len(item.Subjects), gate.MaxSubjects)] {
		keys = append(keys, r.keys.Subject(item.Subjects[i].SubjectID))
	}
	for _, key := range item.ContentKeys[:min(len(item.ContentKeys), gate.MaxContentKeys)] {
		keys = append(keys, r.keys.ContentKey(key))
	}
	return keys
}
