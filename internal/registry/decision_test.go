package registry_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

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

func TestNothingDeliversARefusalBeforeItIsOnRecord(t *testing.T) {
	r := open(t)
	r.apply(assessing)
	id := r.file(filing("anna", german, func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = timestamppb.New(r.Now().AddDate(0, -1, 0)) })).GetObjection().GetObjectionId()
	r.decides(deciding(id, grounded(refused)))
	o := r.decides(deciding(id, answeredAt(r.Now().AddDate(0, 0, -20))))
	if got := r.decide("anna", "DE"); got != objected {
		t.Errorf("refused at once: %v, from %v", got, o.GetRefusedFrom().AsTime())
	}
}

// Content of one person may be ruled by several regimes that assess: a refusal waits for the longest of their delays.
func TestARefusalWaitsForTheLongestDelay(t *testing.T) {
	r := open(t)
	r.apply(assessing + strings.NewReplacer("germany", "swiss", "[DE]", "[CH]", "604800s", "6048000s").Replace(germany))
	id := r.file(filing("anna", german)).GetObjection().GetObjectionId()
	r.decides(deciding(id, grounded(refused), answeredAt(r.Now())))
	view, err := r.View()
	if err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]vetov1.Reason{8: objected, 71: eligible} {
		for _, country := range []string{"DE", "CH"} {
			if got := decideAt(t, view, "anna", country, r.Now().AddDate(0, 0, days)); got != want {
				t.Errorf("%s after %d days: %v, want %v", country, days, got, want)
			}
		}
	}
}
