package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/access"
	"github.com/veto-gate/veto/internal/server/entry"
	"github.com/veto-gate/veto/internal/server/limits"
	"github.com/veto-gate/veto/internal/server/objections"
)

// What the zero Config means.
const (
	DefaultGrace          = 10 * time.Second
	DefaultHealthInterval = 100 * time.Millisecond
)

const (
	maxGrace          = 10 * time.Minute
	maxHealthInterval = 10 * time.Second
	// namedBytes is how much larger than its limit a message may be to be told which limit that is; what is larger still, gRPC refuses itself.
	namedBytes = 2
	// cutPatience is how long streams that were cut may take to send their last word.
	cutPatience = time.Second
)

// Config are the server's choices. The zero value is the default.
type Config struct {
	// Credentials are the server's side of TLS. Nil: none, for loopback, or behind what brings its own.
	Credentials credentials.TransportCredentials
	// Callers are who may call, as the roles file stands. Nil: everyone is admin, which is for loopback alone.
	Callers func() *access.Callers
	// Limits are what callers are bounded by.
	Limits limits.Limits
	// Grace is how long calls may go on when the server stops, at most 10 minutes. 0: 10 s.
	Grace time.Duration
	// HealthInterval is how often health looks at the register's freshness, 1 ms to 10 s; no more than a quarter of the
	// register's MaxStaleness makes sense. 0: 100 ms. Looking costs nothing.
	HealthInterval time.Duration
	// Logger takes what an operator should know. Nil: nothing is logged.
	Logger *slog.Logger
	// Rand is where the ids of incidents come from. Nil: crypto/rand.
	Rand io.Reader
}

// withDefaults fills in what is zero, and refuses what is out of bounds, all of it.
func (c Config) withDefaults() (Config, error) {
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	if c.HealthInterval == 0 {
		c.HealthInterval = DefaultHealthInterval
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	var faults []error
	var err error
	if c.Limits, err = c.Limits.WithDefaults(); err != nil {
		faults = append(faults, err)
	}
	if c.Grace < 0 || c.Grace > maxGrace {
		faults = append(faults, fmt.Errorf("grace: %v is not between 0 and %v", c.Grace, maxGrace))
	}
	if c.HealthInterval < time.Millisecond || c.HealthInterval > maxHealthInterval {
		faults = append(faults, fmt.Errorf("health interval: %v is not between 1ms and %v", c.HealthInterval, maxHealthInterval))
	}
	return c, errors.Join(faults...)
}

// Server is veto's gRPC server: RegistryService, DecisionService, PolicyService, health and reflection.
type Server struct {
	config    Config
	grpc      *grpc.Server
	freshness *freshness
	stopping  *stopping
}

// New makes a server for a register. It starts nothing; Serve does. Its error lists everything that is wrong with the
// Config.
func New(register Register, c Config) (*Server, error) {
	if register == nil {
		return nil, errors.New("make server: there is no register")
	}
	c, err := c.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("make server: %w", err)
	}
	validation, err := newValidation(c.Limits)
	if err != nil {
		return nil, fmt.Errorf("make server: %w", err)
	}
	calls := limits.NewCalls(c.Limits)
	contain := &containment{logger: c.Logger, random: c.Rand}
	door := &entry.Door{Callers: c.Callers, Refused: contain.refused}
	s := &Server{config: c, freshness: newFreshness(register, c.HealthInterval, c.Logger), stopping: newStopping(calls)}
	s.grpc = grpc.NewServer(append(c.transport(),
		grpc.ForceServerCodecV2(newCodec(c.Limits)),
		grpc.InTapHandle(door.Tap),
		grpc.ChainUnaryInterceptor(contain.unary, door.Unary, calls.Unary, validation.unary),
		grpc.ChainStreamInterceptor(contain.stream, door.Stream, calls.Stream, s.stopping.stream, validation.stream),
		grpc.WaitForHandlers(true),
	)...)
	vetov1.RegisterRegistryServiceServer(s.grpc, objections.New(register, func(m proto.Message) error { return validation.check(m) }))
	vetov1.RegisterDecisionServiceServer(s.grpc, &decisions{views: register})
	vetov1.RegisterPolicyServiceServer(s.grpc, &policies{register: register, views: register})
	healthv1.RegisterHealthServer(s.grpc, s.freshness.health)
	reflection.Register(s.grpc)
	return s, nil
}

// transport is what holds for every connection, whatever is answered on it.
func (c Config) transport() []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(namedBytes * c.Limits.MessageBytes),
		grpc.MaxConcurrentStreams(uint32(c.Limits.CallsPerConnection)),
		grpc.MaxHeaderListSize(limits.HeaderBytes),
		grpc.ConnectionTimeout(c.Limits.ConnectTime),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: c.Limits.KeepaliveMinTime, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: c.Limits.KeepaliveTime, Timeout: c.Limits.KeepaliveTimeout}),
	}
	if c.Credentials != nil {
		options = append(options, grpc.Creds(c.Credentials))
	}
	return options
}

// Serve answers on the listener, which it closes, until the context ends; then it stops: health says NOT_SERVING, no call
// is taken any more, those that run have Config.Grace to end, and streams that are open after it end with UNAVAILABLE. It
// returns when every call has ended: nil after a stop, else why it could not go on. A Server serves once.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	group, running := errgroup.WithContext(ctx)
	within, above := limits.Split(listener, s.config.Limits)
	group.Go(func() error { return s.freshness.watch(running) })
	group.Go(func() error {
		return refuse(running, s.config, above, s.config.Limits.TooManyConnections(), s.freshness.health, brief)
	})
	group.Go(func() error {
		err := s.grpc.Serve(within)
		if errors.Is(err, grpc.ErrServerStopped) && running.Err() != nil {
			err = nil // the stop came before the first call could
		}
		if err != nil {
			return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-running.Done()
		s.stop()
		return nil
	})
	return group.Wait()
}

// stop ends every call, in the order that Serve tells.
func (s *Server) stop() {
	s.freshness.health.Shutdown() // and no later look changes it
	close(s.stopping.begun)
	ended := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(ended)
	}()
	if waitFor(ended, s.config.Grace) {
		return
	}
	close(s.stopping.cut)
	if !waitFor(ended, cutPatience) {
		s.grpc.Stop()
		<-ended
	}
}

// waitFor waits for the channel to be closed, and says whether it was.
func waitFor(closed <-chan struct{}, patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-closed:
		return true
	case <-timer.C:
		return false
	}
}
