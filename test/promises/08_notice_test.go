package promises_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/policy"
)

// TestTheDocumentThatIsHandedOutIsTheOneThatDecides applies one policy after the other, of which each decides otherwise. What GetPolicy hands out
// is each time the very text that was applied, under the version that decisions name, and compiled by itself it decides as the server does.
// Notices are made from that, so that what people are told cannot be another policy.
func TestTheDocumentThatIsHandedOutIsTheOneThatDecides(t *testing.T) {
	p := start(t, settings{})
	documents := []string{
		rules,
		"# the same rules, and another text\n" + rules,
		strings.Replace(rules, "kinds: [POST, COMMENT, PHOTO, AI_INTERACTION]", "kinds: [COMMENT]", 1),
		strings.ReplaceAll(rules, "minimum_age: 0", "minimum_age: 18"),
		strings.Replace(rules, "jurisdictions: [EEA]", "jurisdictions: [EEA, KE, CH]", 1),
		strings.Replace(rules, "third_parties: REDACT", "third_parties: EXCLUDE", 1),
		rules,
	}
	told := map[string]bool{}
	for n, document := range documents {
		applied := p.apply(t, document)
		got, err := p.policies.GetPolicy(context.Background(), &vetov1.GetPolicyRequest{MinRevision: applied.GetRevision()})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetYaml() != document {
			t.Errorf("document %d comes back as another text", n)
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(document))); !strings.Contains(got.GetPolicy().GetEtag(), sum[:16]) || got.GetPolicy().GetEtag() != applied.GetPolicy().GetEtag() {
			t.Errorf("document %d has the etag %s, applied as %s", n, got.GetPolicy().GetEtag(), applied.GetPolicy().GetEtag())
		}
		told[p.decidesAs(t, got)] = true
	}
	if len(told) < 4 {
		t.Errorf("the policies decide in %d ways only: the test shows little", len(told))
	}
	for n, document := range documents {
		version := uint64(n) + 1 // the first was active already, and to apply it again made no version
		old, err := p.policies.GetPolicy(context.Background(), &vetov1.GetPolicyRequest{Version: version})
		if err != nil || old.GetYaml() != document || old.GetPolicy().GetVersion() != version {
			t.Errorf("version %d comes back as version %d or another text, %v", version, old.GetPolicy().GetVersion(), err)
		}
	}
}

// decidesAs compiles the document by itself, holds its decisions against the server's, and returns them as text.
func (p *platform) decidesAs(t *testing.T, got *vetov1.GetPolicyResponse) string {
	t.Helper()
	document, err := policy.Parse([]byte(got.GetYaml()))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := policy.Compile(document, func(name string) (uint8, bool) { return map[string]uint8{training: 0, evaluation: 1}[name], true }, nil)
	if err != nil {
		t.Fatal(err)
	}
	view := gate.View{Policy: compiled, Standings: p.state(t).Standings(), Keys: p.keys}
	ref, _ := view.Purpose(training)
	var all strings.Builder
	for kind := range vetov1.ItemKind_ITEM_KIND_OTHER + 2 {
		for _, country := range []string{"FR", "RE", "US", "BR", "KE", ""} {
			for _, age := range []int32{0, 18} {
				item := post("anna", in(country))
				item.Kind, item.AuthorAge, item.AuthorAgeAtCreation = kind, age, age
				decision := p.decide(t, item, 0)
				var want gate.Decision
				view.Decide(&gate.Item{
					ID: item.GetItemId(), AuthorID: item.GetAuthorId(), Kind: kind, Visibility: item.GetVisibility(), Country: country,
					AuthorAge: age, AuthorAgeAtCreation: age,
				}, ref, time.Now(), gate.Options{}, &want)
				if decision.GetReason() != want.Reason || decision.GetRegime() != want.Regime {
					t.Errorf("%v in %s at %d years: %v by %q, and the document says %v by %q", kind, country, age, decision.GetReason(), decision.GetRegime(), want.Reason, want.Regime)
				}
				if decision.GetPolicyVersion() != got.GetPolicy().GetVersion() {
					t.Errorf("version %d decided, version %d is handed out", decision.GetPolicyVersion(), got.GetPolicy().GetVersion())
				}
				fmt.Fprintf(&all, "%d ", decision.GetReason())
			}
		}
	}
	return all.String()
}
