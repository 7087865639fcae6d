package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

const (
	// killers is how many clients write at once: enough that groups of appends form.
	killers = 8
	// callPatience is far more than a call takes; a call that is longer under way hangs.
	callPatience = 30 * time.Second
	// liveAtMost is the longest that a server lives under load, killedEarly the longest that one lives which is killed while it starts.
	liveAtMost  = 250 * time.Millisecond
	killedEarly = 40 * time.Millisecond
)

// TestFault_D01_KilledServerLosesNothing kills the real server at random moments, under concurrent objections and withdrawals and while it starts, and
// then holds the log against its own record: every acknowledged event is there once, with a receipt that fits; what nobody knew is found out by asking
// again with the same request id; revisions are gapless, and the leaves hash to the head's root.
//
// VETO_KILL_ROUNDS says how often (25), VETO_KILL_SEED repeats a run's choices, though not the machine's.
func TestFault_D01_KilledServerLosesNothing(t *testing.T) {
	rounds, seed := number(t, "VETO_KILL_ROUNDS", 25), number(t, "VETO_KILL_SEED", time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 1))
	binary, data := build(t), filepath.Join(t.TempDir(), "data")

	writers := make([]*writer, killers)
	for i := range writers {
		writers[i] = &writer{name: strconv.Itoa(i), random: rand.New(rand.NewPCG(uint64(seed), uint64(i)+2))}
	}
	early := 0
	for range rounds {
		if random.IntN(5) == 0 {
			early++
			p := launch(t, binary, data)
			wait(time.Duration(random.Int64N(int64(killedEarly))))
			p.kill()
			continue
		}
		p := start(t, binary, data)
		load(t, p, writers, func() {
			wait(time.Duration(random.Int64N(int64(liveAtMost))))
			p.kill()
		})
	}

	// The last one lives, until every question is answered.
	p := start(t, binary, data)
	load(t, p, writers, nil)
	repeatAcknowledged(t, p, writers)
	if code := p.stop(); code != exitDone {
		t.Errorf("asked to stop, the server ended with %d\n%s", code, p.stderr)
	}
	total := sum(writers)
	events := auditLog(t, data, writers)
	t.Logf("%d rounds (%d killed while starting): %d writes acknowledged, %d left unknown by a kill, of which %d had been done and %d were done when asked again; %d events",
		rounds, early, total.acknowledged, total.unknown, total.wasDone, total.doneAgain, events)
	if total.acknowledged == 0 {
		t.Error("nothing was acknowledged: the test kills too early")
	}
	if rounds >= 25 && total.unknown == 0 {
		t.Error("no kill left a write unknown: the test does not kill under load")
	}
}

// number reads a number from the environment.
func number(t *testing.T, variable string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// wait is how long a server is left alive.
func wait(d time.Duration) { <-time.After(d) }

// load lets the writers write. With an end they write until it has come and calls fail; without one they only find out what they do not know.
func load(t *testing.T, p *process, writers []*writer, end func()) {
	t.Helper()
	c, conn := p.client(t)
	// Whatever is at or below this revision when it is asked about had been written before the kill.
	before, err := c.registry.GetStanding(t.Context(), &vetov1.GetStandingRequest{SubjectId: "nobody"})
	if err != nil {
		t.Fatalf("read the head after a start: %v\n%s", err, p.stderr)
	}
	var group sync.WaitGroup
	for _, w := range writers {
		w.before = before.GetRevision()
		group.Go(func() { w.work(t, c, end != nil) })
	}
	if end != nil {
		end()
	}
	group.Wait()
	conn.Close()
}

// write is one request and what became of it.
type write struct {
	object   *vetov1.FileObjectionRequest // one of the two
	withdraw *vetov1.WithdrawObjectionRequest

	unknown      bool // a call ended without an answer
	acknowledged bool
	revision     uint64          // of its event; 0: acknowledged without one
	receipt      *vetov1.Receipt // of its event
	objectionID  string
}

func (w *write) requestID() string {
	if w.object != nil {
		return w.object.GetRequestId()
	}
	return w.withdraw.GetRequestId()
}

// counts of what became of writes.
type counts struct{ acknowledged, unknown, wasDone, doneAgain int }

// writer is a client that keeps a record of all it did. One goroutine at a time uses it.
type writer struct {
	name   string
	random *rand.Rand
	writes []*write
	before uint64 // the log's head when the server had started
	counts
}

// work asks about what is unknown, then writes on until a call fails.
func (w *writer) work(t *testing.T, c *client, on bool) {
	t.Helper()
	for _, x := range w.writes {
		if !x.acknowledged && !w.ask(t, c, x) {
			return
		}
	}
	for on {
		x := w.next(t)
		w.writes = append(w.writes, x)
		if !w.ask(t, c, x) {
			return
		}
	}
}

// next makes a request: mostly an objection of somebody new, sometimes a repeat, sometimes a withdrawal of one that stands.
func (w *writer) next(t *testing.T) *write {
	t.Helper()
	id, err := requestID("")
	if err != nil {
		t.Error(err)
	}
	if n := len(w.writes); n > 0 && w.random.IntN(3) == 0 {
		if earlier := w.writes[w.random.IntN(n)]; earlier.objectionID != "" {
			return &write{withdraw: &vetov1.WithdrawObjectionRequest{
				RequestId: id, SubjectId: earlier.object.GetSubjectId(), ObjectionId: earlier.objectionID,
				Verification: vetov1.Verification_VERIFICATION_VERIFIED, Channel: vetov1.Channel_CHANNEL_API,
			}}
		}
	}
	subject := fmt.Sprintf("subject-%s-%d", w.name, len(w.writes)-w.random.IntN(1+min(3, len(w.writes))))
	return &write{object: &vetov1.FileObjectionRequest{
		RequestId: id, SubjectId: subject, Country: "DE", Channel: vetov1.Channel_CHANNEL_API, Verification: vetov1.Verification_VERIFICATION_UNVERIFIED,
	}}
}

// ask makes the call, again or for the first time, and records the answer. False: there was none.
func (w *writer) ask(t *testing.T, c *client, x *write) bool {
	t.Helper()
	answer, err := x.call(c)
	if err != nil {
		if code := status.Code(err); code != codes.Unavailable && code != codes.Canceled {
			t.Errorf("a write was refused: %v", err)
		}
		if !x.unknown {
			x.unknown = true
			w.unknown++
		}
		return false
	}
	if x.unknown {
		if answer.revision != 0 && answer.revision <= w.before {
			w.wasDone++
		} else {
			w.doneAgain++
		}
	}
	x.acknowledged, x.revision, x.receipt, x.objectionID = true, answer.revision, answer.receipt, answer.objectionID
	w.acknowledged++
	return true
}

// answer is what the test wants to know of a response.
type answer struct {
	revision    uint64 // of the event; 0: none was written
	receipt     *vetov1.Receipt
	objectionID string
}

func (w *write) call(c *client) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callPatience)
	defer cancel()
	if w.object != nil {
		r, err := c.registry.FileObjection(ctx, w.object)
		if err != nil {
			return answer{}, err
		}
		return answer{revision: r.GetRevision(), receipt: r.GetReceipt(), objectionID: r.GetObjection().GetObjectionId()}, nil
	}
	r, err := c.registry.WithdrawObjection(ctx, w.withdraw)
	if err != nil {
		return answer{}, err
	}
	if r.GetEffect() != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED {
		return answer{}, nil // it had been withdrawn: no event
	}
	return answer{revision: r.GetRevision(), receipt: r.GetReceipt()}, nil
}

// repeatAcknowledged asks every tenth acknowledged write again: the same answer, across all restarts (fault I03).
func repeatAcknowledged(t *testing.T, p *process, writers []*writer) {
	t.Helper()
	c, conn := p.client(t)
	defer conn.Close()
	for _, w := range writers {
		for i := 0; i < len(w.writes); i += 10 {
			x := w.writes[i]
			again, err := x.call(c)
			if err != nil {
				t.Errorf("ask again: %v", err)
				continue
			}
			if again.revision != x.revision || again.objectionID != x.objectionID || !bytes.Equal(again.receipt.GetLeaf(), x.receipt.GetLeaf()) {
				t.Errorf("asked again, a write of revision %d answers with revision %d", x.revision, again.revision)
			}
		}
	}
}

func sum(writers []*writer) counts {
	var total counts
	for _, w := range writers {
		total.acknowledged += w.acknowledged
		total.unknown += w.unknown
		total.wasDone += w.wasDone
		total.doneAgain += w.doneAgain
	}
	return total
}

// auditLog opens the log without a server and holds it against the writers' record.
func auditLog(t *testing.T, data string, writers []*writer) (events int) {
	t.Helper()
	log, err := sqlite.Open(t.Context(), sqlite.Config{Dir: data})
	if err != nil {
		t.Fatalf("open the log: %v", err)
	}
	defer log.Close()
	wrote := map[string]event.Event{}
	entries := map[string]store.Entry{}
	computed := store.EmptyHead()
	for entry, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatalf("read the log: %v", err)
		}
		events++
		if entry.Revision != event.Revision(events) {
			t.Fatalf("event %d has revision %d: a gap", events, entry.Revision)
		}
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			t.Fatalf("revision %d: %v", entry.Revision, err)
		}
		if computed, err = computed.Next(entry.Leaf, e.Side.RecordedAt); err != nil {
			t.Fatalf("revision %d: %v", entry.Revision, err)
		}
		if e.Leaf.Type == event.TypeGenesis {
			continue
		}
		id := e.Side.RequestID.String()
		if _, twice := wrote[id]; twice {
			t.Errorf("revision %d: its request was written before", entry.Revision)
		}
		wrote[id], entries[id] = e, entry
	}
	head, err := log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if head.Revision != computed.Revision || head.Root != computed.Root {
		t.Errorf("head %d %x, the leaves hash to %d %x", head.Revision, head.Root, computed.Revision, computed.Root)
	}
	for _, w := range writers {
		for _, x := range w.writes {
			entry, written := entries[x.requestID()]
			checkWrite(t, x, entry, wrote[x.requestID()], written)
			delete(entries, x.requestID())
		}
	}
	if len(entries) > 0 {
		t.Errorf("%d events are nobody's", len(entries))
	}
	return events
}

// checkWrite holds one write's record against its event.
func checkWrite(t *testing.T, x *write, entry store.Entry, e event.Event, written bool) {
	t.Helper()
	switch {
	case !x.acknowledged:
		t.Errorf("a write was never answered")
	case x.revision == 0 && written:
		t.Errorf("revision %d: written, and acknowledged as nothing", entry.Revision)
	case x.revision == 0:
	case !written:
		t.Errorf("revision %d: acknowledged, and not in the log", x.revision)
	case uint64(entry.Revision) != x.revision || x.receipt.GetRevision() != x.revision:
		t.Errorf("revision %d: acknowledged as %d, its receipt says %d", entry.Revision, x.revision, x.receipt.GetRevision())
	case !bytes.Equal(x.receipt.GetLeaf(), entry.Leaf) || !bytes.Equal(x.receipt.GetSalt(), e.Side.Salt[:]) || !sameList(x.receipt.GetPerson(), e):
		t.Errorf("revision %d: the receipt does not fit the event", entry.Revision)
	}
}

// sameList holds a receipt's list against the leaf's commitment, which is all that its holder has.
func sameList(shown []*vetov1.BlindedValue, e event.Event) bool {
	var list []event.Blinded
	for _, b := range shown {
		if len(b.GetHmac()) != len(event.Hash{}) {
			return false
		}
		list = append(list, event.Blinded{Tag: b.GetTag(), Sum: event.Hash(b.GetHmac())})
	}
	return event.Commit(list) == e.Leaf.Person
}
