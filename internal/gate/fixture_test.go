package gate_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/goleak"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// training is the purpose of most tests, bit 0; research inherits its objections and has bit 1.
const (
	training = "generative-ai-training"
	research = "research"
)

// noon is when most tests decide.
var noon = time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)

// keyer is a keyed hash for tests, with a key that is known.
type keyer struct{}

func (keyer) Subject(id string) standings.Key     { return hash("subject", id) }
func (keyer) Item(id string) standings.Key        { return hash("item", id) }
func (keyer) ContentKey(key string) standings.Key { return hash("content", key) }

func hash(kind, id string) standings.Key {
	sum := sha256.Sum256([]byte(kind + "\x00" + id))
	return standings.Key(sum[:16])
}

// checkID is the rule for ids in its shortest form.
func checkID(id string) string {
	switch {
	case id == "" || len(id) > 256:
		return "not 1 to 256 bytes"
	case !utf8.ValidString(id):
		return "not UTF-8"
	case strings.TrimSpace(id) != id:
		return "begins or ends with space"
	case strings.ContainsFunc(id, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r >= 0xE0000 && r <= 0xE007F
	}):
		return "has control characters"
	default:
		return ""
	}
}

// checkSubject refuses in addition what a platform's subject_ids might.
func checkSubject(id string) string {
	if id == "username" {
		return "a word that stands in templates"
	}
	return checkID(id)
}

// rules are those of the tests: `eu` rules DE, FR with its parts, and IT; `us` rules US and is RECORD_ONLY; `kr` rests on
// consent; `cn` is prohibited; `gb` rules until the end of January 2020. AQ is assigned and ruled by nothing.
func rules() gate.Rules {
	always := []gate.Period{{Start: time.Date(2025, 5, 27, 0, 0, 0, 0, time.UTC)}}
	public := gate.VisibilitySet(vetov1.Visibility_VISIBILITY_PUBLIC)
	content := map[vetov1.ItemKind]gate.Visibilities{
		vetov1.ItemKind_ITEM_KIND_POST:           public,
		vetov1.ItemKind_ITEM_KIND_PHOTO:          public | gate.VisibilitySet(vetov1.Visibility_VISIBILITY_UNLISTED),
		vetov1.ItemKind_ITEM_KIND_AI_INTERACTION: gate.VisibilitySet(vetov1.Visibility_VISIBILITY_PRIVATE),
	}
	regime := func(name string, basis vetov1.LegalBasis) gate.Regime {
		return gate.Regime{Name: name, LegalBasis: basis, Periods: always, Content: content}
	}
	eu := regime("eu", vetov1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS)
	eu.MinimumAge = 18
	eu.ExcludedLabels = []string{"health"}
	eu.ThirdParties = vetov1.ThirdParties_THIRD_PARTIES_REDACT
	us := regime("us", vetov1.LegalBasis_LEGAL_BASIS_NOT_REQUIRED)
	us.Objections = vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY
	us.ThirdParties = vetov1.ThirdParties_THIRD_PARTIES_IGNORE
	us.Signals = vetov1.SignalTreatment_SIGNAL_TREATMENT_IGNORE
	kr := regime("kr", vetov1.LegalBasis_LEGAL_BASIS_CONSENT)
	kr.NoticePerPerson = true
	kr.MinimumItemAge = 48 * time.Hour
	kr.UnknownSignal = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW
	cn := regime("cn", vetov1.LegalBasis_LEGAL_BASIS_PROHIBITED)
	ruled := func(regime int, chain ...string) gate.Place {
		return gate.Place{Chain: chain, Rulings: []gate.Ruling{{Regime: regime, Purposes: 0b11}}}
	}
	gb := ruled(0, "GB")
	gb.Rulings[0].Until = time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC)
	return gate.Rules{
		Version: 7,
		Purposes: []gate.Purpose{
			{Name: training, Bit: 0, Objections: 0b01},
			{Name: research, Bit: 1, Objections: 0b11},
		},
		Regimes: []gate.Regime{eu, us, kr, cn},
		Places: map[string]gate.Place{
			"DE": ruled(0, "DE"), "FR": ruled(0, "FR"), "IT": ruled(0, "IT"), "FR-974": ruled(0, "FR-974", "RE", "FR"),
			"US": ruled(1, "US"), "KR": ruled(2, "KR"), "CN": ruled(3, "CN"), "GB": gb, "AQ": {Chain: []string{"AQ"}},
		},
		CheckID:      checkID,
		CheckSubject: checkSubject,
	}
}

func compile(t testing.TB, r gate.Rules) *gate.Policy {
	t.Helper()
	p, err := gate.NewPolicy(r)
	if err != nil {
		t.Fatalf("NewPolicy: %v", err)
	}
	return p
}

// view is the fixture's, after change has had its way with it.
func view(t testing.TB, r gate.Rules, write func(*standings.Builder)) *gate.View {
	t.Helper()
	b := standings.NewBuilder()
	if write != nil {
		write(b)
	}
	return &gate.View{Revision: 42, Policy: compile(t, r), Standings: b.View(), Keys: keyer{}}
}

func purpose(t testing.TB, v *gate.View, name string) gate.PurposeRef {
	t.Helper()
	p, ok := v.Purpose(name)
	if !ok {
		t.Fatalf("purpose %s is not declared", name)
	}
	return p
}

// post is an item that every check of `eu` passes.
func post() gate.Item {
	return gate.Item{
		ID:                  "i1",
		Kind:                vetov1.ItemKind_ITEM_KIND_POST,
		Visibility:          vetov1.Visibility_VISIBILITY_PUBLIC,
		AuthorID:            "author",
		Country:             "DE",
		CreatedAt:           time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC),
		AuthorAge:           18,
		AuthorAgeAtCreation: 18,
	}
}

// decide decides, and holds Explain to the same answer.
func decide(t testing.TB, v *gate.View, item *gate.Item, name string, now time.Time, o gate.Options) gate.Decision {
	t.Helper()
	p := purpose(t, v, name)
	d := gate.Decision{Reason: vetov1.Reason_REASON_ELIGIBLE, Regime: "left over", Redact: []int32{9, 9}}
	v.Decide(item, p, now, o, &d)
	if fault := disagreement(&d, v.Explain(item, p, now, o)); fault != "" {
		t.Errorf("Explain: %s", fault)
	}
	return d
}
