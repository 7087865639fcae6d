package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
)

// document is a policy for tests of changes, one line for each thing:
//
//	purposes: b REPLACES a, c
//	eu EEA b,c            a regime, where it rules and what
//	rest * c RECORD_ONLY
func document(text string) *vetov1.Policy {
	p := with()
	p.Purposes = nil
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if list, ok := strings.CutPrefix(strings.TrimSpace(line), "purposes: "); ok {
			for one := range strings.SplitSeq(list, ", ") {
				words := strings.Fields(one)
				p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: words[0], Title: "x"})
				for i := 1; i+1 < len(words); i += 2 {
					relate(p, len(p.Purposes)-1, words[i+1], words[i])
				}
			}
			continue
		}
		words := strings.Fields(line)
		r := regime(words[0], strings.Split(words[1], ",")...)
		r.Purposes = strings.Split(words[2], ",")
		if len(words) > 3 {
			recordOnly(r)
		}
		p.Regimes = append(p.Regimes, r)
	}
	return p
}

// told are the dangers of a change, one a line.
func told(t *testing.T, previous, next string, f policy.Facts) string {
	t.Helper()
	var before *vetov1.Policy
	if previous != "" {
		before = document(previous)
	}
	after := document(next)
	for _, p := range []*vetov1.Policy{before, after} {
		if err := policy.Validate(p); p != nil && err != nil {
			t.Fatal(err)
		}
	}
	f.Now, f.Declared = now, []string{"a", "b", "c", "old", "older"}
	dangers, err := policy.Compare(before, after, f)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range dangers {
		out = append(out, strings.TrimPrefix(d.Kind.String(), "DANGER_")+" "+d.Path+" "+d.Words)
	}
	return strings.Join(out, "\n")
}

func TestCompareDroppedPurposes(t *testing.T) {
	objected := func(names ...string) policy.Facts { return policy.Facts{Objected: names} }
	taken := func(f policy.Facts, name string, others ...string) policy.Facts {
		f.Taken = map[string][]string{name: others}
		return f
	}
	tests := []struct {
		name, previous, next string
		facts                policy.Facts
		want                 string
	}{
		{"dropped", "purposes: a, b\neu EEA a,b", "purposes: b\neu EEA b", objected("a"), "DROPS_PURPOSE purposes[0] a is dropped, people objected to it, and no other purpose replaces it or inherits its objections"},
		{"dropped that nobody objected to", "purposes: a, b\neu EEA a,b", "purposes: b\neu EEA b", objected("b"), ""},
		{"dropped, taken over before", "purposes: a, b\neu EEA a,b", "purposes: b\neu EEA b", taken(objected("a"), "b", "a"), ""},
		{"dropped, taken over by the active policy", "purposes: a, b INHERITS a\neu EEA a,b", "purposes: b\neu EEA b", objected("a"), ""},
		{"dropped with what it had replaced", "purposes: b REPLACES a, c\neu EEA b,c", "purposes: c\neu EEA c", objected("a"), "DROPS_PURPOSE purposes[0] b is dropped, objections to a count for it, and they would count for no other purpose"},
		{"dropped with what it had taken over through others, earlier", "purposes: b, c\neu EEA b,c", "purposes: c\neu EEA c", policy.Facts{Objected: []string{"older"}, Taken: map[string][]string{"b": {"old"}, "old": {"older"}}}, "DROPS_PURPOSE purposes[0] b is dropped, objections to older count for it, and they would count for no other purpose"},
		{"dropped with what it had replaced, which another took over", "purposes: b REPLACES a, c\neu EEA b,c", "purposes: c INHERITS b\neu EEA c", objected("a", "b"), ""},
		{"dropped with what is declared itself", "purposes: a, b REPLACES a\neu EEA a,b", "purposes: a\neu EEA a", objected("a"), ""},
		{"renamed back", "purposes: b REPLACES a\neu EEA b", "purposes: a INHERITS b\neu EEA a", objected("a", "b"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := told(t, tt.previous, tt.next, tt.facts); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestCompareStopsHonouring(t *testing.T) {
	const silenced = "STOPS_HONOURING regimes[1] rest gives objections no effect for "
	tests := []struct {
		name, previous, next string
		taken                map[string][]string
		want                 string
	}{
		{"nothing changes", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", nil, ""},
		{"the first policy", "", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", nil, silenced + "a, where objections have effect today, e.g. in AD"},
		{"a regime changes its treatment", "purposes: a\neu EEA a\nrest * a", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", nil, silenced + "a, where objections have effect today, e.g. in AD"},
		{"a country changes its regime", "purposes: a\neu EEA,CH a\nrest * a RECORD_ONLY", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", nil, silenced + "a, where objections have effect today, e.g. in CH"},
		{"a subdivision alone", "purposes: a\neu EEA,US-CA a\nrest * a RECORD_ONLY", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", nil, silenced + "a, where objections have effect today, e.g. in US-CA"},
		{"a country that nothing ruled", "purposes: a\neu EEA a\nrest US a RECORD_ONLY", "purposes: a\neu EEA a\nrest US,CA a RECORD_ONLY", nil, silenced + "a, where objections have effect today, e.g. in CA"},
		{"a new purpose", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", "purposes: a, b\neu EEA a,b\nrest * a,b RECORD_ONLY", nil, silenced + "b, where objections have effect today, e.g. in AD"},
		{"a purpose changes its regime, another does not", "purposes: a, b\neu EEA a,b\nrest * a RECORD_ONLY\nmore * b", "purposes: a, b\neu EEA a,b\nrest * a,b RECORD_ONLY", nil, silenced + "b, where objections have effect today, e.g. in AD"},
		{"a dropped purpose honoured, its heir does not", "purposes: a, b INHERITS a\neu EEA a,b\nrest * b RECORD_ONLY\nmore * a", "purposes: b\neu EEA b\nrest * b RECORD_ONLY", nil, silenced + "b, where objections have effect today, e.g. in AD"},
		{"a purpose that honours is inherited", "purposes: a, b\neu EEA a,b\nrest * b RECORD_ONLY\nmore * a", "purposes: a, b INHERITS a\neu EEA a,b\nrest * b RECORD_ONLY\nmore * a", nil, silenced + "b, where objections have effect today, e.g. in AD"},
		{"what honours stays beside its heir, unchanged", "purposes: a, b INHERITS a\neu EEA a,b\nrest * b RECORD_ONLY\nmore * a", "purposes: a, b\neu EEA a,b\nrest * b RECORD_ONLY\nmore * a", nil, ""},
		{"what was long dropped stays so", "purposes: b\neu EEA b\nrest * b RECORD_ONLY", "purposes: b\neu EEA b\nrest * b RECORD_ONLY", map[string][]string{"b": {"old"}}, ""},
		{"a regime is renamed", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", "purposes: a\neu EEA a\nworld * a RECORD_ONLY", nil, ""},
		{"a regime honours from now on", "purposes: a\neu EEA a\nrest * a RECORD_ONLY", "purposes: a\neu EEA a\nrest * a", nil, ""},
		{"a place is ruled no more", "purposes: a\neu EEA a\nrest * a", "purposes: a\neu EEA a", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := told(t, tt.previous, tt.next, policy.Facts{AnyObjection: true, Taken: tt.taken}); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := told(t, tt.previous, tt.next, policy.Facts{Taken: tt.taken}); got != "" {
				t.Errorf("nobody objected, and %s", got)
			}
		})
	}
}

func TestCompareSuspendedPurposes(t *testing.T) {
	const lost = "DROPS_REGIME regimes[0] eu is suspended, and the suspension would no longer stop anything there, e.g. in AT"
	whole := policy.Suspended{Suspension: &vetov1.Suspension{Regime: "eu"}}
	ofA := policy.Suspended{Suspension: &vetov1.Suspension{Regime: "eu", Purposes: []string{"a"}}}
	unresolved := policy.Suspended{Suspension: &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"GONE"}}}
	italy := policy.Suspended{Suspension: &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"SOUTH"}}, Places: []string{"IT"}}
	tests := []struct {
		name, previous, next string
		suspended            policy.Suspended
		want                 string
	}{
		{"a new name for the purpose, under the same regime", "purposes: a\neu EEA a", "purposes: b REPLACES a\neu EEA b", whole, ""},
		{"a new name for the suspended purpose, under the same regime", "purposes: a\neu EEA a", "purposes: b REPLACES a\neu EEA b", ofA, ""},
		{"a new name for the purpose, under a new regime", "purposes: a\neu EEA a", "purposes: b REPLACES a\neurope EEA b", ofA, lost},
		{"a new name for the purpose, under a new regime beside the old one", "purposes: a, c\neu EEA a,c", "purposes: b REPLACES a, c\neu EEA c\neurope EEA b", ofA, lost},
		{"an heir that went on beside it goes on", "purposes: a, b INHERITS a\neu EEA a\neurope EEA b", "purposes: a, b\neu EEA a\neurope EEA b", ofA, ""},
		{"an heir that went on beside it goes on, the purpose goes", "purposes: a, b INHERITS a\neu EEA a\neurope EEA b", "purposes: b\neurope EEA b", ofA, lost},
		{"an heir that was suspended with it leaves the regime", "purposes: a, b INHERITS a\neu EEA a,b", "purposes: a, b\neu EEA a\neurope EEA b", ofA, lost},
		{"another purpose leaves the regime", "purposes: a, c\neu EEA a,c", "purposes: a, c\neu EEA a\neurope EEA c", ofA, ""},
		{"nothing rules it, and the regime's name is kept", "purposes: a, c\neu EEA a,c", "purposes: a, c\neu EEA c", ofA, lost},
		{"nothing rules it, and the regime's name is gone", "purposes: a, c\neu EEA a\nmore EEA c", "purposes: a, c\nmore EEA c", ofA, lost},
		{"a suspension without its places stops everywhere", "purposes: a\neu EEA a", "purposes: a\neurope EEA a", unresolved, lost},
		{"a suspension stops the places that it was made for", "purposes: a\neu EEA a", "purposes: a\neu EEA a\nfrance FR a", italy, ""},
		{"and these alone are lost", "purposes: a\neu EEA a", "purposes: a\neu FR a\neurope EEA a", italy, strings.Replace(lost, "AT", "IT", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := told(t, tt.previous, tt.next, policy.Facts{Suspensions: []policy.Suspended{tt.suspended}}); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTakenOver(t *testing.T) {
	var taken map[string][]string
	for _, step := range []struct {
		purposes string
		want     map[string][]string
	}{
		{"a, b", map[string][]string{}},
		{"a, b INHERITS a", map[string][]string{"b": {"a"}}},
		{"b", map[string][]string{"b": {"a"}}},
		{"b, c REPLACES b UNRELATED old", map[string][]string{"b": {"a"}, "c": {"a", "b"}}},
		{"a REPLACES c", map[string][]string{"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}}, // in a circle
		{"c INHERITS older", map[string][]string{"a": {"b", "c", "older"}, "b": {"a", "c", "older"}, "c": {"a", "b", "older"}}},
	} {
		before := map[string][]string{}
		for name, others := range taken {
			before[name] = append([]string(nil), others...)
		}
		got := policy.TakenOver(document("purposes: "+step.purposes), taken)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("after %s: -want +got\n%s", step.purposes, diff)
		}
		if diff := cmp.Diff(before, taken); taken != nil && diff != "" {
			t.Errorf("after %s the earlier ones are others: -want +got\n%s", step.purposes, diff)
		}
		taken = got
	}
	if got := policy.TakenOver(nil, nil); len(got) != 0 {
		t.Errorf("no policy took over %v", got)
	}
}
