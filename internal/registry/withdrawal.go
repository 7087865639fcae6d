package registry

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
)

// WithdrawObjection lifts objections, durable and in force here when it returns. What weakens protection needs proof:
// the caller's word that it is the person, or the receipt of that very filing, for that one alone. Without either
// nothing is written and nothing is said of what stands.
//
// Errors: as FileObjection, and ErrReceipt.
func (r *Registry) WithdrawObjection(ctx context.Context, actor Actor, request *vetov1.WithdrawObjectionRequest) (*vetov1.WithdrawObjectionResponse, error) {
	view, err := r.View()
	if err != nil {
		return nil, err
	}
	w := resolve.Withdrawal{WithdrawObjectionRequest: request}
	if w.ID, err = intake.CheckWithdrawal(request); err != nil {
		return nil, err
	}
	if receipt := request.GetProofReceipt(); receipt != nil {
		if w.Proved, err = r.proved(ctx, receipt, view); err != nil {
			return nil, err
		}
	}
	appended, err := r.carryOut(ctx, actor, "WithdrawObjection", request, func(q *resolve.Request) (store.Verdict, error) { return q.Withdrawal(w) })
	if err != nil {
		return nil, err
	}
	return r.withdrawn(ctx, appended)
}

// proved finds the filing that a receipt is of. The receipt must hold what only its receiver was given: the salt.
func (r *Registry) proved(ctx context.Context, receipt *vetov1.Receipt, v *View) (*filing.Filing, error) {
	if receipt.GetRevision() == 0 || receipt.GetRevision() > v.Revision {
		return nil, ErrReceipt
	}
	entry, err := filing.EntryAt(ctx, r.log, event.Revision(receipt.GetRevision()))
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(entry.Leaf, receipt.GetLeaf()) || entry.Side == nil {
		return nil, ErrReceipt
	}
	e, err := event.Open(entry.Leaf, entry.Side)
	if err != nil {
		return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
	}
	if e.Leaf.Type != event.TypeObjectionFiled || subtle.ConstantTimeCompare(e.Side.Salt[:], receipt.GetSalt()) != 1 || !filing.SameList(e.Side.Person, receipt.GetPerson()) {
		return nil, ErrReceipt
	}
	f, err := filing.Of(entry)
	return &f, err
}

// withdrawn is the answer to a withdrawal, made of its event alone, so that a retry gets the same.
func (r *Registry) withdrawn(ctx context.Context, appended store.Appended) (*vetov1.WithdrawObjectionResponse, error) {
	response := &vetov1.WithdrawObjectionResponse{Revision: uint64(appended.Head)}
	switch string(appended.Answer) {
	case resolve.Unverified:
		response.Effect = vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED
		return response, nil
	case resolve.Nothing:
		response.Effect = vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NOTHING_STOOD
		return response, nil
	}
	e, err := event.Open(appended.Entry.Leaf, appended.Entry.Side)
	if err != nil {
		return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, appended.Revision, err)
	}
	response.Effect = vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED
	for _, lift := range e.Side.Lifts {
		entry, err := filing.EntryAt(ctx, r.log, lift.Revision)
		if err != nil {
			return nil, err
		}
		f, err := filing.Of(entry)
		if err != nil {
			return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, lift.Revision, err)
		}
		events, err := r.log.EventsOf(ctx, []event.Key{r.keys.Objection(string(f.Event.Side.ObjectionID))}, appended.Revision)
		if err != nil {
			return nil, err
		}
		filings, err := filing.History(events)
		if err != nil {
			return nil, err
		}
		for i := range filings {
			if e.Side.Subject != (event.Key{}) {
				filings[i] = filings[i].As(e.Side.Subject)
			}
			response.Lifted = append(response.Lifted, filings[i].Objection())
		}
	}
	response.Receipt = filing.Receipt(appended.Revision, appended.Entry.Leaf, e)
	return response, nil
}
