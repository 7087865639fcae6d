package promises_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// TestWhateverAFormLeavesOutTheObjectionCounts files with less and less: the least is who or what it is about, and the channel that the platform
// knows by itself.
func TestWhateverAFormLeavesOutTheObjectionCounts(t *testing.T) {
	p := start(t, settings{})
	longAgo := timestamppb.New(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for name, change := range map[string]func(*vetov1.FileObjectionRequest){
		"unverified":                 func(r *vetov1.FileObjectionRequest) { r.Verification = vetov1.Verification_VERIFICATION_UNVERIFIED },
		"nothing said of verifying":  func(*vetov1.FileObjectionRequest) {},
		"verified":                   verified,
		"no country":                 from(""),
		"a country without a regime": from("KE"),
		"a subdivision":              from("FR-IDF"),
		"where objections have no effect, of somebody who moved": from("US"),
		"one purpose":                         about(training),
		"two purposes":                        about(evaluation, training),
		"by a parent":                         func(r *vetov1.FileObjectionRequest) { r.FiledBy = vetov1.FiledBy_FILED_BY_PARENT },
		"after the deadline":                  func(r *vetov1.FileObjectionRequest) { r.SentAt = timestamppb.Now() },
		"before anything began":               func(r *vetov1.FileObjectionRequest) { r.SentAt, r.ReceivedAt = longAgo, longAgo },
		"asking for more besides":             func(r *vetov1.FileObjectionRequest) { r.AlsoAsks = []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_ACCESS} },
		"by letter":                           func(r *vetov1.FileObjectionRequest) { r.Channel = vetov1.Channel_CHANNEL_LETTER },
		"by a browser's setting":              func(r *vetov1.FileObjectionRequest) { r.Channel = vetov1.Channel_CHANNEL_GPC },
		"with a request id in capital digits": func(r *vetov1.FileObjectionRequest) { r.RequestId = strings.ToUpper(r.GetRequestId()) },
	} {
		id := "who-objects " + name
		filed := p.object(t, filing(id, change))
		if got := p.decide(t, post(id), filed.GetRevision()); got.GetReason() != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("%s: a post is %v", name, got.GetReason())
		}
		if got := filed.GetObjection().GetState(); got != vetov1.ObjectionState_OBJECTION_STATE_ACTIVE {
			t.Errorf("%s: it is %v", name, got)
		}
	}
}

// TestALateObjectionCountsAndIsToldSo: the deadline words the receipt, and decides nothing.
func TestALateObjectionCountsAndIsToldSo(t *testing.T) {
	p := start(t, settings{})
	deadline := time.Date(2025, 5, 26, 23, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		sent   time.Time
		before bool
	}{
		"an hour before": {deadline.Add(-time.Hour), true}, "at the instant": {deadline, false}, "an hour after": {deadline.Add(time.Hour), false}, "a year after": {deadline.AddDate(1, 0, 0), false},
	} {
		filed := p.object(t, filing(name, func(r *vetov1.FileObjectionRequest) { r.SentAt = timestamppb.New(c.sent) }))
		if filed.GetObjection().BeforeDeadline == nil || filed.GetObjection().GetBeforeDeadline() != c.before {
			t.Errorf("sent %s the deadline: before it is %v, want %v", name, filed.GetObjection().BeforeDeadline, c.before)
		}
		if words := filed.GetReceipt().GetWords(); !c.before && !strings.Contains(words, "counts all the same") {
			t.Errorf("sent %s the deadline: the receipt does not say that it counts:\n%s", name, words)
		}
		if got := p.decide(t, post(name), filed.GetRevision()).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("sent %s the deadline: a post is %v", name, got)
		}
	}
}

// TestNoAccountIsNeeded: "I am in this". Who names a photo, or the content itself, need not be anybody to the platform; and every copy with the
// same key is meant, whoever posts it.
func TestNoAccountIsNeeded(t *testing.T) {
	p := start(t, settings{})
	filed := p.object(t, filing("", func(r *vetov1.FileObjectionRequest) {
		r.ItemIds, r.ContentKeys = []string{"photo-1"}, []string{"pdq:f00"}
	}))
	for _, c := range []struct {
		name string
		item *vetov1.Item
		want vetov1.Reason
	}{
		{"the photo", post("anna", func(i *vetov1.Item) { i.ItemId = "photo-1" }), vetov1.Reason_REASON_ITEM_OBJECTED},
		{"a copy of it", post("bert", func(i *vetov1.Item) { i.ContentKeys = []string{"sha256:9", "pdq:f00"} }), vetov1.Reason_REASON_ITEM_OBJECTED},
		{"a copy where objections are recorded only", post("bert", in("US"), func(i *vetov1.Item) { i.ContentKeys = []string{"pdq:f00"} }), vetov1.Reason_REASON_ITEM_OBJECTED},
		{"another photo", post("anna", func(i *vetov1.Item) { i.ItemId = "photo-2" }), vetov1.Reason_REASON_ELIGIBLE},
		{"a key in other letters", post("anna", func(i *vetov1.Item) { i.ContentKeys = []string{"pdq:F00"} }), vetov1.Reason_REASON_ELIGIBLE},
		{"an author whose id is the photo's", post("photo-1", func(i *vetov1.Item) { i.ItemId = "photo-3" }), vetov1.Reason_REASON_ELIGIBLE},
	} {
		if got := p.decide(t, c.item, filed.GetRevision()).GetReason(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestAnybodyCanObjectAtAnyTime: before there is a policy, while a regime is suspended, after it was dropped; and once more, as often as they like.
func TestAnybodyCanObjectAtAnyTime(t *testing.T) {
	p := start(t, settings{noPolicy: true})
	p.object(t, filing("early"))
	// The first policy gives objections no effect in some places; somebody has to answer for that now.
	opening := applying(rules)
	opening.Acknowledge = []*vetov1.Acknowledgement{{Danger: vetov1.Danger_DANGER_STOPS_HONOURING, Ground: "no right to object was offered there"}}
	if _, err := p.policies.ApplyPolicy(context.Background(), opening); err != nil {
		t.Fatal(err)
	}
	if got := p.decide(t, post("early"), 0).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("somebody objected before there was a policy, and is %v under the first", got)
	}
	if _, err := p.policies.SuspendRegime(context.Background(), suspending("europe")); err != nil {
		t.Fatal(err)
	}
	p.object(t, filing("meanwhile"))
	if _, err := p.policies.ResumeRegime(context.Background(), resuming("europe")); err != nil {
		t.Fatal(err)
	}
	if got := p.decide(t, post("meanwhile"), 0).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("somebody objected while the regime was suspended, and is %v when it goes on", got)
	}
	first := p.object(t, filing("sure", verified))
	for range 3 {
		again := p.object(t, filing("sure", verified))
		if !again.GetUnchanged() || again.GetObjection().GetObjectionId() != first.GetObjection().GetObjectionId() || !proto.Equal(again.GetReceipt(), first.GetReceipt()) {
			t.Errorf("a verified repeat makes another objection, or shows another receipt: %v", again.GetObjection())
		}
	}
}

// TestARepeatNobodyVerifiedLearnsNothing: what a stranger sends under somebody's id is answered as if they had never objected.
func TestARepeatNobodyVerifiedLearnsNothing(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("anna", verified))
	known, unknown := p.object(t, filing("anna")), p.object(t, filing("nobody-ever"))
	if known.GetUnchanged() || known.GetObjection().GetRevision() != known.GetRevision() {
		t.Errorf("an unverified repeat is answered by what stands: %v", known)
	}
	same := func(answer *vetov1.FileObjectionResponse) *vetov1.FileObjectionResponse {
		bare := proto.CloneOf(answer)
		bare.Revision, bare.Receipt = 0, nil
		o := bare.GetObjection()
		o.ObjectionId, o.Revision, o.RecordedAt, o.ReceivedAt, o.ResponseDueAt = "", 0, nil, nil, nil
		return bare
	}
	if !proto.Equal(same(known), same(unknown)) {
		t.Errorf("who has objected before is answered\n%v\nand who has not\n%v", same(known), same(unknown))
	}
	for _, id := range []string{"anna", "nobody-ever-2"} {
		answer := p.withdraw(t, withdrawal(id, func(r *vetov1.WithdrawObjectionRequest) { r.Verification = 0 }))
		if answer.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED || len(answer.GetLifted()) > 0 || answer.GetReceipt() != nil {
			t.Errorf("an unverified withdrawal for %s: %v", id, answer)
		}
	}
}

// TestWhatWeakensProtectionNeedsProof tries to lift somebody's objection with everything that a stranger could have.
func TestWhatWeakensProtectionNeedsProof(t *testing.T) {
	p := start(t, settings{})
	anna, bert := p.object(t, filing("anna")), p.object(t, filing("bert"))
	spoilt := func(change func(*vetov1.Receipt)) *vetov1.Receipt {
		receipt := proto.CloneOf(anna.GetReceipt())
		change(receipt)
		return receipt
	}
	for name, change := range map[string]func(*vetov1.WithdrawObjectionRequest){
		"the id alone":                     func(*vetov1.WithdrawObjectionRequest) {},
		"the id and the number":            func(r *vetov1.WithdrawObjectionRequest) { r.ObjectionId = anna.GetObjection().GetObjectionId() },
		"saying unverified":                func(r *vetov1.WithdrawObjectionRequest) { r.Verification = vetov1.Verification_VERIFICATION_UNVERIFIED },
		"their own receipt, and anna's id": func(r *vetov1.WithdrawObjectionRequest) { r.ProofReceipt = bert.GetReceipt() },
		"a receipt with another salt": func(r *vetov1.WithdrawObjectionRequest) {
			r.ProofReceipt = spoilt(func(x *vetov1.Receipt) { x.Salt[0] ^= 1 })
		},
		"a receipt with another leaf": func(r *vetov1.WithdrawObjectionRequest) {
			r.ProofReceipt = spoilt(func(x *vetov1.Receipt) { x.Leaf[30] ^= 1 })
		},
		"a receipt with a shorter list": func(r *vetov1.WithdrawObjectionRequest) {
			r.ProofReceipt = spoilt(func(x *vetov1.Receipt) { x.Person = x.GetPerson()[1:] })
		},
		"bert's receipt at anna's revision": func(r *vetov1.WithdrawObjectionRequest) {
			r.ProofReceipt = proto.CloneOf(bert.GetReceipt())
			r.ProofReceipt.Revision = anna.GetRevision()
		},
		"anna's leaf, which is public": func(r *vetov1.WithdrawObjectionRequest) {
			r.ProofReceipt = &vetov1.Receipt{Leaf: anna.GetReceipt().GetLeaf(), Salt: make([]byte, 32), Revision: anna.GetRevision()}
		},
		"the receipt of a revision to come": func(r *vetov1.WithdrawObjectionRequest) {
			r.ProofReceipt = spoilt(func(x *vetov1.Receipt) { x.Revision += 1000 })
		},
	} {
		request := withdrawal("anna", func(r *vetov1.WithdrawObjectionRequest) { r.Verification = 0 }, change)
		answer, err := p.objections.WithdrawObjection(context.Background(), request)
		if answer.GetEffect() == vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED && slices.ContainsFunc(answer.GetLifted(), func(o *vetov1.Objection) bool {
			return o.GetObjectionId() == anna.GetObjection().GetObjectionId()
		}) {
			t.Errorf("with %s anna's objection is lifted", name)
		}
		if code := status.Code(err); err != nil && code != codes.InvalidArgument {
			t.Errorf("with %s: %v", name, err)
		}
		if got := p.decide(t, post("anna"), 0).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
			t.Fatalf("after a withdrawal with %s a post of anna's is %v", name, got)
		}
	}
	// The receipt of the very filing lifts that one, and nothing else that stands for the same person.
	second := p.object(t, filing("anna"))
	lifted := p.withdraw(t, withdrawal("", func(r *vetov1.WithdrawObjectionRequest) { r.Verification, r.ProofReceipt = 0, anna.GetReceipt() }))
	if lifted.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED || len(lifted.GetLifted()) != 1 {
		t.Errorf("with its own receipt: %v", lifted)
	}
	if got := p.decide(t, post("anna"), lifted.GetRevision()).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("another objection (revision %d) stands, and a post is %v", second.GetRevision(), got)
	}
	if got := p.withdraw(t, withdrawal("", func(r *vetov1.WithdrawObjectionRequest) { r.Verification, r.ProofReceipt = 0, anna.GetReceipt() })).GetEffect(); got != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NOTHING_STOOD {
		t.Errorf("the same receipt again: %v", got)
	}
}

// TestAWithdrawalDoesNoMoreThanItNames: of one purpose, of one objection, of one person's naming of a photo that another named too.
func TestAWithdrawalDoesNoMoreThanItNames(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("anna"))
	p.withdraw(t, withdrawal("anna", func(r *vetov1.WithdrawObjectionRequest) { r.Purposes = []string{evaluation} }))
	for purpose, want := range map[string]vetov1.Reason{training: vetov1.Reason_REASON_OBJECTED, evaluation: vetov1.Reason_REASON_ELIGIBLE} {
		if got := p.decideFor(t, purpose, post("anna"), 0).GetReason(); got != want {
			t.Errorf("withdrawn for %s alone, a post for %s is %v, want %v", evaluation, purpose, got, want)
		}
	}
	photo := func(r *vetov1.FileObjectionRequest) { r.ItemIds = []string{"photo"} }
	p.object(t, filing("bert", photo))
	cora := p.object(t, filing("cora", photo))
	p.withdraw(t, withdrawal("bert"))
	theirs := post("somebody", func(i *vetov1.Item) { i.ItemId = "photo" })
	if got := p.decide(t, theirs, 0).GetReason(); got != vetov1.Reason_REASON_ITEM_OBJECTED {
		t.Errorf("bert withdrew, cora did not, and the photo is %v", got)
	}
	p.withdraw(t, withdrawal("cora", func(r *vetov1.WithdrawObjectionRequest) { r.ObjectionId = cora.GetObjection().GetObjectionId() }))
	if got := p.decide(t, theirs, 0).GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("both withdrew, and the photo is %v", got)
	}
}

// TestAnObjectionFollowsThePersonToAnotherCountry files in countries all over the world and asks in Europe, and the other way round: it is without
// effect only where both sides say so.
func TestAnObjectionFollowsThePersonToAnotherCountry(t *testing.T) {
	p := start(t, settings{})
	recordedOnly := func(code string) bool {
		country, _, _ := strings.Cut(code, "-")
		return country == "US" || country == "CA"
	}
	var items []*vetov1.Item
	countries := []string{"", "US", "CA", "PR", "US-CA", "FR-974", "DE-BY", "CA-QC"}
	for n, country := range jurisdiction.Countries() {
		if n%5 == 0 {
			countries = append(countries, country)
		}
	}
	for _, country := range countries {
		id := "from-" + country
		p.object(t, filing(id, from(country)))
		items = append(items, post(id), post(id, in("RE")), post(id, in("DE-BY")), post(id, in("US")), post(id, in("CA-QC")))
	}
	answer := batch(t, p.stream(t), &vetov1.StreamDecideRequest{Options: options(), Items: items})
	for i, reason := range answer.GetReasons() {
		item, want := items[i], vetov1.Reason_REASON_OBJECTED
		// Puerto Rico and the other territories with codes of their own are not the United States: no regime rules them here.
		filedIn := strings.TrimPrefix(item.GetAuthorId(), "from-")
		if recordedOnly(filedIn) && recordedOnly(item.GetCountry()) {
			want = vetov1.Reason_REASON_ELIGIBLE
		}
		if reason != want {
			t.Errorf("filed in %q, a post in %s is %v, want %v", filedIn, item.GetCountry(), reason, want)
		}
	}
}

// renamed is the policy under another name of the first purpose, with what is said of the earlier one.
func renamed(name, relations string) string {
	document := strings.ReplaceAll(rules, "generative-ai-training", name)
	return strings.Replace(document, "title: Training of generative AI models}", "title: Training of generative AI models, relations: ["+relations+"]}", 1)
}

// TestAPurposesNewNameLosesNoObjection: a new purpose says of the earlier one, which people objected to by name, what becomes of that.
func TestAPurposesNewNameLosesNoObjection(t *testing.T) {
	for _, c := range []struct {
		name, relations string
		named           vetov1.Reason // of who objected to the earlier purpose by its name; 0: the policy is refused
	}{
		{"nothing is said", "", 0},
		{"a relation to another purpose", "{purpose: model-evaluation, kind: REPLACES}", 0},
		{"unrelated, without a ground", "{purpose: generative-ai-training, kind: UNRELATED}", 0},
		{"replaces", "{purpose: generative-ai-training, kind: REPLACES}", vetov1.Reason_REASON_OBJECTED},
		{"inherits", "{purpose: generative-ai-training, kind: INHERITS}", vetov1.Reason_REASON_OBJECTED},
	} {
		p := start(t, settings{})
		p.object(t, filing("by-name", about(training)))
		p.object(t, filing("to-all"))
		answer, err := p.policies.ApplyPolicy(context.Background(), applying(renamed("ai-training", c.relations)))
		if c.named == 0 {
			if status.Code(err) != codes.InvalidArgument {
				t.Errorf("%s: %v, %v", c.name, answer, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for id, want := range map[string]vetov1.Reason{"by-name": c.named, "to-all": vetov1.Reason_REASON_OBJECTED, "nobody": vetov1.Reason_REASON_ELIGIBLE} {
			if got := p.decideFor(t, "ai-training", post(id), 0).GetReason(); got != want {
				t.Errorf("%s: a post of %s is %v, want %v", c.name, id, got, want)
			}
		}
	}
}

// TestUnrelatedSaysWhyAndEndsNothingElse: beside the earlier purpose, with a ground, another one may begin without its objections. Those to all
// purposes count for it, and nothing of the earlier one changes. Dropping the earlier one besides has to be acknowledged.
func TestUnrelatedSaysWhyAndEndsNothingElse(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("by-name", about(training)))
	p.object(t, filing("to-all"))
	const relation = "{purpose: generative-ai-training, kind: UNRELATED, ground: spam is not generated}"
	dropped, err := p.policies.ApplyPolicy(context.Background(), applying(renamed("spam-filter", relation)))
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(fmt.Sprint(details[*errdetails.PreconditionFailure](err)), "DROPS_PURPOSE") {
		t.Errorf("the earlier purpose is dropped with all who objected to it: %v, %v", dropped, err)
	}
	beside := strings.Replace(rules, "regimes:", "  - {name: spam-filter, title: A filter of spam, relations: ["+relation+"]}\nregimes:", 1)
	p.apply(t, strings.Replace(beside, "purposes: [generative-ai-training, model-evaluation]", "purposes: [generative-ai-training, model-evaluation, spam-filter]", 1))
	for id, want := range map[string]vetov1.Reason{"by-name": vetov1.Reason_REASON_ELIGIBLE, "to-all": vetov1.Reason_REASON_OBJECTED} {
		if got := p.decideFor(t, "spam-filter", post(id), 0).GetReason(); got != want {
			t.Errorf("for the unrelated purpose a post of %s is %v, want %v", id, got, want)
		}
		if got := p.decide(t, post(id), 0).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("for the earlier purpose a post of %s is %v", id, got)
		}
	}
}

// details are an error's details of one type.
func details[D any](err error) []D {
	var found []D
	for _, detail := range status.Convert(err).Details() {
		if d, ok := detail.(D); ok {
			found = append(found, d)
		}
	}
	return found
}

// TestANameThatComesBackBringsItsObjectionsWithIt takes a purpose that inherited objections out of the policy, and puts it back without a word of
// where it came from: one of the two steps has to be refused, or people are used for what they objected to.
func TestANameThatComesBackBringsItsObjectionsWithIt(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("by-name", about(training)))
	p.apply(t, renamed("ai-training", "{purpose: generative-ai-training, kind: REPLACES}"))
	if got := p.decideFor(t, "ai-training", post("by-name"), 0).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Fatalf("under the new name a post is %v", got)
	}
	without := strings.NewReplacer(
		"  - {name: generative-ai-training, title: Training of generative AI models}\n", "",
		"purposes: [generative-ai-training, model-evaluation]", "purposes: [model-evaluation]",
		"purposes: [generative-ai-training]", "purposes: [model-evaluation]").Replace(rules)
	_, dropping := p.policies.ApplyPolicy(context.Background(), applying(without))
	_, returning := p.policies.ApplyPolicy(context.Background(), applying(renamed("ai-training", "")))
	t.Logf("dropping: %v; returning: %v", dropping, returning)
	if got := p.decideFor(t, "ai-training", post("by-name"), 0).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("nobody acknowledged anything, and a post of who objected is %v", got)
	}
}
