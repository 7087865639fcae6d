package server

import (
	"context"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server/objections"
)

// Register is what the server translates for; *registry.Registry is one. Its methods are safe for concurrent use, keep
// no part of a request after they returned, and return the errors that package registry lists, or the context's.
type Register interface {
	Views
	objections.Register
	Policies
}

// Views hands out what decisions are made from.
type Views interface {
	// View is the newest view. It does not block. registry.ErrStale and registry.ErrClock refuse.
	View() (*registry.View, error)
	// ViewAt is a view at this revision or a later one, waited for until the context ends or the register's patience
	// does.
	ViewAt(ctx context.Context, minRevision uint64) (*registry.View, error)
	// At is the register as it stood at a revision, as far as one item goes.
	At(ctx context.Context, revision uint64, item *gate.Item) (*registry.View, error)
	// Now is the wall clock that the policy's dates are read at.
	Now() time.Time
}

// Policies keeps the rules. A write blocks until it is durable and in force.
type Policies interface {
	ApplyPolicy(context.Context, registry.Actor, *vetov1.ApplyPolicyRequest) (*vetov1.ApplyPolicyResponse, error)
	Policy(context.Context, *vetov1.GetPolicyRequest) (*vetov1.GetPolicyResponse, error)
	PolicyVersions(context.Context, *vetov1.ListPolicyVersionsRequest) (*vetov1.ListPolicyVersionsResponse, error)
	SuspendRegime(context.Context, registry.Actor, *vetov1.SuspendRegimeRequest) (*vetov1.SuspendRegimeResponse, error)
	ResumeRegime(context.Context, registry.Actor, *vetov1.ResumeRegimeRequest) (*vetov1.ResumeRegimeResponse, error)
}

var _ Register = (*registry.Registry)(nil)
