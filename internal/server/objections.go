package server

import (
	"context"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// objections is RegistryService.
type objections struct {
	vetov1.UnimplementedRegistryServiceServer
	register Objections
}

// FileObjection is RegistryService.FileObjection.
func (o *objections) FileObjection(ctx context.Context, request *vetov1.FileObjectionRequest) (*vetov1.FileObjectionResponse, error) {
	return o.register.FileObjection(ctx, actorOf(ctx), request)
}

// WithdrawObjection is RegistryService.WithdrawObjection.
func (o *objections) WithdrawObjection(ctx context.Context, request *vetov1.WithdrawObjectionRequest) (*vetov1.WithdrawObjectionResponse, error) {
	return o.register.WithdrawObjection(ctx, actorOf(ctx), request)
}

// GetStanding is RegistryService.GetStanding.
func (o *objections) GetStanding(ctx context.Context, request *vetov1.GetStandingRequest) (*vetov1.GetStandingResponse, error) {
	return o.register.Standing(ctx, request)
}
