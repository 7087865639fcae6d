package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
)

// lookBack are the flags that ask what would have been decided. The zero value asks of now.
type lookBack struct {
	asOf     string
	revision uint64
}

func (l *lookBack) flags(flags *pflag.FlagSet) {
	flags.StringVar(&l.asOf, "as-of", "", "a time")
	flags.Uint64Var(&l.revision, "at-revision", 0, "a revision")
}

// replay is what was asked for; nil: nothing but now.
func (l *lookBack) replay() (*filter.Replay, error) {
	at, err := parseInstant("as-of", l.asOf)
	if err != nil || at == nil && l.revision == 0 {
		return nil, err
	}
	r := &filter.Replay{AtRevision: l.revision}
	if at != nil {
		asOf := at.AsTime()
		r.AsOf = &asOf
	}
	return r, nil
}

// replaying is a register that stands still: at a past revision, as of another time, or both.
type replaying struct {
	*registry.Registry
	view *registry.View
	asOf *time.Time
}

// registerOf is what an opened register answers from.
func registerOf(ctx context.Context, r *registry.Registry, replay *filter.Replay) (server.Register, error) {
	if replay == nil {
		return r, nil
	}
	view, err := r.View()
	if replay.AtRevision > 0 {
		view, err = r.Past(ctx, replay.AtRevision)
	}
	return &replaying{Registry: r, view: view, asOf: replay.AsOf}, err
}

// explainReplay says what to do where there is no such past.
func explainReplay(err error) error {
	if above, ok := errors.AsType[*registry.AboveHeadError](err); ok {
		return failed("name an earlier one, or leave --at-revision out", "--at-revision: the register's last revision is %d", above.Head)
	}
	return err
}

// View is the past one.
func (r *replaying) View() (*registry.View, error) { return r.view, nil }

// ViewAt is the past one, which reaches no later revision.
func (r *replaying) ViewAt(_ context.Context, minRevision uint64) (*registry.View, error) {
	if minRevision > r.view.Revision {
		return nil, &registry.AboveHeadError{Field: "min_revision", Head: r.view.Revision}
	}
	return r.view, nil
}

// Now is the other time.
func (r *replaying) Now() time.Time {
	if r.asOf == nil {
		return r.Registry.Now()
	}
	return *r.asOf
}

// Policy is the one that was active, where no version is named.
func (r *replaying) Policy(ctx context.Context, request *vetov1.GetPolicyRequest) (*vetov1.GetPolicyResponse, error) {
	if request.GetVersion() == 0 && r.view.PolicyVersion() > 0 {
		request = proto.CloneOf(request)
		request.Version = r.view.PolicyVersion()
	}
	return r.Registry.Policy(ctx, request)
}
