package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// maxEntries bounds the members of groups that are looked at, each as often as a regime names its group. A policy that
// gives each of its 32 purposes rules of its own for a group of all countries comes to an eighth of it.
const maxEntries = 1 << 16

// overlaps refuses two regimes of the same rank for one place and purpose. Each pair is reported once, with an example.
//
// It is enough to look at the codes that are named: what rules a place that is not named, it rules through one that is.
func (c *faults) overlaps(p *vetov1.Policy) {
	b, beyond := newRulebookWithin(p, maxEntries)
	if beyond >= 0 {
		c.add(fmt.Sprintf("regimes[%d].jurisdictions", beyond),
			"with this regime the groups come to more than %d members, counted for each regime that names them; name larger groups, or * for the rest", maxEntries)
		return
	}
	codes := slices.SortedFunc(maps.Keys(b.named), byLength)
	codes = slices.AppendSeq(codes, maps.Keys(b.grouped))
	slices.SortFunc(codes, byLength)
	pairs := newPairs(p.GetRegimes())
	for _, code := range slices.Compact(codes) {
		c.overlapsAt(b, pairs, b.named[code], code)
		if len(b.grouped[code]) > 0 { // else what groups hold it, they hold through a code of its own
			c.overlapsAt(b, pairs, b.groupsAt(code), code)
		}
	}
	c.overlapsAt(b, pairs, b.everywhere, "")
}

// byLength puts countries before subdivisions, so that the example of an overlap is a country where one is.
func byLength(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// overlapsAt reports the pairs that overlap among the holds of one rank on one place, which are in the order of regimes.
func (c *faults) overlapsAt(b *rulebook, pairs *pairs, holds []hold, code string) {
	here := pairs.none()
	for _, h := range holds {
		here.add(h.regime)
	}
	for i, x := range holds {
		if c.full() {
			return
		}
		rest := holds[i+1:]
		for regime := range pairs.open[x.regime].and(here) {
			from, _ := slices.BinarySearchFunc(rest, regime, func(h hold, regime int) int { return h.regime - regime })
			for _, y := range rest[from:] {
				if y.regime != regime {
					break
				}
				if pairs.meet(x, y) {
					pairs.close(x.regime, regime)
					c.overlap(b.policy, x, y, code)
					break
				}
			}
		}
	}
}

// overlap reports two regimes that rule the same, at what the later one says.
func (c *faults) overlap(p *vetov1.Policy, x, y hold, code string) {
	first, second := p.GetRegimes()[x.regime], p.GetRegimes()[y.regime]
	purpose := first.GetPurposes()[slices.IndexFunc(first.GetPurposes(), func(name string) bool { return slices.Contains(second.GetPurposes(), name) })]
	path := fmt.Sprintf("regimes[%d].jurisdictions[%d]", y.regime, slices.Index(second.GetJurisdictions(), y.via))
	example := "every place that nothing else rules"
	if code != "" {
		example = code
		if name := jurisdiction.Name(code); name != "" {
			example += " (" + name + ")"
		}
	}
	rank := [...]string{bySubdivision: "a subdivision", byCountry: "a country", byGroup: "a group", byEverywhere: "*"}[x.rank]
	c.add(path, "regimes[%d] (%s) and regimes[%d] (%s) both rule %s for %s, each through %s; let one of them name it more nearly, or no longer",
		x.regime, first.GetName(), y.regime, second.GetName(), example, purpose, rank)
}
