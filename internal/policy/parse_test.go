package policy_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"buf.build/go/protoyaml"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
)

// sound is a policy without a fault that uses every field which this version evaluates.
const sound = `controller:
  name: Example Platform
  contact: Example Street 1
  dpo_contact: dpo@example.org
  privacy_notice_url: https://example.org/privacy
  establishments: [IE, DE]
subject_ids:
  pattern: "[a-z0-9]+"
  placeholders: [username, n/a]
purposes:
  - name: generative-ai-training
    title: Training of generative AI models
  - name: translation-training
    title: "Training: translation"
    relations:
      - {purpose: generative-ai-training, kind: INHERITS}
groups:
  - name: NORTH
    members: [GL, FO]
  - name: FAR_NORTH
    members: [NORTH, NO-21]
regimes:
  - name: europe
    jurisdictions: [EEA, CH]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    objections: ASSESS
    refusal_delay: 720h
    periods:
      - start: 2025-05-27T00:00:00+01:00
        end: 2026-01-01T00:00:00Z
        objection_deadline: 2025-05-27T00:00:00+01:00
        notice_given_at: 2025-04-14T00:00:00Z
      - start: 2026-01-01T00:00:00Z
        notice_given_at: 2025-11-14T12:30:00.5Z
    minimum_notice: 168h
    notice_per_person: true
    minimum_item_age: 1h30m
    content:
      - kinds: [POST, PHOTO]
        visibilities: [PUBLIC, UNLISTED]
      - kinds: [AI_INTERACTION]
        visibilities: [PRIVATE]
    excluded_labels:
      - {label: health, words: posts about health}
    minimum_age: 18
    unknown_age: EXCLUDE
    unknown_age_at_creation: ALLOW
    third_parties: REDACT
    signals: IGNORE
    signals_ground: none were asked for
    unknown_signal: ALLOW
    gpc: OBJECT
  - name: north
    jurisdictions: [FAR_NORTH]
    purposes: [generative-ai-training, translation-training]
    legal_basis: PROHIBITED
  - name: rest
    jurisdictions: ["*"]
    purposes: [generative-ai-training]
    legal_basis: NOT_REQUIRED
    objections: RECORD_ONLY
    objections_ground: no right to object was offered
    content:
      - kinds: [POST]
        visibilities: [PUBLIC]
    minimum_age: 0
legitimate_interest: Better models
recipients: [processors]
transfers: [none]
retention: two years
sources: [the platform]
assessments:
  - {title: Balance of interests, date: 2025-04-14, reference: LIA-7}
`

func TestParseReadsEveryField(t *testing.T) {
	p := parse(t, sound)
	want := p.GetRegimes()[0]
	if got := want.GetPeriods()[0].GetStart().AsTime(); !got.Equal(time.Date(2025, 5, 26, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("start %v, want it in its own offset", got)
	}
	if got := want.GetMinimumItemAge().AsDuration(); got != 90*time.Minute {
		t.Errorf("minimum_item_age %v", got)
	}
	if got := want.GetContent()[0].GetKinds(); !cmp.Equal(got, []vetov1.ItemKind{vetov1.ItemKind_ITEM_KIND_POST, vetov1.ItemKind_ITEM_KIND_PHOTO}) {
		t.Errorf("kinds %v", got)
	}
	if p.GetRegimes()[2].MinimumAge == nil {
		t.Error("a minimum age of 0 is stated, and was read as left out")
	}
	if p.GetAssessments()[0].GetDate() != "2025-04-14" {
		t.Errorf("date %q, want the text", p.GetAssessments()[0].GetDate())
	}
}

// TestParseReadsAsProtoyaml holds the reader against a foreign one, which takes full enum names only.
func TestParseReadsAsProtoyaml(t *testing.T) {
	want := parse(t, sound)
	text, err := protoyaml.Marshal(want) // camelCase keys, full enum names, durations in seconds
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, parse(t, string(text)), protocmp.Transform()); diff != "" {
		t.Errorf("what protoyaml wrote: -want +got\n%s", diff)
	}
	var got vetov1.Policy
	if err := protoyaml.Unmarshal([]byte(fullNames(sound)), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got, protocmp.Transform()); diff != "" {
		t.Errorf("what protoyaml read: -want +got\n%s", diff)
	}
}

// fullNames writes the enum values of the sound policy with their prefixes.
func fullNames(document string) string {
	for _, r := range [][2]string{
		{"kind: INHERITS", "kind: PURPOSE_RELATION_KIND_INHERITS"}, {"legal_basis: ", "legal_basis: LEGAL_BASIS_"}, {"objections: ", "objections: OBJECTION_TREATMENT_"},
		{"[POST, PHOTO]", "[ITEM_KIND_POST, ITEM_KIND_PHOTO]"}, {"[POST]", "[ITEM_KIND_POST]"}, {"[AI_INTERACTION]", "[ITEM_KIND_AI_INTERACTION]"},
		{"[PUBLIC, UNLISTED]", "[VISIBILITY_PUBLIC, VISIBILITY_UNLISTED]"}, {"[PUBLIC]", "[VISIBILITY_PUBLIC]"}, {"[PRIVATE]", "[VISIBILITY_PRIVATE]"},
		{"unknown_age: ", "unknown_age: UNKNOWN_TREATMENT_"}, {"unknown_age_at_creation: ", "unknown_age_at_creation: UNKNOWN_TREATMENT_"},
		{"unknown_signal: ", "unknown_signal: UNKNOWN_TREATMENT_"}, {"third_parties: ", "third_parties: THIRD_PARTIES_"},
		{"signals: ", "signals: SIGNAL_TREATMENT_"}, {"gpc: ", "gpc: GPC_TREATMENT_"},
	} {
		document = strings.ReplaceAll(document, r[0], r[1])
	}
	return document
}

func TestFormatParsesBack(t *testing.T) {
	for _, document := range []string{sound, string(read(t, examples, "minimal.yaml")), string(read(t, examples, "meta.yaml")), string(read(t, examples, "requests.yaml"))} {
		p := parse(t, document)
		p.Version, p.Etag = 7, "seven"
		text := policy.Format(p)
		p.Version, p.Etag = 0, ""
		if diff := cmp.Diff(p, parse(t, string(text)), protocmp.Transform()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if again := policy.Format(parse(t, string(text))); !bytes.Equal(again, text) {
			t.Errorf("printed twice, differently:\n%s", cmp.Diff(string(text), string(again)))
		}
	}
}

func TestEtag(t *testing.T) {
	p := parse(t, sound)
	want := etag(t, p)
	p.Version, p.Etag = 9, "x"
	if got := etag(t, p); got != want {
		t.Error("the etag depends on version and etag")
	}
	if got := etag(t, parse(t, "# a comment\n"+fullNames(sound))); got != want {
		t.Error("the etag depends on comments and spelling")
	}
	p.Regimes[0].Name = "other"
	if got := etag(t, p); got == want || len(got) != 64 {
		t.Errorf("etag %q of another policy", got)
	}
	p.Regimes[0].Name = "\xff"
	if _, err := policy.Etag(p); err == nil {
		t.Error("an etag of what cannot be encoded")
	}
}

func etag(t *testing.T, p *vetov1.Policy) string {
	t.Helper()
	e, err := policy.Etag(p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// change is the sound policy with a text replaced, which must be there.
func change(t testing.TB, old, replacement string) string {
	t.Helper()
	if !strings.Contains(sound, old) {
		t.Fatalf("the sound policy does not say %q", old)
	}
	return strings.Replace(sound, old, replacement, 1)
}

// faultsOf are the faults of a document that must have some.
func faultsOf(t testing.TB, document string) []policy.Fault {
	t.Helper()
	_, err := policy.Parse([]byte(document))
	e, ok := errors.AsType[*policy.Error](err)
	if !ok {
		t.Fatalf("Parse: %v, want an Error", err)
	}
	return e.Faults
}

func TestParseNamesLineAndColumn(t *testing.T) {
	tests := []struct {
		name, document string
		want           policy.Fault // Message: a part of it
	}{
		{"empty", "", policy.Fault{Line: 1, Column: 1, Message: "empty"}},
		{"comment only", "# nothing\n", policy.Fault{Line: 1, Column: 1, Message: "empty"}},
		{"syntax", "controller:\n  name: [a\nregimes: []\n", policy.Fault{Line: 1, Column: 1, Message: "not YAML: did not find expected ',' or ']'"}},
		{"tab", "controller:\n\tname: a\n", policy.Fault{Line: 2, Column: 1, Message: "not YAML"}},
		{"not UTF-8", "controller:\n  name: ä\xff\n", policy.Fault{Line: 2, Column: 10, Message: "not UTF-8"}},
		{"list", "- a\n", policy.Fault{Line: 1, Column: 1, Message: "not a mapping"}},
		{"scalar", "hello\n", policy.Fault{Line: 1, Column: 1, Message: "not a mapping"}},
		{"null", "~\n", policy.Fault{Line: 1, Column: 1, Message: "nothing stands here"}},
		{"second document", sound + "---\nregimes: []\n", policy.Fault{Line: strings.Count(sound, "\n") + 1, Column: 1, Message: "second document"}},
		{"broken second document", sound + "---\n[", policy.Fault{Line: strings.Count(sound, "\n") + 2, Column: 1, Message: "not YAML"}},
		{"duplicate key", change(t, "    objections: ASSESS\n", "    objections: ASSESS\n    objections: HONOUR\n"), policy.Fault{Path: "regimes[0].objections", Line: 28, Column: 5, Message: "stands in line 27 already"}},
		{"duplicate key in the other spelling", change(t, "    objections: ASSESS\n", "    objections: ASSESS\n    legalBasis: CONSENT\n"), policy.Fault{Path: "regimes[0].legal_basis", Line: 28, Column: 5, Message: "stands in line 26 already"}},
		{"unknown field", change(t, "  dpo_contact:", "  dpo:"), policy.Fault{Path: "controller", Line: 4, Column: 3, Message: "no such field here; the fields are name, contact, dpo_contact"}},
		{"anchor", change(t, "[IE, DE]", "&a [IE, DE]"), policy.Fault{Path: "controller.establishments", Line: 6, Column: 19, Message: "an anchor"}},
		{"tag", change(t, "name: Example Platform", "name: !!str Example"), policy.Fault{Path: "controller.name", Line: 2, Column: 9, Message: "a tag"}},
		{"null field", change(t, "retention: two years", "retention:"), policy.Fault{Path: "retention", Message: "nothing stands here"}},
		{"version", "version: 3\n" + sound, policy.Fault{Path: "version", Line: 1, Column: 1, Message: "set by the server"}},
		{"etag", "etag: x\n" + sound, policy.Fault{Path: "etag", Line: 1, Column: 1, Message: "set by the server"}},
		{"unknown enum value", change(t, "objections: ASSESS", "objections: assess"), policy.Fault{Path: "regimes[0].objections", Line: 27, Column: 17, Message: "it is one of HONOUR, ASSESS, RECORD_ONLY"}},
		{"number for an enum", change(t, "objections: ASSESS", "objections: 1"), policy.Fault{Path: "regimes[0].objections", Line: 27, Column: 17, Message: "no such value"}},
		{"second of a list", change(t, "[POST, PHOTO]", "[POST, FOTO]"), policy.Fault{Path: "regimes[0].content[0].kinds[1]", Line: 40, Column: 23, Message: "no such value"}},
		{"date alone", change(t, "end: 2026-01-01T00:00:00Z", "end: 2026-01-01"), policy.Fault{Path: "regimes[0].periods[0].end", Line: 31, Column: 14, Message: "somebody's midnight"}},
		{"no offset", change(t, "end: 2026-01-01T00:00:00Z", "end: 2026-01-01T00:00:00"), policy.Fault{Path: "regimes[0].periods[0].end", Line: 31, Column: 14, Message: "with its offset"}},
		{"year 0", change(t, "end: 2026-01-01T00:00:00Z", "end: 0000-01-01T00:00:00Z"), policy.Fault{Path: "regimes[0].periods[0].end", Line: 31, Column: 14, Message: "outside the years"}},
		{"instant as a list", change(t, "end: 2026-01-01T00:00:00Z", "end: [2026]"), policy.Fault{Path: "regimes[0].periods[0].end", Line: 31, Column: 14, Message: "not a single value"}},
		{"duration in days", change(t, "720h", "30d"), policy.Fault{Path: "regimes[0].refusal_delay", Line: 28, Column: 20, Message: "a day is 24h"}},
		{"duration as a list", change(t, "720h", "[]"), policy.Fault{Path: "regimes[0].refusal_delay", Line: 28, Column: 20, Message: "not a single value"}},
		{"bool in YAML 1.1", change(t, "notice_per_person: true", "notice_per_person: yes"), policy.Fault{Path: "regimes[0].notice_per_person", Message: "not true or false"}},
		{"age in words", change(t, "minimum_age: 18", "minimum_age: \"18\""), policy.Fault{Path: "regimes[0].minimum_age", Message: "not a whole number"}},
		{"age in octal, to some", change(t, "minimum_age: 18", "minimum_age: 010"), policy.Fault{Path: "regimes[0].minimum_age", Message: "one spelling"}},
		{"age with zeros", change(t, "minimum_age: 18", "minimum_age: 0018"), policy.Fault{Path: "regimes[0].minimum_age", Message: "one spelling"}},
		{"age with a plus", change(t, "minimum_age: 18", "minimum_age: +18"), policy.Fault{Path: "regimes[0].minimum_age", Message: "one spelling"}},
		{"age less than nothing", change(t, "minimum_age: 18", "minimum_age: -0"), policy.Fault{Path: "regimes[0].minimum_age", Message: "one spelling"}},
		{"age with an underscore", change(t, "minimum_age: 18", "minimum_age: 1_8"), policy.Fault{Path: "regimes[0].minimum_age", Message: "one spelling"}},
		{"age in base 16", change(t, "minimum_age: 18", "minimum_age: 0x10"), policy.Fault{Path: "regimes[0].minimum_age", Message: "one spelling"}},
		{"age in base 8", change(t, "minimum_age: 18", "minimum_age: 0o10"), policy.Fault{Path: "regimes[0].minimum_age", Message: "one spelling"}},
		{"age in base 2", change(t, "minimum_age: 18", "minimum_age: 0b10"), policy.Fault{Path: "regimes[0].minimum_age", Message: "one spelling"}},
		{"age with a fraction", change(t, "minimum_age: 18", "minimum_age: 18.0"), policy.Fault{Path: "regimes[0].minimum_age", Message: "not a whole number"}},
		{"age beyond counting", change(t, "minimum_age: 18", "minimum_age: 99999999999"), policy.Fault{Path: "regimes[0].minimum_age", Message: "not a whole number"}},
		{"list for a text", change(t, "retention: two years", "retention: [two, years]"), policy.Fault{Path: "retention", Message: "not a single value"}},
		{"text for a list", change(t, "[IE, DE]", "IE"), policy.Fault{Path: "controller.establishments", Line: 6, Column: 19, Message: "not a list"}},
		{"text for a mapping", change(t, "- {purpose: generative-ai-training, kind: INHERITS}", "- generative-ai-training"), policy.Fault{Path: "purposes[1].relations[0]", Message: "not a mapping"}},
		{"key of a list", "? [a]\n: b\n" + sound, policy.Fault{Line: 1, Column: 3, Message: "not a single value"}},
		{"too deep", "controller: " + strings.Repeat("[", 2000), policy.Fault{Line: 1, Column: 13 + 1000, Message: "nested deeper"}},
		{"missing", change(t, "    legal_basis: PROHIBITED\n", ""), policy.Fault{Path: "regimes[1].legal_basis", Line: 54, Column: 5, Message: "it is one of LEGITIMATE_INTERESTS"}},
		{"Norway is no bool", change(t, "[EEA, CH]", "[NO, CHE]"), policy.Fault{Path: "regimes[0].jurisdictions[1]", Line: 24, Column: 25, Message: "a three-letter code; use CH"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := faultsOf(t, tt.document)
			for _, f := range got {
				if f.Path == tt.want.Path && strings.Contains(f.Message, tt.want.Message) && (tt.want.Line == 0 || (f.Line == tt.want.Line && f.Column == tt.want.Column)) {
					return
				}
			}
			t.Errorf("got %+v\nwant %+v among them", got, tt.want)
		})
	}
}

// A text that looks like a number is a text.
func TestParseTakesTextsThatLookLikeNumbers(t *testing.T) {
	for _, text := range []string{"010", "+1", "1_000", "0x10", "1e3", "true", "2026-01-01", "~x"} {
		if got := parse(t, change(t, "two years", text)).GetRetention(); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

// Decode reads what Parse refuses for what it says, and refuses what does not read.
func TestDecodeDoesNotJudge(t *testing.T) {
	for name, document := range map[string]string{
		"unknown country":  change(t, "[EEA, CH]", "[EEA, XX]"),
		"no controller":    change(t, "controller:\n  name: Example Platform\n", "controller:\n"),
		"age of 90":        change(t, "minimum_age: 18", "minimum_age: 90"),
		"a condition":      change(t, "    minimum_age: 18\n", "    minimum_age: 18\n    condition: {expression: \"true\", words: always}\n"),
		"private messages": change(t, "[POST, PHOTO]", "[POST, PRIVATE_MESSAGE]"),
	} {
		if _, err := policy.Parse([]byte(document)); err == nil {
			t.Errorf("%s: Parse takes it, so that Decode shows nothing", name)
		}
		p, err := policy.Decode([]byte(document))
		if err != nil || len(p.GetRegimes()) != 3 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff(parse(t, sound), decoded(t, sound), protocmp.Transform()); diff != "" {
		t.Errorf("-Parse +Decode\n%s", diff)
	}
	for name, document := range map[string]string{
		"empty":            "",
		"not YAML":         "[",
		"unknown field":    change(t, "retention:", "retained:"),
		"unknown value":    change(t, "objections: ASSESS", "objections: MAYBE"),
		"another spelling": change(t, "minimum_age: 18", "minimum_age: 018"),
		"key twice":        change(t, "retention: two years", "retention: a\nretention: b"),
		"version":          "version: 1\n" + sound,
	} {
		_, err := policy.Decode([]byte(document))
		if e, ok := errors.AsType[*policy.Error](err); !ok || e.Faults[0].Line < 1 {
			t.Errorf("%s: %v, want an Error with its line", name, err)
		}
	}
}

func decoded(t *testing.T, document string) *vetov1.Policy {
	t.Helper()
	p, err := policy.Decode([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParseReportsEveryFaultInTheOrderOfTheDocument(t *testing.T) {
	document := change(t, "objections: ASSESS", "objections: MAYBE")
	document = strings.Replace(document, "minimum_age: 0", "minimum_age: 19", 1)
	document = strings.Replace(document, "[GL, FO]", "[GL, UK]", 1)
	document = strings.Replace(document, "  name: Example Platform", "  nam: Example Platform", 1)
	var got []string
	for _, f := range faultsOf(t, document) {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Path))
	}
	want := []string{"1:1 controller.name", "2:3 controller", "19:19 groups[0].members[1]", "27:17 regimes[0].objections", "67:18 regimes[2].minimum_age"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestErrorsNeverRepeatWhatWasSent(t *testing.T) {
	const secret = "somebody@example.org"
	for _, old := range []string{"ASSESS", "[EEA, CH]", "[IE, DE]", "2025-05-27T00:00:00+01:00", "720h", "true", "[POST, PHOTO]", "INHERITS", "NORTH\n", "europe\n", "0\n", "[GL, FO]", "https://example.org/privacy", "generative-ai-training\n"} {
		for _, replacement := range []string{secret, "[" + secret + "]", "*" + secret, "'" + secret, "\"\\" + secret} {
			_, err := policy.Parse([]byte(change(t, old, replacement+"\n")))
			if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "somebody") {
				t.Errorf("%s for %s: %v", replacement, old, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte(fullNames(sound)))
	for _, name := range []string{"minimal.yaml", "meta.yaml", "requests.yaml"} {
		f.Add(read(f, examples, name))
	}
	f.Add([]byte("a: &a [*a]\n---\nb"))
	f.Add([]byte("controller: {name: x, name: y, <<: {}}\n"))
	f.Add([]byte("regimes: [{periods: [{start: 2025-01-01T00:00:00Z}], jurisdictions: [\"*\", EU, EEA, UK]}]\n"))
	f.Fuzz(func(t *testing.T, document []byte) {
		p, err := policy.Parse(document)
		if err != nil {
			if e, ok := errors.AsType[*policy.Error](err); !ok || len(e.Faults) == 0 || e.Faults[0].Line < 1 || e.Faults[0].Column < 1 {
				t.Fatalf("refused without a place: %v", err)
			}
			return
		}
		if err := policy.Validate(p); err != nil {
			t.Fatalf("what Parse takes, Validate refuses: %v", err)
		}
		again, err := policy.Parse(policy.Format(p))
		if err != nil {
			t.Fatalf("what Format prints, Parse refuses: %v", err)
		}
		if !proto.Equal(p, again) {
			t.Fatalf("printed and read again: -want +got\n%s", cmp.Diff(p, again, protocmp.Transform()))
		}
	})
}
