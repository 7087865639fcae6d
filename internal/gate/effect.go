package gate

import (
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// Effect says what a standing means for content that its subject makes at now: the reason that excludes it whatever the
// item is, or ELIGIBLE, and the name of the regime that rules the country, empty where none does. A nil standing says
// nothing. It runs those checks of Decide that look at no more than the person, in the same order.
func (v *View) Effect(s *standings.Standing, p PurposeRef, country string, now time.Time) (vetov1.Reason, string) {
	item := Item{Country: country, CreatedAt: now}
	t := v.trial(&item, p, now, Options{}, nil)
	t.author, t.looked = s, true
	reason := pass
	for _, c := range [...]check{
		checkPolicy, checkRegime, checkProhibition, checkSuspension, checkPeriod,
		checkAuthorErasure, checkAuthorObjection, checkConsent, checkEligible,
	} {
		if reason = t.try(c); decides(reason) {
			break
		}
	}
	var d Decision
	t.decision(reason, &d)
	return d.Reason, d.Regime
}
