package policy

import (
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Deadline is the objection deadline that stands at an instant for people in a country: that of the ruling regime's
// period which is current or comes next; when all are over, the last one's. False where no regime rules the country
// for the purpose, or the period has no deadline.
//
// It words the notice and the receipt, and changes no decision: a later objection is honoured all the same.
func Deadline(p *vetov1.Policy, country, purpose string, at time.Time) (time.Time, bool) {
	r, ok := newRulebook(p).ruler(country, purpose, at)
	if !ok {
		return time.Time{}, false
	}
	return DeadlineOf(r, at)
}

// DeadlineOf is Deadline for a regime that is known to rule.
func DeadlineOf(r *vetov1.Regime, at time.Time) (time.Time, bool) {
	if len(r.GetPeriods()) == 0 {
		return time.Time{}, false
	}
	period := r.GetPeriods()[len(r.GetPeriods())-1]
	for _, one := range r.GetPeriods() {
		if one.GetEnd() == nil || at.Before(one.GetEnd().AsTime()) {
			period = one
			break
		}
	}
	if period.GetObjectionDeadline() == nil {
		return time.Time{}, false
	}
	return period.GetObjectionDeadline().AsTime(), true
}

// Ruler names the regime that rules a place for a purpose at an instant, whatever its periods and suspensions. False: none does.
func Ruler(p *vetov1.Policy, place, purpose string, at time.Time) (string, bool) {
	r, ok := newRulebook(p).ruler(place, purpose, at)
	return r.GetName(), ok
}

// Line is where a document has what a path names, e.g. `regimes[0].minimum_age`, from 1; 0: it does not say that.
func Line(document []byte, path string) int {
	r, _, err := read(document)
	if err != nil {
		return 0
	}
	return r.at[path].line
}
