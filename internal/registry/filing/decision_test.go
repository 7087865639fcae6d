package filing_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/store"
)

// mail is a filing of somebody who gave an address in place of an id, with the number 4711.
func mail(side event.Side) event.Event {
	side.Identifiers = []event.Identifier{{Type: "EMAIL", Handle: event.Key{9}}}
	e := filed(side)
	e.Leaf.Effect = event.EffectPending
	return e
}

func acted(kind event.Type, effect event.Effect, side event.Side) event.Event {
	if side.ObjectionID == "" {
		side.ObjectionID = event.NewObjectionID(4711)
	}
	return event.Event{Leaf: event.Leaf{Type: kind, Effect: effect}, Side: side}
}

func decided(effect event.Effect, side event.Side) event.Event {
	return acted(event.TypeObjectionDecided, effect, side)
}

// history is the filing with the number 4711 after some events.
func history(t *testing.T, events ...event.Event) filing.Filing {
	t.Helper()
	entries := []store.Entry{entry(t, 2, events[0])}
	for i, e := range events[1:] {
		entries = append(entries, entryOf(t, event.Revision(3+i), e))
	}
	filings, err := filing.History(entries)
	if err != nil || len(filings) != 1 {
		t.Fatalf("%d filings, %v", len(filings), err)
	}
	return filings[0]
}

// What was found and decided is told, and what is left to do.
func TestWhatWasFoundAndDecidedIsTold(t *testing.T) {
	delivered := recordedAt.Add(time.Hour)
	asks := event.Side{Subject: anna, AlsoAsks: []string{"ACCESS"}}
	assessed := event.Side{Subject: anna, Country: "DE", Assess: one}
	for _, c := range []struct {
		name   string
		events []event.Event
		match  vetov1.Match
		state  vetov1.ObjectionState
		needs  []vetov1.Need
	}{
		{"honoured", []event.Event{filed(event.Side{Subject: anna})}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, nil},
		{"items alone", []event.Event{filed(event.Side{Items: []event.Key{photo}})}, 0, vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, nil},
		{"looked for", []event.Event{mail(event.Side{})}, vetov1.Match_MATCH_PENDING, vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, []vetov1.Need{vetov1.Need_NEED_MATCH}},
		{"found", []event.Event{mail(event.Side{}), acted(event.TypeIdentifierMatched, event.EffectMatched, event.Side{Subject: bert})}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, nil},
		{"not found", []event.Event{mail(event.Side{}), acted(event.TypeIdentifierMatched, event.EffectNotFound, event.Side{})}, vetov1.Match_MATCH_NOT_FOUND, vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, nil},
		{"more is asked for", []event.Event{filed(asks)}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, []vetov1.Need{vetov1.Need_NEED_ALSO_ASKS}},
		{"and answered", []event.Event{filed(asks), decided(event.EffectAnswered, event.Side{AnsweredAt: delivered})}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, nil},
		{"to be assessed", []event.Event{filed(assessed)}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_UNDER_ASSESSMENT, []vetov1.Need{vetov1.Need_NEED_ASSESSMENT}},
		{"upheld", []event.Event{filed(assessed), decided(event.EffectUpheld, event.Side{})}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_UPHELD, nil},
		{"refused", []event.Event{filed(assessed), decided(event.EffectRefused, event.Side{Purposes: one})}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_UNDER_ASSESSMENT, []vetov1.Need{vetov1.Need_NEED_DELIVERY}},
		{"answered before it was refused", []event.Event{filed(assessed), decided(event.EffectAnswered, event.Side{AnsweredAt: delivered}), decided(event.EffectRefused, event.Side{Purposes: one})},
			vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_UNDER_ASSESSMENT, []vetov1.Need{vetov1.Need_NEED_DELIVERY}},
		{"refused, and delivered", []event.Event{filed(assessed), decided(event.EffectRefused, event.Side{Purposes: one}), decided(event.EffectAnswered, event.Side{AnsweredAt: delivered, RefusedFrom: delivered})},
			vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_REFUSED, nil},
		{"refused, and upheld after all", []event.Event{filed(assessed), decided(event.EffectRefused, event.Side{Purposes: one, AnsweredAt: delivered, RefusedFrom: delivered}), decided(event.EffectUpheld, event.Side{})},
			vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_UPHELD, nil},
		{"unfounded", []event.Event{filed(event.Side{Subject: anna, Linked: []event.Key{bert}}), decided(event.EffectUnfounded, event.Side{})}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_UNFOUNDED, []vetov1.Need{vetov1.Need_NEED_DELIVERY}},
		{"unfounded, and told", []event.Event{filed(event.Side{Subject: anna}), decided(event.EffectUnfounded, event.Side{AnsweredAt: delivered})}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_UNFOUNDED, nil},
		{"annulled", []event.Event{filed(asks), annulled(event.Lift{Revision: 2, Purposes: all})}, vetov1.Match_MATCH_MATCHED, vetov1.ObjectionState_OBJECTION_STATE_ANNULLED, nil},
	} {
		f := history(t, c.events...)
		got := f.Objection()
		if got.GetMatch() != c.match || got.GetState() != c.state || !slices.Equal(got.GetNeeds(), c.needs) {
			t.Errorf("%s: %v %v %v, want %v %v %v", c.name, got.GetMatch(), got.GetState(), got.GetNeeds(), c.match, c.state, c.needs)
		}
		if unfounded := c.state == vetov1.ObjectionState_OBJECTION_STATE_UNFOUNDED; unfounded && !f.Stands().IsZero() {
			t.Errorf("%s: %s stands", c.name, f.Stands())
		}
	}
}

// What is refused stands apart from what is not, from its own time on.
func TestWhatIsRefusedStandsApart(t *testing.T) {
	from := recordedAt.Add(time.Hour)
	refusal := decided(event.EffectRefused, event.Side{Purposes: one, AnsweredAt: recordedAt, RefusedFrom: from})
	f := history(t, filed(event.Side{Subject: anna, Country: "DE", Assess: one, Items: nil}), refusal)
	changes := filing.Remaining(event.TableSubject, anna, []event.Key{anna}, []filing.Filing{f})
	if len(changes) != 3 || changes[1].Act != event.ActObject || changes[1].Purposes.Has("generative-ai-training") ||
		changes[2].Act != event.ActRefuse || !changes[2].At.Equal(from) || !changes[2].Purposes.Equal(one) {
		t.Errorf("changes: %v", changes)
	}
	again := history(t, filed(event.Side{Subject: anna, Country: "DE", Assess: one}), refusal, decided(event.EffectUpheld, event.Side{}))
	if changes := filing.Remaining(event.TableSubject, anna, []event.Key{anna}, []filing.Filing{again}); len(changes) != 2 || changes[1].Act != event.ActObject {
		t.Errorf("upheld after all: %v", changes)
	}
	if u := filing.UnderOf(changes[2]); u != (filing.Under{Country: "DE", Refused: from.UnixMicro()}) {
		t.Errorf("under %v", u)
	}
	if u := filing.UnderOf(changes[1]); u != (filing.Under{Country: "DE"}) {
		t.Errorf("under %v", u)
	}
	item := history(t, filed(event.Side{Items: []event.Key{photo}, ContentKeys: []event.Key{song}, Country: "DE", Purposes: one, Assess: one}), refusal)
	for table, key := range map[event.Table]event.Key{event.TableItem: photo, event.TableContentKey: song} {
		if changes := filing.Remaining(table, key, nil, []filing.Filing{item}); len(changes) != 2 || changes[1].Act != event.ActRefuse {
			t.Errorf("changes of %v: %v", table, changes)
		}
	}
	if keys := item.Keys(); !slices.Equal(keys, []event.Key{photo, song}) {
		t.Errorf("found by %v", keys)
	}
}

// A match is found by its subject; its filing comes along by its number.
func TestLoadBringsWhatWasMatched(t *testing.T) {
	number := func(id string) (key [16]byte) { copy(key[:], id); return key }
	id := event.NewObjectionID(4711)
	events := []store.Entry{entry(t, 2, mail(event.Side{Country: "FR"})), entryOf(t, 3, acted(event.TypeIdentifierMatched, event.EffectMatched, event.Side{Subject: anna}))}
	broken := errors.New("broken")
	for failing := range 3 {
		calls := 0
		filings, err := filing.Load(func(keys ...event.Key) ([]store.Entry, error) {
			if calls++; calls == failing {
				return nil, broken
			}
			if slices.Contains(keys, number(string(id))) {
				return events, nil
			}
			return events[1:], nil
		}, number, anna)
		switch {
		case failing > 0 && !errors.Is(err, broken):
			t.Errorf("read %d fails: %v", failing, err)
		case failing == 0 && (err != nil || len(filings) != 1 || filings[0].For(anna).IsZero() || filings[0].Pending()):
			t.Errorf("loaded %v, %v", filings, err)
		}
	}
}

func TestClocksOfAnAnswer(t *testing.T) {
	at := func(text string) time.Time {
		got, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2026-01-31", 3, "2026-04-30"}, {"2025-11-30", 3, "2026-02-28"},
		{"2025-12-15", 1, "2026-01-15"}, {"2025-12-31", 2, "2026-02-28"}, {"2026-02-28", 1, "2026-03-28"},
	} {
		if got := filing.MonthsAfter(at(c.from), c.months); !got.Equal(at(c.want)) {
			t.Errorf("%d months after %s: %s, want %s", c.months, c.from, got.Format(time.DateOnly), c.want)
		}
	}
	f := history(t, filed(event.Side{Subject: anna, ReceivedAt: at("2026-01-31")}))
	if !f.ReceivedAt().Equal(at("2026-01-31")) || !f.DueAt().Equal(at("2026-02-28")) {
		t.Errorf("received %s, due %s", f.ReceivedAt(), f.DueAt())
	}
	f = history(t, filed(event.Side{Subject: anna}), decided(event.EffectExtended, event.Side{Reason: "many", ExtendedUntil: at("2026-05-01")}))
	if !f.DueAt().Equal(at("2026-05-01")) || f.Objection().GetExtendedUntil() == nil {
		t.Errorf("extended it is due %s", f.DueAt())
	}
}

func TestReceiptsOfDecisionsSayWhatIsSo(t *testing.T) {
	for effect, want := range map[event.Effect]string{
		event.EffectUpheld: "upheld", event.EffectRefused: "stays in force until", event.EffectUnfounded: "unfounded", event.EffectExtended: "extended",
		event.EffectAnswered: "was answered", event.EffectInformed: "you were told",
	} {
		e := decided(effect, event.Side{RecordedAt: recordedAt, Purposes: one, Reason: "a ground", Remedies: "a court", ExtendedUntil: recordedAt, RefusedFrom: recordedAt})
		words := filing.Receipt(7, nil, e).GetWords()
		for _, part := range []string{want, "Why: a ground", "What you can do: a court", "not honoured any more from"} {
			if !strings.Contains(words, part) {
				t.Errorf("%v: %q lacks %q", effect, words, part)
			}
		}
	}
	f := history(t, mail(event.Side{Country: "US", NoEffect: one}))
	if first, _, _ := strings.Cut(f.Receipt(nil).GetWords(), "\n"); !strings.Contains(first, "being looked for") || !strings.Contains(first, "no effect") {
		t.Errorf("the first line: %s", first)
	}
	f = history(t, filed(event.Side{Subject: anna, Country: "DE", Assess: one}))
	if words := f.Receipt(nil).GetWords(); !strings.Contains(words, "A person assesses it") {
		t.Errorf("under assessment: %s", words)
	}
}

// However many filings were matched with one person, they are all read: a key for each is more than one question takes.
func TestLoadReadsHoweverManyFilings(t *testing.T) {
	number := func(id string) (key [16]byte) { copy(key[:], id); return key }
	const many = store.MaxKeys + 10
	byNumber := map[event.Key][]store.Entry{}
	var matches []store.Entry
	for n := range uint64(many) {
		id := event.NewObjectionID(n + 1)
		e := mail(event.Side{Country: "FR"})
		e.Side.ObjectionID = id
		filed, match := entry(t, event.Revision(2*n+2), e), entryOf(t, event.Revision(2*n+3), acted(event.TypeIdentifierMatched, event.EffectMatched, event.Side{Subject: anna, ObjectionID: id}))
		byNumber[number(string(id))] = []store.Entry{filed, match}
		matches = append(matches, match)
	}
	filings, err := filing.Load(func(keys ...event.Key) ([]store.Entry, error) {
		if err := store.CheckKeys(keys); err != nil {
			return nil, err
		}
		var found []store.Entry
		for _, key := range keys {
			found = append(found, byNumber[key]...)
			if key == anna {
				found = append(found, matches...)
			}
		}
		slices.SortFunc(found, func(a, b store.Entry) int { return int(a.Revision) - int(b.Revision) })
		return slices.CompactFunc(found, func(a, b store.Entry) bool { return a.Revision == b.Revision }), nil
	}, number, anna)
	if err != nil || len(filings) != many {
		t.Fatalf("%d filings, %v", len(filings), err)
	}
	for i := range filings {
		if filings[i].For(anna).IsZero() || i > 0 && filings[i].Revision <= filings[i-1].Revision {
			t.Fatalf("filing %d is not hers, or out of order", i)
		}
	}
}
