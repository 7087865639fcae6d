package filing_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/store"
)

// granted is a consent of anna's.
func granted(purposes event.Purposes, lifts ...event.Lift) event.Event {
	return event.Event{
		Leaf: event.Leaf{Type: event.TypeConsentGranted, Effect: event.EffectGranted},
		Side: event.Side{
			RecordedAt: recordedAt, Subject: anna, Purposes: purposes, Verification: filing.VerifiedWord, NoticeVersion: "2025-04", Lifts: lifts,
			Changes: []event.Change{{Act: event.ActConsent, Table: event.TableSubject, Key: anna, Purposes: purposes}},
		},
	}
}

// revoked is the withdrawal of somebody's consents.
func revoked(who event.Key, purposes event.Purposes) event.Event {
	return event.Event{
		Leaf: event.Leaf{Type: event.TypeConsentWithdrawn, Effect: event.EffectRevoked},
		Side: event.Side{RecordedAt: recordedAt, Subject: who, Purposes: purposes, Changes: []event.Change{{Act: event.ActRevoke, Table: event.TableSubject, Key: who, Purposes: purposes}}},
	}
}

// objecting is an objection of anna's that revokes as a filing does.
func objecting(purposes event.Purposes) event.Event {
	e := filed(event.Side{Subject: anna, Purposes: purposes})
	e.Side.Changes = append(filing.Changes(e.Side, []event.Key{anna}), event.Change{Act: event.ActRevoke, Table: event.TableSubject, Key: anna, Purposes: e.Side.Purposes})
	return e
}

func TestConsentsStandUntilTheyAreRevoked(t *testing.T) {
	both := event.PurposesOf("evaluation", "generative-ai-training")
	for _, c := range []struct {
		name   string
		events []event.Event
		want   []string // what stands of each consent
		all    string
		last   event.Revision
	}{
		{"none", nil, nil, "", 0},
		{"one", []event.Event{granted(one)}, []string{"generative-ai-training"}, "generative-ai-training", 1},
		{"withdrawn", []event.Event{granted(one), revoked(anna, all)}, []string{""}, "", 0},
		{"withdrawn in part", []event.Event{granted(both), revoked(anna, one)}, []string{"evaluation"}, "evaluation", 1},
		{"somebody else's withdrawal", []event.Event{granted(one), revoked(bert, all)}, []string{"generative-ai-training"}, "generative-ai-training", 1},
		{"an objection revokes", []event.Event{granted(both), objecting(one)}, []string{"evaluation"}, "evaluation", 1},
		{"a later consent stands again", []event.Event{granted(one), revoked(anna, all), granted(one)}, []string{"", "generative-ai-training"}, "generative-ai-training", 3},
		{"a withdrawal before it", []event.Event{revoked(anna, all), granted(one)}, []string{"generative-ai-training"}, "generative-ai-training", 2},
	} {
		var entries []store.Entry
		for i, e := range c.events {
			entries = append(entries, entry(t, event.Revision(i+1), e))
		}
		consents, err := filing.Consents(entries, anna)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var stands []string
		for _, one := range consents {
			stands = append(stands, one.Standing.String())
		}
		if !slices.Equal(stands, c.want) || filing.Consented(consents).String() != c.all || filing.LastStanding(consents) != c.last {
			t.Errorf("%s: %q, all %q, last %d; want %q, %q, %d", c.name, stands, filing.Consented(consents), filing.LastStanding(consents), c.want, c.all, c.last)
		}
	}
}

func TestToldConsentsNameWhatTheyLiftedAndWhenTheyEnded(t *testing.T) {
	told, err := filing.ToldConsents([]store.Entry{
		entry(t, 1, filed(event.Side{Subject: anna})),
		entry(t, 2, granted(one, event.Lift{Revision: 1, Purposes: one})),
		entry(t, 3, revoked(anna, all)),
		entry(t, 4, granted(one)),
	}, anna, func(e event.Event) string { return e.Side.RequestID.String()[:8] })
	if err != nil || len(told) != 2 {
		t.Fatalf("%d consents, %v", len(told), err)
	}
	if c := told[0]; c.GetWithdrawnAt() == nil || len(c.GetPurposes()) != 0 || !slices.Equal(c.GetLiftedObjectionIds(), []string{string(event.NewObjectionID(4711))}) {
		t.Errorf("the first: %v", c)
	}
	if c := told[1]; c.GetWithdrawnAt() != nil || c.GetRevision() != 4 || !slices.Equal(c.GetPurposes(), one.Names) || c.GetNoticeVersion() != "2025-04" ||
		c.GetVerification() != vetov1.Verification_VERIFICATION_VERIFIED || c.GetConsentId() != "04000000" || len(c.GetLiftedObjectionIds()) != 0 {
		t.Errorf("the second: %v", c)
	}
}

func TestConsentsRefuseDamage(t *testing.T) {
	good := entry(t, 2, granted(one))
	for name, e := range map[string]store.Entry{
		"without a side row":    {Revision: 2, Leaf: good.Leaf},
		"with another side row": {Revision: 2, Leaf: good.Leaf, Side: append(slices.Clone(good.Side), '\n')},
	} {
		if _, err := filing.Consents([]store.Entry{e}, anna); !errors.Is(err, filing.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
		if _, err := filing.ToldConsents([]store.Entry{e}, anna, nil); !errors.Is(err, filing.ErrDamaged) {
			t.Errorf("told %s: %v, want ErrDamaged", name, err)
		}
	}
}

func TestLiftTakesWhatStands(t *testing.T) {
	filings, err := filing.History([]store.Entry{
		entry(t, 2, filed(event.Side{Subject: anna, Items: []event.Key{photo}, ContentKeys: []event.Key{song}})),
		entry(t, 3, filed(event.Side{Items: []event.Key{photo}, Purposes: one})),
		entry(t, 4, filed(event.Side{Subject: bert, Purposes: event.PurposesOf("evaluation")})),
	})
	if err != nil {
		t.Fatal(err)
	}
	lifts, narrowed := filing.Lift(filings, event.Key{}, one)
	if diff := cmp.Diff([]event.Lift{{Revision: 2, Purposes: one}, {Revision: 3, Purposes: one}}, lifts); diff != "" || !narrowed {
		t.Errorf("narrowed %t (-want +got):\n%s", narrowed, diff)
	}
	touched, keys := filing.Touched(filings, lifts, event.Key{}, func(string) [16]byte { return [16]byte{9} })
	if diff := cmp.Diff([]filing.Thing{{Table: event.TableItem, Key: photo}, {Table: event.TableContentKey, Key: song}}, touched); diff != "" {
		t.Errorf("touched, each once (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]event.Key{{9}, anna, {9}}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if lifts, narrowed = filing.Lift(filings, event.Key{}, one); lifts != nil || narrowed {
		t.Errorf("again: %v, %t", lifts, narrowed)
	}
}

func TestNamedAreTheSubjectsOwn(t *testing.T) {
	filings, err := filing.History([]store.Entry{entry(t, 2, filed(event.Side{Subject: anna}))})
	if err != nil {
		t.Fatal(err)
	}
	mine, other := event.NewObjectionID(4711), event.NewObjectionID(4712)
	if found, unknown := filing.Named(filings, anna, []event.ObjectionID{mine}); len(found) != 1 || found[0].Revision != 2 || unknown != nil {
		t.Errorf("one's own: %v, unknown %v", found, unknown)
	}
	if found, unknown := filing.Named(filings, bert, []event.ObjectionID{mine, other}); len(found) != 0 || !slices.Equal(unknown, []int{0, 1}) {
		t.Errorf("another's, and nobody's: %v, unknown %v", found, unknown)
	}
}

func TestChangesOfAFilingOnlyAdd(t *testing.T) {
	object := func(table event.Table, key event.Key) event.Change {
		return event.Change{Act: event.ActObject, Table: table, Key: key, Country: "FR", Purposes: one}
	}
	if diff := cmp.Diff([]event.Change{object(event.TableSubject, anna)}, filing.Changes(event.Side{Subject: anna, Country: "FR", Purposes: one}, []event.Key{anna})); diff != "" {
		t.Errorf("everything (-want +got):\n%s", diff)
	}
	some := event.Side{Subject: anna, Country: "FR", Purposes: one, Items: []event.Key{photo}, ContentKeys: []event.Key{song}}
	if diff := cmp.Diff([]event.Change{object(event.TableItem, photo), object(event.TableContentKey, song)}, filing.Changes(some, []event.Key{anna})); diff != "" {
		t.Errorf("two things (-want +got):\n%s", diff)
	}
}

func TestAcknowledgementsReadTheirGround(t *testing.T) {
	got := filing.Acknowledgements([]string{"DROPS_PURPOSE the register was moved"})
	if len(got) != 1 || got[0].GetDanger() != vetov1.Danger_DANGER_DROPS_PURPOSE || got[0].GetGround() != "the register was moved" {
		t.Errorf("%v", got)
	}
}
