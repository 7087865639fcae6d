package resolve

import (
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// Grant says what a consent comes to. It weakens protection, so it is effective only VERIFIED, and lifts the objections that it names, for its purposes, and
// no other.
func (r *Request) Grant(request *vetov1.GrantConsentRequest) (store.Verdict, error) {
	named, err := intake.CheckConsent(r.Rules, r.Rules.Declared(), request)
	if err != nil {
		return store.Verdict{}, err
	}
	if filing.WordOr(request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED) != filing.VerifiedWord {
		return store.Verdict{Answer: []byte(Unverified)}, nil
	}
	side := r.side()
	side.Subject = r.Keys.Subject(request.GetSubjectId())
	side.Purposes = event.PurposesOf(request.GetPurposes()...)
	side.Channel, side.Verification = filing.Word(request.GetChannel()), filing.VerifiedWord
	side.FiledBy = filing.WordOr(request.GetFiledBy(), vetov1.FiledBy_FILED_BY_SELF)
	side.NoticeVersion = request.GetNoticeVersion()
	filings, err := r.filings(side.Subject)
	if err != nil {
		return store.Verdict{}, err
	}
	filings, unknown := filing.Named(filings, side.Subject, named)
	if err := intake.UnknownLifts(unknown); err != nil {
		return store.Verdict{}, err
	}
	consents, err := r.consents(side.Subject)
	if err != nil {
		return store.Verdict{}, err
	}
	side.Lifts, _ = filing.Lift(filings, side.Subject, side.Purposes)
	if stands := filing.Consented(consents); len(side.Lifts) == 0 && stands.Union(side.Purposes).Equal(stands) {
		return store.Verdict{Answer: fmt.Appendf(nil, "%s %d", Unchanged, filing.LastStanding(consents))}, nil
	}
	changes, keys, err := r.remaining(filings, side.Lifts, side.Subject)
	if err != nil {
		return store.Verdict{}, err
	}
	changes = append(changes, event.Change{Act: event.ActConsent, Table: event.TableSubject, Key: side.Subject, Purposes: side.Purposes})
	side.Changes = changes
	leaf := event.Leaf{Type: event.TypeConsentGranted, Policy: r.Rules.PolicyVersion(), Effect: event.EffectGranted}
	verdict, err := r.sealConsent(event.Event{Leaf: leaf, Side: side}, request.GetSubjectId(), keys)
	if err != nil {
		return store.Verdict{}, err
	}
	r.unsealed(verdict.Record, filings)
	return verdict, nil
}

func (r *Request) consents(subject event.Key) ([]filing.Consent, error) {
	entries, err := r.Present.EventsOf(subject)
	if err != nil {
		return nil, err
	}
	return filing.Consents(entries, subject)
}

func (r *Request) sealConsent(e event.Event, subject string, keys []event.Key) (store.Verdict, error) {
	keys = append(keys, e.Side.Subject, ConsentsKey(r.Keys, e.Side.Subject))
	return r.seal(e, draft.IDs{Subject: subject}, keys)
}

// Revocation says what a withdrawal of consent comes to, verified or not: it only ever protects. An UNVERIFIED one looks at nothing that stands: it is an
// event of its own, and its sender learns nothing.
func (r *Request) Revocation(request *vetov1.WithdrawConsentRequest) (store.Verdict, error) {
	if err := intake.CheckRevocation(r.Rules.Ever(), request); err != nil {
		return store.Verdict{}, err
	}
	side := r.side()
	side.Subject = r.Keys.Subject(request.GetSubjectId())
	side.Purposes = filing.PurposesOf(request.GetPurposes())
	side.Channel = filing.Word(request.GetChannel())
	side.Verification = filing.WordOr(request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED)
	side.FiledBy = filing.WordOr(request.GetFiledBy(), vetov1.FiledBy_FILED_BY_SELF)
	if side.Verification == filing.VerifiedWord {
		consents, err := r.consents(side.Subject)
		if err != nil {
			return store.Verdict{}, err
		}
		if stands := filing.Consented(consents); stands.Minus(side.Purposes).Equal(stands) {
			return store.Verdict{Answer: []byte(Nothing)}, nil
		}
	}
	side.Changes = []event.Change{{Act: event.ActRevoke, Table: event.TableSubject, Key: side.Subject, Purposes: side.Purposes}}
	leaf := event.Leaf{Type: event.TypeConsentWithdrawn, Policy: r.Rules.PolicyVersion(), Effect: event.EffectRevoked}
	return r.sealConsent(event.Event{Leaf: leaf, Side: side}, request.GetSubjectId(), nil)
}
