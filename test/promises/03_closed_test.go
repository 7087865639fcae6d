package promises_test

import (
	"context"
	"crypto/rand"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/subject"
)

// everywhere rules the whole world, and lets in what no zero value and no missing thing refuses.
const everywhere = `
controller: {name: Example Platform}
purposes: [{name: generative-ai-training, title: Training of generative AI models}]
regimes:
  - name: world
    jurisdictions: ["*"]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    minimum_age: 0
    periods: [{start: 2025-01-01T00:00:00Z}]
    content: [{kinds: [POST], visibilities: [PUBLIC]}]
`

// TestWithoutAPolicyNothingIsIncluded asks at every door.
func TestWithoutAPolicyNothingIsIncluded(t *testing.T) {
	p := start(t, settings{noPolicy: true})
	want := vetov1.Reason_REASON_NO_POLICY
	if got := p.decide(t, post("anna"), 0); got.GetReason() != want || got.GetOutcome() != vetov1.Outcome_OUTCOME_EXCLUDE {
		t.Errorf("Decide: %v", got)
	}
	all, err := p.decisions.BatchDecide(context.Background(), &vetov1.BatchDecideRequest{Purpose: training, Items: []*vetov1.Item{post("anna"), {}, nil}})
	if err != nil || !slices.Equal(all.GetReasons(), []vetov1.Reason{want, want, want}) {
		t.Errorf("BatchDecide: %v, %v", all.GetReasons(), err)
	}
	if got := batch(t, p.stream(t), &vetov1.StreamDecideRequest{Options: options(), Items: []*vetov1.Item{post("anna")}}); got.GetReasons()[0] != want {
		t.Errorf("StreamDecide: %v", got.GetReasons())
	}
	told, err := p.decisions.ExplainDecision(context.Background(), &vetov1.ExplainDecisionRequest{Purpose: training, Item: post("anna")})
	if err != nil || told.GetDecision().GetReason() != want {
		t.Errorf("ExplainDecision: %v, %v", told.GetDecision(), err)
	}
}

// TestWhatIsMissingOrUnreadableIsNeverIncluded changes one thing at a time of a post that is included.
func TestWhatIsMissingOrUnreadableIsNeverIncluded(t *testing.T) {
	p := start(t, settings{policy: everywhere})
	if got := p.decide(t, post("anna"), 0).GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Fatalf("the unchanged post is %v: the test shows nothing", got)
	}
	for name, change := range missingAndUnreadable() {
		item := post("anna")
		change(item)
		got := p.decide(t, item, 0)
		if included(got.GetReason()) || got.GetOutcome() != vetov1.Outcome_OUTCOME_EXCLUDE && got.GetOutcome() != vetov1.Outcome_OUTCOME_INVALID {
			t.Errorf("%s: %v", name, got)
		}
		if got.GetReason() == vetov1.Reason_REASON_INVALID && got.GetViolation().GetField() == "" {
			t.Errorf("%s: INVALID, and no field is named", name)
		}
	}
	if got := p.decide(t, nil, 0).GetOutcome(); got != vetov1.Outcome_OUTCOME_INVALID {
		t.Errorf("no item at all: %v", got)
	}
}

// missingAndUnreadable are changes that each make an item one that nobody can vouch for.
func missingAndUnreadable() map[string]func(*vetov1.Item) {
	changes := map[string]func(*vetov1.Item){
		"an author with a country's code for nowhere": in("XX"),
		"no country":                         in(""),
		"a retired country":                  in("SU"),
		"a country in words":                 in("France"),
		"a country below":                    in("fr"),
		"a country and a space":              in("FR "),
		"a subdivision that nobody assigned": in("FR-ZZZ"),
		"a subject without an id": func(i *vetov1.Item) {
			i.Subjects = []*vetov1.OtherSubject{{Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED}}
		},
		"a subject that is not there":               func(i *vetov1.Item) { i.Subjects = []*vetov1.OtherSubject{nil} },
		"an empty content key":                      func(i *vetov1.Item) { i.ContentKeys = []string{"sha256:1", ""} },
		"an age below zero":                         func(i *vetov1.Item) { i.AuthorAge = -1 },
		"an age of nobody":                          func(i *vetov1.Item) { i.AuthorAgeAtCreation = 151 },
		"too many labels":                           func(i *vetov1.Item) { i.Labels = slices.Repeat([]string{"x"}, 65) },
		"a token of a vocabulary that nobody knows": func(i *vetov1.Item) { i.Signals = &vetov1.Signals{Other: []string{"no-training-please"}} },
		"an empty token":                            func(i *vetov1.Item) { i.Signals = &vetov1.Signals{Other: []string{""}} },
	}
	for name, id := range badIDs() {
		changes["author with "+name] = func(i *vetov1.Item) { i.AuthorId = id }
		changes["item with "+name] = func(i *vetov1.Item) { i.ItemId = id }
		changes["content key with "+name] = func(i *vetov1.Item) { i.ContentKeys = []string{id} }
		changes["subject with "+name] = func(i *vetov1.Item) {
			i.Subjects = []*vetov1.OtherSubject{{SubjectId: id, Role: vetov1.SubjectRole_SUBJECT_ROLE_QUOTED}}
		}
	}
	for _, number := range []int32{-1 << 31, -1, 0, 17, 18, 64, 65, 255, 256, 257, 1<<31 - 1} {
		changes[fmt.Sprint("kind ", number)] = func(i *vetov1.Item) { i.Kind = vetov1.ItemKind(number) }
		changes[fmt.Sprint("visibility ", number)] = func(i *vetov1.Item) { i.Visibility = vetov1.Visibility(number) }
		changes[fmt.Sprint("role ", number)] = func(i *vetov1.Item) {
			i.Subjects = []*vetov1.OtherSubject{{SubjectId: "bert", Role: vetov1.SubjectRole(number)}}
		}
	}
	for _, value := range []string{
		"train-ai=no", "train-ai", "train-ai=?0", "TRAIN-AI=n", "train-ai=n=y", "train-ai=y, train-ai=n", "train-ai=y;q=1", "train-ai=(y n)", "{", "\x00", "n", "no",
	} {
		changes["content usage "+value] = func(i *vetov1.Item) { i.Signals = &vetov1.Signals{ContentUsage: value} }
	}
	for _, value := range []string{"true", "01", "-1", "1.0", "yes", "reserved", "\u0661"} {
		changes["tdm reservation "+value] = func(i *vetov1.Item) { i.Signals = &vetov1.Signals{TdmReservation: value} }
	}
	for _, value := range []string{"notallowed", "ALLOWED", "allowed ", "maybe", "constrained"} {
		changes["c2pa "+value] = func(i *vetov1.Item) { i.Signals = &vetov1.Signals{C2PaTrainingMining: value} }
	}
	for _, value := range []string{"DMI-ALLOW", "dmi-allowed", "DMI-ALLOWED-SOMETIMES", "PROHIBITED", "http://ns.useplus.org/ldf/vocab/"} {
		changes["plus "+value] = func(i *vetov1.Item) { i.Signals = &vetov1.Signals{PlusDataMining: value} }
	}
	return changes
}

// badIDs break the one rule for ids.
func badIDs() map[string]string {
	return map[string]string{
		"no id": "", "an id of spaces": "   ", "a space before": " anna", "a no-break space behind": "anna\u00a0", "a NUL": "an\x00na", "a newline": "anna\n",
		"a delete": "anna\x7f", "a right-to-left override": "an\u202ena", "an isolate": "\u2066anna\u2069", "a tag character": "anna\U000e0041", "257 bytes": strings.Repeat("a", 257),
	}
}

// TestOnlyAssignedCountriesAreRuled tries every code of two letters, in either case, on a policy that rules "*": what is no country is in no
// regime, whatever the policy says of the whole world.
func TestOnlyAssignedCountriesAreRuled(t *testing.T) {
	p := start(t, settings{policy: everywhere})
	assigned := assignedCountries(t)
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var items []*vetov1.Item
	for _, a := range letters {
		for _, b := range letters {
			items = append(items, post("anna", in(string(a)+string(b))))
		}
	}
	answer := batch(t, p.stream(t), &vetov1.StreamDecideRequest{Options: options(), Items: items})
	ruled := 0
	for i, reason := range answer.GetReasons() {
		code := items[i].GetCountry()
		if included(reason) != assigned[code] {
			t.Errorf("%s: %v, assigned: %v", code, reason, assigned[code])
		}
		if included(reason) {
			ruled++
		}
	}
	if ruled != len(assigned) || ruled < 200 {
		t.Errorf("%d countries are ruled, %d are assigned", ruled, len(assigned))
	}
}

// assignedCountries are those of the shared table, not of the one in the binary.
func assignedCountries(t *testing.T) map[string]bool {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "data", "jurisdictions", "countries.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	assigned := map[string]bool{}
	for _, row := range rows[1:] {
		assigned[row[0]] = true
	}
	return assigned
}

// TestAForgottenColumnIsRefusedByItsName leaves out each field that the policy reads, one at a time.
func TestAForgottenColumnIsRefusedByItsName(t *testing.T) {
	p := start(t, settings{})
	reads := []string{"subjects", "content_keys", "labels", "signals", "author_age", "author_age_at_creation", "in_conversation"}
	items := []*vetov1.Item{post("anna", func(i *vetov1.Item) { i.AuthorAge, i.AuthorAgeAtCreation = 0, 0 })}
	for _, forgotten := range reads {
		named := slices.DeleteFunc(slices.Clone(reads), func(field string) bool { return field == forgotten })
		_, batchErr := p.decisions.BatchDecide(context.Background(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: named})
		stream := p.stream(t)
		if err := stream.Send(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training, AbsentFields: named}, Items: items}); err != nil {
			t.Fatal(err)
		}
		_, streamErr := stream.Recv()
		for call, err := range map[string]error{"BatchDecide": batchErr, "StreamDecide": streamErr} {
			if fields := unmapped(err); status.Code(err) != codes.FailedPrecondition || !slices.Equal(fields, []string{forgotten}) {
				t.Errorf("%s without %s: %v naming %v", call, forgotten, err, fields)
			}
		}
	}
	answer, err := p.decisions.BatchDecide(context.Background(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: reads})
	if err != nil || answer.GetReasons()[0] != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("with every column named: %v, %v", answer.GetReasons(), err)
	}
}

// unmapped are the fields that an error says nobody mapped.
func unmapped(err error) []string {
	var fields []string
	for _, detail := range status.Convert(err).Details() {
		if failure, ok := detail.(*errdetails.PreconditionFailure); ok {
			for _, v := range failure.GetViolations() {
				fields = append(fields, v.GetSubject())
			}
		}
	}
	return fields
}

// TestAPurposeThatNobodyDeclaredIsTheCallersError: it is not decided as another one.
func TestAPurposeThatNobodyDeclaredIsTheCallersError(t *testing.T) {
	p := start(t, settings{})
	for _, purpose := range []string{"", "training", "generative-ai-training ", "Generative-AI-Training", "generative_ai_training", "*"} {
		if answer, err := p.decisions.Decide(context.Background(), &vetov1.DecideRequest{Purpose: purpose, Item: post("anna")}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("purpose %q: %v, %v", purpose, answer, err)
		}
	}
}

// TestARegimeThatSaysLittleRefuses takes from a regime what it can leave out: what it does not say is refused, and what must be said stops the
// policy.
func TestARegimeThatSaysLittleRefuses(t *testing.T) {
	p := start(t, settings{policy: everywhere})
	for missing, field := range map[string]string{
		`    legal_basis: LEGITIMATE_INTERESTS`:                  "regimes[0].legal_basis",
		`    minimum_age: 0`:                                     "regimes[0].minimum_age",
		`    jurisdictions: ["*"]`:                               "regimes[0].jurisdictions",
		`    purposes: [generative-ai-training]`:                 "regimes[0].purposes",
		`    content: [{kinds: [POST], visibilities: [PUBLIC]}]`: "regimes[0].content",
	} {
		document := strings.Replace(everywhere, missing+"\n", "", 1)
		if document == everywhere {
			t.Fatalf("the policy has no line %q", missing)
		}
		_, err := p.policies.ApplyPolicy(context.Background(), applying(document))
		if status.Code(err) != codes.InvalidArgument || !slices.Contains(violated(err), field) {
			t.Errorf("without %s: %v naming %v", field, err, violated(err))
		}
	}
	p.apply(t, strings.NewReplacer("minimum_age: 0", "minimum_age: 1", "    periods: [{start: 2025-01-01T00:00:00Z}]\n", "").Replace(everywhere))
	if got := p.decide(t, post("anna"), 0).GetReason(); got != vetov1.Reason_REASON_NOT_STARTED {
		t.Errorf("without a period: %v", got)
	}
	p.apply(t, strings.Replace(everywhere, "minimum_age: 0", "minimum_age: 1", 1))
	p.object(t, filing("objector"))
	p.object(t, filing("", func(r *vetov1.FileObjectionRequest) {
		r.ItemIds, r.ContentKeys = []string{"item"}, []string{"sha256:1"}
	}))
	for _, c := range []struct {
		name string
		item *vetov1.Item
		want vetov1.Reason
	}{
		{"nothing against it", post("anna"), vetov1.Reason_REASON_ELIGIBLE},
		{"age unknown", post("anna", func(i *vetov1.Item) { i.AuthorAge = 0 }), vetov1.Reason_REASON_AGE_UNKNOWN},
		{"objected", post("objector"), vetov1.Reason_REASON_OBJECTED},
		{"item objected", post("anna", func(i *vetov1.Item) { i.ItemId = "item" }), vetov1.Reason_REASON_ITEM_OBJECTED},
		{"content objected", post("anna", func(i *vetov1.Item) { i.ContentKeys = []string{"sha256:0", "sha256:1"} }), vetov1.Reason_REASON_ITEM_OBJECTED},
		{"a signal says no", post("anna", func(i *vetov1.Item) { i.Signals = &vetov1.Signals{TdmReservation: "1"} }), vetov1.Reason_REASON_SIGNAL},
		{"somebody else objected", post("anna", func(i *vetov1.Item) {
			i.Subjects = []*vetov1.OtherSubject{{SubjectId: "objector", Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED}}
		}), vetov1.Reason_REASON_THIRD_PARTY},
	} {
		answer, err := p.decisions.Decide(context.Background(), &vetov1.DecideRequest{Purpose: training, Item: c.item, AcceptRedactions: true})
		if err != nil || answer.GetDecision().GetReason() != c.want {
			t.Errorf("%s: %v, %v, want %v", c.name, answer.GetDecision().GetReason(), err, c.want)
		}
	}
}

// violated are the fields that an error says are at fault.
func violated(err error) []string {
	var fields []string
	for _, detail := range status.Convert(err).Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	return fields
}

// TestZeroValuesOfTheGateRefuse asks the gate itself, below every check of documents: a view, a purpose and a regime that nobody filled in.
func TestZeroValuesOfTheGateRefuse(t *testing.T) {
	item := &gate.Item{ID: "i", AuthorID: "anna", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, Country: "FR", AuthorAge: 18, AuthorAgeAtCreation: 18}
	var empty gate.View
	var d gate.Decision
	ref, _ := empty.Purpose(training)
	if empty.Decide(item, ref, time.Now(), gate.Options{}, &d); d.Reason != vetov1.Reason_REASON_NO_POLICY {
		t.Errorf("a zero view: %v", d.Reason)
	}
	fine := func(string) string { return "" }
	rules := gate.Rules{
		Purposes: []gate.Purpose{{Name: training, Objections: 1}}, CheckID: fine, CheckSubject: fine,
		Regimes: []gate.Regime{{Name: "zero"}},
		Places:  map[string]gate.Place{"FR": {Chain: []string{"FR"}, Rulings: []gate.Ruling{{Purposes: 1}}}},
	}
	if _, err := gate.NewPolicy(rules); err == nil {
		t.Error("a regime without a legal basis is compiled")
	}
	rules.Regimes[0].LegalBasis = vetov1.LegalBasis_LEGAL_BASIS_NOT_REQUIRED
	compiled, err := gate.NewPolicy(rules)
	if err != nil {
		t.Fatal(err)
	}
	view := gate.View{Policy: compiled, Standings: standings.NewBuilder().View(), Keys: keysOf(t)}
	if view.Decide(item, gate.PurposeRef{}, time.Now(), gate.Options{}, &d); d.Reason != vetov1.Reason_REASON_NO_POLICY {
		t.Errorf("a zero purpose: %v", d.Reason)
	}
	ref, _ = view.Purpose(training)
	if view.Decide(item, ref, time.Now(), gate.Options{}, &d); included(d.Reason) {
		t.Errorf("a regime with nothing but a basis: %v", d.Reason)
	}
	rules.Regimes[0].Periods = []gate.Period{{Start: time.Unix(1, 0)}}
	if compiled, err = gate.NewPolicy(rules); err != nil {
		t.Fatal(err)
	}
	view.Policy = compiled
	ref, _ = view.Purpose(training)
	for kind := range vetov1.ItemKind_name {
		for visibility := range vetov1.Visibility_name {
			item.Kind, item.Visibility = vetov1.ItemKind(kind), vetov1.Visibility(visibility)
			if view.Decide(item, ref, time.Now(), gate.Options{AcceptRedactions: true}, &d); included(d.Reason) {
				t.Errorf("a regime that names no content: %v, %v is %v", item.Kind, item.Visibility, d.Reason)
			}
		}
	}
}

func keysOf(t *testing.T) *subject.Keys {
	t.Helper()
	secret, err := subject.CreateSecret(filepath.Join(t.TempDir(), "secret.key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret.Keys()
}

// TestAServerThatDoesNotKnowTheHeadRefuses ends the following of the log, and nothing else: nobody knows what was filed since, so every answer
// is UNAVAILABLE and health says so.
func TestAServerThatDoesNotKnowTheHeadRefuses(t *testing.T) {
	const staleness = 100 * time.Millisecond
	dir := filepath.Join(t.TempDir(), "veto")
	start(t, settings{dir: dir}).stop(t)
	p := start(t, settings{dir: dir, registry: registry.Config{MaxStaleness: staleness}})
	p.endFollow()
	p.await(t, healthv1.HealthCheckResponse_NOT_SERVING)
	p.refusesAll(t, "STALE")
	for _, service := range []string{"", vetov1.RegistryService_ServiceDesc.ServiceName, vetov1.PolicyService_ServiceDesc.ServiceName} {
		got, err := p.health.Check(context.Background(), &healthv1.HealthCheckRequest{Service: service})
		if err != nil || got.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
			t.Errorf("health of %q: %v, %v", service, got, err)
		}
	}
}

// TestAServerThatLostItsStoreRefuses closes the database under a running server.
func TestAServerThatLostItsStoreRefuses(t *testing.T) {
	p := start(t, settings{registry: registry.Config{PollInterval: 20 * time.Millisecond}})
	if err := p.db.Close(); err != nil {
		t.Fatal(err)
	}
	p.await(t, healthv1.HealthCheckResponse_NOT_SERVING)
	p.refusesAll(t, "STORE_UNAVAILABLE")
}

// TestAServerWhoseClockJumpedRefuses moves the wall clock by an hour and back: which regime is open, nobody knows meanwhile.
func TestAServerWhoseClockJumpedRefuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "veto")
	start(t, settings{dir: dir}).stop(t)
	var jump atomic.Int64
	p := start(t, settings{dir: dir, registry: registry.Config{Wall: func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }}})
	for _, by := range []time.Duration{time.Hour, -time.Hour, 24 * 365 * time.Hour} {
		jump.Store(int64(by))
		p.await(t, healthv1.HealthCheckResponse_NOT_SERVING)
		p.refusesAll(t, "CLOCK")
		jump.Store(0)
		p.await(t, healthv1.HealthCheckResponse_SERVING)
	}
}

// refusesAll calls everything that answers from the register's state, and wants UNAVAILABLE with a reason and when to try again.
func (p *platform) refusesAll(t *testing.T, reason string) {
	t.Helper()
	calls := map[string]error{}
	_, calls["Decide"] = p.decisions.Decide(context.Background(), &vetov1.DecideRequest{Purpose: training, Item: post("anna")})
	_, calls["BatchDecide"] = p.decisions.BatchDecide(context.Background(), &vetov1.BatchDecideRequest{Purpose: training, Items: []*vetov1.Item{post("anna")}, MappedFields: itemFields()})
	_, calls["ExplainDecision"] = p.decisions.ExplainDecision(context.Background(), &vetov1.ExplainDecisionRequest{Purpose: training, Item: post("anna")})
	_, calls["FileObjection"] = p.objections.FileObjection(context.Background(), filing("anna"))
	_, calls["GetStanding"] = p.objections.GetStanding(context.Background(), &vetov1.GetStandingRequest{SubjectId: "anna"})
	_, calls["WithdrawObjection"] = p.objections.WithdrawObjection(context.Background(), withdrawal("anna"))
	stream := p.stream(t)
	if err := stream.Send(&vetov1.StreamDecideRequest{Options: options(), Items: []*vetov1.Item{post("anna")}}); err != nil {
		t.Fatal(err)
	}
	_, calls["StreamDecide"] = stream.Recv()
	for call, err := range calls {
		var said string
		var retry bool
		for _, detail := range status.Convert(err).Details() {
			switch d := detail.(type) {
			case *errdetails.ErrorInfo:
				said = d.GetReason()
			case *errdetails.RetryInfo:
				retry = d.GetRetryDelay().AsDuration() > 0
			}
		}
		if status.Code(err) != codes.Unavailable || said != reason || !retry {
			t.Errorf("%s: %v with reason %q (retry said: %v), want UNAVAILABLE, %s and when to retry", call, err, said, retry, reason)
		}
	}
}

// TestAnotherSecretNeverStarts: with it every objection would silently stop matching.
func TestAnotherSecretNeverStarts(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("anna"))
	p.stop(t)
	path := filepath.Join(p.dir, "secret.key")
	own, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := open(settings{dir: p.dir}); !errors.Is(err, registry.ErrSecret) { // a new one is made, and does not fit
		t.Errorf("with a new secret: %v, want ErrSecret", err)
	}
	for at := range 64 { // one digit of the right one
		other := slices.Clone(own)
		other[at] = "0123456789abcdef"[(strings.IndexByte("0123456789abcdef", own[at])+1)%16]
		if err := os.WriteFile(path, other, 0o600); err != nil {
			t.Fatal(err)
		}
		if q, err := open(settings{dir: p.dir}); !errors.Is(err, registry.ErrSecret) {
			t.Fatalf("with another digit at %d: %v, want ErrSecret", at, errors.Join(err, q.end()))
		}
	}
	if err := os.WriteFile(path, own, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := start(t, settings{dir: p.dir}).decide(t, post("anna"), 0).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("with its own secret again: %v", got)
	}
}

// TestAMalformedItemNeverHarmsItsNeighbours puts one broken item after every third good one into 10,000, text that is no UTF-8 among them, and
// compares each answer with the one that the item gets alone.
func TestAMalformedItemNeverHarmsItsNeighbours(t *testing.T) {
	p := start(t, settings{policy: everywhere})
	for n := range 50 {
		p.object(t, filing(person(n)))
	}
	changes := missingAndUnreadable()
	var names []string
	for name := range changes {
		names = append(names, name)
	}
	slices.Sort(names)
	items := make([]*vetov1.Item, 10_000)
	for n := range items {
		items[n] = post(person(n % 200))
		switch {
		case n%4 == 3:
			items[n] = post("somebody")
			changes[names[(n/4)%len(names)]](items[n])
		case n%400 == 1:
			items[n].AuthorId = notUTF8
		case n%400 == 2:
			items[n].Labels = []string{notUTF8}
		}
	}
	together := &vetov1.BatchDecideResponse{}
	p.raw(t, vetov1.DecisionService_BatchDecide_FullMethodName, &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: itemFields()}, together)
	if got := len(together.GetReasons()); got != len(items) {
		t.Fatalf("%d items were answered by %d reasons", len(items), got)
	}
	violations := map[int32]*vetov1.Violation{}
	for _, v := range together.GetViolations() {
		violations[v.GetIndex()] = v.GetViolation()
	}
	counts := map[vetov1.Reason]int{}
	answers := map[string]*vetov1.DecideResponse{} // equal items are asked for once
	for i, item := range items {
		text, err := proto.MarshalOptions{Deterministic: true}.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		alone := answers[string(text)]
		if alone == nil {
			alone = &vetov1.DecideResponse{}
			p.raw(t, vetov1.DecisionService_Decide_FullMethodName, &vetov1.DecideRequest{Purpose: training, Item: item}, alone)
			answers[string(text)] = alone
		}
		if got, want := together.GetReasons()[i], alone.GetDecision().GetReason(); got != want {
			t.Errorf("item %d is %v among others and %v alone", i, got, want)
		}
		if got, want := violations[int32(i)], alone.GetDecision().GetViolation(); !proto.Equal(got, want) {
			t.Errorf("item %d is at fault for %v among others and for %v alone", i, got, want)
		}
		counts[together.GetReasons()[i]]++
	}
	for _, reason := range []vetov1.Reason{vetov1.Reason_REASON_ELIGIBLE, vetov1.Reason_REASON_OBJECTED, vetov1.Reason_REASON_INVALID, vetov1.Reason_REASON_NO_REGIME, vetov1.Reason_REASON_SIGNAL} {
		if counts[reason] < 20 {
			t.Errorf("only %d items of 10,000 are %v: the corpus does not try it", counts[reason], reason)
		}
	}
}

// TestEveryPlaceOfTheTablesIsOfACountry holds the binary's own table against the shared one, so that "assigned" means the same to both.
func TestEveryPlaceOfTheTablesIsOfACountry(t *testing.T) {
	assigned := assignedCountries(t)
	for _, place := range jurisdiction.Places() {
		country, _, _ := strings.Cut(place, "-")
		if !assigned[country] {
			t.Errorf("%s is ruled, and %s is no country", place, country)
		}
	}
	if _, err := policy.Parse([]byte(everywhere)); err != nil {
		t.Errorf("the test's own policy: %v", err)
	}
}
