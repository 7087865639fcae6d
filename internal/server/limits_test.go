package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/server/limits"
)

// limited starts a platform with limits.
func limited(t *testing.T, l limits.Limits, client ...grpc.DialOption) *platform {
	t.Helper()
	return start(t, settings{server: server.Config{Limits: l}, forClient: client})
}

// wantLimit holds an error against the limit that it has to name.
func wantLimit(t *testing.T, err error, code codes.Code, limit string, retry bool) {
	t.Helper()
	r := refused(t, err)
	r.want(t, code, "LIMIT_REACHED")
	if r.metadata["limit"] != limit || r.metadata["most"] == "" || r.retryAfter != retry {
		t.Errorf("metadata %v, RetryInfo %v; want limit %s, RetryInfo %v", r.metadata, r.retryAfter, limit, retry)
	}
}

// TestAMessageAboveItsLimitIsToldWhich: as a call, in a stream, and as one of more than twice the limit, which gRPC itself refuses unread.
func TestAMessageAboveItsLimitIsToldWhich(t *testing.T) {
	p := limited(t, limits.Limits{MessageBytes: 64 << 10})
	item := post("i1", "ada")
	item.Language = strings.Repeat("a", 64<<10)
	_, err := p.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: item})
	wantLimit(t, err, codes.ResourceExhausted, "max-message-bytes", false)
	_, err = p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: []*vetov1.Item{item}})
	wantLimit(t, err, codes.ResourceExhausted, "max-message-bytes", false)
	_, err = p.streamed(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training}, Items: []*vetov1.Item{item}})
	wantLimit(t, err, codes.ResourceExhausted, "max-message-bytes", false)
	item.Language = strings.Repeat("a", 200<<10)
	if _, err = p.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: item}); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("more than twice the limit: %v", err)
	}
}

// TestAMessageOfSixteenMegabytesIsTaken: the default, filled to its last kilobyte.
func TestAMessageOfSixteenMegabytesIsTaken(t *testing.T) {
	p := limited(t, limits.Limits{}, grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(64<<20)))
	items := make([]*vetov1.Item, 10_000)
	for i := range items {
		items[i] = post("i", "ada")
		items[i].Service = strings.Repeat("s", 1_620)
	}
	answer, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: rare()})
	if err != nil || len(answer.GetReasons()) != len(items) {
		t.Errorf("%d reasons, %v; want %d", len(answer.GetReasons()), err, len(items))
	}
	for _, item := range items {
		item.Service += strings.Repeat("s", 100)
	}
	_, err = p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: rare()})
	wantLimit(t, err, codes.ResourceExhausted, "max-message-bytes", false)
}

func TestABatchAboveItsLimitIsToldWhich(t *testing.T) {
	p := limited(t, limits.Limits{BatchItems: 2})
	items := []*vetov1.Item{post("i1", "ada"), post("i2", "ada"), post("i3", "ada")}
	_, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: rare()})
	r := refused(t, err)
	r.want(t, codes.InvalidArgument, "BATCH_TOO_LARGE")
	if r.metadata["max_items"] != "2" || !strings.Contains(r.message, "more than 2 ") {
		t.Errorf("%s %v; want 2 named", r.message, r.metadata)
	}
	if _, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: items[:2], MappedFields: rare()}); err != nil {
		t.Error(err)
	}
}

// open opens a stream that was answered once.
func (p *platform) open(t *testing.T) (grpc.BidiStreamingClient[vetov1.StreamDecideRequest, vetov1.StreamDecideResponse], error) {
	t.Helper()
	stream, err := p.decisions.StreamDecide(t.Context())
	if err != nil {
		return nil, err
	}
	if err := stream.Send(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training, MappedFields: rare()}}); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	_, err = stream.Recv()
	return stream, err
}

// TestStreamsAboveTheirLimitAreToldWhich, and when one ends there is room for another.
func TestStreamsAboveTheirLimitAreToldWhich(t *testing.T) {
	p := limited(t, limits.Limits{Streams: 2})
	first, err := p.open(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.open(t); err != nil {
		t.Fatal(err)
	}
	_, err = p.open(t)
	wantLimit(t, err, codes.ResourceExhausted, "max-streams", true)
	if err := first.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Recv(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if _, err := p.open(t); err != nil {
		t.Errorf("after one ended: %v", err)
	}
}

// TestASilentStreamIsEnded, and takes nothing with it: others on its connection go on.
func TestASilentStreamIsEnded(t *testing.T) {
	p := limited(t, limits.Limits{StreamIdle: time.Second})
	never, err := p.decisions.StreamDecide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = never.Recv()
	wantLimit(t, err, codes.Unavailable, "stream-idle", true)
	later, err := p.open(t)
	if err != nil {
		t.Fatal(err)
	}
	_, err = later.Recv()
	wantLimit(t, err, codes.Unavailable, "stream-idle", true)
	p.decide(post("i1", "ada"), 0)
}

// TestAStreamThatIsNeverReadIsEnded: its answers stop where the client's window is full. The handler ends all the same, with what it held; whoever reads
// on then finds the answers that were sent, and the reason.
func TestAStreamThatIsNeverReadIsEnded(t *testing.T) {
	p := limited(t, limits.Limits{StreamSend: 200 * time.Millisecond, Streams: 1}, grpc.WithInitialWindowSize(64<<10), grpc.WithStaticStreamWindowSize(64<<10))
	stream, err := p.decisions.StreamDecide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	items := make([]*vetov1.Item, 2_000)
	for i := range items {
		items[i] = post("i", "") // INVALID: its violation makes the answer long
	}
	sent := make(chan int, 1)
	go func() {
		n := 0
		for err := error(nil); err == nil && n < 10_000; n++ {
			request := &vetov1.StreamDecideRequest{Items: items}
			if n == 0 {
				request.Options = &vetov1.BatchOptions{Purpose: training, MappedFields: append(rare(), "author_id")}
			}
			err = stream.Send(request)
		}
		sent <- n
	}()
	if _, err := stream.Header(); err != nil { // it was answered
		t.Fatal(err)
	}
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if other, err := p.open(t); err == nil { // there is room for another: this one was ended
			if err := other.CloseSend(); err != nil {
				t.Fatal(err)
			}
			break
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatal("it goes on")
		}
	}
	answers := 0
	for err = nil; err == nil; {
		if _, err = stream.Recv(); err == nil {
			answers++
		}
	}
	wantLimit(t, err, codes.Unavailable, "stream-send", true)
	if answers == 0 || answers > 20 {
		t.Errorf("%d answers were sent to nobody", answers)
	}
	if n := <-sent; n == 10_000 {
		t.Error("all that was sent was taken")
	}
}

// TestAVanishedClientIsFound: the pings of keepalive have no answer, and its stream makes room.
func TestAVanishedClientIsFound(t *testing.T) {
	p := start(t, settings{server: server.Config{Limits: limits.Limits{Streams: 2, KeepaliveTime: time.Second, KeepaliveTimeout: 100 * time.Millisecond}}})
	address := serveTCP(t, p, server.Config{Limits: limits.Limits{Streams: 1, KeepaliveTime: time.Second, KeepaliveTimeout: 100 * time.Millisecond}})
	var wire net.Conn
	vanishing, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(func(ctx context.Context, to string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", to)
		wire = &gone{Conn: conn, away: make(chan struct{})}
		return wire, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer vanishing.Close()
	if _, err := (&platform{decisions: vetov1.NewDecisionServiceClient(vanishing)}).open(t); err != nil {
		t.Fatal(err)
	}
	close(wire.(*gone).away) // no FIN and no RST: nothing that it would send arrives any more
	other, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if _, err := (&platform{decisions: vetov1.NewDecisionServiceClient(other)}).open(t); err == nil {
			return
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatal("its stream is still open")
		}
	}
}

// gone is a connection whose other end hears nothing any more once away is closed.
type gone struct {
	net.Conn
	away chan struct{}
}

func (g *gone) Write(p []byte) (int, error) {
	select {
	case <-g.away:
		return len(p), nil
	default:
		return g.Conn.Write(p)
	}
}

// serveTCP serves the platform's register on a port too, and returns its address.
func serveTCP(t *testing.T, p *platform, c server.Config) string {
	t.Helper()
	door, err := server.New(p.register, c)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- door.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return listener.Addr().String()
}

// TestConnectionsAboveTheirLimitAreToldWhich, in whatever they call, while those within go on; and when one closes there is room.
func TestConnectionsAboveTheirLimitAreToldWhich(t *testing.T) {
	p := start(t, settings{})
	address := serveTCP(t, p, server.Config{Limits: limits.Limits{Connections: 1}})
	connect := func() (*grpc.ClientConn, vetov1.DecisionServiceClient) {
		conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn, vetov1.NewDecisionServiceClient(conn)
	}
	ask := func(c vetov1.DecisionServiceClient) error {
		_, err := c.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: post("i", "ada")}, grpc.WaitForReady(true))
		return err
	}
	within, first := connect()
	if err := ask(first); err != nil {
		t.Fatal(err)
	}
	above, second := connect()
	wantLimit(t, ask(second), codes.ResourceExhausted, "max-connections", true)
	// A probe is no reason to restart a server that is busy.
	if said, err := healthv1.NewHealthClient(above).Check(t.Context(), &healthv1.HealthCheckRequest{}, grpc.WaitForReady(true)); err != nil || said.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health on a connection too many: %v, %v", said, err)
	}
	if err := ask(first); err != nil {
		t.Error(err)
	}
	within.Close()
	for begin := time.Now(); ask(second) != nil; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatal("no room, though the first has closed")
		}
	}
}

// TestACallThatTakesTooLongIsToldWhich: a wait for a revision that is not shown yet, without a deadline of its caller's.
func TestACallThatTakesTooLongIsToldWhich(t *testing.T) {
	p := start(t, settings{registry: registry.Config{MaxStaleness: 10 * time.Second}, server: server.Config{Limits: limits.Limits{CallTime: time.Second}}})
	next := p.object("bob") + 1
	p.order.Hide(event.Revision(next))
	defer p.order.Show()
	_, err := p.objections.FileObjection(t.Context(), filing("ada"))
	wantLimit(t, err, codes.DeadlineExceeded, "call-time", false)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: training, Item: post("i", "ada"), MinRevision: next}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a caller's own deadline: %v", err)
	}
}

// TestReflectionInBothVersions lists the services, as older clients ask too.
func TestReflectionInBothVersions(t *testing.T) {
	p := start(t, settings{noPolicy: true})
	now, err := reflectionv1.NewServerReflectionClient(p.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := now.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	answer, err := now.Recv()
	if err != nil {
		t.Fatal(err)
	}
	before, err := reflectionv1alpha.NewServerReflectionClient(p.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	//nolint:staticcheck // deprecated, and what older clients ask
	if err := before.Send(&reflectionv1alpha.ServerReflectionRequest{MessageRequest: &reflectionv1alpha.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	old, err := before.Recv()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	for _, service := range answer.GetListServicesResponse().GetService() {
		names[service.GetName()]++
	}
	//nolint:staticcheck // likewise
	for _, service := range old.GetListServicesResponse().GetService() {
		names[service.GetName()]++ //nolint:staticcheck // likewise
	}
	for _, want := range []string{"veto.v1.RegistryService", "veto.v1.DecisionService", "veto.v1.PolicyService", "grpc.health.v1.Health"} {
		if names[want] != 2 {
			t.Errorf("%s is listed by %d versions of 2", want, names[want])
		}
	}
	for _, end := range []interface{ CloseSend() error }{now, before} {
		if err := end.CloseSend(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := now.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("reflection ended with %v", err)
	}
	if _, err := before.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("reflection ended with %v", err)
	}
}

// TestNoGoroutineOutlivesItsStream: streams that end by a limit leave nothing behind, however many.
func TestNoGoroutineOutlivesItsStream(t *testing.T) {
	p := limited(t, limits.Limits{StreamIdle: time.Second})
	p.decide(post("i1", "ada"), 0)
	before := runtime.NumGoroutine()
	var streams []grpc.BidiStreamingClient[vetov1.StreamDecideRequest, vetov1.StreamDecideResponse]
	for range 50 {
		stream, err := p.decisions.StreamDecide(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, stream)
	}
	for _, stream := range streams { // the client's own end with its reading
		_, err := stream.Recv()
		wantLimit(t, err, codes.Unavailable, "stream-idle", true)
	}
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if now := runtime.NumGoroutine(); now <= before+5 {
			return
		} else if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d goroutines, %d before", now, before)
		}
	}
}
