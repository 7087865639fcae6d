package gate

import (
	"github.com/veto-gate/veto/internal/gate/standings"
)

// Suspension stops a regime, or a part of it. It stands outside the policy: it names its regime by name, and matches
// nothing while the policy has no such regime.
type Suspension struct {
	// Regime is the regime's name.
	Regime string
	// Jurisdictions are codes of countries and subdivisions, groups resolved when the regime was suspended; empty: all of
	// the regime's. A place is stopped when any code of its chain is among them.
	Jurisdictions []string
	// Purposes are those that are stopped, and with them every purpose for which their objections count; AllPurposes: all.
	Purposes standings.Purposes
}

// Suspensions are those that stand, made ready for look-up. They never change; nil holds none.
type Suspensions struct {
	byRegime map[string][]suspension
}

// suspension is a part of a regime that is stopped.
type suspension struct {
	codes    map[string]struct{} // nil: everywhere
	purposes standings.Purposes
}

// NewSuspensions compiles the suspensions that stand, and keeps no part of what it is given.
func NewSuspensions(list []Suspension) *Suspensions {
	s := &Suspensions{byRegime: make(map[string][]suspension, len(list))}
	for _, one := range list {
		compiled := suspension{purposes: one.Purposes}
		if len(one.Jurisdictions) > 0 {
			compiled.codes = make(map[string]struct{}, len(one.Jurisdictions))
			for _, code := range one.Jurisdictions {
				compiled.codes[code] = struct{}{}
			}
		}
		s.byRegime[one.Regime] = append(s.byRegime[one.Regime], compiled)
	}
	return s
}

// stops says whether the regime is suspended at the place for any of the purposes.
func (s *Suspensions) stops(regime string, chain []string, purposes standings.Purposes) bool {
	if s == nil || len(s.byRegime) == 0 {
		return false
	}
	for i := range s.byRegime[regime] {
		if one := &s.byRegime[regime][i]; one.purposes&purposes != 0 && one.covers(chain) {
			return true
		}
	}
	return false
}

// covers says whether the suspension reaches the place with this chain.
func (s *suspension) covers(chain []string) bool {
	if s.codes == nil {
		return true
	}
	for _, code := range chain {
		if _, ok := s.codes[code]; ok {
			return true
		}
	}
	return false
}
