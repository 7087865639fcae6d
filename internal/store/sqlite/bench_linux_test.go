package sqlite_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// BenchmarkAppend measures durable appends beside what the disk can do: 4 KiB overwritten and synced, one at a time.
func BenchmarkAppend(b *testing.B) {
	b.Run("impl=fdatasync/writers=1", overwriteAndSync)
	for _, writers := range []int{1, 64, 1000} {
		b.Run(fmt.Sprintf("impl=veto/writers=%d", writers), func(b *testing.B) { appendEvents(b, writers) })
	}
}

func overwriteAndSync(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	page := make([]byte, 4<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := file.WriteAt(page, 0); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(file.Fd())); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

// appendEvents appends events of about an objection's size, with one key each.
func appendEvents(b *testing.B, writers int) {
	b.Helper()
	db := openDB(b, b.TempDir())
	defer db.Close()
	leaf, side := make([]byte, 300), make([]byte, 700)
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				var id [16]byte
				binary.BigEndian.PutUint64(id[:], uint64(n)*0x9e3779b97f4a7c15) // as spread as random ids
				_, err := db.Append(b.Context(), store.Command{
					RequestID: id,
					Resolve: func(context.Context, store.Present) (store.Verdict, error) {
						return store.Verdict{Record: &store.Record{Leaf: leaf, Side: side, Keys: []event.Key{id}, Time: began}}, nil
					},
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}
