// Package answer makes the answers to what was written, of the log alone and as of the revision that they are true at: a retry gets the same.
package answer

import (
	"context"
	"fmt"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// Log is where answers are read from.
type Log struct {
	store.Log
	Keys *subject.Keys
}

// Of says whether a request came to what an answer says.
func Of(appended store.Appended, answer string) bool { return string(appended.Answer) == answer }

// Receipt is the receipt of the event that a request wrote; nil: it wrote none.
func Receipt(appended store.Appended) (*vetov1.Receipt, error) {
	if appended.Revision == 0 {
		return nil, nil
	}
	e, err := open(appended.Entry)
	if err != nil {
		return nil, err
	}
	return filing.Receipt(appended.Revision, appended.Entry.Leaf, e), nil
}

func open(entry store.Entry) (event.Event, error) {
	e, err := event.Open(entry.Leaf, entry.Side)
	if err != nil {
		return event.Event{}, fmt.Errorf("%w: revision %d: %w", filing.ErrDamaged, entry.Revision, err)
	}
	return e, nil
}

// meant is the event that an answer is about: the one that was written, or the one that stood already.
func (l Log) meant(ctx context.Context, appended store.Appended) (entry store.Entry, unchanged bool, err error) {
	var standing uint64
	if _, other := fmt.Sscanf(string(appended.Answer), resolve.Unchanged+" %d", &standing); other == nil {
		entry, err = filing.EntryAt(ctx, l, event.Revision(standing))
		return entry, true, err
	}
	return appended.Entry, false, nil
}

// Filed is the answer to a filing.
func (l Log) Filed(ctx context.Context, appended store.Appended) (*vetov1.FileObjectionResponse, error) {
	entry, unchanged, err := l.meant(ctx, appended)
	if err != nil {
		return nil, err
	}
	f, err := l.Filing(ctx, entry, appended.Head)
	if err != nil {
		return nil, err
	}
	return &vetov1.FileObjectionResponse{
		Objection: f.Objection(), Revision: uint64(appended.Head), Receipt: f.Receipt(entry.Leaf), Unchanged: unchanged,
	}, nil
}

// Filing is the filing of an event as it stood at a revision.
func (l Log) Filing(ctx context.Context, entry store.Entry, revision event.Revision) (filing.Filing, error) {
	f, err := filing.Of(entry)
	if err != nil {
		return filing.Filing{}, fmt.Errorf("%w: revision %d: %w", filing.ErrDamaged, entry.Revision, err)
	}
	if entry.Revision == revision {
		return f, nil
	}
	return l.numbered(ctx, f.Event.Side.ObjectionID, revision)
}

// numbered is the filing with a number as it stood at a revision; ErrDamaged where there is none.
func (l Log) numbered(ctx context.Context, id event.ObjectionID, revision event.Revision) (filing.Filing, error) {
	entries, err := l.EventsOf(ctx, []event.Key{l.Keys.Objection(string(id))}, revision)
	if err != nil {
		return filing.Filing{}, fmt.Errorf("read the events of an objection: %w", err)
	}
	filings, err := filing.History(entries)
	if err != nil {
		return filing.Filing{}, err
	}
	at := slices.IndexFunc(filings, func(f filing.Filing) bool { return f.Event.Side.ObjectionID == id })
	if at < 0 {
		return filing.Filing{}, fmt.Errorf("%w: an objection is not found by its number", filing.ErrDamaged)
	}
	return filings[at], nil
}

// Numbered is the objection with a number as it stood at a revision.
func (l Log) Numbered(ctx context.Context, id event.ObjectionID, revision event.Revision) (*vetov1.Objection, error) {
	f, err := l.numbered(ctx, id, revision)
	if err != nil {
		return nil, err
	}
	return f.Objection(), nil
}

// Decided is the answer to an officer's act.
func (l Log) Decided(ctx context.Context, id event.ObjectionID, appended store.Appended) (*vetov1.DecideObjectionResponse, error) {
	objection, err := l.Numbered(ctx, id, appended.Head)
	if err != nil {
		return nil, err
	}
	receipt, err := Receipt(appended)
	return &vetov1.DecideObjectionResponse{Objection: objection, Revision: uint64(appended.Head), Receipt: receipt}, err
}

// Withdrawn is the answer to a withdrawal.
func (l Log) Withdrawn(ctx context.Context, appended store.Appended) (*vetov1.WithdrawObjectionResponse, error) {
	response := &vetov1.WithdrawObjectionResponse{Revision: uint64(appended.Head)}
	switch {
	case Of(appended, resolve.Unverified):
		response.Effect = vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED
		return response, nil
	case Of(appended, resolve.Nothing):
		response.Effect = vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NOTHING_STOOD
		return response, nil
	}
	e, err := open(appended.Entry)
	if err != nil {
		return nil, err
	}
	response.Effect = vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED
	for _, lift := range e.Side.Lifts {
		entry, err := filing.EntryAt(ctx, l, lift.Revision)
		if err != nil {
			return nil, err
		}
		f, err := l.Filing(ctx, entry, appended.Revision)
		if err != nil {
			return nil, err
		}
		if e.Side.Subject != (event.Key{}) {
			f = f.As(e.Side.Subject)
		}
		objection := f.Objection()
		if e.Side.Verification != filing.VerifiedWord { // who holds a receipt learns of no match
			objection.Match, objection.Needs = vetov1.Match_MATCH_UNSPECIFIED, nil
		}
		response.Lifted = append(response.Lifted, objection)
	}
	response.Receipt = filing.Receipt(appended.Revision, appended.Entry.Leaf, e)
	return response, nil
}

// Granted is the answer to a consent. number numbers consents.
func (l Log) Granted(ctx context.Context, appended store.Appended, number func(event.Event) string) (*vetov1.GrantConsentResponse, error) {
	response := &vetov1.GrantConsentResponse{Revision: uint64(appended.Head)}
	if Of(appended, resolve.Unverified) {
		response.NoEffectUnverified = true
		return response, nil
	}
	entry, unchanged, err := l.meant(ctx, appended)
	if err != nil {
		return nil, err
	}
	response.Unchanged = unchanged
	e, err := open(entry)
	if err != nil {
		return nil, err
	}
	entries, err := l.EventsOf(ctx, []event.Key{e.Side.Subject}, appended.Head)
	if err != nil {
		return nil, fmt.Errorf("read the events of a subject: %w", err)
	}
	consents, err := filing.ToldConsents(entries, e.Side.Subject, number)
	if err != nil {
		return nil, err
	}
	for _, c := range consents {
		if c.GetRevision() == uint64(entry.Revision) {
			response.Consent = c
		}
	}
	response.Receipt = filing.Receipt(entry.Revision, entry.Leaf, e)
	return response, nil
}

// Objections are the filings that name a subject, and those of linked ids that cover it, as they stood at a revision.
func (l Log) Objections(ctx context.Context, key event.Key, revision event.Revision) ([]*vetov1.Objection, error) {
	read := func(keys ...event.Key) ([]store.Entry, error) { return l.EventsOf(ctx, keys, revision) }
	members, err := resolve.Group(l.Keys, read, key)
	if err != nil {
		return nil, fmt.Errorf("read the links of a subject: %w", err)
	}
	filings, err := filing.Load(read, l.Keys.Objection, members...)
	if err != nil {
		return nil, err
	}
	var told []*vetov1.Objection
	for i := range filings {
		f := &filings[i]
		if f.Names(key) {
			one := f.As(key)
			told = append(told, one.Objection())
			continue
		}
		lent := slices.IndexFunc(members, func(member event.Key) bool { return f.IsAll() && !f.For(member).IsZero() })
		if lent >= 0 {
			one := f.As(members[lent])
			objection := one.Objection()
			objection.ByLink = true
			told = append(told, objection)
		}
	}
	return told, nil
}
