package gate

import (
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// check is one rule. The numbers are the order in which rules are tried: the first that refuses gives the reason.
type check uint8

// The checks in their order.
const (
	checkPolicy check = iota
	checkReadable
	checkPrivateMessage
	checkRegime
	checkProhibition
	checkSuspension
	checkPeriod
	checkKind
	checkVisibility
	checkLabels
	checkMinimumAge
	checkKnownAge
	checkItemAge
	checkNotice
	checkAuthorErasure
	checkItemErasure
	checkItemChange
	checkAuthorObjection
	checkItemObjection
	checkConsent
	checkSignals
	checkThirdParties
	checkCondition
	checkEligible
	checks // how many there are
)

// pass is what a check answers that has nothing against the item.
const pass = vetov1.Reason_REASON_UNSPECIFIED

// Decide answers for one item and one purpose at an instant. It overwrites d, and allocates nothing unless the item is
// INVALID or d.Redact has to grow. It is safe for concurrent use with a Decision of one's own.
//
// A faulty item is decided like any other, INVALID. What panics is a view with a policy but without Standings or Keys.
func (v *View) Decide(item *Item, p PurposeRef, now time.Time, o Options, d *Decision) {
	t := v.trial(item, p, now, o, d.Redact)
	reason := pass
	for c := range checks {
		if found := t.try(c); decides(found) {
			reason = found
			break
		}
	}
	t.decision(reason, d)
}

// Explain makes the decision of Decide and tells every check, those too that come after the one that decided.
func (v *View) Explain(item *Item, p PurposeRef, now time.Time, o Options) Explanation {
	t := v.trial(item, p, now, o, nil)
	e := Explanation{Checks: make([]Check, checks)}
	decider := checks
	for c := range checks {
		e.Checks[c] = t.tell(c, decider)
		if decider == checks && decides(e.Checks[c].Reason) {
			decider = c
			t.decision(e.Checks[c].Reason, &e.Decision) // before later checks find what this decision did not rest on
		}
	}
	if e.Decision.Reason == vetov1.Reason_REASON_ELIGIBLE_REDACTED {
		e.Checks[decider].Reason = pass
		decider = checkThirdParties
	}
	e.Checks[decider].Decided = true
	e.Words = t.summary(&e.Decision, e.Checks[decider].Words)
	return e
}

// decides says whether a check's answer ends the decision. Masking does not: a later check may still refuse.
func decides(r vetov1.Reason) bool {
	return r != pass && r != vetov1.Reason_REASON_ELIGIBLE_REDACTED
}

// trial is one item before the gate: what it is decided from, and what the checks found for each other.
type trial struct {
	view    *View
	policy  *Policy
	purpose *Purpose
	item    *Item
	now     time.Time
	options Options

	bit       standings.Purposes  // of purpose
	violation Violation           // found by checkReadable
	place     *place              // of the item's country; nil: unassigned
	regime    *regime             // found by checkRegime; nil: none rules
	author    *standings.Standing // nil: nothing stands, or not looked up
	mark      *standings.Marked   // of the item; as author
	looked    bool                // author and mark are looked up
	redact    []int32             // found by checkThirdParties
}

func (v *View) trial(item *Item, p PurposeRef, now time.Time, o Options, redact []int32) trial {
	t := trial{view: v, item: item, now: now, options: o, redact: redact[:0]}
	if v.Policy != nil && p.policy == v.Policy {
		t.policy, t.purpose = v.Policy, p.purpose
		t.bit = standings.Purpose(p.purpose.Bit)
	}
	return t
}

// decision writes what was decided into d.
func (t *trial) decision(reason vetov1.Reason, d *Decision) {
	if reason == vetov1.Reason_REASON_ELIGIBLE && len(t.redact) > 0 {
		reason = vetov1.Reason_REASON_ELIGIBLE_REDACTED
	}
	*d = Decision{Reason: reason, Redact: t.redact[:0]}
	switch Outcome(reason) {
	case vetov1.Outcome_OUTCOME_INCLUDE_REDACTED:
		d.Redact = t.redact
	case vetov1.Outcome_OUTCOME_INVALID:
		d.Violation = t.violation
	default:
	}
	if t.regime != nil {
		d.Regime = t.regime.Name
	}
}

// try runs one check. The ones before it have been run, and those that give it something to look at have passed.
func (t *trial) try(c check) vetov1.Reason {
	switch c {
	case checkPolicy:
		return refuse(t.policy == nil, vetov1.Reason_REASON_NO_POLICY)
	case checkReadable:
		return t.readable()
	case checkPrivateMessage:
		return refuse(isPrivateMessage(t.item), vetov1.Reason_REASON_PRIVATE_MESSAGE)
	case checkRegime:
		return refuse(!t.findRegime(), vetov1.Reason_REASON_NO_REGIME)
	case checkProhibition, checkSuspension, checkPeriod:
		return t.tryRegime(c)
	case checkKind, checkVisibility, checkLabels:
		return t.tryContent(c)
	case checkMinimumAge, checkKnownAge, checkItemAge, checkNotice:
		return t.tryAges(c)
	case checkAuthorErasure, checkItemErasure, checkItemChange, checkAuthorObjection, checkItemObjection, checkConsent:
		return t.tryStandings(c)
	case checkSignals:
		return refuse(t.signalRefuses(), vetov1.Reason_REASON_SIGNAL)
	case checkThirdParties:
		return t.thirdParties()
	case checkCondition:
		return refuse(!t.conditionHolds(), vetov1.Reason_REASON_CONDITION)
	case checkEligible:
		return vetov1.Reason_REASON_ELIGIBLE
	default:
		return vetov1.Reason_REASON_NO_POLICY // what is not listed is refused
	}
}

// refuse is the reason where it applies.
func refuse(applies bool, r vetov1.Reason) vetov1.Reason {
	if applies {
		return r
	}
	return pass
}
