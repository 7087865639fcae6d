package registry_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

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

func TestAReceiptDoesNotTellWhoWasFound(t *testing.T) {
	r := open(t)
	r.apply(testPolicy)
	filed := r.file(filing("", byMail("anna@example.org")))
	r.matched(filed.GetObjection().GetObjectionId(), "anna")
	guess := func(id string) vetov1.WithdrawalEffect {
		return r.withdraw(&vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), SubjectId: id, ProofReceipt: filed.GetReceipt(), Channel: vetov1.Channel_CHANNEL_SETTINGS}).GetEffect()
	}
	a, b := guess("bert"), guess("anna")
	if a != b {
		t.Errorf("unverified holder of a receipt guesses: bert %v, anna %v", a, b)
	}
}

func TestAReceiptDoesNotTellWhetherSomebodyWasFound(t *testing.T) {
	r := open(t)
	r.apply(testPolicy)
	one := r.file(filing("", byMail("a@example.org")))
	two := r.file(filing("", byMail("b@example.org")))
	r.matched(one.GetObjection().GetObjectionId(), "anna")
	part := func(f *vetov1.FileObjectionResponse) *vetov1.Objection {
		return r.withdraw(&vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), Purposes: []string{training}, ProofReceipt: f.GetReceipt(), Channel: vetov1.Channel_CHANNEL_SETTINGS}).GetLifted()[0]
	}
	a, b := part(one), part(two)
	if len(a.GetNeeds()) != len(b.GetNeeds()) {
		t.Errorf("matched: needs %v; pending: needs %v", a.GetNeeds(), b.GetNeeds())
	}
}

func TestAnAddressGoesWhenItWasAnsweredBeforeTheMatch(t *testing.T) {
	r := open(t)
	r.apply(testPolicy)
	id := r.file(filing("", byMail("anna@example.org"), access, replies)).GetObjection().GetObjectionId()
	r.decides(deciding(id, answeredAt(r.Now())))
	o := r.matched(id, "anna")
	if n := r.sealedRows(); n != 0 {
		t.Errorf("answered and matched, needs %v, queue %d: %d sealed rows", o.GetNeeds(), len(r.queue()), n)
	}
}

func TestAnAddressGoesWithWhatAConsentLifts(t *testing.T) {
	r := open(t)
	r.apply(assessing)
	id := r.file(filing("anna", german, replies, func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} })).GetObjection().GetObjectionId()
	if _, err := r.GrantConsent(t.Context(), officer, &vetov1.GrantConsentRequest{RequestId: uuid.NewString(), SubjectId: "anna", Purposes: []string{training}, LiftsObjectionIds: []string{id},
		Verification: vetov1.Verification_VERIFICATION_VERIFIED, Channel: vetov1.Channel_CHANNEL_SETTINGS}); err != nil {
		t.Fatal(err)
	}
	if n := r.sealedRows(); n != 0 {
		t.Errorf("lifted by consent, queue %d: %d sealed rows: %v", len(r.queue()), n, r.standing("anna", "DE").GetObjections())
	}
}

func TestAnAddressIsMoreThanWhatStands(t *testing.T) {
	r := open(t)
	r.apply(assessing)
	r.file(filing("anna", isVerified, german))
	again := r.file(filing("anna", isVerified, german, replies))
	if r.sealedRows() == 0 {
		t.Errorf("reply_to lost: unchanged=%v", again.GetUnchanged())
	}
}

func TestAnAddressGoesWhenPartedIDsWithdrew(t *testing.T) {
	r := open(t)
	r.apply(testPolicy)
	r.link("anna", "bert")
	r.file(filing("anna", replies))
	r.unlink("anna", "bert")
	r.withdraw(withdrawal("anna"))
	r.withdraw(withdrawal("bert"))
	if n := r.sealedRows(); n != 0 {
		t.Errorf("both withdrew: %d sealed rows", n)
	}
}

func TestAnAddressStaysWhileAnybodyKeepsTheFiling(t *testing.T) {
	r := open(t)
	r.apply(assessing)
	r.link("anna", "bert")
	id := r.file(filing("anna", german, replies)).GetObjection().GetObjectionId()
	r.unlink("anna", "bert")
	r.link("bert", "carl")
	r.unlink("bert", "carl")
	r.withdraw(withdrawal("bert"))
	r.withdraw(withdrawal("anna"))
	q := r.queue(showSealed)
	if len(q) == 1 && q[0].GetObjectionId() == id && q[0].GetReplyTo() == "" {
		t.Errorf("it waits (%v), and its address is deleted; carl DE: %v", q[0].GetNeeds(), r.decide("carl", "DE"))
	}
}
