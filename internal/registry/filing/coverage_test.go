package filing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/store"
)

var carl = event.Key{5}

// numbered is a filing with a number of its own.
func numbered(n uint64, side event.Side) event.Event {
	e := filed(side)
	e.Side.ObjectionID = event.NewObjectionID(n)
	return e
}

func linked(members ...event.Key) event.Event {
	return event.Event{
		Leaf: event.Leaf{Type: event.TypeSubjectsLinked, Effect: event.EffectLinked},
		Side: event.Side{Linked: members, Members: members},
	}
}

func unlinked(parted event.Key, covers ...event.Cover) event.Event {
	return event.Event{
		Leaf: event.Leaf{Type: event.TypeSubjectsUnlinked, Effect: event.EffectUnlinked},
		Side: event.Side{Linked: []event.Key{parted}, Covers: covers},
	}
}

func annulled(lifts ...event.Lift) event.Event {
	return event.Event{Leaf: event.Leaf{Type: event.TypeObjectionsAnnulled, Effect: event.EffectAnnulled}, Side: event.Side{Lifts: lifts, Reason: "why"}}
}

func erasing(side event.Side) event.Event {
	return event.Event{Leaf: event.Leaf{Type: event.TypeErasureRecorded, Effect: event.EffectErased}, Side: side}
}

// TestAFilingStandsForEachIDByItself: for its own, for those that it names, and for those that kept it when they were parted.
func TestAFilingStandsForEachIDByItself(t *testing.T) {
	number := event.NewObjectionID(1)
	events := []store.Entry{
		entry(t, 2, numbered(1, event.Side{Subject: anna, Linked: []event.Key{bert}, Country: "FR"})),
		entryOf(t, 3, unlinked(carl, event.Cover{Subject: carl, ObjectionID: number, Purposes: all})),
		entry(t, 4, withdrawn(event.Lift{Revision: 2, Purposes: one})), // anna's, for herself
	}
	filings, err := filing.History(events)
	if err != nil {
		t.Fatal(err)
	}
	f := &filings[0]
	for key, want := range map[event.Key]string{anna: "*,!generative-ai-training", bert: "*", carl: "*", photo: ""} {
		as := f.As(key)
		if got := f.For(key).String(); got != want || as.Standing.String() != want || f.Names(key) != (want != "") {
			t.Errorf("for %x it stands for %q, want %q", key[0], got, want)
		}
	}
	if got := f.Subjects(); !slices.Equal(got, []event.Key{anna, bert, carl}) {
		t.Errorf("subjects %v", got)
	}
	if got := filing.Protection([]event.Key{anna, bert}, filings); len(got) != 1 || got[filing.Under{Country: "FR"}].String() != "*" {
		t.Errorf("the protection of two: %v", got)
	}
	// Its receipt lifts it for those that it named, and not for who kept it; an annulment for everybody.
	lifts, narrowed := filing.Lift(filings, event.Key{}, all)
	if len(lifts) != 1 || narrowed || !f.For(anna).IsZero() || !f.For(bert).IsZero() || f.For(carl).String() != "*" || f.Stands().IsZero() {
		t.Errorf("lifts %v, narrowed %v, carl has %s", lifts, narrowed, f.For(carl))
	}
	touched, keys := filing.Touched(filings, lifts, event.Key{}, func(string) [16]byte { return [16]byte{9} })
	if len(touched) != 3 || len(keys) != 2 {
		t.Errorf("touched %v, keys %v", touched, keys)
	}
	if lifts := filing.Annul(filings); len(lifts) != 1 || !f.Stands().IsZero() || !f.Annulled || f.Objection().GetState() != vetov1.ObjectionState_OBJECTION_STATE_ANNULLED {
		t.Errorf("annulled: %v, %v", lifts, f.Stands())
	}
	if lifts := filing.Annul(filings); lifts != nil {
		t.Errorf("annulled twice: %v", lifts)
	}
	filings, err = filing.History(append(events, entryOf(t, 5, annulled(event.Lift{Revision: 2, Purposes: all}))))
	if err != nil || !filings[0].Stands().IsZero() || !filings[0].Annulled {
		t.Errorf("an annulment in the log: %v, %v", filings, err)
	}
}

// TestTheGroupIsWhatTheLastLinkSays.
func TestTheGroupIsWhatTheLastLinkSays(t *testing.T) {
	entries := []store.Entry{entryOf(t, 2, linked(anna, bert)), entryOf(t, 3, linked(anna, bert, carl)), entryOf(t, 4, unlinked(bert))}
	entries[2] = entryOf(t, 4, event.Event{
		Leaf: event.Leaf{Type: event.TypeSubjectsUnlinked, Effect: event.EffectUnlinked},
		Side: event.Side{Linked: []event.Key{bert}, Members: []event.Key{anna, carl}},
	})
	for _, c := range []struct {
		upTo int
		of   event.Key
		want []event.Key
	}{
		{0, anna, []event.Key{anna}}, {1, anna, []event.Key{anna, bert}}, {2, bert, []event.Key{anna, bert, carl}},
		{3, bert, []event.Key{bert}}, {3, carl, []event.Key{anna, carl}},
	} {
		got, err := filing.Group(entries[:c.upTo], c.of)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("after %d events %x is one of %v, want %v (%v)", c.upTo, c.of[0], got, c.want, err)
		}
	}
}

// TestLoadBringsWhatPartedIDsKeep, which their own events only name.
func TestLoadBringsWhatPartedIDsKeep(t *testing.T) {
	number := event.NewObjectionID(1)
	hers, parting := entry(t, 2, numbered(1, event.Side{Subject: anna})), entryOf(t, 3, unlinked(carl, event.Cover{Subject: carl, ObjectionID: number, Purposes: one}))
	numberKey := [16]byte{7}
	read := func(keys ...event.Key) ([]store.Entry, error) {
		if slices.Contains(keys, numberKey) {
			return []store.Entry{hers, parting}, nil
		}
		return []store.Entry{parting}, nil
	}
	filings, err := filing.Load(read, func(string) [16]byte { return numberKey }, carl)
	if err != nil || len(filings) != 1 || !filings[0].For(carl).Equal(one) {
		t.Errorf("%v, %v", filings, err)
	}
}

// TestTheLatestErasureHolds, and of the right person.
func TestTheLatestErasureHolds(t *testing.T) {
	at := func(key event.Key, year int) event.Change {
		return event.Change{Act: event.ActErase, Table: event.TableSubject, Key: key, At: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	entries := []store.Entry{
		entryOf(t, 2, erasing(event.Side{Subject: anna, Scope: "MADE_BEFORE", MadeBefore: at(anna, 2021).At, Changes: []event.Change{at(anna, 2021), at(bert, 2030)}})),
		entryOf(t, 3, erasing(event.Side{Subject: anna, Scope: "MADE_BEFORE", MadeBefore: at(anna, 2019).At, Changes: []event.Change{at(anna, 2019)}})),
	}
	if got, err := filing.ErasedBefore(entries, anna); err != nil || got.At.Year() != 2021 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := filing.ErasedBefore(entries, carl); err != nil || !got.At.IsZero() {
		t.Errorf("of somebody else: %v, %v", got, err)
	}
}

// TestOtherReceiptsSayWhatIsSo.
func TestOtherReceiptsSayWhatIsSo(t *testing.T) {
	for want, e := range map[string]event.Event{
		"Your accounts were linked on ": linked(anna, bert),
		"Your accounts were parted on ": unlinked(anna),
		"Your request for erasure was recorded on 1 January 0001, 00:00:00 UTC: 1 item that you named will not": erasing(event.Side{Scope: "ITEMS", Items: []event.Key{photo}}),
		"Your request for erasure was recorded on 1 January 0001, 00:00:00 UTC: what you made before 1 January": erasing(event.Side{Scope: "EVERYTHING", Subject: anna}),
	} {
		if got := filing.Receipt(2, nil, e).GetWords(); len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("%q, want %q …", got, want)
		}
	}
	before := erasing(event.Side{Scope: "MADE_BEFORE", Subject: anna, MadeBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
	if got := filing.Receipt(2, nil, before).GetWords(); !slices.Contains([]byte(got), '2') || got == "" {
		t.Errorf("%q", got)
	}
	for reason, want := range map[vetov1.Reason]string{
		vetov1.Reason_REASON_ELIGIBLE: "Content that meets the rules of the regime eu can be used.", vetov1.Reason_REASON_OBJECTED: "No content is used: an objection is in force.",
		vetov1.Reason_REASON_NO_REGIME: "No content is used: no regime rules the country.", vetov1.Reason_REASON_NO_CONSENT: "No content is used: the regime eu asks for a consent, and there is none.",
		vetov1.Reason_REASON_NOT_STARTED: "No content is used: not started (regime eu).",
	} {
		if got := filing.EffectWords(reason == vetov1.Reason_REASON_ELIGIBLE, reason, "eu"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	list := []event.Blinded{{Tag: "country", Sum: event.Hash{1}}}
	shown := []*vetov1.BlindedValue{{Tag: "country", Hmac: list[0].Sum[:]}}
	if !filing.SameList(list, shown) || filing.SameList(list, nil) || cmp.Equal(list, nil) {
		t.Error("lists")
	}
}
