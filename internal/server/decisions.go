package server

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

// decisions is DecisionService.
type decisions struct {
	vetov1.UnimplementedDecisionServiceServer
	views Views
}

// Decide is DecisionService.Decide.
func (d *decisions) Decide(ctx context.Context, request *vetov1.DecideRequest) (*vetov1.DecideResponse, error) {
	view, purpose, err := d.view(ctx, request.GetMinRevision(), "purpose", request.GetPurpose())
	if err != nil {
		return nil, err
	}
	var translator translator
	var decision gate.Decision
	item := translator.translate(request.GetItem(), singleFault(request))
	view.Gate.Decide(item, purpose, d.views.Now(), gate.Options{AcceptRedactions: request.GetAcceptRedactions()}, &decision)
	return &vetov1.DecideResponse{Decision: decisionOf(view, &decision), Revision: view.Revision}, nil
}

// ExplainDecision is DecisionService.ExplainDecision.
func (d *decisions) ExplainDecision(ctx context.Context, request *vetov1.ExplainDecisionRequest) (*vetov1.ExplainDecisionResponse, error) {
	var translator translator
	item := translator.translate(request.GetItem(), singleFault(request))
	view, err := d.viewOf(ctx, request, item)
	if err != nil {
		return nil, err
	}
	now, err := d.clockOf(request)
	if err != nil {
		return nil, err
	}
	purpose, declared := view.Gate.Purpose(request.GetPurpose())
	if !declared {
		return nil, undeclaredPurpose("purpose", view)
	}
	explanation := view.Gate.Explain(item, purpose, now, gate.Options{AcceptRedactions: request.GetAcceptRedactions()})
	answer := &vetov1.ExplainDecisionResponse{
		Decision:  decisionOf(view, &explanation.Decision),
		Checks:    make([]*vetov1.Check, len(explanation.Checks)),
		Words:     explanation.Words,
		Revision:  view.Revision,
		DecidedAt: timestamppb.New(now),
	}
	for i, check := range explanation.Checks {
		answer.Checks[i] = &vetov1.Check{Name: check.Name, Result: check.Result, Words: check.Words, Reason: check.Reason, Decided: check.Decided}
	}
	return answer, nil
}

// clockOf is the clock that a request is explained at.
func (d *decisions) clockOf(request *vetov1.ExplainDecisionRequest) (time.Time, error) {
	asOf := request.GetAsOf()
	switch {
	case asOf == nil:
		return d.views.Now(), nil
	case !asOf.IsValid():
		return time.Time{}, registry.Invalid([]registry.FieldFault{{Field: "as_of", Message: "not an instant between the years 1 and 9999"}})
	}
	return asOf.AsTime(), nil
}

// viewOf is the view that a request is explained on: the newest, or the past one that it asks for.
func (d *decisions) viewOf(ctx context.Context, request *vetov1.ExplainDecisionRequest, item *gate.Item) (*registry.View, error) {
	at, least := request.GetAtRevision(), request.GetMinRevision()
	switch {
	case at == 0:
		return d.views.ViewAt(ctx, least)
	case at < least:
		return nil, registry.Invalid([]registry.FieldFault{{Field: "at_revision", Message: "below min_revision, which cannot be met by looking back; leave one of the two out"}})
	}
	return d.views.At(ctx, at, item)
}

// BatchDecide is DecisionService.BatchDecide.
func (d *decisions) BatchDecide(ctx context.Context, request *vetov1.BatchDecideRequest) (*vetov1.BatchDecideResponse, error) {
	batch := batch{decisions: d, purpose: request.GetPurpose(), purposeField: "purpose", options: gate.Options{AcceptRedactions: request.GetAcceptRedactions()}}
	if faults := batch.fields.named("", request.GetMappedFields(), request.GetAbsentFields()); len(faults) > 0 {
		return nil, registry.Invalid(faults)
	}
	columns, err := batch.decide(ctx, request.GetItems(), request.GetMinRevision(), itemFaults(request))
	if err != nil {
		return nil, err
	}
	return &vetov1.BatchDecideResponse{
		Reasons: columns.reasons, Redactions: columns.redactions, Violations: columns.violations,
		Revision: columns.revision, PolicyVersion: columns.policyVersion,
	}, nil
}

// view is the view to decide on, and the purpose as that view knows it.
func (d *decisions) view(ctx context.Context, minRevision uint64, field, purpose string) (*registry.View, gate.PurposeRef, error) {
	view, err := d.views.ViewAt(ctx, minRevision)
	if err != nil {
		return nil, gate.PurposeRef{}, err
	}
	ref, declared := view.Gate.Purpose(purpose)
	if !declared {
		return nil, gate.PurposeRef{}, undeclaredPurpose(field, view)
	}
	return view, ref, nil
}

// undeclaredPurpose names the purposes that the view's policy declares.
func undeclaredPurpose(field string, view *registry.View) error {
	e := &registry.UndeclaredPurposeError{Field: field}
	for _, purpose := range view.Policy.GetPurposes() {
		e.Declared = append(e.Declared, purpose.GetName())
	}
	return e
}

// decisionOf is the gate's decision as the API words it.
func decisionOf(view *registry.View, d *gate.Decision) *vetov1.Decision {
	answer := &vetov1.Decision{
		Outcome: gate.Outcome(d.Reason), Reason: d.Reason, Regime: d.Regime, Redact: d.Redact,
		Revision: view.Revision, PolicyVersion: view.PolicyVersion(),
	}
	if d.Violation != (gate.Violation{}) {
		answer.Violation = violationOf(d.Violation)
	}
	return answer
}

func violationOf(v gate.Violation) *vetov1.Violation {
	return &vetov1.Violation{Field: v.Field, Message: v.Message}
}
