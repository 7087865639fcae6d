package policy

import (
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// Bits answers which bit a purpose has in the register, 0 to 31. A bit is a name's for ever; the register hands it out
// when a policy first declares the name. False: the register never knew the name.
type Bits func(purpose string) (bit uint8, ok bool)

// Compile turns a policy into the gate's. It is judged first: what is a fault to Parse is refused here, with the same
// error. So is a purpose without a bit, and a relation to a name that the register never knew, which would take over
// nothing.
//
// taken is what [TakenOver] says of the earlier policies; nil: there were none. Objections to what a purpose took over
// then count for it whether p says so or not, and even where p says UNRELATED, which Compare refuses.
func Compile(p *vetov1.Policy, bits Bits, taken map[string][]string) (*gate.Policy, error) {
	var f faults
	f.judge(p)
	if err := f.err(); err != nil {
		return nil, err
	}
	rules := gate.Rules{
		Version:      p.GetVersion(),
		Purposes:     f.compilePurposes(p, bits, taken),
		Regimes:      make([]gate.Regime, len(p.GetRegimes())),
		Places:       map[string]gate.Place{},
		CheckID:      checkID,
		CheckSubject: SubjectRule(p.GetSubjectIds()),
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	masks := make([]standings.Purposes, len(p.GetRegimes()))
	for i, r := range p.GetRegimes() {
		rules.Regimes[i] = compileRegime(r)
		for _, purpose := range r.GetPurposes() {
			bit, _ := bits(purpose) // declared, so compilePurposes saw it
			masks[i] |= standings.Purpose(bit)
		}
	}
	book := newRulebook(p)
	for _, code := range jurisdiction.Places() {
		place := gate.Place{Chain: jurisdiction.Reach(code)}
		for _, h := range book.holds(code) {
			place.Rulings = append(place.Rulings, gate.Ruling{Regime: h.regime, Purposes: masks[h.regime], From: h.from, Until: h.until})
		}
		rules.Places[code] = place
	}
	compiled, err := gate.NewPolicy(rules)
	if err != nil {
		return nil, fmt.Errorf("compile policy: %w", err)
	}
	return compiled, nil
}

// compilePurposes resolves whose objections count for which purpose.
func (c *faults) compilePurposes(p *vetov1.Policy, bits Bits, taken map[string][]string) []gate.Purpose {
	takes := heirs(p.GetPurposes(), taken)
	var out []gate.Purpose
	for i, purpose := range p.GetPurposes() {
		bit, ok := bits(purpose.GetName())
		if !ok || bit >= standings.Bits {
			c.add(fmt.Sprintf("purposes[%d].name", i), "the register has no place for this purpose; declare it first")
			continue
		}
		one := gate.Purpose{Name: purpose.GetName(), Bit: bit}
		for _, name := range takes(purpose.GetName()) {
			if b, ok := bits(name); ok && b < standings.Bits {
				one.Objections |= standings.Purpose(b)
			}
		}
		for j, r := range purpose.GetRelations() {
			if _, ok := bits(r.GetPurpose()); !ok {
				c.add(fmt.Sprintf("purposes[%d].relations[%d].purpose", i, j), "no purpose of this name was ever declared; correct the name, or remove the relation")
			}
		}
		out = append(out, one)
	}
	return out
}

// compileRegime resolves one regime's own rules. Zero values are the gate's to read: they refuse there as they do here.
func compileRegime(r *vetov1.Regime) gate.Regime {
	out := gate.Regime{
		Name:                 r.GetName(),
		LegalBasis:           r.GetLegalBasis(),
		Objections:           r.GetObjections(),
		Content:              map[vetov1.ItemKind]gate.Visibilities{},
		MinimumAge:           r.GetMinimumAge(),
		UnknownAge:           r.GetUnknownAge(),
		UnknownAgeAtCreation: r.GetUnknownAgeAtCreation(),
		UnknownSignal:        r.GetUnknownSignal(),
		MinimumItemAge:       r.GetMinimumItemAge().AsDuration(),
		NoticePerPerson:      r.GetNoticePerPerson(),
		ThirdParties:         r.GetThirdParties(),
		Signals:              r.GetSignals(),
	}
	for _, p := range r.GetPeriods() {
		period := gate.Period{Start: p.GetStart().AsTime()}
		if p.GetEnd() != nil {
			period.End = p.GetEnd().AsTime()
		}
		out.Periods = append(out.Periods, period)
	}
	for _, rule := range r.GetContent() {
		set := gate.VisibilitySet(rule.GetVisibilities()...)
		for _, kind := range rule.GetKinds() {
			out.Content[kind] |= set
		}
	}
	for _, l := range r.GetExcludedLabels() {
		out.ExcludedLabels = append(out.ExcludedLabels, l.GetLabel())
	}
	return out
}
