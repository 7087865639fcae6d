package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
)

// errStarting refuses what comes before the log was read.
var errStarting = errors.New("the server is starting")

// Refuse answers on the listener while there is no register yet, until the context ends: health says NOT_SERVING, and every other call is refused with
// UNAVAILABLE, so that a client asks again or elsewhere and no probe waits for a log to be read. The listener stays open, for the server to come; it is one
// of TCP, as its waiting has to be ended without it. Closing it ends the refusing too.
func Refuse(ctx context.Context, listener *net.TCPListener, c Config) error {
	c, err := c.withDefaults()
	if err != nil {
		return fmt.Errorf("refuse calls: %w", err)
	}
	unhealthy := health.NewServer()
	for _, service := range services {
		unhealthy.SetServingStatus(service, healthv1.HealthCheckResponse_NOT_SERVING)
	}
	if err := refuse(ctx, c, lent{listener}, errStarting, unhealthy); err != nil {
		return err
	}
	if err := listener.SetDeadline(time.Time{}); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("hand on the listener: %w", err)
	}
	return nil
}

// brief ends a connection that has heard why it is refused, so that its client connects anew when there may be room.
var brief = grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: time.Second, MaxConnectionAgeGrace: time.Second})

// refuse answers every call on a listener with an error, but for those of health, until the context ends; then it closes the listener.
func refuse(ctx context.Context, c Config, listener net.Listener, why error, health healthv1.HealthServer, options ...grpc.ServerOption) error {
	refusing := grpc.NewServer(append(append(c.transport(), options...),
		grpc.WaitForHandlers(true),
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
			f, _ := faultOf(why)
			return f.status().Err()
		}))...)
	healthv1.RegisterHealthServer(refusing, health)
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return refusing.Serve(listener) })
	group.Go(func() error {
		<-running.Done()
		refusing.Stop() // at once: nothing was promised to anyone
		return nil
	})
	if err := group.Wait(); err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("refuse calls on %s: %w", listener.Addr(), err)
	}
	return nil
}

// lent is a listener whose Close ends the waiting for connections, and no more.
type lent struct{ *net.TCPListener }

// Close ends an Accept that waits.
func (l lent) Close() error { return l.SetDeadline(time.Unix(1, 0)) }
