package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
)

func TestNewReportsEveryFaultOfItsConfig(t *testing.T) {
	if _, err := server.New(nil, server.Config{}); err == nil {
		t.Error("without a register: no error")
	}
	_, err := server.New(&registry.Registry{}, server.Config{MaxMessageBytes: 1, Grace: -1, HealthInterval: time.Hour})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"max message bytes", "grace", "health interval"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	if _, err := server.New(&registry.Registry{}, server.Config{}); err != nil {
		t.Errorf("the zero Config: %v", err)
	}
}

func TestServeReturnsWhyItCannotGoOn(t *testing.T) {
	p := start(t, settings{})
	door, err := server.New(p.register, server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := door.Serve(t.Context(), brokenListener{}); !errors.Is(err, errAccept) {
		t.Errorf("Serve: %v, want %v", err, errAccept)
	}
}

var errAccept = errors.New("no more connections")

type brokenListener struct{}

func (brokenListener) Accept() (net.Conn, error) { return nil, errAccept }
func (brokenListener) Close() error              { return nil }
func (brokenListener) Addr() net.Addr            { return &net.TCPAddr{} }

func TestReflectionListsTheServices(t *testing.T) {
	p := start(t, settings{noPolicy: true})
	stream, err := reflectionv1.NewServerReflectionClient(p.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, service := range answer.GetListServicesResponse().GetService() {
		names = append(names, service.GetName())
	}
	for _, want := range []string{"veto.v1.RegistryService", "veto.v1.DecisionService", "veto.v1.PolicyService", "grpc.health.v1.Health"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not listed: %v", want, names)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("reflection ended with %v", err)
	}
}

func TestAMessageAboveTheLimitIsRefused(t *testing.T) {
	p := start(t, settings{server: server.Config{MaxMessageBytes: 64 << 10}})
	item := post("i1", "ada")
	item.Language = strings.Repeat("a", 64<<10)
	_, err := p.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: item})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v, want RESOURCE_EXHAUSTED", err)
	}
	// In a stream too.
	_, err = p.streamed(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training}, Items: []*vetov1.Item{item}})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("in a stream: %v, want RESOURCE_EXHAUSTED", err)
	}
}

// BenchmarkBatchDecide measures a whole call: encoded, sent, validated, translated, decided, answered, read.
func BenchmarkBatchDecide(b *testing.B) {
	p := start(b, settings{})
	p.object("objector")
	for _, size := range []int{1, 1_000, 10_000} {
		b.Run(fmt.Sprintf("items=%d", size), func(b *testing.B) {
			items := make([]*vetov1.Item, size)
			for i := range items {
				items[i] = post("item-0000001", "author-0000001")
			}
			request := &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: rare()}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.decisions.BatchDecide(context.Background(), request, grpc.MaxCallSendMsgSize(16<<20)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "items/s")
		})
	}
}
