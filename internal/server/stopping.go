package server

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/veto-gate/veto/internal/server/limits"
)

// errStopping ends a stream that was still open when the server's patience was over.
var errStopping = errors.New("the server is stopping")

// stopping tells open streams that the server stops. gRPC waits for streams for ever, or breaks them off without a word;
// between the two they are cut: each ends with UNAVAILABLE, and its client knows what to do.
type stopping struct {
	calls *limits.Calls
	begun chan struct{} // closed when the server begins to stop: no new batch is worth waiting for on a health watch
	cut   chan struct{} // closed when the grace is over
}

func newStopping(calls *limits.Calls) *stopping {
	return &stopping{calls: calls, begun: make(chan struct{}), cut: make(chan struct{})}
}

func (s *stopping) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if info.IsClientStream {
		return handle(server, s.calls.Bounded(stream, s.cut, errStopping))
	}
	// A watch sends and never receives: it ends with its context, at once, or every stop would take the whole grace.
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	go func() {
		select {
		case <-s.begun:
			cancel()
		case <-ctx.Done():
		}
	}()
	var watch grpc.ServerStream = &contextStream{ServerStream: stream, ctx: ctx}
	if info.FullMethod != healthv1.Health_Watch_FullMethodName { // gRPC's own ends by its context alone, and sends hardly anything
		watch = s.calls.Bounded(watch, s.cut, errStopping)
	}
	err := handle(server, watch)
	if stream.Context().Err() == nil && ctx.Err() != nil {
		return errStopping
	}
	return err
}

// contextStream is a stream with another context.
type contextStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // grpc.ServerStream hands its context out
}

func (s *contextStream) Context() context.Context { return s.ctx }
