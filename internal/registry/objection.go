package registry

import (
	"context"
	"errors"
	"fmt"
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

// What the answer kept with a request id says of a filing.
const (
	answerFiled     = "filed"
	answerUnchanged = "unchanged" // and the revision of what stands
)

// FileObjection records an objection (GDPR Art. 21), durable and in force here when it returns.
//
// Errors: *InvalidError, *UndeclaredPurposeError, *UnsupportedError for the request; ErrStale, ErrClock, ErrNotReached;
// those of store.Log.Append.
func (r *Registry) FileObjection(ctx context.Context, actor Actor, request *vetov1.FileObjectionRequest) (*vetov1.FileObjectionResponse, error) {
	call, err := r.call(actor, request.GetRequestId())
	if err != nil {
		return nil, err
	}
	content := proto.CloneOf(request)
	content.RequestId = ""
	appended, _, err := r.write(ctx, request.GetRequestId(), "FileObjection", content, func(p store.Present, v *View) (store.Verdict, error) {
		return r.resolveFiling(p, v, call, request)
	})
	if err != nil {
		return nil, err
	}
	return r.filed(ctx, appended)
}

// resolveFiling says what a filing comes to. An UNVERIFIED one looks at nothing that stands: it is an event of its own,
// and its sender learns nothing. It is checked here, and not before, so that a retry is answered as it was when the
// policy has changed since.
func (r *Registry) resolveFiling(p store.Present, v *View, call draft.Call, request *vetov1.FileObjectionRequest) (store.Verdict, error) {
	if err := intake.CheckFiling(v, request, r.Now()); err != nil {
		return store.Verdict{}, err
	}
	e, known, err := r.filingEvent(p, v, call, request)
	if err != nil {
		return store.Verdict{}, err
	}
	if e.Side.Verification == filing.VerifiedWord {
		standing, raised, err := r.standsAlready(p, e.Side)
		if err != nil {
			return store.Verdict{}, err
		}
		if standing != 0 {
			return store.Verdict{Answer: fmt.Appendf(nil, "%s %d", answerUnchanged, standing)}, nil
		}
		if raised && e.Leaf.Effect == event.EffectInForce { // that it has no effect is said first
			e.Leaf.Effect = event.EffectRaised
		}
	}
	record, err := call.Seal(e, known, r.filingKeys(e.Side))
	return store.Verdict{Record: record, Answer: []byte(answerFiled)}, err
}

// filingEvent makes the event of a request, but for its person list.
func (r *Registry) filingEvent(p store.Present, v *View, call draft.Call, request *vetov1.FileObjectionRequest) (event.Event, draft.IDs, error) {
	side := call.Side(r.keys, r.Now(), p.Head())
	known := draft.IDs{Subject: request.GetSubjectId()}
	if known.Subject != "" {
		side.Subject = r.keys.Subject(known.Subject)
	}
	side.Items, known.Items = draft.BlindSet(request.GetItemIds(), r.keys.Item)
	side.ContentKeys, known.ContentKeys = draft.BlindSet(request.GetContentKeys(), r.keys.ContentKey)
	side.Purposes = filing.PurposesOf(request.GetPurposes())
	side.Country = request.GetCountry()
	side.Channel = filing.Word(request.GetChannel())
	side.Verification = filing.WordOr(request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED)
	side.FiledBy = filing.WordOr(request.GetFiledBy(), vetov1.FiledBy_FILED_BY_SELF)
	side.AlsoAsks = filing.WordSet(request.GetAlsoAsks())
	side.SentAt, side.ReceivedAt = filing.Instant(request.GetSentAt()), filing.Instant(request.GetReceivedAt())
	side.CaseReference, side.NoticeVersion = request.GetCaseReference(), request.GetNoticeVersion()
	side.Deadline, side.BeforeDeadline = deadline(v, side)
	side.Changes = filing.Changes(side)
	consented, err := p.Latest(r.consentsKey(side.Subject))
	if err != nil {
		return event.Event{}, draft.IDs{}, err
	}
	if consented > 0 && len(side.Items)+len(side.ContentKeys) == 0 {
		side.Changes = append(side.Changes, event.Change{Act: event.ActRevoke, Table: event.TableSubject, Key: side.Subject, Purposes: side.Purposes})
	}
	if side.ObjectionID, err = r.unusedID(p, call.Request); err != nil {
		return event.Event{}, draft.IDs{}, err
	}
	leaf := event.Leaf{Type: event.TypeObjectionFiled, Policy: v.PolicyVersion(), Effect: event.EffectInForce}
	var all bool
	if side.NoEffect, all = v.withoutEffect(side, side.RecordedAt); all {
		leaf.Effect = event.EffectRecordedOnly
	}
	return event.Event{Leaf: leaf, Side: side}, known, nil
}

// filingKeys are what a filing is found by.
func (r *Registry) filingKeys(side event.Side) []event.Key {
	keys := []event.Key{r.keys.Objection(string(side.ObjectionID))}
	if side.Subject != (event.Key{}) {
		keys = append(keys, side.Subject)
	}
	return append(append(keys, side.Items...), side.ContentKeys...)
}

// standsAlready looks for a standing filing of the same person that a verified one adds nothing to, verified itself; or
// for an unverified one that it raises.
func (r *Registry) standsAlready(p store.Present, side event.Side) (standing event.Revision, raised bool, err error) {
	if side.Subject == (event.Key{}) {
		return 0, false, nil
	}
	entries, err := p.EventsOf(side.Subject)
	if err != nil {
		return 0, false, err
	}
	filings, err := filing.History(entries)
	if err != nil {
		return 0, false, err
	}
	for i := range filings {
		switch f := &filings[i]; {
		case f.Event.Side.Subject != side.Subject || !f.Covers(side):
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
func (r *Registry) unusedID(p store.Present, request event.RequestID) (event.ObjectionID, error) {
	for attempt := range uint32(idAttempts) {
		id := event.NewObjectionID(r.keys.ObjectionNumber([16]byte(request), attempt))
		last, err := p.Latest(r.keys.Objection(string(id)))
		if err != nil {
			return "", err
		}
		if last == 0 {
			return id, nil
		}
	}
	return "", errors.New("find an unused objection id: none of the candidates is free")
}

// deadline is the objection deadline that the country's regime has, and whether the objection was in time, by the
// earlier of sent and received. Of several purposes' deadlines the earliest counts.
func deadline(v *View, side event.Side) (at time.Time, before bool) {
	if side.Country == "" || v.Policy == nil {
		return time.Time{}, false
	}
	came := side.RecordedAt
	for _, t := range []time.Time{side.SentAt, side.ReceivedAt} {
		if !t.IsZero() && t.Before(came) {
			came = t
		}
	}
	for _, purpose := range v.affected(side.Purposes) {
		regime, ok := v.ruling(side.Country, purpose, came)
		if !ok {
			continue
		}
		if d, ok := policy.DeadlineOf(regime, came); ok && (at.IsZero() || d.Before(at)) {
			at = d
		}
	}
	return at, !at.IsZero() && came.Before(at)
}

// withoutEffect are, of the declared purposes that the filing counts for, those for which its country's regime gives
// objections no effect, and whether they are all. Where no regime rules, or the country is unknown, it is honoured.
func (v *View) withoutEffect(side event.Side, now time.Time) (none event.Purposes, all bool) {
	if side.Country == "" {
		return event.Purposes{}, false
	}
	var names []string
	honoured := false
	for _, name := range v.affected(side.Purposes) {
		regime, ok := v.ruling(side.Country, name, now)
		if ok && regime.GetObjections() == vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY {
			names = append(names, name)
		} else {
			honoured = true
		}
	}
	if len(names) == 0 {
		return event.Purposes{}, false
	}
	return event.PurposesOf(names...), !honoured
}

// filed is the answer to a filing, made of the log alone, as of the revision that it is true at, so that a retry gets
// the same.
func (r *Registry) filed(ctx context.Context, appended store.Appended) (*vetov1.FileObjectionResponse, error) {
	entry := appended.Entry
	var standing uint64
	_, notUnchanged := fmt.Sscanf(string(appended.Answer), answerUnchanged+" %d", &standing)
	unchanged := notUnchanged == nil
	if unchanged {
		var err error
		if entry, err = filing.EntryAt(ctx, r.log, event.Revision(standing)); err != nil {
			return nil, err
		}
	}
	f, err := r.filingAsOf(ctx, entry, appended.Head)
	if err != nil {
		return nil, err
	}
	return &vetov1.FileObjectionResponse{
		Objection: f.Objection(), Revision: uint64(appended.Head), Receipt: f.Receipt(entry.Leaf), Unchanged: unchanged,
	}, nil
}

// filingAsOf is the filing of an event as it stood at a revision.
func (r *Registry) filingAsOf(ctx context.Context, entry store.Entry, revision event.Revision) (filing.Filing, error) {
	f, err := filing.Of(entry)
	if err != nil {
		return filing.Filing{}, fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
	}
	if entry.Revision == revision {
		return f, nil
	}
	entries, err := r.log.EventsOf(ctx, []event.Key{r.keys.Objection(string(f.Event.Side.ObjectionID))}, revision)
	if err != nil {
		return filing.Filing{}, fmt.Errorf("read the events of an objection: %w", err)
	}
	filings, err := filing.History(entries)
	if err != nil {
		return filing.Filing{}, err
	}
	for i := range filings {
		if filings[i].Revision == entry.Revision {
			return filings[i], nil
		}
	}
	return filing.Filing{}, fmt.Errorf("%w: revision %d is not found by its objection's key", ErrDamaged, entry.Revision)
}
