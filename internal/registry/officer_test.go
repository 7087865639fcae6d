package registry_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

// assessing rules Germany by ASSESS, with a week's delay, beside testPolicy's regimes.
const assessing = testPolicy + germany

const germany = `
  - name: germany
    jurisdictions: [DE]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    objections: ASSESS
    refusal_delay: 604800s
    minimum_age: 0
    periods: [{start: 2025-05-27T00:00:00Z}]
    content:
      - {kinds: [POST], visibilities: [PUBLIC]}
`

const (
	objected = vetov1.Reason_REASON_OBJECTED
	eligible = vetov1.Reason_REASON_ELIGIBLE
)

func byMail(address string) func(*vetov1.FileObjectionRequest) {
	return func(q *vetov1.FileObjectionRequest) {
		q.SubjectId, q.Identifiers = "", []*vetov1.Identifier{
			{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: address}, {Type: vetov1.IdentifierType_IDENTIFIER_TYPE_HANDLE, Value: "@" + address},
		}
	}
}

func (r *register) match(id, subject string) (*vetov1.MatchIdentifierResponse, error) {
	r.t.Helper()
	return r.MatchIdentifier(r.t.Context(), officer, &vetov1.MatchIdentifierRequest{RequestId: uuid.NewString(), ObjectionId: id, SubjectId: subject})
}

func (r *register) matched(id, subject string) *vetov1.Objection {
	r.t.Helper()
	response, err := r.match(id, subject)
	if err != nil {
		r.t.Fatalf("match: %v", err)
	}
	return response.GetObjection()
}

func deciding(id string, change ...func(*vetov1.DecideObjectionRequest)) *vetov1.DecideObjectionRequest {
	request := &vetov1.DecideObjectionRequest{RequestId: uuid.NewString(), ObjectionId: id}
	for _, c := range change {
		c(request)
	}
	return request
}

// grounded is an outcome with what it wants.
func grounded(outcome vetov1.ObjectionOutcome) func(*vetov1.DecideObjectionRequest) {
	return func(q *vetov1.DecideObjectionRequest) {
		q.Outcome, q.Grounds, q.RemediesText = outcome, "see the assessment", "complain to the authority, or go to court"
	}
}

const (
	upheld    = vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD
	refused   = vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED
	unfounded = vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UNFOUNDED
)

func answeredAt(at time.Time) func(*vetov1.DecideObjectionRequest) {
	return func(q *vetov1.DecideObjectionRequest) { q.AnsweredAt = timestamppb.New(at) }
}

func (r *register) decides(request *vetov1.DecideObjectionRequest) *vetov1.Objection {
	r.t.Helper()
	response, err := r.DecideObjection(r.t.Context(), officer, request)
	if err != nil {
		r.t.Fatalf("decide: %v", err)
	}
	if response.GetReceipt().GetWords() == "" || response.GetRevision() == 0 {
		r.t.Errorf("the act has no receipt: %v", response)
	}
	return response.GetObjection()
}

func wantState(t *testing.T, err error, kind string) {
	t.Helper()
	if state, ok := errors.AsType[*registry.StateError](err); !ok || state.Kind != kind {
		t.Errorf("%v, want the state %s", err, kind)
	}
}

func (r *register) queue(change ...func(*vetov1.ListObjectionsRequest)) []*vetov1.Objection {
	r.t.Helper()
	request := &vetov1.ListObjectionsRequest{Queue: true}
	for _, c := range change {
		c(request)
	}
	var all []*vetov1.Objection
	for {
		page, err := r.Objections(r.t.Context(), request)
		if err != nil {
			r.t.Fatalf("queue: %v", err)
		}
		all = append(all, page.GetObjections()...)
		if request.PageToken = page.GetNextPageToken(); request.GetPageToken() == "" {
			return all
		}
	}
}

func showSealed(q *vetov1.ListObjectionsRequest) { q.ShowSealed = true }

// sealedRows counts what lies sealed.
func (r *register) sealedRows() (n int) {
	r.t.Helper()
	for _, err := range r.log.EachSealed(r.t.Context()) {
		if err != nil {
			r.t.Fatal(err)
		}
		n++
	}
	return n
}

// Somebody gives an address alone. It protects nobody until it is known whose it is; then all of that person's ids, and it beats the consents given before.
func TestIdentifiersAreMatched(t *testing.T) {
	r := open(t)
	r.link("marie", "maria")
	consent := &vetov1.GrantConsentRequest{RequestId: uuid.NewString(), SubjectId: "marie", Purposes: []string{training},
		Verification: vetov1.Verification_VERIFICATION_VERIFIED, Channel: vetov1.Channel_CHANNEL_SETTINGS}
	if _, err := r.GrantConsent(t.Context(), officer, consent); err != nil {
		t.Fatal(err)
	}
	before := r.dump()
	request := filing("", byMail("marie@example.org"), func(q *vetov1.FileObjectionRequest) { q.ReplyTo = "marie@example.org" })
	filed := r.file(request)
	o := filed.GetObjection()
	if o.GetMatch() != vetov1.Match_MATCH_PENDING || !strings.Contains(filed.GetReceipt().GetWords(), "being looked for") {
		t.Errorf("filed: %v", filed)
	}
	if after := r.dump(); after != before {
		t.Errorf("it protects somebody already:\n%s", after)
	}
	if got := r.sealedRows(); got != 3 {
		t.Errorf("%d rows are sealed, want 3", got)
	}
	if got := r.queue(); len(got) != 1 || got[0].GetNeeds()[0] != vetov1.Need_NEED_MATCH || got[0].GetReplyTo() != "" || len(got[0].GetIdentifiers()) != 0 {
		t.Errorf("the queue: %v", got)
	}
	shown := r.queue(showSealed)
	if len(shown) != 1 || shown[0].GetReplyTo() != "marie@example.org" || len(shown[0].GetIdentifiers()) != 2 ||
		!proto.Equal(shown[0].GetIdentifiers()[1], request.GetIdentifiers()[1]) {
		t.Errorf("shown to an officer: %v", shown)
	}

	got := r.matched(o.GetObjectionId(), "marie")
	if got.GetMatch() != vetov1.Match_MATCH_MATCHED || got.GetRevision() != filed.GetRevision() {
		t.Errorf("matched: %v", got)
	}
	for _, id := range []string{"marie", "maria"} {
		if reason := r.decide(id, "FR"); reason != objected {
			t.Errorf("%s: %v", id, reason)
		}
		standing := r.standing(id, "FR")
		if len(standing.GetObjections()) != 1 || standing.GetObjections()[0].GetObjectionId() != o.GetObjectionId() {
			t.Errorf("the standing of %s: %v", id, standing)
		}
	}
	if c := r.standing("marie", "FR").GetConsents(); len(c) != 1 || len(c[0].GetPurposes()) != 0 && c[0].GetWithdrawnAt() == nil {
		t.Errorf("the consent stands: %v", c)
	}
	if got := r.sealedRows(); got != 1 { // the address to answer to
		t.Errorf("%d rows are sealed, want the address alone", got)
	}
	if got := r.queue(); len(got) != 0 {
		t.Errorf("the queue: %v", got)
	}
	_, err := r.match(o.GetObjectionId(), "another")
	wantState(t, err, "NOTHING_PENDING")
	// A retry is answered as it was: that tells a stranger nothing.
	if again := r.file(request); !proto.Equal(again, filed) {
		t.Errorf("the retry: %v, want %v", again, filed)
	}
	live := r.dump()
	r = r.reopen()
	if got := r.dump(); got != live {
		t.Errorf("rebuilt:\n%s\nwant\n%s", got, live)
	}
	// Her receipt lifts it; whose it was it does not tell.
	lifted := r.withdraw(&vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), ProofReceipt: filed.GetReceipt(), Channel: vetov1.Channel_CHANNEL_WEB_FORM})
	if lifted.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED || lifted.GetLifted()[0].GetMatch() != 0 {
		t.Errorf("withdrawn: %v", lifted)
	}
	if r.decide("marie", "FR") != eligible || r.decide("maria", "FR") != eligible || r.sealedRows() != 0 {
		t.Errorf("after the withdrawal %v, %v, %d rows sealed", r.decide("marie", "FR"), r.decide("maria", "FR"), r.sealedRows())
	}
}

// What she had lifted by her receipt meanwhile is not brought back by the match, and what is lifted wholly is looked for no more.
func TestAMatchBringsBackNothing(t *testing.T) {
	r := open(t)
	partly, wholly := r.file(filing("", byMail("a@example.org"))), r.file(filing("", byMail("b@example.org")))
	nobody := r.file(filing("", byMail("c@example.org"), func(q *vetov1.FileObjectionRequest) { q.ItemIds = []string{"photo"} }))
	withdraw := func(filed *vetov1.FileObjectionResponse, purposes ...string) {
		r.withdraw(&vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), ProofReceipt: filed.GetReceipt(), Purposes: purposes, Channel: vetov1.Channel_CHANNEL_WEB_FORM})
	}
	withdraw(partly, training)
	withdraw(wholly)
	if got := r.matched(partly.GetObjection().GetObjectionId(), "anna"); len(got.GetAllPurposesBut()) != 1 {
		t.Errorf("matched: %v", got)
	}
	if got := r.decide("anna", "FR"); got != eligible {
		t.Errorf("what she had lifted stands again: %v", got)
	}
	_, err := r.match(wholly.GetObjection().GetObjectionId(), "bert")
	wantState(t, err, "NOTHING_PENDING")
	photo := func(i *gate.Item) { i.ID = "photo" }
	if got := r.decide("carl", "FR", photo); got != vetov1.Reason_REASON_ITEM_OBJECTED {
		t.Errorf("the item that was named counts at once: %v", got)
	}
	if got := r.matched(nobody.GetObjection().GetObjectionId(), ""); got.GetMatch() != vetov1.Match_MATCH_NOT_FOUND || len(got.GetNeeds()) != 0 {
		t.Errorf("nobody's: %v", got)
	}
	if got := r.decide("carl", "FR", photo); got != vetov1.Reason_REASON_ITEM_OBJECTED || r.sealedRows() != 0 {
		t.Errorf("nobody's: %v, %d rows sealed", got, r.sealedRows())
	}
	if _, err := r.match("7F3K-92QM-4D", "anna"); !errors.Is(err, registry.ErrUnknownObjection) {
		t.Errorf("a number that no objection has: %v", err)
	}
	if _, err := r.match("7F3K-92QM-4C", "anna"); !isType[*registry.InvalidError](err) {
		t.Errorf("a number with a wrong check character: %v", err)
	}
	if _, err := r.match(nobody.GetObjection().GetObjectionId(), "username"); !isType[*registry.InvalidError](err) {
		t.Errorf("a placeholder: %v", err)
	}
}

// A refusal counts when it was delivered and the week is over, where objections are assessed, and nowhere else; and a later objection counts anew.
func TestARefusalCountsAfterItsDelivery(t *testing.T) {
	start := time.Now().Add(time.Minute).Truncate(time.Second)
	now := begunAt(start)
	r := openAt(t, t.TempDir(), registry.Config{Wall: now.read}, nil)
	r.apply(assessing)
	inGermany := func(q *vetov1.FileObjectionRequest) { q.Country = "DE" }
	filed := r.file(filing("anna", isVerified, inGermany))
	id := filed.GetObjection().GetObjectionId()
	if got := filed.GetObjection(); got.GetState() != vetov1.ObjectionState_OBJECTION_STATE_UNDER_ASSESSMENT || len(got.GetNeeds()) != 1 {
		t.Errorf("filed: %v", got)
	}
	item := r.file(filing("", inGermany, func(q *vetov1.FileObjectionRequest) { q.ItemIds = []string{"item-of-bert"} })).GetObjection().GetObjectionId()
	look := func(when string, germany, france vetov1.Reason) {
		t.Helper()
		r.eventually("the clock", func() bool { _, err := r.View(); return err == nil })
		if g, f := r.decide("anna", "DE"), r.decide("anna", "FR"); g != germany || f != france {
			t.Errorf("%s: %v in Germany and %v in France, want %v and %v", when, g, f, germany, france)
		}
	}
	_, err := r.DecideObjection(t.Context(), officer, deciding(id, answeredAt(start)))
	wantState(t, err, "UNDECIDED")
	got := r.decides(deciding(id, grounded(refused)))
	if got.GetState() != vetov1.ObjectionState_OBJECTION_STATE_UNDER_ASSESSMENT || got.GetOutcome() != refused || len(got.GetNeeds()) != 1 || got.GetNeeds()[0] != vetov1.Need_NEED_DELIVERY {
		t.Errorf("refused, and not delivered: %v", got)
	}
	look("refused, and not delivered", objected, objected)
	got = r.decides(deciding(id, answeredAt(start)))
	from := start.Add(7 * 24 * time.Hour)
	if got.GetState() != vetov1.ObjectionState_OBJECTION_STATE_REFUSED || !got.GetRefusedFrom().AsTime().Equal(from) || len(got.GetNeeds()) != 0 {
		t.Errorf("delivered: %v, want refused from %v", got, from)
	}
	r.decides(deciding(item, grounded(refused), answeredAt(start)))
	look("delivered", objected, objected)
	view, err := r.View()
	if err != nil {
		t.Fatal(err)
	}
	bert := func(at time.Time) vetov1.Reason { return decideAt(t, view, "bert", "DE", at) }
	for when, want := range map[time.Time]vetov1.Reason{from.Add(-1): objected, from: eligible} {
		if got := decideAt(t, view, "anna", "DE", when); got != want {
			t.Errorf("at %v in Germany: %v, want %v", when, got, want)
		}
		if got := decideAt(t, view, "anna", "FR", when); got != objected {
			t.Errorf("at %v in France: %v", when, got)
		}
	}
	if bert(from.Add(-1)) != vetov1.Reason_REASON_ITEM_OBJECTED || bert(from) != eligible {
		t.Errorf("the item: %v, then %v", bert(from.Add(-1)), bert(from))
	}
	live := r.dump()
	if !strings.Contains(live, "refused_from") {
		t.Errorf("nothing is refused:\n%s", live)
	}
	again := r.file(filing("anna", isVerified, inGermany))
	if again.GetUnchanged() || again.GetObjection().GetState() != vetov1.ObjectionState_OBJECTION_STATE_UNDER_ASSESSMENT {
		t.Errorf("objected again: %v", again)
	}
	if view, err = r.View(); err != nil || decideAt(t, view, "anna", "DE", from.Add(time.Hour)) != objected {
		t.Errorf("objected again it does not count: %v", err)
	}
	r.withdraw(withdrawal("anna", func(q *vetov1.WithdrawObjectionRequest) { q.ObjectionId = again.GetObjection().GetObjectionId() }))
	if got := r.dump(); got != live {
		t.Errorf("the second withdrawn:\n%s\nwant\n%s", got, live)
	}
	// Reconsidered: it counts as if it had never been refused.
	if got := r.decides(deciding(id, func(q *vetov1.DecideObjectionRequest) { q.Outcome = upheld })); got.GetState() != vetov1.ObjectionState_OBJECTION_STATE_UPHELD || got.GetRefusedFrom() != nil {
		t.Errorf("upheld: %v", got)
	}
	if view, err = r.View(); err != nil || decideAt(t, view, "anna", "DE", from.Add(time.Hour)) != objected {
		t.Errorf("upheld it does not count: %v", err)
	}
	_, err = r.DecideObjection(t.Context(), officer, deciding(id, grounded(refused)))
	wantState(t, err, "DECIDED")
	live = r.dump()
	view, err = r.Past(t.Context(), r.revision())
	var rebuilt bytes.Buffer
	if err == nil {
		err = view.Standings().Dump(&rebuilt)
	}
	if err != nil || !strings.HasPrefix(live, rebuilt.String()) {
		t.Errorf("rebuilt: %v\n%s\nwant\n%s", err, rebuilt.String(), live)
	}
}

// revision is the newest view's.
func (r *register) revision() uint64 {
	r.t.Helper()
	view, err := r.View()
	if err != nil {
		r.t.Fatal(err)
	}
	return view.Revision
}

// What is honoured cannot be refused, whoever asks; what is unfounded ends at once, and its end has to be delivered.
func TestDecisionsThatAreNoRefusals(t *testing.T) {
	r := open(t)
	r.apply(strings.Replace(assessing, "jurisdictions: [DE]", "jurisdictions: [DE, CH]", 1))
	french := r.file(filing("anna")).GetObjection().GetObjectionId()
	nowhere := r.file(filing("bert", func(q *vetov1.FileObjectionRequest) { q.Country = "" })).GetObjection().GetObjectionId()
	for _, id := range []string{french, nowhere} {
		_, err := r.DecideObjection(t.Context(), officer, deciding(id, grounded(refused)))
		wantState(t, err, "NOT_ASSESSED")
	}
	swiss := r.file(filing("carl", func(q *vetov1.FileObjectionRequest) { q.Country = "CH" })).GetObjection().GetObjectionId()
	r.apply(strings.Replace(assessing, "objections: ASSESS\n    refusal_delay: 604800s", "objections: HONOUR", 1))
	_, err := r.DecideObjection(t.Context(), officer, deciding(swiss, grounded(refused)))
	wantState(t, err, "NOT_ASSESSED") // the regime does not assess any more
	r.decides(deciding(swiss, func(q *vetov1.DecideObjectionRequest) { q.Outcome = upheld }))

	// What was honoured when it was filed is not assessed afterwards.
	honoured := r.file(filing("fred", func(q *vetov1.FileObjectionRequest) { q.Country = "DE" })).GetObjection().GetObjectionId()
	r.apply(assessing)
	_, err = r.DecideObjection(t.Context(), officer, deciding(honoured, grounded(refused)))
	wantState(t, err, "NOT_ASSESSED")

	asked := r.file(filing("dora", func(q *vetov1.FileObjectionRequest) {
		q.AlsoAsks, q.ReplyTo = []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_ACCESS}, "dora@example.org"
	})).GetObjection().GetObjectionId()
	got := r.decides(deciding(asked, grounded(unfounded)))
	if got.GetState() != vetov1.ObjectionState_OBJECTION_STATE_UNFOUNDED || len(got.GetNeeds()) != 2 || r.decide("dora", "FR") != eligible || r.sealedRows() != 1 {
		t.Errorf("unfounded: %v, %v, %d rows sealed", got, r.decide("dora", "FR"), r.sealedRows())
	}
	_, err = r.DecideObjection(t.Context(), officer, deciding(asked, grounded(upheld)))
	wantState(t, err, "ENDED")
	if got := r.decides(deciding(asked, answeredAt(r.Now()))); len(got.GetNeeds()) != 0 || r.sealedRows() != 0 {
		t.Errorf("answered: %v, %d rows sealed", got, r.sealedRows())
	}
	if r.file(filing("dora")).GetUnchanged() || r.decide("dora", "FR") != objected {
		t.Error("objected again it does not count")
	}
	// More is asked for, and the objection is withdrawn: the rest is still to be answered.
	asked = r.file(filing("emil", func(q *vetov1.FileObjectionRequest) {
		q.AlsoAsks, q.ReplyTo = []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_ACCESS}, "emil@example.org"
	})).GetObjection().GetObjectionId()
	r.withdraw(withdrawal("emil"))
	if got := r.queue(showSealed); len(got) != 1 || got[0].GetObjectionId() != asked || got[0].GetReplyTo() == "" {
		t.Errorf("the queue: %v", got)
	}
	r.decides(deciding(asked, answeredAt(r.Now())))
	if got := r.queue(); len(got) != 0 || r.sealedRows() != 0 {
		t.Errorf("the queue: %v, %d rows sealed", got, r.sealedRows())
	}
	live := r.dump()
	if got := r.reopen().dump(); got != live {
		t.Errorf("rebuilt:\n%s\nwant\n%s", got, live)
	}
}

// An answer that was delivered long ago refuses nothing backwards.
func TestNothingIsRefusedBackwards(t *testing.T) {
	r := open(t)
	r.apply(assessing)
	id := r.file(filing("anna", func(q *vetov1.FileObjectionRequest) {
		q.Country, q.ReceivedAt = "DE", timestamppb.New(r.Now().AddDate(0, -3, 0))
	})).GetObjection().GetObjectionId()
	before := r.Now()
	got := r.decides(deciding(id, grounded(refused), answeredAt(before.AddDate(0, -2, 0))))
	if from := got.GetRefusedFrom().AsTime(); from.Before(before.Truncate(time.Microsecond)) {
		t.Errorf("refused from %v, and decided after %v", from, before)
	}
}

// What is not needed is not kept: identifiers beside an id, and those of what was loaded by mistake.
func TestNothingIsSealedWithoutNeed(t *testing.T) {
	r := open(t)
	r.file(filing("", byMail("a@example.org"), func(q *vetov1.FileObjectionRequest) { q.SubjectId = "anna" }))
	if got := r.sealedRows(); got != 0 {
		t.Errorf("beside an id %d rows are sealed", got)
	}
	rows := []*vetov1.FileObjectionRequest{filing("", byMail("b@example.org"), func(q *vetov1.FileObjectionRequest) { q.ReplyTo = "b@example.org" })}
	sent := false
	if _, err := r.ImportObjections(t.Context(), officer, registry.Rows{Next: func() (*vetov1.ImportObjectionsRequest, error) {
		if sent {
			return nil, io.EOF
		}
		sent = true
		return &vetov1.ImportObjectionsRequest{ImportId: "wrong", Rows: rows}, nil
	}}); err != nil {
		t.Fatal(err)
	}
	if got := r.sealedRows(); got != 3 {
		t.Errorf("%d rows are sealed, want 3", got)
	}
	if _, err := r.AnnulObjections(t.Context(), officer, &vetov1.AnnulObjectionsRequest{RequestId: uuid.NewString(), ImportId: "wrong", Ground: "the wrong file"}); err != nil {
		t.Fatal(err)
	}
	if got := r.sealedRows(); got != 0 {
		t.Errorf("after the annulment %d rows are sealed", got)
	}
}

// The clocks of Art. 12: one month, three with an extension that is told in time; the month's last day where it has no such one.
func TestTheClocksOfAnAnswer(t *testing.T) {
	now := begunAt(time.Now().Add(time.Minute))
	r := openAt(t, t.TempDir(), registry.Config{Wall: now.read}, nil)
	r.apply(testPolicy)
	on := func(received string) func(*vetov1.FileObjectionRequest) {
		return func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = at(received) }
	}
	for received, due := range map[string]string{
		"2026-01-31T10:00:00Z": "2026-02-28T10:00:00Z", "2024-01-31T10:00:00Z": "2024-02-29T10:00:00Z", "2025-12-31T00:00:00Z": "2026-01-31T00:00:00Z",
		"2026-02-28T23:59:59Z": "2026-03-28T23:59:59Z", "2025-03-31T10:00:00Z": "2025-04-30T10:00:00Z",
	} {
		if got := r.file(filing("anna", on(received))).GetObjection().GetResponseDueAt(); !proto.Equal(got, at(due)) {
			t.Errorf("received %s it is due %s, want %s", received, got.AsTime(), due)
		}
	}
	received := now.read().AddDate(0, 0, -3)
	id := r.file(filing("bert", func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = timestamppb.New(received) })).GetObjection().GetObjectionId()
	extending := func(until time.Time) func(*vetov1.DecideObjectionRequest) {
		return func(q *vetov1.DecideObjectionRequest) {
			q.ExtendUntil, q.Grounds = timestamppb.New(until), "many at once"
		}
	}
	for what, change := range map[string]func(*vetov1.DecideObjectionRequest){
		"four months":              extending(received.AddDate(0, 4, 0)),
		"sooner than it is due":    extending(received.AddDate(0, 0, 5)),
		"no ground":                func(q *vetov1.DecideObjectionRequest) { q.ExtendUntil = timestamppb.New(received.AddDate(0, 2, 0)) },
		"answered before receipt":  answeredAt(received.Add(-time.Hour)),
		"answered in the future":   answeredAt(now.read().Add(time.Hour)),
		"nothing":                  func(*vetov1.DecideObjectionRequest) {},
		"unfounded, and no ground": func(q *vetov1.DecideObjectionRequest) { q.Outcome = unfounded },
		"a decision and more time": func(q *vetov1.DecideObjectionRequest) {
			grounded(unfounded)(q)
			q.ExtendUntil = timestamppb.New(received.AddDate(0, 2, 0))
		},
		"an address among the grounds": func(q *vetov1.DecideObjectionRequest) {
			grounded(unfounded)(q)
			q.Grounds = "bert@example.org wrote forty times"
		},
	} {
		if _, err := r.DecideObjection(t.Context(), officer, deciding(id, change)); !isType[*registry.InvalidError](err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	until := received.AddDate(0, 0, 60)
	got := r.decides(deciding(id, extending(until), func(q *vetov1.DecideObjectionRequest) { q.InformedAt = timestamppb.New(now.read()) }))
	if !got.GetExtendedUntil().AsTime().Equal(until.Truncate(time.Microsecond)) || got.GetInformedAt() == nil || got.GetOutcome() != 0 {
		t.Errorf("extended: %v", got)
	}
	now.pass(40 * 24 * time.Hour)
	r = openAt(t, t.TempDir(), registry.Config{}, nil)
	r.apply(testPolicy)
	late := r.file(filing("carl", on("2025-06-01T00:00:00Z"))).GetObjection().GetObjectionId()
	_, err := r.DecideObjection(t.Context(), officer, deciding(late, func(q *vetov1.DecideObjectionRequest) {
		q.ExtendUntil, q.Grounds = at("2025-08-15T00:00:00Z"), "many at once"
	}))
	wantState(t, err, "TOO_LATE")
}

// The queue is by due date, an extension taken in; pages neither lose nor repeat, also while it grows shorter.
func TestTheQueueIsByDueDate(t *testing.T) {
	r := open(t)
	day := func(n int) func(*vetov1.FileObjectionRequest) {
		return func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = timestamppb.New(time.Now().AddDate(0, 0, -n)) }
	}
	asks := func(q *vetov1.FileObjectionRequest) {
		q.AlsoAsks = []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_HUMAN_REPLY}
	}
	r.file(filing("plain")) // under HONOUR nobody has to do anything
	id := map[string]string{}
	for n, name := range []string{"anna", "bert", "carl", "dora", "emil"} {
		id[name] = r.file(filing(name, asks, day([]int{3, 9, 1, 9, 5}[n]))).GetObjection().GetObjectionId()
	}
	r.decides(deciding(id["bert"], func(q *vetov1.DecideObjectionRequest) {
		q.ExtendUntil, q.Grounds = timestamppb.New(time.Now().AddDate(0, 0, 50)), "many at once"
	}))
	names := func(list []*vetov1.Objection) string {
		var all strings.Builder
		for _, o := range list {
			for name, one := range id {
				if one == o.GetObjectionId() {
					all.WriteString(name + " ")
				}
			}
		}
		return all.String()
	}
	small := func(q *vetov1.ListObjectionsRequest) { q.PageSize = 2 }
	if got := names(r.queue(small)); got != "dora emil anna carl bert " {
		t.Errorf("the queue: %s", got)
	}
	if got := names(r.queue(func(q *vetov1.ListObjectionsRequest) {
		q.DueBefore = timestamppb.New(time.Now().AddDate(0, 0, -4).AddDate(0, 1, 0))
	})); got != "dora emil " {
		t.Errorf("due in 27 days: %s", got)
	}
	page, err := r.Objections(t.Context(), &vetov1.ListObjectionsRequest{Queue: true, PageSize: 2})
	if err != nil || names(page.GetObjections()) != "dora emil " {
		t.Fatalf("the first page: %v, %v", page, err)
	}
	r.decides(deciding(id["dora"], answeredAt(r.Now())))
	r.decides(deciding(id["anna"], answeredAt(r.Now())))
	rest, err := r.Objections(t.Context(), &vetov1.ListObjectionsRequest{Queue: true, PageSize: 2, PageToken: page.GetNextPageToken()})
	if err != nil || names(rest.GetObjections()) != "carl bert " || rest.GetNextPageToken() != "" {
		t.Errorf("the second page: %v, %v", rest, err)
	}
	if _, err := r.Objections(t.Context(), &vetov1.ListObjectionsRequest{PageSize: 2, PageToken: page.GetNextPageToken()}); !isType[*registry.InvalidError](err) {
		t.Errorf("the queue's token for another listing: %v", err)
	}
}

// What waits is told with what was given, and no more: not the address to answer to, and not what waits no longer.
func TestWaitingIsWhoIsLookedFor(t *testing.T) {
	r := open(t)
	first := r.file(filing("", byMail("a@example.org"), func(q *vetov1.FileObjectionRequest) { q.ReplyTo = "a@example.org" })).GetObjection().GetObjectionId()
	second := r.file(filing("", byMail("b@example.org"))).GetObjection().GetObjectionId()
	r.file(filing("anna", func(q *vetov1.FileObjectionRequest) { q.ReplyTo = "anna@example.org" }))
	waiting, revision, err := r.Waiting(t.Context())
	if err != nil || len(waiting) != 2 || revision != r.Revision() {
		t.Fatalf("%v at %d, %v", waiting, revision, err)
	}
	for _, one := range waiting {
		want := map[string]string{first: "a@example.org", second: "b@example.org"}[one.ObjectionID]
		if len(one.Identifiers) != 2 || one.Identifiers[0].GetValue() != want || one.Identifiers[1].GetType() != vetov1.IdentifierType_IDENTIFIER_TYPE_HANDLE {
			t.Errorf("%v, want %s", one, want)
		}
	}
	r.matched(first, "anna")
	if waiting, _, err = r.Waiting(t.Context()); err != nil || len(waiting) != 1 || waiting[0].ObjectionID != second {
		t.Errorf("after the match: %v, %v", waiting, err)
	}
	r.stop()
	r.eventually("the view to grow stale", func() bool { return r.Revision() == 0 })
	if _, _, err := r.Waiting(t.Context()); err == nil {
		t.Error("a stale register tells who waits")
	}
	if _, err := r.MatchIdentifier(t.Context(), officer, &vetov1.MatchIdentifierRequest{RequestId: uuid.NewString(), ObjectionId: second}); err == nil {
		t.Error("a stale register matches")
	}
	if _, err := r.DecideObjection(t.Context(), officer, deciding(second, grounded(unfounded))); err == nil {
		t.Error("a stale register decides")
	}
	if _, err := r.DecideObjection(t.Context(), officer, deciding("7F3K-92QM-4C", grounded(unfounded))); !isType[*registry.InvalidError](err) {
		t.Errorf("a wrong check character: %v", err)
	}
}

// A refusal reaches the earlier name of a purpose that the objection was filed under, and not the later one alone; nor more than is assessed.
func TestARefusalReachesAnEarlierName(t *testing.T) {
	r := open(t)
	r.apply(assessing)
	inGermany := func(q *vetov1.FileObjectionRequest) { q.Country = "DE" }
	named := r.file(filing("anna", inGermany, func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} })).GetObjection().GetObjectionId()
	all := r.file(filing("bert", inGermany)).GetObjection().GetObjectionId()
	later := strings.ReplaceAll(assessing, "[generative-ai-training]", "[language-models]")
	later = strings.Replace(later, "  - {name: generative-ai-training, title: Training of generative AI}", "  - {name: language-models, title: Language models, relations: [{purpose: generative-ai-training, kind: REPLACES}]}", 1)
	r.apply(later)
	for _, id := range []string{named, all} {
		r.decides(deciding(id, grounded(refused), answeredAt(r.Now())))
	}
	view, err := r.View()
	if err != nil {
		t.Fatal(err)
	}
	purpose, ok := view.Gate.Purpose("language-models")
	if !ok {
		t.Fatal("the policy does not declare the later name")
	}
	for _, author := range []string{"anna", "bert"} {
		for after, want := range map[time.Duration]vetov1.Reason{time.Hour: objected, 8 * 24 * time.Hour: eligible} {
			for country, want := range map[string]vetov1.Reason{"DE": want, "FR": objected} {
				item := &gate.Item{ID: "i", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, AuthorID: author, Country: country, AuthorAge: 18, AuthorAgeAtCreation: 18}
				var d gate.Decision
				view.Gate.Decide(item, purpose, r.Now().Add(after), gate.Options{}, &d)
				if d.Reason != want {
					t.Errorf("%s in %s after %v: %v, want %v", author, country, after, d.Reason, want)
				}
			}
		}
	}
}
