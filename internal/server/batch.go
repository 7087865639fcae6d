package server

import (
	"context"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
)

// batch is what the batches of one call or stream have in common: the caller's choices, the fields seen so far, and
// memory that is used again.
type batch struct {
	decisions    *decisions
	purpose      string
	purposeField string // its path in the request
	options      gate.Options
	fields       fieldUse
	translator   translator
	decision     gate.Decision
}

// columns are the answers to one batch.
type columns struct {
	reasons       []vetov1.Reason
	redactions    []*vetov1.IndexedRedaction
	violations    []*vetov1.IndexedViolation
	revision      uint64
	policyVersion uint64
}

// decide decides the items on one view, taken now. The unreadable items are those that the codec found no text in.
func (b *batch) decide(ctx context.Context, items []*vetov1.Item, minRevision uint64, unreadable map[int]*gate.Violation) (*columns, error) {
	view, purpose, err := b.decisions.view(ctx, minRevision, b.purposeField, b.purpose)
	if err != nil {
		return nil, err
	}
	answer := &columns{revision: view.Revision, policyVersion: view.PolicyVersion()}
	if len(items) == 0 {
		return answer, nil
	}
	b.fields.see(items)
	if err := b.fields.check(view.Gate.Policy.Reads(purpose)); err != nil {
		return nil, err
	}
	now := b.decisions.views.Now()
	answer.reasons = make([]vetov1.Reason, len(items))
	for i, item := range items {
		view.Gate.Decide(b.translator.translate(item, unreadable[i]), purpose, now, b.options, &b.decision)
		answer.add(i, &b.decision)
	}
	return answer, nil
}

// add notes one decision.
func (c *columns) add(i int, d *gate.Decision) {
	c.reasons[i] = d.Reason
	if len(d.Redact) > 0 {
		c.redactions = append(c.redactions, &vetov1.IndexedRedaction{Index: int32(i), Positions: slices.Clone(d.Redact)})
	}
	if d.Violation != (gate.Violation{}) {
		c.violations = append(c.violations, &vetov1.IndexedViolation{Index: int32(i), Violation: violationOf(d.Violation)})
	}
}
