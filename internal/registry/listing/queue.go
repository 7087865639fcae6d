package listing

import (
	"cmp"
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

// Queue lists the filings that need a person, by when an answer is due, and of those alike the oldest first. key is what every event is found by that gave a
// person work. It reads all of them for each page: there are as many as officers ever had to look at.
func Queue(key event.Key) func(context.Context, store.Log, Seal, func(string) [16]byte, *vetov1.ListObjectionsRequest, event.Revision) (*vetov1.ListObjectionsResponse, error) {
	return func(ctx context.Context, log store.Log, seal Seal, number func(string) [16]byte, request *vetov1.ListObjectionsRequest, head event.Revision) (*vetov1.ListObjectionsResponse, error) {
		filter := proto.CloneOf(request)
		filter.PageToken, filter.PageSize, filter.MinRevision = "", 0, 0
		about, err := proto.MarshalOptions{Deterministic: true}.Marshal(filter)
		if err != nil {
			return nil, fmt.Errorf("list the queue: %w", err)
		}
		t := tokens{seal: seal, about: append([]byte("queue\n"), about...)}
		var after [2]uint64
		if given := request.GetPageToken(); given != "" {
			next, ok := t.read(given, len(after))
			if !ok {
				return nil, badToken()
			}
			after = [2]uint64(next)
		}
		waiting, err := waiting(ctx, log, key, number, request, head)
		if err != nil {
			return nil, fmt.Errorf("list the queue: %w", err)
		}
		response := &vetov1.ListObjectionsResponse{Revision: uint64(head)}
		limit := pageSize(request.GetPageSize())
		for _, one := range waiting {
			if slices.Compare(one.place[:], after[:]) <= 0 {
				continue
			}
			if len(response.GetObjections()) == limit {
				response.NextPageToken = t.write(after[:]...)
				break
			}
			response.Objections = append(response.Objections, one.objection)
			after = one.place
		}
		return response, nil
	}
}

// inQueue is one that waits, and its place: when it is due, and its revision.
type inQueue struct {
	place     [2]uint64
	objection *vetov1.Objection
}

// due orders times from year 1 on.
func due(at time.Time) uint64 { return uint64(at.Unix()) + 1<<62 }

// waiting are all that wait and that the filter lets through, in their order.
func waiting(ctx context.Context, log store.Log, key event.Key, number func(string) [16]byte, request *vetov1.ListObjectionsRequest, head event.Revision) ([]inQueue, error) {
	entries, err := log.EventsOf(ctx, []event.Key{key}, head)
	if err != nil {
		return nil, err
	}
	var numbers []event.ObjectionID
	for _, entry := range entries {
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			return nil, fmt.Errorf("%w: revision %d: %w", filing.ErrDamaged, entry.Revision, err)
		}
		numbers = append(numbers, e.Side.ObjectionID)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	l := objections{request: request}
	read := func(keys ...event.Key) ([]store.Entry, error) { return log.EventsOf(ctx, keys, head) }
	var found []inQueue
	for some := range slices.Chunk(numbers, atOnce) {
		keys := make([]event.Key, len(some))
		for i, id := range some {
			keys[i] = number(string(id))
		}
		filings, err := filing.Load(read, number, keys...)
		if err != nil {
			return nil, err
		}
		for i := range filings {
			f := &filings[i]
			if _, meant := slices.BinarySearch(some, f.Event.Side.ObjectionID); !meant || len(f.Needs()) == 0 {
				continue
			}
			if one := f.Objection(); l.lets(one) {
				found = append(found, inQueue{place: [2]uint64{due(f.DueAt()), uint64(f.Revision)}, objection: one})
			}
		}
	}
	slices.SortFunc(found, func(a, b inQueue) int {
		return cmp.Or(cmp.Compare(a.place[0], b.place[0]), cmp.Compare(a.place[1], b.place[1]))
	})
	return found, nil
}
