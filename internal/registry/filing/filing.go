// Package filing is what the log says of single objections: the filings among some events, what was lifted from each, and
// how both are told to a person, as the API's Objection and as a Receipt. It holds no state and decides nothing.
package filing

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// ErrDamaged says that an event is not what it must be: it has no side row, or does not read.
var ErrDamaged = errors.New("the log cannot be folded")

// Filing is one objection as it stands after some events.
type Filing struct {
	// Revision is that of the OBJECTION_FILED.
	Revision event.Revision
	// Event is it.
	Event event.Event
	// Standing are the purposes that were not lifted from it, for its own subject or its items; none: it is withdrawn wholly.
	Standing event.Purposes
	// Linked are the same for each other id that it names.
	Linked map[event.Key]event.Purposes
	// Kept are the same for ids that were linked with one of those, and kept it when they were parted.
	Kept map[event.Key]event.Purposes
	// NotFound says that whose it is was looked for, and not found.
	NotFound bool
	// Decision is what officers did about it.
	Decision Decision
	// Annulled says that it was undone with an import or a flood.
	Annulled bool
}

// IsAll says whether it is about everything rather than named items or content keys.
func (f *Filing) IsAll() bool { return len(f.Event.Side.Items)+len(f.Event.Side.ContentKeys) == 0 }

// Verified says whether the person was verified when it was filed.
func (f *Filing) Verified() bool { return f.Event.Side.Verification == VerifiedWord }

// Covers says whether it protects at least as far as another would, and asks for as much: nothing would be gained by
// filing that one.
func (f *Filing) Covers(other event.Side) bool {
	return f.Standing.Union(other.Purposes).Equal(f.Standing) &&
		f.Event.Side.Country == other.Country &&
		f.Event.Side.NoEffect.Equal(other.NoEffect) && f.Event.Side.Assess.Equal(other.Assess) && // else its receipt would not be true today
		f.Decision.Outcome != event.EffectRefused && // whoever objects again after that is heard anew
		(len(other.AlsoAsks) == 0 || f.Decision.AnsweredAt.IsZero()) &&
		!slices.ContainsFunc(other.AlsoAsks, func(ask string) bool { return !slices.Contains(f.Event.Side.AlsoAsks, ask) }) &&
		(other.CaseReference == "" || other.CaseReference == f.Event.Side.CaseReference) &&
		f.IsAll() == (len(other.Items)+len(other.ContentKeys) == 0) && // everything of one's own is no item of somebody else's
		containsAll(f.Event.Side.Items, other.Items) && containsAll(f.Event.Side.ContentKeys, other.ContentKeys)
}

// containsAll says whether a set of keys holds another.
func containsAll(set, wanted []event.Key) bool {
	return !slices.ContainsFunc(wanted, func(key event.Key) bool { return !holds(set, key) })
}

// Thing is what an objection is about: a subject's content, an item, or content wherever it is offered.
type Thing struct {
	Table event.Table
	Key   event.Key
}

// About are the things that it is about.
func (f *Filing) About() []Thing {
	if f.IsAll() {
		return []Thing{{event.TableSubject, f.Event.Side.Subject}}
	}
	var things []Thing
	for _, key := range f.Event.Side.Items {
		things = append(things, Thing{event.TableItem, key})
	}
	for _, key := range f.Event.Side.ContentKeys {
		things = append(things, Thing{event.TableContentKey, key})
	}
	return things
}

// touches says whether it is about a thing. Sets of keys ascend.
func (f *Filing) touches(table event.Table, key event.Key) bool {
	switch table {
	case event.TableSubject:
		return f.IsAll() && !f.For(key).IsZero()
	case event.TableItem:
		return holds(f.Event.Side.Items, key)
	default:
		return holds(f.Event.Side.ContentKeys, key)
	}
}

// holds says whether an ascending set has a key.
func holds(set []event.Key, key event.Key) bool {
	_, found := slices.BinarySearchFunc(set, key, func(a, b event.Key) int { return bytes.Compare(a[:], b[:]) })
	return found
}

// History reads the filings among the events of some keys, oldest first, with what was lifted from them.
func History(entries []store.Entry) ([]Filing, error) {
	var filings []Filing
	for _, entry := range entries {
		if entry.Side == nil {
			return nil, fmt.Errorf("%w: revision %d has no side row", ErrDamaged, entry.Revision)
		}
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
		}
		switch e.Leaf.Type {
		case event.TypeObjectionFiled:
			filings = append(filings, begun(entry.Revision, e))
		case event.TypeObjectionWithdrawn, event.TypeConsentGranted, event.TypeObjectionsAnnulled: // a consent lifts what it names
			for _, lift := range e.Side.Lifts {
				for i := range filings {
					if filings[i].Revision == lift.Revision {
						filings[i].take(e, lift.Purposes)
					}
				}
			}
		case event.TypeIdentifierMatched, event.TypeObjectionDecided:
			for i := range filings {
				if filings[i].Event.Side.ObjectionID == e.Side.ObjectionID {
					filings[i].Handle(e)
				}
			}
		case event.TypeSubjectsUnlinked:
			for _, cover := range e.Side.Covers {
				for i := range filings {
					if filings[i].Event.Side.ObjectionID == cover.ObjectionID {
						filings[i].keep(cover)
					}
				}
			}
		default: // of no single objection
		}
	}
	return filings, nil
}

// Named are the filings with some numbers, which have to be the subject's; unknown are the places of those numbers that are not.
func Named(filings []Filing, subject event.Key, named []event.ObjectionID) (found []Filing, unknown []int) {
	for n, id := range named {
		at := slices.IndexFunc(filings, func(f Filing) bool { return f.Event.Side.ObjectionID == id && f.Names(subject) })
		if at < 0 {
			unknown = append(unknown, n)
			continue
		}
		found = append(found, filings[at])
	}
	return found, unknown
}

// Lift takes purposes from each filing that has some of them, for one id or, with the zero key, for all that the filing named, and says what that lifts,
// and whether something of one is left.
func Lift(filings []Filing, subject event.Key, wanted event.Purposes) (lifts []event.Lift, narrowed bool) {
	for i := range filings {
		f := &filings[i]
		before := f.left(subject)
		f.lift(subject, wanted)
		left := f.left(subject)
		if lifted := before.Minus(left); !lifted.IsZero() {
			lifts = append(lifts, event.Lift{Revision: f.Revision, Purposes: lifted})
			narrowed = narrowed || !left.IsZero()
		}
	}
	return lifts, narrowed
}

// Touched are all things that the lifted filings are about, each once, as far as they were lifted for a subject or, with the zero key, for all; and the
// keys that the filings are found by. number makes the key of an objection's number.
func Touched(filings []Filing, lifts []event.Lift, subject event.Key, number func(string) [16]byte) (touched []Thing, keys []event.Key) {
	seen := map[Thing]bool{}
	for i := range filings {
		f := &filings[i]
		if !slices.ContainsFunc(lifts, func(l event.Lift) bool { return l.Revision == f.Revision }) {
			continue
		}
		keys = append(keys, number(string(f.Event.Side.ObjectionID)))
		if f.Event.Side.Subject != (event.Key{}) {
			keys = append(keys, f.Event.Side.Subject)
		}
		for _, one := range f.AboutFor(subject) {
			if !seen[one] {
				seen[one] = true
				touched = append(touched, one)
			}
		}
	}
	return touched, keys
}

// EntryAt reads the event of one revision, which is there: ErrDamaged where it is not.
func EntryAt(ctx context.Context, log store.Log, revision event.Revision) (store.Entry, error) {
	for entry, err := range log.Read(ctx, revision-1) {
		if err != nil {
			return store.Entry{}, err
		}
		if entry.Revision == revision {
			return entry, nil
		}
		if entry.Revision > revision {
			break
		}
	}
	return store.Entry{}, fmt.Errorf("%w: no event at revision %d", ErrDamaged, revision)
}

// Of opens the event of one filing.
func Of(entry store.Entry) (Filing, error) {
	filings, err := History([]store.Entry{entry})
	if err == nil && len(filings) != 1 {
		err = errors.New("the event is no filing")
	}
	if err != nil {
		return Filing{}, err
	}
	return filings[0], nil
}

// Changes are what a filing does to the standings: it only ever adds. covered are the ids that it counts for where it is about everything.
func Changes(side event.Side, covered []event.Key) []event.Change {
	var changes []event.Change
	object := func(table event.Table, key event.Key) {
		changes = append(changes, event.Change{Act: event.ActObject, Table: table, Key: key, Country: side.Country, Purposes: side.Purposes})
	}
	if len(side.Items)+len(side.ContentKeys) == 0 {
		for _, key := range covered {
			object(event.TableSubject, key)
		}
	}
	for _, key := range side.Items {
		object(event.TableItem, key)
	}
	for _, key := range side.ContentKeys {
		object(event.TableContentKey, key)
	}
	return changes
}

// Under tells objections apart that stand for one thing: by the country on their record, and from when they are refused.
type Under struct {
	Country string
	Refused int64 // Unix microseconds; 0: they are not
}

// add adds what stands of a filing, apart from what of it is refused.
func (f *Filing) add(standing map[Under]event.Purposes, purposes event.Purposes) {
	refused := f.refused(purposes)
	for under, some := range map[Under]event.Purposes{
		{Country: f.Event.Side.Country}:                                              purposes.Minus(refused),
		{Country: f.Event.Side.Country, Refused: f.Decision.RefusedFrom.UnixMicro()}: refused,
	} {
		if !some.IsZero() {
			standing[under] = standing[under].Union(some)
		}
	}
}

// Remaining are the changes that leave a key with what its filings still say, and with nothing else. For a subject they are the filings of all members,
// the ids that it is linked with.
func Remaining(table event.Table, key event.Key, members []event.Key, filings []Filing) []event.Change {
	standing := map[Under]event.Purposes{}
	if table == event.TableSubject {
		standing = Protection(members, filings)
	} else {
		for i := range filings {
			if f := &filings[i]; f.touches(table, key) {
				f.add(standing, f.Standing)
			}
		}
	}
	changes := []event.Change{{Act: event.ActClear, Table: table, Key: key}}
	for _, under := range slices.SortedFunc(maps.Keys(standing), Under.compare) {
		change := event.Change{Act: event.ActObject, Table: table, Key: key, Country: under.Country, Purposes: standing[under]}
		if under.Refused != 0 {
			change.Act, change.At = event.ActRefuse, time.UnixMicro(under.Refused).UTC()
		}
		changes = append(changes, change)
	}
	return changes
}

func (u Under) compare(other Under) int {
	return cmp.Or(strings.Compare(u.Country, other.Country), cmp.Compare(u.Refused, other.Refused))
}

// UnderOf is what a change of Remaining stands under.
func UnderOf(c event.Change) Under {
	u := Under{Country: c.Country}
	if c.Act == event.ActRefuse {
		u.Refused = c.At.UnixMicro()
	}
	return u
}
