package gate_test

import (
	"fmt"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// exampleView rules Germany, where one person has objected.
func exampleView() *gate.View {
	policy, err := gate.NewPolicy(gate.Rules{
		Version:  1,
		Purposes: []gate.Purpose{{Name: "generative-ai-training", Bit: 0, Objections: standings.Purpose(0)}},
		Regimes: []gate.Regime{{
			Name:       "eu",
			LegalBasis: vetov1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS,
			Periods:    []gate.Period{{Start: time.Date(2025, 5, 27, 0, 0, 0, 0, time.UTC)}},
			Content: map[vetov1.ItemKind]gate.Visibilities{
				vetov1.ItemKind_ITEM_KIND_POST: gate.VisibilitySet(vetov1.Visibility_VISIBILITY_PUBLIC),
			},
		}},
		Places: map[string]gate.Place{
			"DE": {Chain: []string{"DE"}, Rulings: []gate.Ruling{{Regime: 0, Purposes: standings.Purpose(0)}}},
		},
		CheckID:      checkID,
		CheckSubject: checkID,
	})
	if err != nil {
		panic(err)
	}
	people := standings.NewBuilder()
	people.Object(standings.Subjects, keyer{}.Subject("u2"), standings.Objection{Country: "DE", Purposes: standings.AllPurposes})
	return &gate.View{Revision: 3, Policy: policy, Standings: people.View(), Keys: keyer{}}
}

func ExampleView_Decide() {
	view := exampleView()
	purpose, declared := view.Purpose("generative-ai-training")
	if !declared {
		return
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var decision gate.Decision // one for all items
	for _, author := range []string{"u1", "u2", ""} {
		item := gate.Item{
			ID:         "i1",
			Kind:       vetov1.ItemKind_ITEM_KIND_POST,
			Visibility: vetov1.Visibility_VISIBILITY_PUBLIC,
			AuthorID:   author,
			Country:    "DE",
		}
		view.Decide(&item, purpose, now, gate.Options{}, &decision)
		fmt.Printf("%v %v %q\n", gate.Outcome(decision.Reason), decision.Reason, decision.Violation.Field)
	}
	// Output:
	// OUTCOME_INCLUDE REASON_ELIGIBLE ""
	// OUTCOME_EXCLUDE REASON_OBJECTED ""
	// OUTCOME_INVALID REASON_INVALID "author_id"
}

func ExampleView_Explain() {
	view := exampleView()
	purpose, _ := view.Purpose("generative-ai-training")
	item := gate.Item{
		ID:         "i1",
		Kind:       vetov1.ItemKind_ITEM_KIND_POST,
		Visibility: vetov1.Visibility_VISIBILITY_PUBLIC,
		AuthorID:   "u2",
		Country:    "DE",
	}
	e := view.Explain(&item, purpose, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), gate.Options{})
	fmt.Println(e.Words)
	// Output:
	// Excluded: OBJECTED. An objection of the author is on record for generative-ai-training, filed with the country DE. Decided by policy version 1 at revision 3, its dates read at 2026-01-01T00:00:00Z.
}

func ExampleView_Effect() {
	view := exampleView()
	purpose, _ := view.Purpose("generative-ai-training")
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	standing, _ := view.Standings.Subject(keyer{}.Subject("u2"))
	fmt.Println(view.Effect(standing, purpose, "DE", now))
	fmt.Println(view.Effect(standing, purpose, "FR", now))
	// Output:
	// REASON_OBJECTED eu
	// REASON_NO_REGIME
}

func ExamplePolicy_Reads() {
	view := exampleView()
	purpose, _ := view.Purpose("generative-ai-training")
	for _, read := range view.Policy.Reads(purpose) {
		fmt.Println(read.Field, read.Regimes)
	}
	// Output:
	// item_id []
	// kind []
	// visibility []
	// author_id []
	// subjects [eu]
	// country []
	// content_keys [eu]
	// signals [eu]
}
