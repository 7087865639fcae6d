package server

import (
	"context"
	"errors"
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server/entry"
)

// policies is PolicyService.
type policies struct {
	vetov1.UnimplementedPolicyServiceServer
	register Policies
	views    Views
}

// unknownVersionError says that there is no such version of the policy, or none at all.
type unknownVersionError struct{ latest uint64 }

// Error names the latest version.
func (e *unknownVersionError) Error() string {
	if e.latest == 0 {
		return "no policy is active; apply one first"
	}
	return fmt.Sprintf("version: no policy has it; the latest is %d", e.latest)
}

// ApplyPolicy is PolicyService.ApplyPolicy.
func (p *policies) ApplyPolicy(ctx context.Context, request *vetov1.ApplyPolicyRequest) (*vetov1.ApplyPolicyResponse, error) {
	return p.register.ApplyPolicy(ctx, entry.Actor(ctx), request)
}

// GetPolicy is PolicyService.GetPolicy. To be without a policy is no fault of the register's state here, as it is for a
// call that needs one: what was asked for is not there.
func (p *policies) GetPolicy(ctx context.Context, request *vetov1.GetPolicyRequest) (*vetov1.GetPolicyResponse, error) {
	answer, err := p.register.Policy(ctx, request)
	switch {
	case errors.Is(err, registry.ErrNoPolicy):
		return nil, &unknownVersionError{}
	case errors.Is(err, registry.ErrUnknownVersion):
		view, err := p.views.View()
		if err != nil {
			return nil, err
		}
		return nil, &unknownVersionError{latest: view.PolicyVersion()}
	}
	return answer, err
}

// ListPolicyVersions is PolicyService.ListPolicyVersions.
func (p *policies) ListPolicyVersions(ctx context.Context, request *vetov1.ListPolicyVersionsRequest) (*vetov1.ListPolicyVersionsResponse, error) {
	return p.register.PolicyVersions(ctx, request)
}

// SuspendRegime is PolicyService.SuspendRegime.
func (p *policies) SuspendRegime(ctx context.Context, request *vetov1.SuspendRegimeRequest) (*vetov1.SuspendRegimeResponse, error) {
	answer, err := p.register.SuspendRegime(ctx, entry.Actor(ctx), request)
	if e, ok := errors.AsType[*policy.Error](err); ok {
		return nil, registry.Invalid(policyFaults(e)) // what is at fault is the request, by the policy's rules
	}
	return answer, err
}

// ResumeRegime is PolicyService.ResumeRegime.
func (p *policies) ResumeRegime(ctx context.Context, request *vetov1.ResumeRegimeRequest) (*vetov1.ResumeRegimeResponse, error) {
	return p.register.ResumeRegime(ctx, entry.Actor(ctx), request)
}
