package promises_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

const writers = 16

// TestSixteenWritersMakeOneOrder has sixteen clients file, withdraw, suspend, resume and apply at once. The log has each answer at its revision,
// no revision twice and none left out; and whoever folds it comes to the same: the register that was there, one that begins from nothing, one
// on a copy of the files, and one after a restart.
func TestSixteenWritersMakeOneOrder(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	p := start(t, settings{})
	wrote := p.writeAtOnce(t, seed)

	entries := p.entries(t)
	for i, entry := range entries {
		if want := uint64(i + 1); uint64(entry.Revision) != want {
			t.Fatalf("event %d has revision %d", want, entry.Revision)
		}
	}
	if got, want := len(entries), len(wrote)+2; got != want { // the beginning, and the first policy
		t.Errorf("the log has %d events, %d were acknowledged", got, want)
	}
	seen := map[uint64]bool{}
	for _, one := range wrote {
		if seen[one.revision] {
			t.Errorf("revision %d was given out twice", one.revision)
		}
		seen[one.revision] = true
		if int(one.revision) > len(entries) || !bytes.Equal(entries[one.revision-1].Leaf, one.leaf) && one.leaf != nil {
			t.Errorf("the event at revision %d is not the one that its writer was shown", one.revision)
		}
	}

	random := rand.New(rand.NewPCG(seed, 1))
	live := p.state(t)
	decisions := decideAll(t, live, random.Uint64())
	fromNothing := p.replica(t)
	crashed := start(t, settings{dir: copied(t, p.dir)})
	states := map[string]*registry.View{"from nothing": fromNothing.state(t), "on a copy": crashed.state(t)}
	fromNothing.stop(t)
	states["after a restart"] = p.again(t).state(t)
	for how, state := range states {
		if got, want := dump(t, state), dump(t, live); got != want {
			t.Errorf("%s the register is another one:\n%s\nwant\n%s", how, got, want)
		}
		if got := decideAll(t, state, decisions.seed); !slices.Equal(got.all, decisions.all) {
			t.Errorf("%s decisions differ (seed %d)", how, seed)
		}
	}
	if counts := decisions.counts(); counts[vetov1.Reason_REASON_ELIGIBLE] == 0 || counts[vetov1.Reason_REASON_OBJECTED] == 0 || counts[vetov1.Reason_REASON_ITEM_OBJECTED] == 0 {
		t.Errorf("the random items try too little: %v", counts)
	}
}

// written is an acknowledged event.
type written struct {
	revision uint64
	leaf     []byte // nil where the answer has no receipt
}

// writeAtOnce writes from many clients, each in an order of its own, and returns every event that was acknowledged.
func (p *platform) writeAtOnce(t *testing.T, seed uint64) []written {
	t.Helper()
	const each = 10
	var mu sync.Mutex
	var wrote []written
	keep := func(revision uint64, receipt *vetov1.Receipt) {
		mu.Lock()
		defer mu.Unlock()
		wrote = append(wrote, written{revision, receipt.GetLeaf()})
	}
	var work sync.WaitGroup
	for w := range writers {
		c, random := p.another(t), rand.New(rand.NewPCG(seed, uint64(w)+2))
		work.Go(func() {
			for n := range each {
				if err := c.writeSomething(random, w, n, keep); err != nil {
					t.Errorf("writer %d, write %d: %v", w, n, err)
					return
				}
			}
		})
	}
	work.Wait()
	return wrote
}

// writeSomething writes one thing that is chosen at random.
func (c clients) writeSomething(random *rand.Rand, w, n int, keep func(uint64, *vetov1.Receipt)) error {
	ctx := context.Background()
	id := person(random.IntN(40)) // shared by all writers, so that they meet
	country := []string{"FR", "US", "BR", ""}[random.IntN(4)]
	purposes := [][]string{nil, {training}, {evaluation}, {evaluation, training}}[random.IntN(4)]
	switch random.IntN(20) {
	case 0, 1, 2, 3:
		answer, err := c.objections.WithdrawObjection(ctx, withdrawal(id, func(r *vetov1.WithdrawObjectionRequest) { r.Purposes = purposes }))
		if answer.GetEffect() == vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED {
			keep(answer.GetReceipt().GetRevision(), answer.GetReceipt())
		}
		return err
	case 4, 5:
		// Places of its own, so that each is an event: to suspend what is suspended writes none.
		place := fmt.Sprintf("US-%s", []string{"AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS"}[w])
		suspended, err := c.policies.SuspendRegime(ctx, suspending("americas", place))
		if err != nil {
			return err
		}
		if !suspended.GetUnchanged() {
			keep(suspended.GetRevision(), nil)
		}
		resumed, err := c.policies.ResumeRegime(ctx, resuming("americas", place))
		if err == nil {
			keep(resumed.GetRevision(), nil)
		}
		return err
	case 6:
		applied, err := c.policies.ApplyPolicy(ctx, applying(fmt.Sprintf("# by writer %d, write %d\n%s", w, n, rules)))
		if err == nil {
			keep(applied.GetRevision(), nil)
		}
		return err
	case 7, 8:
		named := func(r *vetov1.FileObjectionRequest) {
			r.ItemIds, r.ContentKeys = []string{"post-of-" + person(random.IntN(40))}, []string{fmt.Sprint("sha256:", random.IntN(10))}
		}
		answer, err := c.objections.FileObjection(ctx, filing("", from(country), about(purposes...), named))
		if err == nil {
			keep(answer.GetRevision(), answer.GetReceipt())
		}
		return err
	default:
		request := filing(id, from(country), about(purposes...))
		if random.IntN(2) == 0 {
			verified(request)
		}
		answer, err := c.objections.FileObjection(ctx, request)
		if err == nil && !answer.GetUnchanged() {
			keep(answer.GetReceipt().GetRevision(), answer.GetReceipt())
		}
		return err
	}
}

// state is the register's newest view, level with the log.
func (p *platform) state(t testing.TB) *registry.View {
	t.Helper()
	head, err := p.db.Head(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	view, err := p.register.ViewAt(context.Background(), uint64(head.Revision))
	if err != nil {
		t.Fatal(err)
	}
	return view
}

// dump is everything that stands, in one spelling.
func dump(t testing.TB, view *registry.View) string {
	t.Helper()
	var b bytes.Buffer
	if err := view.Standings().Dump(&b); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "revision %d, policy %d %s\n%s", view.Revision, view.PolicyVersion(), view.Policy.GetEtag(), view.Document)
	for _, s := range view.Suspensions {
		fmt.Fprintf(&b, "suspended %s %v %v since %d\n", s.GetRegime(), s.GetJurisdictions(), s.GetPurposes(), s.GetRevision())
	}
	return b.String()
}

// decided are decisions of random items, which the seed repeats.
type decided struct {
	seed uint64
	all  []vetov1.Reason
}

func (d decided) counts() map[vetov1.Reason]int {
	counts := map[vetov1.Reason]int{}
	for _, reason := range d.all {
		counts[reason]++
	}
	return counts
}

// decideAll decides random items for each purpose.
func decideAll(t testing.TB, view *registry.View, seed uint64) decided {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 3))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	result := decided{seed: seed}
	for range 1000 {
		author := person(random.IntN(60))
		item := &gate.Item{
			ID: "post-of-" + author, AuthorID: author, Kind: vetov1.ItemKind(random.IntN(18)), Visibility: vetov1.Visibility(1 + random.IntN(2)),
			Country: []string{"FR", "US", "US-CA", "BR", "DE", "KE", ""}[random.IntN(7)], AuthorAge: int32(random.IntN(40)), AuthorAgeAtCreation: 18,
		}
		if random.IntN(2) == 0 {
			item.Kind, item.Visibility = vetov1.ItemKind_ITEM_KIND_POST, vetov1.Visibility_VISIBILITY_PUBLIC
		}
		if random.IntN(3) == 0 {
			item.ID, item.ContentKeys = "another", []string{fmt.Sprint("sha256:", random.IntN(20))}
		}
		if random.IntN(3) == 0 {
			item.Subjects = []gate.OtherSubject{{SubjectID: person(random.IntN(60)), Role: vetov1.SubjectRole(1 + random.IntN(5))}}
		}
		for _, purpose := range []string{training, evaluation} {
			ref, ok := view.Gate.Purpose(purpose)
			if !ok {
				t.Fatalf("the policy does not declare %s", purpose)
			}
			var d gate.Decision
			view.Gate.Decide(item, ref, at, gate.Options{AcceptRedactions: random.IntN(2) == 0}, &d)
			result.all = append(result.all, d.Reason)
		}
	}
	return result
}

// TestOfTwoThatMeetTheLaterRevisionCounts lets a person's objection and withdrawal race, again and again. Whatever happened, it is what the
// revisions say: a naive fold of the answers, sorted, knows the end.
func TestOfTwoThatMeetTheLaterRevisionCounts(t *testing.T) {
	p := start(t, settings{})
	type step struct {
		revision uint64
		objects  bool
	}
	ends := map[bool]int{}
	for n := range 20 {
		id := person(n)
		var mu sync.Mutex
		var steps []step
		var work sync.WaitGroup
		for w := range 6 {
			c := p.another(t)
			work.Go(func() {
				s := step{objects: w%2 == 0}
				if s.objects {
					answer, err := c.objections.FileObjection(context.Background(), filing(id))
					if err != nil {
						t.Errorf("file: %v", err)
						return
					}
					s.revision = answer.GetReceipt().GetRevision()
				} else {
					answer, err := c.objections.WithdrawObjection(context.Background(), withdrawal(id))
					if err != nil {
						t.Errorf("withdraw: %v", err)
						return
					}
					if answer.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED {
						return // nothing stood when its turn came
					}
					s.revision = answer.GetReceipt().GetRevision()
				}
				mu.Lock()
				steps = append(steps, s)
				mu.Unlock()
			})
		}
		work.Wait()
		slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.revision, b.revision) })
		stands := false
		var told strings.Builder
		for _, s := range steps {
			stands = s.objects
			fmt.Fprintf(&told, " %d:%v", s.revision, s.objects)
		}
		ends[stands]++
		if got := p.decide(t, post(id), 0).GetReason() == vetov1.Reason_REASON_OBJECTED; got != stands {
			t.Errorf("%s objected and withdrew at%s: the objection stands: %v, want %v", id, told.String(), got, stands)
		}
	}
	t.Logf("it ended standing %d times, lifted %d times", ends[true], ends[false])
}
