package registry_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/storetest"
)

func TestErrorsSayWhatAndWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&registry.AboveHeadError{Field: "min_revision", Head: 7}, "min_revision is above the log's head, 7"},
		{&registry.InvalidError{Fields: []registry.FieldFault{{Field: "a", Message: "x"}, {Field: "b[1]", Message: "y"}}}, "a: x; b[1]: y"},
		{&registry.UndeclaredPurposeError{Field: "purposes[0]", Declared: []string{"a", "b"}}, "purposes[0]: not a declared purpose; declared: a, b"},
		{&registry.UnsupportedError{Field: "reply_to"}, "reply_to: this version does not take it; nothing was written"},
		{&registry.EtagError{Active: 3}, "etag: the active policy is version 3; read it again and apply to that"},
		{&registry.DangerError{Dangers: []registry.Danger{{Message: "one"}, {Message: "two"}}}, "one; two"},
		{&registry.UnknownRegimeError{Regimes: []string{"europe", "uk"}}, "regime: not one of the active policy's: europe, uk"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%T: %q, want %q", c.err, got, c.want)
		}
	}
}

// TestPolicyChangeSeesWhatWasFiledMeanwhile: an objection that the view does not show yet still guards its purpose.
func TestPolicyChangeSeesWhatWasFiledMeanwhile(t *testing.T) {
	var log *storetest.Misordering
	r := openAt(t, t.TempDir(), registry.Config{MaxStaleness: time.Minute, PollInterval: 10 * time.Millisecond, GapPatience: time.Hour}, func(l store.Log) store.Log {
		log = storetest.Misorder(l)
		return log
	})
	r.apply(twoPurposes)
	log.Hide(3)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		r.eventually("the event to be written", func() bool { head, err := r.log.Head(t.Context()); return err == nil && head.Revision == 3 })
		cancel()
	}()
	_, err := r.FileObjection(ctx, officer, filing("anna", func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{"evaluation"} }))
	if !errors.Is(err, registry.ErrNotReached) {
		t.Fatalf("file: %v, want ErrNotReached", err)
	}
	dropped := strings.Replace(twoPurposes, "  - {name: evaluation, title: Evaluation, relations: [{purpose: generative-ai-training, kind: UNRELATED, ground: nothing is kept}]}\n", "", 1)
	dropped = strings.Replace(dropped, ", evaluation]", "]", 1)
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second) // if it were applied, its event would stay unseen
	defer cancel()
	if _, err := r.ApplyPolicy(ctx, officer, application(dropped)); !isType[*registry.DangerError](err) {
		t.Errorf("the purpose is dropped: %v, want *DangerError", err)
	}
	log.Show()
}

// TestReadsThatFailAreErrors: what cannot be read is never an empty answer.
func TestReadsThatFailAreErrors(t *testing.T) {
	var log *unreadable
	r := openAt(t, t.TempDir(), registry.Config{}, func(l store.Log) store.Log {
		log = &unreadable{Log: l}
		return log
	})
	r.apply(testPolicy)
	r.apply("# a second version\n" + testPolicy)
	log.err = store.ErrUnavailable
	if _, err := r.Standing(t.Context(), &vetov1.GetStandingRequest{SubjectId: "anna"}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("standing: %v, want ErrUnavailable", err)
	}
	if _, err := r.Policy(t.Context(), &vetov1.GetPolicyRequest{Version: 1}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("policy: %v, want ErrUnavailable", err)
	}
	if _, err := r.Standing(t.Context(), &vetov1.GetStandingRequest{SubjectId: " ", Country: "de"}); !isType[*registry.InvalidError](err) {
		t.Errorf("standing of a bad id: %v, want *InvalidError", err)
	}
	if _, err := r.Standing(t.Context(), &vetov1.GetStandingRequest{SubjectId: "anna", MinRevision: 1 << 40}); !isType[*registry.AboveHeadError](err) {
		t.Errorf("standing above the head: %v, want *AboveHeadError", err)
	}
	if _, err := r.Policy(t.Context(), &vetov1.GetPolicyRequest{MinRevision: 1 << 40}); !isType[*registry.AboveHeadError](err) {
		t.Errorf("policy above the head: %v, want *AboveHeadError", err)
	}
}

// unreadable fails to read events by key and documents while err is set.
type unreadable struct {
	store.Log
	err error
}

func (u *unreadable) EventsOf(ctx context.Context, keys [][16]byte, upTo event.Revision) ([]store.Entry, error) {
	if u.err != nil {
		return nil, u.err
	}
	return u.Log.EventsOf(ctx, keys, upTo)
}

func (u *unreadable) Document(ctx context.Context, sum [32]byte) ([]byte, error) {
	if u.err != nil {
		return nil, u.err
	}
	return u.Log.Document(ctx, sum)
}
