package limits

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

// Calls holds calls to their limits.
type Calls struct {
	limits Limits
	open   atomic.Int64 // streams
}

// NewCalls holds calls to limits that have their defaults.
func NewCalls(l Limits) *Calls { return &Calls{limits: l} }

// timesAsLong are the methods that may work through the whole log: how many times as long as others they may take.
var timesAsLong = map[string]int{"/veto.v1.RegistryService/AnnulObjections": 60}

// Unary ends a call that takes too long.
func (c *Calls) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	own := c.limits
	own.CallTime = time.Duration(max(timesAsLong[info.FullMethod], 1) * int(own.CallTime))
	late := own.TookTooLong()
	ctx, cancel := context.WithTimeoutCause(ctx, own.CallTime, late)
	defer cancel()
	answer, err := handle(ctx, request)
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), late) {
		return nil, late
	}
	return answer, err
}

// Stream refuses one stream too many, and hands on the others as they are.
func (c *Calls) Stream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	defer c.open.Add(-1)
	if c.open.Add(1) > int64(c.limits.Streams) {
		return c.limits.TooManyStreams()
	}
	return handle(server, stream)
}

// Bounded is a stream that neither waits for its client nor is waited for longer than the limits allow, and not at all once cut is closed: then both give
// ended. After an error of either kind the stream is of no use: its handler has to return, which ends what is left waiting behind it.
func (c *Calls) Bounded(stream grpc.ServerStream, cut <-chan struct{}, ended error) grpc.ServerStream {
	return &bounded{ServerStream: stream, limits: c.limits, cut: cut, ended: ended}
}

type bounded struct {
	grpc.ServerStream
	limits Limits
	cut    <-chan struct{}
	ended  error
}

// RecvMsg receives the next message.
func (b *bounded) RecvMsg(m any) error {
	return b.within(b.limits.StreamIdle, b.limits.SentNothing, func() error { return b.ServerStream.RecvMsg(m) })
}

// SendMsg sends an answer.
func (b *bounded) SendMsg(m any) error {
	return b.within(b.limits.StreamSend, b.limits.ReadNothing, func() error { return b.ServerStream.SendMsg(m) })
}

func (b *bounded) within(patience time.Duration, late func() *Error, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return late()
	case <-b.cut:
		return b.ended
	}
}
