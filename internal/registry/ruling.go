package registry

import (
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/policy"
)

// Deadline is the objection deadline that the country's regime has, and whether the objection was in time, by the
// earlier of sent and received. Of several purposes' deadlines the earliest counts.
func (v *View) Deadline(side event.Side) (at time.Time, before bool) {
	if side.Country == "" || v.Policy == nil {
		return time.Time{}, false
	}
	came := side.RecordedAt
	for _, t := range []time.Time{side.SentAt, side.ReceivedAt} {
		if !t.IsZero() && t.Before(came) {
			came = t
		}
	}
	for _, purpose := range v.affected(side.Purposes) {
		regime, ok := v.ruling(side.Country, purpose, came)
		if !ok {
			continue
		}
		if d, ok := policy.DeadlineOf(regime, came); ok && (at.IsZero() || d.Before(at)) {
			at = d
		}
	}
	return at, !at.IsZero() && came.Before(at)
}

// WithoutEffect are, of the declared purposes that the filing counts for, those for which its country's regime gives
// objections no effect, and whether they are all. Where no regime rules, or the country is unknown, it is honoured.
func (v *View) WithoutEffect(side event.Side, now time.Time) (none event.Purposes, all bool) {
	if side.Country == "" {
		return event.Purposes{}, false
	}
	var names []string
	honoured := false
	for _, name := range v.affected(side.Purposes) {
		regime, ok := v.ruling(side.Country, name, now)
		if ok && regime.GetObjections() == vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY {
			names = append(names, name)
		} else {
			honoured = true
		}
	}
	if len(names) == 0 {
		return event.Purposes{}, false
	}
	return event.PurposesOf(names...), !honoured
}

// Assessing are, of the declared purposes that a filing counts for, those for which its country's regime assesses objections; those and the earlier names that
// they took over; and the longest refusal delay that any regime has for one of them, since content of the person may be ruled by each.
func (v *View) Assessing(side event.Side, now time.Time) (declared, counted event.Purposes, delay time.Duration) {
	if side.Country == "" {
		return event.Purposes{}, event.Purposes{}, 0
	}
	var names, earlier []string
	for _, name := range v.affected(side.Purposes) {
		if !side.Assess.IsZero() && !side.Assess.Has(name) && !slices.ContainsFunc(v.taken[name], side.Assess.Has) {
			continue // it was honoured when it was filed
		}
		regime, ok := v.ruling(side.Country, name, now)
		if ok && regime.GetObjections() == vetov1.ObjectionTreatment_OBJECTION_TREATMENT_ASSESS {
			names, earlier = append(names, name), append(earlier, v.taken[name]...)
			delay = max(delay, v.longestDelay(name))
		}
	}
	if len(names) == 0 {
		return event.Purposes{}, event.Purposes{}, 0
	}
	return event.PurposesOf(names...), event.PurposesOf(append(names, earlier...)...), delay
}

// longestDelay is the longest refusal delay of the regimes that assess objections for a purpose.
func (v *View) longestDelay(purpose string) (delay time.Duration) {
	for _, regime := range v.Policy.GetRegimes() {
		if regime.GetObjections() == vetov1.ObjectionTreatment_OBJECTION_TREATMENT_ASSESS && slices.Contains(regime.GetPurposes(), purpose) {
			delay = max(delay, regime.GetRefusalDelay().AsDuration())
		}
	}
	return delay
}
