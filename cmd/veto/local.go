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
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

// databaseName is the file by which a data directory is known to hold a register.
const databaseName = "veto.db"

// localConfig says which register is opened in this process.
type localConfig struct {
	dir        string // the data directory
	secretFile string // empty: secret.key in dir
	makes      bool   // whether an empty directory is given a new register
	begin      bool   // whether a secret that is there already may begin one
	registry   registry.Config
	replay     *filter.Replay // nil: as it stands
}

// local is a register that was opened: checked and bound, not yet folded.
type local struct {
	log      store.Log
	registry *registry.Registry
	made     bool // it was made just now
}

// openLocal opens a data directory: it is locked, its log checked, its secret read (made only with a new register), the log held against the secret.
func openLocal(ctx context.Context, c localConfig) (*local, error) {
	// Before anything is made: what is left of a lost log beside its database would be thrown away by opening a new one.
	if status, err := os.Stat(filepath.Join(c.dir, databaseName)); errors.Is(err, fs.ErrNotExist) || err == nil && status.Size() == 0 {
		if err := c.mayBegin(); err != nil {
			return nil, err
		}
	}
	if err := c.registry.Check(); err != nil {
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
	l.made = head.Revision == 0
	if l.made {
		if err := c.mayBegin(); err != nil {
			return err
		}
	} else if c.begin {
		return failed("leave --begin out: it is for the first start alone, and would hide the loss of the log later",
			"the register in %s is begun already", c.dir)
	}
	file, err := c.secret(l.made)
	if err != nil {
		return explainSecret(err, c.dir, uint64(head.Revision))
	}
	name, err := newLogName()
	if err != nil {
		return err
	}
	keys := file.secret.Keys()
	if err := registry.Bind(ctx, l.log, keys, name, time.Now); err != nil {
		return explainSecret(err, c.dir, uint64(head.Revision))
	}
	if err := file.settle(); err != nil {
		return err
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

// noted is where the server answers that has a directory, as it noted there.
func noted(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, addressName))
	host, port, wrong := net.SplitHostPort(strings.TrimSpace(string(text)))
	if err != nil || wrong != nil {
		return "HOST:PORT"
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// explainOpen says what a data directory that does not open needs.
func explainOpen(err error, dir string) error {
	switch {
	case errors.Is(err, store.ErrInUse):
		return failed("ask that server with --addr "+noted(dir)+", or stop it first", "the data directory %s is in use by another process", dir)
	case errors.Is(err, store.ErrNewer):
		return failed("start that version, or a newer one", "%w", err)
	case errors.Is(err, store.ErrFull) || errors.Is(err, syscall.ENOSPC):
		return failed("make room, then start again: nothing is lost", "the disk of the data directory %s is full", dir)
	case errors.Is(err, fs.ErrPermission):
		return failed("run it as the directory's owner, or name another one with --data; `veto doctor` looks closer", "%w", err)
	case errors.Is(err, store.ErrCorrupt):
		return failed("restore a backup; what it lacks, receipts prove", "%w", err)
	}
	return failed("`veto doctor` looks closer", "%w", err)
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
	var result error
	err = l.run(ctx, func(ctx context.Context) error {
		result = l.answer(ctx, c.replay, runs)
		return nil // the register ends either way
	})
	return errors.Join(result, err)
}

// answer serves an opened register to this process.
func (l *local) answer(ctx context.Context, replay *filter.Replay, runs func(context.Context, *client) error) error {
	register, err := registerOf(ctx, l.registry, replay)
	if err != nil {
		return explainReplay(err)
	}
	answering, err := server.New(register, server.Config{Grace: inProcessGrace})
	if err != nil {
		return err
	}
	return overBuffer(ctx, answering, runs)
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
