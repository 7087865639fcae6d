package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

func wait(t *testing.T, open Open) {
	log := start(t, open)
	fill(t, log, 2)
	if err := log.Wait(t.Context(), 1); err != nil {
		t.Errorf("Wait for what is there: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := log.Wait(ended, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait with an ended context: %v, want context.Canceled", err)
	}
	var all sync.WaitGroup
	ready := make(chan struct{}, 16)
	for range cap(ready) {
		all.Go(func() {
			ready <- struct{}{}
			for after := event.Revision(2); after < 10; {
				if err := log.Wait(t.Context(), after); err != nil {
					t.Errorf("Wait after %d: %v", after, err)
					return
				}
				head, err := log.Head(t.Context())
				if err != nil || head.Revision < after {
					t.Errorf("Head after waiting past %d: %d, %v", after, head.Revision, err)
					return
				}
				after = head.Revision
			}
		})
	}
	<-ready
	for n := 2; n < 10; n++ {
		mustAppend(t, log, writing(n, record(n)))
	}
	all.Wait()
}

func closing(t *testing.T, open Open) {
	dir := t.TempDir()
	log := open(t, dir)
	fill(t, log, 3)
	inside, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { // runs when the log is closed: it is let end
		mustWrite(t, log, deciding(3, func(store.Present) (store.Verdict, error) {
			close(inside)
			<-release
			return store.Verdict{Record: record(3)}, nil
		}))
	})
	<-inside
	var failed sync.WaitGroup
	for n := range 8 { // have not begun: they are failed
		failed.Go(func() {
			if _, err := log.Append(t.Context(), deciding(10+n, unexpected(t))); !errors.Is(err, store.ErrClosed) {
				t.Errorf("Append while the log is closed: %v, want ErrClosed", err)
			}
		})
	}
	failed.Go(func() {
		if err := log.Wait(t.Context(), 4); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Wait while the log is closed: %v, want ErrClosed", err)
		}
	})
	for range 2 {
		all.Go(func() {
			if err := log.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	all.Go(func() {
		failed.Wait()
		close(release)
	})
	all.Wait()

	for name, call := range map[string]func() error{
		"Append":   func() error { _, err := log.Append(t.Context(), writing(9, record(9))); return err },
		"Head":     func() error { _, err := log.Head(t.Context()); return err },
		"EventsOf": func() error { _, err := log.EventsOf(t.Context(), []event.Key{key(1)}, 1); return err },
		"Document": func() error { _, err := log.Document(t.Context(), event.Hash{}); return err },
		"Wait":     func() error { return log.Wait(t.Context(), 0) },
		"Read": func() error {
			for _, err := range log.Read(t.Context(), 0) {
				return err
			}
			return nil
		},
	} {
		if err := call(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", name, err)
		}
	}
	if err := log.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}

	log = open(t, dir)
	if got := len(read(t, log, 0)); got != 4 {
		t.Errorf("%d events after closing, want 4", got)
	}
	for _, err := range log.Read(t.Context(), 0) { // closed while somebody reads
		if err != nil && !errors.Is(err, store.ErrClosed) {
			t.Errorf("Read while the log is closed: %v, want ErrClosed", err)
		}
		if err := log.Close(); err != nil {
			t.Errorf("Close while somebody reads: %v", err)
		}
	}
}
