package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

const (
	// maxGroup bounds how many commands share a transaction, so that the first one's caller does not wait for ever on a
	// queue that never empties.
	maxGroup = 512
	// maxGroupBytes bounds what a transaction holds in memory and adds to the write-ahead log: a group that has reached
	// it takes no more commands. One command is let past it, however large.
	maxGroupBytes = 8 << 20
)

// group is one transaction and the commands in it.
type group struct {
	*writer
	head    store.Head // with what the group has written
	changed bool       // an event was written
	written int        // bytes, about
	fault   error      // of the database, while a Resolve read from it
	taken   []*pending
	err     error // of the transaction: nothing of the group was written, or nobody knows
}

// run carries out the first command and those that next hands over, until it has no more or the group is full, in one
// transaction. It goes on though their callers give up: they depend on each other, and a retry finds what was done.
func (g *group) run(first *pending, next func() *pending) {
	g.taken = append(g.taken, first)
	ctx := context.WithoutCancel(first.ctx)
	if g.head, g.err = g.begin(ctx); g.err != nil {
		return
	}
	g.err = fmt.Errorf("append: %w: a command ended its goroutine", store.ErrUnavailable) // unless we come to an end
	committed := false
	defer func() {
		if !committed {
			g.rollBack(ctx)
		}
	}()
	for p := first; p != nil; p = next() {
		if p != first {
			g.taken = append(g.taken, p)
		}
		if err := g.carryOut(p); err != nil {
			g.err = g.failed(err)
			return
		}
		if len(g.taken) >= maxGroup || g.written >= maxGroupBytes {
			break
		}
	}
	if g.err = g.commit(ctx, g.head, g.changed); g.err == nil {
		committed = true
	}
}

// settle tells every caller what its command came to. Where the transaction failed, that is the transaction's error,
// for refusals too: what they rest on may have been undone.
func (g *group) settle() {
	for _, p := range g.taken {
		if g.err != nil {
			p.got, p.err = store.Appended{}, g.err
		}
		close(p.done)
	}
}

// carryOut does one command. An error is the transaction's; the command's own goes into p.
func (g *group) carryOut(p *pending) (err error) {
	ctx := context.WithoutCancel(p.ctx)
	earlier, err := g.earlier(ctx, p.command.RequestID)
	if err != nil {
		return err
	}
	if earlier != nil {
		p.got, p.err = earlier.answer(p.command.Fingerprint)
		return nil
	}
	verdict, refusal := p.command.Decide(ctx, present{ctx: ctx, group: g})
	if g.fault != nil {
		return g.fault // whatever Resolve made of it: SQLite may have ended the transaction
	}
	if p.err = refusal; p.err == nil { // a refusal has written nothing
		p.got, err = g.write(ctx, p.command, verdict)
	}
	return err
}

// write does what a verdict says.
func (g *group) write(ctx context.Context, c store.Command, v store.Verdict) (store.Appended, error) {
	got := store.Appended{Head: g.head.Revision, Answer: bytes.Clone(v.Answer)}
	if r := v.Record; r != nil {
		next, err := g.head.Next(r.Leaf, r.Time)
		if err != nil {
			return got, err
		}
		g.head, g.changed = next, true
		g.written += size(r)
		if err := g.insert(ctx, next.Revision, r); err != nil {
			return got, err
		}
		got.Revision, got.Head = next.Revision, next.Revision
		got.Entry = store.Entry{Revision: next.Revision, Leaf: bytes.Clone(r.Leaf), Side: bytes.Clone(r.Side)}
	}
	return got, g.insertRequest(ctx, c, got)
}

// size is about how many bytes a record adds.
func size(r *store.Record) int {
	n := len(r.Leaf) + len(r.Side) + len(r.Keys)*len(event.Key{})
	for _, document := range r.Documents {
		n += len(document)
	}
	for _, row := range r.Seal {
		n += len(row.Bytes)
	}
	return n
}

// present is the log under the group's lock. It implements store.Present.
type present struct {
	ctx   context.Context // of the transaction it lives in, and no longer
	group *group
}

func (p present) Head() store.Head {
	head := p.group.head
	head.Frontier = append([]event.Hash(nil), head.Frontier...)
	return head
}

func (p present) EventsOf(keys ...event.Key) ([]store.Entry, error) {
	if err := store.CheckKeys(keys); err != nil {
		return nil, err
	}
	entries, err := p.group.reader.eventsOf(p.ctx, keys, p.group.head.Revision)
	return entries, p.noted(err)
}

func (p present) Latest(key event.Key) (event.Revision, error) {
	revision, err := p.group.reader.latest(p.ctx, key, p.group.head.Revision)
	return revision, p.noted(err)
}

func (p present) After(after event.Revision) ([]store.Entry, error) {
	entries, err := p.group.reader.page(p.ctx, after, p.group.head.Revision)
	return entries, p.noted(err)
}

func (p present) Document(sum event.Hash) ([]byte, error) {
	document, err := p.group.reader.document(p.ctx, sum)
	if errors.Is(err, store.ErrNoDocument) {
		return nil, err
	}
	return document, p.noted(err)
}

// noted keeps a fault of the database for the group.
func (p present) noted(err error) error {
	if err != nil {
		p.group.fault = fmt.Errorf("read for a command: %w", err)
	}
	return err
}
