package resolve

import (
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/sealed"
	"github.com/veto-gate/veto/internal/store"
)

// Decision says what an officer's act comes to: the assessment of an objection (GDPR Art. 21(1)), its end as unfounded (Art. 12(5)), more time to answer
// (Art. 12(3)), a delivery. A refusal counts from its delivery and the regime's delay on, and only where objections are assessed.
func (r *Request) Decision(request *vetov1.DecideObjectionRequest, id event.ObjectionID) (store.Verdict, error) {
	if err := intake.CheckDecision(request, r.Now); err != nil {
		return store.Verdict{}, err
	}
	f, err := r.numbered(id)
	if err != nil {
		return store.Verdict{}, err
	}
	a := act{request: request, f: f, now: r.Now}
	a.assessed, a.refusable, a.delay = r.Rules.Assessing(f.Event.Side, r.Now)
	if err := a.allowed(); err != nil {
		return store.Verdict{}, err
	}
	e := event.Event{Leaf: event.Leaf{Type: event.TypeObjectionDecided, Policy: r.Rules.PolicyVersion(), Effect: a.effect()}, Side: a.side(r.side())}
	e.Side.ObjectionID = id
	keys := append(f.Keys(), r.Keys.Objection(string(id)), QueueKey(r.Keys))
	if changesStanding(f, e) {
		lifts := []event.Lift{{Revision: f.Revision}}
		changes, touched, err := r.remainingAfter([]filing.Filing{*f}, lifts, event.Key{}, func(one []filing.Filing, _ event.Lift) { one[0].Handle(e) })
		if err != nil {
			return store.Verdict{}, err
		}
		e.Side.Changes, keys = changes, append(keys, touched...)
	}
	verdict, err := r.seal(e, draft.IDs{}, keys)
	if err != nil {
		return store.Verdict{}, err
	}
	f.Handle(e)
	switch {
	case f.Stands().IsZero() && len(f.Needs()) == 0:
		verdict.Record.Unseal = sealed.Handles(r.Keys, f.Event.Side)
	case f.Stands().IsZero():
		verdict.Record.Unseal = sealed.Identifiers(f.Event.Side)
	case !f.Decision.AnsweredAt.IsZero() && len(f.Needs()) == 0:
		verdict.Record.Unseal = []event.Key{sealed.ReplyHandle(r.Keys, id)}
	}
	return verdict, nil
}

// changesStanding says whether an act changes what stands.
func changesStanding(f *filing.Filing, e event.Event) bool {
	switch {
	case !e.Side.RefusedFrom.IsZero(), e.Leaf.Effect == event.EffectUnfounded:
		return true
	case e.Leaf.Effect == event.EffectUpheld:
		return !f.Decision.RefusedFrom.IsZero()
	default:
		return false
	}
}

// act is an officer's act about a filing.
type act struct {
	request   *vetov1.DecideObjectionRequest
	f         *filing.Filing
	now       time.Time
	assessed  event.Purposes // the declared purposes for which the regime of the filing's country assesses objections
	refusable event.Purposes // those, and earlier names that they took over
	delay     time.Duration
}

// effects are those of the decisions.
var effects = map[vetov1.ObjectionOutcome]event.Effect{
	vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD:    event.EffectUpheld,
	vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED:   event.EffectRefused,
	vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UNFOUNDED: event.EffectUnfounded,
}

// effect is the first of what the act does.
func (a *act) effect() event.Effect {
	switch {
	case a.request.GetOutcome() != 0:
		return effects[a.request.GetOutcome()]
	case a.request.GetExtendUntil() != nil:
		return event.EffectExtended
	case a.request.GetAnsweredAt() != nil:
		return event.EffectAnswered
	default:
		return event.EffectInformed
	}
}

// side is what the act says.
func (a *act) side(side event.Side) event.Side {
	q := a.request
	side.Reason, side.Remedies = q.GetGrounds(), q.GetRemediesText()
	side.ExtendedUntil, side.InformedAt, side.AnsweredAt = filing.Instant(q.GetExtendUntil()), filing.Instant(q.GetInformedAt()), filing.Instant(q.GetAnsweredAt())
	refused := a.f.Decision.Refused
	if q.GetOutcome() == vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED {
		refused = a.refused()
		side.Purposes = refused
	}
	isRefused := q.GetOutcome() == vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED || q.GetOutcome() == 0 && a.f.Decision.Outcome == event.EffectRefused
	if isRefused && !side.AnsweredAt.IsZero() && a.f.Decision.RefusedFrom.IsZero() && !a.refused().IsZero() && !refused.IsZero() {
		decided, delivered := a.f.Decision.DecidedAt, side.AnsweredAt
		if q.GetOutcome() != 0 {
			decided = side.RecordedAt
		}
		if delivered.Before(decided) { // what was told before the refusal was on record, did not deliver it
			delivered = decided
		}
		side.RefusedFrom = delivered.Add(a.delay).Truncate(time.Microsecond)
	}
	return side
}

// refused are the purposes of the filing that can be refused.
func (a *act) refused() event.Purposes {
	standing := a.f.Stands()
	return standing.Minus(standing.Minus(a.refusable))
}

// allowed says whether the filing stands so that the act can be done.
func (a *act) allowed() error {
	q, d, stands := a.request, a.f.Decision, !a.f.Stands().IsZero()
	switch {
	case a.f.Annulled, !stands && (q.GetOutcome() != 0 || q.GetExtendUntil() != nil):
		return &StateError{Kind: Ended, Message: "the objection is withdrawn, annulled or ended already: there is nothing left to decide"}
	case q.GetOutcome() != 0 && d.Outcome != 0 && (q.GetOutcome() != vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD || d.Outcome != event.EffectRefused):
		return &StateError{Kind: Decided, Message: "the objection is decided already; only a refusal can still be turned into UPHELD"}
	case q.GetOutcome() == vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED && (a.f.Event.Side.Assess.IsZero() || a.refused().IsZero()):
		return &StateError{Kind: NotAssessed, Message: "the regime of the objection's country does not assess objections (Art. 21(1)), or did not when it was filed: it is honoured and cannot be refused; record answered_at once the receipt is delivered, or UNFOUNDED with grounds (Art. 12(5))"}
	case q.GetAnsweredAt() != nil && q.GetOutcome() == 0 && d.Outcome == 0 && stands && !a.f.Event.Side.Assess.IsZero():
		return &StateError{Kind: Undecided, Message: "the objection is under assessment: decide it, and record the delivery of that answer"}
	}
	return a.times()
}

// times holds the act's times against the filing's.
func (a *act) times() error {
	var c intake.Checks
	received := a.f.ReceivedAt()
	for field, at := range map[string]time.Time{"informed_at": filing.Instant(a.request.GetInformedAt()), "answered_at": filing.Instant(a.request.GetAnsweredAt())} {
		if !at.IsZero() && at.Before(received) {
			c.Add(field, "before the objection was received")
		}
	}
	if until := filing.Instant(a.request.GetExtendUntil()); !until.IsZero() {
		switch {
		case a.now.After(filing.MonthsAfter(received, 1)):
			return &StateError{Kind: TooLate, Message: "the month to answer is over: an extension has to be told within it (Art. 12(3))"}
		case !until.After(a.f.DueAt()):
			c.Add("extend_until", "not later than the answer is due already")
		case until.After(filing.MonthsAfter(received, 3)):
			c.Add("extend_until", "later than three months after receipt: at most two further months are allowed (Art. 12(3))")
		}
	}
	return c.Err()
}
