package policy_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy"
)

var names = []string{"a", "b", "c"}

// drawDocument is a policy of a few purposes, relations and regimes, which may not be sound.
func drawDocument(t *rapid.T) *vetov1.Policy {
	p := with()
	p.Purposes = nil
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID).Draw(t, "purposes") {
		p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: name, Title: "x"})
		for _, other := range names {
			if kind := rapid.SampledFrom([]string{"", "", "INHERITS", "UNRELATED", "UNRELATED"}).Draw(t, name+" to "+other); kind != "" && other != name {
				relate(p, len(p.Purposes)-1, other, kind)
			}
		}
	}
	places := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"EEA", "IT", "*", "RE", "CH"}), 1, 4, rapid.ID).Draw(t, "places")
	for i, place := range places {
		for j, purpose := range p.GetPurposes() {
			if rapid.SampledFrom([]bool{true, true, true, false}).Draw(t, "ruled") {
				r := regime(strings.ToLower(rapid.SampledFrom([]string{"eu", "rest"}).Draw(t, "regime"))+"-"+string(rune('0'+i))+string(rune('0'+j)), place)
				if j == 0 && rapid.Bool().Draw(t, "known name") {
					r.Name = []string{"one", "two", "three", "four"}[i]
				}
				r.Purposes = []string{purpose.GetName()}
				if rapid.Bool().Draw(t, "records only") {
					recordOnly(r)
				}
				p.Regimes = append(p.Regimes, r)
			}
		}
	}
	return p
}

// applied is a policy with what the gate makes of it.
type applied struct {
	policy *vetov1.Policy
	taken  map[string][]string
	view   *gate.View
}

func apply(p *vetov1.Policy, taken map[string][]string, list []policy.Suspended, objection standings.Objection) (applied, error) {
	compiled, err := policy.Compile(p, bits(names...), taken)
	if err != nil {
		return applied{}, err
	}
	b := standings.NewBuilder()
	b.Object(standings.Subjects, plainKeys{}.Subject("author"), objection)
	return applied{p, policy.TakenOver(p, taken), &gate.View{
		Policy: compiled, Suspensions: policy.Suspensions(list, bits(names...)), Standings: b.View(), Keys: plainKeys{},
	}}, nil
}

// reason decides for a post of the objector's. Empty: the purpose is not declared.
func (a applied) reason(purpose, country string) string {
	ref, ok := a.view.Purpose(purpose)
	if !ok {
		return ""
	}
	var d gate.Decision
	a.view.Decide(post(country), ref, now, gate.Options{}, &d)
	return strings.TrimPrefix(d.Reason.String(), "REASON_")
}

// A change without a danger takes nothing away: what objections or suspensions kept out of a purpose is not let into it,
// nor into a purpose that took it over, unless that one had let it in before, beside it. The gate says so, not Compare.
func TestAChangeWithoutDangerTakesNothingAway(t *testing.T) {
	quiet, loud := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		places := []string{"IT", "DE", "FR-974", "US", "CH"}
		objection := standings.Objection{
			Country:  rapid.SampledFrom(append(places, "")).Draw(t, "filed under"),
			Purposes: rapid.SampledFrom([]standings.Purposes{1, 2, 4, standings.AllPurposes}).Draw(t, "objected"),
		}
		var list []policy.Suspended
		if rapid.Bool().Draw(t, "suspended") {
			list = append(list, policy.Suspended{Suspension: &vetov1.Suspension{
				Regime:   rapid.SampledFrom([]string{"one", "two"}).Draw(t, "regime"),
				Purposes: rapid.SliceOfN(rapid.SampledFrom(names), 0, 1).Draw(t, "of"),
			}, Places: rapid.SliceOfN(rapid.SampledFrom([]string{"IT", "RE", "US"}), 0, 2).Draw(t, "at")})
		}
		earlier, previous, next := drawDocument(t), drawDocument(t), drawDocument(t)
		if rapid.Bool().Draw(t, "a small change") && len(previous.GetRegimes()) > 0 {
			next = proto.CloneOf(previous)
			next.Regimes[0].Name = "four"
			recordOnly(next.Regimes[len(next.GetRegimes())-1])
		}
		before, err := apply(previous, policy.TakenOver(earlier, nil), list, objection)
		if err != nil {
			return // not sound
		}
		after, err := apply(next, before.taken, list, objection)
		if err != nil {
			return
		}
		dangers, err := policy.Compare(previous, next, policy.Facts{
			Declared: names, Objected: names, AnyObjection: true, Taken: policy.TakenOver(earlier, nil), Suspensions: list, Now: now,
		})
		if err != nil || len(dangers) > 0 {
			loud++
			return
		}
		quiet++
		for _, place := range places {
			for _, purpose := range names {
				kept := before.reason(purpose, place)
				if kept != "OBJECTED" && kept != "SUSPENDED" {
					continue
				}
				for _, heir := range names {
					took := heir == purpose || slices.Contains(after.taken[heir], purpose)
					if took && after.reason(heir, place) == "ELIGIBLE" && before.reason(heir, place) != "ELIGIBLE" {
						t.Fatalf("without a danger %s is let into %s in %s, and was %s for %s\nbefore %v\nafter %v", "a post", heir, place, kept, purpose, previous, next)
					}
				}
			}
		}
	})
	if quiet == 0 || loud == 0 {
		t.Errorf("%d changes without a danger, %d with one: the property holds nothing", quiet, loud)
	}
	t.Logf("%d changes without a danger, %d with one", quiet, loud)
}

// A policy that is applied again takes nothing away, whatever it says.
func TestNoChangeIsNoDanger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawDocument(t)
		taken := policy.TakenOver(drawDocument(t), nil)
		if policy.Validate(p) != nil {
			return
		}
		list := []policy.Suspended{{Suspension: &vetov1.Suspension{Regime: "one"}}, {Suspension: &vetov1.Suspension{Regime: "two", Purposes: []string{"a"}}, Places: []string{"IT"}}}
		dangers, err := policy.Compare(p, proto.CloneOf(p), policy.Facts{Declared: names, Objected: names, AnyObjection: true, Taken: taken, Suspensions: list, Now: now})
		if err != nil {
			return // it denies what was taken over
		}
		if len(dangers) > 0 {
			t.Fatalf("the same again: %+v\n%v", dangers, p)
		}
	})
}
