package watch_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broken is a server of a log of n events, whose streams end after a few, each in another way.
type broken struct {
	vetov1.UnimplementedRegistryServiceServer
	n      uint64
	ends   []error
	asked  []uint64
	repeat bool
}

func (b *broken) WatchEvents(request *vetov1.WatchEventsRequest, stream grpc.ServerStreamingServer[vetov1.WatchEventsResponse]) error {
	b.asked = append(b.asked, request.GetAfterRevision())
	at := request.GetAfterRevision()
	if b.repeat && at > 0 {
		at--
	}
	for sent := 0; at < b.n; sent++ {
		if sent == 3 && len(b.ends) > 0 {
			end := b.ends[0]
			b.ends = b.ends[1:]
			return end
		}
		at++
		if err := stream.Send(&vetov1.WatchEventsResponse{Event: &vetov1.Event{Revision: at}, Revision: at}); err != nil {
			return err
		}
	}
	return stream.Send(&vetov1.WatchEventsResponse{Revision: at})
}

func clientOf(t *testing.T, b *broken) vetov1.RegistryServiceClient {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	vetov1.RegisterRegistryServiceServer(server, b)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		server.Stop()
		<-served
	})
	return vetov1.NewRegistryServiceClient(conn)
}

// TestEachEventOnceHoweverStreamsEnd: stopped, cut off, or ended without a word.
func TestEachEventOnceHoweverStreamsEnd(t *testing.T) {
	b := &broken{n: 11, ends: []error{status.Error(codes.Unavailable, "stops"), status.Error(codes.ResourceExhausted, "too slow"), nil}}
	var got []uint64
	interrupted := 0
	w := watch.Watch{
		Client: clientOf(t, b), CatchUp: true,
		Event:       func(e *vetov1.Event) error { got = append(got, e.GetRevision()); return nil },
		Interrupted: func(error) { interrupted++ },
	}
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}; !slices.Equal(got, want) || w.After != 11 || interrupted != 3 {
		t.Errorf("events %v, after %d, %d interruptions", got, w.After, interrupted)
	}
	if want := []uint64{0, 3, 6, 9}; !slices.Equal(b.asked, want) {
		t.Errorf("asked after %v, want %v", b.asked, want)
	}
}

func TestAWatchEndsForGood(t *testing.T) {
	refusal := status.Error(codes.PermissionDenied, "no")
	w := watch.Watch{Client: clientOf(t, &broken{n: 5, ends: []error{refusal}}), Event: func(*vetov1.Event) error { return nil }}
	if err := w.Run(t.Context()); status.Code(err) != codes.PermissionDenied || w.After != 3 {
		t.Errorf("refused: %v after %d", err, w.After)
	}
	full := errors.New("disk full")
	w = watch.Watch{Client: clientOf(t, &broken{n: 5}), Event: func(*vetov1.Event) error { return full }}
	if err := w.Run(t.Context()); !errors.Is(err, full) || w.After != 0 {
		t.Errorf("its reader failed: %v after %d", err, w.After)
	}
	w = watch.Watch{Client: clientOf(t, &broken{n: 5, repeat: true}), After: 3, Event: func(*vetov1.Event) error { return nil }}
	if err := w.Run(t.Context()); err == nil {
		t.Error("an event that comes again is taken")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	down := &broken{ends: slices.Repeat([]error{status.Error(codes.Unavailable, "away")}, 100), n: 1000}
	w = watch.Watch{Client: clientOf(t, down), Event: func(*vetov1.Event) error { return nil }}
	if err := w.Run(ctx); err != nil {
		t.Errorf("stopped by its caller: %v", err)
	}
}
