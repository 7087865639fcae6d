package policy_test

import (
	"fmt"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy"
)

func ExampleValidate() {
	fmt.Println(policy.Validate(with(regime("one", "DE"), regime("two", "DE-BY", "DE"))))
	// Output: check policy: regimes[1].jurisdictions[1]: regimes[0] (one) and regimes[1] (two) both rule DE (Germany) for generative-ai-training, each through a country; let one of them name it more nearly, or no longer
}

func ExampleCompare() {
	previous, next := with(regime("eu", "EEA")), with(regime("europe", "EEA"))
	dangers, err := policy.Compare(previous, next, policy.Facts{
		Declared:    []string{"generative-ai-training"},
		Suspensions: []policy.Suspended{{Suspension: &vetov1.Suspension{Regime: "eu"}}},
		Now:         time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range dangers {
		fmt.Println(d.Kind, d.Path, d.Words)
	}
	// Output: DANGER_DROPS_REGIME regimes[0] eu is suspended, and the suspension would no longer stop anything there, e.g. in AT
}

func ExampleSuspensions() {
	p := with(regime("eu", "EEA"))
	bits := func(string) (uint8, bool) { return 0, true }
	compiled, err := policy.Compile(p, bits, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	view := &gate.View{
		Policy: compiled, Standings: standings.NewBuilder().View(), Keys: plainKeys{},
		Suspensions: policy.Suspensions([]policy.Suspended{{
			Suspension: &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"FR-974"}}, Places: []string{"RE"},
		}}, bits),
	}
	purpose, _ := view.Purpose("generative-ai-training")
	for _, country := range []string{"RE", "FR"} {
		var d gate.Decision
		view.Decide(post(country), purpose, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), gate.Options{}, &d)
		fmt.Println(country, d.Reason)
	}
	// Output:
	// RE REASON_SUSPENDED
	// FR REASON_ELIGIBLE
}

func ExamplePlacesOf() {
	p := with(regime("eu", "EEA"))
	p.Groups = []*vetov1.Group{{Name: "IBERIA", Members: []string{"ES", "PT"}}}
	fmt.Println(policy.PlacesOf(p, []string{"IBERIA", "FR-974"}, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	// Output: [ES PT RE]
}

func ExampleTakenOver() {
	var taken map[string][]string // no policy yet
	for _, p := range []*vetov1.Policy{
		document("purposes: a, b REPLACES a"),
		document("purposes: b"), // what stands need not be repeated
		document("purposes: c INHERITS b"),
	} {
		taken = policy.TakenOver(p, taken)
	}
	fmt.Println(taken)
	// Output: map[b:[a] c:[a b]]
}

func ExampleDecode() {
	_, err := policy.Decode([]byte("regimes: [{name: a, minimum_age: 010}]"))
	fmt.Println(err)
	p, err := policy.Decode([]byte("regimes: [{name: a, minimum_age: 90}]")) // which Parse refuses
	fmt.Println(p.GetRegimes()[0].GetMinimumAge(), err)
	// Output:
	// check policy: line 1, column 34: regimes[0].minimum_age: not a whole number in its one spelling; write it in decimal digits, without quotes, plus, leading zeros or underscores
	// 90 <nil>
}

func ExampleCheckSuspension() {
	fmt.Println(policy.CheckSuspension(with(regime("eu", "EEA")), "eu", []string{"UK"}, nil, time.Now()))
	// Output: check policy: jurisdictions[0]: not the ISO code; use GB
}

func ExampleRuler() {
	p := with(regime("eu", "EEA"), regime("rest", "*"))
	for _, place := range []string{"FR-974", "NO-21"} { // Réunion is in the EU, Svalbard outside the EEA
		name, _ := policy.Ruler(p, place, "generative-ai-training", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		fmt.Println(place, name)
	}
	// Output:
	// FR-974 eu
	// NO-21 rest
}

func ExampleEtag() {
	p := with(regime("eu", "EEA"))
	one, err := policy.Etag(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	p.Version = 7
	two, err := policy.Etag(p)
	fmt.Println(one == two, err)
	// Output: true <nil>
}

func ExampleSubjectRule() {
	rule := policy.SubjectRule(&vetov1.SubjectIds{Pattern: "[a-z0-9]+", Placeholders: []string{"username"}})
	fmt.Printf("%q\n%q\n", rule("anna7"), rule("Username"))
	// Output:
	// ""
	// "a placeholder from a form, not an id; give the account's own id"
}
