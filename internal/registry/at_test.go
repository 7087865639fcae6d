package registry_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/storetest"
)

// pastItems are what decisions are asked for: of each author, with others, an item and a content key that people object to.
func pastItems() []*gate.Item {
	var items []*gate.Item
	for _, author := range modelSubjects {
		for _, other := range modelSubjects {
			item := &gate.Item{
				ID: "photo-1", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, AuthorID: author, Country: "FR",
				AuthorAge: 18, AuthorAgeAtCreation: 18, ContentKeys: []string{"sha256:1"},
			}
			if other != author {
				item.ID, item.ContentKeys = "of "+author+" with "+other, nil
				item.Subjects = []gate.OtherSubject{{SubjectID: other, Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED}}
			}
			items = append(items, item)
		}
	}
	return items
}

// explained is what a view says of the items, in words and all.
func explained(view *registry.View, items []*gate.Item, now time.Time) []gate.Explanation {
	ref, _ := view.Gate.Purpose(training)
	var all []gate.Explanation
	for _, item := range items {
		all = append(all, view.Gate.Explain(item, ref, now, gate.Options{}))
	}
	return all
}

// TestLookingBackIsWhatWasDecidedThen: whatever is filed, withdrawn, applied and suspended, an item that is decided at a past revision is decided as it was
// when that was the head.
func TestLookingBackIsWhatWasDecidedThen(t *testing.T) {
	items, now := pastItems(), time.Now()
	rapid.Check(t, func(rt *rapid.T) {
		r := openAt(t, t.TempDir(), registry.Config{}, nil)
		defer func() { r.stop() }()
		then := map[uint64][]gate.Explanation{}
		remember := func() {
			view, err := r.View()
			if err != nil {
				rt.Fatal(err)
			}
			then[view.Revision] = explained(view, items, now)
		}
		remember()
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			subject := rapid.SampledFrom(modelSubjects).Draw(rt, "subject")
			switch step := rapid.SampledFrom([]string{"file", "file", "of an item", "withdraw", "apply", "suspend", "resume"}).Draw(rt, "step"); step {
			case "file":
				r.file(filing(subject))
			case "of an item":
				r.file(filing("", func(q *vetov1.FileObjectionRequest) {
					q.ItemIds, q.ContentKeys = []string{"photo-1"}, []string{"sha256:1"}
				}))
			case "withdraw":
				r.withdraw(withdrawal(subject))
			case "apply":
				r.apply(twoPurposes)
			default:
				r.toggle(step == "suspend")
			}
			remember()
		}
		for range 2 {
			revision := rapid.SampledFrom(slices.Sorted(maps.Keys(then))).Draw(rt, "revision")
			want := then[revision]
			for i, item := range items {
				view, err := r.At(t.Context(), revision, item)
				if err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(want[i:i+1], explained(view, items[i:i+1], now)); diff != "" {
					rt.Fatalf("item %q at revision %d (-then +now):\n%s", item.ID, revision, diff)
				}
			}
			view, err := r.Past(t.Context(), revision)
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(want, explained(view, items, now)); diff != "" || view.Revision != revision {
				rt.Fatalf("the whole at revision %d, which calls itself %d (-then +now):\n%s", revision, view.Revision, diff)
			}
		}
	})
}

// toggle suspends Europe, or resumes it; what cannot be done is left.
func (r *register) toggle(suspend bool) {
	r.t.Helper()
	var err error
	if suspend {
		_, err = r.SuspendRegime(r.t.Context(), officer, &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Reason: "an order"})
	} else {
		_, err = r.ResumeRegime(r.t.Context(), officer, &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Reason: "it was lifted"})
	}
	_, unknown := errors.AsType[*registry.UnknownRegimeError](err)
	if err != nil && !unknown && !errors.Is(err, registry.ErrNotSuspended) && !errors.Is(err, registry.ErrNoPolicy) {
		r.t.Fatalf("suspend %t: %v", suspend, err)
	}
}

func TestLookingBackStopsAtTheHead(t *testing.T) {
	r := open(t)
	head := uint64(r.headRevision())
	item := pastItems()[0]
	for name, look := range map[string]func(uint64) error{
		"at":   func(n uint64) error { _, err := r.At(t.Context(), n, item); return err },
		"past": func(n uint64) error { _, err := r.Past(t.Context(), n); return err },
	} {
		if err := look(head); err != nil {
			t.Errorf("%s the head: %v", name, err)
		}
		above, ok := errors.AsType[*registry.AboveHeadError](look(head + 1))
		if !ok || above.Field != "at_revision" || above.Head != head || above.Error() != fmt.Sprintf("at_revision is above the log's head, %d", head) {
			t.Errorf("%s above the head: %v", name, above)
		}
	}
}

// TestLookingBackTakesAnItemOfAnyLength: one with more people than an item may have is INVALID, and costs no more look-ups than one that has as many.
func TestLookingBackTakesAnItemOfAnyLength(t *testing.T) {
	r := open(t)
	item := pastItems()[0]
	for i := range store.MaxKeys + 1 {
		item.Subjects = append(item.Subjects, gate.OtherSubject{SubjectID: strconv.Itoa(i), Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED})
		item.ContentKeys = append(item.ContentKeys, strconv.Itoa(i))
	}
	view, err := r.At(t.Context(), uint64(r.headRevision()), item)
	if err != nil {
		t.Fatal(err)
	}
	if got := explained(view, []*gate.Item{item}, time.Now())[0].Decision.Reason; got != vetov1.Reason_REASON_INVALID {
		t.Errorf("%v", got)
	}
}

// TestLookingBackMissesNothing: of a log that does not show an event, or not the last ones, no past is made.
func TestLookingBackMissesNothing(t *testing.T) {
	var log *storetest.Misordering
	r := openAt(t, t.TempDir(), registry.Config{GapPatience: time.Hour, MaxStaleness: time.Minute}, func(l store.Log) store.Log {
		log = storetest.Misorder(l)
		return log
	})
	r.apply(testPolicy)
	r.file(filing("anna"))
	head := r.file(filing("bert")).GetRevision()
	for _, hidden := range []event.Revision{3, event.Revision(head)} {
		log.Hide(hidden)
		if _, err := r.Past(t.Context(), head); !errors.Is(err, registry.ErrDamaged) {
			t.Errorf("without revision %d: %v, want ErrDamaged", hidden, err)
		}
		log.Show()
	}
	if _, err := r.Past(t.Context(), head); err != nil {
		t.Errorf("all of it: %v", err)
	}
}
