package registry

import (
	"errors"
	"fmt"
	"slices"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// filing is one objection as it stands after some events.
type filing struct {
	revision event.Revision
	event    event.Event
	// standing are the purposes that were not lifted from it; none: it is withdrawn wholly.
	standing event.Purposes
}

// isAll says whether it is about everything rather than named items or content keys.
func (f *filing) isAll() bool { return len(f.event.Side.Items)+len(f.event.Side.ContentKeys) == 0 }

// verified says whether the person was verified when it was filed.
func (f *filing) verified() bool { return f.event.Side.Verification == verified }

// covers says whether it protects at least as far as another would: nothing would be gained by filing that one.
func (f *filing) covers(other event.Side) bool {
	return f.standing.Union(other.Purposes).Equal(f.standing) &&
		f.event.Side.Country == other.Country &&
		(f.isAll() || len(other.Items)+len(other.ContentKeys) > 0 &&
			containsAll(f.event.Side.Items, other.Items) && containsAll(f.event.Side.ContentKeys, other.ContentKeys))
}

// containsAll says whether a set of keys holds another.
func containsAll(set, wanted []event.Key) bool {
	return !slices.ContainsFunc(wanted, func(key event.Key) bool { return !slices.Contains(set, key) })
}

// touches says whether it is about what a key of a table stands for.
func (f *filing) touches(table event.Table, key event.Key) bool {
	switch table {
	case event.TableSubject:
		return f.isAll() && f.event.Side.Subject == key
	case event.TableItem:
		return slices.Contains(f.event.Side.Items, key)
	default:
		return slices.Contains(f.event.Side.ContentKeys, key)
	}
}

// history reads the filings among the events of some keys, oldest first, with what was lifted from them.
func history(entries []store.Entry) ([]filing, error) {
	var filings []filing
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
			filings = append(filings, filing{revision: entry.Revision, event: e, standing: e.Side.Purposes})
		case event.TypeObjectionWithdrawn:
			for _, lift := range e.Side.Lifts {
				for i := range filings {
					if filings[i].revision == lift.Revision {
						filings[i].standing = filings[i].standing.Minus(lift.Purposes)
					}
				}
			}
		}
	}
	return filings, nil
}

// filingOf opens the event of one filing.
func filingOf(entry store.Entry) (filing, error) {
	filings, err := history([]store.Entry{entry})
	if err == nil && len(filings) != 1 {
		err = errors.New("the event is no filing")
	}
	if err != nil {
		return filing{}, err
	}
	return filings[0], nil
}

// remaining are the changes that leave a key with what its filings still say, and with nothing else.
func remaining(table event.Table, key event.Key, filings []filing) []event.Change {
	byCountry := map[string]event.Purposes{}
	for i := range filings {
		if f := &filings[i]; f.touches(table, key) && !f.standing.IsZero() {
			byCountry[f.event.Side.Country] = byCountry[f.event.Side.Country].Union(f.standing)
		}
	}
	changes := []event.Change{{Act: event.ActClear, Table: table, Key: key}}
	for _, country := range sortedKeys(byCountry) {
		changes = append(changes, event.Change{Act: event.ActObject, Table: table, Key: key, Country: country, Purposes: byCountry[country]})
	}
	return changes
}
