package registry

import (
	"context"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
)

// FileObjection records an objection (GDPR Art. 21), durable and in force here when it returns.
//
// Errors: *InvalidError, *UndeclaredPurposeError, *UnsupportedError for the request; ErrStale, ErrClock, ErrNotReached;
// those of store.Log.Append.
func (r *Registry) FileObjection(ctx context.Context, actor Actor, request *vetov1.FileObjectionRequest) (*vetov1.FileObjectionResponse, error) {
	appended, err := r.carryOut(ctx, actor, "FileObjection", request, func(q *resolve.Request) (store.Verdict, error) {
		return q.Filing(request, event.Key{})
	})
	if err != nil {
		return nil, err
	}
	return r.answers().Filed(ctx, appended)
}
