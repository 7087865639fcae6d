package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/store/storetest"
	"github.com/veto-gate/veto/internal/subject"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// training is the purpose that the tests' policy declares.
const training = "generative-ai-training"

// document is the tests' policy: a regime that reads many fields and masks third parties, and one that reads few.
const document = `
controller: {name: Example Platform}
subject_ids: {placeholders: [username]}
purposes:
  - {name: generative-ai-training, title: Training of generative AI models}
regimes:
  - name: germany
    jurisdictions: [DE]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    periods: [{start: 2025-05-27T00:00:00+02:00}]
    content: [{kinds: [POST, PHOTO], visibilities: [PUBLIC]}]
    excluded_labels: [{label: health, words: health}]
    minimum_age: 18
    third_parties: REDACT
  - name: brazil
    jurisdictions: [BR]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    periods: [{start: 2025-01-01T00:00:00-03:00}]
    content: [{kinds: [POST], visibilities: [PUBLIC]}]
    minimum_age: 0
`

// platform is a register on an embedded store, behind a real server, and a client of it.
type platform struct {
	t          testing.TB
	dir        string
	log        *wobbly
	order      *storetest.Misordering
	register   *registry.Registry
	conn       *grpc.ClientConn
	objections vetov1.RegistryServiceClient
	decisions  vetov1.DecisionServiceClient
	policies   vetov1.PolicyServiceClient
	health     healthv1.HealthClient
	lines      *lines

	stopServer context.CancelFunc
	served     chan error
	closing    sync.Once
	closeAll   func()
}

// wobbly is the real log, whose database can be taken away.
type wobbly struct {
	store.Log
	away   atomic.Bool           // neither head nor append is answered
	append atomic.Pointer[error] // what Append fails with
}

func (l *wobbly) Head(ctx context.Context) (store.Head, error) {
	if l.away.Load() {
		return store.Head{}, store.ErrUnavailable
	}
	return l.Log.Head(ctx)
}

func (l *wobbly) Append(ctx context.Context, c store.Command) (store.Appended, error) {
	if err := l.append.Load(); err != nil {
		return store.Appended{}, *err
	}
	return l.Log.Append(ctx, c)
}

// lines is a log that tests read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// settings are what a test changes of a platform.
type settings struct {
	dir       string // an existing one: the platform starts again on it
	server    server.Config
	registry  registry.Config
	noPolicy  bool
	away      bool // the store does not answer, from the start
	forClient []grpc.DialOption
}

// start starts a platform, with the tests' policy unless told otherwise, and stops it when the test ends.
func start(t testing.TB, s settings) *platform {
	t.Helper()
	p := &platform{t: t, dir: s.dir, lines: &lines{}}
	if p.dir == "" {
		p.dir = t.TempDir()
	}
	ctx, cancel := context.WithCancel(context.Background())
	db, err := sqlite.Open(ctx, sqlite.Config{Dir: p.dir})
	if err != nil {
		t.Fatal(err)
	}
	p.order = storetest.Misorder(db)
	p.log = &wobbly{Log: p.order}
	keys := secretOf(t, p.dir).Keys()
	if err := registry.Bind(ctx, p.log, keys, "example.org/veto", time.Now); err != nil {
		t.Fatal(err)
	}
	if p.register, err = registry.New(p.log, keys, s.registry); err != nil {
		t.Fatal(err)
	}
	p.log.away.Store(s.away)
	s.server.Logger = slog.New(slog.NewTextHandler(p.lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	door, err := server.New(p.register, s.server)
	if err != nil {
		t.Fatal(err)
	}
	listener := bufconn.Listen(1 << 20)
	followed := make(chan error, 1)
	go func() { followed <- p.register.Run(ctx) }()
	serving, stop := context.WithCancel(ctx)
	p.stopServer, p.served = stop, make(chan error, 1)
	go func() { p.served <- door.Serve(serving, listener) }()
	p.dial(listener, s.forClient...)
	p.closeAll = func() {
		p.conn.Close()
		stop()
		if err := <-p.served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		cancel()
		if err := <-followed; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	t.Cleanup(p.close)
	if s.away {
		return p
	}
	p.await(healthv1.HealthCheckResponse_SERVING)
	if s.dir == "" && !s.noPolicy {
		p.apply(document)
	}
	return p
}

// close stops everything, once.
func (p *platform) close() { p.closing.Do(p.closeAll) }

func secretOf(t testing.TB, dir string) *subject.Secret {
	t.Helper()
	path := filepath.Join(dir, "secret.key")
	secret, err := subject.LoadSecret(path)
	if _, missing := os.Stat(path); missing != nil {
		secret, err = subject.CreateSecret(path, rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func (p *platform) dial(listener *bufconn.Listener, options ...grpc.DialOption) {
	p.t.Helper()
	options = append(options,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	conn, err := grpc.NewClient("passthrough:///platform", options...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.conn = conn
	p.objections, p.decisions = vetov1.NewRegistryServiceClient(conn), vetov1.NewDecisionServiceClient(conn)
	p.policies, p.health = vetov1.NewPolicyServiceClient(conn), healthv1.NewHealthClient(conn)
}

// await waits until health says so of the whole server, which is told last, as its watch tells.
func (p *platform) await(want healthv1.HealthCheckResponse_ServingStatus) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	watch, err := p.health.Watch(ctx, &healthv1.HealthCheckRequest{Service: ""})
	if err != nil {
		p.t.Fatal(err)
	}
	for {
		got, err := watch.Recv()
		if err != nil {
			p.t.Fatalf("health never said %s: %v", want, err)
		}
		if got.GetStatus() == want {
			return
		}
	}
}

// apply applies a policy in YAML.
func (p *platform) apply(yaml string) *vetov1.ApplyPolicyResponse {
	p.t.Helper()
	answer, err := p.policies.ApplyPolicy(context.Background(), &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: yaml})
	if err != nil {
		p.t.Fatalf("ApplyPolicy: %v", err)
	}
	return answer
}

// filing is a good request to object.
func filing(subjectID string) *vetov1.FileObjectionRequest {
	return &vetov1.FileObjectionRequest{RequestId: uuid.NewString(), SubjectId: subjectID, Country: "DE", Channel: vetov1.Channel_CHANNEL_SETTINGS}
}

// object files an objection and returns its revision.
func (p *platform) object(subjectID string) uint64 {
	p.t.Helper()
	answer, err := p.objections.FileObjection(context.Background(), filing(subjectID))
	if err != nil {
		p.t.Fatalf("FileObjection: %v", err)
	}
	return answer.GetRevision()
}

// post is an eligible item.
func post(itemID, authorID string) *vetov1.Item {
	return &vetov1.Item{
		ItemId: itemID, AuthorId: authorID, Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC,
		Country: "DE", AuthorAge: 18, AuthorAgeAtCreation: 18,
	}
}

// rare are the fields that a source may have and few items carry.
func rare() []string { return []string{"subjects", "content_keys", "labels", "signals"} }
