package filing_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/golden"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

var (
	anna  = event.Key{1}
	bert  = event.Key{2}
	photo = event.Key{3}
	song  = event.Key{4}
	all   = event.Purposes{All: true}
	one   = event.PurposesOf("generative-ai-training")
)

var recordedAt = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// entry seals an event as a log would hold it.
func entry(t *testing.T, revision event.Revision, e event.Event) store.Entry {
	t.Helper()
	e.Side.Salt, e.Side.RecordSalt, e.Side.KeyID = [32]byte{1}, [32]byte{2}, 1
	e.Side.Actor, e.Side.Role, e.Side.RequestID = "test", "ADMIN", event.RequestID{byte(revision), byte(revision >> 8)}
	e.Side.RecordedAt = recordedAt
	if e.Side.Channel == "" {
		e.Side.Channel = "API"
	}
	e.Side.FiledBy = "SELF"
	if e.Side.Verification == "" {
		e.Side.Verification = "UNVERIFIED"
	}
	return sealed(t, revision, e)
}

// entryOf is entry for the events that have no filer.
func entryOf(t *testing.T, revision event.Revision, e event.Event) store.Entry {
	t.Helper()
	e.Side.Salt, e.Side.RecordSalt, e.Side.KeyID = [32]byte{1}, [32]byte{2}, 1
	e.Side.Actor, e.Side.Role, e.Side.RequestID = "test", "ADMIN", event.RequestID{byte(revision), byte(revision >> 8)}
	e.Side.RecordedAt = recordedAt
	switch e.Leaf.Type {
	case event.TypeErasureRecorded:
		e.Side.Channel, e.Side.Verification = "EMAIL", "UNVERIFIED"
	case event.TypeSubjectsLinked, event.TypeSubjectsUnlinked:
		e.Side.Verification = "VERIFIED"
	}
	return sealed(t, revision, e)
}

func sealed(t *testing.T, revision event.Revision, e event.Event) store.Entry {
	t.Helper()
	for line, v := range e.Side.Private() {
		e.Side.Person = append(e.Side.Person, event.Blinded{Tag: v.Tag, Sum: subject.Blind(e.Side.Salt, line, v.Tag, v.Text)})
	}
	leaf, side, err := event.Seal(e)
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	return store.Entry{Revision: revision, Leaf: leaf, Side: side}
}

func filed(side event.Side) event.Event {
	side.ObjectionID = event.NewObjectionID(4711)
	if side.Purposes.IsZero() {
		side.Purposes = all
	}
	return event.Event{Leaf: event.Leaf{Type: event.TypeObjectionFiled, Effect: event.EffectInForce}, Side: side}
}

func withdrawn(lifts ...event.Lift) event.Event {
	return event.Event{
		Leaf: event.Leaf{Type: event.TypeObjectionWithdrawn, Effect: event.EffectLifted},
		Side: event.Side{RecordedAt: recordedAt, Subject: anna, Purposes: all, Proof: event.ProofSubject, Lifts: lifts},
	}
}

func TestHistoryTakesWhatWasLifted(t *testing.T) {
	filings, err := filing.History([]store.Entry{
		entry(t, 2, filed(event.Side{Subject: anna})),
		entry(t, 3, filed(event.Side{Subject: anna, Items: []event.Key{photo}, Purposes: one})),
		entry(t, 4, withdrawn(event.Lift{Revision: 2, Purposes: one})),
		entry(t, 5, withdrawn(event.Lift{Revision: 3, Purposes: one})),
	})
	if err != nil || len(filings) != 2 {
		t.Fatalf("history: %d filings, %v", len(filings), err)
	}
	if got := filings[0].Standing.String(); got != "*,!generative-ai-training" {
		t.Errorf("the first stands for %s", got)
	}
	if got := filings[0].Objection(); got.GetState() != vetov1.ObjectionState_OBJECTION_STATE_ACTIVE || !cmp.Equal(got.GetAllPurposesBut(), one.Names) {
		t.Errorf("the first: %v", got)
	}
	if got := filings[1].Objection(); !filings[1].Standing.IsZero() || got.GetState() != vetov1.ObjectionState_OBJECTION_STATE_WITHDRAWN || got.GetItemCount() != 1 {
		t.Errorf("the second: %v", got)
	}
}

func TestHistoryRefusesDamage(t *testing.T) {
	good := entry(t, 2, filed(event.Side{Subject: anna}))
	gone := store.Entry{Revision: 2, Leaf: good.Leaf}
	flipped := store.Entry{Revision: 2, Leaf: good.Leaf, Side: append(bytes.Clone(good.Side), '\n')}
	for name, e := range map[string]store.Entry{"without a side row": gone, "with another side row": flipped} {
		if _, err := filing.History([]store.Entry{good, e}); !errors.Is(err, filing.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
		if _, err := filing.Of(e); !errors.Is(err, filing.ErrDamaged) {
			t.Errorf("one %s: %v, want ErrDamaged", name, err)
		}
	}
	if _, err := filing.Of(entry(t, 3, withdrawn(event.Lift{Revision: 2, Purposes: one}))); err == nil {
		t.Error("a withdrawal passes for a filing")
	}
}

func TestRemainingIsWhatTheOthersSay(t *testing.T) {
	filings, err := filing.History([]store.Entry{
		entry(t, 2, filed(event.Side{Subject: anna, Items: []event.Key{photo}, ContentKeys: []event.Key{song}, Country: "FR", Purposes: one})),
		entry(t, 3, filed(event.Side{Subject: bert, Items: []event.Key{photo}, Country: "DE"})),
		entry(t, 4, filed(event.Side{Items: []event.Key{photo}, Country: "FR", Purposes: event.PurposesOf("evaluation")})),
		entry(t, 5, filed(event.Side{Subject: anna})),
	})
	if err != nil {
		t.Fatal(err)
	}
	type changes = []event.Change
	for _, c := range []struct {
		name  string
		table event.Table
		key   event.Key
		want  changes
	}{
		{"an item of three filings", event.TableItem, photo, changes{
			{Act: event.ActClear, Table: event.TableItem, Key: photo},
			{Act: event.ActObject, Table: event.TableItem, Key: photo, Country: "DE", Purposes: all},
			{Act: event.ActObject, Table: event.TableItem, Key: photo, Country: "FR", Purposes: event.PurposesOf("evaluation", "generative-ai-training")},
		}},
		{"a content key", event.TableContentKey, song, changes{
			{Act: event.ActClear, Table: event.TableContentKey, Key: song},
			{Act: event.ActObject, Table: event.TableContentKey, Key: song, Country: "FR", Purposes: one},
		}},
		{"everything of a subject, not the items they named", event.TableSubject, anna, changes{
			{Act: event.ActClear, Table: event.TableSubject, Key: anna},
			{Act: event.ActObject, Table: event.TableSubject, Key: anna, Purposes: all},
		}},
		{"a subject who named items alone", event.TableSubject, bert, changes{{Act: event.ActClear, Table: event.TableSubject, Key: bert}}},
	} {
		if diff := cmp.Diff(c.want, filing.Remaining(c.table, c.key, []event.Key{c.key}, filings)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestEveryWordReadsBack: each value of each enum that events hold has a word, and the word is read as that value.
func TestEveryWordReadsBack(t *testing.T) {
	words(t, vetov1.Channel(0), func(w string) protoreflect.Enum { return filing.EnumOf[vetov1.Channel](w) })
	words(t, vetov1.Verification(0), func(w string) protoreflect.Enum { return filing.EnumOf[vetov1.Verification](w) })
	words(t, vetov1.FiledBy(0), func(w string) protoreflect.Enum { return filing.EnumOf[vetov1.FiledBy](w) })
	words(t, vetov1.AlsoAsk(0), func(w string) protoreflect.Enum { return filing.EnumOf[vetov1.AlsoAsk](w) })
	words(t, vetov1.Danger(0), func(w string) protoreflect.Enum { return filing.EnumOf[vetov1.Danger](w) })
	if got := filing.EnumOf[vetov1.Channel]("CARRIER_PIGEON"); got != vetov1.Channel_CHANNEL_UNSPECIFIED {
		t.Errorf("a word of a later version: %v, want UNSPECIFIED", got)
	}
	if got := filing.VerifiedWord; got != "VERIFIED" {
		t.Errorf("the word of a verified person: %s", got)
	}
}

func words(t *testing.T, zero protoreflect.Enum, read func(string) protoreflect.Enum) {
	t.Helper()
	values := zero.Descriptor().Values()
	for i := range values.Len() {
		value := zero.Type().New(values.Get(i).Number())
		word := filing.Word(value)
		if got := read(word); got.Number() != value.Number() || !strings.HasSuffix(string(values.Get(i).Name()), "_"+word) {
			t.Errorf("%s: word %s, read back as %d", values.Get(i).Name(), word, got.Number())
		}
	}
}

// TestReceiptWords holds what people are told; the file is there to be read.
func TestReceiptWords(t *testing.T) {
	late := time.Date(2025, 5, 26, 23, 0, 0, 0, time.UTC)
	recorded := filed(event.Side{Subject: anna, Country: "US", NoEffect: one})
	recorded.Leaf.Effect = event.EffectRecordedOnly
	var text strings.Builder
	for _, c := range []struct {
		name string
		e    event.Event
	}{
		{"everything", filed(event.Side{Subject: anna, Country: "FR"})},
		{"one purpose, in time", filed(event.Side{Subject: anna, Country: "FR", Purposes: one, Deadline: late, BeforeDeadline: true, ReceivedAt: late.Add(-time.Hour)})},
		{"after the deadline", filed(event.Side{Subject: anna, Country: "FR", Deadline: late})},
		{"one item", filed(event.Side{Subject: anna, Items: []event.Key{photo}})},
		{"items and content", filed(event.Side{Items: []event.Key{photo, song}, ContentKeys: []event.Key{photo, song}})},
		{"content", filed(event.Side{ContentKeys: []event.Key{song}})},
		{"where objections have no effect", recorded},
		{"where one purpose has no effect", filed(event.Side{Subject: anna, Country: "US", NoEffect: one})},
		{"withdrawn", withdrawn(event.Lift{Revision: 2, Purposes: all})},
		{"withdrawn but for one", event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionWithdrawn, Effect: event.EffectNarrowed},
			Side: event.Side{RecordedAt: late, Subject: anna, Purposes: event.Purposes{All: true, Names: one.Names}, Proof: event.ProofSubject, Lifts: []event.Lift{{Revision: 2, Purposes: one}}},
		}},
		{"a consent", granted(one)},
		{"a consent that lifts an objection", granted(one, event.Lift{Revision: 2, Purposes: one})},
		{"a consent withdrawn", revoked(anna, all)},
		{"a policy's event has none", event.Event{Leaf: event.Leaf{Type: event.TypePolicyApplied}}},
	} {
		words := filing.Receipt(7, []byte("leaf"), c.e).GetWords()
		if c.e.Leaf.Type == event.TypeObjectionFiled {
			f, err := filing.Of(entry(t, 7, c.e))
			if err != nil {
				t.Fatal(err)
			}
			words = f.Receipt([]byte("leaf")).GetWords()
		}
		fmt.Fprintf(&text, "## %s\n%s\n\n", c.name, words)
	}
	golden.Check(t, "receipts", []byte(text.String()))
}

// TestCoversIsWhatNothingWouldBeGainedBeyond: a filing covers another that protects no further and asks for no more.
func TestCoversIsWhatNothingWouldBeGainedBeyond(t *testing.T) {
	both := event.PurposesOf("evaluation", "generative-ai-training")
	for _, c := range []struct {
		name            string
		standing, other event.Side
		want            bool
	}{
		{"the same", event.Side{Subject: anna}, event.Side{Purposes: all}, true},
		{"fewer purposes", event.Side{Subject: anna}, event.Side{Purposes: one}, true},
		{"more purposes", event.Side{Subject: anna, Purposes: one}, event.Side{Purposes: both}, false},
		{"everything of one's own is no item of somebody else's", event.Side{Subject: anna}, event.Side{Purposes: all, Items: []event.Key{photo}}, false},
		{"it has less effect today", event.Side{Subject: anna, Country: "US"}, event.Side{Purposes: all, Country: "US", NoEffect: one}, false},
		{"an item does not cover everything", event.Side{Subject: anna, Items: []event.Key{photo}}, event.Side{Purposes: all}, false},
		{"some of the items", event.Side{Subject: anna, Items: []event.Key{photo, song}}, event.Side{Purposes: all, Items: []event.Key{song}}, true},
		{"another item", event.Side{Subject: anna, Items: []event.Key{photo}}, event.Side{Purposes: all, Items: []event.Key{song}}, false},
		{"a content key is no item", event.Side{Subject: anna, Items: []event.Key{photo}}, event.Side{Purposes: all, ContentKeys: []event.Key{photo}}, false},
		{"another country", event.Side{Subject: anna, Country: "FR"}, event.Side{Purposes: all, Country: "DE"}, false},
		{"it asks for more", event.Side{Subject: anna}, event.Side{Purposes: all, AlsoAsks: []string{"ACCESS"}}, false},
		{"it asks for as much", event.Side{Subject: anna, AlsoAsks: []string{"ACCESS", "ERASURE"}}, event.Side{Purposes: all, AlsoAsks: []string{"ERASURE"}}, true},
		{"another case", event.Side{Subject: anna, CaseReference: "1"}, event.Side{Purposes: all, CaseReference: "2"}, false},
		{"no case", event.Side{Subject: anna, CaseReference: "1"}, event.Side{Purposes: all}, true},
	} {
		f, err := filing.Of(entry(t, 2, filed(c.standing)))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Covers(c.other); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

func TestAboutNamesEachThing(t *testing.T) {
	for name, c := range map[string]struct {
		side event.Side
		want []filing.Thing
	}{
		"everything": {event.Side{Subject: anna}, []filing.Thing{{Table: event.TableSubject, Key: anna}}},
		"items and content": {
			event.Side{Subject: anna, Items: []event.Key{photo}, ContentKeys: []event.Key{song}},
			[]filing.Thing{{Table: event.TableItem, Key: photo}, {Table: event.TableContentKey, Key: song}},
		},
	} {
		f, err := filing.Of(entry(t, 2, filed(c.side)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, f.About()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if f.Verified() {
			t.Errorf("%s: verified, and nobody was", name)
		}
	}
	verified := filed(event.Side{Subject: anna, Verification: filing.VerifiedWord})
	if f, err := filing.Of(entry(t, 2, verified)); err != nil || !f.Verified() {
		t.Errorf("a verified filing: %t, %v", f.Verified(), err)
	}
}

func TestWordsOfARequestAreThoseOfAnEvent(t *testing.T) {
	if got := filing.WordOr(vetov1.FiledBy_FILED_BY_UNSPECIFIED, vetov1.FiledBy_FILED_BY_SELF); got != "SELF" {
		t.Errorf("nothing said: %s", got)
	}
	if got := filing.WordOr(vetov1.FiledBy_FILED_BY_HEIR, vetov1.FiledBy_FILED_BY_SELF); got != "HEIR" {
		t.Errorf("said: %s", got)
	}
	asks := []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_RECIPIENTS, vetov1.AlsoAsk_ALSO_ASK_ACCESS, vetov1.AlsoAsk_ALSO_ASK_RECIPIENTS}
	if got := filing.WordSet(asks); !cmp.Equal(got, []string{"ACCESS", "RECIPIENTS"}) {
		t.Errorf("a set: %v", got)
	}
	if got := filing.PurposesOf(nil); !got.Equal(all) {
		t.Errorf("no purposes: %v, want all", got)
	}
	if got := filing.PurposesOf([]string{"generative-ai-training"}); !got.Equal(one) {
		t.Errorf("one purpose: %v", got)
	}
	at := time.Date(2026, 3, 14, 15, 9, 26, 123456789, time.FixedZone("", 3600))
	if got := filing.Instant(filing.Stamp(at)); !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Errorf("an instant: %v", got)
	}
	if filing.Stamp(time.Time{}) != nil || !filing.Instant(nil).IsZero() {
		t.Error("no instant has a time")
	}
}

// TestAnswerIsDueOnTheShorterMonthsLastDay: GDPR Art. 12(3), Reg. 1182/71, Art. 3(2)(c).
func TestAnswerIsDueOnTheShorterMonthsLastDay(t *testing.T) {
	for received, due := range map[string]string{"2025-01-31": "2025-02-28", "2024-01-31": "2024-02-29", "2025-05-15": "2025-06-15", "2025-12-31": "2026-01-31"} {
		at, err := time.Parse(time.DateOnly, received)
		if err != nil {
			t.Fatal(err)
		}
		f, err := filing.Of(entry(t, 2, filed(event.Side{Subject: anna, ReceivedAt: at, AlsoAsks: []string{"ACCESS"}})))
		if err != nil {
			t.Fatal(err)
		}
		o := f.Objection()
		if got := o.GetResponseDueAt().AsTime().Format(time.DateOnly); got != due || !cmp.Equal(o.GetAlsoAsks(), []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_ACCESS}) {
			t.Errorf("received %s: due %s, want %s; asks %v", received, got, due, o.GetAlsoAsks())
		}
	}
}
