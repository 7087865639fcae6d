package registry_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

const isPerson = vetov1.Verification_VERIFICATION_VERIFIED

func (r *register) link(ids ...string) *vetov1.LinkSubjectsResponse {
	r.t.Helper()
	response, err := r.LinkSubjects(r.t.Context(), officer, &vetov1.LinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: ids, Verification: isPerson})
	if err != nil {
		r.t.Fatalf("link: %v", err)
	}
	return response
}

func (r *register) unlink(ids ...string) *vetov1.UnlinkSubjectsResponse {
	r.t.Helper()
	response, err := r.UnlinkSubjects(r.t.Context(), officer, &vetov1.UnlinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: ids, Verification: isPerson})
	if err != nil {
		r.t.Fatalf("unlink: %v", err)
	}
	return response
}

func (r *register) erase(request *vetov1.RecordErasureRequest) *vetov1.RecordErasureResponse {
	r.t.Helper()
	request.RequestId, request.Channel = uuid.NewString(), vetov1.Channel_CHANNEL_EMAIL
	response, err := r.RecordErasure(r.t.Context(), officer, request)
	if err != nil {
		r.t.Fatalf("erase: %v", err)
	}
	return response
}

func (r *register) report(kind vetov1.ItemChangeKind, retention time.Duration, items ...string) {
	r.t.Helper()
	request := &vetov1.ReportItemChangesRequest{RequestId: uuid.NewString()}
	if retention > 0 {
		request.Retention = durationpb.New(retention)
	}
	for _, item := range items {
		request.Changes = append(request.Changes, &vetov1.ItemChange{ItemId: item, Kind: kind})
	}
	if _, err := r.ReportItemChanges(r.t.Context(), officer, request); err != nil {
		r.t.Fatalf("report: %v", err)
	}
}

// TestAChainOfLinksAndACircle: whoever is linked with somebody, through whomever, has their protection, once.
func TestAChainOfLinksAndACircle(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	r.file(filing("d"))
	for _, pair := range [][]string{{"a", "b"}, {"b", "c"}, {"c", "d"}} {
		if got := r.link(pair...); got.GetUnchanged() || got.GetReceipt() == nil {
			t.Fatalf("link %v: %v", pair, got)
		}
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		if got := r.decide(id, "FR"); got != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("%s: %v", id, got)
		}
	}
	if got := r.link("d", "a"); !got.GetUnchanged() || got.GetReceipt() != nil {
		t.Errorf("closing the circle: %v, want unchanged", got)
	}
	told := r.standing("a", "").GetObjections()
	if len(told) != 1 || !told[0].GetByLink() {
		t.Errorf("what stands for a: %v", told)
	}
	// What the link lends is withdrawn where it was filed, and nowhere else.
	if got := r.withdraw(withdrawal("a")).GetEffect(); got != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NOTHING_STOOD {
		t.Errorf("withdrawn by a: %v", got)
	}
	r.withdraw(withdrawal("d"))
	for _, id := range []string{"a", "b", "c", "d"} {
		if got := r.decide(id, "FR"); got != vetov1.Reason_REASON_ELIGIBLE {
			t.Errorf("%s after the withdrawal: %v", id, got)
		}
	}
}

// TestPartedIDsKeepWhatTheyHad, and each lifts it for itself.
func TestPartedIDsKeepWhatTheyHad(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	filed := r.file(filing("a"))
	r.link("a", "b", "c")
	before := r.dump()
	if got := r.unlink("b"); got.GetUnchanged() || got.GetReceipt() == nil {
		t.Fatalf("unlink: %v", got)
	}
	if after := r.dump(); after != before {
		t.Errorf("parting changed what stands:\n%s\nbefore\n%s", after, before)
	}
	if got := r.unlink("b"); !got.GetUnchanged() {
		t.Errorf("parting again: %v", got)
	}
	r.withdraw(withdrawal("", unverified, func(q *vetov1.WithdrawObjectionRequest) { q.ProofReceipt = filed.GetReceipt() }))
	for id, want := range map[string]vetov1.Reason{"a": vetov1.Reason_REASON_ELIGIBLE, "b": vetov1.Reason_REASON_OBJECTED, "c": vetov1.Reason_REASON_ELIGIBLE} {
		if got := r.decide(id, "FR"); got != want {
			t.Errorf("%s after the withdrawal: %v, want %v", id, got, want)
		}
	}
	if told := r.standing("b", "").GetObjections(); len(told) != 1 || told[0].GetByLink() || told[0].GetState() != vetov1.ObjectionState_OBJECTION_STATE_ACTIVE {
		t.Errorf("what stands for b: %v", told)
	}
	r.withdraw(withdrawal("b"))
	if got := r.decide("b", "FR"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("b after its own withdrawal: %v", got)
	}
}

// TestAnUnverifiedLinkCoversItsObjectionAlone: it tells nothing, spreads nothing, and is undone with its filing.
func TestAnUnverifiedLinkCoversItsObjectionAlone(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	r.file(filing("hers", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{"evaluation"} }))
	before := r.dump()
	for _, v := range []vetov1.Verification{0, vetov1.Verification_VERIFICATION_UNVERIFIED} {
		got, err := r.LinkSubjects(t.Context(), officer, &vetov1.LinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: []string{"his", "hers"}, Verification: v})
		if err != nil || !got.GetNoEffectUnverified() || got.GetReceipt() != nil {
			t.Errorf("a stranger links: %v, %v", got, err)
		}
		parted, err := r.UnlinkSubjects(t.Context(), officer, &vetov1.UnlinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: []string{"hers"}, Verification: v})
		if err != nil || !parted.GetNoEffectUnverified() {
			t.Errorf("a stranger parts: %v, %v", parted, err)
		}
	}
	if after := r.dump(); after != before {
		t.Errorf("a stranger's links changed what stands:\n%s", after)
	}
	filed := r.file(filing("his", func(q *vetov1.FileObjectionRequest) {
		q.LinkedSubjectIds, q.Purposes = []string{"hers"}, []string{training}
	}))
	if his, hers := r.decide("his", "FR"), r.decide("hers", "FR"); his != vetov1.Reason_REASON_OBJECTED || hers != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("his %v, hers %v: the objection covers both", his, hers)
	}
	if told := r.standing("his", "").GetObjections(); len(told) != 1 {
		t.Errorf("he is told of %d objections", len(told))
	}
	// She lifts it for herself, and he keeps his.
	r.withdraw(withdrawal("hers", func(q *vetov1.WithdrawObjectionRequest) { q.ObjectionId = filed.GetObjection().GetObjectionId() }))
	if his, hers := r.decide("his", "FR"), r.decide("hers", "FR"); his != vetov1.Reason_REASON_OBJECTED || hers != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("his %v, hers %v after hers is lifted", his, hers)
	}
}

func TestAVerifiedFilingLinksTheIDsThatItNames(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	r.file(filing("old", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{training} }))
	request := filing("new", isVerified, func(q *vetov1.FileObjectionRequest) {
		q.LinkedSubjectIds, q.Purposes = []string{"old"}, []string{"evaluation"}
	})
	if got := r.file(request); got.GetUnchanged() {
		t.Fatal("unchanged")
	}
	if got := r.decide("new", "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("the new id: %v, want what the old one said", got)
	}
	if got := r.link("new", "old"); !got.GetUnchanged() {
		t.Error("they were not linked")
	}
	request.RequestId = uuid.NewString()
	if got := r.file(request); !got.GetUnchanged() {
		t.Error("the same again is not unchanged")
	}
}

func TestAtMost64IDsAreLinked(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	var ids []string
	for i := range 64 {
		ids = append(ids, fmt.Sprintf("id-%d", i))
	}
	r.file(filing(ids[63]))
	r.link(ids...)
	if got := r.decide(ids[0], "FR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("the first of 64: %v", got)
	}
	before := r.dump()
	_, err := r.LinkSubjects(t.Context(), officer, &vetov1.LinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: []string{"one-more", ids[0]}, Verification: isPerson})
	if !errors.Is(err, registry.ErrTooManyLinked) {
		t.Errorf("a 65th: %v", err)
	}
	_, err = r.FileObjection(t.Context(), officer, filing("one-more", isVerified, func(q *vetov1.FileObjectionRequest) { q.LinkedSubjectIds = ids[:1] }))
	if !errors.Is(err, registry.ErrTooManyLinked) {
		t.Errorf("a 65th with an objection: %v", err)
	}
	if after := r.dump(); after != before {
		t.Error("a refused link changed what stands")
	}
	r.link("x", "y")
	_, err = r.UnlinkSubjects(t.Context(), officer, &vetov1.UnlinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: []string{"x", ids[0]}, Verification: isPerson})
	if !isType[*registry.InvalidError](err) {
		t.Errorf("parting ids of two people: %v", err)
	}
}

// TestAnErasureOutlivesConsents: what was made before is out for ever; what is made after can be consented to, and objected to.
func TestAnErasureOutlivesConsents(t *testing.T) {
	r := consenting(t)
	old := func(i *gate.Item) { i.CreatedAt = time.Now().Add(-time.Hour) }
	r.link("erika", "erika-2")
	r.grant(grant("erika"))
	got := r.erase(&vetov1.RecordErasureRequest{SubjectId: "erika", Scope: vetov1.ErasureScope_ERASURE_SCOPE_EVERYTHING})
	if got.GetReceipt().GetWords() == "" {
		t.Error("the receipt says nothing")
	}
	for _, id := range []string{"erika", "erika-2"} {
		if got := r.decide(id, "BR", old); got != vetov1.Reason_REASON_ERASED {
			t.Errorf("%s, made before: %v", id, got)
		}
	}
	if consents := r.standing("erika", "").GetConsents(); len(consents) != 1 || consents[0].GetWithdrawnAt() == nil {
		t.Errorf("the consent survived: %v", consents)
	}
	r.grant(grant("erika"))
	r.file(filing("erika"))
	if got := r.decide("erika", "BR", old); got != vetov1.Reason_REASON_ERASED {
		t.Errorf("made before, after a consent and an objection: %v", got)
	}
	r.link("erika", "erika-3") // later, and protected all the same
	if got := r.decide("erika-3", "BR", old); got != vetov1.Reason_REASON_ERASED {
		t.Errorf("linked later: %v", got)
	}
	r.erase(&vetov1.RecordErasureRequest{Scope: vetov1.ErasureScope_ERASURE_SCOPE_ITEMS, ItemIds: []string{"photo-1"}})
	if got := r.decide("somebody", "BR", func(i *gate.Item) { i.ID = "photo-1" }); got != vetov1.Reason_REASON_ERASED {
		t.Errorf("an erased item: %v", got)
	}
	future := timestamppb.New(time.Now().Add(time.Hour))
	for name, request := range map[string]*vetov1.RecordErasureRequest{
		"no person":                     {Scope: vetov1.ErasureScope_ERASURE_SCOPE_EVERYTHING},
		"no items":                      {SubjectId: "a", Scope: vetov1.ErasureScope_ERASURE_SCOPE_ITEMS},
		"items with everything":         {SubjectId: "a", Scope: vetov1.ErasureScope_ERASURE_SCOPE_EVERYTHING, ItemIds: []string{"i"}},
		"no time":                       {SubjectId: "a", Scope: vetov1.ErasureScope_ERASURE_SCOPE_MADE_BEFORE},
		"a time to come":                {SubjectId: "a", Scope: vetov1.ErasureScope_ERASURE_SCOPE_MADE_BEFORE, MadeBefore: future},
		"a time with everything":        {SubjectId: "a", Scope: vetov1.ErasureScope_ERASURE_SCOPE_EVERYTHING, MadeBefore: at("2020-01-01T00:00:00Z")},
		"an item called all":            {Scope: vetov1.ErasureScope_ERASURE_SCOPE_ITEMS, ItemIds: []string{"all"}},
		"an id with a control in it":    {SubjectId: "a\x00", Scope: vetov1.ErasureScope_ERASURE_SCOPE_EVERYTHING},
		"an item's id with outer space": {Scope: vetov1.ErasureScope_ERASURE_SCOPE_ITEMS, ItemIds: []string{" x"}},
	} {
		request.RequestId, request.Channel = uuid.NewString(), vetov1.Channel_CHANNEL_EMAIL
		if _, err := r.RecordErasure(t.Context(), officer, request); !isType[*registry.InvalidError](err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReportsOfItemsCountUntilTheyLapse, or until the item is back.
func TestReportsOfItemsCountUntilTheyLapse(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	r.report(vetov1.ItemChangeKind_ITEM_CHANGE_KIND_DELETED, 0, "gone", "back")
	r.report(vetov1.ItemChangeKind_ITEM_CHANGE_KIND_RESTRICTED, time.Hour, "brief")
	r.report(vetov1.ItemChangeKind_ITEM_CHANGE_KIND_EDITED, 0, "edited")
	r.report(vetov1.ItemChangeKind_ITEM_CHANGE_KIND_RESTORED, 0, "back")
	view, err := r.View()
	if err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	for _, c := range []struct {
		item  string
		after time.Duration
		want  vetov1.Reason
	}{
		{"gone", 0, vetov1.Reason_REASON_ITEM_CHANGED},
		{"gone", 89 * day, vetov1.Reason_REASON_ITEM_CHANGED},
		{"gone", 91 * day, vetov1.Reason_REASON_ELIGIBLE},
		{"back", 0, vetov1.Reason_REASON_ELIGIBLE},
		{"edited", 0, vetov1.Reason_REASON_ELIGIBLE},
		{"brief", 59 * time.Minute, vetov1.Reason_REASON_ITEM_CHANGED},
		{"brief", 61 * time.Minute, vetov1.Reason_REASON_ELIGIBLE},
	} {
		if got := decideAt(t, view, "somebody", "FR", time.Now().Add(c.after), func(i *gate.Item) { i.ID = c.item }); got != c.want {
			t.Errorf("%s after %v: %v, want %v", c.item, c.after, got, c.want)
		}
	}
}

// TestLapsedReportsAreLetGo: what no decision looks at any more takes no memory, and one that was renewed stays.
func TestLapsedReportsAreLetGo(t *testing.T) {
	now := begunAt(time.Now())
	r := openAt(t, t.TempDir(), registry.Config{Wall: now.read}, nil)
	r.apply(twoPurposes)
	r.report(vetov1.ItemChangeKind_ITEM_CHANGE_KIND_DELETED, time.Second, "a", "b")
	r.report(vetov1.ItemChangeKind_ITEM_CHANGE_KIND_DELETED, time.Hour, "b")
	now.pass(time.Minute)
	r.report(vetov1.ItemChangeKind_ITEM_CHANGE_KIND_DELETED, time.Hour, "c")
	got := r.dump()
	for item, want := range map[string]bool{"a": false, "b": true, "c": true} {
		key := r.keys.Item(item)
		if strings.Contains(got, hex.EncodeToString(key[:])) != want {
			t.Errorf("%s is held: %t, want %t", item, !want, want)
		}
	}
}
