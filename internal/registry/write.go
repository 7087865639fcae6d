package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

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

// call is what every event of one request has in common. It is fixed before the request is resolved, so that resolving
// again comes to the same.
type call struct {
	actor   Actor
	request event.RequestID
	salts   salts
}

// ids are the raw ids behind the keyed hashes of a side row, in the order of the hashes: what the person list blinds.
// They live for the length of the call.
type ids struct {
	subject     string
	items       []string
	contentKeys []string
}

// errMoved says that the view is older than the last change of policy or suspensions: fold on and resolve again.
var errMoved = errors.New("the policy or its suspensions changed meanwhile")

// resolver decides what a request comes to. It is handed the view that the policy is read from, which is as new as the
// log under its lock in all that it is read for.
type resolver func(p store.Present, v *View) (store.Verdict, error)

// write carries out a request: it resolves it in the log's transaction and returns when what it came to is durable and,
// here, in force.
func (r *Registry) write(ctx context.Context, requestID, method string, content proto.Message, resolve resolver) (store.Appended, *View, error) {
	id, err := event.ParseRequestID(lower(requestID))
	if err != nil {
		return store.Appended{}, nil, &InvalidError{Fields: []FieldFault{{Field: "request_id", Message: "want a UUID of your own, so that a retry is known as one"}}}
	}
	fingerprint, err := r.fingerprint(method, content)
	if err != nil {
		return store.Appended{}, nil, err
	}
	for {
		view, err := r.View()
		if err != nil {
			return store.Appended{}, nil, err
		}
		var moved event.Revision
		appended, err := r.log.Append(ctx, store.Command{
			RequestID:   [16]byte(id),
			Fingerprint: fingerprint,
			Resolve: func(_ context.Context, p store.Present) (store.Verdict, error) {
				last, err := p.Latest(switchKey)
				if err != nil {
					return store.Verdict{}, err
				}
				if last > view.switched {
					moved = last
					return store.Verdict{}, errMoved
				}
				return resolve(p, view)
			},
		})
		if errors.Is(err, errMoved) {
			if _, err := r.await(ctx, moved); err != nil {
				return store.Appended{}, nil, err
			}
			continue
		}
		if err != nil {
			return store.Appended{}, nil, err
		}
		view, err = r.await(ctx, appended.Head)
		return appended, view, err
	}
}

// fingerprint is what tells a retry from another request under the same id. It is keyed, since the content has ids.
func (r *Registry) fingerprint(method string, content proto.Message) (event.Hash, error) {
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(content)
	if err != nil {
		return event.Hash{}, fmt.Errorf("fingerprint request: %w", err)
	}
	return r.keys.Fingerprint(slices.Concat([]byte(method+"\n"), text)), nil
}

// call draws what the events of a request have in common.
func (r *Registry) call(actor Actor, requestID string) (call, error) {
	id, err := event.ParseRequestID(lower(requestID))
	if err != nil {
		return call{}, &InvalidError{Fields: []FieldFault{{Field: "request_id", Message: "want a UUID of your own, so that a retry is known as one"}}}
	}
	drawn, err := drawSalts(r.config.Rand)
	return call{actor: actor, request: id, salts: drawn}, err
}

// side begins the side row of an event. An event is never stamped before the one it follows, also where a clock went
// back a little.
func (c call) side(keys *subject.Keys, now time.Time, head store.Head) event.Side {
	now = now.UTC().Truncate(time.Microsecond)
	if now.Before(head.Time) {
		now = head.Time
	}
	return event.Side{
		Salt: c.salts.person, RecordSalt: c.salts.record, KeyID: keys.KeyID(), RecordedAt: now,
		Actor: c.actor.Name, Role: c.actor.Role, RequestID: c.request,
	}
}

// seal blinds the private values of an event and makes the record of it.
func (c call) seal(e event.Event, known ids, keys []event.Key, documents ...[]byte) (*store.Record, error) {
	var items, contentKeys int
	for line, value := range e.Side.Private() {
		text := value.Text
		if text == "" {
			switch value.Tag {
			case "subject_id":
				text = known.subject
			case "item_id":
				text = known.items[items]
				items++
			case "content_key":
				text = known.contentKeys[contentKeys]
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

// blindSet hashes ids to a set, as a side row has it, and returns the ids in the set's order.
func blindSet(ids []string, hash func(string) [16]byte) (keys []event.Key, ordered []string) {
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

// lower is a UUID in the one spelling that events have.
func lower(id string) string {
	b := []byte(id)
	for i, c := range b {
		if 'A' <= c && c <= 'F' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
