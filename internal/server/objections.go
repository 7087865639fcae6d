package server

import (
	"context"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/server/entry"
)

// objections is RegistryService.
type objections struct {
	vetov1.UnimplementedRegistryServiceServer
	register Objections
}

// FileObjection is RegistryService.FileObjection.
func (o *objections) FileObjection(ctx context.Context, request *vetov1.FileObjectionRequest) (*vetov1.FileObjectionResponse, error) {
	return o.register.FileObjection(ctx, entry.Actor(ctx), request)
}

// WithdrawObjection is RegistryService.WithdrawObjection.
func (o *objections) WithdrawObjection(ctx context.Context, request *vetov1.WithdrawObjectionRequest) (*vetov1.WithdrawObjectionResponse, error) {
	return o.register.WithdrawObjection(ctx, entry.Actor(ctx), request)
}

// GrantConsent is RegistryService.GrantConsent.
func (o *objections) GrantConsent(ctx context.Context, request *vetov1.GrantConsentRequest) (*vetov1.GrantConsentResponse, error) {
	return o.register.GrantConsent(ctx, entry.Actor(ctx), request)
}

// WithdrawConsent is RegistryService.WithdrawConsent.
func (o *objections) WithdrawConsent(ctx context.Context, request *vetov1.WithdrawConsentRequest) (*vetov1.WithdrawConsentResponse, error) {
	return o.register.WithdrawConsent(ctx, entry.Actor(ctx), request)
}

// ListEvents is RegistryService.ListEvents.
func (o *objections) ListEvents(ctx context.Context, request *vetov1.ListEventsRequest) (*vetov1.ListEventsResponse, error) {
	return o.register.Events(ctx, request)
}

// GetStanding is RegistryService.GetStanding.
func (o *objections) GetStanding(ctx context.Context, request *vetov1.GetStandingRequest) (*vetov1.GetStandingResponse, error) {
	return o.register.Standing(ctx, request)
}

// LinkSubjects is RegistryService.LinkSubjects.
func (o *objections) LinkSubjects(ctx context.Context, request *vetov1.LinkSubjectsRequest) (*vetov1.LinkSubjectsResponse, error) {
	return o.register.LinkSubjects(ctx, entry.Actor(ctx), request)
}

// UnlinkSubjects is RegistryService.UnlinkSubjects.
func (o *objections) UnlinkSubjects(ctx context.Context, request *vetov1.UnlinkSubjectsRequest) (*vetov1.UnlinkSubjectsResponse, error) {
	return o.register.UnlinkSubjects(ctx, entry.Actor(ctx), request)
}

// RecordErasure is RegistryService.RecordErasure.
func (o *objections) RecordErasure(ctx context.Context, request *vetov1.RecordErasureRequest) (*vetov1.RecordErasureResponse, error) {
	return o.register.RecordErasure(ctx, entry.Actor(ctx), request)
}

// ReportItemChanges is RegistryService.ReportItemChanges.
func (o *objections) ReportItemChanges(ctx context.Context, request *vetov1.ReportItemChangesRequest) (*vetov1.ReportItemChangesResponse, error) {
	return o.register.ReportItemChanges(ctx, entry.Actor(ctx), request)
}
