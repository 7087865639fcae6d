package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
)

// unshown are characters that people do not see, or see where they do not stand.
var unshown = map[string]string{
	"NUL": "\x00", "bell": "\x07", "escape": "\x1b", "carriage return": "\r", "vertical tab": "\v", "form feed": "\f", "delete": "\x7f", "next line": "\u0085", "C1": "\u009b",
	"right-to-left override": "\u202e", "left-to-right mark": "\u200e", "Arabic letter mark": "\u061c", "isolate": "\u2066", "tag": "\U000e0041", "cancel tag": "\U000e007f",
}

// TestTextsHoldWhatPeopleSee: the texts of a policy reach notices and terminals. One that would read there in another way
// than it was written is refused, wherever it stands.
func TestTextsHoldWhatPeopleSee(t *testing.T) {
	for path, set := range map[string]func(p *vetov1.Policy, text string){
		"controller.name":                     func(p *vetov1.Policy, text string) { p.Controller.Name = text },
		"controller.contact":                  func(p *vetov1.Policy, text string) { p.Controller.Contact = text },
		"controller.dpo_contact":              func(p *vetov1.Policy, text string) { p.Controller.DpoContact = text },
		"subject_ids.placeholders[1]":         func(p *vetov1.Policy, text string) { p.SubjectIds.Placeholders[1] = text },
		"subject_ids.pattern":                 func(p *vetov1.Policy, text string) { p.SubjectIds.Pattern = text },
		"purposes[0].title":                   func(p *vetov1.Policy, text string) { p.Purposes[0].Title = text },
		"purposes[1].relations[0].ground":     func(p *vetov1.Policy, text string) { p.Purposes[1].Relations[0].Ground = text },
		"regimes[0].objections_ground":        func(p *vetov1.Policy, text string) { p.Regimes[0].ObjectionsGround = text },
		"regimes[0].signals_ground":           func(p *vetov1.Policy, text string) { p.Regimes[0].SignalsGround = text },
		"regimes[0].excluded_labels[0].label": func(p *vetov1.Policy, text string) { p.Regimes[0].ExcludedLabels[0].Label = text },
		"regimes[0].excluded_labels[0].words": func(p *vetov1.Policy, text string) { p.Regimes[0].ExcludedLabels[0].Words = text },
		"legitimate_interest":                 func(p *vetov1.Policy, text string) { p.LegitimateInterest = text },
		"recipients[0]":                       func(p *vetov1.Policy, text string) { p.Recipients[0] = text },
		"transfers[0]":                        func(p *vetov1.Policy, text string) { p.Transfers[0] = text },
		"retention":                           func(p *vetov1.Policy, text string) { p.Retention = text },
		"sources[0]":                          func(p *vetov1.Policy, text string) { p.Sources[0] = text },
		"assessments[0].title":                func(p *vetov1.Policy, text string) { p.Assessments[0].Title = text },
		"assessments[0].reference":            func(p *vetov1.Policy, text string) { p.Assessments[0].Reference = text },
		"regimes[0].name":                     func(p *vetov1.Policy, text string) { p.Regimes[0].Name = text },
	} {
		for name, character := range unshown {
			p := parse(t, sound)
			set(p, "a"+character+"b")
			f := faultOf(t, p)
			if f.Path != path || path != "regimes[0].name" && !strings.Contains(f.Message, "a control, bidirectional or tag character") {
				t.Errorf("%s with %s: %v", path, name, f)
			}
		}
		p := parse(t, sound)
		set(p, "a\n\tb, 東京, Zoë\u200d")
		if err := policy.Validate(p); err != nil && path != "regimes[0].name" {
			t.Errorf("%s with line break and tab: %v", path, err)
		}
	}
}

// faultOf is the fault of a policy that must have one, and no other.
func faultOf(t *testing.T, p *vetov1.Policy) policy.Fault {
	t.Helper()
	faults := faultsOf(t, string(policy.Format(p)))
	if len(faults) != 1 {
		t.Fatalf("%d faults, want 1: %v", len(faults), faults)
	}
	err := policy.Validate(p)
	if err == nil || !strings.Contains(err.Error(), faults[0].Message) {
		t.Errorf("as a message: %v, want as in the document: %v", err, faults[0])
	}
	return faults[0]
}

// TestEveryElementOfAListIsSearched names each text that is at fault, and no other.
func TestEveryElementOfAListIsSearched(t *testing.T) {
	p := parse(t, sound)
	p.Recipients = slices.Repeat([]string{"a\x1b[2J"}, 3)
	p.Sources = []string{"fine", "a\u202e"}
	p.Recipients[1] = "fine"
	var got []string
	for _, f := range faultsOf(t, string(policy.Format(p))) {
		got = append(got, f.Path)
	}
	if diff := cmp.Diff([]string{"recipients[0]", "recipients[2]", "sources[1]"}, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}
