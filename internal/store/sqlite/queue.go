package sqlite

import (
	"context"
	"sync"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// pending is a command and its caller, who waits.
type pending struct {
	ctx     context.Context
	command store.Command
	turn    chan struct{} // closed when its caller is to lead the next group
	done    chan struct{} // closed when got and err are set

	got store.Appended
	err error
}

func newPending(ctx context.Context, c store.Command) *pending {
	return &pending{ctx: ctx, command: c, turn: make(chan struct{}), done: make(chan struct{})}
}

// queue holds the commands that no transaction has taken yet, and sees to it that one caller at a time leads: the one
// at the front, for one group. Who leads hands on to whoever is at the front then.
type queue struct {
	mu      sync.Mutex
	waiting []*pending
	leader  *pending      // whose turn it is, or nil
	leading bool          // the leader has begun
	closed  bool          // nothing more is let in
	idle    chan struct{} // closed when closed and nobody leads
}

// join lets a command in at the back.
func (q *queue) join(p *pending) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return store.ErrClosed
	}
	q.waiting = append(q.waiting, p)
	if q.leader == nil {
		q.appoint()
	}
	return nil
}

// appoint gives the turn to whoever is at the front. The caller holds mu.
func (q *queue) appoint() {
	q.leader = q.waiting[0]
	close(q.leader.turn)
}

// leave takes a command out whose caller has given up, and says whether it could: one that was taken goes on, and one
// whose turn it is must lead first.
func (q *queue) leave(p *pending) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leader == p {
		return false
	}
	for i, w := range q.waiting {
		if w == p {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// begin says that the leader may lead: no other does, and the log is not closed.
func (q *queue) begin(p *pending) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.leader != p {
		return false
	}
	q.leading = true
	return true
}

// next takes the command at the front, or nil. One whose context has ended is not taken but told so.
func (q *queue) next() *pending {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) > 0 {
		p := q.waiting[0]
		q.waiting[0] = nil
		q.waiting = q.waiting[1:]
		if p.err = p.ctx.Err(); p.err == nil {
			return p
		}
		close(p.done)
	}
	return nil
}

// handOn ends the leader's turn.
func (q *queue) handOn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leader, q.leading = nil, false
	if len(q.waiting) > 0 {
		q.appoint()
	}
	if q.closed {
		close(q.idle)
	}
}

// close fails all that is waiting, and waits for the leader that has begun.
func (q *queue) close() {
	q.mu.Lock()
	q.closed, q.idle = true, make(chan struct{})
	for _, p := range q.waiting {
		p.err = store.ErrClosed
		close(p.done)
	}
	q.waiting = nil
	if !q.leading {
		close(q.idle)
	}
	q.mu.Unlock()
	<-q.idle
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// news tells those who wait that the head has moved.
type news struct {
	mu     sync.Mutex
	last   event.Revision // the head's
	moved  chan struct{}  // closed at the next change; nil while nobody waits
	closed bool
}

// publish says that the head is at a revision.
func (n *news) publish(head event.Revision) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = head
	n.wake()
}

func (n *news) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	n.wake()
}

// wake ends every wait, each of which then looks again. The caller holds mu.
func (n *news) wake() {
	if n.moved != nil {
		close(n.moved)
		n.moved = nil
	}
}

// wait returns when the head has passed a revision, the news are closed or the context has ended.
func (n *news) wait(ctx context.Context, after event.Revision) error {
	for {
		moved, err := n.look(after)
		if moved == nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look returns what to wait for, or nil if there is nothing to wait for.
func (n *news) look(after event.Revision) (<-chan struct{}, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, store.ErrClosed
	}
	if n.last > after {
		return nil, nil
	}
	if n.moved == nil {
		n.moved = make(chan struct{})
	}
	return n.moved, nil
}
