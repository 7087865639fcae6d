package promises_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func suspending(regime string, jurisdictions ...string) *vetov1.SuspendRegimeRequest {
	return &vetov1.SuspendRegimeRequest{
		RequestId: uuid.NewString(), Regime: regime, Jurisdictions: jurisdictions, Reason: "the authority asked for it", Authority: "an authority",
	}
}

func resuming(regime string, jurisdictions ...string) *vetov1.ResumeRegimeRequest {
	return &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: regime, Jurisdictions: jurisdictions, Reason: "the authority agreed"}
}

// TestAnObjectionHoldsForWhoeverAsksNext files with one client and decides with another, over and over: where it was filed at once, on another
// replica at the revision that its sender was told.
func TestAnObjectionHoldsForWhoeverAsksNext(t *testing.T) {
	p := start(t, settings{})
	engineer, replica := p.another(t), p.replica(t)
	for n := range 40 {
		id := person(n)
		if got := engineer.decide(t, post(id), 0).GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
			t.Fatalf("before anybody objected a post is %v: the test shows nothing", got)
		}
		filed := p.object(t, filing(id))
		for where, decision := range map[string]*vetov1.Decision{
			"where it was filed, asked without a revision": engineer.decide(t, post(id), 0),
			"where it was filed":                           engineer.decide(t, post(id), filed.GetRevision()),
			"on another replica":                           replica.decide(t, post(id), filed.GetRevision()),
		} {
			if decision.GetReason() != vetov1.Reason_REASON_OBJECTED || decision.GetRevision() < filed.GetRevision() {
				t.Errorf("%s, %s: %v at revision %d, want OBJECTED at %d or later", id, where, decision.GetReason(), decision.GetRevision(), filed.GetRevision())
			}
		}
		lifted := p.withdraw(t, withdrawal(id))
		if got := replica.decide(t, post(id), lifted.GetRevision()).GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
			t.Errorf("%s withdrew at revision %d, and there the replica says %v", id, lifted.GetRevision(), got)
		}
	}
}

// TestNoCallThatBeginsAfterAnAnswerMissesIt has sixteen people object at once while everybody decides about everybody who has an answer.
func TestNoCallThatBeginsAfterAnAnswerMissesIt(t *testing.T) {
	p := start(t, settings{})
	var mu sync.Mutex
	var answered []string
	var work sync.WaitGroup
	for who := range 16 {
		c := p.another(t)
		work.Go(func() {
			for n := range 6 {
				id := fmt.Sprintf("person-%d-%d", who, n)
				if _, err := c.objections.FileObjection(context.Background(), filing(id)); err != nil {
					t.Errorf("file an objection: %v", err)
					return
				}
				mu.Lock()
				answered = append(answered, id)
				items := make([]*vetov1.Item, len(answered))
				for i, other := range answered {
					items[i] = post(other)
				}
				mu.Unlock()
				answer, err := c.decisions.BatchDecide(context.Background(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: itemFields()})
				if err != nil {
					t.Errorf("decide: %v", err)
					return
				}
				for i, reason := range answer.GetReasons() {
					if reason != vetov1.Reason_REASON_OBJECTED {
						t.Errorf("%s had an answer before the call began, and is %v at revision %d", items[i].GetAuthorId(), reason, answer.GetRevision())
					}
				}
			}
		})
	}
	work.Wait()
}

// TestAnOpenStreamHonoursWhatWasFiledBetweenItsBatches keeps one stream open through objections, withdrawals and suspensions. Each batch says
// the revision that it was decided at, and is what that revision says.
func TestAnOpenStreamHonoursWhatWasFiledBetweenItsBatches(t *testing.T) {
	const people = 40
	p := start(t, settings{})
	items := make([]*vetov1.Item, people)
	for n := range items {
		items[n] = post(person(n))
	}
	stream := p.another(t).stream(t)
	last := batch(t, stream, &vetov1.StreamDecideRequest{Options: options(), Items: items}).GetRevision()
	for n := range people {
		filed := p.object(t, filing(person(n))).GetRevision()
		answer := batch(t, stream, &vetov1.StreamDecideRequest{Items: items})
		if answer.GetRevision() < filed || answer.GetRevision() < last {
			t.Errorf("a batch after revision %d was decided at %d", filed, answer.GetRevision())
		}
		last = answer.GetRevision()
		for i, reason := range answer.GetReasons() {
			want := vetov1.Reason_REASON_ELIGIBLE
			if i <= n {
				want = vetov1.Reason_REASON_OBJECTED
			}
			if reason != want {
				t.Errorf("after %d objections the post of %s is %v, want %v", n+1, person(i), reason, want)
			}
		}
	}
	for range 3 {
		if _, err := p.policies.SuspendRegime(context.Background(), suspending("europe", "FR")); err != nil {
			t.Fatal(err)
		}
		if got := batch(t, stream, &vetov1.StreamDecideRequest{Items: []*vetov1.Item{post("somebody")}}).GetReasons()[0]; got != vetov1.Reason_REASON_SUSPENDED {
			t.Errorf("France is suspended, and the next batch of an open stream says %v", got)
		}
		if _, err := p.policies.ResumeRegime(context.Background(), resuming("europe", "FR")); err != nil {
			t.Fatal(err)
		}
		if got := batch(t, stream, &vetov1.StreamDecideRequest{Items: []*vetov1.Item{post("somebody")}}).GetReasons()[0]; got != vetov1.Reason_REASON_ELIGIBLE {
			t.Errorf("France goes on, and the next batch of an open stream says %v", got)
		}
	}
}

// TestNobodyIsShownAnOlderStateThanTheyAskFor: a revision that is not there yet is no reason to answer from before it.
func TestNobodyIsShownAnOlderStateThanTheyAskFor(t *testing.T) {
	p := start(t, settings{})
	head := p.object(t, filing("anna")).GetRevision()
	for _, ahead := range []uint64{head + 1, head + 1000, 1 << 62, 1<<64 - 1} {
		calls := map[string]error{}
		_, calls["Decide"] = p.decisions.Decide(context.Background(), &vetov1.DecideRequest{Purpose: training, Item: post("anna"), MinRevision: ahead})
		_, calls["BatchDecide"] = p.decisions.BatchDecide(context.Background(), &vetov1.BatchDecideRequest{Purpose: training, Items: []*vetov1.Item{post("anna")}, MappedFields: itemFields(), MinRevision: ahead})
		_, calls["ExplainDecision"] = p.decisions.ExplainDecision(context.Background(), &vetov1.ExplainDecisionRequest{Purpose: training, Item: post("anna"), MinRevision: ahead})
		_, calls["GetStanding"] = p.objections.GetStanding(context.Background(), &vetov1.GetStandingRequest{SubjectId: "anna", MinRevision: ahead})
		_, calls["GetPolicy"] = p.policies.GetPolicy(context.Background(), &vetov1.GetPolicyRequest{MinRevision: ahead})
		stream := p.stream(t)
		if err := stream.Send(&vetov1.StreamDecideRequest{Options: options(), Items: []*vetov1.Item{post("anna")}, MinRevision: ahead}); err != nil {
			t.Fatal(err)
		}
		_, calls["StreamDecide"] = stream.Recv()
		for call, err := range calls {
			if got := status.Code(err); got != codes.OutOfRange {
				t.Errorf("%s at revision %d, where the head is %d: %v, want OUT_OF_RANGE", call, ahead, head, err)
			}
		}
	}
}

// TestAReceiptSaysInItsFirstLineWhatTheObjectionDoes: who reads no further than the first line is not misled, and the line is true.
func TestAReceiptSaysInItsFirstLineWhatTheObjectionDoes(t *testing.T) {
	p := start(t, settings{})
	for _, c := range []struct {
		name, country string
		change        func(*vetov1.FileObjectionRequest)
		says          string
		there         vetov1.Reason // of a post in that country
	}{
		{"where objections are honoured", "FR", about(), "is in force", vetov1.Reason_REASON_OBJECTED},
		{"where they are recorded only", "US", about(), "was recorded", vetov1.Reason_REASON_ELIGIBLE},
		{"recorded only, one purpose", "CA", about(training), "was recorded", vetov1.Reason_REASON_ELIGIBLE},
		{"recorded only, a subdivision", "US-CA", about(), "was recorded", vetov1.Reason_REASON_ELIGIBLE},
		{"from nobody knows where", "", about(), "is in force", vetov1.Reason_REASON_NO_REGIME},
		{"where no regime rules", "KE", about(), "is in force", vetov1.Reason_REASON_NO_REGIME},
	} {
		id := "who-objects-" + strings.ReplaceAll(c.name, " ", "-")
		filed := p.object(t, filing(id, from(c.country), c.change))
		line, _, _ := strings.Cut(filed.GetReceipt().GetWords(), "\n")
		if !strings.Contains(line, c.says) {
			t.Errorf("%s: the first line is %q, want that it %s", c.name, line, c.says)
		}
		if c.says == "was recorded" && (!strings.Contains(line, "no effect") || !strings.Contains(line, c.country)) {
			t.Errorf("%s: the first line is %q, and does not say that and where it has no effect", c.name, line)
		}
		if got := p.decide(t, post(id, in(c.country)), filed.GetRevision()).GetReason(); got != c.there {
			t.Errorf("%s: the receipt says %q, and a post there is %v, want %v", c.name, line, got, c.there)
		}
		if got := p.decide(t, post(id), filed.GetRevision()).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("%s: the receipt says that it counts wherever objections are honoured, and a post from France is %v", c.name, got)
		}
	}
}
