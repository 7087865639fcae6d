package listing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/store"
)

// atOnce is how many filings are looked up together: a look-up each.
const atOnce = 500

// Objections lists the filings up to head, oldest first, as they stand at head. number makes the key of an objection's number.
//
// Errors: as Events; those of store.Log.EventsOf.
func Objections(ctx context.Context, log store.Log, seal Seal, number func(string) [16]byte, request *vetov1.ListObjectionsRequest, head event.Revision) (*vetov1.ListObjectionsResponse, error) {
	filter := proto.CloneOf(request)
	filter.PageToken, filter.PageSize, filter.MinRevision = "", 0, 0
	about, err := proto.MarshalOptions{Deterministic: true}.Marshal(filter)
	if err != nil {
		return nil, fmt.Errorf("list objections: %w", err)
	}
	t := tokens{seal: seal, about: append([]byte("objections\n"), about...)}
	l := objections{log: log, number: number, request: request, head: head, limit: pageSize(request.GetPageSize()), next: 1}
	if given := request.GetPageToken(); given != "" {
		next, ok := t.readOne(given)
		if !ok || next > uint64(head)+1 {
			return nil, badToken()
		}
		l.next = event.Revision(next)
	}
	for scanned := 0; l.next <= head && len(l.found) < l.limit && scanned < maxScanned; {
		n, err := l.more(ctx)
		if err != nil {
			return nil, fmt.Errorf("list objections: %w", err)
		}
		scanned += n
	}
	response := &vetov1.ListObjectionsResponse{Objections: l.found, Revision: uint64(head)}
	if l.next <= head {
		response.NextPageToken = t.write(uint64(l.next))
	}
	return response, nil
}

// objections is one page in the making.
type objections struct {
	log     store.Log
	number  func(string) [16]byte
	request *vetov1.ListObjectionsRequest
	head    event.Revision
	limit   int
	next    event.Revision // to look at
	found   []*vetov1.Objection
}

// more looks at the next events, and says at how many.
func (l *objections) more(ctx context.Context) (scanned int, err error) {
	var meant []event.Key
	first, last := l.next, l.next-1
	for entry, err := range l.log.Read(ctx, l.next-1) {
		if err != nil {
			return scanned, err
		}
		if entry.Revision > l.head || scanned == maxScanned || len(meant) == atOnce {
			break
		}
		scanned, last = scanned+1, entry.Revision
		leaf, err := event.ParseLeaf(entry.Leaf)
		if err != nil {
			return scanned, fmt.Errorf("%w: revision %d: %w", filing.ErrDamaged, entry.Revision, err)
		}
		if leaf.Type != event.TypeObjectionFiled || entry.Side == nil {
			continue
		}
		one, err := filing.Of(entry)
		if err != nil {
			return scanned, err
		}
		meant = append(meant, l.number(string(one.Event.Side.ObjectionID)))
	}
	read := func(keys ...event.Key) ([]store.Entry, error) { return l.log.EventsOf(ctx, keys, l.head) }
	filings, err := filing.Load(read, l.number, meant...)
	if err != nil {
		return scanned, err
	}
	for i := range filings {
		f := &filings[i]
		if f.Revision < first || f.Revision > last { // one that a parting brought along
			continue
		}
		if one := f.Objection(); l.lets(one) {
			if len(l.found) == l.limit {
				l.next = f.Revision
				return scanned, nil
			}
			l.found = append(l.found, one)
		}
	}
	l.next = last + 1
	return scanned, nil
}

// lets says whether the filter lets a filing through.
func (l *objections) lets(o *vetov1.Objection) bool {
	r := l.request
	verification := r.GetVerification()
	return (len(r.GetStates()) == 0 || slices.Contains(r.GetStates(), o.GetState())) &&
		(len(r.GetMatches()) == 0 || slices.Contains(r.GetMatches(), o.GetMatch())) &&
		(len(r.GetChannels()) == 0 || slices.Contains(r.GetChannels(), o.GetChannel())) &&
		(verification == 0 || verification == o.GetVerification()) &&
		(r.GetDueBefore() == nil || dueAt(o).Before(r.GetDueBefore().AsTime())) &&
		(r.GetRecordedFrom() == nil || !o.GetRecordedAt().AsTime().Before(r.GetRecordedFrom().AsTime())) &&
		(r.GetRecordedUntil() == nil || o.GetRecordedAt().AsTime().Before(r.GetRecordedUntil().AsTime()))
}

// dueAt is when an answer is due, an extension taken in.
func dueAt(o *vetov1.Objection) time.Time {
	if o.GetExtendedUntil() != nil {
		return o.GetExtendedUntil().AsTime()
	}
	return o.GetResponseDueAt().AsTime()
}
