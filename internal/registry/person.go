package registry

import (
	"context"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry/answer"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
)

// LinkSubjects says that ids are one person's, durable and in force here when it returns. Protection spreads among them; consents do not. It is effective
// only VERIFIED: a stranger must not learn what stands for somebody else.
//
// Errors: as FileObjection, and ErrTooManyLinked.
func (r *Registry) LinkSubjects(ctx context.Context, actor Actor, request *vetov1.LinkSubjectsRequest) (*vetov1.LinkSubjectsResponse, error) {
	appended, err := r.carryOut(ctx, actor, "LinkSubjects", request, func(q *resolve.Request) (store.Verdict, error) { return q.Link(request) })
	if err != nil {
		return nil, err
	}
	receipt, err := answer.Receipt(appended)
	return &vetov1.LinkSubjectsResponse{
		Revision: uint64(appended.Head), Receipt: receipt, Unchanged: answer.Of(appended, resolve.Unchanged), NoEffectUnverified: answer.Of(appended, resolve.Unverified),
	}, err
}

// UnlinkSubjects parts ids; each keeps the protection that it had. It is effective only VERIFIED.
//
// Errors: as FileObjection.
func (r *Registry) UnlinkSubjects(ctx context.Context, actor Actor, request *vetov1.UnlinkSubjectsRequest) (*vetov1.UnlinkSubjectsResponse, error) {
	appended, err := r.carryOut(ctx, actor, "UnlinkSubjects", request, func(q *resolve.Request) (store.Verdict, error) { return q.Unlink(request) })
	if err != nil {
		return nil, err
	}
	receipt, err := answer.Receipt(appended)
	return &vetov1.UnlinkSubjectsResponse{
		Revision: uint64(appended.Head), Receipt: receipt, Unchanged: answer.Of(appended, resolve.Unchanged), NoEffectUnverified: answer.Of(appended, resolve.Unverified),
	}, err
}

// RecordErasure records that content has to go from every set (GDPR Art. 17).
//
// Errors: as FileObjection.
func (r *Registry) RecordErasure(ctx context.Context, actor Actor, request *vetov1.RecordErasureRequest) (*vetov1.RecordErasureResponse, error) {
	appended, err := r.carryOut(ctx, actor, "RecordErasure", request, func(q *resolve.Request) (store.Verdict, error) { return q.Erasure(request) })
	if err != nil {
		return nil, err
	}
	receipt, err := answer.Receipt(appended)
	return &vetov1.RecordErasureResponse{Revision: uint64(appended.Head), Receipt: receipt}, err
}

// ReportItemChanges records what happened to items on the platform.
//
// Errors: as FileObjection.
func (r *Registry) ReportItemChanges(ctx context.Context, actor Actor, request *vetov1.ReportItemChangesRequest) (*vetov1.ReportItemChangesResponse, error) {
	appended, err := r.carryOut(ctx, actor, "ReportItemChanges", request, func(q *resolve.Request) (store.Verdict, error) { return q.ItemChanges(request) })
	if err != nil {
		return nil, err
	}
	return &vetov1.ReportItemChangesResponse{Revision: uint64(appended.Head)}, nil
}
