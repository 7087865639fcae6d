package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

var (
	// ErrPurposesExhausted says that the register has given out its 32 names: a bit is never used again. Declare a
	// purpose that exists, or begin another register.
	ErrPurposesExhausted = errors.New("declare purposes: the register has declared 32 in its life and takes no more")
	// ErrUnknownRegime says that the policy has no regime of that name.
	ErrUnknownRegime = errors.New("find regime: the policy has none of that name")
)

// Facts are what the register knows that a change of policy can endanger.
type Facts struct {
	// Declared are the purposes that any policy ever declared.
	Declared []string
	// Objected are those of them that standing objections name. Objections to every purpose are not among them: they
	// count for new ones by themselves.
	Objected []string
	// AnyObjection says whether any objection stands, named or to every purpose.
	AnyObjection bool
	// Suspensions are those that stand.
	Suspensions []*vetov1.Suspension
	// Now is the time of the change.
	Now time.Time
}

// Danger is a way in which a change weakens protection, and must be acknowledged by its kind.
type Danger struct {
	// Kind is what the caller acknowledges.
	Kind vetov1.Danger
	// Path is where it lies: in the new policy (purposes[0]), or, of what it drops, the old one's.
	Path string
	// Words say what would happen, with an example.
	Words string
}

// Compare says what a new policy would take away from people under the one that is active; previous is nil where none
// is. Both have passed Validate. Dangers may be acknowledged; an error may not: an [*Error] where a purpose does not
// say how it stands to an earlier one that people objected to, ErrPurposesExhausted.
func Compare(previous, next *vetov1.Policy, f Facts) ([]Danger, error) {
	ever := slices.Clone(f.Declared)
	for _, name := range purposesOf(next) {
		if !slices.Contains(ever, name) {
			ever = append(ever, name)
		}
	}
	if len(ever) > standings.Bits {
		return nil, ErrPurposesExhausted
	}
	var c faults
	c.relations(next, f, ever)
	if err := c.err(); err != nil {
		return nil, err
	}
	var out []Danger
	out = append(out, dropsPurpose(previous, next, f)...)
	out = append(out, dropsRegime(previous, next, f)...)
	out = append(out, periodDangers(previous, next, f)...)
	return out, nil
}

// relations wants each new purpose to say how it stands to each earlier one that people objected to.
func (c *faults) relations(next *vetov1.Policy, f Facts, ever []string) {
	taken := heirs(next.GetPurposes())
	for i, p := range next.GetPurposes() {
		path := fmt.Sprintf("purposes[%d]", i)
		said := taken(p.GetName())
		for j, r := range p.GetRelations() {
			said = append(said, r.GetPurpose())
			if !slices.Contains(ever, r.GetPurpose()) {
				c.add(fmt.Sprintf("%s.relations[%d].purpose", path, j), "no purpose of this name was ever declared; correct the name, or remove the relation")
			}
		}
		if slices.Contains(f.Declared, p.GetName()) {
			continue
		}
		for _, earlier := range f.Objected {
			if !slices.Contains(said, earlier) {
				c.add(path+".relations", "a new purpose, and people objected to %s: say whether it REPLACES that one, INHERITS its objections, or is UNRELATED with a ground", earlier)
			}
		}
	}
}

// dropsPurpose finds objections that would count for no purpose any more, or no longer for one for which they do.
func dropsPurpose(previous, next *vetov1.Policy, f Facts) []Danger {
	var out []Danger
	was, will := heirs(previous.GetPurposes()), heirs(next.GetPurposes())
	declared := purposesOf(next)
	counted := []string{}
	for _, name := range declared {
		counted = append(counted, will(name)...)
	}
	for i, p := range previous.GetPurposes() {
		path, name := fmt.Sprintf("purposes[%d]", i), p.GetName()
		if !slices.Contains(declared, name) {
			if slices.Contains(f.Objected, name) && !slices.Contains(counted, name) {
				out = append(out, Danger{vetov1.Danger_DANGER_DROPS_PURPOSE, path,
					fmt.Sprintf("%s is dropped, people objected to it, and no other purpose replaces it or inherits its objections", name)})
			}
			continue
		}
		for _, earlier := range was(name) {
			if slices.Contains(f.Objected, earlier) && !slices.Contains(will(name), earlier) {
				out = append(out, Danger{vetov1.Danger_DANGER_DROPS_PURPOSE, path,
					fmt.Sprintf("objections to %s would no longer count for %s", earlier, name)})
			}
		}
	}
	return out
}

// dropsRegime finds places where a suspension, or an honoured objection, would lose its hold.
func dropsRegime(previous, next *vetov1.Policy, f Facts) []Danger {
	before, after := newRulebook(previous), newRulebook(next)
	names := map[string]bool{}
	for _, r := range next.GetRegimes() {
		names[r.GetName()] = true
	}
	var out []Danger
	seen := map[string]bool{}
	add := func(regime int, words, place string) {
		key := fmt.Sprint(regime, words)
		if !seen[key] {
			seen[key] = true
			r := previous.GetRegimes()[regime]
			out = append(out, Danger{vetov1.Danger_DANGER_DROPS_REGIME, fmt.Sprintf("regimes[%d]", regime), fmt.Sprintf("%s %s, e.g. in %s", r.GetName(), words, place)})
		}
	}
	stops := suspended(f.Suspensions, previous, next)
	for _, place := range slices.SortedFunc(slices.Values(jurisdiction.Places()), byLength) {
		for _, purpose := range purposesOf(previous) {
			old, ok := before.ruler(place, purpose, f.Now)
			if !ok {
				continue
			}
			now, ruled := after.ruler(place, purpose, f.Now)
			i := slices.Index(previous.GetRegimes(), old)
			if stops(old.GetName(), place, purpose) && ((!ruled && !names[old.GetName()]) || (ruled && !stops(now.GetName(), place, purpose))) {
				add(i, "is suspended, and the suspension would no longer stop anything there", place)
			}
			if f.AnyObjection && honours(old) && ((!ruled && !names[old.GetName()]) || (ruled && !honours(now))) {
				add(i, "honours objections, and no regime would do so there", place)
			}
		}
	}
	return out
}

func honours(r *vetov1.Regime) bool {
	return r.GetObjections() != vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY
}

// suspended answers whether a suspension stops a regime at a place for a purpose. A group means what either policy
// says: for the purpose of a warning the wider reading is the right one.
func suspended(list []*vetov1.Suspension, previous, next *vetov1.Policy) func(regime, place, purpose string) bool {
	codes := make([][]string, len(list))
	for i, s := range list {
		for _, p := range []*vetov1.Policy{previous, next} {
			found := declaredGroups(p).codes(s)
			codes[i] = append(codes[i], found...)
		}
	}
	return func(regime, place, purpose string) bool {
		for i, s := range list {
			if s.GetRegime() != regime || (len(s.GetPurposes()) > 0 && !slices.Contains(s.GetPurposes(), purpose)) {
				continue
			}
			if len(codes[i]) == 0 || slices.ContainsFunc(canonical(jurisdiction.Chain(place)), func(c string) bool { return slices.Contains(codes[i], c) }) {
				return true
			}
		}
		return false
	}
}

// periodDangers finds a notice that is too short, and a deadline that is moved into the past. What stood so before is not reported again.
func periodDangers(previous, next *vetov1.Policy, f Facts) []Danger {
	var out []Danger
	for i, r := range next.GetRegimes() {
		old := periodsOf(previous, r.GetName())
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
				old[k].GetObjectionDeadline().AsTime().After(f.Now) && !p.GetObjectionDeadline().AsTime().After(f.Now) {
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
