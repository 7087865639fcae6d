package policy

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// Suspensions compiles what is suspended. A group is resolved into its members: for the built-in ones all who are
// still in it when the suspension is made or join later. p is the policy that declares the other groups.
//
// What cannot be resolved stops more, never less: a purpose that the register does not know stops every purpose, and a
// jurisdiction that is neither a place nor a group stops the whole regime.
func Suspensions(list []*vetov1.Suspension, p *vetov1.Policy, bits Bits) *gate.Suspensions {
	groups := declaredGroups(p)
	out := make([]gate.Suspension, 0, len(list))
	for _, s := range list {
		one := gate.Suspension{Regime: s.GetRegime()}
		for _, name := range s.GetPurposes() {
			bit, ok := bits(name)
			if !ok || bit >= standings.Bits {
				one.Purposes = standings.AllPurposes
				break
			}
			one.Purposes |= standings.Purpose(bit)
		}
		if len(s.GetPurposes()) == 0 {
			one.Purposes = standings.AllPurposes
		}
		one.Jurisdictions = groups.codes(s)
		out = append(out, one)
	}
	return gate.NewSuspensions(out)
}

// codes are the canonical codes that a suspension stops. Nil: all of the regime's.
func (g groups) codes(s *vetov1.Suspension) []string {
	var out []string
	for _, text := range s.GetJurisdictions() {
		if code, ok := jurisdiction.Canonical(text); ok {
			out = append(out, code)
			continue
		}
		found := false
		g.walk([]string{text}, func(_ string, m jurisdiction.Member) {
			found = true
			if m.Until.IsZero() || s.GetSuspendedAt().AsTime().Before(m.Until) {
				out = append(out, m.Code)
			}
		})
		if !found {
			return nil
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
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
		codes := groups.codes(&vetov1.Suspension{Jurisdictions: []string{text}, SuspendedAt: timestamppb.New(now)})
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

// ruledBy are the canonical codes of which the regime rules the place itself or a part of it, from now on and for some purpose.
func (b *rulebook) ruledBy(regime int, now time.Time) map[string]bool {
	out := map[string]bool{}
	for _, place := range jurisdiction.Places() {
		if slices.ContainsFunc(b.holds(place), func(h hold) bool {
			return h.regime == regime && (h.until.IsZero() || now.Before(h.until))
		}) {
			for _, code := range canonical(jurisdiction.Chain(place)) {
				out[code] = true
			}
		}
	}
	return out
}
