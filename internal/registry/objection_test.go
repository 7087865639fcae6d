package registry_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

func TestObjectionIsInForceWhenItIsAcknowledged(t *testing.T) {
	r := open(t)
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Fatalf("before: %v", got)
	}
	filed := r.file(filing("anna"))
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("after: %v, want OBJECTED", got)
	}
	if got := r.decide("bert", "FR"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("somebody else: %v", got)
	}
	view, err := r.ViewAt(t.Context(), filed.GetRevision())
	if err != nil || view.Revision < filed.GetRevision() {
		t.Errorf("view at %d: %v, %v", filed.GetRevision(), view, err)
	}
	if got := r.reopen().decide("anna", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("after a restart: %v, want OBJECTED", got)
	}
}

func TestFilingIsRecordedAsItWasSaid(t *testing.T) {
	r := open(t)
	filed := r.file(filing("anna", func(q *vetov1.FileObjectionRequest) {
		q.Purposes = []string{training}
		q.SentAt, q.ReceivedAt = at("2025-05-26T22:59:59Z"), at("2025-05-31T08:00:00Z")
		q.AlsoAsks = []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_RECIPIENTS, vetov1.AlsoAsk_ALSO_ASK_ACCESS}
		q.CaseReference, q.NoticeVersion = "desk 7", "2025-04"
		q.FiledBy = vetov1.FiledBy_FILED_BY_PARENT
		q.Channel = vetov1.Channel_CHANNEL_LETTER
	}))
	got := filed.GetObjection()
	want := &vetov1.Objection{
		ObjectionId: got.GetObjectionId(), Revision: filed.GetRevision(), RecordedAt: got.GetRecordedAt(),
		Purposes: []string{training}, Country: "FR",
		Channel: vetov1.Channel_CHANNEL_LETTER, Verification: vetov1.Verification_VERIFICATION_UNVERIFIED, FiledBy: vetov1.FiledBy_FILED_BY_PARENT,
		AlsoAsks: []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_ACCESS, vetov1.AlsoAsk_ALSO_ASK_RECIPIENTS},
		SentAt:   at("2025-05-26T22:59:59Z"), ReceivedAt: at("2025-05-31T08:00:00Z"), BeforeDeadline: proto.Bool(true),
		ResponseDueAt: at("2025-06-30T08:00:00Z"), // June has no 31st
		Match:         vetov1.Match_MATCH_MATCHED, State: vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, Needs: []vetov1.Need{vetov1.Need_NEED_ALSO_ASKS},
		CaseReference: "desk 7", NoticeVersion: "2025-04",
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("objection (-want +got):\n%s", diff)
	}
	if id, err := event.ParseObjectionID(got.GetObjectionId()); err != nil || string(id) != got.GetObjectionId() {
		t.Errorf("objection id does not read: %v", err)
	}
	if diff := cmp.Diff([]*vetov1.Objection{want}, r.standing("anna", "").GetObjections(), protocmp.Transform()); diff != "" {
		t.Errorf("standing (-want +got):\n%s", diff)
	}
}

func TestReceiptProvesTheFilingWithoutHoldingAnID(t *testing.T) {
	r := open(t)
	filed := r.file(filing("anna", func(q *vetov1.FileObjectionRequest) { q.ItemIds = []string{"photo-9", "photo-1"} }))
	receipt := filed.GetReceipt()
	leaf, err := event.ParseLeaf(receipt.GetLeaf())
	if err != nil {
		t.Fatalf("leaf: %v", err)
	}
	var list []event.Blinded
	for _, b := range receipt.GetPerson() {
		list = append(list, event.Blinded{Tag: b.GetTag(), Sum: event.Hash(b.GetHmac())})
	}
	if event.Commit(list) != leaf.Person {
		t.Error("the list does not open the leaf's commitment")
	}
	shown := func(tag, value string) bool {
		for line, b := range list {
			if b.Tag == tag && b.Sum == subject.Blind([32]byte(receipt.GetSalt()), line, tag, value) {
				return true
			}
		}
		return false
	}
	for _, v := range []struct {
		tag, value string
		want       bool
	}{
		{"subject_id", "anna", true}, {"subject_id", "bert", false}, {"country", "FR", true}, {"country", "DE", false},
		{"item_id", "photo-1", true}, {"item_id", "photo-9", true}, {"item_id", "photo-2", false},
		{"objection_id", filed.GetObjection().GetObjectionId(), true},
	} {
		if got := shown(v.tag, v.value); got != v.want {
			t.Errorf("%s is shown: %t, want %t", v.tag, got, v.want)
		}
	}
	for _, raw := range []string{"anna", "photo-1"} {
		if strings.Contains(receipt.String(), raw) {
			t.Errorf("the receipt holds an id")
		}
	}
}

func TestRepeats(t *testing.T) {
	type step struct {
		request   *vetov1.FileObjectionRequest
		unchanged bool
		effect    event.Effect // of a new event
	}
	all := func(*vetov1.FileObjectionRequest) {}
	items := func(ids ...string) func(*vetov1.FileObjectionRequest) {
		return func(q *vetov1.FileObjectionRequest) { q.ItemIds = ids }
	}
	from := func(country string) func(*vetov1.FileObjectionRequest) {
		return func(q *vetov1.FileObjectionRequest) { q.Country = country }
	}
	asks := func(list ...vetov1.AlsoAsk) func(*vetov1.FileObjectionRequest) {
		return func(q *vetov1.FileObjectionRequest) { q.AlsoAsks = list }
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"unverified repeats are events of their own", []step{
			{filing("a", all), false, event.EffectInForce}, {filing("a", all), false, event.EffectInForce},
		}},
		{"an unverified repeat learns nothing of a verified one", []step{
			{filing("a", isVerified), false, event.EffectInForce}, {filing("a", all), false, event.EffectInForce},
		}},
		{"a verified repeat changes nothing", []step{
			{filing("a", isVerified), false, event.EffectInForce}, {filing("a", isVerified), true, 0},
		}},
		{"a verified repeat raises an unverified one", []step{
			{filing("a", all), false, event.EffectInForce}, {filing("a", isVerified), false, event.EffectRaised}, {filing("a", isVerified), true, 0},
		}},
		{"items are no part of everything: they may be somebody else's", []step{
			{filing("a", isVerified), false, event.EffectInForce}, {filing("a", isVerified, items("x", "y")), false, event.EffectInForce},
			{filing("a", isVerified, items("x")), true, 0},
		}},
		{"a wider verified one is new", []step{
			{filing("a", isVerified, items("x")), false, event.EffectInForce}, {filing("a", isVerified, items("x", "y")), false, event.EffectInForce},
			{filing("a", isVerified), false, event.EffectInForce},
		}},
		{"another country protects elsewhere", []step{
			{filing("a", isVerified, from("US")), false, event.EffectRecordedOnly}, {filing("a", isVerified, from("FR")), false, event.EffectInForce},
		}},
		{"what has no effect is said first", []step{
			{filing("a", from("US")), false, event.EffectRecordedOnly}, {filing("a", isVerified, from("US")), false, event.EffectRecordedOnly},
		}},
		{"a repeat that asks for more is heard", []step{
			{filing("a", isVerified), false, event.EffectInForce}, {filing("a", isVerified, asks(vetov1.AlsoAsk_ALSO_ASK_ACCESS)), false, event.EffectInForce},
			{filing("a", isVerified, asks(vetov1.AlsoAsk_ALSO_ASK_ACCESS)), true, 0}, {filing("a", isVerified), true, 0},
		}},
		{"a repeat of another case is heard", []step{
			{filing("a", isVerified), false, event.EffectInForce},
			{filing("a", isVerified, func(q *vetov1.FileObjectionRequest) { q.CaseReference = "desk 8" }), false, event.EffectInForce},
		}},
		{"somebody else's is no repeat", []step{
			{filing("a", isVerified, items("x")), false, event.EffectInForce}, {filing("b", isVerified, items("x")), false, event.EffectInForce},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t)
			for i, s := range c.steps {
				got := r.file(s.request)
				if got.GetUnchanged() != s.unchanged {
					t.Fatalf("step %d: unchanged %t, want %t", i, got.GetUnchanged(), s.unchanged)
				}
				if leaf, err := event.ParseLeaf(got.GetReceipt().GetLeaf()); !s.unchanged && (err != nil || leaf.Effect != s.effect) {
					t.Errorf("step %d: effect %v, %v, want %v", i, leaf.Effect, err, s.effect)
				}
			}
		})
	}
}

func TestFault_I03_RequestAgain(t *testing.T) {
	r := open(t)
	request := filing("anna", isVerified)
	first := r.file(request)

	again := r.file(proto.CloneOf(request))
	if diff := cmp.Diff(first, again, protocmp.Transform()); diff != "" {
		t.Errorf("the same again (-first +again):\n%s", diff)
	}
	other := proto.CloneOf(request)
	other.Country = "DE"
	if _, err := r.FileObjection(t.Context(), officer, other); !errors.Is(err, store.ErrRequestReused) {
		t.Errorf("other content: %v, want ErrRequestReused", err)
	}
	lift := withdrawal("anna", func(q *vetov1.WithdrawObjectionRequest) { q.RequestId = request.GetRequestId() })
	if _, err := r.WithdrawObjection(t.Context(), officer, lift); !errors.Is(err, store.ErrRequestReused) {
		t.Errorf("another call: %v, want ErrRequestReused", err)
	}

	// Two calls whose requests have the same fields are two requests.
	id := uuid.NewString()
	if _, err := r.SuspendRegime(t.Context(), officer, &vetov1.SuspendRegimeRequest{RequestId: id, Regime: "europe", Reason: "an order"}); err != nil {
		t.Fatal(err)
	}
	resume := &vetov1.ResumeRegimeRequest{RequestId: id, Regime: "europe", Reason: "an order"}
	if _, err := r.ResumeRegime(t.Context(), officer, resume); !errors.Is(err, store.ErrRequestReused) {
		t.Errorf("the opposite with the same id: %v, want ErrRequestReused", err)
	}
	resume.RequestId = uuid.NewString()
	if _, err := r.ResumeRegime(t.Context(), officer, resume); err != nil {
		t.Fatal(err)
	}

	// Also when what it came to was no event, and when the state has changed since.
	repeat := filing("anna", isVerified)
	unchanged := r.file(repeat)
	r.withdraw(withdrawal("anna"))
	r = r.reopen()
	if diff := cmp.Diff(unchanged, r.file(proto.CloneOf(repeat)), protocmp.Transform()); diff != "" || !unchanged.GetUnchanged() {
		t.Errorf("an unchanged one again, after a restart (-first +again):\n%s", diff)
	}
	if diff := cmp.Diff(first, r.file(proto.CloneOf(request)), protocmp.Transform()); diff != "" {
		t.Errorf("the first again, after a restart (-first +again):\n%s", diff)
	}
}

func TestFault_I03_HundredAtOnce(t *testing.T) {
	r := open(t)
	request := filing("anna")
	answers := make([]*vetov1.FileObjectionResponse, 100)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			var err error
			if answers[i], err = r.FileObjection(t.Context(), officer, proto.CloneOf(request)); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i, a := range answers {
		if diff := cmp.Diff(answers[0], a, protocmp.Transform()); diff != "" {
			t.Fatalf("caller %d got another answer:\n%s", i, diff)
		}
	}
	if got := len(r.standing("anna", "").GetObjections()); got != 1 {
		t.Errorf("%d filings, want 1", got)
	}
}

func TestObjectionsOfItemsAndContentKeys(t *testing.T) {
	r := open(t)
	r.file(filing("anna", func(q *vetov1.FileObjectionRequest) {
		q.ItemIds, q.ContentKeys = []string{"photo-1"}, []string{"sha256:abc"}
	}))
	r.file(filing("", func(q *vetov1.FileObjectionRequest) { q.ItemIds = []string{"photo-2"} })) // by somebody without an account
	for _, c := range []struct {
		name   string
		change func(*gate.Item)
		want   vetov1.Reason
	}{
		{"the item", func(i *gate.Item) { i.ID = "photo-1" }, vetov1.Reason_REASON_ITEM_OBJECTED},
		{"an item of nobody's account", func(i *gate.Item) { i.ID = "photo-2" }, vetov1.Reason_REASON_ITEM_OBJECTED},
		{"a copy with the content key", func(i *gate.Item) { i.ContentKeys = []string{"sha256:abc"} }, vetov1.Reason_REASON_ITEM_OBJECTED},
		{"another key", func(i *gate.Item) { i.ContentKeys = []string{"sha256:ABC"} }, vetov1.Reason_REASON_ELIGIBLE},
		{"another item", func(i *gate.Item) { i.ID = "photo-3" }, vetov1.Reason_REASON_ELIGIBLE},
		{"her other content", func(i *gate.Item) { i.AuthorID = "anna" }, vetov1.Reason_REASON_ELIGIBLE},
	} {
		if got := r.decide("carl", "FR", c.change); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestObjectionWithoutPolicyCounts(t *testing.T) {
	// A first policy that gives objections no effect somewhere weakens what is on record already.
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	r.file(filing("anna"))
	if _, err := r.FileObjection(t.Context(), officer, filing("bert", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} })); !errors.Is(err, registry.ErrNoPolicy) {
		t.Errorf("a purpose without a policy: %v, want ErrNoPolicy", err)
	}
	if _, err := r.ApplyPolicy(t.Context(), officer, application(testPolicy)); !isType[*registry.DangerError](err) {
		t.Errorf("a policy that records some objections only: %v, want *DangerError", err)
	}
	if _, err := r.ApplyPolicy(t.Context(), officer, application(testPolicy, func(q *vetov1.ApplyPolicyRequest) {
		q.Acknowledge = []*vetov1.Acknowledgement{{Danger: vetov1.Danger_DANGER_STOPS_HONOURING, Ground: "no right to object was offered there"}}
	})); err != nil {
		t.Fatal(err)
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("under the policy that came later: %v, want OBJECTED", got)
	}
}

func TestRecordOnlyIsSaidFirst(t *testing.T) {
	r := open(t)
	filed := r.file(filing("anna", func(q *vetov1.FileObjectionRequest) { q.Country = "US" }))
	first, _, _ := strings.Cut(filed.GetReceipt().GetWords(), "\n")
	if !strings.Contains(first, "gives objections no effect") {
		t.Errorf("the receipt's first line is %q", first)
	}
	if got := r.decide("anna", "US"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("where nothing is honoured: %v", got)
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("where it is honoured: %v, want OBJECTED", got)
	}
}

func TestFilingRefusesBadInput(t *testing.T) {
	r := open(t)
	before := r.dump()
	for _, c := range []struct {
		name   string
		change func(*vetov1.FileObjectionRequest)
		field  string
	}{
		{"nobody", func(q *vetov1.FileObjectionRequest) { q.SubjectId = "" }, "subject_id"},
		{"blank", func(q *vetov1.FileObjectionRequest) { q.SubjectId = " " }, "subject_id"},
		{"outer space", func(q *vetov1.FileObjectionRequest) { q.SubjectId = "anna " }, "subject_id"},
		{"NUL", func(q *vetov1.FileObjectionRequest) { q.SubjectId = "a\x00b" }, "subject_id"},
		{"bidi", func(q *vetov1.FileObjectionRequest) { q.SubjectId = "\u202eanna" }, "subject_id"},
		{"tag characters", func(q *vetov1.FileObjectionRequest) { q.SubjectId = "anna\U000e0041" }, "subject_id"},
		{"bad UTF-8", func(q *vetov1.FileObjectionRequest) { q.SubjectId = "a\xff" }, "subject_id"},
		{"too long", func(q *vetov1.FileObjectionRequest) { q.SubjectId = strings.Repeat("a", 257) }, "subject_id"},
		{"a template's word", func(q *vetov1.FileObjectionRequest) { q.SubjectId = "Username" }, "subject_id"},
		{"an item called all", func(q *vetov1.FileObjectionRequest) { q.ItemIds = []string{"x", "All"} }, "item_ids[1]"},
		{"an item called *", func(q *vetov1.FileObjectionRequest) { q.ItemIds = []string{"*"} }, "item_ids[0]"},
		{"an empty item", func(q *vetov1.FileObjectionRequest) { q.ItemIds = []string{""} }, "item_ids[0]"},
		{"an empty content key", func(q *vetov1.FileObjectionRequest) { q.ContentKeys = []string{""} }, "content_keys[0]"},
		{"lower-case country", func(q *vetov1.FileObjectionRequest) { q.Country = "de" }, "country"},
		{"retired country", func(q *vetov1.FileObjectionRequest) { q.Country = "UK" }, "country"},
		{"received in the future", func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = at("2099-01-01T00:00:00Z") }, "received_at"},
		{"received before it was sent", func(q *vetov1.FileObjectionRequest) {
			q.SentAt, q.ReceivedAt = at("2025-05-02T00:00:00Z"), at("2025-05-01T00:00:00Z")
		}, "received_at"},
		{"no instant", func(q *vetov1.FileObjectionRequest) { q.SentAt = &timestamppb.Timestamp{Nanos: -1} }, "sent_at"},
		{"a reference with a control character", func(q *vetov1.FileObjectionRequest) { q.CaseReference = "a\x07" }, "case_reference"},
		{"a reference that holds the id", func(q *vetov1.FileObjectionRequest) { q.CaseReference = "case of anna" }, "case_reference"},
		{"a notice's version that is an address", func(q *vetov1.FileObjectionRequest) { q.NoticeVersion = "a@example.org" }, "notice_version"},
		{"no UUID", func(q *vetov1.FileObjectionRequest) { q.RequestId = "1" }, "request_id"},
	} {
		_, err := r.FileObjection(t.Context(), officer, filing("anna", c.change))
		invalid, ok := errors.AsType[*registry.InvalidError](err)
		if !ok || len(invalid.Fields) != 1 || invalid.Fields[0].Field != c.field {
			t.Errorf("%s: %v, want a fault of %s", c.name, err, c.field)
		}
	}
	_, err := r.FileObjection(t.Context(), officer, filing("", func(q *vetov1.FileObjectionRequest) { q.ItemIds, q.Country = []string{"all"}, "EL" }))
	if invalid, ok := errors.AsType[*registry.InvalidError](err); !ok || len(invalid.Fields) != 2 {
		t.Errorf("two faults: %v, want both at once", err)
	}
	_, err = r.FileObjection(t.Context(), officer, filing("anna", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training, "advertising"} }))
	if undeclared, ok := errors.AsType[*registry.UndeclaredPurposeError](err); !ok || undeclared.Field != "purposes[1]" {
		t.Errorf("an undeclared purpose: %v", err)
	}
	if after := r.dump(); after != before {
		t.Errorf("refused requests changed what stands:\n%s", after)
	}
}

func isType[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

func TestResponseIsDueOneCalendarMonthLater(t *testing.T) {
	r := open(t)
	for received, due := range map[string]string{
		"2025-01-31T10:00:00Z": "2025-02-28T10:00:00Z", "2024-01-31T10:00:00Z": "2024-02-29T10:00:00Z",
		"2025-12-31T23:59:59Z": "2026-01-31T23:59:59Z", "2025-04-15T00:00:00Z": "2025-05-15T00:00:00Z", "2025-10-31T00:00:00Z": "2025-11-30T00:00:00Z",
	} {
		filed := r.file(filing("anna", func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = at(received) }))
		if got := filed.GetObjection().GetResponseDueAt().AsTime().Format(time.RFC3339); got != due {
			t.Errorf("received %s: due %s, want %s", received, got, due)
		}
	}
}

// TestRetryIsAnsweredAsItWasUnderAnotherPolicy: what was acknowledged is not refused later.
func TestRetryIsAnsweredAsItWasUnderAnotherPolicy(t *testing.T) {
	r := open(t)
	request := filing("anna", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} })
	first := r.file(request)
	r.apply(strings.Replace(renamed(testPolicy), "placeholders: [username]", "placeholders: [username, anna]", 1))
	if diff := cmp.Diff(first, r.file(proto.CloneOf(request)), protocmp.Transform()); diff != "" {
		t.Errorf("the retry (-first +again):\n%s", diff)
	}
}

// TestUnchangedIsToldAsItStands: a repeat hears of what is left, not of what was once filed.
func TestUnchangedIsToldAsItStands(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	r.apply(twoPurposes)
	r.file(filing("anna", isVerified))
	r.withdraw(withdrawal("anna", func(q *vetov1.WithdrawObjectionRequest) { q.Purposes = []string{"evaluation"} }))
	request := filing("anna", isVerified, func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} })
	got := r.file(request)
	if !got.GetUnchanged() || !cmp.Equal(got.GetObjection().GetAllPurposesBut(), []string{"evaluation"}) || !strings.Contains(got.GetReceipt().GetWords(), "but evaluation") {
		t.Errorf("what stands: %v", got)
	}
	r.withdraw(withdrawal("anna"))
	if diff := cmp.Diff(got, r.file(proto.CloneOf(request)), protocmp.Transform()); diff != "" {
		t.Errorf("a retry after a withdrawal (-first +again):\n%s", diff)
	}
}

// TestReceiptTellsWhereItHasNoEffect: of two purposes, one is ruled by a regime that gives objections none.
func TestReceiptTellsWhereItHasNoEffect(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	r.apply(strings.Replace(twoPurposes, "    purposes: [generative-ai-training, evaluation]\n    legal_basis: LEGITIMATE_INTERESTS\n",
		"    purposes: [generative-ai-training]\n    legal_basis: LEGITIMATE_INTERESTS\n", 1) + `
  - name: evaluating
    jurisdictions: [EEA]
    purposes: [evaluation]
    legal_basis: CONTRACT
    objections: RECORD_ONLY
    objections_ground: nothing is kept
    minimum_age: 0
    periods: [{start: 2025-05-27T00:00:00Z}]
    content:
      - {kinds: [POST], visibilities: [PUBLIC]}
`)
	first, _, _ := strings.Cut(r.file(filing("anna")).GetReceipt().GetWords(), "\n")
	if !strings.Contains(first, "is in force") || !strings.Contains(first, "in FR the controller gives objections no effect for evaluation") {
		t.Errorf("the receipt's first line is %q", first)
	}
}
