package filing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// begun is a filing from which nothing was lifted.
func begun(revision event.Revision, e event.Event) Filing {
	f := Filing{Revision: revision, Event: e, Standing: e.Side.Purposes, Linked: map[event.Key]event.Purposes{}, Kept: map[event.Key]event.Purposes{}}
	for _, key := range e.Side.Linked {
		f.Linked[key] = e.Side.Purposes
	}
	return f
}

// Names says whether it was filed for an id, names it besides, or is kept for it.
func (f *Filing) Names(subject event.Key) bool {
	_, linked := f.Linked[subject]
	_, kept := f.Kept[subject]
	return f.Event.Side.Subject == subject || linked || kept
}

// For are the purposes for which it stands for one id, by itself: what ids that are linked lend each other comes on top.
func (f *Filing) For(subject event.Key) event.Purposes {
	var own event.Purposes
	if f.Event.Side.Subject == subject {
		own = f.Standing
	}
	return own.Union(f.Linked[subject]).Union(f.Kept[subject])
}

// As is the filing as it stands for one of the ids that it names.
func (f *Filing) As(subject event.Key) Filing {
	one := *f
	one.Standing = f.For(subject)
	return one
}

// left is what stands for an id; with the zero key, for any that the filing named.
func (f *Filing) left(subject event.Key) event.Purposes {
	if subject != (event.Key{}) {
		return f.For(subject)
	}
	all := f.Standing
	for _, purposes := range f.Linked {
		all = all.Union(purposes)
	}
	return all
}

// Stands is what stands of it for anybody.
func (f *Filing) Stands() event.Purposes {
	all := f.left(event.Key{})
	for _, purposes := range f.Kept {
		all = all.Union(purposes)
	}
	return all
}

// lift takes purposes from it for an id; with the zero key, for all that the filing named. What parted ids keep is theirs alone.
func (f *Filing) lift(subject event.Key, wanted event.Purposes) {
	whole := subject == event.Key{}
	if whole || f.Event.Side.Subject == subject {
		f.Standing = f.Standing.Minus(wanted)
	}
	for key := range f.Linked {
		if whole || key == subject {
			f.Linked[key] = f.Linked[key].Minus(wanted)
		}
	}
	if kept, ok := f.Kept[subject]; ok {
		f.Kept[subject] = kept.Minus(wanted)
	}
}

// take is lift by an event. What is annulled was never to be: nobody keeps it.
func (f *Filing) take(e event.Event, purposes event.Purposes) {
	if e.Leaf.Type != event.TypeObjectionsAnnulled {
		f.lift(e.Side.Subject, purposes)
		return
	}
	f.Annulled = true
	f.lift(event.Key{}, purposes)
	for key := range f.Kept {
		f.lift(key, purposes)
	}
}

// Annul undoes filings, for everybody that they name or are kept for, and says what that lifts. Those of which nothing stands are left as they are.
func Annul(filings []Filing) (lifts []event.Lift) {
	for i := range filings {
		f := &filings[i]
		left := f.Stands()
		if !left.IsZero() {
			lifts = append(lifts, event.Lift{Revision: f.Revision, Purposes: left})
			f.take(event.Event{Leaf: event.Leaf{Type: event.TypeObjectionsAnnulled}}, left)
		}
	}
	return lifts
}

func (f *Filing) keep(c event.Cover) { f.Kept[c.Subject] = f.Kept[c.Subject].Union(c.Purposes) }

// Subjects are the ids that it names or is kept for, ascending.
func (f *Filing) Subjects() []event.Key {
	ids := slices.Concat(slices.Collect(maps.Keys(f.Linked)), slices.Collect(maps.Keys(f.Kept)))
	if f.Event.Side.Subject != (event.Key{}) {
		ids = append(ids, f.Event.Side.Subject)
	}
	return SortedKeySet(ids)
}

// AboutFor is About as far as one id goes; with the zero key, for all ids that it names.
func (f *Filing) AboutFor(subject event.Key) []Thing {
	if !f.IsAll() {
		return f.About()
	}
	ids := []event.Key{subject}
	if subject == (event.Key{}) {
		ids = f.Subjects()
	}
	things := make([]Thing, len(ids))
	for i, key := range ids {
		things[i] = Thing{event.TableSubject, key}
	}
	return things
}

// Protection is what filings about everything come to for ids of one person.
func Protection(members []event.Key, filings []Filing) map[Under]event.Purposes {
	standing := map[Under]event.Purposes{}
	for i := range filings {
		f := &filings[i]
		if !f.IsAll() {
			continue
		}
		for _, key := range members {
			f.add(standing, f.For(key))
		}
	}
	return standing
}

// Load reads the filings that some keys find, those that parted ids keep, and those that were matched with them, each with all that ever became of it: what
// happened to a filing for one id is not found by another.
func Load(read func(...event.Key) ([]store.Entry, error), number func(string) [16]byte, keys ...event.Key) ([]Filing, error) {
	entries, err := readAll(read, keys)
	if err != nil {
		return nil, err
	}
	numbers, err := numbersIn(entries)
	if err != nil {
		return nil, err
	}
	all := map[event.Key]bool{}
	for _, key := range keys {
		all[key] = true
	}
	found := len(all)
	for _, id := range numbers {
		all[number(string(id))] = true
	}
	if len(all) > found {
		if entries, err = readAll(read, slices.Collect(maps.Keys(all))); err != nil {
			return nil, err
		}
	}
	return History(entries)
}

// readAll reads the events of however many keys, each once, in order.
func readAll(read func(...event.Key) ([]store.Entry, error), keys []event.Key) ([]store.Entry, error) {
	if len(keys) <= store.MaxKeys {
		return read(keys...)
	}
	var all []store.Entry
	for some := range slices.Chunk(keys, store.MaxKeys) {
		entries, err := read(some...)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	slices.SortFunc(all, func(a, b store.Entry) int { return cmp.Compare(a.Revision, b.Revision) })
	return slices.CompactFunc(all, func(a, b store.Entry) bool { return a.Revision == b.Revision }), nil
}

// numbersIn are the numbers of the filings that events are, keep for somebody, or are about.
func numbersIn(entries []store.Entry) ([]event.ObjectionID, error) {
	var numbers []event.ObjectionID
	for _, entry := range entries {
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
		}
		if e.Side.ObjectionID != "" {
			numbers = append(numbers, e.Side.ObjectionID)
		}
		for _, cover := range e.Side.Covers {
			numbers = append(numbers, cover.ObjectionID)
		}
	}
	return numbers, nil
}

// Group are the ids that are linked with a subject, itself among them, ascending, after the events of its links.
func Group(entries []store.Entry, subject event.Key) ([]event.Key, error) {
	group := []event.Key{subject}
	for _, entry := range entries {
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			return nil, err
		}
		switch members := e.Side.Members; {
		case holds(members, subject):
			group = members
		case e.Leaf.Type == event.TypeSubjectsUnlinked:
			group = []event.Key{subject} // it is one of those that were parted, or the last that was left
		}
	}
	return group, nil
}

// ErasedBefore is the latest time before which a subject's content is erased; zero: nothing is.
func ErasedBefore(entries []store.Entry, subject event.Key) (event.Change, error) {
	var latest event.Change
	for _, entry := range entries {
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			return event.Change{}, err
		}
		for _, c := range e.Side.Changes {
			if c.Act == event.ActErase && c.Key == subject && c.At.After(latest.At) {
				latest = c
			}
		}
	}
	return latest, nil
}
