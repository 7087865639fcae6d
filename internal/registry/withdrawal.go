package registry

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// What the answer kept with a request id says of a withdrawal.
const (
	answerLifted     = "lifted"
	answerNothing    = "nothing stood"
	answerUnverified = "unverified"
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
	w := withdrawal{registry: r, request: request}
	if err := w.check(); err != nil {
		return nil, err
	}
	if receipt := request.GetProofReceipt(); receipt != nil {
		if w.proved, err = r.proved(ctx, receipt, view); err != nil {
			return nil, err
		}
		named := request.GetSubjectId()
		w.foreign = named != "" && w.proved.Event.Side.Subject != r.keys.Subject(named) ||
			w.id != "" && w.proved.Event.Side.ObjectionID != w.id
	}
	if w.call, err = r.call(actor, request.GetRequestId()); err != nil {
		return nil, err
	}
	content := proto.CloneOf(request)
	content.RequestId = ""
	appended, _, err := r.write(ctx, request.GetRequestId(), "WithdrawObjection", content, w.resolve)
	if err != nil {
		return nil, err
	}
	return r.withdrawn(ctx, appended)
}

// withdrawal is one request to lift objections.
type withdrawal struct {
	registry *Registry
	request  *vetov1.WithdrawObjectionRequest
	call     draft.Call
	id       event.ObjectionID // the one filing that is meant; empty: every one of the subject's
	proved   *filing.Filing    // the filing whose receipt was shown; nil: none was
	foreign  bool              // the receipt is of another filing than the request names, or of another person's
}

// check says what is wrong with the request, whatever the policy.
func (w *withdrawal) check() error {
	var c intake.Checks
	if w.request.GetSubjectId() != "" {
		// Only the one rule: what was filed under an earlier policy's ids can be withdrawn under a later one's.
		c.ID("subject_id", w.request.GetSubjectId())
	}
	if typed := w.request.GetObjectionId(); typed != "" {
		var err error
		if w.id, err = event.ParseObjectionID(typed); err != nil {
			c.Add("objection_id", "not an objection's number: ten letters and digits as on the receipt, 7F3K-92QM-4D for example; "+reasonOf(err))
		}
	}
	return c.Err()
}

// reasonOf is what a malformed value's error says, without its place.
func reasonOf(err error) string {
	if malformed, ok := errors.AsType[*event.MalformedError](err); ok {
		return malformed.Fault
	}
	return err.Error()
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
	if e.Leaf.Type != event.TypeObjectionFiled || subtle.ConstantTimeCompare(e.Side.Salt[:], receipt.GetSalt()) != 1 || !sameList(e.Side.Person, receipt.GetPerson()) {
		return nil, ErrReceipt
	}
	f, err := filing.Of(entry)
	return &f, err
}

func sameList(list []event.Blinded, shown []*vetov1.BlindedValue) bool {
	return slices.EqualFunc(list, shown, func(b event.Blinded, s *vetov1.BlindedValue) bool {
		return b.Tag == s.GetTag() && bytes.Equal(b.Sum[:], s.GetHmac())
	})
}

// resolve says what the withdrawal comes to. A receipt of another filing than the request names lifts nothing: not that
// one, since it is not what was asked for, and not what was asked for, since it proves nothing of that.
func (w *withdrawal) resolve(p store.Present, v *View) (store.Verdict, error) {
	if err := intake.CheckPurposes(v.purposes, w.request.GetPurposes()); err != nil {
		return store.Verdict{}, err
	}
	if w.foreign || w.proved == nil && filing.WordOr(w.request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED) != filing.VerifiedWord {
		return store.Verdict{Answer: []byte(answerUnverified)}, nil
	}
	filings, err := w.meant(p)
	if err != nil {
		return store.Verdict{}, err
	}
	lifts, narrowed := filing.Lift(filings, filing.PurposesOf(w.request.GetPurposes()))
	if len(lifts) == 0 {
		return store.Verdict{Answer: []byte(answerNothing)}, nil
	}
	e, keys, err := w.event(p, v, filings, lifts)
	if err != nil {
		return store.Verdict{}, err
	}
	if narrowed {
		e.Leaf.Effect = event.EffectNarrowed
	}
	known := draft.IDs{}
	if e.Side.Subject != (event.Key{}) {
		known.Subject = w.request.GetSubjectId()
	}
	record, err := w.call.Seal(e, known, keys)
	if errors.Is(err, event.ErrMalformed) || err == nil && len(keys) > store.MaxKeys {
		return store.Verdict{}, tooMuch()
	}
	return store.Verdict{Record: record, Answer: []byte(answerLifted)}, err
}

// meant are the filings that the request is about, as they stand. A receipt proves its own filing and no other, whatever
// else the request says.
func (w *withdrawal) meant(p store.Present) ([]filing.Filing, error) {
	if w.proved != nil {
		entries, err := p.EventsOf(w.registry.keys.Objection(string(w.proved.Event.Side.ObjectionID)))
		if err != nil {
			return nil, err
		}
		return filing.History(entries)
	}
	subject := w.registry.keys.Subject(w.request.GetSubjectId())
	entries, err := p.EventsOf(subject)
	if err != nil {
		return nil, err
	}
	filings, err := filing.History(entries)
	return slices.DeleteFunc(filings, func(f filing.Filing) bool {
		return f.Event.Side.Subject != subject || w.id != "" && f.Event.Side.ObjectionID != w.id
	}), err
}

// event makes the withdrawal's event, but for its person list: what is lifted, and what every key that it touches is
// left with. Others' filings for the same item stay.
func (w *withdrawal) event(p store.Present, v *View, filings []filing.Filing, lifts []event.Lift) (event.Event, []event.Key, error) {
	side := w.call.Side(w.registry.keys, w.registry.Now(), p.Head())
	side.Purposes = filing.PurposesOf(w.request.GetPurposes())
	side.Channel = filing.Word(w.request.GetChannel())
	side.FiledBy = filing.WordOr(w.request.GetFiledBy(), vetov1.FiledBy_FILED_BY_SELF)
	side.Verification = filing.WordOr(w.request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED)
	side.Lifts = lifts
	if side.Proof = event.ProofSubject; w.proved != nil {
		side.Proof = event.ProofReceipt
	} else {
		side.Subject = w.registry.keys.Subject(w.request.GetSubjectId())
	}
	changes, keys, err := w.registry.remaining(p, filings, lifts)
	if err != nil {
		return event.Event{}, nil, err
	}
	side.Changes = changes
	leaf := event.Leaf{Type: event.TypeObjectionWithdrawn, Policy: v.PolicyVersion(), Effect: event.EffectLifted}
	return event.Event{Leaf: leaf, Side: side}, keys, nil
}

// remaining are the changes that leave all that the lifted filings are about with what others still say of it, and the keys that the event is found by.
func (r *Registry) remaining(p store.Present, filings []filing.Filing, lifts []event.Lift) (changes []event.Change, keys []event.Key, err error) {
	touched, keys := filing.Touched(filings, lifts, r.keys.Objection)
	all, err := standing(p, touched, filings)
	for _, one := range touched {
		changes = append(changes, filing.Remaining(one.Table, one.Key, all)...)
		keys = append(keys, one.Key)
	}
	return changes, keys, err
}

// standing are all filings about some things, other people's too, with those of a withdrawal as it leaves them.
func standing(p store.Present, things []filing.Thing, withdrawn []filing.Filing) ([]filing.Filing, error) {
	if len(things) > store.MaxKeys {
		return nil, tooMuch()
	}
	keys := make([]event.Key, len(things))
	for i, one := range things {
		keys[i] = one.Key
	}
	entries, err := p.EventsOf(keys...)
	if err != nil {
		return nil, err
	}
	all, err := filing.History(entries)
	for i := range all {
		for j := range withdrawn {
			if all[i].Revision == withdrawn[j].Revision {
				all[i].Standing = withdrawn[j].Standing
			}
		}
	}
	return all, err
}

// tooMuch says that one event cannot hold what the withdrawal would do.
func tooMuch() error {
	return &InvalidError{Fields: []FieldFault{{Field: "objection_id", Message: "too many filings to lift at once: withdraw them one by one, each by its number"}}}
}

// withdrawn is the answer to a withdrawal, made of its event alone, so that a retry gets the same.
func (r *Registry) withdrawn(ctx context.Context, appended store.Appended) (*vetov1.WithdrawObjectionResponse, error) {
	response := &vetov1.WithdrawObjectionResponse{Revision: uint64(appended.Head)}
	switch string(appended.Answer) {
	case answerUnverified:
		response.Effect = vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED
		return response, nil
	case answerNothing:
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
			response.Lifted = append(response.Lifted, filings[i].Objection())
		}
	}
	response.Receipt = filing.Receipt(appended.Revision, appended.Entry.Leaf, e)
	return response, nil
}
