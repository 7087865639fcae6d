package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/answer"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
)

// Actor is who calls.
type Actor = draft.Actor

// errMoved says that the view is older than the last change of policy or suspensions: fold on and resolve again.
var errMoved = errors.New("the policy or its suspensions changed meanwhile")

// resolver decides what a request comes to. It is handed the view that the policy is read from, which is as new as the
// log under its lock in all that it is read for.
type resolver func(p store.Present, v *View) (store.Verdict, error)

// write carries out a request: it resolves it in the log's transaction and returns when what it came to is durable and,
// here, in force.
func (r *Registry) write(ctx context.Context, requestID, method string, content proto.Message, resolve resolver) (store.Appended, *View, error) {
	appended, err := r.record(ctx, requestID, method, content, resolve)
	if err != nil {
		return store.Appended{}, nil, err
	}
	view, err := r.await(ctx, appended.Head)
	return appended, view, err
}

// record is write up to where what it came to is durable. It is not in force here yet.
func (r *Registry) record(ctx context.Context, requestID, method string, content proto.Message, resolve resolver) (store.Appended, error) {
	id, err := intake.RequestID(requestID)
	if err != nil {
		return store.Appended{}, err
	}
	if err := intake.CheckUTF8(content.ProtoReflect()); err != nil { // it could not be told from a retry
		return store.Appended{}, err
	}
	fingerprint, err := r.fingerprint(method, content)
	if err != nil {
		return store.Appended{}, err
	}
	for {
		view, err := r.View()
		if err != nil {
			return store.Appended{}, err
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
		if !errors.Is(err, errMoved) {
			return appended, err
		}
		if _, err := r.await(ctx, moved); err != nil {
			return store.Appended{}, err
		}
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

// resolver is what requests are resolved with.
func (r *Registry) resolver(p store.Present, v *View, call draft.Call) *resolve.Request {
	return &resolve.Request{Keys: r.keys, Rules: v, Present: p, Call: call, Now: r.Now()}
}

// carryOut carries out a request, and returns when what it came to is in force here.
func (r *Registry) carryOut(ctx context.Context, actor Actor, method string, request identified, resolve func(*resolve.Request) (store.Verdict, error)) (store.Appended, error) {
	appended, err := r.append(ctx, actor, method, request, resolve)
	if err != nil {
		return store.Appended{}, err
	}
	_, err = r.await(ctx, appended.Head)
	return appended, err
}

// append is carryOut up to where what it came to is durable. What tells a retry from another request is the request without its id.
func (r *Registry) append(ctx context.Context, actor Actor, method string, request identified, resolve func(*resolve.Request) (store.Verdict, error)) (store.Appended, error) {
	call, err := r.call(actor, request.GetRequestId())
	if err != nil {
		return store.Appended{}, err
	}
	content := proto.Clone(request)
	content.ProtoReflect().Clear(content.ProtoReflect().Descriptor().Fields().ByName("request_id"))
	return r.record(ctx, request.GetRequestId(), method, content, func(p store.Present, v *View) (store.Verdict, error) {
		return resolve(r.resolver(p, v, call))
	})
}

// identified is a request that has an id.
type identified interface {
	proto.Message
	GetRequestId() string
}

// call draws what the events of a request have in common.
func (r *Registry) call(actor Actor, requestID string) (draft.Call, error) {
	id, err := intake.RequestID(requestID)
	if err != nil {
		return draft.Call{}, err
	}
	return draft.New(actor, id, r.config.Rand)
}

// answers makes the answers to what was written.
func (r *Registry) answers() answer.Log { return answer.Log{Log: r.log, Keys: r.keys} }
