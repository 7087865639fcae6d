package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
)

// regime is a regime of minimal.yaml's kind, for tests that add one.
func regime(name string, jurisdictions ...string) *vetov1.Regime {
	age := int32(18)
	return &vetov1.Regime{
		Name: name, Jurisdictions: jurisdictions, Purposes: []string{training},
		LegalBasis: vetov1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS,
		Periods:    []*vetov1.Period{{Start: stamp("2025-05-27T00:00:00Z")}},
		Content: []*vetov1.ContentRule{{
			Kinds:        []vetov1.ItemKind{vetov1.ItemKind_ITEM_KIND_POST},
			Visibilities: []vetov1.Visibility{vetov1.Visibility_VISIBILITY_PUBLIC},
		}},
		MinimumAge: &age,
	}
}

// with is a policy of regimes.
func with(regimes ...*vetov1.Regime) *vetov1.Policy {
	return &vetov1.Policy{
		Controller: &vetov1.Controller{Name: "Example Platform"},
		Purposes:   []*vetov1.Purpose{{Name: training, Title: "Training of generative AI models"}},
		Regimes:    regimes,
	}
}

// recordOnly makes a regime give objections no effect.
func recordOnly(r *vetov1.Regime) *vetov1.Regime {
	r.LegalBasis = vetov1.LegalBasis_LEGAL_BASIS_NOT_REQUIRED
	r.Objections = vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY
	r.ObjectionsGround = "no right to object was offered"
	return r
}

// TestFault_T02_BadPolicies has each violation named.
func TestFault_T02_BadPolicies(t *testing.T) {
	p, r := with, func(change func(r *vetov1.Regime)) *vetov1.Policy {
		one := regime("germany", "DE")
		change(one)
		return with(one)
	}
	change := func(p *vetov1.Policy, change func(p *vetov1.Policy)) *vetov1.Policy {
		change(p)
		return p
	}
	de := func() *vetov1.Policy { return with(regime("germany", "DE")) }
	tests := []struct {
		name       string
		policy     *vetov1.Policy
		path, says string
	}{
		{"private messages", r(func(r *vetov1.Regime) {
			r.Content[0].Kinds = append(r.Content[0].Kinds, vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE)
		}), "regimes[0].content[0].kinds[1]", "never eligible"},
		{"nothing at all", &vetov1.Policy{}, "controller", "not stated"},
		{"no regimes", with(), "regimes", "not stated"},
		{"33 purposes", change(de(), func(p *vetov1.Policy) {
			for i := range 32 {
				p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: fmt.Sprintf("p%d", i), Title: "x"})
			}
		}), "purposes", "no more than 32"},
		{"purpose twice", change(de(), func(p *vetov1.Policy) { p.Purposes = append(p.Purposes, p.Purposes[0]) }), "purposes[1].name", "purposes[0] already"},
		{"purpose in capitals", change(de(), func(p *vetov1.Policy) { p.Purposes[0].Name = "AI" }), "purposes[0].name", "not of the form"},
		{"relation to itself", change(de(), func(p *vetov1.Policy) { relate(p, 0, training, "REPLACES") }), "purposes[0].relations[0].purpose", "itself"},
		{"relation twice", change(de(), func(p *vetov1.Policy) { relate(p, 0, "old", "REPLACES"); relate(p, 0, "old", "INHERITS") }), "purposes[0].relations[1].purpose", "relations[0] already"},
		{"relation of no kind", change(de(), func(p *vetov1.Policy) { relate(p, 0, "old", "UNSPECIFIED") }), "purposes[0].relations[0].kind", "one of REPLACES, INHERITS, UNRELATED"},
		{"unrelated without a ground", change(de(), func(p *vetov1.Policy) {
			relate(p, 0, "old", "UNRELATED")
			p.Purposes[0].Relations[0].Ground = ""
		}), "purposes[0].relations[0]", "ground: required"},
		{"unrelated and inherited", change(de(), func(p *vetov1.Policy) {
			p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: "next", Title: "x"})
			relate(p, 0, "older", "REPLACES")
			relate(p, 1, training, "INHERITS")
			relate(p, 1, "older", "UNRELATED")
		}), "purposes[1].relations[1].kind", "taken over through another"},
		{"undeclared purpose", r(func(r *vetov1.Regime) { r.Purposes = []string{training, "marketing"} }), "regimes[0].purposes[1]", "not declared"},
		{"regime twice", p(regime("a", "DE"), regime("a", "FR")), "regimes[1].name", "regimes[0] already"},
		{"unassigned country", p(regime("a", "DE", "ZX")), "regimes[0].jurisdictions[1]", "neither a country"},
		{"retired country", p(regime("a", "UK")), "regimes[0].jurisdictions[0]", "use GB"},
		{"country in small letters", p(regime("a", "de")), "regimes[0].jurisdictions[0]", "use DE"},
		{"country for private use", p(regime("a", "XK")), "regimes[0].jurisdictions[0]", "private use"},
		{"unassigned subdivision", p(regime("a", "DE-XX")), "regimes[0].jurisdictions[0]", "neither a country"},
		{"unknown group", p(regime("a", "NORTH")), "regimes[0].jurisdictions[0]", "declare it"},
		{"unknown member", change(de(), group("NORTH", "GL", "YU")), "groups[0].members[1]", "use RS or ME"},
		{"star as a member", change(de(), group("ALL", "*")), "groups[0].members[0]", "no member"},
		{"group twice", change(de(), func(p *vetov1.Policy) { group("NORTH", "GL")(p); group("NORTH", "FO")(p) }), "groups[1].name", "groups[0] already"},
		{"group EEA", change(de(), group("EEA", "CH")), "groups[0].name", "built in"},
		{"group EU", change(de(), group("EU", "CH")), "groups[0].name", "built in"},
		{"group of a country's name", change(de(), group("DEU", "DE")), "groups[0].name", "three-letter code"},
		{"group of two letters", change(de(), group("FR", "DE")), "groups[0].name", "not of the form"},
		{"group without members", change(de(), group("NORTH")), "groups[0].members", "not stated"},
		{"group in itself", change(de(), group("NORTH", "NORTH")), "groups[0].members[0]", "circle"},
		{"groups in a circle", change(de(), func(p *vetov1.Policy) {
			group("ONE", "TWO")(p)
			group("TWO", "GL", "THREE")(p)
			group("THREE", "ONE")(p)
		}), "groups[2].members[0]", "circle: groups[0]"},
		{"two regimes for a country", p(regime("one", "FR", "DE"), regime("two", "CH", "DE")), "regimes[1].jurisdictions[1]", "regimes[0] (one) and regimes[1] (two) both rule DE (Germany) for generative-ai-training, each through a country"},
		{"two spellings of a place", p(regime("one", "RE"), regime("two", "FR-974")), "regimes[1].jurisdictions[0]", "both rule RE"},
		{"two regimes for a subdivision", p(regime("one", "DE-BY"), regime("two", "DE-BY")), "regimes[1].jurisdictions[0]", "a subdivision"},
		{"EU and EEA", p(regime("one", "EU"), regime("two", "EEA")), "regimes[1].jurisdictions[0]", "both rule AT (Austria)"},
		{"two declared groups", change(p(regime("one", "NORTH"), regime("two", "ISLES")), func(p *vetov1.Policy) {
			group("NORTH", "GL", "FO")(p)
			group("ISLES", "FO", "IS")(p)
		}), "regimes[1].jurisdictions[0]", "both rule FO (Faroe Islands)"},
		{"a country and its subdivision in groups", change(p(regime("one", "NORTH"), regime("two", "SOUTH")), func(p *vetov1.Policy) {
			group("NORTH", "DE-BY")(p)
			group("SOUTH", "DE")(p)
		}), "regimes[1].jurisdictions[0]", "both rule DE-BY"},
		{"two stars", p(regime("one", "*"), regime("two", "*")), "regimes[1].jurisdictions[0]", "every place that nothing else rules"},
		{"no jurisdictions", p(regime("one")), "regimes[0].jurisdictions", "not stated"},
		{"jurisdiction twice", p(regime("one", "DE", "DE")), "regimes[0].jurisdictions", "stands twice"},
		{"no legal basis", r(func(r *vetov1.Regime) { r.LegalBasis = 0 }), "regimes[0].legal_basis", "one of LEGITIMATE_INTERESTS"},
		{"unknown legal basis", r(func(r *vetov1.Regime) { r.LegalBasis = 99 }), "regimes[0].legal_basis", "no such value"},
		{"RECORD_ONLY with legitimate interests", r(func(r *vetov1.Regime) {
			recordOnly(r).LegalBasis = vetov1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS
		}), "regimes[0].objections", "RECORD_ONLY is not possible with LEGITIMATE_INTERESTS: there is a right to object (GDPR Art. 21(1))"},
		{"RECORD_ONLY with a public task", r(func(r *vetov1.Regime) { recordOnly(r).LegalBasis = vetov1.LegalBasis_LEGAL_BASIS_PUBLIC_TASK }), "regimes[0].objections", "with PUBLIC_TASK"},
		{"RECORD_ONLY without a ground", r(func(r *vetov1.Regime) { recordOnly(r).ObjectionsGround = "" }), "regimes[0].objections_ground", "say why"},
		{"RECORD_ONLY for direct marketing", change(p(recordOnly(regime("a", "DE"))), func(p *vetov1.Policy) { p.Purposes[0].DirectMarketing = true }), "regimes[0].purposes[0]", "Art. 21(2)-(3)"},
		{"refusal delay without ASSESS", r(func(r *vetov1.Regime) { r.RefusalDelay = durationpb.New(time.Hour) }), "regimes[0].refusal_delay", "only under ASSESS"},
		{"negative duration", r(func(r *vetov1.Regime) { r.MinimumItemAge = durationpb.New(-time.Hour) }), "regimes[0].minimum_item_age", "greater than or equal to 0s"},
		{"endless duration", r(func(r *vetov1.Regime) { r.MinimumItemAge = &durationpb.Duration{Seconds: 1 << 33} }), "regimes[0].minimum_item_age", "a hundred years"},
		{"period without a start", r(func(r *vetov1.Regime) { r.Periods[0].Start = nil }), "regimes[0].periods[0].start", "not stated"},
		{"period that ends at its start", r(func(r *vetov1.Regime) { r.Periods[0].End = r.Periods[0].Start }), "regimes[0].periods[0].end", "not after the start"},
		{"periods out of order", r(func(r *vetov1.Regime) {
			r.Periods[0].End = stamp("2025-06-01T00:00:00Z")
			r.Periods = append(r.Periods, &vetov1.Period{Start: stamp("2024-01-01T00:00:00Z"), End: stamp("2024-02-01T00:00:00Z")})
		}), "regimes[0].periods[1].start", "in order, without overlap"},
		{"periods that overlap", r(func(r *vetov1.Regime) {
			r.Periods[0].End = stamp("2025-06-01T00:00:00Z")
			r.Periods = append(r.Periods, &vetov1.Period{Start: stamp("2025-05-31T23:59:59Z")})
		}), "regimes[0].periods[1].start", "in order, without overlap"},
		{"a period after one without end", r(func(r *vetov1.Regime) {
			r.Periods = append(r.Periods, &vetov1.Period{Start: stamp("2026-01-01T00:00:00Z")})
		}), "regimes[0].periods[1].start", "periods[0] has no end"},
		{"minimum notice without notice", r(func(r *vetov1.Regime) { r.MinimumNotice = durationpb.New(time.Hour) }), "regimes[0].periods[0].notice_given_at", "when people were told"},
		{"no content", r(func(r *vetov1.Regime) { r.Content = nil }), "regimes[0].content", "name the kinds"},
		{"content without kinds", r(func(r *vetov1.Regime) { r.Content[0].Kinds = nil }), "regimes[0].content[0].kinds", "not stated"},
		{"content of kind 0", r(func(r *vetov1.Regime) { r.Content[0].Kinds[0] = 0 }), "regimes[0].content[0].kinds[0]", "one of POST"},
		{"content without visibilities", r(func(r *vetov1.Regime) { r.Content[0].Visibilities = nil }), "regimes[0].content[0].visibilities", "not stated"},
		{"label twice", r(func(r *vetov1.Regime) {
			l := &vetov1.ExcludedLabel{Label: "health", Words: "posts about health"}
			r.ExcludedLabels = []*vetov1.ExcludedLabel{l, l}
		}), "regimes[0].excluded_labels[1].label", "excluded_labels[0] already"},
		{"no age", r(func(r *vetov1.Regime) { r.MinimumAge = nil }), "regimes[0].minimum_age", "0 where there is none"},
		{"age of 19", r(func(r *vetov1.Regime) { *r.MinimumAge = 19 }), "regimes[0].minimum_age", "less than or equal to 18"},
		{"age of consent", r(func(r *vetov1.Regime) { r.MinimumAge, r.DigitalConsentAge = nil, true }), "regimes[0].digital_consent_age", "does not know the ages"},
		{"two ages", r(func(r *vetov1.Regime) { r.DigitalConsentAge = true }), "regimes[0].digital_consent_age", "only one can count"},
		{"signals ignored without a ground", r(func(r *vetov1.Regime) { r.Signals = vetov1.SignalTreatment_SIGNAL_TREATMENT_IGNORE }), "regimes[0].signals_ground", "say why"},
		{"a condition", r(func(r *vetov1.Regime) { r.Condition = &vetov1.Condition{Expression: "true", Words: "always"} }), "regimes[0].condition", "does not evaluate conditions"},
		{"pattern that is open", change(de(), func(p *vetov1.Policy) { p.SubjectIds = &vetov1.SubjectIds{Pattern: "a)(b"} }), "subject_ids.pattern", "unexpected )"},
		{"pattern that looks ahead", change(de(), func(p *vetov1.Policy) { p.SubjectIds = &vetov1.SubjectIds{Pattern: "(?=a)"} }), "subject_ids.pattern", "RE2"},
		{"establishment of a group", change(de(), func(p *vetov1.Policy) { p.Controller.Establishments = []string{"IE", "EU"} }), "controller.establishments[1]", "name of a group"},
		{"establishment in a subdivision", change(de(), func(p *vetov1.Policy) { p.Controller.Establishments = []string{"FR-974"} }), "controller.establishments[0]", "use RE"},
		{"notice by http", change(de(), func(p *vetov1.Policy) { p.Controller.PrivacyNoticeUrl = "http://example.org" }), "controller.privacy_notice_url", "not of the form"},
		{"assessment on no day", change(de(), func(p *vetov1.Policy) { p.Assessments = []*vetov1.Assessment{{Title: "a", Date: "May"}} }), "assessments[0].date", "not of the form"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := policy.Validate(tt.policy)
			e, ok := errors.AsType[*policy.Error](err)
			if !ok {
				t.Fatalf("Validate: %v, want an Error", err)
			}
			if !slices.ContainsFunc(e.Faults, func(f policy.Fault) bool {
				return f.Path == tt.path && strings.Contains(f.Message, tt.says) && f.Line == 0
			}) {
				t.Errorf("got %v\nwant %s: … %s", err, tt.path, tt.says)
			}
			if _, err := policy.Compile(tt.policy, bits(training), nil); err == nil {
				t.Error("Compile takes what Validate refuses")
			}
		})
	}
}

// TestFault_T02_EveryViolationAtOnce has a document with many faults named as a whole, with their places.
func TestFault_T02_EveryViolationAtOnce(t *testing.T) {
	document := `controller: {name: Example Platform}
purposes:
  - {name: generative-ai-training, title: x}
groups:
  - {name: ONE, members: [TWO]}
  - {name: TWO, members: [ONE, UK]}
regimes:
  - name: a
    jurisdictions: [DE, XX]
    purposes: [generative-ai-training, other]
    legal_basis: LEGITIMATE_INTERESTS
    objections: RECORD_ONLY
    content:
      - {kinds: [POST, PRIVATE_MESSAGE], visibilities: [PUBLIC]}
    minimum_age: 18
  - name: b
    jurisdictions: [DE]
    purposes: [generative-ai-training]
    legal_basis: CONSENT
    content: [{kinds: [POST], visibilities: [PUBLIC]}]
`
	want := []string{
		"6:27 groups[1].members[0]",
		"6:32 groups[1].members[1]",
		"8:5 regimes[0].objections_ground",
		"9:25 regimes[0].jurisdictions[1]",
		"10:40 regimes[0].purposes[1]",
		"12:17 regimes[0].objections",
		"14:24 regimes[0].content[0].kinds[1]",
		"16:5 regimes[1].minimum_age",
		"17:21 regimes[1].jurisdictions[0]",
	}
	var got []string
	for _, f := range faultsOf(t, document) {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Path))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	_, err := policy.Parse([]byte(document))
	if text := err.Error(); !strings.HasPrefix(text, "check policy: 9 faults\nline 6, column 27: groups[1].members[0]: ") {
		t.Errorf("error text %q", text)
	}
}

func TestValidateAccepts(t *testing.T) {
	tests := map[string]*vetov1.Policy{
		"ranks": with(regime("s", "DE-BY"), regime("c", "DE"), regime("g", "EEA"), regime("rest", "*")),
		"other purposes for the same place": func() *vetov1.Policy {
			p := with(regime("one", "DE"), regime("two", "DE"))
			p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: "other", Title: "x"})
			p.Regimes[1].Purposes = []string{"other"}
			return p
		}(),
		"the United Kingdom beside the EU, which it has left": func() *vetov1.Policy {
			p := with(regime("one", "EU"), regime("two", "NORTH"))
			group("NORTH", "GB", "IS")(p)
			return p
		}(),
		"prohibited, with nothing else": with(&vetov1.Regime{
			Name: "no", Jurisdictions: []string{"DE"}, Purposes: []string{training}, LegalBasis: vetov1.LegalBasis_LEGAL_BASIS_PROHIBITED,
		}),
		"nested subdivisions":            with(regime("one", "GB-SCT"), regime("two", "GB-ABD")),
		"Svalbard beside the EEA":        with(regime("one", "EEA"), regime("two", "SJ")),
		"a part beside the whole":        with(regime("one", "SJ"), regime("two", "NO-21")),
		"mother country and territory":   with(regime("one", "FR"), regime("two", "RE")),
		"a former code of a subdivision": with(regime("one", "FR-RE")),
		"record only without a right":    with(recordOnly(regime("one", "US"))),
	}
	for name, p := range tests {
		t.Run(name, func(t *testing.T) {
			if err := policy.Validate(p); err != nil {
				t.Error(err)
			}
		})
	}
}

// An overlap in the past counts where one of the regimes was already in force.
func TestValidateSeesOverlapsInThePast(t *testing.T) {
	p := with(regime("one", "EU"), regime("two", "NORTH"))
	group("NORTH", "GB", "IS")(p)
	p.Regimes[0].Periods[0].Start = stamp("2019-01-01T00:00:00Z")
	err := policy.Validate(p)
	if err == nil || !strings.Contains(err.Error(), "both rule GB (United Kingdom)") {
		t.Errorf("Validate: %v, want the overlap of 2019", err)
	}
}

// Two regimes that meet in many places are one mistake.
func TestValidateReportsAPairOnce(t *testing.T) {
	p := with(regime("one", "DE", "FR", "ES"), regime("two", "FR", "IT", "DE"), regime("three", "IT"))
	e, ok := errors.AsType[*policy.Error](policy.Validate(p))
	if !ok || len(e.Faults) != 2 {
		t.Fatalf("Validate: %v, want two faults", e)
	}
	for i, want := range []string{
		"regimes[0] (one) and regimes[1] (two) both rule DE (Germany) for generative-ai-training, each through a country",
		"regimes[1] (two) and regimes[2] (three) both rule IT (Italy) for generative-ai-training, each through a country",
	} {
		if !strings.HasPrefix(e.Faults[i].Message, want) {
			t.Errorf("fault %d: %v, want %s", i, e.Faults[i], want)
		}
	}
}

// A policy as hostile as its bounds allow, in which every regime overlaps with every other, is judged without looking at every pair of groups.
func TestValidateCollectsABoundedNumberOfFaults(t *testing.T) {
	p := with()
	for i := range 64 {
		var members []string
		for j := range 64 {
			if j < i {
				members = append(members, fmt.Sprintf("GROUP_%d", j))
			}
		}
		group(fmt.Sprintf("GROUP_%d", i), append(members, "DE", "FR", "EEA")...)(p)
	}
	for i := range 512 {
		r := regime(fmt.Sprintf("r%d", i))
		for j := range 64 {
			r.Jurisdictions = append(r.Jurisdictions, fmt.Sprintf("GROUP_%d", j))
		}
		p.Regimes = append(p.Regimes, r)
	}
	if got := policy.Validate(p); got == nil || !strings.Contains(got.Error(), "regimes[29].jurisdictions: with this regime the groups come to more than 65536 members") {
		t.Errorf("Validate: %v, want that the groups are too much", got)
	}
	p.Groups = p.Groups[:1]
	for _, r := range p.Regimes {
		r.Jurisdictions = r.Jurisdictions[:1]
	}
	e, ok := errors.AsType[*policy.Error](policy.Validate(p))
	if !ok || len(e.Faults) != 101 || e.Faults[100].Message != "and more; correct these first, then look again" {
		t.Fatalf("Validate: %v, want a hundred faults, and that there are more", e)
	}
	for _, f := range e.Faults[:100] {
		if !strings.Contains(f.Message, "both rule") {
			t.Errorf("%v, want an overlap", f)
		}
	}
}

func relate(p *vetov1.Policy, purpose int, earlier, kind string) {
	p.Purposes[purpose].Relations = append(p.Purposes[purpose].Relations, &vetov1.PurposeRelation{
		Purpose: earlier, Ground: "another thing",
		Kind: vetov1.PurposeRelationKind(vetov1.PurposeRelationKind_value["PURPOSE_RELATION_KIND_"+kind]),
	})
}

func group(name string, members ...string) func(p *vetov1.Policy) {
	return func(p *vetov1.Policy) { p.Groups = append(p.Groups, &vetov1.Group{Name: name, Members: members}) }
}
