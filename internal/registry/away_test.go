package registry_test

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store"
)

// away is a log whose look-ups by key, or whose reading, can be made to fail; what it appends it appends.
type away struct {
	store.Log
	lookups, reads atomic.Bool
}

func (a *away) EventsOf(ctx context.Context, keys []event.Key, upTo event.Revision) ([]store.Entry, error) {
	if a.lookups.Load() {
		return nil, store.ErrUnavailable
	}
	return a.Log.EventsOf(ctx, keys, upTo)
}

func (a *away) Read(ctx context.Context, after event.Revision) iter.Seq2[store.Entry, error] {
	if a.reads.Load() {
		return func(yield func(store.Entry, error) bool) { yield(store.Entry{}, store.ErrUnavailable) }
	}
	return a.Log.Read(ctx, after)
}

// TestAStoreThatFailsIsAnErrorAndNoAnswer: nobody is told that nothing is on record because it could not be read, and a write that was done and could not
// be told of is told by its retry.
func TestAStoreThatFailsIsAnErrorAndNoAnswer(t *testing.T) {
	var log *away
	r := openAt(t, t.TempDir(), registry.Config{}, func(l store.Log) store.Log {
		log = &away{Log: l}
		return log
	})
	r.apply(consentPolicy)
	filed := r.file(filing("ada", isVerified))
	r.grant(grant("bob"))
	item, head, ctx := pastItems()[0], uint64(r.headRevision()), t.Context()
	granting, again := grant("cid"), filing("ada", isVerified)
	lookups := map[string]func() error{
		"standing": func() error {
			_, err := r.Standing(ctx, &vetov1.GetStandingRequest{SubjectId: "ada"})
			return err
		},
		"a past item": func() error { _, err := r.At(ctx, head, item); return err },
		"a consent":   func() error { _, err := r.GrantConsent(ctx, officer, proto.CloneOf(granting)); return err },
		"an objection that stands": func() error {
			_, err := r.FileObjection(ctx, officer, proto.CloneOf(again))
			return err
		},
	}
	reads := map[string]func() error{
		"events":          func() error { _, err := r.Events(ctx, &vetov1.ListEventsRequest{}); return err },
		"policy versions": func() error { _, err := r.PolicyVersions(ctx, &vetov1.ListPolicyVersionsRequest{}); return err },
		"the whole past":  func() error { _, err := r.Past(ctx, head); return err },
		"a withdrawal by receipt": func() error {
			_, err := r.WithdrawObjection(ctx, officer, withdrawal("", unverified, func(q *vetov1.WithdrawObjectionRequest) { q.ProofReceipt = filed.GetReceipt() }))
			return err
		},
	}
	log.lookups.Store(true)
	for name, call := range lookups {
		if err := call(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
	log.lookups.Store(false)
	log.reads.Store(true)
	for name, call := range reads {
		if err := call(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
	log.reads.Store(false)
	if got := r.grant(granting); got.GetUnchanged() || got.GetConsent() == nil || got.GetReceipt() == nil {
		t.Errorf("the retry of a consent: %v", got)
	}
	if got := r.file(again); !got.GetUnchanged() || got.GetObjection() == nil {
		t.Errorf("the retry of an objection: %v", got)
	}
	if got := r.headRevision(); uint64(got) != head+1 {
		t.Errorf("head %d after one consent and its retry at %d", got, head)
	}
}

// TestTextThatIsNotUTF8IsNamed in every write: no event could hold it.
func TestTextThatIsNotUTF8IsNamed(t *testing.T) {
	r := open(t)
	const bad = "a\xff"
	ctx, head := t.Context(), r.headRevision()
	for field, call := range map[string]func() error{
		"subject_id of a grant": func() error {
			_, err := r.GrantConsent(ctx, officer, &vetov1.GrantConsentRequest{SubjectId: bad})
			return err
		},
		"subject_id of a withdrawal": func() error {
			_, err := r.WithdrawObjection(ctx, officer, &vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), SubjectId: bad})
			return err
		},
		"subject_id of a revocation": func() error {
			_, err := r.WithdrawConsent(ctx, officer, &vetov1.WithdrawConsentRequest{RequestId: uuid.NewString(), SubjectId: bad})
			return err
		},
		"reason of a suspension": func() error {
			_, err := r.SuspendRegime(ctx, officer, &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Reason: bad})
			return err
		},
		"reason of a resumption": func() error {
			_, err := r.ResumeRegime(ctx, officer, &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Reason: bad})
			return err
		},
	} {
		if err := call(); !isType[*registry.InvalidError](err) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if r.headRevision() != head {
		t.Error("something was written")
	}
}

// TestListingsWaitForTheirRevision, as every read does.
func TestListingsWaitForTheirRevision(t *testing.T) {
	r := open(t)
	above := uint64(r.headRevision()) + 1
	if _, err := r.Events(t.Context(), &vetov1.ListEventsRequest{MinRevision: above}); !isType[*registry.AboveHeadError](err) {
		t.Errorf("events: %v", err)
	}
	if _, err := r.PolicyVersions(t.Context(), &vetov1.ListPolicyVersionsRequest{MinRevision: above}); !isType[*registry.AboveHeadError](err) {
		t.Errorf("policy versions: %v", err)
	}
}
