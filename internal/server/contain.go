package server

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/veto-gate/veto/internal/access"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/telemetry"
)

// containment is the outermost interceptor: whatever happens in a call ends as the status of that call.
type containment struct {
	logger *slog.Logger
	random io.Reader
}

// panicError is a panic of a handler. Its text names no value that was thrown, which could be what a person sent.
type panicError struct {
	reason string
	stack  []byte
}

// Error says that there was a panic.
func (e *panicError) Error() string { return "handle call: panic: " + e.reason }

// thrown is what may be told of a panic.
func thrown(value any) *panicError {
	e := &panicError{reason: fmt.Sprintf("a %T was thrown", value), stack: debug.Stack()}
	if err, ok := value.(runtime.Error); ok {
		e.reason = err.Error()
	}
	return e
}

func (c *containment) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	begin := time.Now()
	defer func() {
		if value := recover(); value != nil {
			answer, err = nil, thrown(value)
		}
		err = c.ended(ctx, info.FullMethod, begin, err)
	}()
	return handle(ctx, request)
}

func (c *containment) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	begin := time.Now()
	defer func() {
		if value := recover(); value != nil {
			err = thrown(value)
		}
		err = c.ended(stream.Context(), info.FullMethod, begin, err)
	}()
	return handle(server, stream)
}

// ended is the error as a status. It logs the call, and what nobody else will hear of.
func (c *containment) ended(ctx context.Context, method string, begin time.Time, err error) error {
	outcome := c.statusOf(ctx, method, err)
	c.logger.LogAttrs(ctx, slog.LevelDebug, "call ended", slog.String(telemetry.Method, method),
		slog.String(telemetry.Code, outcome.Code().String()), slog.Int64(telemetry.DurationMS, time.Since(begin).Milliseconds()))
	return outcome.Err()
}

// refused is the status of a call that was not let in, which the operator hears of: a caller without its rights is a pipeline that stands still.
func (c *containment) refused(ctx context.Context, method string, err error) error {
	if !access.Knows(method) {
		method = "unlisted" // a path that somebody made up may be long, and may hold an id
	}
	outcome := c.statusOf(ctx, method, err)
	c.logger.LogAttrs(ctx, slog.LevelInfo, "call refused", slog.String(telemetry.Method, method), slog.String(telemetry.Code, outcome.Code().String()))
	return outcome.Err()
}

// statusOf finds the status of an error; what is unknown becomes an incident.
func (c *containment) statusOf(ctx context.Context, method string, err error) *status.Status {
	if err == nil {
		return nil
	}
	if f, ok := faultOf(err); ok {
		return f.status()
	}
	if s, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok {
		return s.GRPCStatus() // gRPC's own: a stream that broke, a message too large, health, reflection
	}
	id := c.incidentID()
	attributes := []slog.Attr{slog.String(telemetry.Incident, id), slog.String(telemetry.Method, method), slog.String(telemetry.Cause, err.Error())}
	if stack := stackOf(err); len(stack) > 0 {
		attributes = append(attributes, slog.String(telemetry.Stack, string(stack)))
	}
	c.logger.LogAttrs(ctx, slog.LevelError, "call failed", attributes...)
	return incident(id).status()
}

// stackOf is where a panic happened, of a handler or of a write that was being resolved.
func stackOf(err error) []byte {
	if e, ok := errors.AsType[*panicError](err); ok {
		return e.stack
	}
	if e, ok := errors.AsType[*registry.PanicError](err); ok {
		return e.Stack
	}
	return nil
}

// incidentID is 16 hexadecimal digits by which a caller and the log speak of the same fault.
func (c *containment) incidentID() string {
	var id [8]byte
	if _, err := io.ReadFull(c.random, id[:]); err != nil {
		return "0000000000000000" // the fault is told all the same
	}
	return hex.EncodeToString(id[:])
}
