// Package resolve says what a request to the register comes to: an event, nothing, or a refusal. It decides on what the log holds under its lock and on the
// active policy, changes neither, and comes to the same however often it is asked.
package resolve

import (
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// What the answer kept with a request id says of it.
const (
	Done       = "done"
	Unchanged  = "unchanged" // and, of filings and consents, the revision of what stands
	Nothing    = "nothing stood"
	Unverified = "unverified"
)

// Rules are what the active policy says.
type Rules interface {
	intake.Rules
	// PolicyVersion is its version; 0: none is active.
	PolicyVersion() uint64
	// Declared are the names of its purposes, Ever those that any version declared.
	Declared() []string
	Ever() []string
	// Deadline is the objection deadline for a filing, and whether it came before; the zero time where there is none.
	Deadline(side event.Side) (at time.Time, before bool)
	// Assessing are the purposes for which the regime of a filing's country assesses objections, those with the earlier names that they took over, and the
	// longest refusal delay that any regime which assesses has for them.
	Assessing(side event.Side, now time.Time) (declared, counted event.Purposes, delay time.Duration)
	// WithoutEffect are the purposes for which a filing has no effect where its country's regime rules, and whether they are all.
	WithoutEffect(side event.Side, now time.Time) (none event.Purposes, all bool)
}

// Request is what every request is resolved with.
type Request struct {
	Keys    *subject.Keys
	Rules   Rules
	Present store.Present
	Call    draft.Call
	Now     time.Time
}

func (r *Request) side() event.Side { return r.Call.Side(r.Keys, r.Now, r.Present.Head()) }

// ConsentsKey is what the events of a subject's consents are indexed under, so that a filing tells at a look whether there were any. It is in no event.
func ConsentsKey(keys *subject.Keys, subject event.Key) event.Key {
	return keys.Objection("consents of " + hex.EncodeToString(subject[:]))
}

// linksKey is the same for the events of a subject's links.
func linksKey(keys *subject.Keys, subject event.Key) event.Key {
	return keys.Objection("links of " + hex.EncodeToString(subject[:]))
}

// group are the ids that are linked with a subject, itself among them.
func (r *Request) group(subject event.Key) ([]event.Key, error) {
	return Group(r.Keys, r.Present.EventsOf, subject)
}

// Group are the ids that are linked with a subject, itself among them, by the events that read finds.
func Group(keys *subject.Keys, read func(...event.Key) ([]store.Entry, error), subject event.Key) ([]event.Key, error) {
	entries, err := read(linksKey(keys, subject))
	if err != nil {
		return nil, err
	}
	return filing.Group(entries, subject)
}

// groups are the ids that are linked with any of some.
func (r *Request) groups(subjects []event.Key) ([]event.Key, error) {
	var all []event.Key
	for _, one := range subjects {
		if slices.Contains(all, one) {
			continue
		}
		group, err := r.group(one)
		if err != nil {
			return nil, err
		}
		all = append(all, group...)
	}
	return filing.SortedKeySet(all), nil
}

// filings are all that some keys find.
func (r *Request) filings(keys ...event.Key) ([]filing.Filing, error) {
	if len(keys) > store.MaxKeys {
		return nil, tooMuch()
	}
	return filing.Load(r.Present.EventsOf, r.Keys.Objection, keys...)
}

// remaining are the changes that leave all that filings were lifted from with what others still say of it, and the keys that the event is found by. With
// the zero key they were lifted for all that they name.
func (r *Request) remaining(filings []filing.Filing, lifts []event.Lift, subject event.Key) (changes []event.Change, keys []event.Key, err error) {
	return r.remainingAfter(filings, lifts, subject, func(one []filing.Filing, lift event.Lift) { filing.Lift(one, subject, lift.Purposes) })
}

// remainingAfter is remaining, where lift says how one filing is lifted.
func (r *Request) remainingAfter(filings []filing.Filing, lifts []event.Lift, subject event.Key, lift func([]filing.Filing, event.Lift)) (changes []event.Change, keys []event.Key, err error) {
	touched, keys := filing.Touched(filings, lifts, subject, r.Keys.Objection)
	var subjects, things []event.Key
	for _, one := range touched {
		if one.Table == event.TableSubject {
			subjects = append(subjects, one.Key)
		}
		things = append(things, one.Key)
	}
	members, err := r.groups(subjects)
	if err != nil {
		return nil, nil, err
	}
	all, err := r.filings(filing.SortedKeySet(append(things, members...))...)
	if err != nil {
		return nil, nil, err
	}
	for _, lifted := range lifts { // what one id's events tell of a filing is not all that others have of it
		for i := range all {
			if all[i].Revision == lifted.Revision {
				lift(all[i:i+1], lifted)
			}
		}
	}
	for _, key := range members {
		group, err := r.group(key)
		if err != nil {
			return nil, nil, err
		}
		changes = append(changes, filing.Remaining(event.TableSubject, key, group, all)...)
		keys = append(keys, key)
	}
	for _, one := range touched {
		if one.Table != event.TableSubject {
			changes = append(changes, filing.Remaining(one.Table, one.Key, nil, all)...)
			keys = append(keys, one.Key)
		}
	}
	return changes, keys, nil
}

// revocations are the changes by which an objection that reaches some subjects beats the consents that they gave before.
func (r *Request) revocations(subjects []event.Key, purposes event.Purposes) ([]event.Change, error) {
	var changes []event.Change
	for _, key := range subjects {
		consented, err := r.Present.Latest(ConsentsKey(r.Keys, key))
		if err != nil {
			return nil, err
		}
		if consented > 0 {
			changes = append(changes, event.Change{Act: event.ActRevoke, Table: event.TableSubject, Key: key, Purposes: purposes})
		}
	}
	return changes, nil
}

// seal makes the verdict of an event.
func (r *Request) seal(e event.Event, known draft.IDs, keys []event.Key) (store.Verdict, error) {
	keys = filing.SortedKeySet(keys)
	record, err := r.Call.Seal(e, known, keys)
	if errors.Is(err, event.ErrMalformed) || err == nil && len(keys) > store.MaxKeys {
		return store.Verdict{}, tooMuch()
	}
	return store.Verdict{Record: record, Answer: []byte(Done)}, err
}

// tooMuch says that one event cannot hold what the request would do.
func tooMuch() error {
	return &intake.InvalidError{Fields: []intake.FieldFault{{Field: "objection_id", Message: "too many filings at once: name them one by one, each by its number"}}}
}
