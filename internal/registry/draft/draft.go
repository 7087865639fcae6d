// Package draft makes the events of a request ready for the log: who acted and when, under which salts, with the private values blinded.
package draft

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// Actor is who calls.
type Actor struct {
	// Name is how the server authenticated them: 1 to event.MaxActorBytes bytes.
	Name string
	// Role is what they act as: a word in upper case, e.g. ADMIN.
	Role string
}

// Call is what every event of one request has in common. It is fixed before the request is resolved, so that resolving
// again comes to the same.
type Call struct {
	// Request is the request's id.
	Request event.RequestID

	actor Actor
	salts salts
}

// salts are what hides an event's private values.
type salts struct{ person, record [32]byte }

// New draws the salts of a request.
func New(actor Actor, request event.RequestID, random io.Reader) (Call, error) {
	c := Call{actor: actor, Request: request}
	for _, salt := range [][]byte{c.salts.person[:], c.salts.record[:]} {
		if _, err := io.ReadFull(random, salt); err != nil {
			return Call{}, fmt.Errorf("draw a salt: %w", err)
		}
	}
	return c, nil
}

// IDs are the raw ids behind the keyed hashes of a side row, in the order of the hashes: what the person list blinds.
// They live for the length of the call.
type IDs struct {
	Subject     string
	Linked      []string
	Items       []string
	ContentKeys []string
	Identifiers []string // the type's word, a space, and the identifier
}

// Side begins the side row of an event. An event is never stamped before the one it follows, also where a clock went
// back a little.
func (c Call) Side(keys *subject.Keys, now time.Time, head store.Head) event.Side {
	now = now.UTC().Truncate(time.Microsecond)
	if now.Before(head.Time) {
		now = head.Time
	}
	return event.Side{
		Salt: c.salts.person, RecordSalt: c.salts.record, KeyID: keys.KeyID(), RecordedAt: now,
		Actor: c.actor.Name, Role: c.actor.Role, RequestID: c.Request,
	}
}

// Seal blinds the private values of an event and makes the record of it.
func (c Call) Seal(e event.Event, known IDs, keys []event.Key, documents ...[]byte) (*store.Record, error) {
	var linked, items, contentKeys, identifiers int
	for line, value := range e.Side.Private() {
		text := value.Text
		if text == "" {
			switch value.Tag {
			case "subject_id":
				text = known.Subject
			case "linked_subject_id":
				text = known.Linked[linked]
				linked++
			case "item_id":
				text = known.Items[items]
				items++
			case "identifier":
				text = known.Identifiers[identifiers]
				identifiers++
			case "content_key":
				text = known.ContentKeys[contentKeys]
				contentKeys++
			}
		}
		e.Side.Person = append(e.Side.Person, event.Blinded{Tag: value.Tag, Sum: subject.Blind(c.salts.person, line, value.Tag, text)})
	}
	leaf, side, err := event.Seal(e)
	if err != nil {
		return nil, err
	}
	return &store.Record{Leaf: leaf, Side: side, Keys: keys, Documents: documents, Time: e.Side.RecordedAt}, nil
}

// BlindSet hashes ids to a set, as a side row has it, and returns the ids in the set's order.
func BlindSet(ids []string, hash func(string) [16]byte) (keys []event.Key, ordered []string) {
	byKey := make(map[event.Key]string, len(ids))
	for _, id := range ids {
		byKey[hash(id)] = id
	}
	keys = slices.SortedFunc(maps.Keys(byKey), func(a, b event.Key) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		ordered = append(ordered, byKey[key])
	}
	return keys, ordered
}
