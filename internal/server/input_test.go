package server_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// marker is a text that no refusal may hold: whatever is refused, its value is not told again.
const marker = "Zaphod-Beeblebrox"

// many are n different purposes that nobody declared.
func many(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("purpose-%d", i)
	}
	return names
}

func TestBadRequestsAreRefusedFieldByField(t *testing.T) {
	p := start(t, settings{})
	p.object("ada")
	file := func(change func(*vetov1.FileObjectionRequest)) func(context.Context) error {
		request := filing("ada")
		change(request)
		return func(ctx context.Context) error { _, err := p.objections.FileObjection(ctx, request); return err }
	}
	withdraw := func(change func(*vetov1.WithdrawObjectionRequest)) func(context.Context) error {
		request := &vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), SubjectId: "ada", Channel: vetov1.Channel_CHANNEL_API}
		change(request)
		return func(ctx context.Context) error { _, err := p.objections.WithdrawObjection(ctx, request); return err }
	}
	standing := func(request *vetov1.GetStandingRequest) func(context.Context) error {
		return func(ctx context.Context) error { _, err := p.objections.GetStanding(ctx, request); return err }
	}
	decide := func(request *vetov1.DecideRequest) func(context.Context) error {
		return func(ctx context.Context) error { _, err := p.decisions.Decide(ctx, request); return err }
	}
	explain := func(request *vetov1.ExplainDecisionRequest) func(context.Context) error {
		return func(ctx context.Context) error { _, err := p.decisions.ExplainDecision(ctx, request); return err }
	}
	batch := func(request *vetov1.BatchDecideRequest) func(context.Context) error {
		return func(ctx context.Context) error { _, err := p.decisions.BatchDecide(ctx, request); return err }
	}
	stream := func(request *vetov1.StreamDecideRequest) func(context.Context) error {
		return func(context.Context) error { _, err := p.streamed(request); return err }
	}
	apply := func(change func(*vetov1.ApplyPolicyRequest)) func(context.Context) error {
		request := &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: document}
		change(request)
		return func(ctx context.Context) error { _, err := p.policies.ApplyPolicy(ctx, request); return err }
	}
	suspend := func(change func(*vetov1.SuspendRegimeRequest)) func(context.Context) error {
		request := &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "germany", Reason: "asked to"}
		change(request)
		return func(ctx context.Context) error { _, err := p.policies.SuspendRegime(ctx, request); return err }
	}
	resume := func(change func(*vetov1.ResumeRegimeRequest)) func(context.Context) error {
		request := &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "germany", Reason: "agreed"}
		change(request)
		return func(ctx context.Context) error { _, err := p.policies.ResumeRegime(ctx, request); return err }
	}
	tooMany := make([]*vetov1.Item, 10_001)
	for i := range tooMany {
		tooMany[i] = &vetov1.Item{}
	}
	const invalid = "INVALID_REQUEST"
	for _, test := range []struct {
		name   string
		call   func(context.Context) error
		code   codes.Code
		reason string
		fields []string
	}{
		{"file/empty", func(ctx context.Context) error {
			_, err := p.objections.FileObjection(ctx, &vetov1.FileObjectionRequest{})
			return err
		}, codes.InvalidArgument, invalid, []string{"request_id", "subject_id", "channel"}},
		{"file/request id is no UUID", file(func(r *vetov1.FileObjectionRequest) { r.RequestId = marker }), codes.InvalidArgument, invalid, []string{"request_id"}},
		{"file/unknown enums", file(func(r *vetov1.FileObjectionRequest) {
			r.Channel, r.Verification, r.FiledBy, r.AlsoAsks = 99, 98, 97, []vetov1.AlsoAsk{96}
		}), codes.InvalidArgument, invalid, []string{"channel", "verification", "filed_by", "also_asks[0]"}},
		{"file/placeholder", file(func(r *vetov1.FileObjectionRequest) { r.SubjectId = "UserName" }), codes.InvalidArgument, invalid, []string{"subject_id"}},
		{"file/all as an item", file(func(r *vetov1.FileObjectionRequest) { r.ItemIds = []string{"i1", "ALL"} }), codes.InvalidArgument, invalid, []string{"item_ids[1]"}},
		{"file/33 purposes", file(func(r *vetov1.FileObjectionRequest) { r.Purposes = many(33) }), codes.InvalidArgument, invalid, []string{"purposes"}},
		{"file/purpose in another form", file(func(r *vetov1.FileObjectionRequest) { r.Purposes = []string{training, marker} }), codes.InvalidArgument, invalid, []string{"purposes[1]"}},
		{"file/undeclared purpose", file(func(r *vetov1.FileObjectionRequest) { r.Purposes = []string{training, "zaphod-beeblebrox"} }), codes.InvalidArgument, "UNDECLARED_PURPOSE", []string{"purposes[1]"}},
		{"file/purpose twice", file(func(r *vetov1.FileObjectionRequest) { r.Purposes = []string{training, training} }), codes.InvalidArgument, invalid, []string{"purposes"}},
		{"file/sent tomorrow", file(func(r *vetov1.FileObjectionRequest) { r.SentAt = timestamppb.New(time.Now().Add(24 * time.Hour)) }), codes.InvalidArgument, invalid, []string{"sent_at"}},
		{"file/no instant", file(func(r *vetov1.FileObjectionRequest) { r.ReceivedAt = &timestamppb.Timestamp{Nanos: -1} }), codes.InvalidArgument, invalid, []string{"received_at"}},
		{"file/long texts", file(func(r *vetov1.FileObjectionRequest) {
			r.CaseReference, r.NoticeVersion, r.ReplyTo = strings.Repeat("a", 129), strings.Repeat("b", 65), strings.Repeat("c", 513)
		}), codes.InvalidArgument, invalid, []string{"case_reference", "notice_version", "reply_to"}},
		{"file/1,001 items", file(func(r *vetov1.FileObjectionRequest) { r.ItemIds = many(1001) }), codes.InvalidArgument, invalid, []string{"item_ids"}},
		{"file/no address", file(func(r *vetov1.FileObjectionRequest) {
			r.SubjectId, r.Identifiers = "", []*vetov1.Identifier{{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: marker}}
		}), codes.InvalidArgument, invalid, []string{"identifiers[0].value"}},
		{"file/bad identifier", file(func(r *vetov1.FileObjectionRequest) { r.Identifiers = []*vetov1.Identifier{{}} }), codes.InvalidArgument, invalid, []string{"identifiers[0].type", "identifiers[0].value"}},
		{"withdraw/empty", func(ctx context.Context) error {
			_, err := p.objections.WithdrawObjection(ctx, &vetov1.WithdrawObjectionRequest{})
			return err
		}, codes.InvalidArgument, invalid, []string{"request_id", "subject_id", "channel"}},
		{"withdraw/receipt that is none", withdraw(func(r *vetov1.WithdrawObjectionRequest) { r.SubjectId, r.ProofReceipt = "", &vetov1.Receipt{} }), codes.InvalidArgument, invalid,
			[]string{"proof_receipt.leaf", "proof_receipt.salt", "proof_receipt.revision"}},
		{"withdraw/receipt of another register", withdraw(func(r *vetov1.WithdrawObjectionRequest) {
			r.SubjectId, r.ProofReceipt = "", &vetov1.Receipt{Leaf: []byte(marker), Salt: make([]byte, 32), Revision: 3}
		}), codes.InvalidArgument, "RECEIPT_MISMATCH", []string{"proof_receipt"}},
		{"withdraw/undeclared purpose", withdraw(func(r *vetov1.WithdrawObjectionRequest) {
			r.Verification, r.Purposes = vetov1.Verification_VERIFICATION_VERIFIED, []string{"zaphod-beeblebrox"}
		}), codes.InvalidArgument, "UNDECLARED_PURPOSE", []string{"purposes[0]"}},
		{"standing/empty", standing(&vetov1.GetStandingRequest{}), codes.InvalidArgument, invalid, []string{"subject_id"}},
		{"standing/country", standing(&vetov1.GetStandingRequest{SubjectId: "ada", Country: "UK"}), codes.InvalidArgument, invalid, []string{"country"}},
		{"decide/empty", decide(&vetov1.DecideRequest{}), codes.InvalidArgument, invalid, []string{"purpose"}},
		{"decide/undeclared", decide(&vetov1.DecideRequest{Purpose: marker}), codes.InvalidArgument, "UNDECLARED_PURPOSE", []string{"purpose"}},
		{"decide/long purpose", decide(&vetov1.DecideRequest{Purpose: strings.Repeat("p", 65)}), codes.InvalidArgument, invalid, []string{"purpose"}},
		{"explain/undeclared", explain(&vetov1.ExplainDecisionRequest{Purpose: marker}), codes.InvalidArgument, "UNDECLARED_PURPOSE", []string{"purpose"}},
		{"batch/undeclared", batch(&vetov1.BatchDecideRequest{Purpose: marker}), codes.InvalidArgument, "UNDECLARED_PURPOSE", []string{"purpose"}},
		{"batch/10,001 items", batch(&vetov1.BatchDecideRequest{Purpose: training, Items: tooMany}), codes.InvalidArgument, "BATCH_TOO_LARGE", []string{"items"}},
		{"batch/lists", batch(&vetov1.BatchDecideRequest{Purpose: training, AbsentFields: []string{"labels", "labels"}, MappedFields: []string{""}}), codes.InvalidArgument, invalid, []string{"absent_fields", "mapped_fields[0]"}},
		{"stream/10,001 items", stream(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training}, Items: tooMany}), codes.InvalidArgument, "BATCH_TOO_LARGE", []string{"items"}},
		{"stream/lists", stream(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training, AbsentFields: many(33)}}), codes.InvalidArgument, invalid, []string{"options.absent_fields"}},
		{"apply/nothing", apply(func(r *vetov1.ApplyPolicyRequest) { r.Yaml = "" }), codes.InvalidArgument, invalid, []string{"policy"}},
		{"apply/no request id", apply(func(r *vetov1.ApplyPolicyRequest) { r.RequestId = "" }), codes.InvalidArgument, invalid, []string{"request_id"}},
		{"apply/unknown danger", apply(func(r *vetov1.ApplyPolicyRequest) { r.Acknowledge = []*vetov1.Acknowledgement{{Danger: 77}} }), codes.InvalidArgument, invalid, []string{"acknowledge[0].danger", "acknowledge[0].ground"}},
		{"apply/two faults in YAML", apply(func(r *vetov1.ApplyPolicyRequest) {
			r.Yaml = strings.NewReplacer("[POST, PHOTO]", "[POST, PRIVATE_MESSAGE]", "jurisdictions: [DE]", "jurisdictions: [UK]").Replace(document)
		}), codes.InvalidArgument, "INVALID_POLICY", []string{"regimes[0].jurisdictions[0]", "regimes[0].content[0].kinds[1]"}},
		{"apply/structured", apply(func(r *vetov1.ApplyPolicyRequest) {
			r.Yaml, r.Policy = "", &vetov1.Policy{Controller: &vetov1.Controller{Name: "x"}}
		}), codes.InvalidArgument, "INVALID_POLICY", []string{"purposes", "regimes"}},
		{"apply/etag", apply(func(r *vetov1.ApplyPolicyRequest) { r.Yaml, r.Etag = document+"# changed\n", marker }), codes.Aborted, "ETAG_MISMATCH", nil},
		{"get/version", func(ctx context.Context) error {
			_, err := p.policies.GetPolicy(ctx, &vetov1.GetPolicyRequest{Version: 9})
			return err
		}, codes.NotFound, "UNKNOWN_POLICY_VERSION", nil},
		{"suspend/empty", func(ctx context.Context) error {
			_, err := p.policies.SuspendRegime(ctx, &vetov1.SuspendRegimeRequest{})
			return err
		}, codes.InvalidArgument, invalid, []string{"request_id", "regime", "reason"}},
		{"suspend/unknown", suspend(func(r *vetov1.SuspendRegimeRequest) { r.Regime = marker }), codes.NotFound, "UNKNOWN_REGIME", nil},
		{"suspend/retired code", suspend(func(r *vetov1.SuspendRegimeRequest) { r.Jurisdictions = []string{"DE", "DD"} }), codes.InvalidArgument, invalid, []string{"jurisdictions[1]"}},
		{"suspend/elsewhere", suspend(func(r *vetov1.SuspendRegimeRequest) { r.Jurisdictions = []string{"FR"} }), codes.InvalidArgument, invalid, []string{"jurisdictions[0]"}},
		{"resume/nothing stands", resume(func(*vetov1.ResumeRegimeRequest) {}), codes.FailedPrecondition, "NOT_SUSPENDED", nil},
		{"resume/empty", func(ctx context.Context) error {
			_, err := p.policies.ResumeRegime(ctx, &vetov1.ResumeRegimeRequest{})
			return err
		}, codes.InvalidArgument, invalid, []string{"request_id", "regime", "reason"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.call(t.Context())
			r := refused(t, err)
			r.want(t, test.code, test.reason)
			r.wantFields(t, test.fields...)
			if text := strings.ToLower(fmt.Sprint(err, r)); strings.Contains(text, strings.ToLower(marker)) {
				t.Errorf("the value is told again: %s", text)
			}
		})
	}
}

// TestCountryTrapsAreRefusedWithTheCodeThatWasMeant runs every trap through the doors that take a country's code, and
// through an item, where none of them is an error of the call.
func TestCountryTrapsAreRefusedWithTheCodeThatWasMeant(t *testing.T) {
	p := start(t, settings{})
	file, err := os.Open("../../test/data/jurisdictions/code_traps.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, row := range rows[1:] {
		code, class, meant := row[0], row[1], row[2]
		if class == "empty" {
			continue // an empty country is an unknown one, and honoured everywhere
		}
		ran++
		t.Run(class+" "+code, func(t *testing.T) {
			request := filing("ada")
			request.Country = code
			_, filed := p.objections.FileObjection(t.Context(), request)
			_, stood := p.objections.GetStanding(t.Context(), &vetov1.GetStandingRequest{SubjectId: "ada", Country: code})
			for door, err := range map[string]error{"FileObjection": filed, "GetStanding": stood} {
				if class == "subdivision" {
					if err != nil {
						t.Errorf("%s: %v", door, err)
					}
					continue
				}
				r := refused(t, err)
				r.want(t, codes.InvalidArgument, "INVALID_REQUEST")
				r.wantFields(t, "country")
				if meant != "" && !strings.Contains(r.fields["country"], meant) {
					t.Errorf("%s: %q does not name %s", door, r.fields["country"], meant)
				}
			}
			item := post("i1", "ada")
			item.Country = code
			got := p.decide(item, 0).GetDecision()
			if class != "subdivision" && got.GetOutcome() != vetov1.Outcome_OUTCOME_INVALID && got.GetReason() != vetov1.Reason_REASON_NO_REGIME {
				t.Errorf("as an item's country: %s", got.GetReason())
			}
		})
	}
	if ran < 30 {
		t.Errorf("only %d traps ran", ran)
	}
}

func TestMethodsOfLaterVersionsSayThatTheyAreMissing(t *testing.T) {
	p := start(t, settings{})
	_, unary := p.policies.GetNotice(t.Context(), &vetov1.GetNoticeRequest{})
	simulation, err := p.policies.SimulatePolicy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, streaming := simulation.CloseAndRecv()
	for method, err := range map[string]error{"PolicyService/GetNotice": unary, "PolicyService/SimulatePolicy": streaming} {
		r := refused(t, err)
		r.want(t, codes.Unimplemented, "UNSUPPORTED")
		if want := "this server does not have " + path.Base(method) + " yet"; r.message != want || r.metadata["method"] != "veto.v1."+method {
			t.Errorf("message %q, metadata %v; want %q", r.message, r.metadata, want)
		}
	}
}

func TestDangerousPolicyChangeNamesItsDangers(t *testing.T) {
	p := start(t, settings{})
	named := filing("ada") // one for all purposes would count for the new one too
	named.Purposes = []string{training}
	if _, err := p.objections.FileObjection(t.Context(), named); err != nil {
		t.Fatal(err)
	}
	_, err := p.policies.ApplyPolicy(t.Context(), &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: strings.ReplaceAll(strings.Replace(document,
		"purposes:\n  - {name: generative-ai-training, title: Training of generative AI models}", "purposes:\n  - {name: ranking, title: Ranking, relations: [{purpose: generative-ai-training, kind: UNRELATED, ground: another thing}]}", 1),
		"[generative-ai-training]", "[ranking]")})
	r := refused(t, err)
	r.want(t, codes.FailedPrecondition, "ACKNOWLEDGEMENT_NEEDED")
	if !strings.Contains(r.message, "DROPS_PURPOSE") || !strings.Contains(r.conditions["purposes[0]"], training) {
		t.Errorf("message %q, conditions %v", r.message, r.conditions)
	}
}
