package promises_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// permissive allows everything that any policy can.
const permissive = `
controller: {name: Example Platform}
purposes: [{name: generative-ai-training, title: Training of generative AI models}]
regimes:
  - name: consenting
    jurisdictions: [KR]
    purposes: [generative-ai-training]
    legal_basis: CONSENT
    objections: RECORD_ONLY
    objections_ground: There is a consent.
    minimum_age: 0
    periods: [{start: 2000-01-01T00:00:00Z}]
    content: &everything
      - kinds: [POST, COMMENT, PHOTO, VIDEO, AUDIO, CAPTION, STORY, LIVE, ARTICLE, REVIEW, FILE, REACTION, PROFILE, AI_INTERACTION, OTHER]
        visibilities: [PUBLIC, UNLISTED, FOLLOWERS, GROUP, PRIVATE]
    unknown_age: ALLOW
    third_parties: IGNORE
    signals: IGNORE
    signals_ground: They do not count there.
    unknown_signal: ALLOW
  - name: world
    jurisdictions: ["*"]
    purposes: [generative-ai-training]
    legal_basis: NOT_REQUIRED
    objections: RECORD_ONLY
    objections_ground: None is offered.
    minimum_age: 0
    periods: [{start: 2000-01-01T00:00:00Z}]
    content: *everything
    unknown_age: ALLOW
    third_parties: IGNORE
    signals: IGNORE
    signals_ground: They do not count there.
    unknown_signal: ALLOW
`

// permissiveYAML is permissive without anchors, which a policy may not have.
func permissiveYAML() string {
	before, after, _ := strings.Cut(permissive, "&everything\n")
	content, _, _ := strings.Cut(after, "    unknown_age")
	return before + "\n" + strings.Replace(after, "*everything\n", "\n"+content, 1)
}

// TestEveryPolicyThatTriesToOpenPrivateMessagesIsRefused writes the kind in every way that YAML knows, in every place where a kind can stand,
// alone and among others.
func TestEveryPolicyThatTriesToOpenPrivateMessagesIsRefused(t *testing.T) {
	p := start(t, settings{})
	active, err := p.policies.GetPolicy(context.Background(), &vetov1.GetPolicyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	spellings := []string{
		`PRIVATE_MESSAGE`, `"PRIVATE_MESSAGE"`, `'PRIVATE_MESSAGE'`, `ITEM_KIND_PRIVATE_MESSAGE`, `"ITEM_KIND_PRIVATE_MESSAGE"`, `15`, `"15"`, `0xf`, `0xF`, `0o17`, `017`, `0b1111`,
		`15.0`, `1.5e1`, `+15`, `1_5`, `4294967311`, `-4294967281`, `"\x50RIVATE_MESSAGE"`, `"\u0050RIVATE_MESSAGE"`, `"PRIVATE\x5fMESSAGE"`, `!!str PRIVATE_MESSAGE`, `!!int "15"`,
		`!ItemKind PRIVATE_MESSAGE`, `private_message`, `Private_Message`, `PRIVATE-MESSAGE`, `PRIVATE MESSAGE`, `PrivateMessage`, `"PRIVATE_MESSAGE "`, `[PRIVATE_MESSAGE]`, `{kind: PRIVATE_MESSAGE}`,
		`&k PRIVATE_MESSAGE`,
	}
	lists := []string{"[%s]", "[%s, POST]", "[OTHER, %s, PHOTO]"}
	for place, document := range withKinds("[POST, OTHER]") {
		request := applying(document)
		request.ValidateOnly = true
		if _, err := p.policies.ApplyPolicy(context.Background(), request); err != nil {
			t.Errorf("%s with other kinds is refused too, so the test shows nothing there: %v", place, err)
		}
	}
	tried := 0
	for _, spelling := range spellings {
		for _, list := range lists {
			for place, document := range withKinds(fmt.Sprintf(list, spelling)) {
				tried++
				request := applying(document)
				request.ValidateOnly = tried%2 == 0
				answer, err := p.policies.ApplyPolicy(context.Background(), request)
				if status.Code(err) != codes.InvalidArgument {
					t.Errorf("%s in %s of %s: %v, %v", spelling, list, place, answer, err)
				}
			}
		}
	}
	after, err := p.policies.GetPolicy(context.Background(), &vetov1.GetPolicyRequest{})
	if err != nil || after.GetRevision() != active.GetRevision() || !proto.Equal(after.GetPolicy(), active.GetPolicy()) {
		t.Errorf("%d refused policies changed something: %v, %v", tried, after.GetPolicy().GetVersion(), err)
	}
}

// withKinds is the permissive policy with a list of kinds in each place that has one: the first rule and the last, of the first regime and the
// last, and in JSON, which YAML reads too.
func withKinds(list string) map[string]string {
	whole := permissiveYAML()
	const kinds = "[POST, COMMENT, PHOTO, VIDEO, AUDIO, CAPTION, STORY, LIVE, ARTICLE, REVIEW, FILE, REACTION, PROFILE, AI_INTERACTION, OTHER]"
	first := strings.Index(whole, kinds)
	last := strings.LastIndex(whole, kinds)
	return map[string]string{
		"the first regime":       whole[:first] + list + whole[first+len(kinds):],
		"the last regime":        whole[:last] + list + whole[last+len(kinds):],
		"a further content rule": strings.Replace(whole, "    unknown_age", "      - {kinds: "+list+", visibilities: [PRIVATE]}\n    unknown_age", 1),
		"a rule in flow":         strings.Replace(whole, "    unknown_age", `      - {"visibilities": ["PUBLIC"], "kinds": `+list+"}\n    unknown_age", 1),
	}
}

// TestAStructuredPolicyThatTriesIsRefusedByItsPlace hands the policy over as a message, where no parser of ours stands before it.
func TestAStructuredPolicyThatTriesIsRefusedByItsPlace(t *testing.T) {
	p := start(t, settings{policy: permissiveYAML()})
	active, err := p.policies.GetPolicy(context.Background(), &vetov1.GetPolicyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := len(active.GetPolicy().GetRegimes()[0].GetContent()[0].GetKinds())
	for regime := range active.GetPolicy().GetRegimes() {
		for at := range kinds {
			tried := proto.CloneOf(active.GetPolicy())
			rule := tried.GetRegimes()[regime].GetContent()[0]
			rule.Kinds[at] = vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE
			p.refusesPolicy(t, tried, fmt.Sprintf("regimes[%d].content[0].kinds[%d]", regime, at))
		}
		tried := proto.CloneOf(active.GetPolicy())
		tried.Regimes[regime].Content = append(tried.Regimes[regime].Content, &vetov1.ContentRule{
			Kinds: []vetov1.ItemKind{vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE}, Visibilities: []vetov1.Visibility{vetov1.Visibility_VISIBILITY_PRIVATE},
		})
		p.refusesPolicy(t, tried, fmt.Sprintf("regimes[%d].content[1].kinds[0]", regime))
	}
	for _, number := range []int32{0, 17, 31, 15 + 1<<8, 15 + 1<<16, -1, math.MaxInt32, math.MinInt32} {
		tried := proto.CloneOf(active.GetPolicy())
		tried.Regimes[1].Content[0].Kinds[3] = vetov1.ItemKind(number)
		p.refusesPolicy(t, tried, "regimes[1].content[0].kinds[3]")
	}
}

func (p *platform) refusesPolicy(t *testing.T, tried *vetov1.Policy, field string) {
	t.Helper()
	request := applying("")
	request.Policy = tried
	answer, err := p.policies.ApplyPolicy(context.Background(), request)
	if status.Code(err) != codes.InvalidArgument || !slices.Contains(violated(err), field) {
		t.Errorf("%s: %v, %v naming %v", field, answer, err, violated(err))
	}
}

// TestTheMostPermissivePolicyIncludesNoPrivateMessage tries every visibility, conversation and a country of each regime, and shows beside them
// that the policy includes everything else.
func TestTheMostPermissivePolicyIncludesNoPrivateMessage(t *testing.T) {
	p := start(t, settings{policy: permissiveYAML()})
	var items []*vetov1.Item
	var private []bool
	for kind := range vetov1.ItemKind_name {
		for visibility := range vetov1.Visibility_name {
			for _, conversation := range []vetov1.Conversation{0, 1, 2, 3, -1, 257, math.MaxInt32} {
				for _, country := range []string{"DE", "US", "BR", "KR", "CN", "FR-974", "AQ"} {
					item := post("anna", in(country))
					item.Kind, item.Visibility, item.InConversation = vetov1.ItemKind(kind), vetov1.Visibility(visibility), conversation
					items = append(items, item)
					private = append(private, item.GetKind() == vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE ||
						item.GetKind() == vetov1.ItemKind_ITEM_KIND_AI_INTERACTION && conversation != vetov1.Conversation_CONVERSATION_ALONE)
				}
			}
		}
	}
	answer := batch(t, p.stream(t), &vetov1.StreamDecideRequest{Options: options(), Items: items})
	for i, reason := range answer.GetReasons() {
		item, want := items[i], vetov1.Reason_REASON_ELIGIBLE
		switch {
		case item.GetKind() == 0 || item.GetVisibility() == 0 || vetov1.Conversation_name[int32(item.GetInConversation())] == "":
			want = vetov1.Reason_REASON_INVALID
		case private[i]:
			want = vetov1.Reason_REASON_PRIVATE_MESSAGE
		case item.GetCountry() == "KR":
			want = vetov1.Reason_REASON_NO_CONSENT
		}
		if reason != want {
			t.Errorf("%v, %v, %v in %s: %v, want %v", item.GetKind(), item.GetVisibility(), item.GetInConversation(), item.GetCountry(), reason, want)
		}
	}
}

// TestNoConsentOpensAPrivateMessage gives the gate a consent and asks in every country.
func TestNoConsentOpensAPrivateMessage(t *testing.T) {
	document, err := policy.Parse([]byte(permissiveYAML()))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := policy.Compile(document, func(string) (uint8, bool) { return 0, true }, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, builder := keysOf(t), standings.NewBuilder()
	builder.Consent(keys.Subject("anna"), standings.AllPurposes)
	view := gate.View{Policy: compiled, Standings: builder.View(), Keys: keys}
	ref, _ := view.Purpose(training)
	item := &gate.Item{ID: "i", AuthorID: "anna", AuthorAge: 18, AuthorAgeAtCreation: 18}
	var d gate.Decision
	decide := func() vetov1.Reason {
		view.Decide(item, ref, time.Now(), gate.Options{AcceptRedactions: true}, &d)
		return d.Reason
	}
	for _, country := range jurisdiction.Places() {
		item.Country, item.Kind, item.Visibility = country, vetov1.ItemKind_ITEM_KIND_POST, vetov1.Visibility_VISIBILITY_PRIVATE
		if got := decide(); got != vetov1.Reason_REASON_ELIGIBLE {
			t.Fatalf("a private post of who consented, in %s: %v: the test shows nothing", country, got)
		}
		for visibility := vetov1.Visibility_VISIBILITY_PUBLIC; visibility <= vetov1.Visibility_VISIBILITY_PRIVATE; visibility++ {
			item.Visibility = visibility
			item.Kind, item.InConversation = vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE, vetov1.Conversation_CONVERSATION_ALONE
			if got := decide(); got != vetov1.Reason_REASON_PRIVATE_MESSAGE {
				t.Errorf("a private message of who consented, %v in %s: %v", visibility, country, got)
			}
			item.Kind, item.InConversation = vetov1.ItemKind_ITEM_KIND_AI_INTERACTION, vetov1.Conversation_CONVERSATION_UNSPECIFIED
			if got := decide(); got != vetov1.Reason_REASON_PRIVATE_MESSAGE {
				t.Errorf("a turn of a conversation of who consented, %v in %s: %v", visibility, country, got)
			}
		}
	}
}

// TestAPrivateMessageIsSaidToBeOneWhateverElseIsWrong: only what cannot be read comes first, and a reason that could go away never hides one
// that cannot.
func TestAPrivateMessageIsSaidToBeOneWhateverElseIsWrong(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("objector"))
	if _, err := p.policies.SuspendRegime(context.Background(), suspending("brazil")); err != nil {
		t.Fatal(err)
	}
	message := func(i *vetov1.Item) { i.Kind = vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE }
	for _, c := range []struct {
		name   string
		author string
		change func(*vetov1.Item)
		want   vetov1.Reason
	}{
		{"in no regime", "anna", in("KE"), vetov1.Reason_REASON_PRIVATE_MESSAGE},
		{"of nowhere", "anna", in(""), vetov1.Reason_REASON_PRIVATE_MESSAGE},
		{"where the regime is suspended", "anna", in("BR"), vetov1.Reason_REASON_PRIVATE_MESSAGE},
		{"of who objected", "objector", in("FR"), vetov1.Reason_REASON_PRIVATE_MESSAGE},
		{"that a signal forbids", "anna", func(i *vetov1.Item) { i.Signals = &vetov1.Signals{Robots: "noai"} }, vetov1.Reason_REASON_PRIVATE_MESSAGE},
		{"of a child", "anna", func(i *vetov1.Item) { i.AuthorAge = 9 }, vetov1.Reason_REASON_PRIVATE_MESSAGE},
		{"of nobody", "", in("FR"), vetov1.Reason_REASON_INVALID},
		{"that nobody knows who could see", "anna", func(i *vetov1.Item) { i.Visibility = 0 }, vetov1.Reason_REASON_INVALID},
		{"in a country that is none", "anna", in("France"), vetov1.Reason_REASON_INVALID},
	} {
		if got := p.decide(t, post(c.author, message, c.change), 0).GetReason(); got != c.want {
			t.Errorf("a private message %s: %v, want %v", c.name, got, c.want)
		}
	}
}
