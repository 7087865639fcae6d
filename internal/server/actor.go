package server

import (
	"context"

	"google.golang.org/grpc"

	"github.com/veto-gate/veto/internal/registry"
)

// actorKey is the context's key for who calls.
type actorKey struct{}

// identify says who calls: the one place where that is decided. The server listens on loopback alone, so whoever reaches
// it has the machine, and is its admin.
func identify(context.Context) registry.Actor {
	return registry.Actor{Name: "loopback", Role: "ADMIN"}
}

// actorOf is who calls, as identify said. The zero Actor, where no interceptor stood before the call, may do nothing: the
// register refuses an actor without a name.
func actorOf(ctx context.Context) registry.Actor {
	actor, _ := ctx.Value(actorKey{}).(registry.Actor)
	return actor
}

func identifyUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	return handle(context.WithValue(ctx, actorKey{}, identify(ctx)), request)
}

func identifyStream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	ctx := context.WithValue(stream.Context(), actorKey{}, identify(stream.Context()))
	return handle(server, &contextStream{ServerStream: stream, ctx: ctx})
}

// contextStream is a stream with another context.
type contextStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // grpc.ServerStream hands its context out
}

func (s *contextStream) Context() context.Context { return s.ctx }
