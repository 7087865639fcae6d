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
	e.Side.Actor, e.Side.Role, e.Side.RequestID = "test", "ADMIN", event.RequestID{byte(revision)}
	e.Side.RecordedAt = recordedAt
	if e.Side.Channel == "" {
		e.Side.Channel = "API"
	}
	e.Side.FiledBy = "SELF"
	if e.Side.Verification == "" {
		e.Side.Verification = "UNVERIFIED"
	}
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
		if diff := cmp.Diff(c.want, filing.Remaining(c.table, c.key, filings)); diff != "" {
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
