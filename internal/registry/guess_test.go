package registry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

const germanAds = `
  - name: germany-ads
    jurisdictions: [DE]
    purposes: [ads]
    legal_basis: LEGITIMATE_INTERESTS
    objections: HONOUR
    minimum_age: 0
    periods: [{start: 2025-05-27T00:00:00Z}]
    content:
      - {kinds: [POST], visibilities: [PUBLIC]}
`

func adsToo() string {
	return strings.Replace(assessing+germanAds, "title: Training of generative AI}\n", "title: Training of generative AI}\n  - {name: ads, title: Ads}\n", 1)
}

func german(q *vetov1.FileObjectionRequest) { q.Country = "DE" }
func access(q *vetov1.FileObjectionRequest) {
	q.AlsoAsks = []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_ACCESS}
}
func replies(q *vetov1.FileObjectionRequest) { q.ReplyTo = "anna@example.org" }

func TestWhoAsksAgainIsAnsweredAgain(t *testing.T) {
	r := open(t)
	r.apply(testPolicy)
	id := r.file(filing("anna", isVerified, access)).GetObjection().GetObjectionId()
	r.decides(deciding(id, answeredAt(r.Now())))
	again := r.file(filing("anna", isVerified, access, replies))
	if len(r.queue()) == 0 {
		t.Errorf("a second access request after the first was answered: unchanged=%v, queue empty, sealed %d", again.GetUnchanged(), r.sealedRows())
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

func TestWhatWasHonouredWhenFiledIsNotRefused(t *testing.T) {
	r := open(t)
	r.apply(adsToo())
	id := r.file(filing("anna", german)).GetObjection().GetObjectionId()
	r.apply(strings.Replace(adsToo(), "objections: HONOUR\n    minimum_age: 0\n    periods: [{start: 2025-05-27T00:00:00Z}]\n    content:\n      - {kinds: [POST], visibilities: [PUBLIC]}\n", "objections: ASSESS\n    refusal_delay: 604800s\n    minimum_age: 0\n    periods: [{start: 2025-05-27T00:00:00Z}]\n    content:\n      - {kinds: [POST], visibilities: [PUBLIC]}\n", 1))
	res, err := r.DecideObjection(t.Context(), officer, deciding(id, grounded(refused), answeredAt(r.Now())))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(res.GetReceipt().GetWords(), "ads") {
		t.Errorf("ads was HONOUR when filed, and is refused: %s", res.GetReceipt().GetWords())
	}
}

func TestARefusalIsSeenByWhoWasParted(t *testing.T) {
	r := open(t)
	r.apply(assessing)
	r.link("anna", "bert")
	id := r.file(filing("anna", german)).GetObjection().GetObjectionId()
	r.decides(deciding(id, grounded(refused)))
	r.unlink("anna", "bert")
	r.decides(deciding(id, answeredAt(r.Now())))
	before := r.dump()
	a, b := r.standing("anna", "DE").GetObjections()[0], r.standing("bert", "DE").GetObjections()[0]
	if a.GetOutcome() != b.GetOutcome() || a.GetState() != b.GetState() {
		t.Errorf("anna: %v %v; bert: %v %v needs %v", a.GetState(), a.GetOutcome(), b.GetState(), b.GetOutcome(), b.GetNeeds())
	}
	other := r.file(filing("bert", german, func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} })).GetObjection().GetObjectionId()
	r.withdraw(withdrawal("bert", func(q *vetov1.WithdrawObjectionRequest) { q.ObjectionId = other }))
	if after := r.dump(); after != before {
		t.Errorf("bert filed and withdrew another, and the refusal changed:\n%s\nbefore\n%s", after, before)
	}
}

func TestWhoObjectsAgainAfterTheDecisionIsHeard(t *testing.T) {
	r := open(t)
	r.apply(assessing)
	id := r.file(filing("anna", german, isVerified)).GetObjection().GetObjectionId()
	r.decides(deciding(id, grounded(refused)))
	again := r.file(filing("anna", german, isVerified))
	o := r.decides(deciding(id, answeredAt(r.Now())))
	v, _ := r.View()
	if got := decideAt(t, v, "anna", "DE", o.GetRefusedFrom().AsTime().Add(time.Hour)); got != objected {
		t.Errorf("objected again after the decision (unchanged=%v), and %v", again.GetUnchanged(), got)
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
