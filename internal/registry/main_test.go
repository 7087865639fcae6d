package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/subject"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	training = "generative-ai-training"
	logName  = "veto.test/register"
	patience = time.Minute // of a test for what should come at once
)

// testPolicy rules Europe by HONOUR with a deadline, the United States by RECORD_ONLY, and nobody else.
const testPolicy = `
controller: {name: Example platform}
subject_ids:
  placeholders: [username]
purposes:
  - {name: generative-ai-training, title: Training of generative AI}
regimes:
  - name: europe
    jurisdictions: [EEA]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    minimum_age: 0
    periods:
      - start: 2025-05-27T00:00:00Z
        objection_deadline: 2025-05-27T00:00:00+01:00
    content:
      - {kinds: [POST], visibilities: [PUBLIC]}
  - name: americas
    jurisdictions: [US]
    purposes: [generative-ai-training]
    legal_basis: NOT_REQUIRED
    objections: RECORD_ONLY
    objections_ground: none is offered there
    minimum_age: 0
    periods: [{start: 2023-09-27T00:00:00Z}]
    content:
      - {kinds: [POST], visibilities: [PUBLIC]}
`

// register is a real one over a real log, at work.
type register struct {
	*registry.Registry
	t    *testing.T
	dir  string
	log  store.Log
	keys *subject.Keys
	stop func()
}

var officer = registry.Actor{Name: "loopback", Role: "ADMIN"}

// open starts a register on a new directory with the test's policy.
func open(t *testing.T) *register {
	t.Helper()
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	r.apply(testPolicy)
	return r
}

// openAt starts a register on a directory. wrap may stand between the register and its log.
func openAt(t *testing.T, dir string, c registry.Config, wrap func(store.Log) store.Log) *register {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatalf("open log: %v", err)
	}
	path := filepath.Join(dir, "secret.key")
	secret, err := subject.LoadSecret(path)
	if errors.Is(err, subject.ErrNoSecret) {
		secret, err = subject.CreateSecret(path, zeros{})
	}
	if err != nil {
		t.Fatalf("open secret: %v", err)
	}
	var log store.Log = db
	if wrap != nil {
		log = wrap(db)
	}
	r := &register{t: t, dir: dir, log: log, keys: secret.Keys()}
	if err := registry.Bind(t.Context(), db, r.keys, logName, time.Now); err != nil {
		t.Fatalf("bind: %v", err)
	}
	if r.Registry, err = registry.New(log, r.keys, c); err != nil {
		t.Fatalf("new registry: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		<-done
		if err := db.Close(); err != nil {
			t.Errorf("close log: %v", err)
		}
	})
	t.Cleanup(r.stop)
	r.eventually("a fresh view", func() bool { _, err := r.View(); return err == nil })
	return r
}

// reopen stops the register and starts it again on the same directory, with nothing kept in memory.
func (r *register) reopen() *register {
	r.t.Helper()
	r.stop()
	return openAt(r.t, r.dir, registry.Config{}, nil)
}

// zeros is a secret that a test can be repeated with. It is not all zeros: that is refused.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i + 1)
	}
	return len(p), nil
}

// eventually waits for what should come at once.
func (r *register) eventually(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func (r *register) apply(yaml string) *vetov1.ApplyPolicyResponse {
	r.t.Helper()
	response, err := r.ApplyPolicy(r.t.Context(), officer, &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: yaml})
	if err != nil {
		r.t.Fatalf("apply policy: %v", err)
	}
	return response
}

// filing is a request that will do, changed as the test wants.
func filing(id string, change ...func(*vetov1.FileObjectionRequest)) *vetov1.FileObjectionRequest {
	request := &vetov1.FileObjectionRequest{RequestId: uuid.NewString(), SubjectId: id, Country: "FR", Channel: vetov1.Channel_CHANNEL_API}
	for _, c := range change {
		c(request)
	}
	return request
}

func isVerified(request *vetov1.FileObjectionRequest) {
	request.Verification = vetov1.Verification_VERIFICATION_VERIFIED
}

func (r *register) file(request *vetov1.FileObjectionRequest) *vetov1.FileObjectionResponse {
	r.t.Helper()
	response, err := r.FileObjection(r.t.Context(), officer, request)
	if err != nil {
		r.t.Fatalf("file objection: %v", err)
	}
	return response
}

// withdrawal is a request that will do, changed as the test wants.
func withdrawal(id string, change ...func(*vetov1.WithdrawObjectionRequest)) *vetov1.WithdrawObjectionRequest {
	request := &vetov1.WithdrawObjectionRequest{
		RequestId: uuid.NewString(), SubjectId: id, Channel: vetov1.Channel_CHANNEL_SETTINGS, Verification: vetov1.Verification_VERIFICATION_VERIFIED,
	}
	for _, c := range change {
		c(request)
	}
	return request
}

func (r *register) withdraw(request *vetov1.WithdrawObjectionRequest) *vetov1.WithdrawObjectionResponse {
	r.t.Helper()
	response, err := r.WithdrawObjection(r.t.Context(), officer, request)
	if err != nil {
		r.t.Fatalf("withdraw objection: %v", err)
	}
	return response
}

func (r *register) standing(id, country string) *vetov1.GetStandingResponse {
	r.t.Helper()
	response, err := r.Standing(r.t.Context(), &vetov1.GetStandingRequest{SubjectId: id, Country: country})
	if err != nil {
		r.t.Fatalf("standing: %v", err)
	}
	return response
}

// decide decides an ordinary post of an author at the newest view.
func (r *register) decide(author, country string, change ...func(*gate.Item)) vetov1.Reason {
	r.t.Helper()
	view, err := r.View()
	if err != nil {
		r.t.Fatalf("view: %v", err)
	}
	return decideAt(r.t, view, author, country, r.Now(), change...)
}

func decideAt(t *testing.T, view *registry.View, author, country string, now time.Time, change ...func(*gate.Item)) vetov1.Reason {
	t.Helper()
	item := &gate.Item{
		ID: "item-of-" + author, Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC,
		AuthorID: author, Country: country, AuthorAge: 18, AuthorAgeAtCreation: 18,
	}
	for _, c := range change {
		c(item)
	}
	ref, ok := view.Gate.Purpose(training)
	if !ok {
		t.Fatalf("the policy does not declare %s", training)
	}
	var d gate.Decision
	view.Gate.Decide(item, ref, now, gate.Options{}, &d)
	return d.Reason
}

// dump is everything that stands, in one spelling.
func (r *register) dump() string {
	r.t.Helper()
	view, err := r.View()
	if err != nil {
		r.t.Fatalf("view: %v", err)
	}
	var b bytes.Buffer
	if err := view.Standings().Dump(&b); err != nil {
		r.t.Fatalf("dump: %v", err)
	}
	fmt.Fprintf(&b, "policy %d %s\n", view.PolicyVersion(), view.Policy.GetEtag())
	for _, s := range view.Suspensions {
		fmt.Fprintf(&b, "suspended %s %v %v since %d\n", s.GetRegime(), s.GetJurisdictions(), s.GetPurposes(), s.GetRevision())
	}
	return b.String()
}

func at(text string) *timestamppb.Timestamp {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return timestamppb.New(t)
}

// wall is a clock that a test moves.
type wall struct{ at atomic.Int64 }

func begunAt(at time.Time) *wall {
	w := &wall{}
	w.at.Store(at.UnixNano())
	return w
}

func (w *wall) read() time.Time      { return time.Unix(0, w.at.Load()) }
func (w *wall) pass(d time.Duration) { w.at.Add(int64(d)) }
