package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// ask keeps a stream of decisions going until it ends, and returns how.
func ask(ctx context.Context, c *client, batches *atomic.Int64) error {
	stream, err := c.decisions.StreamDecide(ctx)
	if err != nil {
		return err
	}
	item := &vetov1.Item{ItemId: "i", AuthorId: "ada", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, Country: "DE", AuthorAge: 30}
	request := &vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: "generative-ai-training", AbsentFields: rarelyMapped}, Items: []*vetov1.Item{item, item, item}}
	for {
		if err := stream.Send(request); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		request.Options = nil
		if _, err := stream.Recv(); err != nil {
			return err
		}
		batches.Add(1)
	}
}

// TestFault_O01_StoppedUnderLoad: asked to stop while objections and streams come, a server loses nothing that it acknowledged, ends each stream with a code that
// one can retry, and exits with 0.
func TestFault_O01_StoppedUnderLoad(t *testing.T) {
	_, data := corpusAndRegister(t)
	total := 0
	for round := range 5 {
		p := start(t, build(t), data, "--grace", "300ms")
		c, conn := p.client(t)
		var group sync.WaitGroup
		ledgers := make([]*ledger, 4)
		for i := range ledgers {
			l := &ledger{t: t, c: c}
			ledgers[i] = l
			group.Go(func() {
				for n := 0; ; n++ {
					if err := l.object(round*1_000_000 + i*100_000 + n); err != nil {
						if code := status.Code(err); code != codes.Unavailable {
							t.Errorf("an objection while the server stops: %v", err)
						}
						return
					}
				}
			})
		}
		var batches atomic.Int64
		for range 4 {
			group.Go(func() {
				if err := ask(t.Context(), c, &batches); status.Code(err) != codes.Unavailable {
					t.Errorf("a stream ended with %v, want UNAVAILABLE", err)
				}
			})
		}
		wait(100 * time.Millisecond)
		if code := p.stop(); code != exitDone {
			t.Errorf("exit %d\n%s", code, p.stderr)
		}
		group.Wait()
		conn.Close()
		if batches.Load() == 0 {
			t.Error("no stream was answered before the stop")
		}
		again := start(t, build(t), data)
		c, conn = again.client(t)
		for _, l := range ledgers {
			total += len(l.acknowledged)
			l.check(c, false)
		}
		conn.Close()
		again.stop()
	}
	t.Logf("%d objections were acknowledged and are there", total)
	if total == 0 {
		t.Error("nothing was acknowledged: the test stops too early")
	}
}

// TestFault_O01_NothingGrowsUnderLoad: after each round of clients that come, call and go, a server holds the files and threads that it held before, and memory
// for what was recorded and no more.
func TestFault_O01_NothingGrowsUnderLoad(t *testing.T) {
	_, data := corpusAndRegister(t)
	p := start(t, build(t), data)
	round := func(n int) {
		t.Helper()
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				c, conn := p.client(t)
				defer conn.Close()
				l := &ledger{t: t, c: c}
				for k := range 20 {
					if err := errors.Join(l.object(n*1_000_000+i*1_000+k), l.decides()); err != nil {
						t.Error(err)
					}
				}
				var batches atomic.Int64
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				_ = ask(ctx, c, &batches) // it is broken off
			})
		}
		group.Wait()
	}
	held := func() (files int, memory int64) {
		t.Helper()
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "VmRSS:")
		kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries), kilobytes
	}
	round(0) // readers of the store, threads and buffers are made at need
	round(1)
	files, memory := held()
	for n := range 4 {
		round(2 + n)
	}
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		now, grown := held()
		if now <= files+2 && grown < memory+32<<10 {
			t.Logf("%d files and %d MB after 800 objections, %d and %d after 2,400", files, memory>>10, now, grown>>10)
			break
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d files and %d MB after 800 objections, %d and %d after 2,400", files, memory>>10, now, grown>>10)
		}
	}
	// Its goroutines are told by a dump, which is how it ends.
	p.cmd.Process.Signal(syscall.SIGQUIT)
	<-p.ended
	if n := bytes.Count(p.stderr.Bytes(), []byte("\ngoroutine ")); n == 0 || n > 40 {
		t.Errorf("%d goroutines when nobody calls", n)
	}
	if strings.Contains(p.stderr.String(), "person-") {
		t.Error("the dump names a person")
	}
}
