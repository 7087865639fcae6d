package policy

import (
	"math"
	"slices"
	"strings"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// rank is how near a regime's jurisdiction is to a place: the nearer beats the further.
type rank int

const (
	bySubdivision rank = iota
	byCountry
	byGroup
	byEverywhere
)

// hold is one regime's hold on a place.
type hold struct {
	regime      int
	rank        rank
	code        string // the canonical code that the regime names; empty with a group and with `*`
	via         string // what stands in the regime's jurisdictions
	from, until time.Time
}

// at says whether the hold is in force.
func (h hold) at(now time.Time) bool {
	return !now.Before(h.from) && (h.until.IsZero() || now.Before(h.until))
}

// rulebook answers which regimes hold a place.
type rulebook struct {
	policy     *vetov1.Policy
	named      map[string][]hold // a canonical code → the regimes that name it
	grouped    map[string][]hold // a canonical code → the regimes that name a group with it
	everywhere []hold
}

// newRulebook resolves jurisdictions. What is no place and no group is left out: the faults have it.
func newRulebook(p *vetov1.Policy) *rulebook {
	b, _ := newRulebookWithin(p, math.MaxInt)
	return b
}

// newRulebookWithin is newRulebook for a policy that nobody judged yet: it looks no further once it saw more entries
// of groups than most, a group counting once for each regime that names it. beyond is that regime; -1: there is none.
func newRulebookWithin(p *vetov1.Policy, most int) (b *rulebook, beyond int) {
	b = &rulebook{policy: p, named: map[string][]hold{}, grouped: map[string][]hold{}}
	groups := declaredGroups(p)
	for i, r := range p.GetRegimes() {
		var names []string
		for _, text := range r.GetJurisdictions() {
			code, ok := jurisdiction.Canonical(text)
			switch {
			case text == everywhere:
				b.everywhere = append(b.everywhere, hold{regime: i, rank: byEverywhere, via: text})
			case ok && strings.Contains(code, "-"):
				b.named[code] = append(b.named[code], hold{regime: i, rank: bySubdivision, code: code, via: text})
			case ok:
				b.named[code] = append(b.named[code], hold{regime: i, rank: byCountry, code: code, via: text})
			default:
				names = append(names, text)
			}
		}
		most -= groups.walk(names, func(via string, m jurisdiction.Member) {
			b.group(hold{regime: i, rank: byGroup, via: via, from: m.From, until: m.Until}, m.Code)
		})
		if most < 0 {
			return b, i
		}
	}
	return b, -1
}

// group adds a hold by a group, unless the same regime has the same one already through another: a country may be in
// many groups of one regime.
func (b *rulebook) group(h hold, code string) {
	list := b.grouped[code]
	for i := len(list) - 1; i >= 0 && list[i].regime == h.regime; i-- {
		if list[i].from.Equal(h.from) && list[i].until.Equal(h.until) {
			return
		}
	}
	b.grouped[code] = append(list, h)
}

// holds lists the regimes that hold a place, in the order of precedence. Within a rank the nearer code comes first,
// then the order of the document, which matters only where two regimes met before either could include anything (see
// overlaps). What is no place is held by none, `*` included.
func (b *rulebook) holds(place string) []hold {
	var subdivisions, countries []hold
	chain := jurisdiction.Chain(place)
	if len(chain) == 0 {
		return nil
	}
	for _, code := range canonical(chain) {
		for _, h := range b.named[code] {
			if h.rank == bySubdivision {
				subdivisions = append(subdivisions, h)
			} else {
				countries = append(countries, h)
			}
		}
	}
	return slices.Concat(subdivisions, countries, b.groupsAt(place), b.everywhere)
}

// groupsAt lists the regimes that hold a place through a group, in the order of the document.
func (b *rulebook) groupsAt(place string) []hold {
	var groups []hold
	for _, code := range canonical(jurisdiction.Own(place)) {
		groups = append(groups, b.grouped[code]...)
	}
	slices.SortStableFunc(groups, func(x, y hold) int { return x.regime - y.regime })
	return groups
}

// canonical are a chain's codes as rules are kept under them, each once, where it stands first.
func canonical(chain []string) []string {
	var out []string
	for _, code := range chain {
		if c, _ := jurisdiction.Canonical(code); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// ruler is the regime that rules a place for a purpose at an instant. False: none does.
func (b *rulebook) ruler(place, purpose string, now time.Time) (*vetov1.Regime, bool) {
	for _, h := range b.holds(place) {
		if r := b.policy.GetRegimes()[h.regime]; h.at(now) && slices.Contains(r.GetPurposes(), purpose) {
			return r, true
		}
	}
	return nil, false
}

// groups are the declared ones: a name → its members.
type groups map[string][]string

func declaredGroups(p *vetov1.Policy) groups {
	g := groups{}
	for _, one := range p.GetGroups() {
		if _, ok := g[one.GetName()]; !ok {
			g[one.GetName()] = one.GetMembers()
		}
	}
	return g
}

// walk hands out who is in any of the groups, and when, under canonical codes; via is the name that led there. Each
// group is opened once, so that neither a circle nor groups that hold each other many times over cost more than they
// are long. It answers with how many entries it looked at.
func (g groups) walk(names []string, member func(via string, m jurisdiction.Member)) (looked int) {
	seen := map[string]bool{}
	var open func(via, name string)
	open = func(via, name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, m := range jurisdiction.Members(name) {
			looked++
			member(via, m)
		}
		for _, m := range g[name] {
			looked++
			if code, ok := jurisdiction.Canonical(m); ok {
				member(via, jurisdiction.Member{Code: code})
			} else {
				open(via, m)
			}
		}
	}
	for _, name := range names {
		open(name, name)
	}
	return looked
}
