package registry_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

// done is what one call came to: the revision of its event, and what that does to the plain list.
type done struct {
	revision uint64
	apply    func(*linkModel)
}

// racer is one who calls.
type racer struct {
	r    *register
	rand *rand.Rand
	done []done
}

func (c *racer) id() string { return linkIDs[c.rand.IntN(3)] }

func (c *racer) purposes() []string {
	return [][]string{nil, {training}, {"evaluation"}}[c.rand.IntN(3)]
}

// step makes one call of any kind. A call that wrote nothing is none.
func (c *racer) step() error {
	ctx := c.r.t.Context()
	id, purposes := c.id(), c.purposes()
	mask := masks(purposes)
	note := func(revision uint64, apply func(*linkModel)) { c.done = append(c.done, done{revision, apply}) }
	switch c.rand.IntN(6) {
	case 0:
		got, err := c.r.FileObjection(ctx, officer, filing(id, func(q *vetov1.FileObjectionRequest) { q.Purposes = purposes }))
		note(got.GetRevision(), func(m *linkModel) {
			m.filings = append(m.filings, &lentFiling{subject: id, country: "FR", left: map[string]uint32{id: mask}, kept: map[string]uint32{}})
			for _, covered := range m.members(id) {
				m.consent[covered] &^= mask
			}
		})
		return err
	case 1:
		got, err := c.r.WithdrawObjection(ctx, officer, withdrawal(id, func(q *vetov1.WithdrawObjectionRequest) { q.Purposes = purposes }))
		if got.GetReceipt() != nil {
			note(got.GetRevision(), func(m *linkModel) {
				for _, f := range m.filings {
					f.left[id] &^= mask
					f.kept[id] &^= mask
				}
			})
		}
		return err
	case 2:
		got, err := c.r.GrantConsent(ctx, officer, grant(id, func(q *vetov1.GrantConsentRequest) { q.Purposes = []string{training} }))
		if got.GetReceipt() != nil && !got.GetUnchanged() {
			note(got.GetRevision(), func(m *linkModel) { m.consent[id] |= modelBits[training] })
		}
		return err
	case 3:
		before := timestamppb.New(time.Unix(int64(1+c.rand.IntN(5)), 0))
		got, err := c.r.RecordErasure(ctx, officer, &vetov1.RecordErasureRequest{
			RequestId: uuid.NewString(), SubjectId: id, Scope: vetov1.ErasureScope_ERASURE_SCOPE_MADE_BEFORE, MadeBefore: before, Channel: vetov1.Channel_CHANNEL_EMAIL,
		})
		note(got.GetRevision(), func(m *linkModel) {
			for _, member := range m.members(id) {
				m.erased[member], m.consent[member] = max(m.erased[member], before.AsTime().UnixNano()), 0
			}
		})
		return err
	case 4:
		other := linkIDs[(slices.Index(linkIDs, id)+1)%3]
		got, err := c.r.LinkSubjects(ctx, officer, &vetov1.LinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: []string{id, other}, Verification: isPerson})
		if got.GetReceipt() != nil {
			note(got.GetRevision(), func(m *linkModel) { m.join([]string{id, other}) })
		}
		return err
	default:
		got, err := c.r.UnlinkSubjects(ctx, officer, &vetov1.UnlinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: []string{id}, Verification: isPerson})
		if got.GetReceipt() != nil {
			note(got.GetRevision(), func(m *linkModel) { m.part([]string{id}) })
		}
		return err
	}
}

// TestFault_I04_EverythingAtOnceOnOnePerson: objections, withdrawals, consents, erasures, links and partings race on ids of one person. What stands is what
// they come to one after another, in the order of their revisions, live and rebuilt from the log.
func TestFault_I04_EverythingAtOnceOnOnePerson(t *testing.T) {
	const rounds, callers, calls = 4, 16, 15
	for round := range rounds {
		seed := uint64(time.Now().UnixNano()) + uint64(round)
		t.Logf("seed %d", seed)
		r := openAt(t, t.TempDir(), registry.Config{}, nil)
		r.apply(twoPurposes)
		racers := make([]*racer, callers)
		var group sync.WaitGroup
		for i := range racers {
			racers[i] = &racer{r: r, rand: rand.New(rand.NewPCG(seed, uint64(i)))}
			group.Go(func() {
				for range calls {
					if err := racers[i].step(); err != nil {
						t.Errorf("a call: %v", err)
						return
					}
				}
			})
		}
		group.Wait()
		var all []done
		for _, c := range racers {
			all = append(all, c.done...)
		}
		slices.SortFunc(all, func(a, b done) int { return cmp.Compare(a.revision, b.revision) })
		m := &linkModel{group: map[string]int{}, consent: map[string]uint32{}, erased: map[string]int64{}}
		for _, id := range linkIDs {
			m.groups++
			m.group[id] = m.groups
		}
		for i, one := range all {
			if i > 0 && one.revision == all[i-1].revision {
				t.Fatalf("revision %d is two calls'", one.revision)
			}
			one.apply(m)
		}
		if len(all) < callers*calls/3 {
			t.Errorf("only %d of %d calls wrote", len(all), callers*calls)
		}
		want := m.dump(r)
		check := func(when string) {
			var got []string
			for _, line := range strings.Split(r.dump(), "\n") {
				if strings.HasPrefix(line, "subject ") {
					got = append(got, line)
				}
			}
			slices.Sort(got)
			if text := strings.Join(got, "\n"); text != want {
				t.Errorf("%s:\n%s\nwant\n%s", when, text, want)
			}
		}
		check("live")
		r = r.reopen()
		check("rebuilt from the log")
		r.stop()
	}
}
