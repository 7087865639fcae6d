package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

// A command decides under the head's lock. A retry gets the first answer, and writes nothing.
func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	log, err := sqlite.Open(ctx, sqlite.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()

	key := event.Key{1}
	command := store.Command{
		RequestID:   [16]byte{0x42},
		Fingerprint: event.Hash{0x99},
		Resolve: func(_ context.Context, p store.Present) (store.Verdict, error) {
			earlier, err := p.EventsOf(key)
			if err != nil {
				return store.Verdict{}, err
			}
			if len(earlier) > 0 {
				return store.Verdict{Answer: []byte("nothing to do")}, nil
			}
			return store.Verdict{
				Record: &store.Record{
					Leaf: []byte("public"), Side: []byte("private"), Keys: []event.Key{key},
					Time: time.Date(2025, 5, 27, 12, 0, 0, 0, time.UTC),
				},
				Answer: []byte("written"),
			}, nil
		},
	}
	for range 2 {
		got, err := log.Append(ctx, command)
		fmt.Printf("revision %d, %s, again %t, %v\n", got.Revision, got.Answer, got.Again, err)
	}
	for e, err := range log.Read(ctx, 0) {
		fmt.Printf("revision %d: %s, %s, %v\n", e.Revision, e.Leaf, e.Side, err)
	}
	// Output:
	// revision 1, written, again false, <nil>
	// revision 1, written, again true, <nil>
	// revision 1: public, private, <nil>
}
