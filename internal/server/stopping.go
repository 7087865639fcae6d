package server

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
)

// errStopping ends a stream that was still open when the server's patience was over.
var errStopping = errors.New("the server is stopping")

// stopping tells open streams that the server stops. gRPC waits for streams for ever, or breaks them off without a word;
// between the two they are cut: each ends with UNAVAILABLE, and its client knows what to do.
type stopping struct {
	begun chan struct{} // closed when the server begins to stop: no new batch is worth waiting for on a health watch
	cut   chan struct{} // closed when the grace is over
}

func newStopping() *stopping {
	return &stopping{begun: make(chan struct{}), cut: make(chan struct{})}
}

func (s *stopping) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if info.FullMethod != healthv1.Health_Watch_FullMethodName {
		return handle(server, &cuttableStream{ServerStream: stream, cut: s.cut})
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
	err := handle(server, &contextStream{ServerStream: stream, ctx: ctx})
	if stream.Context().Err() == nil && ctx.Err() != nil {
		return errStopping
	}
	return err
}

// cuttableStream is a stream whose waiting for the next message ends when it is cut.
type cuttableStream struct {
	grpc.ServerStream
	cut <-chan struct{}
}

// RecvMsg receives the next message, or errStopping. After that the stream receives nothing any more: the handler has to
// return, which ends the reading that is left behind.
func (s *cuttableStream) RecvMsg(m any) error {
	received := make(chan error, 1)
	go func() { received <- s.ServerStream.RecvMsg(m) }()
	select {
	case err := <-received:
		return err
	case <-s.cut:
		return errStopping
	}
}
