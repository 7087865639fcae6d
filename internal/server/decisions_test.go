package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func (p *platform) decide(item *vetov1.Item, minRevision uint64) *vetov1.DecideResponse {
	p.t.Helper()
	answer, err := p.decisions.Decide(context.Background(), &vetov1.DecideRequest{Purpose: training, Item: item, MinRevision: minRevision})
	if err != nil {
		p.t.Fatalf("Decide: %v", err)
	}
	return answer
}

func TestDecideHonoursAnObjectionAtItsRevision(t *testing.T) {
	p := start(t, settings{})
	before := p.decide(post("i1", "ada"), 0)
	want := &vetov1.Decision{
		Outcome: vetov1.Outcome_OUTCOME_INCLUDE, Reason: vetov1.Reason_REASON_ELIGIBLE, Regime: "germany",
		Revision: before.GetRevision(), PolicyVersion: 1,
	}
	if diff := cmp.Diff(want, before.GetDecision(), protocmp.Transform()); diff != "" {
		t.Errorf("before the objection (-want +got):\n%s", diff)
	}
	revision := p.object("ada")
	after := p.decide(post("i1", "ada"), revision)
	if got := after.GetDecision().GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("after the objection: %s, want OBJECTED", got)
	}
	if after.GetRevision() < revision {
		t.Errorf("decided at %d, asked for %d", after.GetRevision(), revision)
	}
	if got := p.decide(post("i2", "bob"), revision).GetDecision().GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("somebody else: %s, want ELIGIBLE", got)
	}
}

func TestDecideMasksOnlyForWhoCanMask(t *testing.T) {
	p := start(t, settings{})
	revision := p.object("ada")
	item := post("i1", "bob")
	item.Subjects = []*vetov1.OtherSubject{
		{SubjectId: "eve", Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED},
		{SubjectId: "ada", Role: vetov1.SubjectRole_SUBJECT_ROLE_MENTIONED},
	}
	for _, test := range []struct {
		name   string
		accept bool
		want   vetov1.Reason
		redact []int32
	}{
		{"cannot", false, vetov1.Reason_REASON_THIRD_PARTY, nil},
		{"can", true, vetov1.Reason_REASON_ELIGIBLE_REDACTED, []int32{1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			single, err := p.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: item, MinRevision: revision, AcceptRedactions: test.accept})
			if err != nil {
				t.Fatal(err)
			}
			if got := single.GetDecision(); got.GetReason() != test.want || !cmp.Equal(got.GetRedact(), test.redact) {
				t.Errorf("Decide: %s %v, want %s %v", got.GetReason(), got.GetRedact(), test.want, test.redact)
			}
			batch, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{
				Purpose: training, Items: []*vetov1.Item{post("i0", "bob"), item}, MinRevision: revision, AcceptRedactions: test.accept, MappedFields: rare(),
			})
			if err != nil {
				t.Fatal(err)
			}
			var redactions []*vetov1.IndexedRedaction
			if test.redact != nil {
				redactions = []*vetov1.IndexedRedaction{{Index: 1, Positions: test.redact}}
			}
			want := &vetov1.BatchDecideResponse{
				Reasons: []vetov1.Reason{vetov1.Reason_REASON_ELIGIBLE, test.want}, Redactions: redactions, Revision: batch.GetRevision(), PolicyVersion: 1,
			}
			if diff := cmp.Diff(want, batch, protocmp.Transform()); diff != "" {
				t.Errorf("BatchDecide (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithoutPolicyEverythingIsExcluded(t *testing.T) {
	p := start(t, settings{noPolicy: true})
	got := p.decide(post("i1", "ada"), 0).GetDecision()
	if got.GetReason() != vetov1.Reason_REASON_NO_POLICY || got.GetOutcome() != vetov1.Outcome_OUTCOME_EXCLUDE || got.GetPolicyVersion() != 0 {
		t.Errorf("Decide: %v, want EXCLUDE, NO_POLICY", got)
	}
	batch, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: "anything", Items: []*vetov1.Item{{}, post("i1", "ada")}})
	if err != nil {
		t.Fatal(err)
	}
	for i, reason := range batch.GetReasons() {
		if reason != vetov1.Reason_REASON_NO_POLICY {
			t.Errorf("item %d: %s, want NO_POLICY", i, reason)
		}
	}
	_, err = p.policies.GetPolicy(t.Context(), &vetov1.GetPolicyRequest{})
	r := refused(t, err)
	r.want(t, codes.NotFound, "UNKNOWN_POLICY_VERSION")
	if r.metadata["latest"] != "0" || !r.hasResource {
		t.Errorf("metadata %v, resource %v", r.metadata, r.hasResource)
	}
}

func TestExplainTellsTheDecisionOfDecide(t *testing.T) {
	p := start(t, settings{})
	revision := p.object("lovelace")
	foreign := post("secret-item", "hopper")
	foreign.Country = "FR"
	child := post("secret-item", "hopper")
	child.AuthorAge = 15
	for _, test := range []struct {
		name string
		item *vetov1.Item
		want vetov1.Reason
	}{
		{"eligible", post("secret-item", "hopper"), vetov1.Reason_REASON_ELIGIBLE},
		{"objected", post("secret-item", "lovelace"), vetov1.Reason_REASON_OBJECTED},
		{"no regime", foreign, vetov1.Reason_REASON_NO_REGIME},
		{"child", child, vetov1.Reason_REASON_UNDER_AGE},
		{"none", nil, vetov1.Reason_REASON_INVALID},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := p.decisions.ExplainDecision(t.Context(), &vetov1.ExplainDecisionRequest{Purpose: training, Item: test.item, MinRevision: revision})
			if err != nil {
				t.Fatal(err)
			}
			want := p.decide(test.item, revision).GetDecision()
			if diff := cmp.Diff(want, got.GetDecision(), protocmp.Transform()); diff != "" || got.GetDecision().GetReason() != test.want {
				t.Errorf("reason %s, want %s (-Decide +ExplainDecision):\n%s", got.GetDecision().GetReason(), test.want, diff)
			}
			decided := 0
			for _, check := range got.GetChecks() {
				if check.GetName() == "" || check.GetResult() == vetov1.CheckResult_CHECK_RESULT_UNSPECIFIED || check.GetWords() == "" {
					t.Errorf("check %v says too little", check)
				}
				if check.GetDecided() {
					decided++
					if check.GetReason() != test.want {
						t.Errorf("the check that decided gives %s, want %s", check.GetReason(), test.want)
					}
				}
			}
			if decided != 1 {
				t.Errorf("%d checks decided, want 1", decided)
			}
			if got.GetWords() == "" || got.GetDecidedAt() == nil || got.GetRevision() == 0 {
				t.Errorf("words %q, decided at %v, revision %d", got.GetWords(), got.GetDecidedAt(), got.GetRevision())
			}
			if text := got.String(); strings.Contains(text, "hopper") || strings.Contains(text, "lovelace") || strings.Contains(text, "secret-item") {
				t.Errorf("an id is told: %s", text)
			}
		})
	}
}

// TestExplainLooksBack: at a past revision and as of another time the answer is what would have been decided.
func TestExplainLooksBack(t *testing.T) {
	p := start(t, settings{})
	before, err := p.decisions.ExplainDecision(t.Context(), &vetov1.ExplainDecisionRequest{Purpose: training, Item: post("i1", "ada")})
	if err != nil {
		t.Fatal(err)
	}
	head := p.object("ada")
	asOf := timestamppb.New(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC))
	for _, c := range []struct {
		name    string
		request *vetov1.ExplainDecisionRequest
		want    vetov1.Reason
		at      uint64
	}{
		{"now", &vetov1.ExplainDecisionRequest{}, vetov1.Reason_REASON_OBJECTED, head},
		{"at the head", &vetov1.ExplainDecisionRequest{AtRevision: head, MinRevision: head}, vetov1.Reason_REASON_OBJECTED, head},
		{"before the objection", &vetov1.ExplainDecisionRequest{AtRevision: before.GetRevision()}, vetov1.Reason_REASON_ELIGIBLE, before.GetRevision()},
		{"before the first policy", &vetov1.ExplainDecisionRequest{AtRevision: 1}, vetov1.Reason_REASON_NO_POLICY, 1},
		{"before the period", &vetov1.ExplainDecisionRequest{AsOf: asOf}, vetov1.Reason_REASON_NOT_STARTED, head},
		{"both", &vetov1.ExplainDecisionRequest{AsOf: asOf, AtRevision: before.GetRevision()}, vetov1.Reason_REASON_NOT_STARTED, before.GetRevision()},
	} {
		c.request.Purpose, c.request.Item = training, post("i1", "ada")
		got, err := p.decisions.ExplainDecision(t.Context(), c.request)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got.GetDecision().GetReason() != c.want || got.GetRevision() != c.at || got.GetDecision().GetRevision() != c.at {
			t.Errorf("%s: %v at revision %d, want %v at %d", c.name, got.GetDecision().GetReason(), got.GetRevision(), c.want, c.at)
		}
		if asked := c.request.GetAsOf(); asked != nil && !got.GetDecidedAt().AsTime().Equal(asked.AsTime()) {
			t.Errorf("%s: decided at %v", c.name, got.GetDecidedAt().AsTime())
		}
	}
}

func TestLookingBackIsRefusedByItsField(t *testing.T) {
	p := start(t, settings{})
	head := p.object("ada")
	for name, c := range map[string]struct {
		request *vetov1.ExplainDecisionRequest
		code    codes.Code
		reason  string
		field   string
	}{
		"above the head":     {&vetov1.ExplainDecisionRequest{Purpose: training, AtRevision: head + 1}, codes.OutOfRange, "REVISION_ABOVE_HEAD", "at_revision: "},
		"below min_revision": {&vetov1.ExplainDecisionRequest{Purpose: training, AtRevision: head - 1, MinRevision: head}, codes.InvalidArgument, "INVALID_REQUEST", "at_revision: "},
		"no instant":         {&vetov1.ExplainDecisionRequest{Purpose: training, AsOf: &timestamppb.Timestamp{Nanos: -1}}, codes.InvalidArgument, "INVALID_REQUEST", "as_of: "},
		"a purpose of another time": {
			&vetov1.ExplainDecisionRequest{Purpose: "ads-ranking", AtRevision: head}, codes.InvalidArgument, "UNDECLARED_PURPOSE", "purpose: ",
		},
	} {
		_, err := p.decisions.ExplainDecision(t.Context(), c.request)
		refused(t, err).want(t, c.code, c.reason)
		if got := status.Convert(err).Message(); !strings.HasPrefix(got, c.field) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestMinRevisionAboveTheHeadIsRefusedAtOnce(t *testing.T) {
	p := start(t, settings{})
	head := p.object("ada")
	for name, call := range map[string]func() error{
		"Decide": func() error {
			_, err := p.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, MinRevision: head + 1})
			return err
		},
		"BatchDecide": func() error {
			_, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, MinRevision: head + 1})
			return err
		},
		"ExplainDecision": func() error {
			_, err := p.decisions.ExplainDecision(t.Context(), &vetov1.ExplainDecisionRequest{Purpose: training, MinRevision: head + 1})
			return err
		},
		"GetStanding": func() error {
			_, err := p.objections.GetStanding(t.Context(), &vetov1.GetStandingRequest{SubjectId: "ada", MinRevision: head + 1})
			return err
		},
		"GetPolicy": func() error {
			_, err := p.policies.GetPolicy(t.Context(), &vetov1.GetPolicyRequest{MinRevision: head + 1})
			return err
		},
		"StreamDecide": func() error {
			_, err := p.streamed(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training}, MinRevision: head + 1})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := refused(t, call())
			r.want(t, codes.OutOfRange, "REVISION_ABOVE_HEAD")
			if r.metadata["head"] == "" {
				t.Errorf("metadata %v, want the head", r.metadata)
			}
		})
	}
}
