package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/veto-gate/veto/examples"
	"github.com/veto-gate/veto/internal/demo"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/telemetry"
	"github.com/veto-gate/veto/internal/terminal"
	"github.com/veto-gate/veto/internal/transport"
)

// showing is what `veto demo` was told.
type showing struct {
	corpus, requests string
	keep             bool
}

func (a *app) demoCommand() *cobra.Command {
	var x showing
	cmd := a.command("demo", helpOf("demo"), 0, 0, func(ctx context.Context, _ *cobra.Command, _ []string) error {
		return show(ctx, a.streams, x)
	})
	cmd.Flags().StringVar(&x.corpus, "corpus", "test/data/items/items.parquet", "a Parquet file")
	cmd.Flags().StringVar(&x.requests, "requests", "test/data/objections/requests.csv", "a CSV file")
	cmd.Flags().BoolVar(&x.keep, "keep", false, "keep the folder")
	return cmd
}

// show runs a real server on a free port and a new data directory, and tells the story to it.
func show(ctx context.Context, s terminal.Streams, x showing) (err error) {
	for _, path := range []string{x.corpus, x.requests} {
		if _, err := os.Stat(path); err != nil {
			return usage("run it in the repository's folder, or name the files with --corpus and --requests", "read the demo's input: %v", err)
		}
	}
	folder, err := os.MkdirTemp("", "veto-demo-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	if !x.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	// The server's log stays beside its data: the story is on stdout, and the log is for whoever kept the folder.
	log, err := os.Create(filepath.Join(folder, "serve.log"))
	if err != nil {
		return fmt.Errorf("make the server's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	listening := make(chan net.Addr, 1)
	data := filepath.Join(folder, "data")
	group.Go(func() error {
		return serve(ctx, terminal.Streams{Out: io.Discard, Err: log},
			service{data: data, listen: "127.0.0.1:0", log: string(telemetry.Text), maxStaleness: demoStaleness, grace: time.Second},
			func(address net.Addr) { listening <- address })
	})
	group.Go(func() error {
		defer stop()
		select {
		case address := <-listening:
			return x.tell(ctx, s, folder, data, address.String())
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if x.keep {
		s.Say("the folder is kept: %s", folder)
	}
	return nil
}

// demoStaleness is the default of `serve`.
const demoStaleness = 2 * time.Second

// tell tells the story over a connection of its own.
func (x showing) tell(ctx context.Context, s terminal.Streams, folder, data, address string) error {
	document, err := examples.Policies.ReadFile("policies/meta.yaml")
	if err != nil {
		return fmt.Errorf("read the policy: %w", err)
	}
	conn, err := dial(address, transport.Client{})
	if err != nil {
		return err
	}
	c := newClient(conn)
	err = demo.Run(ctx, demo.Config{
		Out:      s.Out,
		Registry: c.registry, Decisions: c.decisions, Policies: c.policies,
		Address: address, Data: data, Folder: folder,
		Program: os.Args[0],
		Policy:  document, PolicyFile: "examples/policies/meta.yaml",
		Corpus: x.corpus, Requests: x.requests,
		Filter: c.filter,
		Recheck: func(ctx context.Context, path string, minRevision uint64) (filter.Rechecked, error) {
			return filter.Recheck(ctx, filter.RecheckConfig{Path: path, Open: c.redecider(minRevision)})
		},
		Refusal:   refusal,
		RequestID: uuid.NewString,
		Now:       time.Now,
	})
	return errors.Join(err, conn.Close())
}

// refusal says whether an error is a request that was refused for what it says.
func refusal(err error) (string, bool) {
	if err == nil || status.Code(err) != codes.InvalidArgument {
		return "", false
	}
	return explain(err).what, true
}
