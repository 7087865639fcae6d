package filing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
)

// Decision is what officers did about a filing. The zero value is nothing.
type Decision struct {
	// Outcome is what they decided; the zero effect: nothing yet.
	Outcome event.Effect
	// DecidedAt is when they did; zero: nothing yet.
	DecidedAt time.Time
	// Refused are the purposes that it is refused for; they stand all the same.
	Refused event.Purposes
	// RefusedFrom is from when regimes that assess do not honour those; zero: the refusal was not delivered.
	RefusedFrom time.Time
	// ExtendedUntil, InformedAt and AnsweredAt are the times of GDPR Art. 12; zero: never.
	ExtendedUntil, InformedAt, AnsweredAt time.Time
}

// Handle takes in what was found or decided about it.
func (f *Filing) Handle(e event.Event) {
	switch e.Leaf.Effect {
	case event.EffectMatched:
		f.Event.Side.Subject = e.Side.Subject
		return
	case event.EffectNotFound:
		f.NotFound = true
		return
	case event.EffectUpheld:
		f.Decision.Refused, f.Decision.RefusedFrom = event.Purposes{}, time.Time{}
	case event.EffectRefused:
		f.Decision.Refused, f.Decision.AnsweredAt = e.Side.Purposes, time.Time{} // an answer given before was not this one
	case event.EffectUnfounded:
		f.Decision.AnsweredAt = time.Time{}
		f.end()
	default:
	}
	d := &f.Decision
	if e.Leaf.Effect == event.EffectUpheld || e.Leaf.Effect == event.EffectRefused || e.Leaf.Effect == event.EffectUnfounded {
		d.Outcome, d.DecidedAt = e.Leaf.Effect, e.Side.RecordedAt
	}
	for into, said := range map[*time.Time]time.Time{
		&d.RefusedFrom: e.Side.RefusedFrom, &d.ExtendedUntil: e.Side.ExtendedUntil, &d.InformedAt: e.Side.InformedAt, &d.AnsweredAt: e.Side.AnsweredAt,
	} {
		if !said.IsZero() {
			*into = said
		}
	}
}

// end lifts it for everybody that it names or is kept for.
func (f *Filing) end() {
	all := event.Purposes{All: true}
	f.lift(event.Key{}, all)
	for key := range f.Kept {
		f.lift(key, all)
	}
}

// Keys are what all its events are found by, its number apart: whom it names, and what it is about.
func (f *Filing) Keys() []event.Key {
	return slices.Concat(f.Subjects(), f.Event.Side.Items, f.Event.Side.ContentKeys)
}

// Pending says whether its person is being looked for.
func (f *Filing) Pending() bool {
	return f.Event.Side.Subject == (event.Key{}) && len(f.Event.Side.Identifiers) > 0 && !f.NotFound
}

func (f *Filing) match() vetov1.Match {
	switch {
	case f.Event.Side.Subject != (event.Key{}):
		return vetov1.Match_MATCH_MATCHED
	case f.NotFound:
		return vetov1.Match_MATCH_NOT_FOUND
	case f.Pending():
		return vetov1.Match_MATCH_PENDING
	default:
		return vetov1.Match_MATCH_UNSPECIFIED
	}
}

// refused are those of some standing purposes of it that it is refused for, with effect from RefusedFrom.
func (f *Filing) refused(standing event.Purposes) event.Purposes {
	if f.Decision.RefusedFrom.IsZero() {
		return event.Purposes{}
	}
	return standing.Minus(standing.Minus(f.Decision.Refused))
}

// outcomes are the answers that were decided.
var outcomes = map[event.Effect]vetov1.ObjectionOutcome{
	event.EffectUpheld:    vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD,
	event.EffectRefused:   vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED,
	event.EffectUnfounded: vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UNFOUNDED,
}

// decided tells of an objection what officers did about it. It is told without a clock: a refusal that was delivered is REFUSED, and refused_from says from
// when.
func (f *Filing) decided(o *vetov1.Objection) {
	d := f.Decision
	o.Outcome = outcomes[d.Outcome]
	o.ExtendedUntil, o.InformedAt, o.AnsweredAt, o.RefusedFrom = Stamp(d.ExtendedUntil), Stamp(d.InformedAt), Stamp(d.AnsweredAt), Stamp(d.RefusedFrom)
	o.Needs = f.Needs()
	switch {
	case f.Annulled:
	case d.Outcome == event.EffectUnfounded:
		o.State = vetov1.ObjectionState_OBJECTION_STATE_UNFOUNDED
	case f.Standing.IsZero():
	case d.Outcome == event.EffectUpheld:
		o.State = vetov1.ObjectionState_OBJECTION_STATE_UPHELD
	case !d.RefusedFrom.IsZero():
		o.State = vetov1.ObjectionState_OBJECTION_STATE_REFUSED
	case !f.Event.Side.Assess.IsZero():
		o.State = vetov1.ObjectionState_OBJECTION_STATE_UNDER_ASSESSMENT
	}
}

// Needs is what of it needs a person.
func (f *Filing) Needs() []vetov1.Need {
	d, stands := f.Decision, !f.Stands().IsZero()
	var all []vetov1.Need
	if stands && f.Pending() {
		all = append(all, vetov1.Need_NEED_MATCH)
	}
	if stands && !f.Event.Side.Assess.IsZero() && d.Outcome == 0 {
		all = append(all, vetov1.Need_NEED_ASSESSMENT)
	}
	if !f.Annulled && len(f.Event.Side.AlsoAsks) > 0 && d.AnsweredAt.IsZero() {
		all = append(all, vetov1.Need_NEED_ALSO_ASKS)
	}
	if (d.Outcome == event.EffectRefused || d.Outcome == event.EffectUnfounded) && d.AnsweredAt.IsZero() && !f.Annulled {
		all = append(all, vetov1.Need_NEED_DELIVERY)
	}
	return all
}

// DueAt is until when it has to be answered.
func (f *Filing) DueAt() time.Time {
	if !f.Decision.ExtendedUntil.IsZero() {
		return f.Decision.ExtendedUntil
	}
	return MonthsAfter(f.ReceivedAt(), 1)
}

// ReceivedAt is when it reached the controller.
func (f *Filing) ReceivedAt() time.Time { return receivedOf(f.Event.Side) }

// decisionWords are what the receipt of an officer's act says.
func decisionWords(e event.Event) string {
	side := e.Side
	at := side.RecordedAt.Format(momentForm)
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch e.Leaf.Effect {
	case event.EffectUpheld:
		say("The objection %s was assessed and upheld on %s: it stays in force.", side.ObjectionID, at)
	case event.EffectRefused:
		say("The objection %s was assessed and refused on %s for %s. It stays in force until you were told and the time after that is over.", side.ObjectionID, at, purposeWords(side.Purposes, "all purposes"))
	case event.EffectUnfounded:
		say("The objection %s was ended as unfounded or excessive on %s.", side.ObjectionID, at)
	case event.EffectExtended:
		say("The time to answer the objection %s was extended on %s, to %s.", side.ObjectionID, at, side.ExtendedUntil.Format(momentForm))
	case event.EffectAnswered:
		say("That the objection %s was answered is recorded on %s.", side.ObjectionID, at)
	default:
		say("That you were told of the record of the objection %s is recorded on %s.", side.ObjectionID, at)
	}
	if side.Reason != "" {
		say("Why: %s", side.Reason)
	}
	if side.Remedies != "" {
		say("What you can do: %s", side.Remedies)
	}
	if !side.RefusedFrom.IsZero() {
		say("Where objections are assessed it is not honoured any more from %s on.", side.RefusedFrom.Format(momentForm))
	}
	return strings.Join(lines, "\n")
}
