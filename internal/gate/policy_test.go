package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// What cannot be decided by is refused, and nothing of it is silent.
func TestNewPolicyRefuses(t *testing.T) {
	regime := func(change func(*gate.Regime)) func(*gate.Rules) {
		return func(r *gate.Rules) { change(&r.Regimes[1]) }
	}
	tests := []struct {
		name   string
		change func(*gate.Rules)
		want   string
	}{
		{"no rule for ids", func(r *gate.Rules) { r.CheckID = nil }, "no rule for ids"},
		{"no rule for subjects", func(r *gate.Rules) { r.CheckSubject = nil }, "no rule for ids"},
		{"a bit above 31", func(r *gate.Rules) { r.Purposes[1].Bit = 32 }, "purpose 1: its bit is above 31"},
		{"a bit twice", func(r *gate.Rules) { r.Purposes[1].Bit = 0 }, "purpose 1: an earlier one has its bit"},
		{"objections to it do not count", func(r *gate.Rules) { r.Purposes[0].Objections = 0b10 }, "purpose 0: objections to it would not count"},
		{"a purpose twice", func(r *gate.Rules) { r.Purposes[1].Name = training }, "purpose 1: its name"},
		{"a purpose without a name", func(r *gate.Rules) { r.Purposes[1].Name = "" }, "purpose 1: its name"},
		{"a regime twice", regime(func(r *gate.Regime) { r.Name = "eu" }), "regime 1: its name"},
		{"a regime without a name", regime(func(r *gate.Regime) { r.Name = "" }), "regime 1: its name"},
		{"a regime that there is not", func(r *gate.Rules) {
			r.Places["DE"] = gate.Place{Rulings: []gate.Ruling{{Regime: 4, Purposes: 1}}}
		}, "place DE: ruled by regime 4 of 4"},
		{"a regime below zero", func(r *gate.Rules) {
			r.Places["DE"] = gate.Place{Rulings: []gate.Ruling{{Regime: -1, Purposes: 1}}}
		}, "place DE: ruled by regime -1 of 4"},
		{"no basis", regime(func(r *gate.Regime) { r.LegalBasis = 0 }), "regime 1: legal basis"},
		{"an unknown basis", regime(func(r *gate.Regime) { r.LegalBasis = 99 }), "regime 1: legal basis"},
		{"RECORD_ONLY with legitimate interests", regime(func(r *gate.Regime) {
			r.LegalBasis = vetov1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS
		}), "regime 1: objections cannot be RECORD_ONLY"},
		{"RECORD_ONLY with a public task", regime(func(r *gate.Regime) {
			r.LegalBasis = vetov1.LegalBasis_LEGAL_BASIS_PUBLIC_TASK
		}), "regime 1: objections cannot be RECORD_ONLY"},
		{"an unknown treatment of objections", regime(func(r *gate.Regime) { r.Objections = 99 }), "regime 1: objections"},
		{"an unknown treatment of third parties", regime(func(r *gate.Regime) { r.ThirdParties = 99 }), "regime 1: third parties"},
		{"an unknown treatment of signals", regime(func(r *gate.Regime) { r.Signals = 99 }), "regime 1: signals"},
		{"an unknown treatment of ages", regime(func(r *gate.Regime) { r.UnknownAge = 99 }), "regime 1: unknown age"},
		{"an unknown treatment of ages then", regime(func(r *gate.Regime) { r.UnknownAgeAtCreation = 99 }), "regime 1: unknown age at creation"},
		{"an unknown treatment of the unreadable", regime(func(r *gate.Regime) { r.UnknownSignal = 99 }), "regime 1: unknown signal"},
		{"a minimum age below zero", regime(func(r *gate.Regime) { r.MinimumAge = -1 }), "regime 1: minimum age"},
		{"a minimum age of adults", regime(func(r *gate.Regime) { r.MinimumAge = 19 }), "regime 1: minimum age"},
		{"an item age below zero", regime(func(r *gate.Regime) { r.MinimumItemAge = -1 }), "regime 1: minimum item age"},
		{"a period without a start", regime(func(r *gate.Regime) { r.Periods = []gate.Period{{}} }), "regime 1: period 0: no start"},
		{"a period that ends at its start", regime(func(r *gate.Regime) {
			r.Periods = []gate.Period{{Start: noon, End: noon}}
		}), "regime 1: period 0: ends before it starts"},
		{"private messages", regime(func(r *gate.Regime) {
			r.Content = map[vetov1.ItemKind]gate.Visibilities{vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE: 2}
		}), "regime 1: content: no policy can allow private messages"},
		{"an unknown kind", regime(func(r *gate.Regime) {
			r.Content = map[vetov1.ItemKind]gate.Visibilities{17: 2}
		}), "regime 1: content: unknown kind 17"},
		{"an unspecified kind", regime(func(r *gate.Regime) {
			r.Content = map[vetov1.ItemKind]gate.Visibilities{0: 2}
		}), "regime 1: content: unknown kind 0"},
		{"an unknown visibility", regime(func(r *gate.Regime) {
			r.Content = map[vetov1.ItemKind]gate.Visibilities{1: 1 << 6}
		}), "regime 1: content: unknown visibility"},
		{"an unspecified visibility", regime(func(r *gate.Regime) {
			r.Content = map[vetov1.ItemKind]gate.Visibilities{1: 1}
		}), "regime 1: content: unknown visibility"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rules()
			tt.change(&r)
			p, err := gate.NewPolicy(r)
			if err == nil || p != nil {
				t.Fatalf("compiled, want %q", tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "compile policy: ") {
				t.Errorf("error %q, want %q", err, tt.want)
			}
		})
	}
	t.Run("several at once", func(t *testing.T) {
		r := rules()
		r.CheckID, r.Regimes[0].MinimumAge, r.Regimes[2].LegalBasis = nil, -1, 0
		_, err := gate.NewPolicy(r)
		for _, want := range []string{"no rule for ids", "regime 0: minimum age", "regime 2: legal basis"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v does not name %q", err, want)
			}
		}
	})
}

// A policy keeps nothing of what it was made from: changing that changes no decision.
func TestNewPolicyKeepsNothing(t *testing.T) {
	r := rules()
	v := view(t, r, nil)
	r.Regimes[0].Periods[0].Start = noon.AddDate(9, 0, 0)
	r.Regimes[0].Content[vetov1.ItemKind_ITEM_KIND_POST] = 0
	r.Regimes[0].ExcludedLabels[0] = "food"
	r.Places["DE"].Rulings[0].Purposes = 0
	r.Places["DE"].Chain[0] = "IT"
	r.Purposes[0].Objections = 0
	v.Suspensions = gate.NewSuspensions([]gate.Suspension{{Regime: "eu", Jurisdictions: []string{"IT"}, Purposes: 1}})
	delete(r.Places, "FR")
	item := post()
	item.Labels = []string{"food"}
	for _, code := range []string{"DE", "FR"} {
		item.Country = code
		if d := decide(t, v, &item, training, noon, gate.Options{}); d.Reason != vetov1.Reason_REASON_ELIGIBLE {
			t.Errorf("%s: decided %v, want ELIGIBLE", code, d.Reason)
		}
	}
	p := v.Policy.Purposes()
	p[0].Bit = 9
	if got := v.Policy.Purposes()[0].Bit; got != 0 {
		t.Errorf("the purpose's bit became %d through a copy", got)
	}
	if got := v.Policy.Version(); got != 7 {
		t.Errorf("version %d, want 7", got)
	}
}

// A subject's id is judged as an author's is.
func TestSubjectFault(t *testing.T) {
	p := compile(t, rules())
	for id, want := range map[string]string{"u1": "", "": checkID(""), "username": checkSubject("username")} {
		if got := p.SubjectFault(id); got != want {
			t.Errorf("SubjectFault(%q) = %q, want %q", id, got, want)
		}
	}
}

func TestRegimeOf(t *testing.T) {
	p := compile(t, rules())
	ref, _ := p.Purpose(training)
	tests := []struct {
		code string
		now  time.Time
		want int
		ok   bool
	}{
		{"DE", noon, 0, true}, {"US", noon, 1, true}, {"AQ", noon, 0, false}, {"XX", noon, 0, false}, {"", noon, 0, false},
		{"GB", noon, 0, false}, {"GB", time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC), 0, true},
	}
	for _, tt := range tests {
		if got, ok := p.RegimeOf(tt.code, ref, tt.now); got != tt.want || ok != tt.ok {
			t.Errorf("RegimeOf(%q, %v) = %d, %v, want %d, %v", tt.code, tt.now, got, ok, tt.want, tt.ok)
		}
	}
}

func TestReads(t *testing.T) {
	fields := func(reads []gate.Read) map[string]string {
		m := map[string]string{}
		for _, r := range reads {
			m[r.Field] = strings.Join(r.Regimes, " ")
		}
		return m
	}
	r := rules()
	r.Regimes[2].Condition = condition(vetov1.ItemKind_ITEM_KIND_POST) // reads kind and service
	p := compile(t, r)
	ref, _ := p.Purpose(training)
	got := p.Reads(ref)
	want := map[string]string{
		"item_id": "", "kind": "", "visibility": "", "author_id": "", "country": "",
		"subjects": "eu us kr", "content_keys": "eu us kr", "in_conversation": "eu us kr", "signals": "eu kr",
		"author_age": "eu", "author_age_at_creation": "eu", "labels": "eu",
		"created_at": "kr", "author_notified_at": "kr", "service": "kr",
	}
	if diff := cmp.Diff(want, fields(got)); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	item := (&vetov1.Item{}).ProtoReflect().Descriptor().Fields()
	last := -1
	for _, read := range got {
		field := item.ByTextName(read.Field)
		if field == nil || field.Index() <= last {
			t.Fatalf("%s is no field of Item, or out of its order", read.Field)
		}
		last = field.Index()
	}

	// An age that is demanded is read without a minimum, too; one that is said to be allowed is not.
	for _, tt := range []struct {
		now, then vetov1.UnknownTreatment
		want      [2]string
	}{
		{vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE, 0, [2]string{"eu us", "eu"}},
		{0, vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE, [2]string{"eu", "eu us"}},
		{vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW, vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW, [2]string{"eu", "eu"}},
	} {
		r = rules()
		r.Regimes[1].UnknownAge, r.Regimes[1].UnknownAgeAtCreation = tt.now, tt.then
		p = compile(t, r)
		ref, _ = p.Purpose(training)
		if read := fields(p.Reads(ref)); [2]string{read["author_age"], read["author_age_at_creation"]} != tt.want {
			t.Errorf("%v, %v: ages are read by %v, want %v", tt.now, tt.then, read, tt.want)
		}
	}

	// A regime that rules no place for the purpose reads nothing.
	r = rules()
	for code, place := range r.Places {
		for i := range place.Rulings {
			if place.Rulings[i].Regime != 3 {
				r.Places[code].Rulings[i].Purposes = 0b10
			}
		}
	}
	p = compile(t, r)
	ref, _ = p.Purpose(training)
	if got := fields(p.Reads(ref)); len(got) != 5 {
		t.Errorf("where all is prohibited %v is read, want the five that every decision reads", got)
	}
}

// The numbers that the gate knows are those of the proto, gapless: a kind or a role that is added there is unknown here
// until somebody says what it means.
func TestKnownEnumsAreTheProtos(t *testing.T) {
	v := view(t, rules(), nil)
	invalid := func(change func(*gate.Item)) bool {
		item := post()
		change(&item)
		return decide(t, v, &item, training, noon, gate.Options{}).Reason == vetov1.Reason_REASON_INVALID
	}
	for n := int32(-2); n < 40; n++ {
		if got, want := invalid(func(i *gate.Item) { i.Kind = vetov1.ItemKind(n) }), n == 0 || vetov1.ItemKind_name[n] == ""; got != want {
			t.Errorf("kind %d: invalid %v, want %v", n, got, want)
		}
		if got, want := invalid(func(i *gate.Item) { i.Visibility = vetov1.Visibility(n) }), n == 0 || vetov1.Visibility_name[n] == ""; got != want {
			t.Errorf("visibility %d: invalid %v, want %v", n, got, want)
		}
		role := func(i *gate.Item) { i.Subjects = []gate.OtherSubject{{"ben", vetov1.SubjectRole(n), ""}} }
		if got, want := invalid(role), n == 0 || vetov1.SubjectRole_name[n] == ""; got != want {
			t.Errorf("role %d: invalid %v, want %v", n, got, want)
		}
		if got, want := gate.VisibilitySet(vetov1.Visibility(n)).Has(vetov1.Visibility(n)), n != 0 && vetov1.Visibility_name[n] != ""; got != want {
			t.Errorf("visibility %d: in its set %v, want %v", n, got, want)
		}
	}
}

var _ gate.Standings = (*standings.View)(nil)
