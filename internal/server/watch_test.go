package server_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/server/limits"
)

// fill files n objections, many at once.
func (p *platform) fill(n int) {
	p.t.Helper()
	var group sync.WaitGroup
	ids := make(chan int)
	for range 64 {
		group.Go(func() {
			for i := range ids {
				if _, err := p.objections.FileObjection(p.t.Context(), filing(fmt.Sprint("person-", i))); err != nil {
					p.t.Errorf("file: %v", err)
				}
			}
		})
	}
	for i := range n {
		ids <- i
	}
	close(ids)
	group.Wait()
}

// revisions reads a watch to its end, and returns the revisions of the events that came.
func revisions(watch grpc.ServerStreamingClient[vetov1.WatchEventsResponse], most uint64) (got []uint64, err error) {
	for {
		m, err := watch.Recv()
		if err != nil {
			return got, err
		}
		if m.GetEvent() != nil {
			got = append(got, m.GetRevision())
		}
		if m.GetRevision() >= most {
			return got, nil
		}
	}
}

// TestFault_R06_AWatcherThatDoesNotRead is cut off, holds next to nothing meanwhile, and resumes, again and again, without an event lost or doubled.
// TestFault_D08: the same readers hold no transaction, so the journal does not grow while they sit there.
func TestFault_R06_AWatcherThatDoesNotRead(t *testing.T) {
	const events, watchers = 6_000, 8
	p := limited(t, limits.Limits{StreamSend: time.Second, Streams: watchers + 1}, grpc.WithInitialWindowSize(64<<10), grpc.WithStaticStreamWindowSize(64<<10))
	var before, during runtime.MemStats
	p.fill(events / 2)
	runtime.GC()
	runtime.ReadMemStats(&before)
	var slow []grpc.ServerStreamingClient[vetov1.WatchEventsResponse]
	for range watchers {
		watch, err := p.objections.WatchEvents(t.Context(), &vetov1.WatchEventsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, watch)
	}
	quick, err := p.objections.WatchEvents(t.Context(), &vetov1.WatchEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	type read struct {
		revisions []uint64
		err       error
	}
	beside, last := make(chan read, 1), p.head()+events/2
	go func() {
		got, err := revisions(quick, last)
		beside <- read{got, err}
	}()
	p.fill(events / 2)
	runtime.GC()
	runtime.ReadMemStats(&during)
	if grown := int64(during.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d slow watchers beside %d events: %d MB more", watchers, events, grown>>20)
	}
	head := p.head()
	if got := <-beside; got.err != nil || uint64(len(got.revisions)) != head {
		t.Errorf("who reads beside them got %d of %d events: %v", len(got.revisions), head, got.err)
	}
	if journal, err := os.Stat(filepath.Join(p.dir, "veto.db-wal")); err != nil || journal.Size() > 32<<20 {
		t.Errorf("the journal: %v, %v", journal.Size()>>20, err)
	}
	p.roomFor(t, watchers) // all that did not read were ended
	cuts := 0
	for _, watch := range slow {
		var all []uint64
		for {
			got, err := revisions(watch, head)
			all = append(all, got...)
			if err == nil {
				break
			}
			wantLimit(t, err, codes.ResourceExhausted, "stream-send", true)
			cuts++
			if watch, err = p.objections.WatchEvents(t.Context(), &vetov1.WatchEventsRequest{AfterRevision: all[len(all)-1]}); err != nil {
				t.Fatal(err)
			}
		}
		for i, revision := range all {
			if revision != uint64(i)+1 {
				t.Fatalf("revision %d follows %d", revision, i)
			}
		}
		if uint64(len(all)) != head {
			t.Errorf("%d events of %d", len(all), head)
		}
	}
	if cuts != watchers {
		t.Errorf("%d of %d were cut off", cuts, watchers)
	}
}

// roomFor waits until the server opens n streams more, and ends them.
func (p *platform) roomFor(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for begin := time.Now(); n > 0; time.Sleep(20 * time.Millisecond) {
		watch, err := p.objections.WatchEvents(ctx, &vetov1.WatchEventsRequest{AfterRevision: p.head()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Recv(); err == nil {
			n--
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatal("they go on")
		}
	}
}

func (p *platform) head() uint64 {
	p.t.Helper()
	list, err := p.objections.ListEvents(p.t.Context(), &vetov1.ListEventsRequest{PageSize: 1})
	if err != nil {
		p.t.Fatal(err)
	}
	return list.GetRevision()
}

// TestAWatchEndsWithItsServer at once, and says so: a stop does not wait for who only listens.
func TestAWatchEndsWithItsServer(t *testing.T) {
	p := start(t, settings{})
	watch, err := p.objections.WatchEvents(t.Context(), &vetov1.WatchEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := revisions(watch, p.head()); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	p.stopServer()
	for err = nil; err == nil; {
		_, err = watch.Recv()
	}
	if err == io.EOF {
		t.Fatal("it ended as if the log had")
	}
	refused(t, err).want(t, codes.Unavailable, "STOPPING")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestAWatchAboveTheHeadIsRefused(t *testing.T) {
	p := start(t, settings{})
	watch, err := p.objections.WatchEvents(t.Context(), &vetov1.WatchEventsRequest{AfterRevision: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	_, err = watch.Recv()
	refused(t, err).want(t, codes.OutOfRange, "REVISION_ABOVE_HEAD")
}
