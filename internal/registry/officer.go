package registry

import (
	"context"
	"fmt"
	"maps"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/listing"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/registry/sealed"
	"github.com/veto-gate/veto/internal/store"
)

// MatchIdentifier says whose a filing by identifiers is, or that it is nobody's, durable and in force here when it returns. What was sealed is deleted.
//
// Errors: as FileObjection; ErrUnknownObjection, *StateError.
func (r *Registry) MatchIdentifier(ctx context.Context, actor Actor, request *vetov1.MatchIdentifierRequest) (*vetov1.MatchIdentifierResponse, error) {
	id, err := intake.ObjectionNumber(request.GetObjectionId())
	if err != nil {
		return nil, err
	}
	appended, err := r.carryOut(ctx, actor, "MatchIdentifier", request, func(q *resolve.Request) (store.Verdict, error) { return q.Match(request, id) })
	if err != nil {
		return nil, err
	}
	objection, err := r.answers().Numbered(ctx, id, appended.Head)
	return &vetov1.MatchIdentifierResponse{Objection: objection, Revision: uint64(appended.Head)}, err
}

// DecideObjection records an officer's act about an objection, durable and in force here when it returns.
//
// Errors: as MatchIdentifier.
func (r *Registry) DecideObjection(ctx context.Context, actor Actor, request *vetov1.DecideObjectionRequest) (*vetov1.DecideObjectionResponse, error) {
	id, err := intake.ObjectionNumber(request.GetObjectionId())
	if err != nil {
		return nil, err
	}
	appended, err := r.carryOut(ctx, actor, "DecideObjection", request, func(q *resolve.Request) (store.Verdict, error) { return q.Decision(request, id) })
	if err != nil {
		return nil, err
	}
	return r.answers().Decided(ctx, id, appended)
}

// Objections lists filings, or those that need a person.
//
// Errors: those of ViewAt, listing.Objections and listing.Queue.
func (r *Registry) Objections(ctx context.Context, request *vetov1.ListObjectionsRequest) (*vetov1.ListObjectionsResponse, error) {
	view, err := r.ViewAt(ctx, request.GetMinRevision())
	if err != nil {
		return nil, err
	}
	list := listing.Objections
	if request.GetQueue() {
		list = listing.Queue(resolve.QueueKey(r.keys))
	}
	response, err := list(ctx, r.log, r.keys.Fingerprint, r.keys.Objection, request, event.Revision(view.Revision))
	if err != nil || !request.GetShowSealed() {
		return response, err
	}
	for _, objection := range response.GetObjections() {
		if err := r.show(ctx, objection); err != nil {
			return nil, err
		}
	}
	return response, nil
}

// Waiting is a filing whose person is looked for.
type Waiting struct {
	// ObjectionID is its number.
	ObjectionID string
	// Identifiers are what the person gave, in the request's order.
	Identifiers []*vetov1.Identifier
}

// Waiting are the filings whose person is looked for, by number, and the revision that this is true at, or a later one.
//
// Errors: those of View and of store.Log.EachSealed; ErrDamaged.
func (r *Registry) Waiting(ctx context.Context) ([]Waiting, uint64, error) {
	view, err := r.View()
	if err != nil {
		return nil, 0, err
	}
	given := map[event.ObjectionID]map[event.Key]*vetov1.Identifier{}
	for row, err := range r.log.EachSealed(ctx) {
		if err != nil {
			return nil, 0, fmt.Errorf("read what is sealed: %w", err)
		}
		one, err := sealed.Open(r.keys, row)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: what is sealed: %w", ErrDamaged, err)
		}
		if one.Type == sealed.ReplyTo {
			continue
		}
		if given[one.Objection] == nil {
			given[one.Objection] = map[event.Key]*vetov1.Identifier{}
		}
		given[one.Objection][row.Handle] = identifier(one)
	}
	var waiting []Waiting
	for _, id := range slices.Sorted(maps.Keys(given)) {
		one := Waiting{ObjectionID: string(id)}
		for _, handle := range sealed.All(r.keys, id) { // in the request's order
			if found := given[id][handle]; found != nil {
				one.Identifiers = append(one.Identifiers, found)
			}
		}
		waiting = append(waiting, one)
	}
	return waiting, view.Revision, nil
}

// identifier is what a row says somebody gave.
func identifier(row sealed.Row) *vetov1.Identifier {
	kind := vetov1.IdentifierType(vetov1.IdentifierType_value["IDENTIFIER_TYPE_"+row.Type])
	return &vetov1.Identifier{Type: kind, Value: row.Value}
}

// Revision is that of the newest view; 0: there is none that is fresh.
func (r *Registry) Revision() uint64 {
	view, err := r.View()
	if err != nil {
		return 0
	}
	return view.Revision
}

// show tells what is sealed of an objection.
func (r *Registry) show(ctx context.Context, objection *vetov1.Objection) error {
	rows, err := r.log.Sealed(ctx, sealed.All(r.keys, event.ObjectionID(objection.GetObjectionId()))...)
	if err != nil {
		return fmt.Errorf("read what is sealed: %w", err)
	}
	for _, row := range rows {
		one, err := sealed.Open(r.keys, row)
		if err != nil {
			return fmt.Errorf("%w: what is sealed: %w", ErrDamaged, err)
		}
		if one.Type == sealed.ReplyTo {
			objection.ReplyTo = one.Value
			continue
		}
		objection.Identifiers = append(objection.Identifiers, identifier(one))
	}
	return nil
}
