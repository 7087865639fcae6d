package registry

import (
	"context"
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/listing"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
)

// consentNumber numbers consents apart from objections.
const consentNumber = 1 << 31

func (r *Registry) consentID(e event.Event) string {
	return string(event.NewObjectionID(r.keys.ObjectionNumber([16]byte(e.Side.RequestID), consentNumber)))
}

// GrantConsent records a consent (GDPR Art. 7), durable and in force here when it returns. It weakens protection, so it is effective only VERIFIED, and
// lifts the objections that it names, for its purposes, and no other.
//
// Errors: as FileObjection.
func (r *Registry) GrantConsent(ctx context.Context, actor Actor, request *vetov1.GrantConsentRequest) (*vetov1.GrantConsentResponse, error) {
	appended, err := r.carryOut(ctx, actor, "GrantConsent", request, func(q *resolve.Request) (store.Verdict, error) { return q.Grant(request) })
	if err != nil {
		return nil, err
	}
	return r.answers().Granted(ctx, appended, r.consentID)
}

// WithdrawConsent withdraws consents (GDPR Art. 7(3)), verified or not: it only ever protects. An UNVERIFIED one looks at nothing that stands: it is an
// event of its own, and its sender learns nothing.
//
// Errors: as FileObjection.
func (r *Registry) WithdrawConsent(ctx context.Context, actor Actor, request *vetov1.WithdrawConsentRequest) (*vetov1.WithdrawConsentResponse, error) {
	appended, err := r.carryOut(ctx, actor, "WithdrawConsent", request, func(q *resolve.Request) (store.Verdict, error) { return q.Revocation(request) })
	if err != nil {
		return nil, err
	}
	response := &vetov1.WithdrawConsentResponse{Revision: uint64(appended.Head)}
	if string(appended.Answer) == resolve.Nothing {
		response.Unchanged = true
		return response, nil
	}
	e, err := event.Open(appended.Entry.Leaf, appended.Entry.Side)
	if err != nil {
		return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, appended.Revision, err)
	}
	response.Receipt = filing.Receipt(appended.Revision, appended.Entry.Leaf, e)
	return response, nil
}

// Events lists the log.
//
// Errors: those of ViewAt and listing.Events.
func (r *Registry) Events(ctx context.Context, request *vetov1.ListEventsRequest) (*vetov1.ListEventsResponse, error) {
	view, err := r.ViewAt(ctx, request.GetMinRevision())
	if err != nil {
		return nil, err
	}
	return listing.Events(ctx, r.log, r.keys.Fingerprint, request, event.Revision(view.Revision))
}

// PolicyVersions lists the versions of the policy, newest first.
//
// Errors: those of ViewAt; *InvalidError for a token; those of the log.
func (r *Registry) PolicyVersions(ctx context.Context, request *vetov1.ListPolicyVersionsRequest) (*vetov1.ListPolicyVersionsResponse, error) {
	view, err := r.ViewAt(ctx, request.GetMinRevision())
	if err != nil {
		return nil, err
	}
	return listing.PolicyVersions(ctx, r.log, r.keys.Fingerprint, request, view.Revision, uint64(len(view.versions)), func(n uint64) *vetov1.PolicyVersion {
		one := view.versions[n-1]
		return &vetov1.PolicyVersion{Version: one.version, Etag: etag(one.version, one.document), Revision: uint64(one.revision), AppliedAt: filing.Stamp(one.at)}
	})
}
