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
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// What the zero Config means.
const (
	DefaultMaxMessageBytes = 16 << 20
	DefaultMaxStreams      = 256
	DefaultGrace           = 10 * time.Second
	DefaultHealthInterval  = 100 * time.Millisecond
)

const (
	minMaxMessageBytes = 64 << 10
	maxMaxMessageBytes = 1 << 30
	maxGrace           = 10 * time.Minute
	maxHealthInterval  = 10 * time.Second

	// keepaliveMinTime is how often a client may ping: gRPC's clients that are told to ping do so every 10 s at most.
	keepaliveMinTime = 10 * time.Second
	// keepaliveTime and keepaliveTimeout find a client that is gone without a word, whose stream would stay for ever.
	keepaliveTime    = time.Minute
	keepaliveTimeout = 20 * time.Second
	// connectTimeout is for a client that connects and says nothing.
	connectTimeout = 20 * time.Second
	// maxHeaderBytes bounds a call's metadata; ours needs none.
	maxHeaderBytes = 64 << 10
	// cutPatience is how long streams that were cut may take to send their last word.
	cutPatience = time.Second
)

// Config are the server's choices. The zero value is the default.
type Config struct {
	// MaxMessageBytes bounds one message, 64 KiB to 1 GiB. 0: 16 MiB, which takes 10,000 items of 1.6 KiB.
	MaxMessageBytes int
	// MaxStreams is how many calls one connection may have open at once. 0: 256.
	MaxStreams uint32
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
	if c.MaxMessageBytes == 0 {
		c.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = DefaultMaxStreams
	}
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
	if c.MaxMessageBytes < minMaxMessageBytes || c.MaxMessageBytes > maxMaxMessageBytes {
		faults = append(faults, fmt.Errorf("max message bytes: %d is not between %d and %d", c.MaxMessageBytes, minMaxMessageBytes, maxMaxMessageBytes))
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
	validation, err := newValidation()
	if err != nil {
		return nil, fmt.Errorf("make server: %w", err)
	}
	contain := &containment{logger: c.Logger, random: c.Rand}
	s := &Server{config: c, freshness: newFreshness(register, c.HealthInterval, c.Logger), stopping: newStopping()}
	s.grpc = grpc.NewServer(append(c.transport(),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.ChainUnaryInterceptor(contain.unary, identifyUnary, validation.unary),
		grpc.ChainStreamInterceptor(contain.stream, s.stopping.stream, identifyStream, validation.stream),
		grpc.WaitForHandlers(true),
	)...)
	vetov1.RegisterRegistryServiceServer(s.grpc, &objections{register: register})
	vetov1.RegisterDecisionServiceServer(s.grpc, &decisions{views: register})
	vetov1.RegisterPolicyServiceServer(s.grpc, &policies{register: register, views: register})
	healthv1.RegisterHealthServer(s.grpc, s.freshness.health)
	reflection.Register(s.grpc)
	return s, nil
}

// transport is what holds for every connection, whatever is answered on it.
func (c Config) transport() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(c.MaxMessageBytes),
		grpc.MaxConcurrentStreams(c.MaxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.ConnectionTimeout(connectTimeout),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveMinTime, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
	}
}

// Serve answers on the listener, which it closes, until the context ends; then it stops: health says NOT_SERVING, no call
// is taken any more, those that run have Config.Grace to end, and streams that are open after it end with UNAVAILABLE. It
// returns when every call has ended: nil after a stop, else why it could not go on. A Server serves once.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return s.freshness.watch(running) })
	group.Go(func() error {
		err := s.grpc.Serve(listener)
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
