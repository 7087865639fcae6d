package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// switchKey is what every change of policy and suspensions is indexed under. It is no keyed hash: it hides nothing.
var switchKey = func() (key event.Key) {
	sum := sha256.Sum256([]byte("veto/policy"))
	copy(key[:], sum[:])
	return key
}()

// documents is where policy documents are read from.
type documents interface {
	Document(ctx context.Context, sum event.Hash) ([]byte, error)
}

// state is what the events up to a revision come to. One goroutine folds.
type state struct {
	keys        *subject.Keys
	revision    event.Revision
	standings   *standings.Builder
	purposes    purposeTable
	versions    []policyVersion
	policy      *vetov1.Policy
	document    string
	taken       map[string][]string // what each purpose took over from earlier ones, in any version
	suspensions []policy.Suspended
	switched    event.Revision
	reports     []report // of items that were deleted or restricted, until they lapse

	// What is compiled of the above, and the change that it was compiled at. A policy that does not compile decides
	// nothing: every decision is NO_POLICY until another is applied.
	compiled   *gate.Policy
	stops      *gate.Suspensions
	compiledAt event.Revision
	broken     error // why the active policy does not compile; nil: it does
}

func newState(keys *subject.Keys) *state {
	return &state{keys: keys, standings: standings.NewBuilder()}
}

// apply folds the next event. An event that was decided cannot be refused: an error is damage.
func (s *state) apply(ctx context.Context, docs documents, entry store.Entry) error {
	if entry.Side == nil {
		return errors.New("the side row is gone, and no event says that it was forgotten")
	}
	e, err := event.Open(entry.Leaf, entry.Side)
	if err != nil {
		return err
	}
	if e.Side.KeyID != s.keys.KeyID() {
		// Its hashes are another secret's: here they would match nobody.
		return fmt.Errorf("its ids are hashed with secret %d, and this one is %d", e.Side.KeyID, s.keys.KeyID())
	}
	if (e.Leaf.Type == event.TypeGenesis) != (entry.Revision == 1) {
		return fmt.Errorf("%s is out of place", e.Leaf.Type)
	}
	switch e.Leaf.Type {
	case event.TypeGenesis:
	case event.TypeObjectionFiled, event.TypeObjectionWithdrawn, event.TypeConsentGranted, event.TypeConsentWithdrawn,
		event.TypeSubjectsLinked, event.TypeSubjectsUnlinked, event.TypeErasureRecorded, event.TypeObjectionsAnnulled, event.TypeIdentifierMatched, event.TypeObjectionDecided:
		err = s.change(e.Side.Changes)
	case event.TypeItemsChanged:
		s.lapse(e.Side)
		err = s.change(e.Side.Changes)
	case event.TypePolicyApplied:
		err = s.activate(ctx, docs, entry.Revision, e)
	case event.TypeRegimeSuspended:
		s.suspend(entry.Revision, e.Side)
	case event.TypeRegimeResumed:
		s.resume(entry.Revision, e.Side)
	default:
		err = fmt.Errorf("this version does not know %s", e.Leaf.Type)
	}
	if err != nil {
		return err
	}
	s.revision = entry.Revision
	return nil
}

// tables are the event's tables as the standings have them.
var tables = [...]standings.Table{
	event.TableSubject: standings.Subjects, event.TableItem: standings.Items, event.TableContentKey: standings.ContentKeys,
}

// change applies what an event of an objection or a consent says of the standings.
func (s *state) change(changes []event.Change) error {
	for _, c := range changes {
		mask, ok := s.purposes.mask(c.Purposes)
		if !ok {
			return errors.New("it names a purpose that was never declared")
		}
		switch c.Act {
		case event.ActClear:
			s.standings.Clear(tables[c.Table], c.Key)
		case event.ActConsent:
			s.standings.Consent(c.Key, mask)
		case event.ActRevoke:
			s.standings.WithdrawConsent(c.Key, mask)
		case event.ActObject:
			if mask != 0 {
				s.standings.Object(tables[c.Table], c.Key, standings.Objection{Country: c.Country, Purposes: mask})
			}
		case event.ActRefuse:
			if mask != 0 {
				s.standings.Object(tables[c.Table], c.Key, standings.Objection{Country: c.Country, Purposes: mask, RefusedFrom: max(c.At.UnixNano(), 1)})
			}
		case event.ActErase:
			s.erase(c)
		case event.ActWithhold:
			s.standings.Withhold(c.Key, c.At.UnixNano())
		case event.ActRestore:
			s.standings.Withhold(c.Key, 0)
		default:
			return fmt.Errorf("this version does not know the change %s", c.Act)
		}
	}
	return nil
}

func (s *state) erase(c event.Change) {
	if c.Table == event.TableItem {
		s.standings.EraseItem(c.Key)
		return
	}
	s.standings.Erase(c.Key, c.At.UnixNano())
}

// report is one event of reports about items, until it lapses.
type report struct {
	until time.Time
	items []event.Key
}

// lapse lets go of what no decision looks at any more: reports that were over when this event was recorded.
func (s *state) lapse(side event.Side) {
	over := func(one report) bool { return !one.until.After(side.RecordedAt) }
	for _, one := range s.reports {
		if over(one) {
			for _, item := range one.items {
				s.standings.Release(item, side.RecordedAt.UnixNano())
			}
		}
	}
	s.reports = slices.DeleteFunc(s.reports, over)
	one := report{until: side.KeptUntil}
	for _, said := range side.Reports {
		one.items = append(one.items, said.Item)
	}
	s.reports = append(s.reports, one)
}

// activate makes a document the active policy. It is read, not judged: it was when it was applied, by the rules of that
// day, and a log that was folded once must be folded by every later version.
func (s *state) activate(ctx context.Context, docs documents, revision event.Revision, e event.Event) error {
	text, err := docs.Document(ctx, e.Side.Document)
	if err != nil {
		return fmt.Errorf("read policy document: %w", err)
	}
	p, err := policy.Decode(text)
	if err != nil {
		return fmt.Errorf("read policy document: %w", err)
	}
	if want := uint64(len(s.versions)) + 1; e.Leaf.Policy != want {
		return fmt.Errorf("policy version %d follows %d", e.Leaf.Policy, want-1)
	}
	for _, purpose := range p.GetPurposes() {
		if !slices.Contains(s.purposes, purpose.GetName()) {
			s.purposes = append(slices.Clip(s.purposes), purpose.GetName())
		}
	}
	if len(s.purposes) > standings.Bits {
		return errors.New("more purposes were declared than a register holds")
	}
	s.taken = policy.TakenOver(p, s.taken)
	p.Version, p.Etag = e.Leaf.Policy, etag(e.Leaf.Policy, e.Side.Document)
	s.policy, s.document, s.switched = p, string(text), revision
	s.versions = append(slices.Clip(s.versions), policyVersion{version: e.Leaf.Policy, revision: revision, document: e.Side.Document, at: e.Side.RecordedAt})
	return nil
}

func (s *state) suspend(revision event.Revision, side event.Side) {
	s.suspensions = append(slices.Clip(s.suspensions), policy.Suspended{
		Suspension: &vetov1.Suspension{
			Regime: side.Regime, Jurisdictions: side.Jurisdictions, Purposes: side.Purposes.Names,
			Reason: side.Reason, Authority: side.Authority,
			SuspendedAt: timestamppb.New(side.RecordedAt), Revision: uint64(revision),
		},
		Places: side.Places,
	})
	s.switched = revision
}

func (s *state) resume(revision event.Revision, side event.Side) {
	s.suspensions = slices.DeleteFunc(slices.Clone(s.suspensions), func(one policy.Suspended) bool {
		return exactly(side, one.Suspension)
	})
	s.switched = revision
}

// view makes what was folded immutable. Policies are compiled once a change, and only those that a view is made with.
func (s *state) view() *View {
	if s.policy != nil && s.compiledAt != s.switched {
		s.compiled, s.broken = policy.Compile(s.policy, s.purposes.bit, s.taken)
		s.stops = policy.Suspensions(s.suspensions, s.purposes.bit)
		s.compiledAt = s.switched
	}
	published := s.standings.View()
	view := &View{
		Gate: gate.View{
			Revision: uint64(s.revision), Policy: s.compiled, Suspensions: s.stops, Standings: published, Keys: s.keys,
		},
		Revision: uint64(s.revision), Policy: s.policy, Document: s.document,
		standings: published, objected: s.standings.Objected(), purposes: s.purposes, taken: s.taken,
		versions: s.versions, suspended: s.suspensions, switched: s.switched,
	}
	for _, one := range s.suspensions {
		view.Suspensions = append(view.Suspensions, one.Suspension)
	}
	return view
}

// etag tells one activation of a policy from every other.
func etag(version uint64, document event.Hash) string {
	return fmt.Sprintf("%d-%x", version, document[:8])
}
