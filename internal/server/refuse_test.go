package server_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
)

// TestFault_R08_RefusedUntilThereIsARegister: every kind of call is refused in a way that a client retries, a watch of health ends with the refusing, and
// the listener is handed on: the next connection is the server's that comes after.
func TestFault_R08_RefusedUntilThereIsARegister(t *testing.T) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Refuse(ctx, listener, server.Config{}) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	health, decisions := healthv1.NewHealthClient(conn), vetov1.NewDecisionServiceClient(conn)
	for name, call := range map[string]func() error{
		"decide": func() error {
			_, err := decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: post("i1", "ada")})
			return err
		},
		"stream": func() error {
			stream, err := decisions.StreamDecide(t.Context())
			if err != nil {
				return err
			}
			_, err = stream.Recv()
			return err
		},
		"object": func() error {
			_, err := vetov1.NewRegistryServiceClient(conn).FileObjection(t.Context(), filing("ada"))
			return err
		},
	} {
		r := refused(t, call())
		r.want(t, codes.Unavailable, "STALE")
		if !r.retryAfter {
			t.Errorf("%s: no RetryInfo", name)
		}
	}
	watch, err := health.Watch(t.Context(), &healthv1.HealthCheckRequest{Service: "veto.v1.DecisionService"})
	if err != nil {
		t.Fatal(err)
	}
	if said, err := watch.Recv(); err != nil || said.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health: %v, %v; want NOT_SERVING", said, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); err == nil {
		t.Error("the watch goes on")
	}

	later := start(t, settings{})
	answering, err := server.New(later.register, server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- answering.Serve(ctx, listener) }()
	if _, err := decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: post("i1", "ada")}, grpc.WaitForReady(true)); err != nil {
		t.Errorf("the server that came after: %v", err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestFault_R08_StoreAwayAtStart: a register whose store was never there has no view, and refuses until it has read the log.
func TestFault_R08_StoreAwayAtStart(t *testing.T) {
	before := start(t, settings{})
	head := before.object("ada")
	before.close()
	p := start(t, settings{dir: before.dir, away: true, registry: registry.Config{}})
	for range 3 {
		_, err := p.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: post("i1", "ada")})
		refused(t, err).want(t, codes.Unavailable, "STALE")
		if said, err := p.health.Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil || said.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
			t.Errorf("health: %v, %v; want NOT_SERVING", said, err)
		}
	}
	p.log.away.Store(false)
	p.await(healthv1.HealthCheckResponse_SERVING)
	if got := p.decide(post("i1", "ada"), 0).GetDecision(); got.GetReason() != vetov1.Reason_REASON_OBJECTED || got.GetRevision() < head {
		t.Errorf("once the store is there: %s at revision %d, want OBJECTED at %d or later", got.GetReason(), got.GetRevision(), head)
	}
}
