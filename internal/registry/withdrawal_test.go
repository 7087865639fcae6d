package registry_test

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

// twoPurposes is the test's policy with a second purpose.
const twoPurposes = `
controller: {name: Example platform}
purposes:
  - {name: generative-ai-training, title: Training of generative AI}
  - {name: evaluation, title: Evaluation, relations: [{purpose: generative-ai-training, kind: UNRELATED, ground: nothing is kept}]}
regimes:
  - name: europe
    jurisdictions: [EEA]
    purposes: [generative-ai-training, evaluation]
    legal_basis: LEGITIMATE_INTERESTS
    minimum_age: 0
    periods: [{start: 2025-05-27T00:00:00Z}]
    content:
      - {kinds: [POST], visibilities: [PUBLIC]}
`

func unverified(q *vetov1.WithdrawObjectionRequest) {
	q.Verification = vetov1.Verification_VERIFICATION_UNVERIFIED
}

func TestWithdrawalNeedsProof(t *testing.T) {
	r := open(t)
	r.file(filing("anna"))
	for _, request := range []*vetov1.WithdrawObjectionRequest{
		withdrawal("anna", unverified),
		withdrawal("anna", func(q *vetov1.WithdrawObjectionRequest) {
			q.Verification = vetov1.Verification_VERIFICATION_UNSPECIFIED
		}),
		withdrawal("nobody", unverified), // and nothing is said of what stands
	} {
		before := r.headRevision()
		got := r.withdraw(request)
		if got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED || got.GetReceipt() != nil || got.GetLifted() != nil {
			t.Errorf("without proof: %v", got)
		}
		if after := r.headRevision(); after != before {
			t.Errorf("an event was written")
		}
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("after withdrawals without proof: %v, want OBJECTED", got)
	}
	got := r.withdraw(withdrawal("anna"))
	if got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED || len(got.GetLifted()) != 1 || got.GetLifted()[0].GetState() != vetov1.ObjectionState_OBJECTION_STATE_WITHDRAWN {
		t.Errorf("verified: %v", got)
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("after the verified one: %v", got)
	}
	if got := r.withdraw(withdrawal("anna")); got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NOTHING_STOOD {
		t.Errorf("once more: %v, want NOTHING_STOOD", got)
	}
}

func (r *register) headRevision() event.Revision {
	r.t.Helper()
	head, err := r.log.Head(r.t.Context())
	if err != nil {
		r.t.Fatalf("head: %v", err)
	}
	return head.Revision
}

func TestReceiptLiftsItsOwnFilingAlone(t *testing.T) {
	r := open(t)
	strangers := r.file(filing("anna"))
	r.file(filing("anna", isVerified)) // the owner verifies
	byReceipt := withdrawal("", unverified, func(q *vetov1.WithdrawObjectionRequest) { q.ProofReceipt = strangers.GetReceipt() })
	if got := r.withdraw(byReceipt); got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED || len(got.GetLifted()) != 1 ||
		got.GetLifted()[0].GetObjectionId() != strangers.GetObjection().GetObjectionId() {
		t.Errorf("the stranger withdraws: %v", got)
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("after the stranger withdrew: %v, want OBJECTED", got)
	}
	states := map[vetov1.ObjectionState]int{}
	for _, o := range r.standing("anna", "").GetObjections() {
		states[o.GetState()]++
	}
	if states[vetov1.ObjectionState_OBJECTION_STATE_ACTIVE] != 1 || states[vetov1.ObjectionState_OBJECTION_STATE_WITHDRAWN] != 1 {
		t.Errorf("states: %v", states)
	}
}

func TestReceiptThatDoesNotFitIsRefused(t *testing.T) {
	r := open(t)
	filed := r.file(filing("anna"))
	other := r.file(filing("bert"))
	for name, change := range map[string]func(*vetov1.Receipt){
		"another leaf":       func(q *vetov1.Receipt) { q.Leaf = other.GetReceipt().GetLeaf() },
		"another salt":       func(q *vetov1.Receipt) { q.Salt = other.GetReceipt().GetSalt() },
		"a flipped bit":      func(q *vetov1.Receipt) { q.Salt[31] ^= 1 },
		"another list":       func(q *vetov1.Receipt) { q.Person = other.GetReceipt().GetPerson() },
		"a shorter list":     func(q *vetov1.Receipt) { q.Person = q.GetPerson()[1:] },
		"another revision":   func(q *vetov1.Receipt) { q.Revision = other.GetRevision() },
		"a later revision":   func(q *vetov1.Receipt) { q.Revision = 1 << 40 },
		"no revision":        func(q *vetov1.Receipt) { q.Revision = 0 },
		"the first event":    func(q *vetov1.Receipt) { q.Revision = 1 },
		"a renamed value":    func(q *vetov1.Receipt) { q.Person[0].Tag = "country" },
		"a changed leaf":     func(q *vetov1.Receipt) { q.Leaf[20] ^= 1 },
		"the policy's event": func(q *vetov1.Receipt) { q.Revision = 2 },
	} {
		receipt := proto.CloneOf(filed.GetReceipt())
		change(receipt)
		_, err := r.WithdrawObjection(t.Context(), officer, withdrawal("", unverified, func(q *vetov1.WithdrawObjectionRequest) { q.ProofReceipt = receipt }))
		if !errors.Is(err, registry.ErrReceipt) {
			t.Errorf("%s: %v, want ErrReceipt", name, err)
		}
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("after the attempts: %v, want OBJECTED", got)
	}
}

func TestWithdrawalOfOnePurposeNarrows(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	r.apply(twoPurposes)
	r.file(filing("anna"))
	got := r.withdraw(withdrawal("anna", func(q *vetov1.WithdrawObjectionRequest) { q.Purposes = []string{"evaluation"} }))
	lifted := got.GetLifted()
	if len(lifted) != 1 || len(lifted[0].GetPurposes()) != 0 || len(lifted[0].GetAllPurposesBut()) != 1 || lifted[0].GetState() != vetov1.ObjectionState_OBJECTION_STATE_ACTIVE {
		t.Errorf("lifted: %v", lifted)
	}
	if leaf, err := event.ParseLeaf(got.GetReceipt().GetLeaf()); err != nil || leaf.Effect != event.EffectNarrowed {
		t.Errorf("effect: %v, %v, want NARROWED", leaf.Effect, err)
	}
	effects := r.standing("anna", "FR").GetEffects()
	if len(effects) != 2 || effects[0].GetReason() != vetov1.Reason_REASON_OBJECTED || effects[1].GetReason() != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("effects: %v", effects)
	}
	if _, err := r.WithdrawObjection(t.Context(), officer, withdrawal("anna", func(q *vetov1.WithdrawObjectionRequest) { q.Purposes = []string{"advertising"} })); !isType[*registry.UndeclaredPurposeError](err) {
		t.Errorf("an undeclared purpose: %v", err)
	}
}

func TestWithdrawalLeavesOthersObjections(t *testing.T) {
	r := open(t)
	photo := func(q *vetov1.FileObjectionRequest) { q.ItemIds = []string{"photo"} }
	anna := r.file(filing("anna", photo))
	r.file(filing("bert", photo, func(q *vetov1.FileObjectionRequest) { q.Country = "DE" }))
	r.file(filing("anna"))
	withPhoto := func(i *gate.Item) { i.ID = "photo" }

	r.withdraw(withdrawal("anna", func(q *vetov1.WithdrawObjectionRequest) { q.ObjectionId = "  " + anna.GetObjection().GetObjectionId() }))
	if got := r.decide("carl", "FR", withPhoto); got != vetov1.Reason_REASON_ITEM_OBJECTED {
		t.Errorf("the photo that bert is in too: %v, want ITEM_OBJECTED", got)
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("anna's other objection: %v, want OBJECTED", got)
	}
	r.withdraw(withdrawal("bert"))
	if got := r.decide("carl", "FR", withPhoto); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("when both have withdrawn: %v", got)
	}
	other := func(q *vetov1.WithdrawObjectionRequest) { q.ObjectionId = anna.GetObjection().GetObjectionId() }
	if got := r.withdraw(withdrawal("bert", other)); got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NOTHING_STOOD {
		t.Errorf("somebody else's number: %v, want NOTHING_STOOD", got)
	}
}

func TestWithdrawalRefusesBadInput(t *testing.T) {
	r := open(t)
	for field, change := range map[string]func(*vetov1.WithdrawObjectionRequest){
		"subject_id":   func(q *vetov1.WithdrawObjectionRequest) { q.SubjectId = "a\x00" },
		"objection_id": func(q *vetov1.WithdrawObjectionRequest) { q.ObjectionId = "7F3K-92QM-4X" },
		"request_id":   func(q *vetov1.WithdrawObjectionRequest) { q.RequestId = "" },
	} {
		_, err := r.WithdrawObjection(t.Context(), officer, withdrawal("anna", change))
		invalid, ok := errors.AsType[*registry.InvalidError](err)
		if !ok || len(invalid.Fields) != 1 || invalid.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestReceiptOfAnotherPersonsFilingLiftsNothing(t *testing.T) {
	r := open(t)
	r.file(filing("anna"))
	berts := r.file(filing("bert"))
	got := r.withdraw(withdrawal("anna", unverified, func(q *vetov1.WithdrawObjectionRequest) { q.ProofReceipt = berts.GetReceipt() }))
	if got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED {
		t.Errorf("effect: %v, want NO_EFFECT_UNVERIFIED", got.GetEffect())
	}
	for _, id := range []string{"anna", "bert"} {
		if got := r.decide(id, "FR"); got != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("%s: %v, want OBJECTED", id, got)
		}
	}
	own := r.withdraw(withdrawal("bert", unverified, func(q *vetov1.WithdrawObjectionRequest) { q.ProofReceipt = berts.GetReceipt() }))
	if own.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED {
		t.Errorf("with his own: %v, want LIFTED", own.GetEffect())
	}
}

func TestWithdrawalOfTooMuchSaysWhatToDo(t *testing.T) {
	r := open(t)
	var last *vetov1.FileObjectionResponse
	for i := range 5 { // a thousand items each: more keys than one event is indexed under
		last = r.file(filing("anna", func(q *vetov1.FileObjectionRequest) {
			for j := range 1000 {
				q.ItemIds = append(q.ItemIds, fmt.Sprintf("photo-%d-%d", i, j))
			}
		}))
	}
	_, err := r.WithdrawObjection(t.Context(), officer, withdrawal("anna"))
	if invalid, ok := errors.AsType[*registry.InvalidError](err); !ok || invalid.Fields[0].Field != "objection_id" {
		t.Errorf("all at once: %v, want *InvalidError", err)
	}
	got := r.withdraw(withdrawal("anna", func(q *vetov1.WithdrawObjectionRequest) { q.ObjectionId = last.GetObjection().GetObjectionId() }))
	if got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED {
		t.Errorf("one of them: %v, want LIFTED", got.GetEffect())
	}
}

func TestReceiptOfAnotherFilingThanTheNamedOneLiftsNothing(t *testing.T) {
	r := open(t)
	first, second := r.file(filing("anna")), r.file(filing("anna"))
	got := r.withdraw(withdrawal("", unverified, func(q *vetov1.WithdrawObjectionRequest) {
		q.ObjectionId, q.ProofReceipt = first.GetObjection().GetObjectionId(), second.GetReceipt()
	}))
	if got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED {
		t.Errorf("effect: %v, want NO_EFFECT_UNVERIFIED", got.GetEffect())
	}
	for _, o := range r.standing("anna", "").GetObjections() {
		if o.GetState() != vetov1.ObjectionState_OBJECTION_STATE_ACTIVE {
			t.Errorf("%s is %v", o.GetObjectionId(), o.GetState())
		}
	}
}
