package sqlite_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

// held appends a command that holds the head, lets others queue up behind it, and releases it when so many wait.
func held(t *testing.T, db *sqlite.DB, waiting int, first store.Command, others ...store.Command) []error {
	t.Helper()
	inside, release := make(chan struct{}), make(chan struct{})
	resolve := first.Resolve
	first.Resolve = func(ctx context.Context, p store.Present) (store.Verdict, error) {
		close(inside)
		<-release
		return resolve(ctx, p)
	}
	errs := make([]error, 1+len(others))
	var all sync.WaitGroup
	add := func(i int, c store.Command) {
		all.Go(func() {
			errs[i] = errors.New("the goroutine was ended")
			_, errs[i] = db.Append(t.Context(), c)
		})
	}
	add(0, first)
	<-inside
	for i, c := range others {
		add(1+i, c)
		for sqlite.Waiting(db) <= i { // they queue in this order
			runtime.Gosched()
		}
	}
	if got := sqlite.Waiting(db); got != waiting {
		t.Errorf("%d commands wait, want %d", got, waiting)
	}
	close(release)
	all.Wait()
	return errs
}

// TestGroupIsOneTransaction fills the disk within a group: nothing of it is written, and everybody is told, also who
// was refused because of what an earlier command had written.
func TestGroupIsOneTransaction(t *testing.T) {
	db := openDB(t, t.TempDir())
	defer db.Close()
	if err := sqlite.Exec(t.Context(), db, "PRAGMA max_page_count = 64"); err != nil {
		t.Fatal(err)
	}
	large := numbered(0, 3)
	large.Resolve = func(context.Context, store.Present) (store.Verdict, error) {
		return store.Verdict{Record: &store.Record{Leaf: []byte("large"), Side: make([]byte, store.MaxSideBytes), Time: began}}, nil
	}
	refused := numbered(0, 2)
	refused.Resolve = func(_ context.Context, p store.Present) (store.Verdict, error) {
		if p.Head().Revision != 1 {
			t.Errorf("head within the group: %d, want 1", p.Head().Revision)
		}
		return store.Verdict{}, errors.New("somebody was first")
	}
	for i, err := range held(t, db, 3, numbered(0, 1), refused, large, numbered(0, 4)) {
		switch {
		case i < 3 && !errors.Is(err, store.ErrFull):
			t.Errorf("command %d: %v, want ErrFull", i, err)
		case i == 3 && err != nil:
			t.Errorf("command in the next group: %v", err)
		}
	}
	if head, err := db.Head(t.Context()); err != nil || head.Revision != 1 {
		t.Errorf("Head: %d, %v, want 1", head.Revision, err)
	}

	// When there is room, everything works again, without a restart.
	if err := sqlite.Exec(t.Context(), db, "PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	got, err := db.Append(t.Context(), large)
	if err != nil || got.Revision != 2 || got.Again {
		t.Errorf("Append with room: revision %d, again %t, %v, want 2 and false", got.Revision, got.Again, err)
	}
}

// TestGroupIsBounded queues more commands than one transaction takes, and more bytes.
func TestGroupIsBounded(t *testing.T) {
	db := openDB(t, t.TempDir())
	defer db.Close()
	var others []store.Command
	heads := map[event.Revision]int{} // as a reader beside the transaction sees them
	for n := range sqlite.MaxGroup + 20 {
		c := numbered(1, n)
		c.Resolve = func(ctx context.Context, p store.Present) (store.Verdict, error) {
			head, err := db.Head(ctx) // what is durable
			heads[head.Revision]++
			return store.Verdict{Record: &store.Record{Leaf: []byte("x"), Side: []byte("y"), Time: began}}, err
		}
		others = append(others, c)
	}
	for i, err := range held(t, db, len(others), numbered(0, 1), others...) {
		if err != nil {
			t.Fatalf("command %d: %v", i, err)
		}
	}
	if got := heads[0]; got != sqlite.MaxGroup-1 {
		t.Errorf("%d commands went into the first group beside the first one, want %d", got, sqlite.MaxGroup-1)
	}

	clear(heads)
	large := make([]byte, store.MaxSideBytes)
	others = nil
	for n := range 12 {
		c := numbered(2, n)
		c.Resolve = func(ctx context.Context, p store.Present) (store.Verdict, error) {
			head, err := db.Head(ctx)
			heads[head.Revision]++
			return store.Verdict{Record: &store.Record{Leaf: []byte("x"), Side: large, Time: began}}, err
		}
		others = append(others, c)
	}
	before, err := db.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range held(t, db, len(others), numbered(3, 1), others...) {
		if err != nil {
			t.Fatalf("command %d: %v", i, err)
		}
	}
	if got := heads[before.Revision]; got != 8 {
		t.Errorf("%d commands of 1 MiB went into one group, want 8", got)
	}
}

// TestGoexitInResolve ends the goroutine that leads: its group is undone and told so, and the next one goes on.
func TestGoexitInResolve(t *testing.T) {
	db := openDB(t, t.TempDir())
	defer db.Close()
	exit := numbered(0, 2)
	exit.Resolve = func(context.Context, store.Present) (store.Verdict, error) {
		runtime.Goexit()
		return store.Verdict{}, nil
	}
	errs := held(t, db, 2, numbered(0, 1), exit, numbered(0, 3))
	if errs[0] == nil || !errors.Is(errs[1], store.ErrUnavailable) || errs[2] != nil {
		t.Errorf("the leader: %v, who ended it: %v, the next group: %v, want its goroutine's end, ErrUnavailable and nil", errs[0], errs[1], errs[2])
	}
	got, err := db.Append(t.Context(), numbered(0, 1))
	if err != nil || got.Again || got.Revision != 2 {
		t.Errorf("Append of what was undone: revision %d, again %t, %v, want 2 and false", got.Revision, got.Again, err)
	}
}

// TestWaitingCommandIsDropped ends the contexts of commands that wait: those are told at once and never run, whether
// one is next to lead or in the middle.
func TestWaitingCommandIsDropped(t *testing.T) {
	db := openDB(t, t.TempDir())
	defer db.Close()
	ctx, giveUp := context.WithCancel(t.Context())
	never := func(context.Context, store.Present) (store.Verdict, error) {
		t.Error("a command ran whose caller had given up")
		return store.Verdict{}, nil
	}
	inside, release := make(chan struct{}), make(chan struct{})
	first := numbered(0, 1)
	first.Resolve = func(context.Context, store.Present) (store.Verdict, error) {
		close(inside)
		<-release
		return store.Verdict{}, nil
	}
	var all, gaveUp sync.WaitGroup
	all.Go(func() {
		if _, err := db.Append(t.Context(), first); err != nil {
			t.Errorf("Append: %v", err)
		}
	})
	<-inside
	for n := range 20 {
		c := numbered(1, n)
		if n%2 == 0 {
			c.Resolve = never
			gaveUp.Go(func() {
				if _, err := db.Append(ctx, c); !errors.Is(err, context.Canceled) {
					t.Errorf("Append: %v, want context.Canceled", err)
				}
			})
		} else {
			all.Go(func() {
				if _, err := db.Append(t.Context(), c); err != nil {
					t.Errorf("Append: %v", err)
				}
			})
		}
		for sqlite.Waiting(db) <= n {
			runtime.Gosched()
		}
	}
	giveUp()
	gaveUp.Wait()
	if got := sqlite.Waiting(db); got != 10 {
		t.Errorf("%d commands wait, want 10", got)
	}
	close(release)
	all.Wait()
}

// TestBusyDatabaseIsUnavailable has another program hold the database's lock: a command is told, and a later one works.
func TestBusyDatabaseIsUnavailable(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	defer db.Close()
	if err := sqlite.Exec(t.Context(), db, "PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	shell := raw(t, dir)
	defer shell.Close()
	shell.SetMaxOpenConns(1)
	if _, err := shell.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Append(t.Context(), numbered(0, 1)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Append: %v, want ErrUnavailable", err)
	}
	if _, err := shell.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Append(t.Context(), numbered(0, 1)); err != nil || got.Revision != 1 {
		t.Errorf("Append: revision %d, %v, want 1", got.Revision, err)
	}
}

// TestStatementThatCannotBeExplained breaks the schema under the writer: it stops, since nobody knows what else is
// wrong.
func TestStatementThatCannotBeExplained(t *testing.T) {
	db := openDB(t, t.TempDir())
	defer db.Close()
	if err := sqlite.Exec(t.Context(), db, "DROP TABLE request"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := db.Append(t.Context(), numbered(0, 1)); !errors.Is(err, store.ErrBroken) {
			t.Errorf("Append: %v, want ErrBroken", err)
		}
	}
	if _, err := db.Head(t.Context()); err != nil {
		t.Errorf("Head: %v", err)
	}
}

// TestPresentFaultFailsTheGroup breaks what a command reads: though it hides the error, nothing is written.
func TestPresentFaultFailsTheGroup(t *testing.T) {
	for name, read := range map[string]func(store.Present) error{
		"EventsOf": func(p store.Present) error { _, err := p.EventsOf(numbered(0, 1).RequestID); return err },
		"Latest":   func(p store.Present) error { _, err := p.Latest(event.Key{}); return err },
		"After":    func(p store.Present) error { _, err := p.After(0); return err },
		"Document": func(p store.Present) error { _, err := p.Document(event.Hash{}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			db := openDB(t, t.TempDir())
			defer db.Close()
			if _, err := db.Append(t.Context(), numbered(0, 1)); err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"event_key", "document", "side"} {
				if err := sqlite.Exec(t.Context(), db, "DROP TABLE "+table); err != nil {
					t.Fatal(err)
				}
			}
			c := numbered(0, 2)
			c.Resolve = func(_ context.Context, p store.Present) (store.Verdict, error) {
				if err := read(p); err == nil {
					t.Error("Present told no error")
				}
				return store.Verdict{}, nil
			}
			if _, err := db.Append(t.Context(), c); !errors.Is(err, store.ErrBroken) {
				t.Errorf("Append: %v, want ErrBroken", err)
			}
		})
	}
}

// TestReaderFaults breaks what the readers read, and ends their context.
func TestReaderFaults(t *testing.T) {
	db := openDB(t, t.TempDir())
	defer db.Close()
	for n := 1; n < 4; n++ {
		if _, err := db.Append(t.Context(), numbered(0, n)); err != nil {
			t.Fatal(err)
		}
	}
	calls := map[string]func(context.Context) error{
		"Head":     func(ctx context.Context) error { _, err := db.Head(ctx); return err },
		"Document": func(ctx context.Context) error { _, err := db.Document(ctx, event.Hash{}); return err },
		"EventsOf": func(ctx context.Context) error {
			_, err := db.EventsOf(ctx, []event.Key{numbered(0, 1).RequestID}, 9)
			return err
		},
		"Read": func(ctx context.Context) error {
			for _, err := range db.Read(ctx, 0) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for name, call := range calls {
		if err := call(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context: %v, want context.Canceled", name, err)
		}
	}
	for _, d := range []struct{ table, call string }{
		{"event_key", "EventsOf"}, {"document", "Document"}, {"side", "Read"}, {"head", "Head"},
	} {
		if err := sqlite.Exec(t.Context(), db, "DROP TABLE "+d.table); err != nil {
			t.Fatal(err)
		}
		if err := calls[d.call](t.Context()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", d.call, err)
		}
	}
}
