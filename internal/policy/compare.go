package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
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
	// Taken is what purposes took over in all earlier policies, from [TakenOver].
	Taken map[string][]string
	// AnyObjection says whether any objection stands, named or to every purpose.
	AnyObjection bool
	// Suspensions are those that stand.
	Suspensions []Suspended
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
// say how it stands to an earlier one that people objected to, or denies what it took over; ErrPurposesExhausted.
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
	c := newChange(previous, next, f)
	var found faults
	for i, p := range next.GetPurposes() {
		found.relations(c, p, fmt.Sprintf("purposes[%d]", i), ever)
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	return slices.Concat(c.dropsPurpose(), c.regimeDangers(), c.periodDangers()), nil
}

// change is a new policy beside the one that is active.
type change struct {
	previous, next *vetov1.Policy
	facts          Facts
	was, will      func(purpose string) []string // whose objections count for it, see heirs
	declared       []string                      // the purposes of previous
	declares       []string                      // the purposes of next
}

func newChange(previous, next *vetov1.Policy, f Facts) *change {
	taken := TakenOver(previous, f.Taken)
	return &change{
		previous: previous, next: next, facts: f,
		was: heirs(nil, taken), will: heirs(next.GetPurposes(), taken),
		declared: purposesOf(previous), declares: purposesOf(next),
	}
}

// relations wants each new purpose to say how it stands to each earlier one that people objected to. New is what the
// active policy does not declare: a name that comes back after a while has to say it, too. What it took over once, it
// need not repeat, and cannot deny.
func (c *faults) relations(change *change, p *vetov1.Purpose, path string, ever []string) {
	counts := change.will(p.GetName())
	said := slices.Clone(counts)
	for j, r := range p.GetRelations() {
		said = append(said, r.GetPurpose())
		inner := fmt.Sprintf("%s.relations[%d]", path, j)
		if !slices.Contains(ever, r.GetPurpose()) {
			c.add(inner+".purpose", "no purpose of this name was ever declared; correct the name, or remove the relation")
		}
		if r.GetKind() == vetov1.PurposeRelationKind_PURPOSE_RELATION_KIND_UNRELATED && slices.Contains(counts, r.GetPurpose()) {
			c.add(inner+".kind", "said to be UNRELATED, and an earlier version took its objections over, directly or through another purpose; that stands for ever, so say INHERITS, or remove the relation")
		}
	}
	if slices.Contains(change.declared, p.GetName()) {
		return
	}
	for _, earlier := range change.concerned() {
		if !slices.Contains(said, earlier) {
			c.add(path+".relations", "a new purpose, and people objected to %s, or it is suspended: say whether it REPLACES that one, INHERITS its objections, or is UNRELATED with a ground", earlier)
		}
	}
}

// concerned are the purposes of which a new one must say how it stands to them: those that people objected to, and those
// that are suspended somewhere, so that neither is left behind by a new name.
func (c *change) concerned() []string {
	list := slices.Clone(c.facts.Objected)
	for _, s := range c.facts.Suspensions {
		names := s.Suspension.GetPurposes()
		for _, r := range c.previous.GetRegimes() {
			if len(names) == 0 && r.GetName() == s.Suspension.GetRegime() {
				names = r.GetPurposes()
			}
		}
		for _, name := range names {
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

// dropsPurpose finds objections that counted for a purpose, and would count for none any more. A purpose that stays
// loses none: what it took over stands for ever.
func (c *change) dropsPurpose() []Danger {
	var counted []string
	for _, name := range c.declares {
		counted = append(counted, c.will(name)...)
	}
	var out []Danger
	for i, p := range c.previous.GetPurposes() {
		name := p.GetName()
		if slices.Contains(c.declares, name) {
			continue
		}
		for _, earlier := range c.was(name) {
			if !slices.Contains(c.facts.Objected, earlier) || slices.Contains(counted, earlier) {
				continue
			}
			words := fmt.Sprintf("%s is dropped, people objected to it, and no other purpose replaces it or inherits its objections", name)
			if earlier != name {
				words = fmt.Sprintf("%s is dropped, objections to %s count for it, and they would count for no other purpose", name, earlier)
			}
			out = append(out, Danger{vetov1.Danger_DANGER_DROPS_PURPOSE, fmt.Sprintf("purposes[%d]", i), words})
		}
	}
	return out
}
