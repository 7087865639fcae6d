package registry_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/store"
)

// told is a log that is read while it is written.
type told struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *told) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *told) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// TestAPolicyThatNoLongerCompilesExcludesEverything: an earlier version took it, and this one's rules refuse it. The log is folded all the same, nothing is
// let through, it is told once, and a policy that compiles mends it.
func TestAPolicyThatNoLongerCompilesExcludesEverything(t *testing.T) {
	r := open(t)
	head, err := r.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := uuid.New()
	call, err := draft.New(officer, event.RequestID(id), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	document := []byte(strings.Replace(testPolicy, "kinds: [POST]", "kinds: [PRIVATE_MESSAGE]", 1))
	_, err = r.log.Append(t.Context(), store.Command{
		RequestID: id, Fingerprint: r.keys.Fingerprint([]byte("as an earlier version would")),
		Resolve: func(_ context.Context, p store.Present) (store.Verdict, error) {
			side := call.Side(r.keys, time.Now(), p.Head())
			side.Document = sha256.Sum256(document)
			e := event.Event{Leaf: event.Leaf{Type: event.TypePolicyApplied, Policy: 2, Effect: event.EffectActivated}, Side: side}
			record, err := call.Seal(e, draft.IDs{}, nil, document)
			return store.Verdict{Record: record}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := &told{}
	r.stop()
	again := openAt(t, r.dir, registry.Config{Logger: slog.New(slog.NewTextHandler(lines, nil))}, nil)
	view, err := again.View()
	if err != nil || view.Revision != uint64(head.Revision)+1 || view.PolicyVersion() != 2 {
		t.Fatalf("revision %d, policy %d, %v", view.Revision, view.PolicyVersion(), err)
	}
	for _, kind := range []vetov1.ItemKind{vetov1.ItemKind_ITEM_KIND_POST, vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE} {
		if got := again.decide("ada", "DE", func(i *gate.Item) { i.Kind = kind }); got != vetov1.Reason_REASON_NO_POLICY {
			t.Errorf("%s: %s, want NO_POLICY", kind, got)
		}
	}
	if _, err := again.FileObjection(t.Context(), officer, &vetov1.FileObjectionRequest{RequestId: uuid.NewString(), SubjectId: "ada", Channel: vetov1.Channel_CHANNEL_API}); err != nil {
		t.Errorf("an objection meanwhile: %v", err)
	}
	if n := lines.count("does not compile"); n != 1 {
		t.Errorf("it is told %d times", n)
	}
	again.apply(testPolicy)
	if got := again.decide("ada", "DE"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("with a policy that compiles: %s, want OBJECTED", got)
	}
}
