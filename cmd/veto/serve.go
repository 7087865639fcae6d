package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/resolver"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/server/limits"
	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/telemetry"
	"github.com/veto-gate/veto/internal/terminal"
)

// service is what `veto serve` was told.
type service struct {
	data, secretFile, listen, readyFile string
	policyFile, log                     string
	begin, printConfig                  bool
	maxStaleness, grace                 time.Duration
	limits                              limits.Limits
	entrance                            entrance
	resolver                            resolver.Config
}

func (a *app) serveCommand() *cobra.Command {
	var x service
	cmd := a.command("serve", helpOf("serve"), 0, 0, func(ctx context.Context, cmd *cobra.Command, _ []string) error {
		if err := x.limits.Check(); err != nil {
			return usage("`veto serve --help` has the defaults", "%v", err)
		}
		if x.printConfig {
			return settings.Print(a.streams.Out, cmd.Flags(), a.sources)
		}
		return serve(ctx, a.streams, x, func(net.Addr) {})
	})
	flags := cmd.Flags()
	flags.StringVar(&x.data, "data", "./veto-data", "a data directory")
	flags.StringVar(&x.secretFile, "secret-file", "", "the secret's file, where it is not in the data directory")
	flags.BoolVar(&x.begin, "begin", false, "begin a new register with a secret that is there")
	flags.StringVar(&x.listen, "listen", defaultAddress, "HOST:PORT on the loopback address")
	flags.StringVar(&x.readyFile, "ready-file", "", "a file to write the address to")
	flags.StringVar(&x.policyFile, "policy", "", "a policy's file")
	flags.StringVar(&x.log, "log", string(telemetry.Text), "text or json")
	flags.DurationVar(&x.maxStaleness, "max-staleness", registry.DefaultMaxStaleness, "a duration, e.g. 2s")
	flags.DurationVar(&x.grace, "grace", server.DefaultGrace, "a duration, e.g. 10s")
	flags.BoolVar(&x.printConfig, "print-config", false, "print the settings and where they come from")
	x.entrance.flags(flags)
	settings.Mark(flags, append(append(x.limits.Flags(flags), x.resolver.Flags(flags)...), "data", "secret-file", "listen", "ready-file", "policy", "log", "max-staleness", "grace")...)
	return cmd
}

// serve opens the register and answers until ctx ends; nil: it was asked to stop, and did. ready is told the address once calls are answered. Its
// errgroup owns every goroutine of the process.
func serve(ctx context.Context, s terminal.Streams, x service, ready func(net.Addr)) (err error) {
	logger, err := telemetry.NewLogger(s.Err, telemetry.Config{Format: telemetry.Format(x.log)})
	if err != nil {
		return usage("--log text, or --log json", "--log: no such format")
	}
	document, err := x.document()
	if err != nil {
		return err
	}
	asking, err := resolver.New(x.resolver, logger)
	if err != nil {
		return usage("docs/identifiers.md says what is asked", "%v", err)
	}
	entered, err := x.entrance.open(x.listen)
	if err != nil {
		return err
	}
	listener, err := x.open(ctx)
	if err != nil {
		return err
	}
	answers := server.Config{Limits: x.limits, Grace: x.grace, HealthInterval: healthInterval(x.maxStaleness), Logger: logger}
	entered.configure(&answers)
	opened := meanwhile(ctx, listener, answers)
	defer func() { err = errors.Join(err, opened()) }()
	local, err := openLocal(ctx, localConfig{
		dir: x.data, secretFile: x.secretFile, makes: true, begin: x.begin,
		registry: registry.Config{MaxStaleness: x.maxStaleness, Logger: logger},
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, local.log.Close()) }()
	answering, err := server.New(local.registry, answers)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	logger.Info("opened", telemetry.Folder, x.data, telemetry.Version, built())
	err = local.run(ctx, func(ctx context.Context) error {
		if err := bootstrap(ctx, local.registry, document, logger); err != nil {
			return errors.Join(err, listener.Close())
		}
		if err := opened(); err != nil {
			return errors.Join(err, listener.Close())
		}
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return answering.Serve(ctx, listener) })
		group.Go(func() error { return entered.follow(ctx, logger) })
		group.Go(func() error { return asking.Run(ctx, local.registry) })
		group.Go(func() error { return x.announce(logger, listener.Addr(), ready) })
		group.Go(func() error {
			<-ctx.Done()
			logger.Info("stopping", telemetry.GraceMS, x.grace.Milliseconds())
			return nil
		})
		return group.Wait()
	})
	_ = os.Remove(filepath.Join(x.data, addressName)) // it may not have been written
	if err == nil {
		logger.Info("stopped")
	}
	return err
}

// document reads the policy's file before anything is opened: a name that was mistyped leaves nothing behind.
func (x service) document() ([]byte, error) {
	if x.policyFile == "" {
		return nil, nil
	}
	return readDocument(nil, x.policyFile)
}

// open takes the port before the register is opened, for the same reason.
func (x service) open(ctx context.Context) (*net.TCPListener, error) {
	listening, err := new(net.ListenConfig).Listen(ctx, "tcp", x.listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, failed("stop what listens there, or choose another address with --listen; port 0 takes a free one", "%s is taken", x.listen)
	}
	if wrong, ok := errors.AsType[*net.OpError](err); ok {
		err = wrong.Err // without the layers around its cause
	}
	if err != nil {
		return nil, failed("HOST:PORT such as "+defaultAddress+"; port 0 takes a free one", "--listen: %w", err)
	}
	listener, ok := listening.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("--listen: a %T, where TCP was asked for", listening)
	}
	return listener, nil
}

// meanwhile refuses calls while the register is opened, which takes its time over a long log; what it returns ends that.
func meanwhile(ctx context.Context, listener *net.TCPListener, c server.Config) (opened func() error) {
	ctx, cancel := context.WithCancel(ctx)
	refused := make(chan error, 1)
	go func() { refused <- server.Refuse(ctx, listener, c) }()
	return sync.OnceValue(func() error {
		cancel()
		return <-refused
	})
}

// healthInterval looks four times while a view grows stale.
func healthInterval(maxStaleness time.Duration) time.Duration {
	return min(server.DefaultHealthInterval, maxStaleness/4)
}

// announce says that calls are answered, and where.
func (x service) announce(logger *slog.Logger, address net.Addr, ready func(net.Addr)) error {
	logger.Info("listening", telemetry.Address, address.String())
	if x.readyFile != "" {
		if err := terminal.ReplaceFile(x.readyFile, 0o644, []byte(address.String()+"\n")); err != nil {
			return fmt.Errorf("write the ready file: %w", err)
		}
	}
	// A help for whoever opens the directory meanwhile, and no more: it is not worth a server that does not start.
	if err := terminal.ReplaceFile(filepath.Join(x.data, addressName), 0o600, []byte(address.String()+"\n")); err != nil {
		logger.Warn("the address is not noted in the data directory", telemetry.Cause, err.Error())
	}
	ready(address)
	return nil
}

// addressName is the file in a data directory that says where the server answers that has it. One that a killed server left behind says nothing: the
// directory's lock is free then.
const addressName = "veto.address"

// operator is who acts where nobody called: the one who started the process.
var operator = registry.Actor{Name: "command-line", Role: "ADMIN"}

// bootstrap activates the policy of --policy where none is active. One that is active stays: a restart changes no rules.
func bootstrap(ctx context.Context, r *registry.Registry, document []byte, logger *slog.Logger) error {
	if document == nil {
		return nil
	}
	view, err := r.View()
	if err != nil {
		return fmt.Errorf("look for the active policy: %w", err)
	}
	if view.Policy != nil {
		if string(document) != view.Document {
			logger.Warn("another policy is active and stays; apply the file with `veto policy apply`", telemetry.PolicyVersion, view.PolicyVersion())
		}
		return nil
	}
	id, err := requestID("")
	if err != nil {
		return err
	}
	applied, err := r.ApplyPolicy(ctx, operator, &vetov1.ApplyPolicyRequest{RequestId: id, Yaml: string(document)})
	if faults, ok := errors.AsType[*policy.Error](err); ok {
		f := &failure{what: "the policy of --policy has " + terminal.Counted(len(faults.Faults), "fault", "faults"), hint: "correct it; `veto policy check FILE` looks at it", exit: exitFailed}
		for _, fault := range faults.Faults {
			f.parts = append(f.parts, fault.String())
		}
		return f
	}
	if err != nil {
		return fmt.Errorf("activate the policy: %w", err)
	}
	logger.Info("policy activated", telemetry.PolicyVersion, applied.GetPolicy().GetVersion(), telemetry.Revision, applied.GetRevision())
	return nil
}
