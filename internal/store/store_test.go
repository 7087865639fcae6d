package store_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2025, 5, 27, 12, 0, 0, 0, time.UTC)

// after is the head of a log with these leaves.
func after(t testing.TB, leaves ...string) store.Head {
	t.Helper()
	head := store.EmptyHead()
	for _, leaf := range leaves {
		next, err := head.Next([]byte(leaf), noon)
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		head = next
	}
	return head
}

// TestRootsOfPublishedTrees checks the roots that implementations of RFC 6962, whose tree RFC 9162 keeps, have agreed
// on since their first.
func TestRootsOfPublishedTrees(t *testing.T) {
	leaves := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	head := store.EmptyHead()
	for n, want := range []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	} {
		if got := hex.EncodeToString(head.Root[:]); got != want {
			t.Errorf("root of %d leaves: %s, want %s", n, got, want)
		}
		if n == len(leaves) {
			break
		}
		leaf, err := hex.DecodeString(leaves[n])
		if err != nil {
			t.Fatal(err)
		}
		if head, err = head.Next(leaf, noon); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNextLeavesTheHeadAlone(t *testing.T) {
	head := after(t, "a", "b", "c")
	want := after(t, "a", "b", "c")
	one, err := head.Next([]byte("d"), noon)
	if err != nil {
		t.Fatal(err)
	}
	one.Frontier[0][0]++
	if diff := cmp.Diff(want, head); diff != "" {
		t.Errorf("Next changed the head (-before +after):\n%s", diff)
	}
}

func TestHeadKeepsItsInvariants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		head := store.EmptyHead()
		if err := head.Check(); err != nil {
			rt.Fatal(err)
		}
		times := rapid.SliceOfN(rapid.Int64Range(-1e9, 1e9), 1, 130).Draw(rt, "times")
		for n, at := range times {
			next, err := head.Next(fmt.Append(nil, n), noon.Add(time.Duration(at)))
			if err != nil {
				rt.Fatal(err)
			}
			if next.Revision != head.Revision+1 || len(next.Frontier) != bits.OnesCount(uint(n+1)) || next.Root == head.Root {
				rt.Errorf("head after %d: %+v", n, next)
			}
			if next.Time.Before(head.Time) || next.Time.Nanosecond()%1000 != 0 || next.Time.Location() != time.UTC {
				rt.Errorf("time after %s: %s", head.Time, next.Time)
			}
			if err := next.Check(); err != nil {
				rt.Error(err)
			}
			head = next
		}
	})
}

func TestDamagedHead(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*store.Head)
		says   string
		next   bool // Next finds it too
	}{
		{"root", func(h *store.Head) { h.Root[31] ^= 1 }, "the stored root", false},
		{"frontier", func(h *store.Head) { h.Frontier[1][0] ^= 1 }, "the stored root", false},
		{"frontier short", func(h *store.Head) { h.Frontier = h.Frontier[1:] }, "it has 1 hashes, want 2", true},
		{"frontier long", func(h *store.Head) { h.Frontier = append(h.Frontier, event.Hash{}) }, "it has 3 hashes, want 2", true},
		{"revision", func(h *store.Head) { h.Revision = 4 }, "it has 2 hashes, want 1", true},
		{"revision of as many bits", func(h *store.Head) { h.Revision = 5; h.Root[0] ^= 1 }, "the stored root", false},
		{"revision out of range", func(h *store.Head) { h.Revision = 1<<63 + 1 }, "it has 2 hashes", true},
		{"no time", func(h *store.Head) { h.Time = time.Time{} }, "its time", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := after(t, "a", "b", "c")
			c.damage(&head)
			if err := head.Check(); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Check: %v, want ErrCorrupt with %q", err, c.says)
			}
			if _, err := head.Next([]byte("d"), noon); c.next != errors.Is(err, store.ErrCorrupt) {
				t.Errorf("Next: %v, want ErrCorrupt: %t", err, c.next)
			}
		})
	}
	empty := store.EmptyHead()
	empty.Time = noon
	if err := empty.Check(); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("Check of an empty log with a time: %v, want ErrCorrupt", err)
	}
}

func TestDecide(t *testing.T) {
	refusal := errors.New("refused")
	fits := store.Verdict{Record: &store.Record{Leaf: []byte("leaf"), Side: []byte("side"), Time: noon}, Answer: []byte("answer")}
	for _, c := range []struct {
		name    string
		resolve func() (store.Verdict, error)
		want    store.Verdict
		is      error
	}{
		{"a verdict", func() (store.Verdict, error) { return fits, nil }, fits, nil},
		{"nothing", func() (store.Verdict, error) { return store.Verdict{}, nil }, store.Verdict{}, nil},
		{"a refusal with a verdict", func() (store.Verdict, error) { return fits, refusal }, store.Verdict{}, refusal},
		{"an empty record", func() (store.Verdict, error) { return store.Verdict{Record: &store.Record{}}, nil }, store.Verdict{}, store.ErrOutOfBounds},
	} {
		t.Run(c.name, func(t *testing.T) {
			command := store.Command{Resolve: func(context.Context, store.Present) (store.Verdict, error) { return c.resolve() }}
			got, err := command.Decide(t.Context(), nil)
			if diff := cmp.Diff(c.want, got); !errors.Is(err, c.is) || diff != "" {
				t.Errorf("Decide: %v, want %v (-want +got):\n%s", err, c.is, diff)
			}
		})
	}
}

func TestDecideSurvivesPanic(t *testing.T) {
	secret := "what a person sent"
	command := store.Command{Resolve: func(context.Context, store.Present) (store.Verdict, error) { panic(secret) }}
	got, err := command.Decide(t.Context(), nil)
	thrown, ok := errors.AsType[*store.PanicError](err)
	if !ok || thrown.Reason != "a string was thrown" || !strings.Contains(string(thrown.Stack), "TestDecideSurvivesPanic") {
		t.Fatalf("Decide: %v, want a *PanicError with where it was", err)
	}
	if strings.Contains(err.Error()+thrown.Reason, secret) || !cmp.Equal(got, store.Verdict{}) {
		t.Errorf("Decide: %+v, %v, want nothing of what was thrown", got, err)
	}
	command.Resolve = func(context.Context, store.Present) (store.Verdict, error) {
		return store.Verdict{Answer: make([]byte, 1)[:len(secret)]}, nil
	}
	if _, err := command.Decide(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "slice bounds out of range") {
		t.Errorf("Decide: %v, want the runtime's reason", err)
	}
}

func TestCheck(t *testing.T) {
	if err := (store.Command{}).Check(); !errors.Is(err, store.ErrOutOfBounds) ||
		!strings.Contains(err.Error(), "request id") || !strings.Contains(err.Error(), "resolve") {
		t.Errorf("Check of nothing: %v, want ErrOutOfBounds with both faults", err)
	}
	whole := store.Command{
		RequestID: [16]byte{1},
		Resolve:   func(context.Context, store.Present) (store.Verdict, error) { return store.Verdict{}, nil },
	}
	if err := whole.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := store.CheckKeys(make([]event.Key, store.MaxKeys)); err != nil {
		t.Errorf("CheckKeys: %v", err)
	}
	if err := store.CheckKeys(make([]event.Key, store.MaxKeys+1)); !errors.Is(err, store.ErrOutOfBounds) {
		t.Errorf("CheckKeys of one too many: %v, want ErrOutOfBounds", err)
	}
}

// The head is all that is needed to go on: the leaves before it are not read again.
func ExampleHead_Next() {
	head := store.EmptyHead()
	for _, leaf := range []string{"first", "second", "third"} {
		var err error
		if head, err = head.Next([]byte(leaf), time.Date(2025, 5, 27, 12, 0, 0, 0, time.UTC)); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("revision %d, %d hashes in the frontier, root %x…\n", head.Revision, len(head.Frontier), head.Root[:4])
	}
	// Output:
	// revision 1, 1 hashes in the frontier, root a1af0302…
	// revision 2, 1 hashes in the frontier, root 3ae5bfa5…
	// revision 3, 2 hashes in the frontier, root c3651e54…
}
