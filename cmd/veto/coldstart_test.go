package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

// longLog is how many objections the log holds that a cold start reads: enough that it is asked meanwhile.
const longLog = 20_000

// TestFault_R08_ColdStartRefusesUntilItHasReadItsLog asks a server from before it starts on a long log until it serves: it says NOT_SERVING and refuses,
// and the first answer, like every other, knows the newest objection.
func TestFault_R08_ColdStartRefusesUntilItHasReadItsLog(t *testing.T) {
	binary := build(t)
	_, data := corpusAndRegister(t)
	head := objectInBulk(t, data, longLog)
	address := freeAddress(t)
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: time.Millisecond, Multiplier: 1, MaxDelay: time.Millisecond}, MinConnectTimeout: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), callPatience)
	defer cancel()
	asked := &coldAnswers{conn: conn, last: fmt.Sprintf("author-%d", longLog-1), head: head}
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() { asked.ask(ctx, t) })
	}
	p := launch(t, binary, data, "--listen", address)
	asking.Wait()
	if asked.notServing.Load() == 0 || asked.starting.Load() == 0 || asked.served.Load() == 0 {
		t.Errorf("NOT_SERVING %d times, refused while starting %d times, answered %d times: each has to be seen\n%s",
			asked.notServing.Load(), asked.starting.Load(), asked.served.Load(), p.stderr)
	}
	t.Logf("at revision %d: NOT_SERVING %d times, refused %d times", head, asked.notServing.Load(), asked.starting.Load())
	if code := p.stop(); code != exitDone {
		t.Errorf("exit %d\n%s", code, p.stderr)
	}
}

// coldAnswers is what clients hear of a server that starts.
type coldAnswers struct {
	conn                         *grpc.ClientConn
	last                         string // who objected last
	head                         uint64
	notServing, starting, served atomic.Int64
}

// ask asks until the first answer.
func (a *coldAnswers) ask(ctx context.Context, t *testing.T) {
	t.Helper()
	health, decisions := healthv1.NewHealthClient(a.conn), vetov1.NewDecisionServiceClient(a.conn)
	for ctx.Err() == nil {
		if said, err := health.Check(ctx, &healthv1.HealthCheckRequest{}); err == nil && said.GetStatus() == healthv1.HealthCheckResponse_NOT_SERVING {
			a.notServing.Add(1)
		}
		answer, err := decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: "generative-ai-training", Item: &vetov1.Item{
			ItemId: "i", AuthorId: a.last, Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, Country: "DE", AuthorAge: 30,
		}})
		switch {
		case status.Code(err) == codes.Unavailable:
			if len(status.Convert(err).Details()) > 0 { // ours, not "connection refused"
				a.starting.Add(1)
			}
		case err != nil:
			t.Errorf("asked while it started: %v", err)
			return
		case answer.GetDecision().GetRevision() < a.head || answer.GetDecision().GetReason() != vetov1.Reason_REASON_OBJECTED:
			t.Errorf("answered at revision %d of %d with %s", answer.GetDecision().GetRevision(), a.head, answer.GetDecision().GetReason())
			return
		default:
			a.served.Add(1)
			return
		}
	}
	t.Error("no answer came")
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// objectInBulk files objections of that many authors, many at a time as the log groups them, and returns the head.
func objectInBulk(t *testing.T, data string, authors int) uint64 {
	t.Helper()
	var head uint64
	err := inProcess(t.Context(), localConfig{dir: data, registry: registry.Config{}}, func(ctx context.Context, c *client) error {
		var filing sync.WaitGroup
		var next atomic.Int64
		for range 200 {
			filing.Go(func() {
				for n := next.Add(1) - 1; n < int64(authors); n = next.Add(1) - 1 {
					_, err := c.registry.FileObjection(ctx, &vetov1.FileObjectionRequest{RequestId: uuid.NewString(), SubjectId: fmt.Sprintf("author-%d", n), Channel: vetov1.Channel_CHANNEL_API})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		filing.Wait()
		standing, err := c.registry.GetStanding(ctx, &vetov1.GetStandingRequest{SubjectId: "author-0"})
		head = standing.GetRevision()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return head
}
