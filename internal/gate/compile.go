package gate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// maximumAge bounds Regime.MinimumAge: above it nobody is a child (UN Convention on the Rights of the Child, Art. 1).
const maximumAge = 18

// Policy is a compiled policy. It never changes, so any number of goroutines decide by it. The zero value declares no
// purpose and rules no place; NewPolicy makes one that does.
type Policy struct {
	version      uint64
	purposes     []Purpose
	byName       map[string]int
	regimes      []regime
	places       map[string]*place
	reads        [][]Read // by the position of the purpose
	checkID      func(string) string
	checkSubject func(string) string
}

// regime is a Regime made ready for look-up.
type regime struct {
	Regime
	content [kinds]Visibilities
	labels  map[string]struct{}
}

// place is a Place made ready for look-up.
type place struct {
	chain   []string
	rulings []Ruling
}

// NewPolicy compiles rules that a policy document was resolved to. Documents are checked, and their faults worded, before
// that; what is refused here could not be decided by, or would let through what no policy can allow. All faults are
// reported, joined.
func NewPolicy(r Rules) (*Policy, error) {
	faults := ruleFaults(&r)
	if len(faults) > 0 {
		return nil, fmt.Errorf("compile policy: %w", errors.Join(faults...))
	}
	p := &Policy{
		version:      r.Version,
		purposes:     slices.Clone(r.Purposes),
		byName:       make(map[string]int, len(r.Purposes)),
		regimes:      make([]regime, len(r.Regimes)),
		places:       make(map[string]*place, len(r.Places)),
		checkID:      r.CheckID,
		checkSubject: r.CheckSubject,
	}
	for i := range p.purposes {
		p.byName[p.purposes[i].Name] = i
	}
	for i := range r.Regimes {
		p.regimes[i] = compileRegime(r.Regimes[i])
	}
	for code, one := range r.Places {
		p.places[code] = &place{chain: slices.Clone(one.Chain), rulings: slices.Clone(one.Rulings)}
	}
	p.reads = make([][]Read, len(p.purposes))
	for i := range p.purposes {
		p.reads[i] = p.readsFor(&p.purposes[i])
	}
	return p, nil
}

// compileRegime copies what the caller may change, and spells zero values out.
func compileRegime(r Regime) regime {
	c := regime{Regime: r, labels: make(map[string]struct{}, len(r.ExcludedLabels))}
	c.Periods = slices.Clone(r.Periods)
	c.ExcludedLabels = slices.Clone(r.ExcludedLabels)
	for _, label := range r.ExcludedLabels {
		c.labels[label] = struct{}{}
	}
	for kind, visibilities := range r.Content {
		c.content[kind] = visibilities
	}
	c.Content = nil
	if c.ThirdParties == vetov1.ThirdParties_THIRD_PARTIES_UNSPECIFIED {
		c.ThirdParties = vetov1.ThirdParties_THIRD_PARTIES_EXCLUDE
	}
	return c
}

// Version is the document's version.
func (p *Policy) Version() uint64 { return p.version }

// Purposes are the declared ones, in the document's order. The caller may change the slice.
func (p *Policy) Purposes() []Purpose { return slices.Clone(p.purposes) }

// Purpose finds a declared purpose by its name.
func (p *Policy) Purpose(name string) (PurposeRef, bool) {
	i, ok := p.byName[name]
	if !ok {
		return PurposeRef{}, false
	}
	return PurposeRef{policy: p, purpose: &p.purposes[i]}, true
}

// SubjectFault is what is wrong with a subject's id on this platform, without the value; empty: nothing.
func (p *Policy) SubjectFault(id string) string { return p.checkSubject(id) }

// RegimeOf finds the regime that rules a place for a purpose at an instant: its position in Rules.Regimes. False: the
// code is unassigned, or nothing rules it.
func (p *Policy) RegimeOf(code string, ref PurposeRef, now time.Time) (int, bool) {
	if ref.policy != p || p == nil {
		return 0, false
	}
	return p.places[code].regime(standings.Purpose(ref.purpose.Bit), now)
}

// regime finds the first ruling that names the purpose and is in force. A nil place has none.
func (c *place) regime(purpose standings.Purposes, now time.Time) (int, bool) {
	if c == nil {
		return 0, false
	}
	for i := range c.rulings {
		r := &c.rulings[i]
		if r.Purposes&purpose == 0 ||
			!r.From.IsZero() && now.Before(r.From) ||
			!r.Until.IsZero() && !now.Before(r.Until) {
			continue
		}
		return r.Regime, true
	}
	return 0, false
}
