package gate_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/golden"
)

// What is told about a decision reads as it was approved.
func TestExplainWords(t *testing.T) {
	r := rules()
	r.Regimes[0].Periods[0].End = noon.AddDate(1, 0, 0)
	r.Regimes[0].MinimumItemAge = 36 * time.Hour
	r.Regimes[2].Condition = fixedCondition{holds: true}
	r.Regimes[3].Periods = nil
	tagged := func(ids ...string) (list []gate.OtherSubject) {
		for _, id := range ids {
			list = append(list, gate.OtherSubject{SubjectID: id, Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED})
		}
		return list
	}
	v := view(t, r, func(b *standings.Builder) {
		author, item := keyer{}.Subject("objector"), keyer{}.Item("changed")
		b.Object(standings.Subjects, author, standings.Objection{Country: "DE", Purposes: 1})
		b.Object(standings.Subjects, author, standings.Objection{Purposes: 1})
		b.Object(standings.Subjects, keyer{}.Subject("aq-objector"), standings.Objection{Country: "AQ", Purposes: 1})
		b.Object(standings.Subjects, keyer{}.Subject("stateless"), standings.Objection{Purposes: 1})
		b.Object(standings.Subjects, keyer{}.Subject("us-objector"), standings.Objection{Country: "US", Purposes: 1})
		b.Erase(keyer{}.Subject("erased"), noon.UnixNano())
		b.Erase(keyer{}.Subject("gone"), standings.Always)
		b.Consent(keyer{}.Subject("consenting"), 1)
		b.Withhold(item, standings.Always)
		b.EraseItem(item)
		b.Object(standings.Items, item, standings.Objection{Country: "FR", Purposes: 1})
		b.Object(standings.ContentKeys, keyer{}.ContentKey("sha256:1"), standings.Objection{Country: "DE", Purposes: 1})
	})
	v.Suspensions = gate.NewSuspensions([]gate.Suspension{{Regime: "eu", Jurisdictions: []string{"IT"}, Purposes: 1}})
	tests := []struct {
		name      string
		item      func(*gate.Item)
		now       time.Time
		unmasking bool // the caller cannot mask anybody
	}{
		{name: "nothing speaks against it", item: func(*gate.Item) {}},
		{name: "unreadable", item: func(i *gate.Item) { i.Country = "de" }},
		{name: "a kind without a name", item: func(i *gate.Item) { i.Kind = 0 }},
		{name: "a visibility without a name", item: func(i *gate.Item) { i.Visibility = 99 }},
		{name: "a role without a name", item: func(i *gate.Item) { i.Subjects = []gate.OtherSubject{{SubjectID: "a-friend"}} }},
		{name: "no country", item: func(i *gate.Item) { i.Country = "" }},
		{name: "unassigned", item: func(i *gate.Item) { i.Country = "XX" }},
		{name: "not ruled, but erased", item: func(i *gate.Item) { i.Country, i.AuthorID = "AQ", "gone" }},
		{name: "private message of an objector", item: func(i *gate.Item) { i.Kind, i.AuthorID = vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE, "objector" }},
		{name: "words to an assistant", item: func(i *gate.Item) { i.Kind = vetov1.ItemKind_ITEM_KIND_AI_INTERACTION }},
		{name: "prohibited", item: func(i *gate.Item) { i.Country = "CN" }},
		{name: "suspended", item: func(i *gate.Item) { i.Country = "IT" }},
		{name: "not started", item: func(*gate.Item) {}, now: noon.AddDate(-1, 0, 0)},
		{name: "ended", item: func(*gate.Item) {}, now: noon.AddDate(2, 0, 0)},
		{name: "a label, a visibility, a child then", item: func(i *gate.Item) {
			i.Labels, i.Visibility, i.AuthorAgeAtCreation = []string{"health"}, vetov1.Visibility_VISIBILITY_GROUP, 12
		}},
		{name: "a child now", item: func(i *gate.Item) { i.AuthorAge = 12 }},
		{name: "age unknown", item: func(i *gate.Item) { i.AuthorAge = 0 }},
		{name: "erased and objected", item: func(i *gate.Item) { i.AuthorID, i.ID, i.ContentKeys = "erased", "changed", []string{"sha256:1"} }},
		{name: "objected", item: func(i *gate.Item) { i.AuthorID = "objector" }},
		{name: "objected without effect", item: func(i *gate.Item) { i.AuthorID, i.Country = "us-objector", "US" }},
		{name: "objected where it has an effect", item: func(i *gate.Item) { i.AuthorID, i.Country = "objector", "US" }},
		{name: "objected where nothing is ruled", item: func(i *gate.Item) { i.AuthorID, i.Country = "aq-objector", "US" }},
		{name: "objected without a country", item: func(i *gate.Item) { i.AuthorID, i.Country = "stateless", "US" }},
		{name: "no consent, too recent, not told, signals", item: func(i *gate.Item) {
			i.Country, i.CreatedAt, i.Signals = "KR", noon, gate.Signals{Robots: "noai", ContentUsage: "train-ai"}
		}},
		{name: "consent, told, of unknown age, an unreadable signal", item: func(i *gate.Item) {
			i.Country, i.AuthorID, i.CreatedAt, i.AuthorNotifiedAt, i.Signals.Other = "KR", "consenting", time.Time{}, noon, []string{"noml"}
		}},
		{name: "consent and old enough", item: func(i *gate.Item) { i.Country, i.AuthorID, i.AuthorNotifiedAt = "KR", "consenting", noon }},
		{name: "masked", item: func(i *gate.Item) { i.Subjects = tagged("a-friend", "objector") }},
		{name: "masked, but nobody can", item: func(i *gate.Item) { i.Subjects = tagged("a-friend", "objector", "gone") }, unmasking: true},
		{name: "nothing left to mask", item: func(i *gate.Item) {
			i.Subjects = append(tagged("objector"), gate.OtherSubject{SubjectID: "gone", Role: vetov1.SubjectRole_SUBJECT_ROLE_ORIGINAL_AUTHOR})
		}},
		{name: "third party of a strict regime", item: func(i *gate.Item) { i.Country, i.Subjects = "KR", tagged("objector") }},
	}
	var out bytes.Buffer
	seen := map[string]bool{} // what stands above already is left out, but for the check that decided
	for _, tt := range tests {
		item, now := post(), noon
		tt.item(&item)
		if !tt.now.IsZero() {
			now = tt.now
		}
		o := gate.Options{AcceptRedactions: !tt.unmasking}
		e := v.Explain(&item, purpose(t, v, training), now, o)
		var d gate.Decision
		v.Decide(&item, purpose(t, v, training), now, o, &d)
		if fault := disagreement(&d, e); fault != "" {
			t.Errorf("%s: %s", tt.name, fault)
		}
		fmt.Fprintf(&out, "# %s\n%s\n", tt.name, e.Words)
		for _, c := range e.Checks {
			mark := " "
			if c.Decided {
				mark = ">"
			}
			result := strings.TrimPrefix(c.Result.String(), "CHECK_RESULT_")
			reason := strings.TrimPrefix(c.Reason.String(), "REASON_")
			if c.Reason == 0 {
				reason = "-"
			}
			if !c.Decided && seen[c.Name+c.Words] {
				continue
			}
			seen[c.Name+c.Words] = true
			fmt.Fprintf(&out, "%s %-16s %-7s %-17s %s\n", mark, c.Name, result, reason, c.Words)
		}
		fmt.Fprintln(&out)
	}
	golden.Check(t, "explain.golden", out.Bytes())
}

// Without a policy nothing is tried, and the words say so.
func TestExplainWithoutPolicy(t *testing.T) {
	v, item := &gate.View{}, post()
	e := v.Explain(&item, gate.PurposeRef{}, noon, gate.Options{})
	if want := "Excluded: NO_POLICY. No policy is active."; e.Words != want {
		t.Errorf("words %q, want %q", e.Words, want)
	}
	for i, c := range e.Checks {
		want := vetov1.CheckResult_CHECK_RESULT_SKIPPED
		if i == 0 {
			want = vetov1.CheckResult_CHECK_RESULT_FAIL
		}
		if c.Result != want {
			t.Errorf("check %s: %v, want %v", c.Name, c.Result, want)
		}
	}
}
