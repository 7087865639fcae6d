package promises_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
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
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/subject"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimVariable); dir != "" {
		victim(dir)
	}
	goleak.VerifyTestMain(m)
}

const (
	training   = "generative-ai-training"
	evaluation = "model-evaluation"
	logName    = "veto.test/promises"
	// patience is for what should come at once; only a test that fails waits so long.
	patience = time.Minute
)

// rules is the platform's policy: a regime for each thing that a regime can say of an objection, and none for most of the world.
const rules = `
controller: {name: Example Platform}
subject_ids: {placeholders: [username]}
purposes:
  - {name: generative-ai-training, title: Training of generative AI models}
  - {name: model-evaluation, title: Evaluation of models}
regimes:
  - name: europe
    jurisdictions: [EEA]
    purposes: [generative-ai-training, model-evaluation]
    legal_basis: LEGITIMATE_INTERESTS
    minimum_age: 0
    periods: [{start: 2025-05-27T00:00:00Z, objection_deadline: 2025-05-27T00:00:00+01:00}]
    content: [{kinds: [POST, COMMENT, PHOTO, AI_INTERACTION], visibilities: [PUBLIC]}]
    third_parties: REDACT
  - name: americas
    jurisdictions: [US, CA]
    purposes: [generative-ai-training, model-evaluation]
    legal_basis: NOT_REQUIRED
    objections: RECORD_ONLY
    objections_ground: No right to object was offered there.
    minimum_age: 0
    periods: [{start: 2023-09-27T00:00:00Z}]
    content: [{kinds: [POST, COMMENT, PHOTO], visibilities: [PUBLIC]}]
  - name: brazil
    jurisdictions: [BR]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    minimum_age: 18
    periods: [{start: 2025-01-01T00:00:00-03:00}]
    content: [{kinds: [POST], visibilities: [PUBLIC]}]
    excluded_labels: [{label: health, words: posts about health}]
`

// settings are what a test changes of a platform.
type settings struct {
	dir      string // an existing one: the platform starts again on it
	registry registry.Config
	secret   []byte // what a new platform's secret is made of; nil: random
	policy   string // the one applied at the start; empty: rules. Not applied where dir is set
	noPolicy bool
}

// platform is the whole of veto on one data directory: the store, the register, the server, and clients of it.
type platform struct {
	dir       string
	db        *sqlite.DB
	keys      *subject.Keys
	lines     *lines
	register  *registry.Registry
	endFollow context.CancelFunc // ends the register's following, and nothing else
	listener  *bufconn.Listener
	conn      *grpc.ClientConn
	clients

	ends []func() error // in the order of their beginning
}

// clients are the generated ones, over one connection.
type clients struct {
	objections vetov1.RegistryServiceClient
	decisions  vetov1.DecisionServiceClient
	policies   vetov1.PolicyServiceClient
	health     healthv1.HealthClient
}

func clientsOf(conn *grpc.ClientConn) clients {
	return clients{
		objections: vetov1.NewRegistryServiceClient(conn), decisions: vetov1.NewDecisionServiceClient(conn),
		policies: vetov1.NewPolicyServiceClient(conn), health: healthv1.NewHealthClient(conn),
	}
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

func (l *lines) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.buf.Bytes())
}

// start starts a platform, with the policy unless told otherwise, and stops it when the test ends.
func start(t testing.TB, s settings) *platform {
	t.Helper()
	isNew := s.dir == ""
	if isNew {
		s.dir = filepath.Join(t.TempDir(), "veto")
	}
	p, err := open(s)
	if err != nil {
		t.Fatalf("start the platform: %v", err)
	}
	t.Cleanup(func() { p.stop(t) })
	p.await(t, healthv1.HealthCheckResponse_SERVING)
	if s.policy == "" {
		s.policy = rules
	}
	if isNew && !s.noPolicy {
		p.apply(t, s.policy)
	}
	return p
}

// open starts a platform. What it began before an error it ends again.
func open(s settings) (*platform, error) {
	p := &platform{dir: s.dir, lines: &lines{}}
	if err := p.begin(s); err != nil {
		return nil, errors.Join(err, p.end())
	}
	return p, nil
}

func (p *platform) begin(s settings) error {
	var err error
	if p.db, err = sqlite.Open(context.Background(), sqlite.Config{Dir: p.dir}); err != nil {
		return err
	}
	p.ends = append(p.ends, p.db.Close)
	if p.keys, err = keysIn(p.dir, s.secret); err != nil {
		return err
	}
	wall := s.registry.Wall
	if wall == nil {
		wall = time.Now
	}
	if err := registry.Bind(context.Background(), p.db, p.keys, logName, wall); err != nil {
		return err
	}
	return p.serve(s.registry)
}

// keysIn are the keys of a data directory's secret, which is made where there is none.
func keysIn(dir string, material []byte) (*subject.Keys, error) {
	path := filepath.Join(dir, "secret.key")
	secret, err := subject.LoadSecret(path)
	if errors.Is(err, subject.ErrNoSecret) {
		if material == nil {
			material = make([]byte, 32)
			rand.Read(material)
		}
		secret, err = subject.CreateSecret(path, bytes.NewReader(material))
	}
	if err != nil {
		return nil, err
	}
	return secret.Keys(), nil
}

// serve puts a register on the log, and a server and its clients before it.
func (p *platform) serve(c registry.Config) error {
	c.Logger = slog.New(slog.NewJSONHandler(p.lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if c.MaxStaleness == 0 {
		c.MaxStaleness = 30 * time.Second // a machine that is busy with other tests is not the matter here
	}
	var err error
	if p.register, err = registry.New(p.db, p.keys, c); err != nil {
		return err
	}
	door, err := server.New(p.register, server.Config{Logger: c.Logger, HealthInterval: 2 * time.Millisecond, Grace: time.Second})
	if err != nil {
		return err
	}
	following, endFollow := context.WithCancel(context.Background())
	p.endFollow = endFollow
	p.background(endFollow, func() error {
		_ = p.register.Run(following) // it fails where a test damages the log or takes it away, and then every answer says so
		return nil
	})
	p.listener = bufconn.Listen(1 << 20)
	serving, endServe := context.WithCancel(context.Background())
	p.background(endServe, func() error { return door.Serve(serving, p.listener) })
	if p.conn, err = p.connect(); err != nil {
		return err
	}
	p.clients = clientsOf(p.conn)
	return nil
}

// background runs what p.end ends and waits for.
func (p *platform) background(end context.CancelFunc, run func() error) {
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	p.ends = append(p.ends, func() error { end(); return <-ended })
}

// connect makes a connection of its own.
func (p *platform) connect() (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///platform", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return p.listener.DialContext(ctx) }))
	if err == nil {
		p.ends = append(p.ends, conn.Close)
	}
	return conn, err
}

// another is the clients of somebody else, over a connection of their own.
func (p *platform) another(t testing.TB) clients {
	t.Helper()
	conn, err := p.connect()
	if err != nil {
		t.Fatal(err)
	}
	return clientsOf(conn)
}

// replica is a second register, with its own server, over the same log.
func (p *platform) replica(t testing.TB) *platform {
	t.Helper()
	r := &platform{dir: p.dir, db: p.db, keys: p.keys, lines: p.lines}
	if err := r.serve(registry.Config{}); err != nil {
		t.Fatal(errors.Join(err, r.end()))
	}
	t.Cleanup(func() { r.stop(t) })
	r.await(t, healthv1.HealthCheckResponse_SERVING)
	return r
}

// end ends everything, the last first.
func (p *platform) end() error {
	var errs []error
	for i := len(p.ends) - 1; i >= 0; i-- {
		errs = append(errs, p.ends[i]())
	}
	p.ends = nil
	return errors.Join(errs...)
}

func (p *platform) stop(t testing.TB) {
	t.Helper()
	if err := p.end(); err != nil {
		t.Errorf("stop the platform: %v", err)
	}
}

// again stops the platform and starts it on the same directory, with nothing kept in memory.
func (p *platform) again(t testing.TB) *platform {
	t.Helper()
	p.stop(t)
	return start(t, settings{dir: p.dir})
}

// await waits until health says so.
func (p *platform) await(t testing.TB, want healthv1.HealthCheckResponse_ServingStatus) {
	t.Helper()
	if err := p.awaitHealth(want); err != nil {
		t.Fatalf("health never said %s: %v", want, err)
	}
}

func (p *platform) awaitHealth(want healthv1.HealthCheckResponse_ServingStatus) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	watch, err := p.health.Watch(ctx, &healthv1.HealthCheckRequest{Service: vetov1.DecisionService_ServiceDesc.ServiceName})
	if err != nil {
		return err
	}
	for {
		got, err := watch.Recv()
		if err != nil || got.GetStatus() == want {
			return err
		}
	}
}

// applying asks for a policy in YAML.
func applying(yaml string) *vetov1.ApplyPolicyRequest {
	return &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: yaml}
}

// apply applies a policy that is fine.
func (p *platform) apply(t testing.TB, yaml string) *vetov1.ApplyPolicyResponse {
	t.Helper()
	answer, err := p.policies.ApplyPolicy(context.Background(), applying(yaml))
	if err != nil {
		t.Fatalf("apply the policy: %v", err)
	}
	return answer
}

// filing is a person's objection from France, unverified and without a reason, changed as the test wants.
func filing(person string, change ...func(*vetov1.FileObjectionRequest)) *vetov1.FileObjectionRequest {
	request := &vetov1.FileObjectionRequest{
		RequestId: uuid.NewString(), SubjectId: person, Country: "FR", Channel: vetov1.Channel_CHANNEL_WEB_FORM,
	}
	for _, c := range change {
		c(request)
	}
	return request
}

func verified(request *vetov1.FileObjectionRequest) {
	request.Verification = vetov1.Verification_VERIFICATION_VERIFIED
}

func from(country string) func(*vetov1.FileObjectionRequest) {
	return func(request *vetov1.FileObjectionRequest) { request.Country = country }
}

func about(purposes ...string) func(*vetov1.FileObjectionRequest) {
	return func(request *vetov1.FileObjectionRequest) { request.Purposes = purposes }
}

// object files an objection that is fine.
func (c clients) object(t testing.TB, request *vetov1.FileObjectionRequest) *vetov1.FileObjectionResponse {
	t.Helper()
	answer, err := c.objections.FileObjection(context.Background(), request)
	if err != nil {
		t.Fatalf("file an objection: %v", err)
	}
	return answer
}

// withdrawal is a verified person's, of everything, changed as the test wants.
func withdrawal(person string, change ...func(*vetov1.WithdrawObjectionRequest)) *vetov1.WithdrawObjectionRequest {
	request := &vetov1.WithdrawObjectionRequest{
		RequestId: uuid.NewString(), SubjectId: person, Channel: vetov1.Channel_CHANNEL_SETTINGS,
		Verification: vetov1.Verification_VERIFICATION_VERIFIED,
	}
	for _, c := range change {
		c(request)
	}
	return request
}

// withdraw withdraws what can be withdrawn.
func (c clients) withdraw(t testing.TB, request *vetov1.WithdrawObjectionRequest) *vetov1.WithdrawObjectionResponse {
	t.Helper()
	answer, err := c.objections.WithdrawObjection(context.Background(), request)
	if err != nil {
		t.Fatalf("withdraw an objection: %v", err)
	}
	return answer
}

// post is a public post from France, eligible while nobody objects, changed as the test wants.
func post(author string, change ...func(*vetov1.Item)) *vetov1.Item {
	item := &vetov1.Item{
		ItemId: "post-of-" + author, AuthorId: author, Kind: vetov1.ItemKind_ITEM_KIND_POST,
		Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, Country: "FR", AuthorAge: 18, AuthorAgeAtCreation: 18,
	}
	for _, c := range change {
		c(item)
	}
	return item
}

func in(country string) func(*vetov1.Item) {
	return func(item *vetov1.Item) { item.Country = country }
}

// decide decides one item for training, not before a revision.
func (c clients) decide(t testing.TB, item *vetov1.Item, minRevision uint64) *vetov1.Decision {
	t.Helper()
	return c.decideFor(t, training, item, minRevision)
}

func (c clients) decideFor(t testing.TB, purpose string, item *vetov1.Item, minRevision uint64) *vetov1.Decision {
	t.Helper()
	answer, err := c.decisions.Decide(context.Background(), &vetov1.DecideRequest{Purpose: purpose, Item: item, MinRevision: minRevision})
	if err != nil {
		t.Fatalf("decide: %v", err)
	}
	return answer.GetDecision()
}

// itemFields are the names of all of Item's fields: what a source says that has a column for each.
func itemFields() []string {
	fields := (&vetov1.Item{}).ProtoReflect().Descriptor().Fields()
	names := make([]string, fields.Len())
	for i := range names {
		names[i] = string(fields.Get(i).Name())
	}
	return names
}

// stream opens a stream of decisions for training, for a source with every column. The first batch is to carry the options.
func (c clients) stream(t testing.TB) vetov1.DecisionService_StreamDecideClient {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	stream, err := c.decisions.StreamDecide(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func options() *vetov1.BatchOptions {
	return &vetov1.BatchOptions{Purpose: training, MappedFields: itemFields()}
}

// batch decides a batch on an open stream.
func batch(t testing.TB, stream vetov1.DecisionService_StreamDecideClient, request *vetov1.StreamDecideRequest) *vetov1.StreamDecideResponse {
	t.Helper()
	if err := stream.Send(request); err != nil {
		t.Fatalf("send a batch: %v", err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatalf("receive the answer to a batch: %v", err)
	}
	if got, want := len(answer.GetReasons()), len(request.GetItems()); got != want {
		t.Fatalf("%d items were answered by %d reasons", want, got)
	}
	return answer
}

// included says whether a reason lets an item into a training set, by its range alone.
func included(reason vetov1.Reason) bool { return reason >= 1 && reason <= 19 }

// person is the n-th person of a test.
func person(n int) string { return fmt.Sprintf("person-%d", n) }
