package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// errRefused is a refusal, as a caller of the store has them.
var errRefused = errors.New("refused")

// unexpected is a Resolve that may not run.
func unexpected(t *testing.T) func(store.Present) (store.Verdict, error) {
	return func(store.Present) (store.Verdict, error) {
		t.Error("Resolve ran for a request that had been carried out")
		return store.Verdict{}, errRefused
	}
}

// writes is a Resolve that writes the record of a number.
func writes(n int) func(store.Present) (store.Verdict, error) {
	return func(store.Present) (store.Verdict, error) {
		return store.Verdict{Record: record(n), Answer: fmt.Appendf(nil, "answer %d", n)}, nil
	}
}

// nothing is a verdict that writes no event.
func nothing(answer string) func(store.Present) (store.Verdict, error) {
	return func(store.Present) (store.Verdict, error) { return store.Verdict{Answer: []byte(answer)}, nil }
}

func reopen(t *testing.T, open Open) {
	dir := t.TempDir()
	log := open(t, dir)
	r := record(0, key(7))
	r.Documents = [][]byte{[]byte("document")}
	mustAppend(t, log, writing(0, r))
	for n := 1; n < 6; n++ {
		mustAppend(t, log, writing(n, record(n, key(7))))
	}
	unchanged := mustAppend(t, log, deciding(6, nothing("nothing to do")))
	head, entries := headOf(t, log), read(t, log, 0)
	if err := log.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}

	log = open(t, dir)
	defer log.Close()
	if diff := cmp.Diff(head, headOf(t, log)); diff != "" {
		t.Errorf("Head after reopening (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(entries, read(t, log, 0)); diff != "" {
		t.Errorf("Read after reopening (-before +after):\n%s", diff)
	}
	found, err := log.EventsOf(t.Context(), []event.Key{key(7)}, head.Revision)
	if diff := cmp.Diff(entries, found); err != nil || diff != "" {
		t.Errorf("EventsOf after reopening: %v (-want +got):\n%s", err, diff)
	}
	if document, err := log.Document(t.Context(), hash([]byte("document"))); err != nil || string(document) != "document" {
		t.Errorf("Document after reopening: %q, %v", document, err)
	}
	unchanged.Again = true
	if diff := cmp.Diff(unchanged, mustAppend(t, log, deciding(6, unexpected(t)))); diff != "" {
		t.Errorf("retry after reopening (-want +got):\n%s", diff)
	}
	if got := mustAppend(t, log, writing(7, record(7))).Revision; got != head.Revision+1 {
		t.Errorf("first revision after reopening: %d, want %d", got, head.Revision+1)
	}
}

func retry(t *testing.T, open Open) {
	log := start(t, open)
	for n, c := range []struct {
		name    string
		resolve func(store.Present) (store.Verdict, error)
	}{
		{"an event", writes(0)},
		{"no event", nothing("nothing to do")},
		{"an event, no answer", func(store.Present) (store.Verdict, error) { return store.Verdict{Record: record(9)}, nil }},
		{"no event, no answer", nothing("")},
	} {
		first := mustAppend(t, log, deciding(n, c.resolve))
		if first.Again {
			t.Errorf("%s: the first answer says again", c.name)
		}
		mustAppend(t, log, writing(100+n, record(n))) // the head moves on, the answer stays
		want := first
		want.Again = true
		for range 2 {
			got := mustAppend(t, log, deciding(n, unexpected(t)))
			if diff := cmp.Diff(want, got, equateEmpty); diff != "" {
				t.Errorf("%s: retry (-want +got):\n%s", c.name, diff)
			}
		}
	}
}

func retriesAtOnce(t *testing.T, open Open) {
	log := start(t, open)
	fill(t, log, 3)
	for n, resolve := range []func(store.Present) (store.Verdict, error){
		writes(0),
		nothing("nothing to do"),
	} {
		before := headOf(t, log).Revision
		got := make([]store.Appended, 100)
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() {
				var err error
				if got[i], err = log.Append(t.Context(), deciding(1000+n, resolve)); err != nil {
					t.Errorf("Append: %v", err)
				}
			})
		}
		all.Wait()
		firsts := 0
		for i := range got {
			if !got[i].Again {
				firsts++
			}
			got[i].Again = true
			if diff := cmp.Diff(got[0], got[i]); diff != "" {
				t.Fatalf("two answers to one request (-one +other):\n%s", diff)
			}
		}
		if firsts != 1 {
			t.Errorf("%d of 100 were told that they were the first, want 1", firsts)
		}
		want := before
		if got[0].Revision != 0 {
			want++
		}
		if after := headOf(t, log).Revision; after != want {
			t.Errorf("head after 100 retries: %d, want %d", after, want)
		}
	}
}

func requestReused(t *testing.T, open Open) {
	log := start(t, open)
	mustAppend(t, log, writing(0, record(0)))
	mustAppend(t, log, deciding(1, nothing("nothing to do")))
	head := headOf(t, log)
	for n := range 2 {
		other := deciding(n, unexpected(t))
		other.Fingerprint = fingerprint(99)
		if got, err := log.Append(t.Context(), other); !errors.Is(err, store.ErrRequestReused) || !cmp.Equal(got, store.Appended{}) {
			t.Errorf("Append of other content: %+v, %v, want ErrRequestReused", got, err)
		}
	}
	if diff := cmp.Diff(head, headOf(t, log)); diff != "" {
		t.Errorf("Head changed (-before +after):\n%s", diff)
	}
	if got := mustAppend(t, log, deciding(0, unexpected(t))); !got.Again || got.Revision != 1 {
		t.Errorf("retry after a reuse: revision %d, again %t, want 1 and true", got.Revision, got.Again)
	}
}

// refusalHarmsNoNeighbour mixes what must fail, each in its own way, among what must be written.
func refusalHarmsNoNeighbour(t *testing.T, open Open) {
	log := start(t, open)
	mustAppend(t, log, writing(0, record(0)))
	tooLarge := record(0)
	tooLarge.Leaf = make([]byte, store.MaxLeafBytes+1)
	reused := writing(0, record(0))
	reused.Fingerprint = fingerprint(99)
	const rounds = 40
	var written atomic.Int64
	var all sync.WaitGroup
	for i := range rounds {
		first := 10 * (i + 1)
		for n, c := range []struct {
			command store.Command
			want    error
		}{
			{writing(first, record(first)), nil},
			{deciding(first+1, func(store.Present) (store.Verdict, error) { return store.Verdict{Record: record(0)}, errRefused }), errRefused},
			{writing(first+2, tooLarge), store.ErrOutOfBounds},
			{reused, store.ErrRequestReused},
			{writing(first+4, record(first+4)), nil},
		} {
			all.Go(func() {
				got, err := log.Append(t.Context(), c.command)
				if !errors.Is(err, c.want) {
					t.Errorf("command %d: %v, want %v", n, err, c.want)
				}
				if err == nil {
					written.Add(1)
				} else if !cmp.Equal(got, store.Appended{}) {
					t.Errorf("command %d: an error and %+v", n, got)
				}
			})
		}
	}
	all.Wait()
	if got, want := len(read(t, log, 1)), 2*rounds; got != want || int(written.Load()) != want {
		t.Errorf("%d events were acknowledged and %d read, want %d", written.Load(), got, want)
	}
}

func refusalIsNotKept(t *testing.T, open Open) {
	log := start(t, open)
	fill(t, log, 1)
	head := headOf(t, log)
	got, err := log.Append(t.Context(), deciding(1, func(store.Present) (store.Verdict, error) {
		return store.Verdict{Record: record(1), Answer: []byte("no")}, errRefused
	}))
	if err != errRefused || !cmp.Equal(got, store.Appended{}) { //nolint:errorlint // it is returned as it is
		t.Errorf("Append: %+v, %v, want the refusal as it is", got, err)
	}
	if diff := cmp.Diff(head, headOf(t, log)); diff != "" {
		t.Errorf("Head changed (-before +after):\n%s", diff)
	}
	other := writing(1, record(1))
	other.Fingerprint = fingerprint(99)
	if got := mustAppend(t, log, other); got.Again || got.Revision != 2 {
		t.Errorf("Append after a refusal: revision %d, again %t, want 2 and false", got.Revision, got.Again)
	}
}

func panicIsOneCommands(t *testing.T, open Open) {
	log := start(t, open)
	for round, c := range []struct {
		name   string
		thrown func()
		reason string
	}{
		{"a string", func() { panic("what a person sent") }, "a string was thrown"},
		{"an error", func() { panic(errRefused) }, "a *errors.errorString was thrown"},
		{"the runtime's", func() { _ = make([]int, 1)[len(one)] }, "runtime error: index out of range [1] with length 1"},
	} {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				n := 100*round + 2*i
				if _, err := log.Append(t.Context(), writing(n, record(n))); err != nil {
					t.Errorf("%s: neighbour: %v", c.name, err)
				}
				_, err := log.Append(t.Context(), deciding(n+1, func(store.Present) (store.Verdict, error) {
					c.thrown()
					return store.Verdict{Record: record(0)}, nil
				}))
				thrown, ok := errors.AsType[*store.PanicError](err)
				if !ok || thrown.Reason != c.reason || len(thrown.Stack) == 0 {
					t.Errorf("%s: %v, want a *PanicError because %s", c.name, err, c.reason)
				}
				if want := "resolve: panic: " + c.reason; ok && err.Error() != want {
					t.Errorf("%s: %q, want %q", c.name, err.Error(), want)
				}
			})
		}
		all.Wait()
	}
	if got := len(read(t, log, 0)); got != 60 {
		t.Errorf("%d events, want 60", got)
	}
}

// one has the index past the end of one element for its length.
var one = [1]int{}

func endedContext(t *testing.T, open Open) {
	log := start(t, open)
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := log.Append(ended, deciding(0, unexpected(t))); !errors.Is(err, context.Canceled) {
		t.Errorf("Append: %v, want context.Canceled", err)
	}
	if _, err := log.Head(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Head: %v, want context.Canceled", err)
	}

	// While another command holds the head, one that waits gives up.
	inside, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		mustWrite(t, log, deciding(2, func(store.Present) (store.Verdict, error) {
			close(inside)
			<-release
			return store.Verdict{Record: record(2)}, nil
		}))
	})
	<-inside
	waiting, giveUp := context.WithCancel(t.Context())
	all.Go(func() {
		if _, err := log.Append(waiting, deciding(3, unexpected(t))); !errors.Is(err, context.Canceled) {
			t.Errorf("Append while waiting: %v, want context.Canceled", err)
		}
		close(release)
	})
	giveUp()
	all.Wait()
	if got := read(t, log, 0); len(got) != 1 || string(got[0].Leaf) != "leaf 2" {
		t.Errorf("%d events, want the one of the command that did not give up", len(got))
	}
}

// takenGoesOn ends a caller's context while its command is being resolved, first and behind another.
func takenGoesOn(t *testing.T, open Open) {
	log := start(t, open)
	inside, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		mustWrite(t, log, deciding(0, func(store.Present) (store.Verdict, error) {
			close(inside)
			<-release
			return store.Verdict{Record: record(0)}, nil
		}))
	})
	<-inside
	for n := 1; n <= 8; n++ {
		ctx, giveUp := context.WithCancel(t.Context())
		all.Go(func() {
			c := deciding(n, nil)
			c.Resolve = func(ctx context.Context, _ store.Present) (store.Verdict, error) {
				giveUp()
				return store.Verdict{Record: record(n), Answer: fmt.Appendf(nil, "answer %d", n)}, ctx.Err()
			}
			if got, err := log.Append(ctx, c); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("Append: %+v, %v, want an answer or context.Canceled", got, err)
			}
			got, err := log.Append(t.Context(), deciding(n, unexpected(t)))
			if want := fmt.Sprintf("answer %d", n); err != nil || !got.Again || got.Revision == 0 || string(got.Answer) != want {
				t.Errorf("retry: %+v, %v, want what the first came to", got, err)
			}
		})
	}
	close(release)
	all.Wait()
	if got := len(read(t, log, 0)); got != 9 {
		t.Errorf("%d events, want 9", got)
	}
}

// mustWrite is mustAppend for a goroutine that is not the test's.
func mustWrite(t *testing.T, log store.Log, c store.Command) {
	if _, err := log.Append(t.Context(), c); err != nil {
		t.Errorf("Append: %v", err)
	}
}
