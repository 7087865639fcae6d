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
