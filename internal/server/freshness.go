package server

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/telemetry"
)

// services are what health tells of: each service of ours, and last the server as a whole, so that who waits for the whole finds the parts changed.
var services = []string{vetov1.RegistryService_ServiceDesc.ServiceName, vetov1.DecisionService_ServiceDesc.ServiceName, vetov1.PolicyService_ServiceDesc.ServiceName, ""}

// freshness is health as gRPC's clients and load balancers ask for it: SERVING while the register's view is fresh, so
// that calls go to another replica before this one refuses them.
type freshness struct {
	health   *health.Server
	views    Views
	interval time.Duration
	logger   *slog.Logger
	serving  bool
}

// newFreshness begins NOT_SERVING: nobody has looked yet.
func newFreshness(views Views, interval time.Duration, logger *slog.Logger) *freshness {
	f := &freshness{health: health.NewServer(), views: views, interval: interval, logger: logger}
	f.set(healthv1.HealthCheckResponse_NOT_SERVING)
	return f
}

// watch looks at the view until the context ends.
func (f *freshness) watch(ctx context.Context) error {
	ticker := time.NewTicker(f.interval)
	defer ticker.Stop()
	for {
		f.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// look sets the status that the view calls for, and logs where it changed, so that
// who hears of the change finds it in the log.
func (f *freshness) look(ctx context.Context) {
	view, err := f.views.View()
	if fresh := err == nil; fresh == f.serving {
		return
	}
	f.serving = err == nil
	if err != nil {
		f.logger.LogAttrs(ctx, slog.LevelWarn, "not serving", slog.String(telemetry.Cause, err.Error()))
		f.set(healthv1.HealthCheckResponse_NOT_SERVING)
		return
	}
	f.logger.LogAttrs(ctx, slog.LevelInfo, "serving", slog.Uint64(telemetry.Revision, view.Revision), slog.Uint64(telemetry.PolicyVersion, view.PolicyVersion()))
	f.set(healthv1.HealthCheckResponse_SERVING)
}

func (f *freshness) set(status healthv1.HealthCheckResponse_ServingStatus) {
	for _, service := range services {
		f.health.SetServingStatus(service, status)
	}
}
