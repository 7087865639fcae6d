package server_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/store"
)

func TestAServerThatLostItsStoreRefusesAndSaysSo(t *testing.T) {
	p := start(t, settings{registry: registry.Config{MaxStaleness: time.Second}, server: server.Config{HealthInterval: time.Millisecond}})
	open, err := p.decisions.StreamDecide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := open.Send(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training}}); err != nil {
		t.Fatal(err)
	}
	if _, err := open.Recv(); err != nil {
		t.Fatal(err)
	}

	p.log.away.Store(true)
	p.await(healthv1.HealthCheckResponse_NOT_SERVING)
	for _, service := range []string{"", "veto.v1.RegistryService", "veto.v1.DecisionService", "veto.v1.PolicyService"} {
		got, err := p.health.Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
		if err != nil || got.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
			t.Errorf("health of %q: %s, %v; want NOT_SERVING", service, got.GetStatus(), err)
		}
	}
	for name, call := range map[string]func() error{
		"Decide": func() error {
			_, err := p.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: post("i1", "ada")})
			return err
		},
		"BatchDecide": func() error {
			_, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training})
			return err
		},
		"ExplainDecision": func() error {
			_, err := p.decisions.ExplainDecision(t.Context(), &vetov1.ExplainDecisionRequest{Purpose: training})
			return err
		},
		"open stream": func() error {
			if err := open.Send(&vetov1.StreamDecideRequest{Items: []*vetov1.Item{post("i1", "ada")}}); err != nil {
				return err
			}
			_, err := open.Recv()
			return err
		},
		"new stream": func() error {
			_, err := p.streamed(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training}})
			return err
		},
		"FileObjection": func() error { _, err := p.objections.FileObjection(t.Context(), filing("ada")); return err },
		"GetStanding": func() error {
			_, err := p.objections.GetStanding(t.Context(), &vetov1.GetStandingRequest{SubjectId: "ada"})
			return err
		},
		"GetPolicy": func() error { _, err := p.policies.GetPolicy(t.Context(), &vetov1.GetPolicyRequest{}); return err },
	} {
		r := refused(t, call())
		r.want(t, codes.Unavailable, "STALE")
		if !r.retryAfter {
			t.Errorf("%s: no RetryInfo", name)
		}
	}

	p.log.away.Store(false)
	p.await(healthv1.HealthCheckResponse_SERVING)
	if got := p.decide(post("i1", "ada"), 0).GetDecision().GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("when the store is back: %s", got)
	}
	// It is told when it changes, not at each look.
	var told []string
	for line := range strings.Lines(p.lines.String()) {
		for _, message := range []string{`msg="not serving"`, "msg=serving"} {
			if strings.Contains(line, message) {
				told = append(told, message)
			}
		}
	}
	if len(told) < 3 || len(slices.Compact(slices.Clone(told))) != len(told) {
		t.Errorf("the log tells %q", told)
	}
}

func TestMinRevisionIsWaitedFor(t *testing.T) {
	for _, test := range []struct {
		name  string
		shown bool // the event becomes visible to the fold while the call waits
	}{
		{"and reached", true},
		{"in vain", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, settings{registry: registry.Config{MaxStaleness: time.Second}})
			head := p.object("bob")
			next := head + 1
			p.order.Hide(event.Revision(next))
			filed, decided := make(chan error, 1), make(chan error, 1)
			var answer *vetov1.DecideResponse
			go func() {
				_, err := p.objections.FileObjection(context.Background(), filing("ada"))
				filed <- err
			}()
			for at := uint64(0); at < next; { // until the event is in the log, where the fold does not see it
				if err := p.log.Wait(t.Context(), event.Revision(head)); err != nil {
					t.Fatal(err)
				}
				got, err := p.log.Head(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				at = uint64(got.Revision)
			}
			go func() {
				var err error
				answer, err = p.decisions.Decide(context.Background(), &vetov1.DecideRequest{Purpose: training, Item: post("i1", "ada"), MinRevision: next})
				decided <- err
			}()
			if test.shown {
				select {
				case err := <-decided:
					t.Fatalf("decided before the revision was there: %v, %v", answer, err)
				default:
				}
				p.order.Show()
				if err := <-decided; err != nil || answer.GetRevision() < next || answer.GetDecision().GetReason() != vetov1.Reason_REASON_OBJECTED {
					t.Errorf("got %v, %v; want OBJECTED at revision %d", answer, err, next)
				}
				if err := <-filed; err != nil {
					t.Errorf("FileObjection: %v", err)
				}
				return
			}
			r := refused(t, <-decided)
			if r.code != codes.Unavailable || !slices.Contains([]string{"REVISION_NOT_REACHED", "STALE"}, r.reason) || !r.retryAfter {
				t.Errorf("got %s %s, retry %v", r.code, r.reason, r.retryAfter)
			}
			p.order.Show()
			<-filed // in time or not: the event is in the log
		})
	}
}

func TestWhatTheStoreReportsReachesTheCaller(t *testing.T) {
	p := start(t, settings{})
	for _, test := range []struct {
		name   string
		err    error
		code   codes.Code
		reason string
		retry  bool
	}{
		{"full", store.ErrFull, codes.ResourceExhausted, "DISK_FULL", true},
		{"broken", store.ErrBroken, codes.Unavailable, "STORE_BROKEN", true},
		{"away", store.ErrUnavailable, codes.Unavailable, "STORE_UNAVAILABLE", true},
		{"unknown", errors.New("a secret cause"), codes.Internal, "INTERNAL", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.log.append.Store(&test.err)
			defer p.log.append.Store(nil)
			request := filing("lovelace")
			_, err := p.objections.FileObjection(t.Context(), request)
			r := refused(t, err)
			r.want(t, test.code, test.reason)
			if r.retryAfter != test.retry || strings.Contains(r.message, "secret cause") {
				t.Errorf("retry %v, want %v; message %q", r.retryAfter, test.retry, r.message)
			}
			if id := r.metadata["incident"]; test.code == codes.Internal && (len(id) != 16 || !strings.Contains(p.lines.String(), "incident="+id) || !strings.Contains(p.lines.String(), "a secret cause")) {
				t.Errorf("the log does not tell incident %q with its cause:\n%s", id, p.lines)
			}
			p.log.append.Store(nil)
			if _, err := p.objections.FileObjection(t.Context(), request); err != nil {
				t.Errorf("the retry: %v", err)
			}
		})
	}
	if strings.Contains(p.lines.String(), "lovelace") {
		t.Error("the log names a subject")
	}
}

func TestTheCallersDeadlineIsItsOwn(t *testing.T) {
	p := start(t, settings{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: training}); status.Code(err) != codes.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	for code, cause := range map[codes.Code]error{codes.DeadlineExceeded: context.DeadlineExceeded, codes.Canceled: context.Canceled} {
		p.log.append.Store(&cause)
		_, err := p.objections.FileObjection(t.Context(), filing("ada"))
		r := refused(t, err)
		r.want(t, code, "")
		if !strings.Contains(r.message, "request_id") {
			t.Errorf("%s: %q does not say how to go on", code, r.message)
		}
	}
	p.log.append.Store(nil)
}

func TestStoppingEndsEveryCallInOrder(t *testing.T) {
	for _, test := range []struct {
		name  string
		grace time.Duration
		ends  bool // the client ends its stream when it hears of the stop
		want  codes.Code
	}{
		{"a stream that ends in time", time.Minute, true, codes.OK},
		{"a stream that does not", 20 * time.Millisecond, false, codes.Unavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, settings{server: server.Config{Grace: test.grace}})
			watch, err := p.health.Watch(t.Context(), &healthv1.HealthCheckRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := watch.Recv(); err != nil {
				t.Fatal(err)
			}
			stream, err := p.decisions.StreamDecide(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ask := func(options *vetov1.BatchOptions) error {
				if err := stream.Send(&vetov1.StreamDecideRequest{Options: options}); err != nil {
					return err
				}
				_, err := stream.Recv()
				return err
			}
			if err := ask(&vetov1.BatchOptions{Purpose: training}); err != nil {
				t.Fatal(err)
			}
			p.stopServer()
			for { // NOT_SERVING may be heard before the watch ends with the server
				answer, err := watch.Recv()
				if err != nil {
					refused(t, err).want(t, codes.Unavailable, "STOPPING")
					break
				}
				if answer.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
					t.Errorf("health while stopping: %s", answer.GetStatus())
				}
			}
			if test.ends {
				if err := ask(nil); err != nil {
					t.Errorf("a batch within the grace: %v", err)
				}
				if err := stream.CloseSend(); err != nil {
					t.Fatal(err)
				}
			}
			_, err = stream.Recv()
			switch {
			case test.want == codes.OK && !errors.Is(err, io.EOF):
				t.Errorf("the stream ended with %v, want in order", err)
			case test.want != codes.OK:
				r := refused(t, err)
				r.want(t, test.want, "STOPPING")
				if !r.retryAfter || !strings.Contains(r.message, "stopping") {
					t.Errorf("message %q, retry %v", r.message, r.retryAfter)
				}
			}
			if err := <-p.served; err != nil {
				t.Errorf("Serve: %v", err)
			}
			p.served <- nil // for the clean-up
		})
	}
}
