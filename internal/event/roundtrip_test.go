package event_test

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/event"
)

// Whatever is put into an event, valid or not, Seal refuses it or Open gives back
// exactly that: nothing is lost, cut, or taken for another field.
func TestSealLosesNothing(t *testing.T) {
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			sealed := 0
			rapid.Check(t, func(t *rapid.T) {
				e := f.event
				for range rapid.IntRange(0, 4).Draw(t, "changes") {
					rapid.SampledFrom(spoilers).Draw(t, "field")(t, &e)
				}
				if rapid.IntRange(0, 9).Draw(t, "list") > 0 {
					e.Side.Person = anyList(t, e.Side.Private())
				}
				if sealsWhole(t, e) {
					sealed++
				}
			})
			if sealed == 0 {
				t.Error("nothing was sealed: the test tried nothing")
			}
		})
	}
}

// sealsWhole seals e and opens it again, and says whether e was sealed.
func sealsWhole(t *rapid.T, e event.Event) bool {
	leaf, side, err := event.Seal(e)
	if err != nil {
		if !errors.Is(err, event.ErrMalformed) {
			t.Fatalf("Seal: %v, want ErrMalformed", err)
		}
		return false
	}
	got, err := event.Open(leaf, side)
	if err != nil {
		t.Fatalf("Open: %v\n%s%s", err, leaf, side)
	}
	e.Leaf.Day = e.Side.RecordedAt.UTC().Truncate(24 * time.Hour)
	e.Leaf.Person = event.Commit(e.Side.Person)
	e.Leaf.Record = sha256.Sum256(side)
	if diff := cmp.Diff(e, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("Open(Seal(e)) (-want +got)\n%s", diff)
	}
	return true
}

// spoilers put something into one field: often something that it may hold.
var spoilers = []func(*rapid.T, *event.Event){
	func(t *rapid.T, e *event.Event) {
		e.Leaf.Effect = event.Effect(rapid.IntRange(0, 17).Draw(t, "effect"))
	},
	func(t *rapid.T, e *event.Event) { e.Leaf.Policy = rapid.Uint64().Draw(t, "policy") },
	func(t *rapid.T, e *event.Event) { e.Leaf.Log = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Leaf.Version = rapid.Uint32Range(0, 2).Draw(t, "version") },
	func(t *rapid.T, e *event.Event) { e.Side.KeyID = rapid.Uint32().Draw(t, "key id") },
	func(t *rapid.T, e *event.Event) { e.Side.RecordedAt = anyTime(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Actor = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Role = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.RequestID = event.RequestID(anyKey(t)) },
	func(t *rapid.T, e *event.Event) {
		e.Side.ObjectionID = event.NewObjectionID(rapid.Uint64().Draw(t, "id"))
	},
	func(t *rapid.T, e *event.Event) { e.Side.ObjectionID = event.ObjectionID(anyText(t)) },
	func(t *rapid.T, e *event.Event) { e.Side.Subject = anyKey(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Items = anyKeys(t) },
	func(t *rapid.T, e *event.Event) { e.Side.ContentKeys = anyKeys(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Import = anyKey(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Linked = anyKeys(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Members = anyKeys(t) },
	func(t *rapid.T, e *event.Event) {
		id := event.NewObjectionID(rapid.Uint64().Draw(t, "id"))
		e.Side.Covers = []event.Cover{{Subject: anyKey(t), ObjectionID: id, Purposes: anyPurposes().Draw(t, "covered")}}
	},
	func(t *rapid.T, e *event.Event) { e.Side.Scope = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.MadeBefore = anyTime(t) },
	func(t *rapid.T, e *event.Event) { e.Side.KeptUntil = anyTime(t) },
	func(t *rapid.T, e *event.Event) {
		e.Side.Reports = []event.Report{{Item: anyKey(t), What: rapid.SampledFrom([]string{"", "DELETED", "a"}).Draw(t, "what"), At: anyTime(t)}}
	},
	func(t *rapid.T, e *event.Event) { e.Side.Regime = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Jurisdictions = []string{anyText(t), anyText(t)} },
	func(t *rapid.T, e *event.Event) { e.Side.Places = []string{anyText(t), anyText(t)} },
	func(t *rapid.T, e *event.Event) { e.Side.NoEffect = anyPurposes().Draw(t, "no effect") },
	func(t *rapid.T, e *event.Event) { e.Side.Purposes = anyPurposes().Draw(t, "purposes") },
	func(t *rapid.T, e *event.Event) { e.Side.Purposes.Names = []string{anyText(t)} },
	func(t *rapid.T, e *event.Event) { e.Side.Country = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Channel = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.AlsoAsks = []string{anyText(t)} },
	func(t *rapid.T, e *event.Event) { e.Side.SentAt = anyTime(t) },
	func(t *rapid.T, e *event.Event) { e.Side.ReceivedAt = anyTime(t) },
	func(t *rapid.T, e *event.Event) { e.Side.CaseReference = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.NoticeVersion = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Deadline = anyTime(t) },
	func(t *rapid.T, e *event.Event) { e.Side.BeforeDeadline = rapid.Bool().Draw(t, "before") },
	func(t *rapid.T, e *event.Event) {
		e.Side.Lifts = []event.Lift{{Revision: event.Revision(rapid.Uint64().Draw(t, "revision")), Purposes: anyPurposes().Draw(t, "lifted")}}
	},
	func(t *rapid.T, e *event.Event) { e.Side.Acknowledge = []string{anyText(t)} },
	func(t *rapid.T, e *event.Event) { e.Side.Acknowledge = []string{"SHORT_NOTICE " + anyText(t)} },
	func(t *rapid.T, e *event.Event) { e.Side.Reason = anyText(t) },
	func(t *rapid.T, e *event.Event) { e.Side.Authority = anyText(t) },
	func(t *rapid.T, e *event.Event) {
		e.Side.Changes = []event.Change{{
			Act: event.Act(rapid.IntRange(0, 8).Draw(t, "act")), Table: event.Table(rapid.IntRange(0, 4).Draw(t, "table")),
			Key: anyKey(t), Country: anyText(t), Purposes: anyPurposes().Draw(t, "purposes"), At: anyTime(t),
		}}
	},
	func(t *rapid.T, e *event.Event) {
		e.Side.Changes = []event.Change{{
			Act: event.Act(rapid.IntRange(5, 7).Draw(t, "act")), Table: event.Table(rapid.IntRange(1, 3).Draw(t, "table")), Key: anyKey(t), At: anyTime(t),
		}}
	},
}

func anyText(t *rapid.T) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "-", "DE", "US-CA", "WORD", "A_B", "veto.example", "a\nb", `a\b`, `\n`, "a b", "person x", "\xff"}),
		rapid.String(),
		rapid.StringMatching(`[A-Z]{2}(-[A-Z0-9]{1,4})?`),
	).Draw(t, "text")
}

func anyTime(t *rapid.T) time.Time {
	if rapid.IntRange(0, 9).Draw(t, "none") == 0 {
		return time.Time{}
	}
	micro := rapid.Int64Range(-63_000_000_000_000_000, 260_000_000_000_000_000).Draw(t, "micro")
	nano := rapid.SampledFrom([]time.Duration{0, 0, 0, 1}).Draw(t, "nano")
	zone := time.FixedZone("", 3600*rapid.IntRange(-12, 14).Draw(t, "zone"))
	return time.UnixMicro(micro).Add(nano).In(zone)
}

func anyKey(t *rapid.T) event.Key {
	return event.Key{rapid.Byte().Draw(t, "key"), rapid.ByteRange(0, 1).Draw(t, "key")}
}

func anyKeys(t *rapid.T) []event.Key {
	keys := rapid.SliceOfN(rapid.Custom(anyKey), 0, 4).Draw(t, "keys")
	if rapid.Bool().Draw(t, "sorted") {
		slices.SortFunc(keys, func(a, b event.Key) int { return slices.Compare(a[:], b[:]) })
	}
	return keys
}

func anyList(t *rapid.T, values []event.PrivateValue) []event.Blinded {
	var list []event.Blinded
	for _, v := range values {
		list = append(list, event.Blinded{Tag: v.Tag, Sum: event.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "sum"))})
	}
	return list
}
