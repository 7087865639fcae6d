// Package entry lets callers in: who calls is settled before a byte of the message is read, and what they may call with it.
package entry

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/access"
	"github.com/veto-gate/veto/internal/registry"
)

// Door knows the callers.
type Door struct {
	// Callers are those of the roles file, as it stands. Nil: the server listens on loopback alone, and whoever reaches it is its admin.
	Callers func() *access.Callers
	// Refused turns an error of this package into a status.
	Refused func(ctx context.Context, method string, err error) error
}

// RoleError says that the caller has none of the roles that a call needs.
type RoleError struct {
	// Needed are the roles, by comma.
	Needed string
	// What needs it: the method, or saying VERIFIED.
	What string
}

// Error says what to do.
func (e *RoleError) Error() string {
	return e.What + " needs one of the roles " + e.Needed + "; have the server's operator give it to this caller in the roles file"
}

// key is the context's key for the one who was let in.
type key struct{}

// admitted is who was let in, as what.
type admitted struct {
	caller access.Caller
	role   access.Role
}

// errNotListed is a method that nobody may call, since the list of what may be called lacks it.
var errNotListed = status.Error(codes.Unimplemented, "no method that this server lets anyone call")

// Tap settles who calls, and whether they may, before the message is read: a stranger costs a hash. It is the only place where that happens, for calls and
// streams of every service alike; what it did not let in, the interceptors refuse.
func (d *Door) Tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	if access.IsOpen(info.FullMethodName) {
		return context.WithValue(ctx, key{}, admitted{}), nil
	}
	caller, err := d.identify(ctx, info.Header)
	if err != nil {
		return ctx, d.Refused(ctx, info.FullMethodName, err)
	}
	if !access.Knows(info.FullMethodName) {
		return ctx, nil // gRPC says that there is no such method; if there were one, the interceptors refuse who was not let in
	}
	role, ok := caller.As(info.FullMethodName)
	if !ok {
		return ctx, d.Refused(ctx, info.FullMethodName, &RoleError{Needed: access.Needed(info.FullMethodName), What: "this method"})
	}
	return context.WithValue(ctx, key{}, admitted{*caller, role}), nil
}

func (d *Door) identify(ctx context.Context, header metadata.MD) (*access.Caller, error) {
	if d.Callers == nil {
		return &access.Loopback, nil
	}
	var certificate *x509.Certificate
	if p, ok := peer.FromContext(ctx); ok {
		if secured, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(secured.State.VerifiedChains) > 0 {
			certificate = secured.State.VerifiedChains[0][0]
		}
	}
	return d.Callers().Identify(header.Get("authorization"), certificate)
}

// Unary refuses who was not let in, and who says VERIFIED and may not.
func (d *Door) Unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	who, ok := ctx.Value(key{}).(admitted)
	if !ok {
		return nil, errNotListed
	}
	list, asks := request.(*vetov1.ListObjectionsRequest) // which it filters by, and says of nobody
	if says, ok := request.(interface {
		GetVerification() vetov1.Verification
	}); ok && !asks && says.GetVerification() == vetov1.Verification_VERIFICATION_VERIFIED {
		role, may := who.caller.MayVerify()
		if !may {
			return nil, &RoleError{Needed: string(access.Verify), What: "saying VERIFIED"}
		}
		ctx = context.WithValue(ctx, key{}, admitted{who.caller, role})
	}
	if list.GetShowSealed() {
		if _, may := who.caller.As(vetov1.RegistryService_DecideObjection_FullMethodName); !may {
			return nil, &RoleError{Needed: string(access.Officer), What: "show_sealed"}
		}
	}
	return handle(ctx, request)
}

// Stream refuses who was not let in, and looks again with each message: a stream may outlive its caller's place in the file.
func (d *Door) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if _, ok := stream.Context().Value(key{}).(admitted); !ok {
		return errNotListed
	}
	if d.Callers == nil || access.IsOpen(info.FullMethod) {
		return handle(server, stream)
	}
	return handle(server, &watched{ServerStream: stream, door: d, method: info.FullMethod, sends: !info.IsClientStream})
}

// watched is a stream whose caller is looked for again with each message: one that it sends, or, where it sends one alone, one that it is sent.
type watched struct {
	grpc.ServerStream
	door   *Door
	method string
	sends  bool
}

// SendMsg sends the next message, if its caller may still have it.
func (w *watched) SendMsg(m any) error {
	if w.sends {
		if _, err := w.again(); err != nil {
			return err
		}
	}
	return w.ServerStream.SendMsg(m)
}

// RecvMsg receives the next message, if its caller may still send it.
func (w *watched) RecvMsg(m any) error {
	if err := w.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	caller, err := w.again()
	if err != nil {
		return err
	}
	if rows, ok := m.(interface {
		GetRows() []*vetov1.FileObjectionRequest
	}); ok && slices.ContainsFunc(rows.GetRows(), saysVerified) {
		if _, may := caller.MayVerify(); !may {
			return &RoleError{Needed: string(access.Verify), What: "a row that says VERIFIED"}
		}
	}
	return nil
}

func saysVerified(row *vetov1.FileObjectionRequest) bool {
	return row.GetVerification() == vetov1.Verification_VERIFICATION_VERIFIED
}

// again settles once more whether the caller may have the stream.
func (w *watched) again() (*access.Caller, error) {
	header, _ := metadata.FromIncomingContext(w.Context())
	caller, err := w.door.identify(w.Context(), header)
	if err != nil {
		return nil, err
	}
	if _, ok := caller.As(w.method); !ok {
		return nil, &RoleError{Needed: access.Needed(w.method), What: "this method"}
	}
	return caller, nil
}

// Actor is who calls, for the log. The zero Actor, where nobody was let in, may do nothing: the register refuses an actor without a name.
func Actor(ctx context.Context) registry.Actor {
	who, _ := ctx.Value(key{}).(admitted)
	return registry.Actor{Name: who.caller.Name, Role: strings.ToUpper(string(who.role))}
}
