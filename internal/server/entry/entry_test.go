package entry_test

import (
	"context"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server/entry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stream is one whose context is all that is asked for.
type stream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s stream) Context() context.Context { return s.ctx }

// TestWhoWasNotLetInIsRefused, also where a handler stands behind a path that the list lacks, and acts as nobody.
func TestWhoWasNotLetInIsRefused(t *testing.T) {
	door := &entry.Door{}
	in, err := door.Tap(t.Context(), &tap.Info{FullMethodName: "/veto.v1.PolicyService/GetPolicy"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := door.Tap(t.Context(), &tap.Info{FullMethodName: "/veto.v1.PolicyService/DropAll"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		code codes.Code
		want registry.Actor
	}{
		"let in":       {in, codes.OK, registry.Actor{Name: "loopback", Role: "ADMIN"}},
		"not listed":   {out, codes.Unimplemented, registry.Actor{}},
		"past the tap": {t.Context(), codes.Unimplemented, registry.Actor{}},
	} {
		_, err := door.Unary(c.ctx, nil, nil, func(context.Context, any) (any, error) { return nil, nil })
		if status.Code(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if err := door.Stream(nil, stream{ctx: c.ctx}, nil, func(any, grpc.ServerStream) error { return nil }); status.Code(err) != c.code {
			t.Errorf("%s, a stream: %v, want %s", name, err, c.code)
		}
		if got := entry.Actor(c.ctx); got != c.want {
			t.Errorf("%s: acts as %v, want %v", name, got, c.want)
		}
	}
}
