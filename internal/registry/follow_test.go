package registry_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/store/storetest"
	"github.com/veto-gate/veto/internal/subject"
)

// silent is a log whose head can be made unreadable: by an error, or by never answering.
type silent struct {
	store.Log
	fails, hangs atomic.Bool
}

func (s *silent) Head(ctx context.Context) (store.Head, error) {
	if s.hangs.Load() {
		<-ctx.Done()
		return store.Head{}, store.ErrUnavailable
	}
	if s.fails.Load() {
		return store.Head{}, store.ErrUnavailable
	}
	return s.Log.Head(ctx)
}

func TestViewRefusesWhenTheHeadCannotBeRead(t *testing.T) {
	for name, fault := range map[string]func(*silent, bool){
		"the store fails":         func(s *silent, on bool) { s.fails.Store(on) },
		"the store never answers": func(s *silent, on bool) { s.hangs.Store(on) },
	} {
		t.Run(name, func(t *testing.T) {
			var log *silent
			r := openAt(t, t.TempDir(), registry.Config{MaxStaleness: 100 * time.Millisecond}, func(l store.Log) store.Log {
				log = &silent{Log: l}
				return log
			})
			r.apply(testPolicy)
			fault(log, true)
			r.eventually("a stale view", func() bool { _, err := r.View(); return errors.Is(err, registry.ErrStale) })
			if _, err := r.FileObjection(t.Context(), officer, filing("anna")); !errors.Is(err, registry.ErrStale) {
				t.Errorf("a write while stale: %v, want ErrStale", err)
			}
			if _, err := r.ViewAt(t.Context(), 1); !errors.Is(err, registry.ErrStale) {
				t.Errorf("an old revision while stale: %v, want ErrStale", err)
			}
			fault(log, false)
			r.eventually("a fresh view", func() bool { _, err := r.View(); return err == nil })
		})
	}
}

func TestViewAtWaitsOrRefuses(t *testing.T) {
	r := open(t)
	head := uint64(r.headRevision())
	_, err := r.ViewAt(t.Context(), head+1)
	if above, ok := errors.AsType[*registry.AboveHeadError](err); !ok || above.Head != head {
		t.Errorf("above the head: %v, want *AboveHeadError with %d", err, head)
	}
	for range 50 {
		filed := r.file(filing("anna"))
		view, err := r.ViewAt(t.Context(), filed.GetRevision())
		if err != nil || view.Revision < filed.GetRevision() {
			t.Fatalf("at the write's revision: %v, %v", view, err)
		}
	}
}

// lagging is a log that does not show what was appended, though its head tells of it.
type lagging struct {
	*storetest.Misordering
}

func TestViewAtGivesUpAfterMaxStaleness(t *testing.T) {
	var log lagging
	r := openAt(t, t.TempDir(), registry.Config{MaxStaleness: time.Second, GapPatience: time.Hour}, func(l store.Log) store.Log {
		log = lagging{storetest.Misorder(l)}
		return log
	})
	log.Hide(2)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request := filing("anna")
	if _, err := r.FileObjection(ctx, officer, request); !errors.Is(err, registry.ErrNotReached) && !errors.Is(err, registry.ErrStale) {
		t.Errorf("a write whose event stays unseen: %v, want ErrNotReached", err)
	}
	if _, err := r.ViewAt(t.Context(), 2); !errors.Is(err, registry.ErrNotReached) && !errors.Is(err, registry.ErrStale) {
		t.Errorf("its revision: %v, want ErrNotReached or ErrStale", err)
	}
	log.Show()
	r.eventually("a fresh view", func() bool { _, err := r.View(); return err == nil })
	if got := r.file(request); got.GetRevision() != 2 {
		t.Errorf("the retry: revision %d, want 2", got.GetRevision())
	}
}

// TestFault_R05_OutOfOrder: events that become visible out of order are waited for, never skipped.
func TestFault_R05_OutOfOrder(t *testing.T) {
	var log *storetest.Misordering
	r := openAt(t, t.TempDir(), registry.Config{GapPatience: time.Hour}, func(l store.Log) store.Log {
		log = storetest.Misorder(l)
		return log
	})
	r.apply(testPolicy)
	log.Delay(3, 3)
	log.Swap(4, 5)
	var wg sync.WaitGroup
	for _, id := range []string{"anna", "bert", "carl"} {
		wg.Go(func() {
			// The answer may be that it is not in force yet; the same request again tells when it is.
			request := filing(id)
			for {
				_, err := r.FileObjection(t.Context(), officer, request)
				if err == nil {
					return
				}
				if !errors.Is(err, registry.ErrStale) && !errors.Is(err, registry.ErrNotReached) {
					t.Errorf("file: %v", err)
					return
				}
				log.Show()
			}
		})
	}
	r.eventually("the events to be waited for", func() bool { view, err := r.View(); return err != nil || view.Revision >= 3 })
	log.Show()
	wg.Wait()
	for _, id := range []string{"anna", "bert", "carl"} {
		if got := r.decide(id, "FR"); got != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("%s: %v, want OBJECTED", id, got)
		}
	}
	followed := r.dump()
	if rebuilt := r.reopen().dump(); rebuilt != followed {
		t.Errorf("rebuilt differs from followed:\n%s\n%s", rebuilt, followed)
	}
}

// TestFault_R05_Missing: an event that never comes stops the register for good, with its revision.
func TestFault_R05_Missing(t *testing.T) {
	dir := t.TempDir()
	r := openAt(t, dir, registry.Config{}, nil)
	r.apply(testPolicy)
	r.file(filing("anna"))
	r.file(filing("bert"))
	r.stop()

	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log := storetest.Misorder(db)
	log.Hide(3)
	following, err := registry.New(log, r.keys, registry.Config{MaxStaleness: 100 * time.Millisecond, GapPatience: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := following.Run(ctx); !errors.Is(err, registry.ErrDamaged) || !bytes.Contains([]byte(err.Error()), []byte("revision 3 is missing")) {
		t.Errorf("run: %v, want ErrDamaged at revision 3", err)
	}
	if _, err := following.View(); !errors.Is(err, registry.ErrDamaged) {
		t.Errorf("view after that: %v, want ErrDamaged", err)
	}
	if _, err := following.FileObjection(ctx, officer, filing("carl")); !errors.Is(err, registry.ErrDamaged) {
		t.Errorf("write after that: %v, want ErrDamaged", err)
	}
}

// TestFault_R05_Twice: an event that is handed out again changes nothing.
func TestFault_R05_Twice(t *testing.T) {
	r := openAt(t, t.TempDir(), registry.Config{}, func(l store.Log) store.Log { return stuttering{l} })
	r.apply(testPolicy)
	r.file(filing("anna"))
	r.withdraw(withdrawal("anna"))
	r.file(filing("bert"))
	if got := r.decide("anna", "FR"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("anna, who withdrew: %v", got)
	}
	followed := r.dump()
	if rebuilt := r.reopen().dump(); rebuilt != followed {
		t.Errorf("rebuilt differs from followed:\n%s\n%s", rebuilt, followed)
	}
}

// stuttering is a log that hands out each event again, and all before it from the beginning.
type stuttering struct{ store.Log }

func (s stuttering) Read(ctx context.Context, after event.Revision) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for e, err := range s.Log.Read(ctx, 0) {
			if err != nil || e.Revision <= after {
				if !yield(e, err) {
					return
				}
				continue
			}
			for range 2 {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// tampered shows one event otherwise than it was written.
type tampered struct {
	store.Log
	revision event.Revision
	change   func(*store.Entry)
}

func (d tampered) Read(ctx context.Context, after event.Revision) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for e, err := range d.Log.Read(ctx, after) {
			if e.Revision == d.revision {
				d.change(&e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func TestDamagedEventStopsTheRegister(t *testing.T) {
	dir := t.TempDir()
	r := openAt(t, dir, registry.Config{}, nil)
	r.apply(testPolicy)
	r.file(filing("anna"))
	r.file(filing("bert"))
	r.stop()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, change := range map[string]func(*store.Entry){
		"its side row is gone":          func(e *store.Entry) { e.Side = nil },
		"a bit of its side row flipped": func(e *store.Entry) { e.Side[len(e.Side)/2] ^= 1 },
		"a bit of its leaf flipped":     func(e *store.Entry) { e.Leaf[len(e.Leaf)/2] ^= 1 },
		"the side row of another":       func(e *store.Entry) { e.Side = append(e.Side, '\n') },
		"it is of a type nobody knows": func(e *store.Entry) {
			e.Leaf = bytes.Replace(e.Leaf, []byte("OBJECTION_FILED"), []byte("OBJECTION_FILEX"), 1)
		},
		"it is well formed, and not the one of the tree": func(e *store.Entry) { e.Leaf = bytes.Replace(e.Leaf, []byte("policy 1\n"), []byte("policy 2\n"), 1) },
		"its ids are another secret's": func(e *store.Entry) {
			opened, err := event.Open(e.Leaf, e.Side)
			if err != nil {
				t.Fatal(err)
			}
			opened.Side.KeyID = 2
			if e.Leaf, e.Side, err = event.Seal(opened); err != nil {
				t.Fatal(err)
			}
		},
		"the second event is a beginner": func(e *store.Entry) { e.Leaf = bytes.Replace(e.Leaf, []byte("OBJECTION_FILED"), []byte("GENESIS"), 1) },
	} {
		following, err := registry.New(tampered{Log: db, revision: 3, change: change}, r.keys, registry.Config{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := following.Run(ctx); !errors.Is(err, registry.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
		cancel()
	}
}

func TestLogThatWentBackStopsTheRegister(t *testing.T) {
	var log *shortened
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	secret, err := subject.CreateSecret(filepath.Join(dir, "secret.key"), zeros{})
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.Bind(t.Context(), db, secret.Keys(), logName, time.Now); err != nil {
		t.Fatal(err)
	}
	log = &shortened{Log: db}
	r, err := registry.New(log, secret.Keys(), registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- r.Run(t.Context()) }()
	for _, err := r.View(); err != nil; _, err = r.View() {
		time.Sleep(time.Millisecond)
	}
	log.back.Store(true)
	if err := <-done; !errors.Is(err, registry.ErrDamaged) {
		t.Errorf("run: %v, want ErrDamaged", err)
	}
}

type shortened struct {
	store.Log
	back atomic.Bool
}

func (s *shortened) Head(ctx context.Context) (store.Head, error) {
	if s.back.Load() {
		return store.EmptyHead(), nil
	}
	return s.Log.Head(ctx)
}

func TestBindRefusesAnotherSecret(t *testing.T) {
	dir := t.TempDir()
	r := openAt(t, dir, registry.Config{}, nil)
	r.stop()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := subject.CreateSecret(filepath.Join(t.TempDir(), "secret.key"), bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.Bind(t.Context(), db, other.Keys(), logName, time.Now); !errors.Is(err, registry.ErrSecret) {
		t.Errorf("another secret: %v, want ErrSecret", err)
	}
	if err := registry.Bind(t.Context(), db, r.keys, "another/name", time.Now); err != nil {
		t.Errorf("the name counts only when the log begins: %v", err)
	}
	past := func() time.Time { return time.Now().Add(-time.Hour) }
	if err := registry.Bind(t.Context(), db, r.keys, logName, past); !errors.Is(err, registry.ErrClockBehind) {
		t.Errorf("a clock before the last event: %v, want ErrClockBehind", err)
	}
	if err := os.Remove(filepath.Join(dir, "secret.key")); err != nil {
		t.Fatal(err)
	}
}

func TestBindRefusesALogWithoutBeginning(t *testing.T) {
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	secret, err := subject.CreateSecret(filepath.Join(t.TempDir(), "secret.key"), zeros{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Append(t.Context(), store.Command{RequestID: uuid.New(), Resolve: func(context.Context, store.Present) (store.Verdict, error) {
		return store.Verdict{Record: &store.Record{Leaf: []byte("x"), Side: []byte("y"), Time: time.Now()}}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.Bind(t.Context(), db, secret.Keys(), logName, time.Now); !errors.Is(err, registry.ErrDamaged) {
		t.Errorf("bind: %v, want ErrDamaged", err)
	}
}

func TestClockThatJumpsStopsDecisions(t *testing.T) {
	var offset atomic.Int64
	wall := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	r := openAt(t, t.TempDir(), registry.Config{Wall: wall}, nil)
	r.apply(testPolicy)
	for _, jump := range []time.Duration{6 * time.Minute, -6 * time.Minute, 24 * time.Hour} {
		offset.Store(int64(jump))
		if _, err := r.View(); !errors.Is(err, registry.ErrClock) {
			t.Errorf("after a jump by %v: %v, want ErrClock", jump, err)
		}
		if _, err := r.FileObjection(t.Context(), officer, filing("anna")); !errors.Is(err, registry.ErrClock) {
			t.Errorf("a write after a jump by %v: %v, want ErrClock", jump, err)
		}
		offset.Store(0)
		if _, err := r.View(); err != nil {
			t.Errorf("when the clock is back: %v", err)
		}
	}
	offset.Store(int64(4 * time.Minute))
	if _, err := r.View(); err != nil {
		t.Errorf("a small correction: %v", err)
	}
}

func TestEventsNeverGoBackInTime(t *testing.T) {
	var offset atomic.Int64
	wall := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	r := openAt(t, t.TempDir(), registry.Config{Wall: wall}, nil)
	r.apply(testPolicy)
	first := r.file(filing("anna"))
	offset.Store(int64(-time.Minute))
	second := r.file(filing("bert"))
	if a, b := first.GetObjection().GetRecordedAt().AsTime(), second.GetObjection().GetRecordedAt().AsTime(); b.Before(a) {
		t.Errorf("recorded at %v after %v", b, a)
	}
}

func TestConfigRefusesWhatCannotKeepThePromises(t *testing.T) {
	for name, c := range map[string]registry.Config{
		"too stale":        {MaxStaleness: time.Hour},
		"too fresh":        {MaxStaleness: time.Millisecond},
		"polls too seldom": {MaxStaleness: time.Second, PollInterval: time.Second},
		"no patience":      {MaxStaleness: time.Second, GapPatience: time.Millisecond},
	} {
		if _, err := registry.New(nil, nil, c); err == nil || c.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	r := open(t)
	if got := r.MaxStaleness(); got != registry.DefaultMaxStaleness {
		t.Errorf("max staleness %v, want %v", got, registry.DefaultMaxStaleness)
	}
}
