package sqlite_test

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"

	driversqlite "modernc.org/sqlite"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

// The test binary runs itself as another process: the variables say which part it plays, and on which directory.
const (
	roleVariable = "VETO_TEST_ROLE"
	dirVariable  = "VETO_TEST_DIR"
)

// Exit codes of a part.
const (
	done   = 0
	failed = 1
	inUse  = 3
)

// child prepares another process in a part.
func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, dirVariable+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// play is what the other process does.
func play(role, dir string) int {
	ctx := context.Background()
	role, detail, _ := strings.Cut(role, ":")
	if role == "migrate" {
		return complain(dieMigrating(ctx, dir, detail))
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Dir: dir})
	if errors.Is(err, store.ErrInUse) {
		fmt.Fprintln(os.Stdout, err)
		return inUse
	}
	if err != nil {
		return complain(err)
	}
	part, ok := parts[role]
	if !ok {
		return complain(fmt.Errorf("no part %q", role))
	}
	return complain(part(ctx, db, detail))
}

// parts are what can be done with an open log.
var parts = map[string]func(ctx context.Context, db *sqlite.DB, detail string) error{
	"open":   func(_ context.Context, db *sqlite.DB, _ string) error { return db.Close() },
	"append": appendForEver,
	"break":  breakWrites,
}

func complain(err error) int {
	if err == nil {
		return done
	}
	fmt.Fprintln(os.Stderr, err)
	return failed
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	said, err := child(t, "open", dir).Output()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != inUse {
		t.Errorf("second process: %v, want exit code %d", err, inUse)
	}
	for _, want := range []string{dir, "in use by another process", "another data directory"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("second process said %q, want %q in it", said, want)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := child(t, "open", dir).Run(); err != nil {
		t.Errorf("process after Close: %v", err)
	}
}

// numbered is a command that belongs to a round and a number, with the request id of both.
func numbered(round, n int) store.Command {
	var id [16]byte
	copy(id[:], fmt.Sprintf("%06d-%09d", round, n))
	text := fmt.Appendf(nil, "round %d event %d", round, n)
	return store.Command{
		RequestID: id, Fingerprint: event.LeafHash(text),
		Resolve: func(context.Context, store.Present) (store.Verdict, error) {
			if n%5 == 0 {
				return store.Verdict{Answer: text}, nil
			}
			return store.Verdict{Answer: text, Record: &store.Record{
				Leaf: text, Side: text, Keys: []event.Key{id}, Documents: [][]byte{text}, Time: began,
			}}, nil
		},
	}
}

// appendForEver appends from 16 goroutines and prints each acknowledgement, until it is killed.
func appendForEver(ctx context.Context, db *sqlite.DB, round string) error {
	var r int
	if _, err := fmt.Sscan(round, &r); err != nil {
		return err
	}
	const writers = 16
	errs := make(chan error, writers)
	for w := range writers {
		go func() {
			for n := w; ; n += writers {
				got, err := db.Append(ctx, numbered(r, n))
				if err != nil {
					errs <- err
					return
				}
				fmt.Fprintf(os.Stdout, "%d %d %d\n", n, got.Revision, got.Head)
			}
		}()
	}
	return <-errs
}

// ack is what a killed process had been told.
type ack struct{ round, n, revision, head int }

// TestAppendSurvivesKill kills a process that appends, in rounds on one log, and looks for everything that it had been
// told was durable.
func TestAppendSurvivesKill(t *testing.T) {
	const rounds = 5
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	var acks []ack
	for round := range rounds {
		said := appendAndKill(t, dir, round, 1+chance.IntN(300))
		checkAcks(t, dir, said)
		acks = append(acks, said...)
	}
	checkAcks(t, dir, acks) // no later round has harmed an earlier one's
	t.Logf("%d rounds, %d acknowledgements", rounds, len(acks))
}

// appendAndKill lets a process append until it has acknowledged so many, kills it and returns all it said.
func appendAndKill(t *testing.T, dir string, round, enough int) (acks []ack) {
	t.Helper()
	cmd := child(t, fmt.Sprint("append:", round), dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what was cut off was not said
		}
		a := ack{round: round}
		if _, err := fmt.Sscan(line, &a.n, &a.revision, &a.head); err != nil {
			t.Fatalf("acknowledgement %q: %v", line, err)
		}
		if acks = append(acks, a); len(acks) == enough {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if status, _ := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("process ended with %v, want killed", err)
	}
	return acks
}

func checkAcks(t *testing.T, dir string, acks []ack) {
	t.Helper()
	db := openDB(t, dir)
	defer db.Close()
	var entries []store.Entry
	for e, err := range db.Read(t.Context(), 0) {
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		entries = append(entries, e)
	}
	head, err := db.Head(t.Context())
	if err != nil || int(head.Revision) != len(entries) {
		t.Errorf("Head: %d, %v, want %d", head.Revision, err, len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[string(e.Leaf)] {
			t.Errorf("%q is in the log twice", e.Leaf)
		}
		seen[string(e.Leaf)] = true
	}
	var all sync.WaitGroup
	for _, a := range acks {
		all.Go(func() { checkAck(t, db, entries, a) })
	}
	all.Wait()
}

// checkAck asks again for what was acknowledged.
func checkAck(t *testing.T, db *sqlite.DB, entries []store.Entry, a ack) {
	t.Helper()
	c := numbered(a.round, a.n)
	c.Resolve = func(context.Context, store.Present) (store.Verdict, error) {
		return store.Verdict{}, errors.New("an acknowledged request was lost")
	}
	got, err := db.Append(t.Context(), c)
	if err != nil || !got.Again || int(got.Revision) != a.revision || int(got.Head) != a.head {
		t.Errorf("retry of round %d number %d: %+v, %v, want revision %d at head %d", a.round, a.n, got, err, a.revision, a.head)
	}
	text := fmt.Sprintf("round %d event %d", a.round, a.n)
	if a.revision > 0 && (a.revision > len(entries) || string(entries[a.revision-1].Leaf) != text) {
		t.Errorf("revision %d is not %q", a.revision, text)
	}
}

// places are where a migration is killed: before the statement that begins so.
var places = []string{"CREATE TABLE event (", "CREATE TABLE document (", "INSERT INTO head"}

// dieMigrating kills the process while it migrates.
func dieMigrating(ctx context.Context, dir, place string) error {
	err := driversqlite.RegisterScalarFunction("die", 0, func(*driversqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return nil, errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), errors.New("still alive"))
	})
	if err != nil {
		return err
	}
	const name = "0001_event_log.sql"
	text, err := fs.ReadFile(sqlite.Migrations(), name)
	if err != nil {
		return err
	}
	deadly := strings.Replace(string(text), place, "SELECT die();\n"+place, 1)
	return sqlite.MigrateFrom(ctx, dir, fstest.MapFS{name: {Data: []byte(deadly)}})
}

func TestMigrationSurvivesKill(t *testing.T) {
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			dir := t.TempDir()
			for range 2 { // also the one that begins it anew
				err := child(t, "migrate:"+place, dir).Run()
				exit, ok := errors.AsType[*exec.ExitError](err)
				if !ok || !strings.Contains(exit.String(), "killed") {
					t.Fatalf("migration: %v, want killed", err)
				}
			}
			db := openDB(t, dir)
			defer db.Close()
			if got, err := db.Append(t.Context(), numbered(0, 1)); err != nil || got.Revision != 1 {
				t.Errorf("Append: revision %d, %v, want 1", got.Revision, err)
			}
		})
	}
}
