package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/subject"
	"github.com/veto-gate/veto/internal/terminal"
)

// databaseName is the file by which a data directory is known to hold a register.
const databaseName = "veto.db"

// localConfig says which register is opened in this process.
type localConfig struct {
	dir        string // the data directory
	secretFile string // empty: secret.key in dir
	makes      bool   // whether an empty directory is given a new register
	registry   registry.Config
}

// local is a register that was opened: checked and bound, not yet folded.
type local struct {
	log      store.Log
	registry *registry.Registry
	made     bool // it was made just now
}

// openLocal opens a data directory: it is locked, its log checked, its secret read (made only with an empty log), the log held against the secret.
func openLocal(ctx context.Context, c localConfig) (*local, error) {
	if _, err := os.Stat(filepath.Join(c.dir, databaseName)); errors.Is(err, fs.ErrNotExist) && !c.makes {
		return nil, failed("`veto serve --data DIR` and `veto policy apply FILE --data DIR` make one", "there is no register in %s", c.dir)
	}
	if err := c.registry.Check(); err != nil { // before anything is made
		return nil, failed("leave --max-staleness out for 2 s", "%w", err)
	}
	log, err := sqlite.Open(ctx, sqlite.Config{Dir: c.dir})
	if err != nil {
		return nil, explainOpen(err, c.dir)
	}
	l := &local{log: log}
	if err := l.bind(ctx, c); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return l, nil
}

// bind holds the log against its secret.
func (l *local) bind(ctx context.Context, c localConfig) error {
	head, err := l.log.Head(ctx)
	if err != nil {
		return fmt.Errorf("open the register: %w", err)
	}
	path := c.secretFile
	if path == "" {
		path = filepath.Join(c.dir, "secret.key")
	}
	l.made = head.Revision == 0
	secret, err := subject.LoadSecret(path)
	if errors.Is(err, subject.ErrNoSecret) && l.made {
		secret, err = subject.CreateSecret(path, rand.Reader)
	}
	if err != nil {
		return explainSecret(err, c.dir, uint64(head.Revision))
	}
	name, err := newLogName()
	if err != nil {
		return err
	}
	keys := secret.Keys()
	if err := registry.Bind(ctx, l.log, keys, name, time.Now); err != nil {
		return explainSecret(err, c.dir, uint64(head.Revision))
	}
	if l.registry, err = registry.New(l.log, keys, c.registry); err != nil {
		return fmt.Errorf("open the register: %w", err)
	}
	return nil
}

// newLogName draws the name of a log, in case one is begun: no other log has it, so no receipt of another is taken for one of it.
func newLogName() (string, error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("draw the log's name: %w", err)
	}
	return "veto/" + hex.EncodeToString(random[:]), nil
}

// explainOpen says what a data directory that does not open needs.
func explainOpen(err error, dir string) error {
	switch {
	case errors.Is(err, store.ErrInUse):
		return failed("ask that server with --addr HOST:PORT, or stop it first", "the data directory %s is in use by another process", dir)
	case errors.Is(err, store.ErrNewer):
		return failed("start that version, or a newer one", "%w", err)
	case errors.Is(err, store.ErrCorrupt):
		return failed("restore a backup; what it lacks, receipts prove", "%w", err)
	}
	return err
}

// explainSecret says what a register needs whose secret does not fit. Nothing can stand in for the secret: with another one every objection would
// silently stop matching.
func explainSecret(err error, dir string, events uint64) error {
	const restore = "bring secret.key back from its backup, or name it with --secret-file; a new one would match nobody's objection"
	switch {
	case errors.Is(err, subject.ErrNoSecret):
		return failed(restore, "the register in %s holds %s, and its secret is missing: %w", dir, terminal.Counted(events, "event", "events"), err)
	case errors.Is(err, registry.ErrSecret):
		return failed(restore, "the secret is not the one that the register in %s was begun with", dir)
	case errors.Is(err, subject.ErrSecretOpen):
		return failed("chmod 600 it, and ask who could have read it", "%w", err)
	case errors.Is(err, subject.ErrSecretMalformed):
		return failed(restore, "%w", err)
	case errors.Is(err, registry.ErrClockBehind):
		return failed("set the clock, then start again", "%w", err)
	}
	return err
}

// run follows the log while work is done on it, and ends when the work does. The work begins once there is a fresh view, and is told to stop with ctx,
// or where the log cannot be followed any more. Following goes on until the work has ended: what was called before the stop is still answered.
func (l *local) run(ctx context.Context, work func(context.Context) error) error {
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	detached, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, following := errgroup.WithContext(detached)
	context.AfterFunc(following, cancel)
	group.Go(func() error {
		if err := l.registry.Run(following); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil // stopped by us
	})
	group.Go(func() error {
		defer stop()
		if err := l.ready(working); err != nil {
			return err
		}
		return work(working)
	})
	return group.Wait()
}

// ready waits for the first fresh view.
func (l *local) ready(ctx context.Context) error {
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for {
		if _, err := l.registry.View(); !errors.Is(err, registry.ErrStale) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// readyInterval is how often an opened register is asked whether it has folded its log.
const readyInterval = 2 * time.Millisecond

// inProcess opens a data directory, serves it to this process alone, and calls what needs a client: the same path as over a network, without one.
func inProcess(ctx context.Context, c localConfig, runs func(context.Context, *client) error) (err error) {
	l, err := openLocal(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.log.Close()) }()
	answering, err := server.New(l.registry, server.Config{Grace: inProcessGrace})
	if err != nil {
		return err
	}
	var result error
	err = l.run(ctx, func(ctx context.Context) error {
		result = overBuffer(ctx, answering, runs)
		return nil // the register ends either way
	})
	return errors.Join(result, err)
}

const (
	// inProcessGrace is for a stream that its own command left open.
	inProcessGrace = time.Second
	// bufferBytes is what a connection within the process holds.
	bufferBytes = 1 << 20
)

// overBuffer serves a connection within the process while runs runs.
func overBuffer(ctx context.Context, answering *server.Server, runs func(context.Context, *client) error) error {
	listener := bufconn.Listen(bufferBytes)
	conn, err := grpc.NewClient("passthrough:///in-process",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)))
	if err != nil {
		return fmt.Errorf("prepare the connection: %w", err)
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // a command that was interrupted still gets its answer's error
	group, serving := errgroup.WithContext(serving)
	group.Go(func() error { return answering.Serve(serving, listener) })
	result := runs(ctx, newClient(conn))
	closed := conn.Close()
	stop()
	return errors.Join(result, closed, group.Wait())
}
