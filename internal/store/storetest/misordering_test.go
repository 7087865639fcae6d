package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// five opens a log of five events.
func five(ctx context.Context, dir string) (store.Log, error) {
	log, err := sqlite.Open(ctx, sqlite.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	for n := byte(1); n <= 5; n++ {
		_, err := log.Append(ctx, store.Command{
			RequestID: [16]byte{n},
			Resolve: func(context.Context, store.Present) (store.Verdict, error) {
				at := time.Date(2025, 5, 27, 12, 0, int(n), 0, time.UTC)
				return store.Verdict{Record: &store.Record{Leaf: []byte{n}, Side: []byte{n}, Time: at}}, nil
			},
		})
		if err != nil {
			return nil, errors.Join(err, log.Close())
		}
	}
	return log, nil
}

// seen reads what a log shows after a revision.
func seen(ctx context.Context, log store.Log, after event.Revision) (revisions []event.Revision, err error) {
	for e, err := range log.Read(ctx, after) {
		if err != nil {
			return revisions, err
		}
		revisions = append(revisions, e.Revision)
	}
	return revisions, nil
}

func TestMisordering(t *testing.T) {
	log, err := five(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	type revs = []event.Revision
	for _, c := range []struct {
		name  string
		do    func(*storetest.Misordering)
		after event.Revision
		want  []revs // of one Read after another
	}{
		{"nothing", func(*storetest.Misordering) {}, 0, []revs{{1, 2, 3, 4, 5}}},
		{"hidden", func(m *storetest.Misordering) { m.Hide(3) }, 0, []revs{{1, 2, 4, 5}, {1, 2, 4, 5}}},
		{"the last hidden", func(m *storetest.Misordering) { m.Hide(5) }, 4, []revs{nil, nil}},
		{"shown again", func(m *storetest.Misordering) { m.Hide(3); m.Swap(1, 2); m.Show() }, 0, []revs{{1, 2, 3, 4, 5}}},
		{"late", func(m *storetest.Misordering) { m.Delay(2, 2) }, 1, []revs{{3, 4, 5}, {3, 4, 5}, {2, 3, 4, 5}}},
		{"swapped", func(m *storetest.Misordering) { m.Swap(2, 4) }, 0, []revs{{1, 4, 3, 2, 5}, {1, 4, 3, 2, 5}}},
		{"swapped with what is not read", func(m *storetest.Misordering) { m.Swap(1, 4) }, 2, []revs{{3, 4, 5}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := storetest.Misorder(log)
			c.do(m)
			for _, want := range c.want {
				got, err := seen(t.Context(), m, c.after)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("Read: %v (-want +got):\n%s", err, diff)
				}
			}
			if head, err := m.Head(t.Context()); err != nil || head.Revision != 5 {
				t.Errorf("Head: %d, %v, want 5", head.Revision, err)
			}
			for e := range m.Read(t.Context(), 0) {
				if e.Revision == 1 {
					break // it can be stopped
				}
			}
		})
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if got, err := seen(ended, storetest.Misorder(log), 0); !errors.Is(err, context.Canceled) || got != nil {
		t.Errorf("Read with an ended context: %v, %v, want context.Canceled", got, err)
	}
}

func ExampleMisorder() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	log, err := five(ctx, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	m := storetest.Misorder(log)
	m.Delay(2, 1)
	for range 2 {
		fmt.Println(seen(ctx, m, 0))
	}
	// Output:
	// [1 3 4 5] <nil>
	// [1 2 3 4 5] <nil>
}
