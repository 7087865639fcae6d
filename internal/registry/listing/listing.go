// Package listing reads the log page by page: the events that a filter lets through, newest or oldest first. It holds no state. A listing that is under
// way while others write neither loses nor doubles an event.
package listing

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

const (
	defaultPage = 50
	// maxScanned is how many events are looked at for a page, however few the filter lets through: a page may then be short, or empty, and not the last.
	maxScanned = 10_000
	// window is how many are read at once where the listing goes backwards.
	window = 1000
)

// Seal makes the keyed hash that tells a token which was given out from one that was not.
type Seal func(content []byte) [32]byte

// Events lists the events up to head.
//
// Errors: *intake.InvalidError for a token that was not given out for these filters; those of store.Log.Read; filing.ErrDamaged.
func Events(ctx context.Context, log store.Log, seal Seal, request *vetov1.ListEventsRequest, head event.Revision) (*vetov1.ListEventsResponse, error) {
	l := listing{log: log, request: request, head: head, limit: pageSize(request.GetPageSize())}
	filter := proto.CloneOf(request)
	filter.PageToken, filter.PageSize, filter.MinRevision = "", 0, 0
	about, err := proto.MarshalOptions{Deterministic: true}.Marshal(filter)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	t := tokens{seal: seal, about: about}
	l.next = 1
	if !request.GetOldestFirst() {
		l.next = head
	}
	if given := request.GetPageToken(); given != "" {
		next, ok := t.readOne(given)
		if !ok || next > uint64(head)+1 {
			return nil, badToken()
		}
		l.next = event.Revision(next)
	}
	if request.GetOldestFirst() {
		err = l.forwards(ctx)
	} else {
		err = l.backwards(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	response := &vetov1.ListEventsResponse{Events: l.found, Revision: uint64(head)}
	if l.next > 0 && l.next <= head {
		response.NextPageToken = t.write(uint64(l.next))
	}
	return response, nil
}

// badToken is the error of a token that was not given out.
func badToken() error {
	return &intake.InvalidError{Fields: []intake.FieldFault{{
		Field: "page_token", Message: "not one that was given out for these filters; begin again without one",
	}}}
}

func pageSize(asked int32) int {
	if asked == 0 {
		return defaultPage
	}
	return int(asked)
}

// listing is one page in the making.
type listing struct {
	log     store.Log
	request *vetov1.ListEventsRequest
	head    event.Revision
	limit   int
	scanned int
	next    event.Revision // to look at; 0 or beyond the head: none
	found   []*vetov1.Event
}

func (l *listing) full() bool { return len(l.found) >= l.limit || l.scanned >= maxScanned }

func (l *listing) forwards(ctx context.Context) error {
	if l.next > l.head {
		return nil
	}
	for entry, err := range l.log.Read(ctx, l.next-1) {
		if err != nil {
			return err
		}
		if entry.Revision > l.head || l.full() {
			return nil
		}
		if err := l.look(entry); err != nil {
			return err
		}
		l.next = entry.Revision + 1
	}
	return nil
}

func (l *listing) backwards(ctx context.Context) error {
	for l.next > 0 && !l.full() {
		from := event.Revision(0)
		if l.next > window {
			from = l.next - window
		}
		var entries []store.Entry
		for entry, err := range l.log.Read(ctx, from) {
			if err != nil {
				return err
			}
			if entry.Revision > l.next {
				break
			}
			entries = append(entries, entry)
		}
		for _, entry := range slices.Backward(entries) {
			if l.full() {
				return nil
			}
			if err := l.look(entry); err != nil {
				return err
			}
			l.next = entry.Revision - 1
		}
		if len(entries) == 0 {
			return errors.New("no event where there must be one")
		}
	}
	return nil
}

// look takes an event where the filter lets it through.
func (l *listing) look(entry store.Entry) error {
	l.scanned++
	e, err := Event(entry)
	if err != nil {
		return err
	}
	r := l.request
	at, known := e.GetRecordedAt(), e.GetRecordedAt() != nil
	switch {
	case len(r.GetTypes()) > 0 && !slices.Contains(r.GetTypes(), e.GetType()),
		len(r.GetChannels()) > 0 && !slices.Contains(r.GetChannels(), e.GetChannel()),
		r.GetRecordedFrom() != nil && (!known || at.AsTime().Before(r.GetRecordedFrom().AsTime())),
		r.GetRecordedUntil() != nil && (!known || !at.AsTime().Before(r.GetRecordedUntil().AsTime())):
		return nil
	}
	l.found = append(l.found, e)
	return nil
}

// Event is an event as the API tells it: nothing of it leads to a person but the leaf's commitments.
func Event(entry store.Entry) (*vetov1.Event, error) {
	if entry.Side == nil {
		leaf, err := event.ParseLeaf(entry.Leaf)
		if err != nil {
			return nil, fmt.Errorf("%w: revision %d: %w", filing.ErrDamaged, entry.Revision, err)
		}
		return told(entry, leaf), nil
	}
	e, err := event.Open(entry.Leaf, entry.Side)
	if err != nil {
		return nil, fmt.Errorf("%w: revision %d: %w", filing.ErrDamaged, entry.Revision, err)
	}
	one := told(entry, e.Leaf)
	one.RecordedAt, one.Actor, one.Role = filing.Stamp(e.Side.RecordedAt), e.Side.Actor, e.Side.Role
	one.Channel = filing.EnumOf[vetov1.Channel](e.Side.Channel)
	return one, nil
}

func told(entry store.Entry, leaf event.Leaf) *vetov1.Event {
	return &vetov1.Event{
		Revision: uint64(entry.Revision), Type: vetov1.EventType(vetov1.EventType_value["EVENT_TYPE_"+leaf.Type.String()]),
		PolicyVersion: leaf.Policy, Effect: leaf.Effect.String(), Leaf: entry.Leaf,
	}
}

// PolicyVersions lists n policies, newest first. known is what was folded of each, by its number from 1; the log says who applied it.
//
// Errors: as Events.
func PolicyVersions(ctx context.Context, log store.Log, seal Seal, request *vetov1.ListPolicyVersionsRequest, head, n uint64, known func(n uint64) *vetov1.PolicyVersion) (*vetov1.ListPolicyVersionsResponse, error) {
	from, to, next, err := page(seal, "policy versions", n, request.GetPageSize(), request.GetPageToken())
	if err != nil {
		return nil, err
	}
	response := &vetov1.ListPolicyVersionsResponse{NextPageToken: next, Revision: head}
	for n := from; n >= to && n > 0; n-- {
		one := known(n)
		entry, err := filing.EntryAt(ctx, log, event.Revision(one.GetRevision()))
		if err != nil {
			return nil, fmt.Errorf("list policy versions: %w", err)
		}
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			return nil, fmt.Errorf("%w: revision %d: %w", filing.ErrDamaged, entry.Revision, err)
		}
		one.Actor, one.Acknowledged = e.Side.Actor, filing.Acknowledgements(e.Side.Acknowledge)
		response.Versions = append(response.Versions, one)
	}
	return response, nil
}

// page cuts a page out of n things that are numbered from 1 and listed from the last one down: the first and the last to show, and where to go on.
func page(seal Seal, about string, n uint64, size int32, token string) (from, to uint64, next string, err error) {
	t := tokens{seal: seal, about: []byte(about)}
	from = n
	if token != "" {
		var ok bool
		if from, ok = t.readOne(token); !ok || from > n {
			return 0, 0, "", badToken()
		}
	}
	if left := uint64(pageSize(size)); from > left {
		return from, from - left + 1, t.write(from - left), nil
	}
	return from, 1, "", nil
}

// tokens say where a listing goes on. about is what the listing is of.
type tokens struct {
	seal  Seal
	about []byte
}

const sealBytes = 12

func (t tokens) write(next ...uint64) string {
	var content []byte
	for _, n := range next {
		content = binary.BigEndian.AppendUint64(content, n)
	}
	sum := t.seal(slices.Concat([]byte("page\n"), content, t.about))
	return base64.RawURLEncoding.EncodeToString(append(content, sum[:sealBytes]...))
}

// read reads so many numbers as write wrote.
func (t tokens) read(token string, numbers int) (next []uint64, ok bool) {
	content, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(content) != 8*numbers+sealBytes {
		return nil, false
	}
	for i := range numbers {
		next = append(next, binary.BigEndian.Uint64(content[8*i:]))
	}
	return next, t.write(next...) == token
}

// readOne reads one number.
func (t tokens) readOne(token string) (next uint64, ok bool) {
	if all, ok := t.read(token, 1); ok {
		return all[0], true
	}
	return 0, false
}
