package limits_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/veto-gate/veto/internal/server/limits"
)

// TestAnAnnulmentMayTakeLonger than other calls, since it may work through the whole log; and it ends too.
func TestAnAnnulmentMayTakeLonger(t *testing.T) {
	l, err := limits.Limits{CallTime: time.Second}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	calls := limits.NewCalls(l)
	for method, want := range map[string]time.Duration{
		"/veto.v1.RegistryService/AnnulObjections": time.Minute, "/veto.v1.RegistryService/FileObjection": time.Second, "/veto.v1.Other/Method": time.Second,
	} {
		_, err := calls.Unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: method}, func(ctx context.Context, _ any) (any, error) {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left > want || left < want/2 {
				t.Errorf("%s has %v left, want %v", method, left, want)
			}
			return nil, nil
		})
		if err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	short, _ := limits.Limits{CallTime: 100 * time.Millisecond}.WithDefaults()
	_, err = limits.NewCalls(short).Unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/veto.v1.RegistryService/FileObjection"}, func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	if late, ok := errors.AsType[*limits.Error](err); !ok || late.Most != "100ms" {
		t.Errorf("a call that takes too long: %v", err)
	}
}
