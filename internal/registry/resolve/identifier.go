package resolve

import (
	"errors"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/sealed"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// ErrUnknownObjection says that no objection has the number. Nothing was written.
var ErrUnknownObjection = errors.New("no objection has this number")

// StateError says that an objection does not stand so that the request could be carried out. Nothing was written.
type StateError struct {
	// Kind is why, in one word.
	Kind string
	// Message is why, and what can be done.
	Message string
}

// Error is the message.
func (e *StateError) Error() string { return e.Message }

// The kinds of StateError.
const (
	NothingPending = "NOTHING_PENDING"
	Ended          = "ENDED"
	Decided        = "DECIDED"
	NotAssessed    = "NOT_ASSESSED"
	Undecided      = "UNDECIDED"
	TooLate        = "TOO_LATE"
)

// QueueKey is what every event is indexed under that gives a person work: what may be in the queue is found by it.
func QueueKey(keys *subject.Keys) event.Key { return keys.Objection("queue") }

// sealedRows seals what a filing gives in place of an id, and the address to answer to. An identifier beside an id is not needed, and not kept.
func (r *Request) sealedRows(side *event.Side, known *draft.IDs, request *vetov1.FileObjectionRequest) []store.Sealed {
	var rows []store.Sealed
	if side.Subject == (event.Key{}) {
		for place, one := range request.GetIdentifiers() {
			row := sealed.Row{Objection: side.ObjectionID, Type: filing.Word(one.GetType()), Value: one.GetValue()}
			handle := sealed.IdentifierHandle(r.Keys, side.ObjectionID, place)
			side.Identifiers = append(side.Identifiers, event.Identifier{Type: row.Type, Handle: handle})
			known.Identifiers = append(known.Identifiers, row.Type+" "+row.Value)
			rows = append(rows, sealed.Seal(r.Keys, side.RecordSalt, handle, row))
		}
	}
	if request.GetReplyTo() != "" {
		row := sealed.Row{Objection: side.ObjectionID, Type: sealed.ReplyTo, Value: request.GetReplyTo()}
		rows = append(rows, sealed.Seal(r.Keys, side.RecordSalt, sealed.ReplyHandle(r.Keys, side.ObjectionID), row))
	}
	return rows
}

// Match says what it comes to that a filing's identifiers are found to be a subject's, or nobody's: from then on it is that subject's filing, and counts for
// what of it still stands.
func (r *Request) Match(request *vetov1.MatchIdentifierRequest, id event.ObjectionID) (store.Verdict, error) {
	if err := intake.CheckMatch(r.Rules, request); err != nil {
		return store.Verdict{}, err
	}
	f, err := r.numbered(id)
	if err != nil {
		return store.Verdict{}, err
	}
	if !f.Pending() || f.Stands().IsZero() {
		return store.Verdict{}, &StateError{Kind: NothingPending, Message: "nobody is looked for: the objection is matched, not found, withdrawn or annulled already; ListObjections with the match PENDING has those that wait"}
	}
	side := r.side()
	side.ObjectionID = id
	keys := append(f.Keys(), r.Keys.Objection(string(id)))
	leaf := event.Leaf{Type: event.TypeIdentifierMatched, Policy: r.Rules.PolicyVersion(), Effect: event.EffectNotFound}
	if request.GetSubjectId() != "" {
		leaf.Effect = event.EffectMatched
		side.Subject = r.Keys.Subject(request.GetSubjectId())
		changes, covered, err := r.matched(f, side.Subject)
		if err != nil {
			return store.Verdict{}, err
		}
		side.Changes = changes
		keys = append(append(keys, covered...), side.Subject)
	}
	verdict, err := r.seal(event.Event{Leaf: leaf, Side: side}, draft.IDs{Subject: request.GetSubjectId()}, keys)
	if err != nil {
		return store.Verdict{}, err
	}
	verdict.Record.Unseal = sealed.Identifiers(f.Event.Side)
	if f.Handle(event.Event{Leaf: leaf, Side: side}); !f.Decision.AnsweredAt.IsZero() && len(f.Needs()) == 0 {
		verdict.Record.Unseal = append(verdict.Record.Unseal, sealed.ReplyHandle(r.Keys, id))
	}
	return verdict, nil
}

// matched are the changes by which a filing begins to count for a subject, and whom it covers.
func (r *Request) matched(f *filing.Filing, subject event.Key) (changes []event.Change, covered []event.Key, err error) {
	if !f.IsAll() {
		return nil, nil, nil // its items count already, whoever asked for it
	}
	if covered, err = r.group(subject); err != nil {
		return nil, nil, err
	}
	theirs := *f
	theirs.Event.Side.Subject = subject
	for _, key := range covered { // what was refused meanwhile stands as refused
		changes = append(changes, filing.Remaining(event.TableSubject, key, []event.Key{subject}, []filing.Filing{theirs})[1:]...)
	}
	revoked, err := r.revocations(covered, f.Standing)
	return append(changes, revoked...), covered, err
}

// numbered is the filing with a number, as it stands.
func (r *Request) numbered(id event.ObjectionID) (*filing.Filing, error) {
	filings, err := r.filings(r.Keys.Objection(string(id)))
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(filings, func(f filing.Filing) bool { return f.Event.Side.ObjectionID == id })
	if at < 0 {
		return nil, ErrUnknownObjection
	}
	return &filings[at], nil
}

// unsealed takes out what was sealed with filings of which nothing stands any more.
func (r *Request) unsealed(record *store.Record, filings []filing.Filing) {
	for i := range filings {
		switch f := &filings[i]; {
		case !f.Stands().IsZero():
		case len(f.Needs()) > 0: // it is still to be answered
			record.Unseal = append(record.Unseal, sealed.Identifiers(f.Event.Side)...)
		default:
			record.Unseal = append(record.Unseal, sealed.Handles(r.Keys, f.Event.Side)...)
		}
	}
}
