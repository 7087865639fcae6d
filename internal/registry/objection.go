package registry

import (
	"context"
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
)

// FileObjection records an objection (GDPR Art. 21), durable and in force here when it returns.
//
// Errors: *InvalidError, *UndeclaredPurposeError, *UnsupportedError for the request; ErrStale, ErrClock, ErrNotReached;
// those of store.Log.Append.
func (r *Registry) FileObjection(ctx context.Context, actor Actor, request *vetov1.FileObjectionRequest) (*vetov1.FileObjectionResponse, error) {
	appended, err := r.carryOut(ctx, actor, "FileObjection", request, func(q *resolve.Request) (store.Verdict, error) {
		return q.Filing(request, event.Key{})
	})
	if err != nil {
		return nil, err
	}
	return r.filed(ctx, appended)
}

// filed is the answer to a filing, made of the log alone, as of the revision that it is true at, so that a retry gets
// the same.
func (r *Registry) filed(ctx context.Context, appended store.Appended) (*vetov1.FileObjectionResponse, error) {
	entry := appended.Entry
	var standing uint64
	_, notUnchanged := fmt.Sscanf(string(appended.Answer), resolve.Unchanged+" %d", &standing)
	unchanged := notUnchanged == nil
	if unchanged {
		var err error
		if entry, err = filing.EntryAt(ctx, r.log, event.Revision(standing)); err != nil {
			return nil, err
		}
	}
	f, err := r.filingAsOf(ctx, entry, appended.Head)
	if err != nil {
		return nil, err
	}
	return &vetov1.FileObjectionResponse{
		Objection: f.Objection(), Revision: uint64(appended.Head), Receipt: f.Receipt(entry.Leaf), Unchanged: unchanged,
	}, nil
}

// filingAsOf is the filing of an event as it stood at a revision.
func (r *Registry) filingAsOf(ctx context.Context, entry store.Entry, revision event.Revision) (filing.Filing, error) {
	f, err := filing.Of(entry)
	if err != nil {
		return filing.Filing{}, fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
	}
	if entry.Revision == revision {
		return f, nil
	}
	entries, err := r.log.EventsOf(ctx, []event.Key{r.keys.Objection(string(f.Event.Side.ObjectionID))}, revision)
	if err != nil {
		return filing.Filing{}, fmt.Errorf("read the events of an objection: %w", err)
	}
	filings, err := filing.History(entries)
	if err != nil {
		return filing.Filing{}, err
	}
	for i := range filings {
		if filings[i].Revision == entry.Revision {
			return filings[i], nil
		}
	}
	return filing.Filing{}, fmt.Errorf("%w: revision %d is not found by its objection's key", ErrDamaged, entry.Revision)
}
