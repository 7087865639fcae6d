package registry_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

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

// linkModel is what stands for people as one would write it down: filings with what is left of each for every id, who is linked with whom, consents and
// erasures.
type linkModel struct {
	filings []*lentFiling
	group   map[string]int // ids of one number are linked
	consent map[string]uint32
	erased  map[string]int64
	groups  int
}

type lentFiling struct {
	subject, country string
	left, kept       map[string]uint32
	verified         bool
	receipt          *vetov1.Receipt
	id               string
}

// bits counts what is left of it for anybody.
func (f *lentFiling) bits() (n int) {
	for _, of := range []map[string]uint32{f.left, f.kept} {
		for _, mask := range of {
			n += bits.OnesCount32(mask)
		}
	}
	return n
}

func (m *linkModel) members(id string) []string {
	var all []string
	for _, other := range linkIDs {
		if m.group[other] == m.group[id] {
			all = append(all, other)
		}
	}
	return all
}

// protection is what filings say for a person, by country.
func (m *linkModel) protection(members []string) map[string]uint32 {
	all := map[string]uint32{}
	for _, f := range m.filings {
		for _, id := range members {
			all[f.country] |= f.left[id] | f.kept[id]
		}
	}
	return all
}

func (m *linkModel) join(ids []string) {
	before := map[string]map[string]uint32{}
	for _, id := range linkIDs {
		before[id] = m.protection(m.members(id))
	}
	m.groups++
	joined := map[int]bool{}
	for _, id := range ids {
		joined[m.group[id]] = true
	}
	var erased int64
	for _, id := range linkIDs {
		if joined[m.group[id]] {
			erased = max(erased, m.erased[id])
		}
	}
	for _, id := range linkIDs {
		if joined[m.group[id]] {
			m.group[id] = m.groups
		}
	}
	for _, id := range m.members(ids[0]) {
		for country, mask := range m.protection(m.members(id)) {
			m.consent[id] &^= mask &^ before[id][country]
		}
		if m.erased[id] < erased {
			m.erased[id], m.consent[id] = erased, 0
		}
	}
}

func (m *linkModel) part(ids []string) {
	group := m.members(ids[0])
	var left []string
	for _, id := range group {
		if !slices.Contains(ids, id) {
			left = append(left, id)
		}
	}
	for _, f := range m.filings {
		add := map[string]uint32{}
		for _, id := range group {
			own := []string{id}
			if len(left) > 1 && slices.Contains(left, id) {
				own = left
			}
			for _, other := range group {
				if !slices.Contains(own, other) {
					add[id] |= (f.left[other] | f.kept[other]) &^ (f.left[id] | f.kept[id])
				}
			}
		}
		for id, mask := range add {
			f.kept[id] |= mask
		}
	}
	for _, id := range ids {
		m.groups++
		m.group[id] = m.groups
	}
}

func (m *linkModel) dump(r *register) string {
	var lines []string
	for _, id := range linkIDs {
		key := r.keys.Subject(id)
		prefix := "subject " + hex.EncodeToString(key[:])
		for country, mask := range m.protection(m.members(id)) {
			if mask != 0 {
				lines = append(lines, fmt.Sprintf("%s objection %s %08x", prefix, country, mask))
			}
		}
		if m.consent[id] != 0 {
			lines = append(lines, fmt.Sprintf("%s consent %08x", prefix, m.consent[id]))
		}
		if m.erased[id] != 0 {
			lines = append(lines, fmt.Sprintf("%s erased_before %d", prefix, m.erased[id]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

var linkIDs = []string{"a", "b", "c", "d", "e"}

func masks(purposes []string) uint32 {
	if len(purposes) == 0 {
		return 0xffffffff
	}
	var mask uint32
	for _, p := range purposes {
		mask |= modelBits[p]
	}
	return mask
}

// TestLinksEqualTheNaiveModel: whatever is filed, linked, parted, withdrawn, consented to and erased, in whatever order, what stands for each id is what the
// plain list says, live and rebuilt from nothing.
func TestLinksEqualTheNaiveModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := openAt(t, t.TempDir(), registry.Config{}, nil)
		defer func() { r.stop() }()
		r.apply(twoPurposes)
		m := &linkModel{group: map[string]int{}, consent: map[string]uint32{}, erased: map[string]int64{}}
		for _, id := range linkIDs {
			m.groups++
			m.group[id] = m.groups
		}
		someID := func() string { return rapid.SampledFrom(linkIDs).Draw(rt, "id") }
		ids := func(least, most int) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(linkIDs), least, most, rapid.ID[string]).Draw(rt, "ids")
		}
		purposes := func() []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(modelPurposes), 0, 2, rapid.ID[string]).Draw(rt, "purposes")
		}
		lift := func(q *vetov1.WithdrawObjectionRequest, filings []*lentFiling, take func(f *lentFiling)) {
			stood := false
			for _, f := range filings {
				before := f.bits()
				take(f)
				stood = stood || f.bits() != before
			}
			if got := r.withdraw(q).GetEffect(); (got == vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED) != stood {
				rt.Fatalf("effect: %v, and something stood: %t", got, stood)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"file": func(rt *rapid.T) {
				q := filing(someID())
				q.Country, q.Purposes = rapid.SampledFrom([]string{"FR", "US"}).Draw(rt, "country"), purposes()
				q.Verification = vetov1.Verification(rapid.IntRange(1, 2).Draw(rt, "verification"))
				q.LinkedSubjectIds = slices.DeleteFunc(ids(0, 2), func(id string) bool { return id == q.GetSubjectId() })
				verified := q.GetVerification() == isPerson
				got := r.file(q)
				if got.GetUnchanged() {
					if !verified {
						rt.Fatal("an unverified filing is unchanged")
					}
					return
				}
				mask := masks(q.GetPurposes())
				f := &lentFiling{subject: q.GetSubjectId(), country: q.GetCountry(), left: map[string]uint32{q.GetSubjectId(): mask}, kept: map[string]uint32{}, verified: verified, receipt: got.GetReceipt(), id: got.GetObjection().GetObjectionId()}
				for _, id := range q.GetLinkedSubjectIds() {
					f.left[id] = mask
				}
				m.filings = append(m.filings, f)
				for id := range f.left {
					for _, covered := range m.members(id) {
						m.consent[covered] &^= mask
					}
				}
				if verified && len(q.GetLinkedSubjectIds()) > 0 {
					m.join(append([]string{q.GetSubjectId()}, q.GetLinkedSubjectIds()...))
				}
			},
			"link":   func(*rapid.T) { some := ids(2, 3); r.link(some...); m.join(some) },
			"unlink": func(*rapid.T) { one := someID(); r.unlink(one); m.part([]string{one}) },
			"withdraw": func(*rapid.T) {
				q := withdrawal(someID())
				q.Purposes = purposes()
				mask := masks(q.GetPurposes())
				lift(q, m.filings, func(f *lentFiling) {
					f.left[q.GetSubjectId()] &^= mask
					f.kept[q.GetSubjectId()] &^= mask
				})
			},
			"withdraw by receipt": func(rt *rapid.T) {
				if len(m.filings) == 0 {
					return
				}
				one := rapid.SampledFrom(m.filings).Draw(rt, "filing")
				q := withdrawal("", unverified, func(q *vetov1.WithdrawObjectionRequest) { q.ProofReceipt = one.receipt })
				q.Purposes = purposes()
				lift(q, []*lentFiling{one}, func(f *lentFiling) {
					for id := range f.left {
						f.left[id] &^= masks(q.GetPurposes())
					}
				})
			},
			"consent": func(*rapid.T) {
				q := grant(someID())
				q.Purposes = []string{training}
				r.grant(q)
				m.consent[q.GetSubjectId()] |= modelBits[training]
			},
			"erase": func(rt *rapid.T) {
				before := timestamppb.New(time.Unix(int64(rapid.IntRange(1, 5).Draw(rt, "before")), 0))
				id := someID()
				r.erase(&vetov1.RecordErasureRequest{SubjectId: id, Scope: vetov1.ErasureScope_ERASURE_SCOPE_MADE_BEFORE, MadeBefore: before})
				for _, member := range m.members(id) {
					m.erased[member], m.consent[member] = max(m.erased[member], before.AsTime().UnixNano()), 0
				}
			},
			"": func(rt *rapid.T) {
				view, err := r.View()
				if err != nil {
					rt.Fatalf("view: %v", err)
				}
				var b bytes.Buffer
				if err := view.Standings().Dump(&b); err != nil {
					rt.Fatal(err)
				}
				got := strings.Split(strings.TrimSpace(b.String()), "\n")
				slices.Sort(got)
				if want := m.dump(r); strings.Join(got, "\n") != want {
					rt.Fatalf("what stands:\n%s\nwant\n%s", strings.Join(got, "\n"), want)
				}
			},
		})
		followed := r.dump()
		r = r.reopen()
		if rebuilt := r.dump(); rebuilt != followed {
			rt.Fatalf("rebuilt from nothing:\n%s\nfollowed live:\n%s", rebuilt, followed)
		}
	})
}

// wall is a clock that a test moves.
type wall struct{ at atomic.Int64 }

func begunAt(at time.Time) *wall {
	w := &wall{}
	w.at.Store(at.UnixNano())
	return w
}

func (w *wall) read() time.Time      { return time.Unix(0, w.at.Load()) }
func (w *wall) pass(d time.Duration) { w.at.Add(int64(d)) }
