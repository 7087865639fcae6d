package resolve

import (
	"fmt"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/store"
)

// Annulment is one part of an annulment: filings few enough for one event.
type Annulment struct {
	*vetov1.AnnulObjectionsRequest
	// Import is the key of the import; zero: by actor.
	Import event.Key
	// Numbers are the filings that it is about.
	Numbers []event.ObjectionID
}

// Means says whether an event is a filing that an annulment is about.
func (a *Annulment) Means(entry store.Entry) (event.Side, bool, error) {
	leaf, err := event.ParseLeaf(entry.Leaf)
	if err == nil && leaf.Type != event.TypeObjectionFiled || entry.Side == nil {
		return event.Side{}, false, nil
	}
	e, err := event.Open(entry.Leaf, entry.Side)
	if err != nil {
		return event.Side{}, false, fmt.Errorf("%w: revision %d: %w", filing.ErrDamaged, entry.Revision, err)
	}
	side, at := e.Side, e.Side.RecordedAt
	if a.GetImportId() != "" {
		return side, side.Import == a.Import, nil
	}
	from, until := a.GetRecordedFrom(), a.GetRecordedUntil()
	return side, side.Actor == a.GetActor() && (from == nil || !at.Before(from.AsTime())) && (until == nil || at.Before(until.AsTime())), nil
}

// Annulment says what a part of an annulment comes to: filings that nobody verified are undone as if they had not been made. What their owners said besides,
// and what was verified, stays.
func (r *Request) Annulment(a Annulment) (store.Verdict, error) {
	filings, kept, err := Annullable(r.Present.EventsOf, r.Keys.Objection, a.Numbers)
	if err != nil {
		return store.Verdict{}, err
	}
	side := r.side()
	side.Lifts = filing.Annul(filings)
	answer := fmt.Appendf(nil, "%d %d", len(side.Lifts), kept)
	if len(side.Lifts) == 0 {
		return store.Verdict{Answer: answer}, nil
	}
	side.Import, side.Reason = a.Import, a.GetGround()
	changes, keys, err := r.remainingAfter(filings, side.Lifts, event.Key{}, func(one []filing.Filing, _ event.Lift) { filing.Annul(one) })
	if err != nil {
		return store.Verdict{}, err
	}
	side.Changes = changes
	leaf := event.Leaf{Type: event.TypeObjectionsAnnulled, Policy: r.Rules.PolicyVersion(), Effect: event.EffectAnnulled}
	verdict, err := r.seal(event.Event{Leaf: leaf, Side: side}, draft.IDs{}, keys)
	if err != nil {
		return store.Verdict{}, err
	}
	r.unsealed(verdict.Record, filings)
	verdict.Answer = answer
	return verdict, nil
}

// Annullable are those of some filings of which something stands and which nobody verified; kept is how many stay because somebody did.
func Annullable(read func(...event.Key) ([]store.Entry, error), number func(string) [16]byte, numbers []event.ObjectionID) (filings []filing.Filing, kept int, err error) {
	keys := make([]event.Key, len(numbers))
	for i, id := range numbers {
		keys[i] = number(string(id))
	}
	if filings, err = filing.Load(read, number, keys...); err != nil {
		return nil, 0, err
	}
	filings = slices.DeleteFunc(filings, func(f filing.Filing) bool {
		switch meant := slices.Contains(numbers, f.Event.Side.ObjectionID); {
		case !meant || f.Stands().IsZero():
			return true
		case f.Verified():
			kept++
			return true
		}
		return false
	})
	return filings, kept, nil
}
