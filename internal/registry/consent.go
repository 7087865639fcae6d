package registry

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/listing"
	"github.com/veto-gate/veto/internal/store"
)

// Answers kept with a request id, beside answerUnchanged and answerUnverified.
const (
	answerGranted = "granted"
	answerRevoked = "revoked"
)

// consentsKey is what the events of a subject's consents are indexed under, so that a filing tells at a look whether there were any. It is in no event.
func (r *Registry) consentsKey(subject event.Key) event.Key {
	return r.keys.Objection("consents of " + hex.EncodeToString(subject[:]))
}

// consentNumber numbers consents apart from objections.
const consentNumber = 1 << 31

func (r *Registry) consentID(e event.Event) string {
	return string(event.NewObjectionID(r.keys.ObjectionNumber([16]byte(e.Side.RequestID), consentNumber)))
}

// GrantConsent records a consent (GDPR Art. 7), durable and in force here when it returns. It weakens protection, so it is effective only VERIFIED, and
// lifts the objections that it names, for its purposes, and no other.
//
// Errors: as FileObjection.
func (r *Registry) GrantConsent(ctx context.Context, actor Actor, request *vetov1.GrantConsentRequest) (*vetov1.GrantConsentResponse, error) {
	call, err := r.call(actor, request.GetRequestId())
	if err != nil {
		return nil, err
	}
	content := proto.CloneOf(request)
	content.RequestId = ""
	appended, _, err := r.write(ctx, request.GetRequestId(), "GrantConsent", content, func(p store.Present, v *View) (store.Verdict, error) {
		return r.resolveGrant(p, v, call, request)
	})
	if err != nil {
		return nil, err
	}
	return r.granted(ctx, appended)
}

func (r *Registry) resolveGrant(p store.Present, v *View, call draft.Call, request *vetov1.GrantConsentRequest) (store.Verdict, error) {
	named, err := intake.CheckConsent(v, v.declared(), request)
	if err != nil {
		return store.Verdict{}, err
	}
	if filing.WordOr(request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED) != filing.VerifiedWord {
		return store.Verdict{Answer: []byte(answerUnverified)}, nil
	}
	side := call.Side(r.keys, r.Now(), p.Head())
	side.Subject = r.keys.Subject(request.GetSubjectId())
	side.Purposes = event.PurposesOf(request.GetPurposes()...)
	side.Channel, side.Verification = filing.Word(request.GetChannel()), filing.VerifiedWord
	side.FiledBy = filing.WordOr(request.GetFiledBy(), vetov1.FiledBy_FILED_BY_SELF)
	side.NoticeVersion = request.GetNoticeVersion()
	entries, err := p.EventsOf(side.Subject)
	if err != nil {
		return store.Verdict{}, err
	}
	filings, err := filing.History(entries)
	if err != nil {
		return store.Verdict{}, err
	}
	filings, unknown := filing.Named(filings, side.Subject, named)
	if err := intake.UnknownLifts(unknown); err != nil {
		return store.Verdict{}, err
	}
	consents, err := filing.Consents(entries, side.Subject)
	if err != nil {
		return store.Verdict{}, err
	}
	side.Lifts, _ = filing.Lift(filings, side.Purposes)
	if stands := filing.Consented(consents); len(side.Lifts) == 0 && stands.Union(side.Purposes).Equal(stands) {
		return store.Verdict{Answer: fmt.Appendf(nil, "%s %d", answerUnchanged, filing.LastStanding(consents))}, nil
	}
	changes, keys, err := r.remaining(p, filings, side.Lifts)
	if err != nil {
		return store.Verdict{}, err
	}
	changes = append(changes, event.Change{Act: event.ActConsent, Table: event.TableSubject, Key: side.Subject, Purposes: side.Purposes})
	side.Changes = changes
	leaf := event.Leaf{Type: event.TypeConsentGranted, Policy: v.PolicyVersion(), Effect: event.EffectGranted}
	return r.sealConsent(call, event.Event{Leaf: leaf, Side: side}, request.GetSubjectId(), keys, answerGranted)
}

func (r *Registry) sealConsent(call draft.Call, e event.Event, subject string, keys []event.Key, answer string) (store.Verdict, error) {
	keys = append(keys, e.Side.Subject, r.consentsKey(e.Side.Subject))
	record, err := call.Seal(e, draft.IDs{Subject: subject}, keys)
	if errors.Is(err, event.ErrMalformed) || err == nil && len(keys) > store.MaxKeys {
		return store.Verdict{}, tooMuch()
	}
	return store.Verdict{Record: record, Answer: []byte(answer)}, err
}

// granted is the answer to a consent, made of the log alone, as of the revision that it is true at.
func (r *Registry) granted(ctx context.Context, appended store.Appended) (*vetov1.GrantConsentResponse, error) {
	response := &vetov1.GrantConsentResponse{Revision: uint64(appended.Head)}
	if string(appended.Answer) == answerUnverified {
		response.NoEffectUnverified = true
		return response, nil
	}
	entry := appended.Entry
	var standing uint64
	if _, err := fmt.Sscanf(string(appended.Answer), answerUnchanged+" %d", &standing); err == nil {
		response.Unchanged = true
		if entry, err = filing.EntryAt(ctx, r.log, event.Revision(standing)); err != nil {
			return nil, err
		}
	}
	e, err := event.Open(entry.Leaf, entry.Side)
	if err != nil {
		return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
	}
	consents, err := r.consentsOf(ctx, e.Side.Subject, appended.Head)
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

// consentsOf are a subject's consents as they stood at a revision.
func (r *Registry) consentsOf(ctx context.Context, subject event.Key, upTo event.Revision) ([]*vetov1.Consent, error) {
	entries, err := r.log.EventsOf(ctx, []event.Key{subject}, upTo)
	if err != nil {
		return nil, fmt.Errorf("read the events of a subject: %w", err)
	}
	return filing.ToldConsents(entries, subject, r.consentID)
}

// WithdrawConsent withdraws consents (GDPR Art. 7(3)), verified or not: it only ever protects. An UNVERIFIED one looks at nothing that stands: it is an
// event of its own, and its sender learns nothing.
//
// Errors: as FileObjection.
func (r *Registry) WithdrawConsent(ctx context.Context, actor Actor, request *vetov1.WithdrawConsentRequest) (*vetov1.WithdrawConsentResponse, error) {
	call, err := r.call(actor, request.GetRequestId())
	if err != nil {
		return nil, err
	}
	content := proto.CloneOf(request)
	content.RequestId = ""
	appended, _, err := r.write(ctx, request.GetRequestId(), "WithdrawConsent", content, func(p store.Present, v *View) (store.Verdict, error) {
		return r.resolveRevocation(p, v, call, request)
	})
	if err != nil {
		return nil, err
	}
	response := &vetov1.WithdrawConsentResponse{Revision: uint64(appended.Head)}
	if string(appended.Answer) == answerNothing {
		response.Unchanged = true
		return response, nil
	}
	e, err := event.Open(appended.Entry.Leaf, appended.Entry.Side)
	if err != nil {
		return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, appended.Revision, err)
	}
	response.Receipt = filing.Receipt(appended.Revision, appended.Entry.Leaf, e)
	return response, nil
}

func (r *Registry) resolveRevocation(p store.Present, v *View, call draft.Call, request *vetov1.WithdrawConsentRequest) (store.Verdict, error) {
	if err := intake.CheckRevocation(v.purposes, request); err != nil {
		return store.Verdict{}, err
	}
	side := call.Side(r.keys, r.Now(), p.Head())
	side.Subject = r.keys.Subject(request.GetSubjectId())
	side.Purposes = filing.PurposesOf(request.GetPurposes())
	side.Channel = filing.Word(request.GetChannel())
	side.Verification = filing.WordOr(request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED)
	side.FiledBy = filing.WordOr(request.GetFiledBy(), vetov1.FiledBy_FILED_BY_SELF)
	if side.Verification == filing.VerifiedWord {
		entries, err := p.EventsOf(side.Subject)
		if err != nil {
			return store.Verdict{}, err
		}
		consents, err := filing.Consents(entries, side.Subject)
		if err != nil {
			return store.Verdict{}, err
		}
		if stands := filing.Consented(consents); stands.Minus(side.Purposes).Equal(stands) {
			return store.Verdict{Answer: []byte(answerNothing)}, nil
		}
	}
	side.Changes = []event.Change{{Act: event.ActRevoke, Table: event.TableSubject, Key: side.Subject, Purposes: side.Purposes}}
	leaf := event.Leaf{Type: event.TypeConsentWithdrawn, Policy: v.PolicyVersion(), Effect: event.EffectRevoked}
	return r.sealConsent(call, event.Event{Leaf: leaf, Side: side}, request.GetSubjectId(), nil, answerRevoked)
}

// Events lists the log.
//
// Errors: those of ViewAt and listing.Events.
func (r *Registry) Events(ctx context.Context, request *vetov1.ListEventsRequest) (*vetov1.ListEventsResponse, error) {
	view, err := r.ViewAt(ctx, request.GetMinRevision())
	if err != nil {
		return nil, err
	}
	return listing.Events(ctx, r.log, r.keys.Fingerprint, request, event.Revision(view.Revision))
}

// PolicyVersions lists the versions of the policy, newest first.
//
// Errors: those of ViewAt; *InvalidError for a token; those of the log.
func (r *Registry) PolicyVersions(ctx context.Context, request *vetov1.ListPolicyVersionsRequest) (*vetov1.ListPolicyVersionsResponse, error) {
	view, err := r.ViewAt(ctx, request.GetMinRevision())
	if err != nil {
		return nil, err
	}
	return listing.PolicyVersions(ctx, r.log, r.keys.Fingerprint, request, view.Revision, uint64(len(view.versions)), func(n uint64) *vetov1.PolicyVersion {
		one := view.versions[n-1]
		return &vetov1.PolicyVersion{Version: one.version, Etag: etag(one.version, one.document), Revision: uint64(one.revision), AppliedAt: filing.Stamp(one.at)}
	})
}
