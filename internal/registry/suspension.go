package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// What the answer kept with a request id says of a switch.
const (
	answerSwitched = "switched"
	answerStood    = "stood"
)

// SuspendRegime stops a regime, whole or in part, in force here when it returns. A new policy or a restart never lifts
// it.
//
// Errors: *InvalidError, *UnknownRegimeError, ErrNoPolicy for the request; else as FileObjection.
func (r *Registry) SuspendRegime(ctx context.Context, actor Actor, request *vetov1.SuspendRegimeRequest) (*vetov1.SuspendRegimeResponse, error) {
	content := proto.CloneOf(request)
	content.RequestId = ""
	call, err := r.call(actor, request.GetRequestId())
	if err != nil {
		return nil, err
	}
	appended, view, err := r.write(ctx, request.GetRequestId(), "SuspendRegime", content, func(p store.Present, v *View) (store.Verdict, error) {
		if err := checkSwitch(v, request.GetRegime(), request, r.Now()); err != nil {
			return store.Verdict{}, err
		}
		side := r.switchSide(call, p, request.GetRegime(), request)
		side.Places = sortedSet(policy.PlacesOf(v.Policy, request.GetJurisdictions(), r.Now()))
		stands := func(s policy.Suspended) bool {
			return exactly(side, s.Suspension) && !slices.ContainsFunc(side.Places, func(code string) bool { return !slices.Contains(s.Places, code) })
		}
		if slices.ContainsFunc(v.suspended, stands) { // a group that has grown is more than what stands
			return store.Verdict{Answer: []byte(answerStood)}, nil
		}
		return sealSwitch(call, v, event.TypeRegimeSuspended, event.EffectSuspended, side)
	})
	if err != nil {
		return nil, err
	}
	return &vetov1.SuspendRegimeResponse{
		Suspensions: suspensionsOf(view, request.GetRegime()), Revision: uint64(appended.Head),
		Unchanged: string(appended.Answer) == answerStood,
	}, nil
}

// ResumeRegime lifts exactly the suspension that was said with the same jurisdictions and purposes: the one of the whole
// regime where both are empty. It never lifts one that it does not name. The policy need not have the regime any more.
//
// Errors: *InvalidError, ErrNotSuspended for the request; else as FileObjection.
func (r *Registry) ResumeRegime(ctx context.Context, actor Actor, request *vetov1.ResumeRegimeRequest) (*vetov1.ResumeRegimeResponse, error) {
	content := proto.CloneOf(request)
	content.RequestId = ""
	call, err := r.call(actor, request.GetRequestId())
	if err != nil {
		return nil, err
	}
	appended, view, err := r.write(ctx, request.GetRequestId(), "ResumeRegime", content, func(p store.Present, v *View) (store.Verdict, error) {
		var c intake.Checks
		switchTexts(&c, request)
		if err := c.Err(); err != nil {
			return store.Verdict{}, err
		}
		side := r.switchSide(call, p, request.GetRegime(), request)
		if !slices.ContainsFunc(v.Suspensions, func(s *vetov1.Suspension) bool { return exactly(side, s) }) {
			return store.Verdict{}, fmt.Errorf("%w; %s", ErrNotSuspended, standingWords(v, request.GetRegime()))
		}
		return sealSwitch(call, v, event.TypeRegimeResumed, event.EffectResumed, side)
	})
	if err != nil {
		return nil, err
	}
	return &vetov1.ResumeRegimeResponse{Suspensions: suspensionsOf(view, request.GetRegime()), Revision: uint64(appended.Head)}, nil
}

// switchRequest is what suspending and resuming say alike.
type switchRequest interface {
	GetJurisdictions() []string
	GetPurposes() []string
	GetReason() string
	GetAuthority() string
}

// checkSwitch says what is wrong with a suspension: nothing that would stop less than its sender thinks gets through.
func checkSwitch(v *View, name string, request switchRequest, now time.Time) error {
	if v.Policy == nil {
		return ErrNoPolicy
	}
	regime := v.regime(name)
	if regime == nil {
		var names []string
		for _, r := range v.Policy.GetRegimes() {
			names = append(names, r.GetName())
		}
		return &UnknownRegimeError{Regimes: names}
	}
	if err := policy.CheckSuspension(v.Policy, name, request.GetJurisdictions(), request.GetPurposes(), now); err != nil {
		return err
	}
	var c intake.Checks
	switchTexts(&c, request)
	return c.Err()
}

// switchTexts holds what an event keeps of the request against the event's bounds.
func switchTexts(c *intake.Checks, request switchRequest) {
	for i, j := range request.GetJurisdictions() {
		c.Text(fmt.Sprintf("jurisdictions[%d]", i), j, event.MaxJurisdictionBytes)
	}
	c.Text("reason", request.GetReason(), event.MaxReasonBytes)
	c.Text("authority", request.GetAuthority(), event.MaxAuthorityBytes)
}

func (r *Registry) switchSide(call draft.Call, p store.Present, regime string, request switchRequest) event.Side {
	side := call.Side(r.keys, r.Now(), p.Head())
	side.Regime = regime
	side.Jurisdictions = sortedSet(request.GetJurisdictions())
	side.Purposes = filing.PurposesOf(request.GetPurposes())
	side.Reason, side.Authority = request.GetReason(), request.GetAuthority()
	return side
}

func sealSwitch(call draft.Call, v *View, t event.Type, effect event.Effect, side event.Side) (store.Verdict, error) {
	e := event.Event{Leaf: event.Leaf{Type: t, Policy: v.PolicyVersion(), Effect: effect}, Side: side}
	record, err := call.Seal(e, draft.IDs{}, []event.Key{switchKey})
	return store.Verdict{Record: record, Answer: []byte(answerSwitched)}, err
}

// exactly says whether a suspension was said with the same regime, jurisdictions and purposes.
func exactly(side event.Side, s *vetov1.Suspension) bool {
	return s.GetRegime() == side.Regime && slices.Equal(s.GetJurisdictions(), side.Jurisdictions) &&
		filing.PurposesOf(s.GetPurposes()).Equal(side.Purposes)
}

// suspensionsOf are those of one regime that stand.
func suspensionsOf(v *View, regime string) []*vetov1.Suspension {
	var list []*vetov1.Suspension
	for _, s := range v.Suspensions {
		if s.GetRegime() == regime {
			list = append(list, s)
		}
	}
	return list
}

// standingWords tell an officer what could be resumed.
func standingWords(v *View, regime string) string {
	list := suspensionsOf(v, regime)
	if len(list) == 0 {
		return "the regime is not suspended"
	}
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = fmt.Sprintf("jurisdictions %v, purposes %v", listOr(s.GetJurisdictions()), listOr(s.GetPurposes()))
	}
	return "suspended are " + strings.Join(parts, "; and ")
}

func listOr(names []string) any {
	if len(names) == 0 {
		return "all"
	}
	return names
}

func sortedSet(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
