package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// overlaps refuses two regimes of the same rank for one place and purpose. Each pair is reported once, with an example.
//
// It is enough to look at the codes that are named: what rules a place that is not named, it rules through one that is.
func (c *faults) overlaps(p *vetov1.Policy) {
	b := newRulebook(p)
	codes := slices.SortedFunc(maps.Keys(b.named), byLength)
	codes = slices.AppendSeq(codes, maps.Keys(b.grouped))
	slices.SortFunc(codes, byLength)
	reported := map[[2]int]bool{}
	for _, code := range slices.Compact(codes) {
		c.overlapsAt(b, b.holds(code), code, reported)
	}
	c.overlapsAt(b, b.everywhere, "", reported)
}

// byLength puts countries before subdivisions, so that the example of an overlap is a country where one is.
func byLength(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// overlapsAt reports the pairs that overlap in one place.
func (c *faults) overlapsAt(b *rulebook, holds []hold, code string, reported map[[2]int]bool) {
	for i, x := range holds {
		for _, y := range holds[i+1:] {
			if y.rank != x.rank {
				break // they are sorted by rank
			}
			pair := [2]int{min(x.regime, y.regime), max(x.regime, y.regime)}
			if x.regime == y.regime || x.code != y.code || reported[pair] || c.full() {
				continue
			}
			purpose, ok := b.meet(x, y)
			if !ok {
				continue
			}
			reported[pair] = true
			c.overlap(b.policy, x, y, code, purpose)
		}
	}
}

// meet says whether two holds of one rank are in force at one time for one purpose, and which.
//
// A meeting that was over before either regime could have included anything is none: the United Kingdom was in the EU
// until 2020, and a policy of today may name the EU in one regime, and in another a group with the United Kingdom.
func (b *rulebook) meet(x, y hold) (string, bool) {
	one, two := b.policy.GetRegimes()[x.regime], b.policy.GetRegimes()[y.regime]
	until := x.until
	if until.IsZero() || (!y.until.IsZero() && y.until.Before(until)) {
		until = y.until
	}
	from := latest(x.from, y.from, firstStart(one, two))
	if !until.IsZero() && !from.Before(until) {
		return "", false
	}
	for _, purpose := range one.GetPurposes() {
		if slices.Contains(two.GetPurposes(), purpose) {
			return purpose, true
		}
	}
	return "", false
}

// firstStart is the first instant at which one of the regimes could include anything; zero where neither ever can.
func firstStart(regimes ...*vetov1.Regime) time.Time {
	var first time.Time
	for _, r := range regimes {
		for _, p := range r.GetPeriods() {
			if start := p.GetStart().AsTime(); p.GetStart() != nil && (first.IsZero() || start.Before(first)) {
				first = start
			}
		}
	}
	return first
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// overlap reports two regimes that rule the same, at what the later one says.
func (c *faults) overlap(p *vetov1.Policy, x, y hold, code, purpose string) {
	if x.regime > y.regime {
		x, y = y, x
	}
	first, second := p.GetRegimes()[x.regime], p.GetRegimes()[y.regime]
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
