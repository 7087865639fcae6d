package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/bits"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// maxRehashed bounds how many of the last leaves are hashed anew when the log is opened.
const maxRehashed = 1024

// check holds the head against the tables and returns it; of the last leaves, it hashes at most so many anew. The error
// is ErrCorrupt with what was found.
func (w *writer) check(ctx context.Context, most event.Revision) (store.Head, error) {
	head, err := w.reader.head(ctx)
	if err != nil {
		return store.Head{}, err
	}
	if err := errors.Join(w.checkCount(ctx, head), head.Check()); err != nil {
		return store.Head{}, err
	}
	if head.Revision == 0 {
		return head, nil
	}
	return head, w.checkLastLeaves(ctx, head, most)
}

const countEvents = `SELECT count(*), coalesce(max(revision), 0) FROM event`

// checkCount says that the events are not as many as the head counts. With the table's bound from below, as many as
// the last one's revision means without a gap.
func (w *writer) checkCount(ctx context.Context, head store.Head) error {
	var count, last event.Revision
	if err := w.conn.QueryRowContext(ctx, countEvents).Scan(&count, &last); err != nil {
		return fmt.Errorf("count events: %w", readError(err))
	}
	if count != head.Revision || last != head.Revision {
		return fmt.Errorf("check head: %w: it is at revision %d, there are %d events and the last is at revision %d", store.ErrCorrupt, head.Revision, count, last)
	}
	return nil
}

const selectLeaves = `SELECT revision, leaf, leaf_hash FROM event WHERE revision > ? ORDER BY revision`

// checkLastLeaves hashes the leaves under the frontier's last hash anew, or at most so many of them, and holds
// them against their stored hashes and, where it did all, against the frontier.
func (w *writer) checkLastLeaves(ctx context.Context, head store.Head, most event.Revision) (err error) {
	span := event.Revision(1) << bits.TrailingZeros64(uint64(head.Revision))
	some := min(span, most)
	rows, err := w.conn.QueryContext(ctx, selectLeaves, int64(head.Revision-some))
	if err != nil {
		return fmt.Errorf("read leaves: %w", readError(err))
	}
	defer func() { err = errors.Join(err, readError(rows.Close())) }()
	subtree := store.EmptyHead()
	for rows.Next() {
		var revision event.Revision
		var leaf, stored []byte
		if err := rows.Scan(&revision, &leaf, &stored); err != nil {
			return fmt.Errorf("read leaves: %w", readError(err))
		}
		if got := event.LeafHash(leaf); !bytes.Equal(got[:], stored) {
			return fmt.Errorf("check leaf at revision %d: %w: it hashes to %x, stored is %x", revision, store.ErrCorrupt, got, stored)
		}
		if subtree, err = subtree.Next(leaf, head.Time); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read leaves: %w", readError(err))
	}
	if want := head.Frontier[len(head.Frontier)-1]; some == span && subtree.Root != want {
		return fmt.Errorf("check head at revision %d: %w: the last %d leaves hash to %x, its frontier says %x", head.Revision, store.ErrCorrupt, some, subtree.Root, want)
	}
	return nil
}
