package policy

import (
	"fmt"
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// Suspended is a suspension that stands, with the places that it stopped when it was made.
type Suspended struct {
	// Suspension is what was said: regime, jurisdictions, purposes.
	Suspension *vetov1.Suspension
	// Places are the canonical codes that its jurisdictions came to, from [PlacesOf]. A group is not read again: another
	// policy may give its name to other countries, or drop it. Empty: all of the regime's, even where jurisdictions are
	// named.
	Places []string
}

// stopsAt says whether the suspension reaches a place with these codes.
func (s Suspended) stopsAt(codes []string) bool {
	return len(s.Places) == 0 || slices.ContainsFunc(codes, func(code string) bool { return slices.Contains(s.Places, code) })
}

// Suspensions compiles what is suspended. A purpose that the register does not know stops every purpose: what cannot be
// resolved stops more, never less. A purpose that is stopped stops those that took it over, too; the gate sees to that.
func Suspensions(list []Suspended, bits Bits) *gate.Suspensions {
	out := make([]gate.Suspension, 0, len(list))
	for _, s := range list {
		one := gate.Suspension{Regime: s.Suspension.GetRegime(), Jurisdictions: s.Places}
		for _, name := range s.Suspension.GetPurposes() {
			bit, ok := bits(name)
			if !ok || bit >= standings.Bits {
				one.Purposes = standings.AllPurposes
				break
			}
			one.Purposes |= standings.Purpose(bit)
		}
		if len(s.Suspension.GetPurposes()) == 0 {
			one.Purposes = standings.AllPurposes
		}
		out = append(out, one)
	}
	return gate.NewSuspensions(out)
}

// PlacesOf resolves the jurisdictions of a suspension that is made at now under a policy: canonical codes, sorted, each
// once. Of a group they are the members that are in it or join later; who has left it by then is none. Empty, which
// [Suspended] reads as all of the regime's, where there are no jurisdictions, and where one is no place and no group of
// p: [CheckSuspension] reports that one, and what cannot be resolved stops more, never less.
func PlacesOf(p *vetov1.Policy, jurisdictions []string, now time.Time) []string {
	groups := declaredGroups(p)
	var out []string
	for _, text := range jurisdictions {
		codes := groups.codes(text, now)
		if len(codes) == 0 {
			return nil
		}
		out = append(out, codes...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// codes are the canonical codes that a jurisdiction comes to at now, or will later. None: it is no place and no group.
func (g groups) codes(text string, now time.Time) []string {
	if code, ok := jurisdiction.Canonical(text); ok {
		return []string{code}
	}
	var out []string
	g.walk([]string{text}, func(_ string, m jurisdiction.Member) {
		if m.Until.IsZero() || now.Before(m.Until) {
			out = append(out, m.Code)
		}
	})
	return out
}

// CheckSuspension says what is wrong with a request to suspend or resume a part of a regime: a jurisdiction that is
// none or that the regime does not rule, a purpose that it does not name. Paths are those of SuspendRegimeRequest;
// groups are read at now. The error is an [*Error]; ErrUnknownRegime where the policy has no such regime.
func CheckSuspension(p *vetov1.Policy, regime string, jurisdictions, purposes []string, now time.Time) error {
	i := slices.IndexFunc(p.GetRegimes(), func(r *vetov1.Regime) bool { return r.GetName() == regime })
	if i < 0 {
		return ErrUnknownRegime
	}
	var f faults
	groups := declaredGroups(p)
	ruled := newRulebook(p).ruledBy(i, now)
	for j, text := range jurisdictions {
		path := fmt.Sprintf("jurisdictions[%d]", j)
		codes := groups.codes(text, now)
		switch {
		case text == everywhere:
			f.add(path, "* stands for every place; name none to stop all of the regime")
		case len(codes) == 0:
			f.place(path, text, nil)
		case !slices.ContainsFunc(codes, func(c string) bool { return ruled[c] }):
			f.add(path, "not ruled by this regime; name a part of what it rules, or none for all of it")
		}
	}
	for j, name := range purposes {
		if !slices.Contains(p.GetRegimes()[i].GetPurposes(), name) {
			f.add(fmt.Sprintf("purposes[%d]", j), "not a purpose of this regime; name one of its purposes, or none for all")
		}
	}
	return f.err()
}

// ruledBy are the canonical codes of which the regime rules the place itself or a part of it now, for some purpose, and no
// nearer regime does: what stops there stops something.
func (b *rulebook) ruledBy(regime int, now time.Time) map[string]bool {
	out := map[string]bool{}
	rules := b.policy.GetRegimes()[regime]
	for _, place := range jurisdiction.Places() {
		if slices.ContainsFunc(rules.GetPurposes(), func(purpose string) bool {
			ruler, ok := b.ruler(place, purpose, now)
			return ok && ruler == rules
		}) {
			for _, code := range canonical(jurisdiction.Chain(place)) {
				out[code] = true
			}
		}
	}
	return out
}
