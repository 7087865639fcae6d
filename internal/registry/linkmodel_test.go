package registry_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

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
	outcome          vetov1.ObjectionOutcome
	refused          uint32 // for what it is refused
	refusedFrom      int64  // from when; 0: never
}

// nobody is whom a filing is for whose person is looked for.
const nobody = ""

// under is what objections of a person are told apart by.
type under struct {
	country string
	refused int64
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
func (m *linkModel) protection(members []string) map[under]uint32 {
	all := map[under]uint32{}
	for _, f := range m.filings {
		for _, id := range members {
			stands := f.left[id] | f.kept[id]
			all[under{country: f.country}] |= stands &^ f.refused
			all[under{f.country, f.refusedFrom}] |= stands & f.refused
		}
	}
	return all
}

func (m *linkModel) join(ids []string) {
	before := map[string]map[under]uint32{}
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
		for what, mask := range m.protection(m.members(id)) {
			m.consent[id] &^= mask &^ before[id][what]
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
		for what, mask := range m.protection(m.members(id)) {
			if mask == 0 {
				continue
			}
			line := fmt.Sprintf("%s objection %s %08x", prefix, what.country, mask)
			if what.refused != 0 {
				line += fmt.Sprintf(" refused_from %d", what.refused)
			}
			lines = append(lines, line)
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
		r.apply(twoPurposes + germany)
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
				q.Country, q.Purposes = rapid.SampledFrom([]string{"FR", "US", "DE", "DE"}).Draw(rt, "country"), purposes()
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
			"file by an address": func(rt *rapid.T) {
				q := filing("", byMail("somebody@example.org"))
				q.Country, q.Purposes = rapid.SampledFrom([]string{"FR", "DE"}).Draw(rt, "country"), purposes()
				got := r.file(q)
				m.filings = append(m.filings, &lentFiling{
					country: q.GetCountry(), left: map[string]uint32{nobody: masks(q.GetPurposes())}, kept: map[string]uint32{}, receipt: got.GetReceipt(), id: got.GetObjection().GetObjectionId(),
				})
			},
			"match": func(rt *rapid.T) {
				if len(m.filings) == 0 {
					return
				}
				f, id := rapid.SampledFrom(m.filings).Draw(rt, "filing"), someID()
				mask := f.left[nobody]
				if _, err := r.match(f.id, id); (err == nil) != (mask != 0) {
					rt.Fatalf("match: %v, and %08x was looked for", err, mask)
				}
				if mask == 0 {
					return
				}
				delete(f.left, nobody)
				f.left[id], f.subject = mask, id
				for _, covered := range m.members(id) {
					m.consent[covered] &^= mask
				}
			},
			"decide": func(rt *rapid.T) {
				if len(m.filings) == 0 {
					return
				}
				f := rapid.SampledFrom(m.filings).Draw(rt, "filing")
				outcome := rapid.SampledFrom([]vetov1.ObjectionOutcome{upheld, refused, refused, unfounded}).Draw(rt, "outcome")
				var stands uint32
				for _, of := range []map[string]uint32{f.left, f.kept} {
					for _, mask := range of {
						stands |= mask
					}
				}
				may := stands != 0 && (f.outcome == 0 || f.outcome == refused && outcome == upheld)
				if outcome == refused {
					may = may && f.country == "DE" && stands&modelBits[training] != 0
				}
				got, err := r.DecideObjection(t.Context(), officer, deciding(f.id, grounded(outcome), answeredAt(r.Now())))
				if (err == nil) != may {
					rt.Fatalf("%v of %+v: %v", outcome, f, err)
				}
				if !may {
					return
				}
				switch f.outcome = outcome; outcome {
				case upheld:
					f.refused, f.refusedFrom = 0, 0
				case refused:
					f.refused, f.refusedFrom = modelBits[training], got.GetObjection().GetRefusedFrom().AsTime().UnixNano()
				default:
					f.left, f.kept = map[string]uint32{}, map[string]uint32{}
				}
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
