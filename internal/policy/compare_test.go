package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
)

func TestCompare(t *testing.T) {
	const dropsPurpose, dropsRegime = vetov1.Danger_DANGER_DROPS_PURPOSE, vetov1.Danger_DANGER_DROPS_REGIME
	europe := &vetov1.Suspension{Regime: "eu"}
	italy := &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"IT"}, Purposes: []string{training}}
	tests := []struct {
		name       string
		facts      policy.Facts
		change     func(p *vetov1.Policy) // of with(eu: EEA, rest: *)
		want       vetov1.Danger          // 0: none
		path, says string
	}{
		{"nothing changes", policy.Facts{Objected: []string{training}, AnyObjection: true, Suspensions: suspended(nil, europe)}, func(*vetov1.Policy) {}, 0, "", ""},

		{"purpose dropped that nobody objected to", policy.Facts{AnyObjection: true}, rename("next"), 0, "", ""},
		{"purpose replaced", policy.Facts{Objected: []string{training}}, func(p *vetov1.Policy) { rename("next")(p); relate(p, 0, training, "REPLACES") }, 0, "", ""},
		{"purpose inherited", policy.Facts{Objected: []string{training}}, func(p *vetov1.Policy) { rename("next")(p); relate(p, 0, training, "INHERITS") }, 0, "", ""},
		{"purpose dropped, said to be unrelated", policy.Facts{Objected: []string{training}}, func(p *vetov1.Policy) { rename("next")(p); relate(p, 0, training, "UNRELATED") }, dropsPurpose, "purposes[0]", "is dropped"},
		{"relation not repeated, which stands all the same", policy.Facts{Objected: []string{"old"}}, func(p *vetov1.Policy) { p.Purposes[0].Relations = nil }, 0, "", ""},

		{"suspended regime dropped", policy.Facts{Suspensions: suspended(nil, europe)}, func(p *vetov1.Policy) { p.Regimes = p.Regimes[1:] }, dropsRegime, "regimes[0]", "eu is suspended, and the suspension would no longer stop anything there, e.g. in AT"},
		{"suspended regime dropped with nothing in its place", policy.Facts{Suspensions: suspended(nil, europe)}, func(p *vetov1.Policy) { p.Regimes = []*vetov1.Regime{regime("us", "US")} }, dropsRegime, "regimes[0]", "is suspended"},
		{"suspended regime renamed", policy.Facts{Suspensions: suspended(nil, europe)}, func(p *vetov1.Policy) { p.Regimes[0].Name = "europe" }, dropsRegime, "regimes[0]", "is suspended"},
		{"a country taken out of a suspended regime", policy.Facts{Suspensions: suspended(nil, europe)}, func(p *vetov1.Policy) { p.Regimes = append(p.Regimes, regime("italy", "IT")) }, dropsRegime, "regimes[0]", "e.g. in IT"},
		{"a country taken out that is not stopped", policy.Facts{Suspensions: suspended(nil, italy)}, func(p *vetov1.Policy) { p.Regimes = append(p.Regimes, regime("france", "FR")) }, 0, "", ""},
		{"the stopped country taken out", policy.Facts{Suspensions: suspended(nil, italy)}, func(p *vetov1.Policy) { p.Regimes = append(p.Regimes, regime("italy", "IT")) }, dropsRegime, "regimes[0]", "e.g. in IT"},
		{"suspended regime ruled no more, its name kept", policy.Facts{Suspensions: suspended(nil, europe)}, func(p *vetov1.Policy) { p.Regimes = []*vetov1.Regime{regime("eu", "US")} }, dropsRegime, "regimes[0]", "e.g. in AT"},
		{"other people's objections have less effect", policy.Facts{AnyObjection: true}, func(p *vetov1.Policy) {
			p.Regimes[0].ThirdParties = vetov1.ThirdParties_THIRD_PARTIES_IGNORE
		}, vetov1.Danger_DANGER_STOPS_HONOURING, "regimes[0]", "eu gives objections of other people in an item less effect for generative-ai-training than today, e.g. in AT"},
		{"other people's objections have less effect, nobody objected", policy.Facts{}, func(p *vetov1.Policy) {
			p.Regimes[0].ThirdParties = vetov1.ThirdParties_THIRD_PARTIES_REDACT
		}, 0, "", ""},
		{"other people's objections have as much effect, in words", policy.Facts{AnyObjection: true}, func(p *vetov1.Policy) {
			p.Regimes[0].ThirdParties = vetov1.ThirdParties_THIRD_PARTIES_EXCLUDE
		}, 0, "", ""},

		{"honouring regime dropped, another rules", policy.Facts{AnyObjection: true}, func(p *vetov1.Policy) { p.Regimes = p.Regimes[1:] }, 0, "", ""},
		{"honouring regime dropped, none rules, which excludes", policy.Facts{AnyObjection: true}, func(p *vetov1.Policy) { p.Regimes = []*vetov1.Regime{regime("rest", "US")} }, 0, "", ""},
		{"honouring regime dropped, nobody objected", policy.Facts{}, func(p *vetov1.Policy) { p.Regimes = []*vetov1.Regime{regime("us", "US")} }, 0, "", ""},
		{"honouring regime gives objections no effect", policy.Facts{AnyObjection: true}, func(p *vetov1.Policy) { recordOnly(p.Regimes[0]) }, vetov1.Danger_DANGER_STOPS_HONOURING, "regimes[0]", "eu gives objections no effect for generative-ai-training, where objections have effect today, e.g. in AT"},
		{"honouring regime gives objections no effect, nobody objected", policy.Facts{}, func(p *vetov1.Policy) { recordOnly(p.Regimes[0]) }, 0, "", ""},

		{"notice too short", policy.Facts{}, func(p *vetov1.Policy) {
			p.Regimes[0].MinimumNotice = durationpb.New(48 * time.Hour)
			p.Regimes[0].Periods = []*vetov1.Period{{Start: stamp("2026-06-02T00:00:00Z"), NoticeGivenAt: stamp("2026-06-01T00:00:00Z")}}
		}, vetov1.Danger_DANGER_SHORT_NOTICE, "regimes[0].periods[0]", "eu starts 24h0m0s after its notice, and its minimum_notice is 48h0m0s"},
		{"notice long enough", policy.Facts{}, func(p *vetov1.Policy) {
			p.Regimes[0].MinimumNotice = durationpb.New(24 * time.Hour)
			p.Regimes[0].Periods = []*vetov1.Period{{Start: stamp("2026-06-02T00:00:00Z"), NoticeGivenAt: stamp("2026-06-01T00:00:00Z")}}
		}, 0, "", ""},
		{"notice that was too short before", policy.Facts{}, func(p *vetov1.Policy) { p.Regimes[0].MinimumNotice = durationpb.New(800000 * time.Hour) }, 0, "", ""},
		{"deadline moved into the past", policy.Facts{}, func(p *vetov1.Policy) {
			p.Regimes[0].Periods[0].ObjectionDeadline = stamp("2026-02-01T00:00:00Z")
		}, vetov1.Danger_DANGER_DEADLINE_IN_PAST, "regimes[0].periods[0].objection_deadline", "would be over"},
		{"deadline moved, still to come", policy.Facts{}, func(p *vetov1.Policy) {
			p.Regimes[0].Periods[0].ObjectionDeadline = stamp("2026-03-02T00:00:00Z")
		}, 0, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			previous := with(regime("eu", "EEA"), regime("rest", "*"))
			relate(previous, 0, "old", "INHERITS")
			previous.Regimes[0].Periods[0].ObjectionDeadline = stamp("2026-05-01T00:00:00Z")
			previous.Regimes[0].Periods[0].NoticeGivenAt = stamp("2025-04-14T00:00:00Z")
			next, _ := proto.Clone(previous).(*vetov1.Policy)
			tt.change(next)
			if err := policy.Validate(next); err != nil {
				t.Fatal(err)
			}
			tt.facts.Now = now
			tt.facts.Declared = append(tt.facts.Declared, training, "old")
			got, err := policy.Compare(previous, next, tt.facts)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == 0 {
				if len(got) != 0 {
					t.Errorf("got %+v, want no danger", got)
				}
				return
			}
			if len(got) != 1 || got[0].Kind != tt.want || got[0].Path != tt.path || !strings.Contains(got[0].Words, tt.says) {
				t.Errorf("got %+v, want %v at %s: … %s", got, tt.want, tt.path, tt.says)
			}
		})
	}
}

// rename gives the only purpose another name, throughout.
func rename(name string) func(p *vetov1.Policy) {
	return func(p *vetov1.Policy) {
		p.Purposes[0] = &vetov1.Purpose{Name: name, Title: "x"}
		for _, r := range p.Regimes {
			r.Purposes = []string{name}
		}
	}
}

func TestComparePurposes(t *testing.T) {
	many := make([]string, 31)
	for i := range many {
		many[i] = fmt.Sprintf("p%d", i)
	}
	tests := []struct {
		name   string
		facts  policy.Facts
		change func(p *vetov1.Policy)
		want   string // a part of the error; empty: none
	}{
		{"the first policy", policy.Facts{}, func(*vetov1.Policy) {}, ""},
		{"a new purpose that says nothing", policy.Facts{Declared: []string{"old"}, Objected: []string{"old"}}, func(*vetov1.Policy) {}, "purposes[0].relations: a new purpose, and people objected to old, or it is suspended: say whether it REPLACES"},
		{"a new purpose that says it of one of two", policy.Facts{Declared: []string{"old", "older"}, Objected: []string{"old", "older"}}, func(p *vetov1.Policy) { relate(p, 0, "old", "REPLACES") }, "objected to older"},
		{"a new purpose that says it of both", policy.Facts{Declared: []string{"old", "older"}, Objected: []string{"old", "older"}}, func(p *vetov1.Policy) {
			relate(p, 0, "old", "REPLACES")
			relate(p, 0, "older", "UNRELATED")
		}, ""},
		{"a new purpose that says it through another", policy.Facts{Declared: []string{"old", "older"}, Objected: []string{"old", "older"}}, func(p *vetov1.Policy) {
			p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: "old", Title: "x"})
			relate(p, 0, "old", "REPLACES")
			relate(p, 1, "older", "INHERITS")
		}, ""},
		{"a name that was declared before and dropped says nothing", policy.Facts{Declared: []string{"old", training}, Objected: []string{"old", training}}, func(*vetov1.Policy) {}, "objected to old"},
		{"a name that was declared before and dropped, and took over", policy.Facts{Declared: []string{"old", training}, Objected: []string{"old", training}, Taken: map[string][]string{training: {"old"}}}, func(*vetov1.Policy) {}, ""},
		{"nobody objected", policy.Facts{Declared: []string{"old"}}, func(*vetov1.Policy) {}, ""},
		{"a relation to what never was", policy.Facts{}, func(p *vetov1.Policy) { relate(p, 0, "old", "REPLACES") }, "purposes[0].relations[0].purpose: no purpose of this name"},
		{"what was taken over is denied", policy.Facts{Declared: []string{"old", training}, Taken: map[string][]string{training: {"old"}}}, func(p *vetov1.Policy) { relate(p, 0, "old", "UNRELATED") }, "purposes[0].relations[0].kind: said to be UNRELATED, and an earlier version took its objections over"},
		{"what was taken over through another is denied", policy.Facts{Declared: []string{"old", "older"}, Taken: map[string][]string{"old": {"older"}}}, func(p *vetov1.Policy) {
			relate(p, 0, "old", "REPLACES")
			relate(p, 0, "older", "UNRELATED")
		}, "purposes[0].relations[1].kind: said to be UNRELATED"},
		{"a new purpose that says it through what was taken over", policy.Facts{Declared: []string{"old", "older"}, Objected: []string{"older"}, Taken: map[string][]string{"old": {"older"}}}, func(p *vetov1.Policy) { relate(p, 0, "old", "INHERITS") }, ""},
		{"the 32nd purpose", policy.Facts{Declared: many}, func(*vetov1.Policy) {}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			next := with(regime("eu", "EEA"))
			tt.change(next)
			got, err := policy.Compare(nil, next, tt.facts)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if len(got) != 0 {
				t.Errorf("dangers %+v of a first policy", got)
			}
		})
	}
	t.Run("the 33rd purpose ever", func(t *testing.T) {
		if _, err := policy.Compare(nil, with(regime("eu", "EEA")), policy.Facts{Declared: append(slices.Clone(many), "p31")}); !errors.Is(err, policy.ErrPurposesExhausted) {
			t.Errorf("got %v, want ErrPurposesExhausted", err)
		}
	})
}

// TestCompareOfANameThatComesBack: what was objected to under a name that was dropped was honoured meanwhile, since nothing
// ruled it; coming back among those that record only takes that away.
func TestCompareOfANameThatComesBack(t *testing.T) {
	active := with(regime("eu", "EEA"))
	recordOnly(active.GetRegimes()[0])
	back, _ := proto.Clone(active).(*vetov1.Policy)
	back.Purposes = append(back.Purposes, &vetov1.Purpose{Name: "back", Title: "It comes back"})
	back.Regimes[0].Purposes = append(back.Regimes[0].Purposes, "back")
	relate(back, 1, training, "INHERITS")
	for name, c := range map[string]struct {
		declared []string
		danger   bool
	}{
		"a name that was declared before": {[]string{training, "back"}, true},
		"a new name of what records only": {[]string{training}, false},
	} {
		got, err := policy.Compare(active, back, policy.Facts{Declared: c.declared, AnyObjection: true, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if (len(got) == 1 && got[0].Kind == vetov1.Danger_DANGER_STOPS_HONOURING) != c.danger || len(got) > 1 {
			t.Errorf("%s: %+v, want a danger: %t", name, got, c.danger)
		}
	}
}

// TestCompareOfASuspendedPurposesNewName: a purpose is not freed by a name that says nothing of it.
func TestCompareOfASuspendedPurposesNewName(t *testing.T) {
	active := with(regime("eu", "EEA"))
	next, _ := proto.Clone(active).(*vetov1.Policy)
	next.Purposes[0].Name, next.Regimes[0].Purposes = "other", []string{"other"}
	for name, s := range map[string]*vetov1.Suspension{
		"the purpose is suspended":    {Regime: "eu", Purposes: []string{training}},
		"the whole regime is stopped": {Regime: "eu"},
	} {
		facts := policy.Facts{Declared: []string{training}, Suspensions: []policy.Suspended{{Suspension: s}}, Now: now}
		_, err := policy.Compare(active, next, facts)
		if err == nil || !strings.Contains(err.Error(), "purposes[0].relations") {
			t.Errorf("%s: %v, want a fault of the new purpose's relations", name, err)
		}
		said, _ := proto.Clone(next).(*vetov1.Policy)
		relate(said, 0, training, "REPLACES")
		if got, err := policy.Compare(active, said, facts); err != nil || len(got) != 0 {
			t.Errorf("%s, and the new name says so: %+v, %v", name, got, err)
		}
	}
}
