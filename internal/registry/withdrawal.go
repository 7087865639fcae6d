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
	return r.answers().Withdrawn(ctx, appended)
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
	f, err := filing.Of(entry) // as it was filed: whose it was found to be, is not told by a guess
	return &f, err
}
