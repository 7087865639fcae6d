package storetest

import (
	"context"
	"iter"
	"sync"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// Misordering is a log whose events become visible out of order, late or never, as a broken database or a lagging
// standby would show them. Its Read breaks the contract as it was told to; all else, the head too, is the true log's.
// It is safe for concurrent use.
type Misordering struct {
	store.Log

	mu      sync.Mutex
	hidden  map[event.Revision]int            // how many more reads do not see it; negative: none ever does
	swapped map[event.Revision]event.Revision // which one is shown in its place
}

var _ store.Log = (*Misordering)(nil)

// Misorder wraps a log. At first it keeps the contract.
func Misorder(log store.Log) *Misordering {
	return &Misordering{Log: log, hidden: map[event.Revision]int{}, swapped: map[event.Revision]event.Revision{}}
}

// Hide keeps an event from every Read until Show: those after it are seen.
func (m *Misordering) Hide(revision event.Revision) { m.Delay(revision, -1) }

// Delay keeps an event from the next so many calls of Read that would have shown it, and those after it from none.
func (m *Misordering) Delay(revision event.Revision, reads int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hidden[revision] = reads
}

// Swap shows two events in each other's place.
func (m *Misordering) Swap(one, other event.Revision) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.swapped[one], m.swapped[other] = other, one
}

// Show takes everything back: from the next Read on, the log keeps the contract.
func (m *Misordering) Show() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.hidden)
	clear(m.swapped)
}

// Read yields the events as they were disarranged when it began.
func (m *Misordering) Read(ctx context.Context, after event.Revision) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		var entries []store.Entry
		for e, err := range m.Log.Read(ctx, after) {
			if err != nil {
				yield(store.Entry{}, err)
				return
			}
			entries = append(entries, e)
		}
		for _, e := range m.disarrange(entries) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *Misordering) disarrange(entries []store.Entry) (shown []store.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := map[event.Revision]store.Entry{}
	for _, e := range entries {
		at[e.Revision] = e
	}
	for _, e := range entries {
		if other, ok := at[m.swapped[e.Revision]]; ok {
			e = other
		}
		if left := m.hidden[e.Revision]; left != 0 {
			m.hidden[e.Revision] = left - 1
			continue
		}
		shown = append(shown, e)
	}
	return shown
}
