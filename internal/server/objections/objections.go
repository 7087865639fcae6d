// Package objections is RegistryService over gRPC: it says who calls, and calls the register.
package objections

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server/entry"
)

// Register keeps what people said; *registry.Registry is one. A write blocks until it is durable and in force.
type Register interface {
	FileObjection(context.Context, registry.Actor, *vetov1.FileObjectionRequest) (*vetov1.FileObjectionResponse, error)
	WithdrawObjection(context.Context, registry.Actor, *vetov1.WithdrawObjectionRequest) (*vetov1.WithdrawObjectionResponse, error)
	GrantConsent(context.Context, registry.Actor, *vetov1.GrantConsentRequest) (*vetov1.GrantConsentResponse, error)
	WithdrawConsent(context.Context, registry.Actor, *vetov1.WithdrawConsentRequest) (*vetov1.WithdrawConsentResponse, error)
	LinkSubjects(context.Context, registry.Actor, *vetov1.LinkSubjectsRequest) (*vetov1.LinkSubjectsResponse, error)
	UnlinkSubjects(context.Context, registry.Actor, *vetov1.UnlinkSubjectsRequest) (*vetov1.UnlinkSubjectsResponse, error)
	RecordErasure(context.Context, registry.Actor, *vetov1.RecordErasureRequest) (*vetov1.RecordErasureResponse, error)
	ReportItemChanges(context.Context, registry.Actor, *vetov1.ReportItemChangesRequest) (*vetov1.ReportItemChangesResponse, error)
	Standing(context.Context, *vetov1.GetStandingRequest) (*vetov1.GetStandingResponse, error)
	MatchIdentifier(context.Context, registry.Actor, *vetov1.MatchIdentifierRequest) (*vetov1.MatchIdentifierResponse, error)
	DecideObjection(context.Context, registry.Actor, *vetov1.DecideObjectionRequest) (*vetov1.DecideObjectionResponse, error)
	Objections(context.Context, *vetov1.ListObjectionsRequest) (*vetov1.ListObjectionsResponse, error)
	Events(context.Context, *vetov1.ListEventsRequest) (*vetov1.ListEventsResponse, error)
	AnnulObjections(context.Context, registry.Actor, *vetov1.AnnulObjectionsRequest) (*vetov1.AnnulObjectionsResponse, error)
	ImportObjections(context.Context, registry.Actor, registry.Rows) (*vetov1.ImportObjectionsResponse, error)
	// Watch sends events, in order and without a gap, until the context ends or send fails.
	Watch(ctx context.Context, request *vetov1.WatchEventsRequest, send func(*vetov1.WatchEventsResponse) error) error
}

// Service is RegistryService.
type Service struct {
	vetov1.UnimplementedRegistryServiceServer
	register Register
	check    func(proto.Message) error
}

// New makes the service of a register. check holds a message against its rules: rows of an import are held against them one by one.
func New(register Register, check func(proto.Message) error) *Service {
	return &Service{register: register, check: check}
}

// FileObjection is RegistryService.FileObjection.
func (s *Service) FileObjection(ctx context.Context, request *vetov1.FileObjectionRequest) (*vetov1.FileObjectionResponse, error) {
	return s.register.FileObjection(ctx, entry.Actor(ctx), request)
}

// WithdrawObjection is RegistryService.WithdrawObjection.
func (s *Service) WithdrawObjection(ctx context.Context, request *vetov1.WithdrawObjectionRequest) (*vetov1.WithdrawObjectionResponse, error) {
	return s.register.WithdrawObjection(ctx, entry.Actor(ctx), request)
}

// GrantConsent is RegistryService.GrantConsent.
func (s *Service) GrantConsent(ctx context.Context, request *vetov1.GrantConsentRequest) (*vetov1.GrantConsentResponse, error) {
	return s.register.GrantConsent(ctx, entry.Actor(ctx), request)
}

// WithdrawConsent is RegistryService.WithdrawConsent.
func (s *Service) WithdrawConsent(ctx context.Context, request *vetov1.WithdrawConsentRequest) (*vetov1.WithdrawConsentResponse, error) {
	return s.register.WithdrawConsent(ctx, entry.Actor(ctx), request)
}

// ListEvents is RegistryService.ListEvents.
func (s *Service) ListEvents(ctx context.Context, request *vetov1.ListEventsRequest) (*vetov1.ListEventsResponse, error) {
	return s.register.Events(ctx, request)
}

// GetStanding is RegistryService.GetStanding.
func (s *Service) GetStanding(ctx context.Context, request *vetov1.GetStandingRequest) (*vetov1.GetStandingResponse, error) {
	return s.register.Standing(ctx, request)
}

// LinkSubjects is RegistryService.LinkSubjects.
func (s *Service) LinkSubjects(ctx context.Context, request *vetov1.LinkSubjectsRequest) (*vetov1.LinkSubjectsResponse, error) {
	return s.register.LinkSubjects(ctx, entry.Actor(ctx), request)
}

// UnlinkSubjects is RegistryService.UnlinkSubjects.
func (s *Service) UnlinkSubjects(ctx context.Context, request *vetov1.UnlinkSubjectsRequest) (*vetov1.UnlinkSubjectsResponse, error) {
	return s.register.UnlinkSubjects(ctx, entry.Actor(ctx), request)
}

// RecordErasure is RegistryService.RecordErasure.
func (s *Service) RecordErasure(ctx context.Context, request *vetov1.RecordErasureRequest) (*vetov1.RecordErasureResponse, error) {
	return s.register.RecordErasure(ctx, entry.Actor(ctx), request)
}

// ReportItemChanges is RegistryService.ReportItemChanges.
func (s *Service) ReportItemChanges(ctx context.Context, request *vetov1.ReportItemChangesRequest) (*vetov1.ReportItemChangesResponse, error) {
	return s.register.ReportItemChanges(ctx, entry.Actor(ctx), request)
}

// ImportObjections is RegistryService.ImportObjections.
func (s *Service) ImportObjections(stream grpc.ClientStreamingServer[vetov1.ImportObjectionsRequest, vetov1.ImportObjectionsResponse]) error {
	response, err := s.register.ImportObjections(stream.Context(), entry.Actor(stream.Context()), registry.Rows{
		Next:  stream.Recv,
		Check: func(row *vetov1.FileObjectionRequest) error { return s.check(row) },
	})
	if err != nil {
		return err
	}
	return stream.SendAndClose(response)
}

// AnnulObjections is RegistryService.AnnulObjections.
func (s *Service) AnnulObjections(ctx context.Context, request *vetov1.AnnulObjectionsRequest) (*vetov1.AnnulObjectionsResponse, error) {
	return s.register.AnnulObjections(ctx, entry.Actor(ctx), request)
}

// MatchIdentifier is RegistryService.MatchIdentifier.
func (s *Service) MatchIdentifier(ctx context.Context, request *vetov1.MatchIdentifierRequest) (*vetov1.MatchIdentifierResponse, error) {
	return s.register.MatchIdentifier(ctx, entry.Actor(ctx), request)
}

// DecideObjection is RegistryService.DecideObjection.
func (s *Service) DecideObjection(ctx context.Context, request *vetov1.DecideObjectionRequest) (*vetov1.DecideObjectionResponse, error) {
	return s.register.DecideObjection(ctx, entry.Actor(ctx), request)
}

// ListObjections is RegistryService.ListObjections.
func (s *Service) ListObjections(ctx context.Context, request *vetov1.ListObjectionsRequest) (*vetov1.ListObjectionsResponse, error) {
	return s.register.Objections(ctx, request)
}
