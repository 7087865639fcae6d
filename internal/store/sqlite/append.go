package sqlite

import (
	"context"
	"fmt"

	"github.com/veto-gate/veto/internal/store"
)

// Append implements store.Log.
func (db *DB) Append(ctx context.Context, c store.Command) (store.Appended, error) {
	if err := c.Check(); err != nil {
		return store.Appended{}, err
	}
	if err := ctx.Err(); err != nil {
		return store.Appended{}, err
	}
	if db.writer == nil {
		return store.Appended{}, fmt.Errorf("append: %w: it is open for reading alone", store.ErrUnavailable)
	}
	p := newPending(ctx, c)
	if err := db.queue.join(p); err != nil {
		return store.Appended{}, err
	}
	select {
	case <-p.done:
	case <-p.turn:
		db.lead(p)
	case <-ctx.Done():
		if db.queue.leave(p) {
			return store.Appended{}, ctx.Err()
		}
		select {
		case <-p.turn:
			db.lead(p)
		case <-p.done:
		default: // a group has taken it
			return store.Appended{}, ctx.Err()
		}
	}
	<-p.done
	return p.got, p.err
}

// lead carries out one group, beginning with the command at the front, and hands on.
func (db *DB) lead(p *pending) {
	if !db.queue.begin(p) {
		return // the log was closed, and p was told
	}
	defer db.queue.handOn()
	first := db.queue.next()
	if first == nil {
		return // every caller had given up, p's too
	}
	g := &group{writer: db.writer}
	defer g.settle() // also where a Resolve ends this goroutine
	g.run(first, db.queue.next)
	if g.err == nil && g.changed {
		db.news.publish(g.head.Revision)
	}
}
