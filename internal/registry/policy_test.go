package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/registry"
)

func application(yaml string, change ...func(*vetov1.ApplyPolicyRequest)) *vetov1.ApplyPolicyRequest {
	request := &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: yaml}
	for _, c := range change {
		c(request)
	}
	return request
}

func TestPolicyIsKeptAsItWasApplied(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	if _, err := r.Policy(t.Context(), &vetov1.GetPolicyRequest{}); !errors.Is(err, registry.ErrNoPolicy) {
		t.Errorf("before any: %v, want ErrNoPolicy", err)
	}
	text := "# why we changed it\n" + testPolicy
	first := r.apply(text)
	if first.GetPolicy().GetVersion() != 1 || first.GetPolicy().GetEtag() == "" || first.GetUnchanged() {
		t.Errorf("first: %v", first)
	}
	again := r.apply(text)
	if !again.GetUnchanged() || again.GetPolicy().GetEtag() != first.GetPolicy().GetEtag() {
		t.Errorf("the same again: unchanged %t, etag %s", again.GetUnchanged(), again.GetPolicy().GetEtag())
	}
	structured := proto.CloneOf(first.GetPolicy())
	structured.Controller.Name = "Another name"
	second, err := r.ApplyPolicy(t.Context(), officer, application("", func(q *vetov1.ApplyPolicyRequest) { q.Policy = structured }))
	if err != nil || second.GetPolicy().GetVersion() != 2 {
		t.Fatalf("structured: %v, %v", second, err)
	}
	r = r.reopen()
	for version, want := range map[uint64]string{1: text, 2: "Another name", 0: "Another name"} {
		got, err := r.Policy(t.Context(), &vetov1.GetPolicyRequest{Version: version})
		if err != nil || !strings.Contains(got.GetYaml(), want) {
			t.Errorf("version %d after a restart: %v, %v", version, got.GetYaml(), err)
		}
	}
	if _, err := r.Policy(t.Context(), &vetov1.GetPolicyRequest{Version: 3}); !errors.Is(err, registry.ErrUnknownVersion) {
		t.Errorf("version 3: %v, want ErrUnknownVersion", err)
	}
}

func TestValidateOnlyWritesNothing(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	got, err := r.ApplyPolicy(t.Context(), officer, &vetov1.ApplyPolicyRequest{Yaml: testPolicy, ValidateOnly: true})
	if err != nil || got.GetPolicy().GetVersion() != 1 {
		t.Errorf("validate only: %v, %v", got, err)
	}
	if head := r.headRevision(); head != 1 {
		t.Errorf("head %d, want 1", head)
	}
	if _, err := r.ApplyPolicy(t.Context(), officer, &vetov1.ApplyPolicyRequest{Yaml: "regimes: {}", ValidateOnly: true}); !isType[*policy.Error](err) {
		t.Errorf("a document with faults: %v", err)
	}
}

// TestFault_T02_TwoAtOnce: of two policies made from the same one, exactly one is applied.
func TestFault_T02_TwoAtOnce(t *testing.T) {
	r := open(t)
	for round := range 10 {
		active, err := r.Policy(t.Context(), &vetov1.GetPolicyRequest{})
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 4)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				text := fmt.Sprintf("# round %d, editor %d\n%s", round, i, testPolicy)
				_, errs[i] = r.ApplyPolicy(t.Context(), officer, application(text, func(q *vetov1.ApplyPolicyRequest) { q.Etag = active.GetPolicy().GetEtag() }))
			})
		}
		wg.Wait()
		applied := 0
		for _, err := range errs {
			switch {
			case err == nil:
				applied++
			case !isType[*registry.EtagError](err):
				t.Errorf("round %d: %v, want *EtagError", round, err)
			}
		}
		if applied != 1 {
			t.Fatalf("round %d: %d were applied, want 1", round, applied)
		}
	}
}

// TestFault_T02_SwapUnderLoad: every decision is by one version, and by its rules.
func TestFault_T02_SwapUnderLoad(t *testing.T) {
	r := open(t)
	closed := strings.Replace(testPolicy, "legal_basis: LEGITIMATE_INTERESTS", "legal_basis: PROHIBITED", 1)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				view, err := r.View()
				if err != nil {
					continue
				}
				want := vetov1.Reason_REASON_ELIGIBLE
				if view.PolicyVersion()%2 == 0 {
					want = vetov1.Reason_REASON_PROHIBITED
				}
				if got := decideAt(t, view, "anna", "FR", r.Now()); got != want || view.Gate.Policy.Version() != view.PolicyVersion() {
					t.Errorf("version %d of the document, %d of the gate: %v, want %v", view.PolicyVersion(), view.Gate.Policy.Version(), got, want)
					return
				}
			}
		})
	}
	for i := range 6 {
		r.apply([]string{closed, testPolicy}[i%2])
	}
	close(stop)
	wg.Wait()
}

func TestChangeThatWeakensMustBeAcknowledged(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	r.apply(twoPurposes)
	r.file(filing("anna", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{"evaluation"} }))
	without := strings.NewReplacer("evaluation, title: Evaluation", "research, title: Research", "training, evaluation]", "training, research]").Replace(twoPurposes)

	// A new purpose must say how it stands to the one that people objected to.
	if _, err := r.ApplyPolicy(t.Context(), officer, application(without)); !isType[*policy.Error](err) {
		t.Errorf("a new purpose that says nothing of the old one: %v, want *policy.Error", err)
	}
	dropped := strings.Replace(twoPurposes, "  - {name: evaluation, title: Evaluation, relations: [{purpose: generative-ai-training, kind: UNRELATED, ground: nothing is kept}]}\n", "", 1)
	dropped = strings.Replace(dropped, ", evaluation]", "]", 1)
	_, err := r.ApplyPolicy(t.Context(), officer, application(dropped))
	danger, ok := errors.AsType[*registry.DangerError](err)
	if !ok || danger.Dangers[0].Danger != vetov1.Danger_DANGER_DROPS_PURPOSE {
		t.Fatalf("a dropped purpose: %v, want DROPS_PURPOSE", err)
	}
	for _, acknowledged := range []vetov1.Danger{vetov1.Danger_DANGER_SHORT_NOTICE, vetov1.Danger_DANGER_DROPS_PURPOSE} {
		_, err := r.ApplyPolicy(t.Context(), officer, application(dropped, func(q *vetov1.ApplyPolicyRequest) {
			q.Acknowledge = []*vetov1.Acknowledgement{{Danger: acknowledged, Ground: "the purpose is given up"}}
		}))
		if (err == nil) != (acknowledged == vetov1.Danger_DANGER_DROPS_PURPOSE) {
			t.Errorf("with %v acknowledged: %v", acknowledged, err)
		}
	}
}

func TestNewNameKeepsTheObjections(t *testing.T) {
	r := open(t)
	r.file(filing("anna", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} }))
	r.file(filing("bert")) // all purposes, later ones included
	r.apply(renamed(testPolicy))
	for _, id := range []string{"anna", "bert"} {
		if got := r.standing(id, "FR").GetEffects()[0]; got.GetReason() != vetov1.Reason_REASON_OBJECTED || got.GetPurpose() != "model-training" {
			t.Errorf("%s: %v, want OBJECTED", id, got)
		}
	}
	if got := r.standing("carl", "FR").GetEffects()[0].GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("who did not object: %v", got)
	}
}

func TestThirtyThirdPurposeEverIsRefused(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	with := func(names ...string) string {
		var purposes []string
		for _, name := range names {
			purposes = append(purposes, fmt.Sprintf("  - {name: %s, title: One}", name))
		}
		text := strings.Replace(testPolicy, "  - {name: generative-ai-training, title: Training of generative AI}", strings.Join(purposes, "\n"), 1)
		return strings.ReplaceAll(text, "[generative-ai-training]", "["+names[0]+"]")
	}
	var names []string
	for i := range 32 {
		names = append(names, fmt.Sprintf("purpose-%d", i))
	}
	r.apply(with(names...))
	if _, err := r.ApplyPolicy(t.Context(), officer, application(with("purpose-0", "one-more"))); !errors.Is(err, policy.ErrPurposesExhausted) {
		t.Errorf("the 33rd purpose ever: %v, want ErrPurposesExhausted", err)
	}
	// With every bit given out an objection still guards its purpose.
	r.file(filing("anna", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{"purpose-1"} }))
	if _, err := r.ApplyPolicy(t.Context(), officer, application(with("purpose-31"))); !isType[*registry.DangerError](err) {
		t.Errorf("a dropped purpose: %v, want *DangerError", err)
	}
	r.withdraw(withdrawal("anna"))
	if r.apply(with("purpose-31")).GetPolicy().GetVersion() != 2 {
		t.Error("a name that was declared before was not taken")
	}
}

func TestSuspensionStandsOutsideThePolicy(t *testing.T) {
	r := open(t)
	got, err := r.SuspendRegime(t.Context(), officer, &vetov1.SuspendRegimeRequest{
		RequestId: uuid.NewString(), Regime: "europe", Jurisdictions: []string{"IT"}, Reason: "an order", Authority: "Garante",
	})
	if err != nil || len(got.GetSuspensions()) != 1 || got.GetUnchanged() {
		t.Fatalf("suspend: %v, %v", got, err)
	}
	again, err := r.SuspendRegime(t.Context(), officer, &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Jurisdictions: []string{"IT"}, Reason: "once more"})
	if err != nil || !again.GetUnchanged() || len(again.GetSuspensions()) != 1 {
		t.Errorf("what stands already: %v, %v", again, err)
	}
	check := func(when string) {
		t.Helper()
		if got := r.decide("anna", "IT"); got != vetov1.Reason_REASON_SUSPENDED {
			t.Errorf("%s: Italy: %v, want SUSPENDED", when, got)
		}
		if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_ELIGIBLE {
			t.Errorf("%s: France: %v", when, got)
		}
	}
	check("suspended")
	if warnings := r.apply("# another\n" + testPolicy).GetWarnings(); len(warnings) != 1 || !strings.Contains(warnings[0], "europe") {
		t.Errorf("warnings of the new policy: %v", warnings)
	}
	check("after a new policy")
	r = r.reopen()
	check("after a restart")

	resume := func(jurisdictions ...string) error {
		_, err := r.ResumeRegime(t.Context(), officer, &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Jurisdictions: jurisdictions, Reason: "lifted"})
		return err
	}
	if err := resume("FR"); !errors.Is(err, registry.ErrNotSuspended) {
		t.Errorf("resume what is not suspended: %v, want ErrNotSuspended", err)
	}
	if err := resume("IT"); err != nil {
		t.Errorf("resume: %v", err)
	}
	if got := r.decide("anna", "IT"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("resumed: %v", got)
	}
	if err := resume(); !errors.Is(err, registry.ErrNotSuspended) {
		t.Errorf("resume twice: %v, want ErrNotSuspended", err)
	}
}

func TestWholeRegimeIsSuspendedAndResumed(t *testing.T) {
	r := open(t)
	request := &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Reason: "an order"}
	if _, err := r.SuspendRegime(t.Context(), officer, request); err != nil {
		t.Fatal(err)
	}
	if _, err := r.SuspendRegime(t.Context(), officer, &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Purposes: []string{training}, Reason: "more"}); err != nil {
		t.Fatal(err)
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_SUSPENDED {
		t.Errorf("suspended: %v", got)
	}
	// Each is lifted by its own name: the whole one leaves the purpose's standing.
	whole := &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Reason: "all is well"}
	got, err := r.ResumeRegime(t.Context(), officer, whole)
	if err != nil || len(got.GetSuspensions()) != 1 {
		t.Errorf("resume the whole: %v, %v", got, err)
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_SUSPENDED {
		t.Errorf("with the purpose suspended: %v, want SUSPENDED", got)
	}
	whole.RequestId = uuid.NewString()
	if _, err := r.ResumeRegime(t.Context(), officer, whole); !errors.Is(err, registry.ErrNotSuspended) || !strings.Contains(err.Error(), training) {
		t.Errorf("resume the whole again: %v, want ErrNotSuspended and what stands", err)
	}
	got, err = r.ResumeRegime(t.Context(), officer, &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Purposes: []string{training}, Reason: "this too"})
	if err != nil || len(got.GetSuspensions()) != 0 {
		t.Errorf("resume the purpose: %v, %v", got, err)
	}
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("resumed: %v", got)
	}
}

// TestSuspensionOutlivesItsGroup: what a group held when it was suspended stays suspended when the group shrinks.
func TestSuspensionOutlivesItsGroup(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	grouped := strings.Replace(testPolicy, "regimes:", "groups: [{name: NORTH, members: [SE, NO]}]\nregimes:", 1)
	r.apply(grouped)
	if _, err := r.SuspendRegime(t.Context(), officer, &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Jurisdictions: []string{"NORTH"}, Reason: "an order"}); err != nil {
		t.Fatal(err)
	}
	for _, yaml := range []string{strings.Replace(grouped, "[SE, NO]", "[SE]", 1), testPolicy} {
		_, err := r.ApplyPolicy(t.Context(), officer, application(yaml, func(q *vetov1.ApplyPolicyRequest) {
			q.Acknowledge = []*vetov1.Acknowledgement{{Danger: vetov1.Danger_DANGER_DROPS_REGIME, Ground: "a test"}}
		}))
		if err != nil {
			t.Fatal(err)
		}
		for country, want := range map[string]vetov1.Reason{"NO": vetov1.Reason_REASON_SUSPENDED, "SE": vetov1.Reason_REASON_SUSPENDED, "DE": vetov1.Reason_REASON_ELIGIBLE} {
			if got := r.decide("anna", country); got != want {
				t.Errorf("%s: %v, want %v", country, got, want)
			}
		}
	}
}

// TestSuspendingAGrownGroupAgainStopsAllOfIt: the same words stop more today, so they are no repeat.
func TestSuspendingAGrownGroupAgainStopsAllOfIt(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	grouped := strings.Replace(testPolicy, "regimes:", "groups: [{name: NORTH, members: [SE]}]\nregimes:", 1)
	r.apply(grouped)
	suspend := func() *vetov1.SuspendRegimeResponse {
		t.Helper()
		got, err := r.SuspendRegime(t.Context(), officer, &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Jurisdictions: []string{"NORTH"}, Reason: "an order"})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	suspend()
	r.apply(strings.Replace(grouped, "[SE]", "[SE, NO]", 1))
	if got := r.decide("anna", "NO"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Fatalf("who joined the group later: %v", got)
	}
	if suspend().GetUnchanged() {
		t.Error("the grown group is said to stand already")
	}
	if got := r.decide("anna", "NO"); got != vetov1.Reason_REASON_SUSPENDED {
		t.Errorf("suspended again: %v, want SUSPENDED", got)
	}
	if !suspend().GetUnchanged() {
		t.Error("what stands already was written again")
	}
	if _, err := r.ResumeRegime(t.Context(), officer, &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Jurisdictions: []string{"NORTH"}, Reason: "lifted"}); err != nil {
		t.Fatal(err)
	}
	if got := r.decide("anna", "NO"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("resumed by its name: %v", got)
	}
}

// TestSuspensionFollowsThePurposesNewName: a purpose is not freed by being called otherwise.
func TestSuspensionFollowsThePurposesNewName(t *testing.T) {
	r := open(t)
	if _, err := r.SuspendRegime(t.Context(), officer, &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Purposes: []string{training}, Reason: "an order"}); err != nil {
		t.Fatal(err)
	}
	r.apply(renamed(testPolicy))
	if got := r.standing("anna", "FR").GetEffects()[0]; got.GetReason() != vetov1.Reason_REASON_SUSPENDED {
		t.Errorf("under the new name: %v, want SUSPENDED", got)
	}
}

// renamed is the policy with another name for its purpose.
func renamed(yaml string) string {
	return strings.NewReplacer(
		"{name: generative-ai-training, title: Training of generative AI}",
		"{name: model-training, title: Training, relations: [{purpose: generative-ai-training, kind: REPLACES}]}",
		"[generative-ai-training]", "[model-training]",
	).Replace(yaml)
}

// TestObjectionFollowsTwoNewNames: a relation stands for ever, whatever later documents repeat.
func TestObjectionFollowsTwoNewNames(t *testing.T) {
	r := open(t)
	r.file(filing("anna", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} }))
	second := renamed(testPolicy)
	r.apply(second)
	third := strings.NewReplacer("{name: model-training, title: Training, relations: [{purpose: generative-ai-training, kind: REPLACES}]}",
		"{name: learning, title: Learning, relations: [{purpose: model-training, kind: REPLACES}]}", "[model-training]", "[learning]").Replace(second)
	r.apply(third)
	if got := r.standing("anna", "FR").GetEffects()[0]; got.GetReason() != vetov1.Reason_REASON_OBJECTED || got.GetPurpose() != "learning" {
		t.Errorf("after two new names: %v, want OBJECTED", got)
	}
	r = r.reopen()
	if got := r.standing("anna", "FR").GetEffects()[0]; got.GetReason() != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("after a restart: %v, want OBJECTED", got)
	}
	// Who still uses the first name is heard.
	r.file(filing("bert", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} }))
	if got := r.standing("bert", "FR").GetEffects()[0]; got.GetReason() != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("an objection under the first name: %v, want OBJECTED", got)
	}
}

// TestStructuredPolicyThatCannotBeReadAgainIsRefused: a document that is written is read by every later start.
func TestStructuredPolicyThatCannotBeReadAgainIsRefused(t *testing.T) {
	r := open(t)
	hostile := proto.CloneOf(mustPolicy(t, r))
	hostile.GetRegimes()[1].ObjectionsGround = strings.Repeat("[", 1000)
	_, err := r.ApplyPolicy(t.Context(), officer, application("", func(q *vetov1.ApplyPolicyRequest) { q.Policy = hostile }))
	if err != nil && r.headRevision() != 2 {
		t.Fatalf("refused with %v, and written", err)
	}
	if got, err := r.reopen().Policy(t.Context(), &vetov1.GetPolicyRequest{}); err != nil || got.GetPolicy() == nil {
		t.Errorf("after a restart: %v", err)
	}
}

func mustPolicy(t *testing.T, r *register) *vetov1.Policy {
	t.Helper()
	got, err := r.Policy(t.Context(), &vetov1.GetPolicyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetPolicy()
}

// TestGroundOfAnAcknowledgementIsKept: who accepted a danger said why.
func TestGroundOfAnAcknowledgementIsKept(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	if _, err := r.ApplyPolicy(t.Context(), officer, application(testPolicy, func(q *vetov1.ApplyPolicyRequest) {
		q.Acknowledge = []*vetov1.Acknowledgement{{Danger: vetov1.Danger_DANGER_SHORT_NOTICE, Ground: "the board's order of 3 May"}}
	})); err != nil {
		t.Fatal(err)
	}
	for entry, err := range r.log.Read(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(entry.Side), "acknowledge SHORT_NOTICE the board's order of 3 May\n") {
			t.Errorf("the side row does not hold the ground:\n%s", entry.Side)
		}
	}
	if _, err := r.ApplyPolicy(t.Context(), officer, application("# again\n"+testPolicy, func(q *vetov1.ApplyPolicyRequest) {
		q.Acknowledge = []*vetov1.Acknowledgement{{Danger: vetov1.Danger_DANGER_SHORT_NOTICE, Ground: "a\x07"}}
	})); !isType[*registry.InvalidError](err) {
		t.Errorf("a ground with a control character: %v, want *InvalidError", err)
	}
}

func TestSwitchRefusesBadInput(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	suspend := func(change func(*vetov1.SuspendRegimeRequest)) error {
		request := &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Reason: "an order"}
		change(request)
		_, err := r.SuspendRegime(t.Context(), officer, request)
		return err
	}
	if err := suspend(func(*vetov1.SuspendRegimeRequest) {}); !errors.Is(err, registry.ErrNoPolicy) {
		t.Errorf("without a policy: %v, want ErrNoPolicy", err)
	}
	r.apply(testPolicy)
	if err := suspend(func(q *vetov1.SuspendRegimeRequest) { q.Regime = "asia" }); !isType[*registry.UnknownRegimeError](err) {
		t.Errorf("an unknown regime: %v", err)
	}
	for name, change := range map[string]func(*vetov1.SuspendRegimeRequest){
		"a country that it does not rule": func(q *vetov1.SuspendRegimeRequest) { q.Jurisdictions = []string{"US"} },
		"no country":                      func(q *vetov1.SuspendRegimeRequest) { q.Jurisdictions = []string{"UK"} },
		"a purpose that it does not name": func(q *vetov1.SuspendRegimeRequest) { q.Purposes = []string{"advertising"} },
	} {
		if err := suspend(change); !isType[*policy.Error](err) {
			t.Errorf("%s: %v, want *policy.Error", name, err)
		}
	}
	if err := suspend(func(q *vetov1.SuspendRegimeRequest) { q.Reason = "a\x07" }); !isType[*registry.InvalidError](err) {
		t.Errorf("a reason with a control character: %v, want *InvalidError", err)
	}
}
