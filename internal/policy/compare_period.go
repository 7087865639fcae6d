package policy

import (
	"fmt"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// periodDangers finds a notice that is too short, and a deadline that is moved into the past. What stood so before is not reported again.
func (c *change) periodDangers() []Danger {
	var out []Danger
	for i, r := range c.next.GetRegimes() {
		old := periodsOf(c.previous, r.GetName())
		for j, p := range r.GetPeriods() {
			path := fmt.Sprintf("regimes[%d].periods[%d]", i, j)
			same := func(q *vetov1.Period) bool { return q.GetStart().AsTime().Equal(p.GetStart().AsTime()) }
			k := slices.IndexFunc(old, same)
			notice := p.GetStart().AsTime().Sub(p.GetNoticeGivenAt().AsTime())
			known := k >= 0 && old[k].GetNoticeGivenAt().AsTime().Equal(p.GetNoticeGivenAt().AsTime())
			if r.GetMinimumNotice() != nil && !known && notice < r.GetMinimumNotice().AsDuration() {
				out = append(out, Danger{vetov1.Danger_DANGER_SHORT_NOTICE, path,
					fmt.Sprintf("%s starts %s after its notice, and its minimum_notice is %s", r.GetName(), notice, r.GetMinimumNotice().AsDuration())})
			}
			if k >= 0 && old[k].GetObjectionDeadline() != nil && p.GetObjectionDeadline() != nil &&
				old[k].GetObjectionDeadline().AsTime().After(c.facts.Now) && !p.GetObjectionDeadline().AsTime().After(c.facts.Now) {
				out = append(out, Danger{vetov1.Danger_DANGER_DEADLINE_IN_PAST, path + ".objection_deadline",
					fmt.Sprintf("the objection deadline of %s is still to come, and would be over", r.GetName())})
			}
		}
	}
	return out
}

func periodsOf(p *vetov1.Policy, regime string) []*vetov1.Period {
	for _, r := range p.GetRegimes() {
		if r.GetName() == regime {
			return r.GetPeriods()
		}
	}
	return nil
}
