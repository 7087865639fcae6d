package policy_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy"
)

const training = "generative-ai-training"

// replayed is a row of replay.jsonl.
type replayed struct {
	Case       string    `json:"case"`
	Controller string    `json:"controller"`
	Purpose    string    `json:"purpose"`
	At         time.Time `json:"at"`
	Item       struct {
		Country             string `json:"country"`
		Kind                string `json:"kind"`
		Visibility          string `json:"visibility"`
		AuthorAge           int32  `json:"author_age"`
		AuthorAgeAtCreation int32  `json:"author_age_at_creation"`
	} `json:"item"`
	ObjectedAt      *time.Time `json:"objected_at"`
	ObjectedCountry string     `json:"objected_country"`
	Expected        verdict    `json:"expected"`
}

// verdict is what is compared.
type verdict struct {
	Outcome        string `json:"outcome"`
	Reason         string `json:"reason"`
	Regime         string `json:"regime"`
	BeforeDeadline *bool  `json:"before_deadline"`
}

// happening is a row of policy_events.csv.
type happening struct {
	at         time.Time
	controller string
	fields     map[string]string
}

// TestReplayOfTheCase decides every row of the real case with the policy and the suspensions that stood at its time.
func TestReplayOfTheCase(t *testing.T) {
	events := happenings(t)
	rows := replayRows(t)
	same := 0
	for _, row := range rows {
		t.Run(row.Case, func(t *testing.T) {
			got := replay(t, row, events)
			if diff := cmp.Diff(row.Expected, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
				return
			}
			same++
		})
	}
	t.Logf("replayed %d of %d", same, len(rows))
	if len(rows) != 126 {
		t.Errorf("%d rows, want 126", len(rows))
	}
}

// TestReplayWithTheExample decides the rows of the real case after the start in Europe with examples/policies/meta.yaml: one document that tells the whole story.
func TestReplayWithTheExample(t *testing.T) {
	p := parse(t, string(read(t, examples, "meta.yaml")))
	from := time.Date(2025, 5, 27, 0, 0, 0, 0, time.UTC)
	count := 0
	for _, row := range replayRows(t) {
		if row.Controller != "meta" || row.At.Before(from) {
			continue
		}
		count++
		t.Run(row.Case, func(t *testing.T) {
			got := decide(t, row, p, nil)
			want := row.Expected
			want.BeforeDeadline = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	if count != 48 {
		t.Errorf("%d rows fall into the time of the example, want 48", count)
	}
}

// replay decides one row, and says whether its objection came before the deadline.
func replay(t *testing.T, row replayed, events []happening) verdict {
	t.Helper()
	p, suspensions := standing(t, events, row.Controller, row.At)
	got := decide(t, row, p, suspensions)
	if row.ObjectedAt == nil || row.ObjectedCountry == "" || got.Reason == "NO_POLICY" || got.Reason == "NO_REGIME" || got.Reason == "PRIVATE_MESSAGE" {
		return got // no objection, no country, or a decision that needs no regime
	}
	then, _ := standing(t, events, row.Controller, *row.ObjectedAt)
	if deadline, ok := policy.Deadline(then, row.ObjectedCountry, row.Purpose, *row.ObjectedAt); ok {
		before := row.ObjectedAt.Before(deadline)
		got.BeforeDeadline = &before
	}
	return got
}

// decide runs the gate. A policy of nil is none.
func decide(t *testing.T, row replayed, p *vetov1.Policy, suspensions []policy.Suspended) verdict {
	t.Helper()
	view := &gate.View{Keys: plainKeys{}}
	b := standings.NewBuilder()
	if row.ObjectedAt != nil && !row.ObjectedAt.After(row.At) {
		b.Object(standings.Subjects, plainKeys{}.Subject("author"), standings.Objection{Country: row.ObjectedCountry, Purposes: standings.AllPurposes})
	}
	view.Standings = b.View()
	if p != nil {
		compiled, err := policy.Compile(p, bits(training), nil)
		if err != nil {
			t.Fatal(err)
		}
		view.Policy = compiled
		view.Suspensions = policy.Suspensions(suspensions, bits(training))
	}
	purpose, ok := view.Purpose(row.Purpose)
	if !ok {
		t.Fatalf("purpose %s is not declared", row.Purpose)
	}
	var d gate.Decision
	view.Decide(&gate.Item{
		ID: "item", AuthorID: "author", Country: row.Item.Country,
		Kind:       vetov1.ItemKind(vetov1.ItemKind_value["ITEM_KIND_"+row.Item.Kind]),
		Visibility: vetov1.Visibility(vetov1.Visibility_value["VISIBILITY_"+row.Item.Visibility]),
		AuthorAge:  row.Item.AuthorAge, AuthorAgeAtCreation: row.Item.AuthorAgeAtCreation,
	}, purpose, row.At, gate.Options{}, &d)
	return verdict{
		Outcome: strings.TrimPrefix(gate.Outcome(d.Reason).String(), "OUTCOME_"),
		Reason:  strings.TrimPrefix(d.Reason.String(), "REASON_"),
		Regime:  d.Regime,
	}
}

// standing applies a controller's events up to an instant. Nil: nothing was applied yet.
func standing(t *testing.T, events []happening, controller string, at time.Time) (*vetov1.Policy, []policy.Suspended) {
	t.Helper()
	p := &vetov1.Policy{
		Controller: &vetov1.Controller{Name: controller},
		Purposes:   []*vetov1.Purpose{{Name: training, Title: "Training of generative AI models"}},
	}
	var suspensions []policy.Suspended
	for _, e := range events {
		if e.controller != controller || e.at.After(at) {
			continue
		}
		switch name := e.fields["regime"]; e.fields["action"] {
		case "apply":
			r := regimeOf(t, e)
			replaced := false
			for i, old := range p.Regimes {
				if old.GetName() == name {
					p.Regimes[i], replaced = r, true
				}
			}
			if !replaced {
				p.Regimes = append(p.Regimes, r)
			}
		case "suspend":
			suspensions = append(suspensions, suspended(p, &vetov1.Suspension{Regime: name, Jurisdictions: strings.Fields(e.fields["jurisdictions"]), SuspendedAt: timestamppb.New(e.at)})...)
		case "resume":
			var kept []policy.Suspended
			for _, s := range suspensions {
				if s.Suspension.GetRegime() != name {
					kept = append(kept, s)
				}
			}
			suspensions = kept
		default:
			t.Fatalf("unknown action %q", e.fields["action"])
		}
	}
	if len(p.GetRegimes()) == 0 {
		return nil, suspensions
	}
	return p, suspensions
}

// regimeOf is the regime that an event applies.
func regimeOf(t *testing.T, e happening) *vetov1.Regime {
	t.Helper()
	age := int32(18)
	if e.fields["minimum_age"] != "18" {
		t.Fatalf("minimum_age %q", e.fields["minimum_age"])
	}
	content := &vetov1.ContentRule{}
	for _, k := range strings.Fields(e.fields["kinds"]) {
		content.Kinds = append(content.Kinds, vetov1.ItemKind(vetov1.ItemKind_value["ITEM_KIND_"+k]))
	}
	for _, v := range strings.Fields(e.fields["visibilities"]) {
		content.Visibilities = append(content.Visibilities, vetov1.Visibility(vetov1.Visibility_value["VISIBILITY_"+v]))
	}
	period := &vetov1.Period{Start: timestamppb.New(instant(t, e.fields["start"]))}
	if d := e.fields["deadline"]; d != "" {
		period.ObjectionDeadline = timestamppb.New(instant(t, d))
	}
	r := &vetov1.Regime{
		Name: e.fields["regime"], Jurisdictions: strings.Fields(e.fields["jurisdictions"]), Purposes: []string{training},
		LegalBasis: vetov1.LegalBasis(vetov1.LegalBasis_value["LEGAL_BASIS_"+e.fields["legal_basis"]]),
		Objections: vetov1.ObjectionTreatment(vetov1.ObjectionTreatment_value["OBJECTION_TREATMENT_"+e.fields["objections"]]),
		UnknownAge: vetov1.UnknownTreatment(vetov1.UnknownTreatment_value["UNKNOWN_TREATMENT_"+e.fields["unknown_age"]]),
		Periods:    []*vetov1.Period{period}, Content: []*vetov1.ContentRule{content}, MinimumAge: &age,
	}
	if r.GetObjections() == vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY {
		r.ObjectionsGround = e.fields["note"]
	}
	return r
}

func happenings(t *testing.T) []happening {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(read(t, shared, "case", "policy_events.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []happening
	for _, row := range rows[1:] {
		fields := map[string]string{}
		for i, name := range rows[0] {
			fields[name] = row[i]
		}
		out = append(out, happening{at: instant(t, fields["at"]), controller: fields["controller"], fields: fields})
	}
	if len(out) != 31 {
		t.Fatalf("%d policy events, want 31", len(out))
	}
	return out
}

func replayRows(t *testing.T) []replayed {
	t.Helper()
	var out []replayed
	lines := bufio.NewScanner(bytes.NewReader(read(t, shared, "case", "replay.jsonl")))
	for lines.Scan() {
		var row replayed
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// plainKeys stands for the keyed hashes: tests of rules need no secret.
type plainKeys struct{}

func (plainKeys) Subject(id string) standings.Key      { return key("s", id) }
func (plainKeys) Item(id string) standings.Key         { return key("i", id) }
func (plainKeys) ContentKey(text string) standings.Key { return key("c", text) }

func key(table, id string) (k standings.Key) {
	copy(k[:], table+id)
	return k
}
