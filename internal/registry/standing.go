package registry

import (
	"context"
	"fmt"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
)

// Standing tells what is on record for a subject, and what it means for each declared purpose in a country. An unknown
// id has an empty one.
//
// Errors: *InvalidError for the request; those of ViewAt; those of store.Log.EventsOf.
func (r *Registry) Standing(ctx context.Context, request *vetov1.GetStandingRequest) (*vetov1.GetStandingResponse, error) {
	view, err := r.ViewAt(ctx, request.GetMinRevision())
	if err != nil {
		return nil, err
	}
	var c intake.Checks
	c.ID("subject_id", request.GetSubjectId())
	c.Country("country", request.GetCountry())
	if err := c.Err(); err != nil {
		return nil, err
	}
	key := r.keys.Subject(request.GetSubjectId())
	entries, err := r.log.EventsOf(ctx, []event.Key{key}, event.Revision(view.Revision))
	if err != nil {
		return nil, fmt.Errorf("read the events of a subject: %w", err)
	}
	response := &vetov1.GetStandingResponse{Revision: view.Revision}
	if response.Objections, err = r.answers().Objections(ctx, key, event.Revision(view.Revision)); err != nil {
		return nil, err
	}
	if response.Consents, err = filing.ToldConsents(entries, key, r.consentID); err != nil {
		return nil, err
	}
	standing, _ := view.standings.Subject(key)
	if standing != nil && standing.ErasedBefore > 0 && standing.ErasedBefore != standings.Always {
		response.ErasedBefore = filing.Stamp(time.Unix(0, standing.ErasedBefore))
	}
	if request.GetCountry() != "" {
		response.Effects = view.effects(standing, request.GetCountry(), r.Now())
	}
	return response, nil
}

// effects say what a standing means for each declared purpose.
func (v *View) effects(standing *standings.Standing, country string, now time.Time) []*vetov1.PurposeEffect {
	var effects []*vetov1.PurposeEffect
	for _, name := range v.Declared() {
		ref, ok := v.Gate.Purpose(name)
		if !ok {
			continue
		}
		reason, regime := v.Gate.Effect(standing, ref, country, now)
		usable := gate.Outcome(reason) == vetov1.Outcome_OUTCOME_INCLUDE
		effects = append(effects, &vetov1.PurposeEffect{
			Purpose: name, Usable: usable, Reason: reason, Regime: regime, Words: filing.EffectWords(usable, reason, regime),
		})
	}
	return effects
}
