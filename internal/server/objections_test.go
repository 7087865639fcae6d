package server_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func TestAReceiptLiftsTheObjectionThatItIsOf(t *testing.T) {
	p := start(t, settings{})
	filed, err := p.objections.FileObjection(t.Context(), filing("ada"))
	if err != nil {
		t.Fatal(err)
	}
	receipt := filed.GetReceipt()
	if len(receipt.GetLeaf()) == 0 || len(receipt.GetSalt()) != 32 || len(receipt.GetPerson()) == 0 || receipt.GetRevision() != filed.GetRevision() || receipt.GetWords() == "" {
		t.Fatalf("receipt %v", receipt)
	}
	other, err := p.objections.FileObjection(t.Context(), filing("ada"))
	if err != nil {
		t.Fatal(err)
	}
	withdraw := func(proof *vetov1.Receipt) (*vetov1.WithdrawObjectionResponse, error) {
		return p.objections.WithdrawObjection(t.Context(), &vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), ProofReceipt: proof, Channel: vetov1.Channel_CHANNEL_WEB_FORM})
	}
	forged := proto.CloneOf(receipt)
	forged.Salt[0] ^= 1
	_, err = withdraw(forged)
	refused(t, err).want(t, codes.InvalidArgument, "RECEIPT_MISMATCH")

	got, err := withdraw(receipt)
	if err != nil {
		t.Fatal(err)
	}
	if got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED || len(got.GetLifted()) != 1 || got.GetLifted()[0].GetObjectionId() != filed.GetObjection().GetObjectionId() || got.GetReceipt() == nil {
		t.Errorf("withdrawal %v", got)
	}
	if got := p.decide(post("i1", "ada"), got.GetRevision()).GetDecision().GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("with the other objection standing: %s, want OBJECTED", got)
	}
	got, err = withdraw(other.GetReceipt())
	if err != nil {
		t.Fatal(err)
	}
	if got := p.decide(post("i1", "ada"), got.GetRevision()).GetDecision().GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("with both lifted: %s, want ELIGIBLE", got)
	}
}

func TestAnUnverifiedWithdrawalChangesNothing(t *testing.T) {
	p := start(t, settings{})
	p.object("ada")
	got, err := p.objections.WithdrawObjection(t.Context(), &vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), SubjectId: "ada", Channel: vetov1.Channel_CHANNEL_WEB_FORM})
	if err != nil || got.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED {
		t.Errorf("withdrawal %v, %v", got, err)
	}
	if got := p.decide(post("i1", "ada"), got.GetRevision()).GetDecision().GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("after it: %s, want OBJECTED", got)
	}
}

func TestAStandingTellsWhatItMeans(t *testing.T) {
	p := start(t, settings{})
	effect := func(subjectID string) *vetov1.PurposeEffect {
		t.Helper()
		effects := p.standing(subjectID).GetEffects()
		if len(effects) != 1 || effects[0].GetPurpose() != training || effects[0].GetWords() == "" {
			t.Fatalf("effects %v", effects)
		}
		return effects[0]
	}
	if got := effect("nobody-knows"); !got.GetUsable() || got.GetReason() != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("an unknown id: %v", got)
	}
	p.object("ada")
	if got := effect("ada"); got.GetUsable() || got.GetReason() != vetov1.Reason_REASON_OBJECTED || got.GetRegime() != "germany" {
		t.Errorf("an objector: %v", got)
	}
}

func TestAPolicyComesBackAsItWasApplied(t *testing.T) {
	p := start(t, settings{noPolicy: true})
	first := p.apply(document)
	got, err := p.policies.GetPolicy(t.Context(), &vetov1.GetPolicyRequest{MinRevision: first.GetRevision()})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetYaml() != document {
		t.Errorf("the document differs:\n%s", cmp.Diff(document, got.GetYaml()))
	}
	if diff := cmp.Diff(first.GetPolicy(), got.GetPolicy(), protocmp.Transform()); diff != "" {
		t.Errorf("GetPolicy (-applied +read):\n%s", diff)
	}
	suspended, err := p.policies.SuspendRegime(t.Context(), &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "brazil", Reason: "asked to", Authority: "an authority"})
	if err != nil || len(suspended.GetSuspensions()) != 1 {
		t.Fatalf("SuspendRegime: %v, %v", suspended, err)
	}
	if again := p.apply(document + "\n# changed\n"); len(again.GetSuspensions()) != 1 || again.GetPolicy().GetVersion() != 2 {
		t.Errorf("a new policy: version %d, %d suspensions; want 2 and the one that stood", again.GetPolicy().GetVersion(), len(again.GetSuspensions()))
	}
}
