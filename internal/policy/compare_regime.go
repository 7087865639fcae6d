package policy

import (
	"fmt"
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// none is the position of a regime or a purpose that there is not.
const none = -1

// ruled is one of the two policies of a change, looked at place by place.
type ruled struct {
	policy   *vetov1.Policy
	book     *rulebook
	purposes []string
	names    [][]int                // by regime: its purposes, as positions
	stops    map[[2]int][]Suspended // by regime and purpose: what stops it somewhere
	regimes  []int                  // by purpose: the regime that rules the place which was looked at last, or none
}

// newRuled prepares a policy. counts are the purposes whose suspension stops a purpose: those whose objections count.
func newRuled(p *vetov1.Policy, counts func(string) []string, list []Suspended) *ruled {
	r := &ruled{policy: p, book: newRulebook(p), purposes: purposesOf(p), stops: map[[2]int][]Suspended{}}
	r.regimes = make([]int, len(r.purposes))
	for i, regime := range p.GetRegimes() {
		var positions []int
		for j, name := range r.purposes {
			if !slices.Contains(regime.GetPurposes(), name) {
				continue
			}
			positions = append(positions, j)
			for _, s := range list {
				all := len(s.Suspension.GetPurposes()) == 0
				named := func(one string) bool { return slices.Contains(s.Suspension.GetPurposes(), one) }
				if s.Suspension.GetRegime() == regime.GetName() && (all || slices.ContainsFunc(counts(name), named)) {
					r.stops[[2]int{i, j}] = append(r.stops[[2]int{i, j}], s)
				}
			}
		}
		r.names = append(r.names, positions)
	}
	return r
}

// look finds the regimes that rule a place, for all purposes at once.
func (r *ruled) look(place string, now time.Time) {
	for j := range r.regimes {
		r.regimes[j] = none
	}
	for _, h := range r.book.holds(place) {
		if !h.at(now) {
			continue
		}
		for _, j := range r.names[h.regime] {
			if r.regimes[j] == none {
				r.regimes[j] = h.regime
			}
		}
	}
}

// rules says whether any regime rules a purpose at the place.
func (r *ruled) rules(purpose int) bool { return purpose != none && r.regimes[purpose] != none }

// stopped says whether a purpose that is ruled is suspended at the place with these codes.
func (r *ruled) stopped(purpose int, codes []string) bool {
	stops := func(s Suspended) bool { return s.stopsAt(codes) }
	return slices.ContainsFunc(r.stops[[2]int{r.regimes[purpose], purpose}], stops)
}

// recordsOnly says whether objections have no effect for a purpose at the place. Where nothing is ruled everything is
// excluded, so that they have theirs (design of the decision: an unruled country honours).
func (r *ruled) recordsOnly(purpose int) bool {
	return r.rules(purpose) && r.policy.GetRegimes()[r.regimes[purpose]].GetObjections() == vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY
}

// thirdParties is what an objection of somebody else in an item does for a purpose that is ruled. The enum ascends from
// IGNORE to EXCLUDE, which is also what nothing said means.
func (r *ruled) thirdParties(purpose int) vetov1.ThirdParties {
	said := r.policy.GetRegimes()[r.regimes[purpose]].GetThirdParties()
	if said == vetov1.ThirdParties_THIRD_PARTIES_UNSPECIFIED {
		return vetov1.ThirdParties_THIRD_PARTIES_EXCLUDE
	}
	return said
}

// regimeDangers goes through every place of the world and finds where a suspension would lose its hold, and where
// objections would lose their effect. Each danger is named once, with a place as its example.
func (c *change) regimeDangers() []Danger {
	if len(c.facts.Suspensions) == 0 && !c.facts.AnyObjection {
		return nil
	}
	before, after := newRuled(c.previous, c.was, c.facts.Suspensions), newRuled(c.next, c.will, c.facts.Suspensions)
	successors, wants := c.successors(), c.wants()
	drops, silences, opens := regimeFinding{}, regimeFinding{}, regimeFinding{}
	for _, place := range slices.Concat(jurisdiction.Countries(), jurisdiction.Places()) { // a country is the better example
		before.look(place, c.facts.Now)
		after.look(place, c.facts.Now)
		for j := range before.purposes {
			if before.rules(j) && len(before.stops[[2]int{before.regimes[j], j}]) > 0 && c.losesStop(before, after, j, successors[j], place) {
				drops.note(before.regimes[j], 0, place)
			}
		}
		if !c.facts.AnyObjection {
			continue
		}
		for k := range after.purposes {
			honoured := func(j int) bool { return !before.recordsOnly(j) }
			if after.recordsOnly(k) && slices.ContainsFunc(wants[k], honoured) {
				silences.note(after.regimes[k], k, place)
			}
			if j := slices.Index(before.purposes, after.purposes[k]); j != none && before.rules(j) && after.rules(k) && after.thirdParties(k) < before.thirdParties(j) {
				opens.note(after.regimes[k], k, place)
			}
		}
	}
	return slices.Concat(
		drops.dangers(vetov1.Danger_DANGER_DROPS_REGIME, c.previous, func(int) string {
			return "is suspended, and the suspension would no longer stop anything there"
		}),
		silences.dangers(vetov1.Danger_DANGER_STOPS_HONOURING, c.next, func(purpose int) string {
			return "gives objections no effect for " + after.purposes[purpose] + ", where objections have effect today"
		}),
		opens.dangers(vetov1.Danger_DANGER_STOPS_HONOURING, c.next, func(purpose int) string {
			return "gives objections of other people in an item less effect for " + after.purposes[purpose] + " than today"
		}),
	)
}

// successors are, for each purpose of the active policy, the purposes of the new one for which its objections count,
// itself among them: what goes on under another name is what was suspended.
func (c *change) successors() [][]int {
	out := make([][]int, len(c.declared))
	for j, name := range c.declared {
		for k, one := range c.declares {
			if slices.Contains(c.will(one), name) {
				out[j] = append(out[j], k)
			}
		}
	}
	return out
}

// losesStop says whether a purpose of the active policy that is ruled and may be suspended at a place is so, and would
// go on there unstopped, under its own name or a successor's; or whether nothing would rule it, so that whoever opens
// the place again under another regime would not meet the suspension.
func (c *change) losesStop(before, after *ruled, purpose int, successors []int, place string) bool {
	codes := canonical(jurisdiction.Reach(place))
	if !before.stopped(purpose, codes) {
		return false
	}
	held := false
	for _, k := range successors {
		if !after.rules(k) {
			continue
		}
		if after.stopped(k, codes) {
			held = true
			continue
		}
		same := slices.Index(before.purposes, after.purposes[k])
		if went := before.rules(same) && !before.stopped(same, codes); !went {
			return true // it was stopped, or was not used there; what went on beside it goes on
		}
	}
	return !held
}

// wants are, for each purpose of the new policy, the purposes of the active one that must be ruled by RECORD_ONLY at a
// place already, if the new policy is to rule it so without taking an effect away; none stands for one that the active
// policy does not declare, whose objections are honoured. They are the purpose itself and those whose objections count
// for it. What counted for it before, and goes on as it was, under its own name or as a memory, is not asked again.
func (c *change) wants() [][]int {
	out := make([][]int, len(c.declares))
	for k, name := range c.declares {
		goesOn := slices.ContainsFunc(c.will(name), func(earlier string) bool { return slices.Contains(c.declared, earlier) })
		for _, earlier := range c.will(name) {
			j := slices.Index(c.declared, earlier)
			if j == none && goesOn && c.carried(name, earlier) {
				continue // a new name of what is declared, or an earlier name of it: that one tells how it was ruled
			}
			known := earlier != name && slices.Contains(c.declared, name) && slices.Contains(c.was(name), earlier)
			if dropped := j != none && !slices.Contains(c.declares, earlier); !known || dropped {
				out[k] = append(out[k], j)
			}
		}
	}
	return out
}

// carried says whether what the active policy does not declare tells nothing of its own: a name that was never declared,
// or an earlier one whose objections count today for a purpose that goes on in the new one. A name that comes back is
// neither: objections to it were honoured meanwhile.
func (c *change) carried(name, earlier string) bool {
	if earlier == name {
		return !slices.Contains(c.facts.Declared, name)
	}
	return slices.ContainsFunc(c.will(name), func(one string) bool {
		return slices.Contains(c.declared, one) && slices.Contains(c.was(one), earlier)
	})
}

// regimeFinding is a danger for regimes and purposes, with an example for each regime and purpose, in the order found.
type regimeFinding struct {
	order    [][2]int
	examples map[[2]int]string
}

func (f *regimeFinding) note(regime, purpose int, place string) {
	key := [2]int{regime, purpose}
	if _, ok := f.examples[key]; ok {
		return
	}
	if f.examples == nil {
		f.examples = map[[2]int]string{}
	}
	f.examples[key] = place
	f.order = append(f.order, key)
}

// dangers words what was found; words get the position of the purpose.
func (f *regimeFinding) dangers(kind vetov1.Danger, p *vetov1.Policy, words func(purpose int) string) []Danger {
	var out []Danger
	for _, key := range f.order {
		text := fmt.Sprintf("%s %s, e.g. in %s", p.GetRegimes()[key[0]].GetName(), words(key[1]), f.examples[key])
		out = append(out, Danger{kind, fmt.Sprintf("regimes[%d]", key[0]), text})
	}
	return out
}
