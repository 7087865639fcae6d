package resolve

import (
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// Withdrawal is a request to lift objections, with what was looked up for it.
type Withdrawal struct {
	*vetov1.WithdrawObjectionRequest
	// ID is the one filing that is meant; empty: every one of the subject's.
	ID event.ObjectionID
	// Proved is the filing whose receipt was shown; nil: none was.
	Proved *filing.Filing
}

// isForeign says whether the receipt is of another filing than the request names, or of another person's.
func (w *Withdrawal) isForeign(named event.Key) bool {
	return w.Proved != nil && (w.GetSubjectId() != "" && w.Proved.Event.Side.Subject != named || w.ID != "" && w.Proved.Event.Side.ObjectionID != w.ID)
}

// Withdrawal says what a withdrawal comes to. A receipt of another filing than the request names lifts nothing: not that
// one, since it is not what was asked for, and not what was asked for, since it proves nothing of that.
func (r *Request) Withdrawal(w Withdrawal) (store.Verdict, error) {
	if err := intake.CheckPurposes(r.Rules.Ever(), w.GetPurposes()); err != nil {
		return store.Verdict{}, err
	}
	var subject event.Key
	if w.GetSubjectId() != "" {
		subject = r.Keys.Subject(w.GetSubjectId())
	}
	if w.isForeign(subject) || w.Proved == nil && filing.WordOr(w.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED) != filing.VerifiedWord {
		return store.Verdict{Answer: []byte(Unverified)}, nil
	}
	filings, err := r.meant(w, subject)
	if err != nil {
		return store.Verdict{}, err
	}
	side := r.side()
	if side.Proof = event.ProofReceipt; w.Proved == nil {
		side.Proof, side.Subject = event.ProofSubject, subject
	}
	var narrowed bool
	if side.Lifts, narrowed = filing.Lift(filings, side.Subject, filing.PurposesOf(w.GetPurposes())); len(side.Lifts) == 0 {
		return store.Verdict{Answer: []byte(Nothing)}, nil
	}
	side.Purposes = filing.PurposesOf(w.GetPurposes())
	side.Channel = filing.Word(w.GetChannel())
	side.FiledBy = filing.WordOr(w.GetFiledBy(), vetov1.FiledBy_FILED_BY_SELF)
	side.Verification = filing.WordOr(w.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED)
	changes, keys, err := r.remaining(filings, side.Lifts, side.Subject)
	if err != nil {
		return store.Verdict{}, err
	}
	side.Changes = changes
	leaf := event.Leaf{Type: event.TypeObjectionWithdrawn, Policy: r.Rules.PolicyVersion(), Effect: event.EffectLifted}
	if narrowed {
		leaf.Effect = event.EffectNarrowed
	}
	known := draft.IDs{}
	if side.Subject != (event.Key{}) {
		known.Subject = w.GetSubjectId()
		keys = append(keys, side.Subject)
	}
	verdict, err := r.seal(event.Event{Leaf: leaf, Side: side}, known, keys)
	if err != nil {
		return store.Verdict{}, err
	}
	r.unsealed(verdict.Record, filings)
	return verdict, nil
}

// meant are the filings that a withdrawal is about, as they stand. A receipt proves its own filing and no other, whatever
// else the request says; a verified person lifts what names their id, whoever filed it.
func (r *Request) meant(w Withdrawal, subject event.Key) ([]filing.Filing, error) {
	key, id := subject, w.ID
	if w.Proved != nil {
		id = w.Proved.Event.Side.ObjectionID
		key = r.Keys.Objection(string(id))
	}
	filings, err := r.filings(key)
	return slices.DeleteFunc(filings, func(f filing.Filing) bool {
		return w.Proved == nil && !f.Names(subject) || id != "" && f.Event.Side.ObjectionID != id // a parting brings other filings along
	}), err
}
