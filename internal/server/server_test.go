package server_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/server/limits"
)

func TestNewReportsEveryFaultOfItsConfig(t *testing.T) {
	if _, err := server.New(nil, server.Config{}); err == nil {
		t.Error("without a register: no error")
	}
	_, err := server.New(&registry.Registry{}, server.Config{Limits: limits.Limits{MessageBytes: 1, StreamIdle: -1}, Grace: -1, HealthInterval: time.Hour})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"--max-message-bytes", "--stream-idle", "grace", "health interval"} {
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
