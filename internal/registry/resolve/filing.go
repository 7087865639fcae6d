package resolve

import (
	"errors"
	"fmt"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// Filing says what a filing comes to. An UNVERIFIED one looks at nothing that stands but for what it adds to: it is an event of its own, and its sender
// learns nothing. It is checked here, and not before, so that a retry is answered as it was when the policy has changed since. imported is the key of the
// import that it came with; zero: of none.
func (r *Request) Filing(request *vetov1.FileObjectionRequest, imported event.Key) (store.Verdict, error) {
	if err := intake.CheckFiling(r.Rules, request, r.Now); err != nil {
		return store.Verdict{}, err
	}
	e, known := r.filingEvent(request)
	e.Side.Import = imported
	covered, err := r.covered(&e.Side)
	if err != nil {
		return store.Verdict{}, err
	}
	if e.Side.Verification == filing.VerifiedWord && request.GetReplyTo() == "" { // an address is more than what stands has
		standing, raised, err := r.standsAlready(e.Side)
		if err != nil {
			return store.Verdict{}, err
		}
		if standing != 0 {
			return store.Verdict{Answer: fmt.Appendf(nil, "%s %d", Unchanged, standing)}, nil
		}
		if raised && e.Leaf.Effect == event.EffectInForce { // that it has no effect is said first
			e.Leaf.Effect = event.EffectRaised
		}
	}
	if e.Side.ObjectionID, err = r.unusedID(); err != nil {
		return store.Verdict{}, err
	}
	rows := r.sealedRows(&e.Side, &known, request)
	if nobody := e.Side.Subject == (event.Key{}) && isAll(e.Side); nobody {
		e.Leaf.Effect = event.EffectPending
	}
	keys := slices.Concat([]event.Key{r.Keys.Objection(string(e.Side.ObjectionID))}, e.Side.Items, e.Side.ContentKeys, e.Side.Linked)
	if e.Side.Subject != (event.Key{}) {
		keys = append(keys, e.Side.Subject)
	}
	e.Side.Changes = filing.Changes(e.Side, covered)
	if isAll(e.Side) {
		keys = append(keys, covered...)
		revoked, err := r.revocations(covered, e.Side.Purposes)
		if err != nil {
			return store.Verdict{}, err
		}
		e.Side.Changes = append(e.Side.Changes, revoked...)
	}
	if len(e.Side.Members) > 0 {
		spread, err := r.spread(e.Side.Members)
		if err != nil {
			return store.Verdict{}, err
		}
		e.Side.Changes = append(e.Side.Changes, spread...)
		keys = append(keys, r.linkKeys(e.Side.Members)...)
	}
	if needsPerson(e.Side) {
		keys = append(keys, QueueKey(r.Keys))
	}
	verdict, err := r.seal(e, known, keys)
	if err != nil {
		return store.Verdict{}, err
	}
	verdict.Record.Seal = rows
	return verdict, nil
}

// needsPerson says whether a filing is work for a person: somebody is to be found, it is to be assessed, or more is asked for.
func needsPerson(side event.Side) bool {
	return len(side.Identifiers)+len(side.AlsoAsks) > 0 || !side.Assess.IsZero()
}

// isAll says whether a filing is about everything rather than named items or content keys.
func isAll(side event.Side) bool { return len(side.Items)+len(side.ContentKeys) == 0 }

// filingEvent makes the event of a request, but for its number, its changes and its person list.
func (r *Request) filingEvent(request *vetov1.FileObjectionRequest) (event.Event, draft.IDs) {
	side := r.side()
	known := draft.IDs{Subject: request.GetSubjectId()}
	if known.Subject != "" {
		side.Subject = r.Keys.Subject(known.Subject)
	}
	side.Linked, known.Linked = draft.BlindSet(request.GetLinkedSubjectIds(), r.Keys.Subject)
	side.Items, known.Items = draft.BlindSet(request.GetItemIds(), r.Keys.Item)
	side.ContentKeys, known.ContentKeys = draft.BlindSet(request.GetContentKeys(), r.Keys.ContentKey)
	side.Purposes = filing.PurposesOf(request.GetPurposes())
	side.Country = request.GetCountry()
	side.Assess, _, _ = r.Rules.Assessing(side, r.Now)
	side.Channel = filing.Word(request.GetChannel())
	side.Verification = filing.WordOr(request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED)
	side.FiledBy = filing.WordOr(request.GetFiledBy(), vetov1.FiledBy_FILED_BY_SELF)
	side.AlsoAsks = filing.WordSet(request.GetAlsoAsks())
	side.SentAt, side.ReceivedAt = filing.Instant(request.GetSentAt()), filing.Instant(request.GetReceivedAt())
	side.CaseReference, side.NoticeVersion = request.GetCaseReference(), request.GetNoticeVersion()
	side.Deadline, side.BeforeDeadline = r.Rules.Deadline(side)
	leaf := event.Leaf{Type: event.TypeObjectionFiled, Policy: r.Rules.PolicyVersion(), Effect: event.EffectInForce}
	var all bool
	if side.NoEffect, all = r.Rules.WithoutEffect(side, side.RecordedAt); all {
		leaf.Effect = event.EffectRecordedOnly
	}
	return event.Event{Leaf: leaf, Side: side}, known
}

// covered are the ids that a filing about everything counts for. VERIFIED, it links the ids that it names besides; UNVERIFIED it covers them and no more.
func (r *Request) covered(side *event.Side) ([]event.Key, error) {
	if side.Subject == (event.Key{}) {
		return nil, nil
	}
	covered, err := r.groups(append([]event.Key{side.Subject}, side.Linked...))
	if err != nil || side.Verification != filing.VerifiedWord || len(side.Linked) == 0 {
		return covered, err
	}
	if len(covered) > MaxLinked {
		return nil, ErrTooManyLinked
	}
	side.Members = covered
	return covered, nil
}

// standsAlready looks for a standing filing of the same person that a verified one adds nothing to, verified itself; or
// for an unverified one that it raises.
func (r *Request) standsAlready(side event.Side) (standing event.Revision, raised bool, err error) {
	if side.Subject == (event.Key{}) {
		return 0, false, nil
	}
	filings, err := r.filings(side.Subject)
	if err != nil {
		return 0, false, err
	}
	group, err := r.group(side.Subject)
	if err != nil {
		return 0, false, err
	}
	for i := range filings {
		switch f := &filings[i]; {
		case f.Event.Side.Subject != side.Subject || !f.Covers(side) || slices.ContainsFunc(side.Linked, func(key event.Key) bool { return !slices.Contains(group, key) }):
		case f.Verified():
			return f.Revision, false, nil
		default:
			raised = true
		}
	}
	return 0, raised, nil
}

// idAttempts bounds the search for an id that is not in use: with 45 bits even the second try is rare.
const idAttempts = 16

// unusedID is the filing's number: unguessable, and the same however often the request is resolved.
func (r *Request) unusedID() (event.ObjectionID, error) {
	for attempt := range uint32(idAttempts) {
		id := event.NewObjectionID(r.Keys.ObjectionNumber([16]byte(r.Call.Request), attempt))
		last, err := r.Present.Latest(r.Keys.Objection(string(id)))
		if err != nil {
			return "", err
		}
		if last == 0 {
			return id, nil
		}
	}
	return "", errors.New("find an unused objection id: none of the candidates is free")
}
