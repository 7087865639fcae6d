package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/veto-gate/veto/internal/access"
	"github.com/veto-gate/veto/internal/reload"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/transport"
)

// entrance is what `veto serve` was told of who may come in, and how.
type entrance struct {
	roles, cert, key, clientCA string
	insecure                   bool
}

func (e *entrance) flags(flags *pflag.FlagSet) {
	flags.StringVar(&e.roles, "roles", "", "a file of callers")
	flags.StringVar(&e.cert, "tls-cert", "", "a certificate's file, in PEM")
	flags.StringVar(&e.key, "tls-key", "", "its key's file, in PEM")
	flags.StringVar(&e.clientCA, "tls-client-ca", "", "a file of authorities, in PEM")
	flags.BoolVar(&e.insecure, "insecure", false, "whether there is no TLS beyond loopback")
	settings.Mark(flags, "roles", "tls-cert", "tls-key", "tls-client-ca", "insecure")
}

// check refuses what would let anyone in: beyond loopback ids would cross the network for all to read without TLS, and whoever reached the port could
// withdraw anybody's objection without roles.
func (e *entrance) check(listen string) error {
	if _, _, err := net.SplitHostPort(listen); err != nil {
		return usage("HOST:PORT such as "+defaultAddress, "--listen: not of the form HOST:PORT")
	}
	switch beyond := !transport.IsLoopback(listen); {
	case (e.cert == "") != (e.key == ""):
		return usage("give both files", "--tls-cert and --tls-key go together")
	case e.clientCA != "" && e.cert == "":
		return usage("a server that is not known itself asks nobody for a certificate", "--tls-client-ca needs --tls-cert and --tls-key")
	case beyond && e.roles == "":
		return usage("name a file of callers with --roles (docs/access.md), or listen on loopback such as "+defaultAddress, "--listen: beyond loopback everyone who reaches the port would be its admin")
	case beyond && e.cert == "" && !e.insecure:
		return usage("give --tls-cert and --tls-key; or --insecure, where a mesh or a proxy brings its own TLS", "--listen: beyond loopback ids would cross the network in the clear")
	}
	return nil
}

// entered are the files of an entrance, as new as they are.
type entered struct {
	callers      *reload.Value[*access.Callers]
	certificates *transport.Certificates
}

// open reads the files.
func (e *entrance) open(listen string) (*entered, error) {
	if err := e.check(listen); err != nil {
		return nil, err
	}
	in := &entered{}
	var err error
	if e.roles != "" {
		if in.callers, err = reload.Open(func(contents [][]byte) (*access.Callers, error) { return access.Parse(contents[0]) }, e.roles); err != nil {
			return nil, failed("docs/access.md has an example", "--roles %s: %w", e.roles, err)
		}
	}
	if e.cert != "" {
		if in.certificates, err = transport.OpenCertificates(transport.ServerFiles{Certificate: e.cert, Key: e.key, ClientCA: e.clientCA}); err != nil {
			return nil, failed("want files in PEM: the server's certificate with what it is signed by, its key, and the clients' authorities", "TLS: %w", err)
		}
	}
	return in, nil
}

func (in *entered) configure(c *server.Config) {
	if in.callers != nil {
		c.Callers = in.callers.Get
	}
	if in.certificates != nil {
		c.Credentials = transport.Credentials(in.certificates)
	}
}

// follow reads the files again whenever they change.
func (in *entered) follow(ctx context.Context, logger *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	if in.callers != nil {
		group.Go(func() error { return in.callers.Follow(ctx, logger) })
	}
	if in.certificates != nil {
		group.Go(func() error { return in.certificates.Follow(ctx, logger) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("follow the files of the entrance: %w", err)
	}
	return nil
}
