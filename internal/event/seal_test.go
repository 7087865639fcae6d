package event_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veto-gate/veto/internal/event"
)

func TestOpenGivesBackWhatWasSealed(t *testing.T) {
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			leaf, side, err := event.Seal(f.event)
			if err != nil {
				t.Fatalf("Seal: %v", err)
			}
			got, err := event.Open(leaf, side)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			want := f.event
			want.Leaf.Day = want.Side.RecordedAt.Truncate(24 * time.Hour)
			want.Leaf.Person = event.Commit(want.Side.Person)
			want.Leaf.Record = sha256.Sum256(side)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Open(Seal(e)) (-want +got)\n%s", diff)
			}
			if again := got.Leaf.Append(nil); !bytes.Equal(again, leaf) {
				t.Errorf("the leaf has a second spelling:\n%s", cmp.Diff(string(leaf), string(again)))
			}
			if again := got.Side.Append([]byte("before ")); string(again) != "before "+string(side) {
				t.Errorf("the side row has a second spelling:\n%s", cmp.Diff(string(side), string(again)))
			}
		})
	}
}

// A fixture is a whole event; each change makes it none, and nothing may be
// written of it. What the change is refused for, the place says.
func TestSealRefuses(t *testing.T) {
	tests := []struct {
		name   string
		of     string
		change func(*event.Event)
		want   string // what the error must say
	}{
		{"no type", "genesis", func(e *event.Event) { e.Leaf.Type = 0 }, "leaf: line 2: type"},
		{"an unknown type", "genesis", func(e *event.Event) { e.Leaf.Type = 200 }, "leaf: line 2: type"},
		{"no effect", "genesis", func(e *event.Event) { e.Leaf.Effect = 0 }, "effect: missing"},
		{"an unknown effect", "genesis", func(e *event.Event) { e.Leaf.Effect = 200 }, "effect: not one of the words"},
		{"an effect of another type", "genesis", func(e *event.Event) { e.Leaf.Effect = event.EffectLifted }, "effect: not an effect of this type"},
		{"a genesis with a policy", "genesis", func(e *event.Event) { e.Leaf.Policy = 1 }, "policy: not a field of this type"},
		{"a genesis without a log", "genesis", func(e *event.Event) { e.Leaf.Log = "" }, "log: missing"},
		{"a log's name in upper case", "genesis", func(e *event.Event) { e.Leaf.Log = "Veto" }, "log: not a log's name"},
		{"a log's name with a newline", "genesis", func(e *event.Event) { e.Leaf.Log = "veto\nformat 1" }, "log: not a log's name"},
		{"a log's name of 101 bytes", "genesis", func(e *event.Event) { e.Leaf.Log = strings.Repeat("a", 101) }, "log: not a log's name"},
		{"a later format", "genesis", func(e *event.Event) { e.Leaf.Version = 2 }, "format: not a number"},
		{"an unbound secret", "genesis", func(e *event.Event) { e.Leaf.Secret = event.Hash{} }, "secret: missing"},
		{"an objection with a log", "objection_raised", func(e *event.Event) { e.Leaf.Log = "veto" }, "log: not a field of this type"},
		{"no time", "objection_raised", func(e *event.Event) { e.Side.RecordedAt = time.Time{} }, "recorded_at: missing"},
		{"a year of five digits", "objection_raised", func(e *event.Event) { e.Side.RecordedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "recorded_at: not an instant"},
		{"a time finer than a microsecond", "objection_raised", func(e *event.Event) { e.Side.RecordedAt = e.Side.RecordedAt.Add(1) }, "recorded_at: not an instant"},
		{"no salt", "objection_raised", func(e *event.Event) { e.Side.Salt = [32]byte{} }, "line 2: salt: missing"},
		{"no record salt", "objection_raised", func(e *event.Event) { e.Side.RecordSalt = [32]byte{} }, "record_salt: missing"},
		{"a record salt that is handed out", "objection_raised", func(e *event.Event) { e.Side.RecordSalt = e.Side.Salt }, "record_salt: the same as salt"},
		{"no key id", "objection_raised", func(e *event.Event) { e.Side.KeyID = 0 }, "key_id: missing"},
		{"no actor", "objection_raised", func(e *event.Event) { e.Side.Actor = "" }, "actor: missing"},
		{"an actor of 129 bytes", "objection_raised", func(e *event.Event) { e.Side.Actor = strings.Repeat("a", 129) }, "actor: too long"},
		{"an actor with a carriage return", "objection_raised", func(e *event.Event) { e.Side.Actor = "a\rb" }, "actor: a control"},
		{"a role with a newline", "objection_raised", func(e *event.Event) { e.Side.Role = "A\nrequest_id x" }, "role: not a word"},
		{"no request", "objection_raised", func(e *event.Event) { e.Side.RequestID = event.RequestID{} }, "request_id: missing"},
		{"an id that is none", "objection_raised", func(e *event.Event) { e.Side.ObjectionID = "0000-0000-01" }, "objection_id: the check"},
		{"an id in a second spelling", "objection_raised", func(e *event.Event) { e.Side.ObjectionID = "0000000000" }, "objection_id: not in its one spelling"},
		{"an id with a newline", "objection_raised", func(e *event.Event) { e.Side.ObjectionID = "0000-0000-0\n" }, "objection_id: a character"},
		{"an objection to nothing", "objection_raised", func(e *event.Event) { e.Side.Subject = event.Key{} }, "subject: missing, and none of"},
		{"items out of order", "objection_to_items", func(e *event.Event) { slices.Reverse(e.Side.Items) }, "item: not in ascending order"},
		{"an item twice", "objection_to_items", func(e *event.Event) { e.Side.Items[1] = e.Side.Items[0] }, "item: not in ascending order"},
		{"an item of zeros", "objection_to_items", func(e *event.Event) { e.Side.Items[0] = event.Key{} }, "item: zero"},
		{"no purposes", "objection_raised", func(e *event.Event) { e.Side.Purposes = event.Purposes{} }, "purposes: missing"},
		{"purposes out of order", "objection_raised", func(e *event.Event) { e.Side.Purposes.Names = []string{"b", "a"} }, "purposes: purposes not in ascending order"},
		{"a purpose called star", "objection_raised", func(e *event.Event) { e.Side.Purposes = event.PurposesOf("*") }, "purposes: not a purpose's name"},
		{"two purposes in one name", "objection_raised", func(e *event.Event) { e.Side.Purposes = event.PurposesOf("a,b") }, "purposes: not a purpose's name"},
		{"a country in lower case", "objection_raised", func(e *event.Event) { e.Side.Country = "de" }, "country: not a country's code"},
		{"no channel", "objection_raised", func(e *event.Event) { e.Side.Channel = "" }, "channel: missing"},
		{"a deadline's answer without a deadline", "objection_raised", func(e *event.Event) { e.Side.BeforeDeadline = true }, "before_deadline: without a deadline"},
		{"asks out of order", "objection_to_items", func(e *event.Event) { slices.Reverse(e.Side.AlsoAsks) }, "also_asks: not in ascending order"},
		{"a withdrawal of nothing", "withdrawal_lifted", func(e *event.Event) { e.Side.Lifts = nil }, "lifts: missing"},
		{"a withdrawal of revision 0", "withdrawal_lifted", func(e *event.Event) { e.Side.Lifts[0].Revision = 0 }, "lifts: not a number"},
		{"a withdrawal for no purpose", "withdrawal_lifted", func(e *event.Event) { e.Side.Lifts[0].Purposes = event.Purposes{} }, "lifts: not a purpose's name"},
		{"lifts out of order", "withdrawal_narrowed", func(e *event.Event) { slices.Reverse(e.Side.Lifts) }, "lifts: not in ascending order"},
		{"no proof", "withdrawal_lifted", func(e *event.Event) { e.Side.Proof = 0 }, "proof: missing"},
		{"an unknown proof", "withdrawal_lifted", func(e *event.Event) { e.Side.Proof = 9 }, "proof: not one of the words"},
		{"a withdrawal with items", "withdrawal_lifted", func(e *event.Event) { e.Side.Items = []event.Key{photo7} }, "item: not a field of this type"},
		{"a change without an act", "withdrawal_lifted", func(e *event.Event) { e.Side.Changes[0].Act = 0 }, "change: not an act of the format"},
		{"a change of no table", "withdrawal_lifted", func(e *event.Event) { e.Side.Changes[0].Table = 0 }, "change: not one of the three tables"},
		{"a change of no key", "withdrawal_lifted", func(e *event.Event) { e.Side.Changes[0].Key = event.Key{} }, "change: a key of zeros"},
		{"a clearing at a time", "withdrawal_lifted", func(e *event.Event) { e.Side.Changes[0].At = e.Side.RecordedAt }, "change: more than a table and a key"},
		{"a content key erased", "erasure_of_items", func(e *event.Event) { e.Side.Changes[0].Table = event.TableContentKey }, "change: an act that keys of this table do not have"},
		{"an erasure of a subject without a time", "erasure_of_a_person", func(e *event.Event) { e.Side.Changes[0].At = time.Time{} }, "change: "},
		{"an erasure of an item with a time", "erasure_of_items", func(e *event.Event) { e.Side.Changes[0].At = e.Side.RecordedAt }, "change: more than a table and a key"},
		{"a subject withheld", "items_changed", func(e *event.Event) { e.Side.Changes[0].Table = event.TableSubject }, "change: an act that keys of this table do not have"},
		{"an item withheld for a purpose", "items_changed", func(e *event.Event) { e.Side.Changes[0].Purposes = event.Purposes{All: true} }, "change: "},
		{"a report of no item", "items_changed", func(e *event.Event) { e.Side.Reports[0].Item = event.Key{} }, "report: a key of zeros"},
		{"a report without a time", "items_changed", func(e *event.Event) { e.Side.Reports[0].At = time.Time{} }, "report: "},
		{"a cover of no subject", "subjects_unlinked", func(e *event.Event) { e.Side.Covers[0].Subject = event.Key{} }, "cover: a key of zeros"},
		{"a cover of no filing", "subjects_unlinked", func(e *event.Event) { e.Side.Covers[0].ObjectionID = "" }, "cover: "},
		{"a link of no one", "subjects_linked", func(e *event.Event) { e.Side.Linked = nil }, "linked: missing"},
		{"an annulment of nothing", "objections_annulled", func(e *event.Event) { e.Side.Lifts = nil }, "lifts: missing"},
		{"a clearing for a country", "withdrawal_lifted", func(e *event.Event) { e.Side.Changes[0].Country = "DE" }, "change: more than a table and a key"},
		{"an objection for no purpose", "objection_in_force", func(e *event.Event) { e.Side.Changes[0].Purposes = event.Purposes{} }, "change: not a purpose's name"},
		{"an objection of a country called hyphen", "objection_in_force", func(e *event.Event) { e.Side.Changes[0].Country = "-" }, "change: not a country's code"},
		{"a policy without its document", "policy_applied", func(e *event.Event) { e.Side.Document = event.Hash{} }, "document: missing"},
		{"a policy without its version", "policy_applied", func(e *event.Event) { e.Leaf.Policy = 0 }, "policy: missing"},
		{"a policy with changes", "policy_applied", func(e *event.Event) { e.Side.Changes = make([]event.Change, 1) }, "change: not a field of this type"},
		{"a danger without a ground", "policy_applied", func(e *event.Event) { e.Side.Acknowledge[0] = "EXTRATERRITORIAL" }, "acknowledge: not a danger's word"},
		{"a danger with a ground of nothing", "policy_applied", func(e *event.Event) { e.Side.Acknowledge[0] = "EXTRATERRITORIAL " }, "acknowledge: begins or ends"},
		{"a ground that begins with a newline", "policy_applied", func(e *event.Event) { e.Side.Acknowledge[0] = "EXTRATERRITORIAL \nyes" }, "acknowledge: not a danger's word"},
		{"a ground without a danger", "policy_applied", func(e *event.Event) { e.Side.Acknowledge[0] = "because we may" }, "acknowledge: not a danger's word"},
		{"a ground with a tab", "policy_applied", func(e *event.Event) { e.Side.Acknowledge[0] = "EXTRATERRITORIAL a\tb" }, "acknowledge: a control"},
		{"a ground beyond its bound", "policy_applied", func(e *event.Event) {
			e.Side.Acknowledge[0] = "EXTRATERRITORIAL " + strings.Repeat("x", event.MaxAcknowledgeBytes-len("EXTRATERRITORIAL ")+1)
		}, "acknowledge: too long"},
		{"a resumption with places", "regime_resumed", func(e *event.Event) { e.Side.Places = []string{"BE"} }, "place: not a field of this type"},
		{"a place that is a group", "regime_suspended", func(e *event.Event) { e.Side.Places = []string{"EEA"} }, "place: not a country's code"},
		{"places out of order", "regime_suspended", func(e *event.Event) { slices.Reverse(e.Side.Places) }, "place: not in ascending order"},
		{"a withdrawal without effect", "withdrawal_lifted", func(e *event.Event) { e.Side.NoEffect = event.PurposesOf("a") }, "no_effect: not a field of this type"},
		{"no effect for a purpose that is none", "objection_recorded_only", func(e *event.Event) { e.Side.NoEffect = event.PurposesOf("A") }, "no_effect: not a purpose's name"},
		{"a suspension without a reason", "regime_suspended", func(e *event.Event) { e.Side.Reason = "" }, "reason: missing"},
		{"a suspension for no purpose", "regime_suspended", func(e *event.Event) { e.Side.Purposes = event.Purposes{} }, "purposes: missing"},
		{"a reason that is not UTF-8", "regime_suspended", func(e *event.Event) { e.Side.Reason = "a\xffb" }, "reason: not UTF-8"},
		{"a reason that ends in a space", "regime_suspended", func(e *event.Event) { e.Side.Reason += " " }, "reason: begins or ends"},
		{"a reason that turns the text round", "regime_suspended", func(e *event.Event) { e.Side.Reason = "a\u202eb" }, "reason: a control, separator or bidirectional"},
		{"a reason with a line separator", "regime_suspended", func(e *event.Event) { e.Side.Reason = "a\u2028b" }, "reason: a control, separator or bidirectional"},
		{"no list", "regime_resumed", func(e *event.Event) { e.Side.Person = nil }, "person: missing"},
		{"a value that the list has not", "regime_resumed", func(e *event.Event) { e.Side.Person = e.Side.Person[:1] }, "person: not the list"},
		{"a value that only the list has", "genesis", func(e *event.Event) { e.Side.Person = append(e.Side.Person, e.Side.Person[0]) }, "person: not the list"},
		{"another tag", "regime_resumed", func(e *event.Event) { e.Side.Person[1].Tag = "reason" }, "person: not the list"},
		{"a tag with a newline", "regime_resumed", func(e *event.Event) { e.Side.Person[1].Tag = "a\nb" }, "person: not the name"},
		{"a blinded value of zeros", "regime_resumed", func(e *event.Event) { e.Side.Person[0].Sum = event.Hash{} }, "person: zero"},
		{"a row beyond its bound", "objection_raised", func(e *event.Event) {
			e.Side.Changes = slices.Repeat([]event.Change{{Act: event.ActClear, Table: event.TableItem, Key: photo7}}, 21_000)
		}, "parse side row: too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, _, _ := fixtureNamed(t, tt.of)
			tt.change(&f.event)
			leaf, side, err := event.Seal(f.event)
			if !errors.Is(err, event.ErrMalformed) {
				t.Fatalf("Seal: %v, want ErrMalformed; it wrote\n%s%s", err, leaf, side)
			}
			if leaf != nil || side != nil {
				t.Errorf("Seal refused and returned bytes")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Seal: %q, want it to say %q", err, tt.want)
			}
		})
	}
}

func TestSealNamesBothParts(t *testing.T) {
	f, _, _ := fixtureNamed(t, "objection_raised")
	f.event.Leaf.Effect = 0
	f.event.Side.Role = ""
	_, _, err := event.Seal(f.event)
	for _, want := range []string{"effect: missing", "role: missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Seal: %v, want it to say %q", err, want)
		}
	}
}

func TestOpenRefusesAnotherSideRow(t *testing.T) {
	_, leaf, side := fixtureNamed(t, "objection_in_force")
	_, otherLeaf, otherSide := fixtureNamed(t, "objection_raised")
	tests := []struct {
		name       string
		leaf, side []byte
		want       error
	}{
		{"another event's row", leaf, otherSide, event.ErrMismatch},
		{"another event's leaf", otherLeaf, side, event.ErrMismatch},
		{"no row", leaf, nil, event.ErrMismatch},
		{"a row of garbage", leaf, []byte("garbage"), event.ErrMismatch},
		{"no leaf", nil, side, event.ErrMalformed},
		{"a leaf that commits to garbage", relink(leaf, []byte("garbage")), []byte("garbage"), event.ErrMalformed},
		{"another day", bytes.Replace(leaf, []byte("day 2025-05-20"), []byte("day 2025-05-21"), 1), side, event.ErrMismatch},
		{"another list", swapPerson(t, leaf), side, event.ErrMismatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := event.Open(tt.leaf, tt.side)
			if !errors.Is(err, tt.want) {
				t.Errorf("Open: %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(event.Event{}, got); diff != "" {
				t.Errorf("Open refused and returned an event:\n%s", diff)
			}
		})
	}
}

// relink makes leaf commit to side.
func relink(leaf, side []byte) []byte {
	l, err := event.ParseLeaf(leaf)
	if err != nil {
		panic(err)
	}
	l.Record = sha256.Sum256(side)
	return l.Append(nil)
}

func swapPerson(t *testing.T, leaf []byte) []byte {
	t.Helper()
	l, err := event.ParseLeaf(leaf)
	if err != nil {
		t.Fatal(err)
	}
	l.Person[31] ^= 1
	return l.Append(nil)
}

// Whatever bit of a side row flips, the leaf knows.
func TestOpenFindsEveryFlippedBit(t *testing.T) {
	_, leaf, side := fixtureNamed(t, "withdrawal_narrowed")
	for i := range side {
		for bit := range 8 {
			flipped := bytes.Clone(side)
			flipped[i] ^= 1 << bit
			if _, err := event.Open(leaf, flipped); !errors.Is(err, event.ErrMismatch) {
				t.Fatalf("byte %d, bit %d flipped: %v, want ErrMismatch", i, bit, err)
			}
		}
	}
}

// No value in an error: somebody's text may be in it.
func TestErrorsNameNoValue(t *testing.T) {
	_, leaf, side := fixtureNamed(t, "objection_to_items")
	const canary = "canary"
	for _, at := range strings.SplitAfter(string(side), "\n") {
		if at == "" {
			continue
		}
		name, _, _ := strings.Cut(at, " ")
		for _, bad := range []string{canary + " " + canary + "\n", name + " " + canary + "\x01" + canary + "\n", strings.TrimSuffix(at, "\n") + canary + "\xff\n"} {
			text := strings.Replace(string(side), at, bad, 1)
			_, err := event.ParseSide([]byte(text), event.TypeObjectionFiled)
			if err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("ParseSide with %q: %v, want an error without the value", bad, err)
			}
			if _, err := event.Open(relink(leaf, []byte(text)), []byte(text)); err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("Open with %q: %v, want an error without the value", bad, err)
			}
		}
	}
}

func TestCommitIsOverTheLines(t *testing.T) {
	list := []event.Blinded{{Tag: "country", Sum: event.Hash{1}}, {Tag: "purposes", Sum: event.Hash{2}}}
	want := sha256.Sum256([]byte("veto/person/v1\n" +
		"person country 01" + strings.Repeat("00", 31) + "\n" +
		"person purposes 02" + strings.Repeat("00", 31) + "\n"))
	if got := event.Commit(list); got != want {
		t.Errorf("Commit = %x, want %x", got, want)
	}
	if event.Commit(list) == event.Commit([]event.Blinded{list[1], list[0]}) {
		t.Error("Commit is the same in another order")
	}
	if event.Commit(list) == event.Commit(list[:1]) {
		t.Error("Commit is the same of a shorter list")
	}
}

func TestLeafHash(t *testing.T) {
	// RFC 9162, 2.1.1: the hash of the empty leaf is SHA-256(0x00).
	want := sha256.Sum256([]byte{0})
	if got := event.LeafHash(nil); got != want {
		t.Errorf("LeafHash(nil) = %x, want %x", got, want)
	}
	want = sha256.Sum256([]byte("\x00leaf"))
	if got := event.LeafHash([]byte("leaf")); got != want {
		t.Errorf("LeafHash = %x, want %x", got, want)
	}
}
