package policy

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// maxDuration bounds durations. Longer ones are typing errors, and 292 years would overflow.
const maxDuration = 100 * 366 * 24 * time.Hour

// regimes checks each regime by itself.
func (c *faults) regimes(p *vetov1.Policy, groups map[string]bool) {
	marketing := map[string]bool{} // the declared purposes → whether they are direct marketing
	for _, purpose := range p.GetPurposes() {
		marketing[purpose.GetName()] = marketing[purpose.GetName()] || purpose.GetDirectMarketing()
	}
	first := map[string]int{}
	for i, r := range p.GetRegimes() {
		path := fmt.Sprintf("regimes[%d]", i)
		if j, ok := first[r.GetName()]; ok {
			c.add(path+".name", "the name of regimes[%d] already; suspensions and decisions name a regime, so choose another name", j)
		} else {
			first[r.GetName()] = i
		}
		for j, text := range r.GetJurisdictions() {
			if text != everywhere {
				c.place(fmt.Sprintf("%s.jurisdictions[%d]", path, j), text, groups)
			}
		}
		for j, name := range r.GetPurposes() {
			if _, ok := marketing[name]; !ok {
				c.add(fmt.Sprintf("%s.purposes[%d]", path, j), "not declared in purposes; declare it there, or correct the name")
			}
		}
		c.objections(r, path, marketing)
		c.periods(r, path)
		c.content(r, path)
		c.remainder(r, path)
	}
}

// objectable says whether the law gives a right to object under a basis: GDPR Art. 21(1).
func objectable(b vetov1.LegalBasis) bool {
	return b == vetov1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS || b == vetov1.LegalBasis_LEGAL_BASIS_PUBLIC_TASK
}

// objections checks what the regime does with them.
func (c *faults) objections(r *vetov1.Regime, path string, marketing map[string]bool) {
	if r.GetRefusalDelay() != nil && r.GetObjections() != vetov1.ObjectionTreatment_OBJECTION_TREATMENT_ASSESS && !c.read[path+".objections"] {
		c.add(path+".refusal_delay", "objections are refused only under ASSESS; say objections: ASSESS, or leave the delay out")
	}
	if r.GetObjections() != vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY {
		return
	}
	if objectable(r.GetLegalBasis()) {
		c.add(path+".objections", "RECORD_ONLY is not possible with %s: there is a right to object (GDPR Art. 21(1)); use HONOUR or ASSESS",
			bareName(r.GetLegalBasis().Descriptor().Values().ByNumber(r.GetLegalBasis().Number())))
	}
	if r.GetObjectionsGround() == "" {
		c.add(path+".objections_ground", "not stated; with RECORD_ONLY people are told why their objection has no effect, so say why")
	}
	for j, name := range r.GetPurposes() {
		if marketing[name] {
			c.add(fmt.Sprintf("%s.purposes[%d]", path, j), "direct marketing, where an objection always counts (GDPR Art. 21(2)-(3)); use HONOUR, or take the purpose out of this regime")
		}
	}
}

// periods checks when the regime applies.
func (c *faults) periods(r *vetov1.Regime, path string) {
	var end time.Time // of the period before; zero where it has none
	open := -1        // the period that has none
	for i, p := range r.GetPeriods() {
		inner := fmt.Sprintf("%s.periods[%d]", path, i)
		if p.GetStart() == nil {
			open, end = -1, time.Time{}
			continue // reported already
		}
		c.instants(p, inner)
		start := p.GetStart().AsTime()
		switch {
		case open >= 0:
			c.add(inner+".start", "periods[%d] has no end, so nothing can come after it; give it one", open)
		case start.Before(end):
			c.add(inner+".start", "before the end of the period in front of it; put the periods in order, without overlap")
		}
		if end = (time.Time{}); c.read[inner+".end"] {
			continue
		}
		if p.GetEnd() == nil {
			open = i
		} else if end = p.GetEnd().AsTime(); !start.Before(end) {
			c.add(inner+".end", "not after the start; the end is the first instant that does not belong to the period")
		}
		if r.GetMinimumNotice() != nil && p.GetNoticeGivenAt() == nil {
			c.add(inner+".notice_given_at", "not stated; with minimum_notice each period says when people were told")
		}
	}
}

// instants checks that a period's can be written: RFC 3339 has four digits for a year.
func (c *faults) instants(p *vetov1.Period, path string) {
	for _, one := range []struct {
		name string
		at   *timestamppb.Timestamp
	}{
		{"start", p.GetStart()}, {"end", p.GetEnd()}, {"objection_deadline", p.GetObjectionDeadline()}, {"notice_given_at", p.GetNoticeGivenAt()},
	} {
		if one.at != nil && !one.at.IsValid() {
			c.add(path+"."+one.name, "outside the years 1 to 9999, or with a fraction that is none; correct it")
		}
	}
}

// content checks what may be used.
func (c *faults) content(r *vetov1.Regime, path string) {
	prohibited := r.GetLegalBasis() == vetov1.LegalBasis_LEGAL_BASIS_PROHIBITED
	if len(r.GetContent()) == 0 && !prohibited {
		c.add(path+".content", "not stated; name the kinds that may be used, each with its visibilities")
	}
	for i, rule := range r.GetContent() {
		for j, kind := range rule.GetKinds() {
			if kind == vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE {
				c.add(fmt.Sprintf("%s.content[%d].kinds[%d]", path, i, j), "PRIVATE_MESSAGE is never eligible, and no policy can allow it; remove it")
			}
		}
	}
	seen := map[string]int{}
	for i, l := range r.GetExcludedLabels() {
		if j, ok := seen[l.GetLabel()]; ok {
			c.add(fmt.Sprintf("%s.excluded_labels[%d].label", path, i), "the label of excluded_labels[%d] already; remove one of the two", j)
			continue
		}
		seen[l.GetLabel()] = i
	}
}

// remainder checks ages, signals, the condition and the durations.
func (c *faults) remainder(r *vetov1.Regime, path string) {
	switch {
	case r.GetDigitalConsentAge() && r.MinimumAge != nil:
		c.add(path+".digital_consent_age", "stands beside minimum_age, and only one can count; remove one of the two")
	case r.GetDigitalConsentAge():
		c.add(path+".digital_consent_age", "this version does not know the ages of digital consent; state minimum_age, the highest of them is 16 (GDPR Art. 8(1))")
	case r.MinimumAge == nil && r.GetLegalBasis() != vetov1.LegalBasis_LEGAL_BASIS_PROHIBITED:
		c.add(path+".minimum_age", "not stated; say the least age in years, 0 where there is none")
	}
	if r.GetSignals() == vetov1.SignalTreatment_SIGNAL_TREATMENT_IGNORE && r.GetSignalsGround() == "" {
		c.add(path+".signals_ground", "not stated; with signals: IGNORE say why they do not count")
	}
	if r.GetCondition() != nil {
		c.add(path+".condition", "this version does not evaluate conditions, and a rule that is not evaluated would let everything through; remove it")
	}
	for _, one := range []struct {
		name string
		d    *durationpb.Duration
	}{
		{"refusal_delay", r.GetRefusalDelay()}, {"minimum_notice", r.GetMinimumNotice()}, {"minimum_item_age", r.GetMinimumItemAge()},
	} {
		switch {
		case one.d == nil:
		case one.d.AsDuration() > maxDuration:
			c.add(path+"."+one.name, "longer than a hundred years; correct it")
		case !one.d.IsValid():
			c.add(path+"."+one.name, "seconds and nanoseconds that do not fit together; correct it")
		}
	}
}

// purposesOf lists a policy's declared purposes.
func purposesOf(p *vetov1.Policy) []string {
	var out []string
	for _, purpose := range p.GetPurposes() {
		if !slices.Contains(out, purpose.GetName()) {
			out = append(out, purpose.GetName())
		}
	}
	return out
}
