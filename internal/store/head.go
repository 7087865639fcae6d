package store

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/veto-gate/veto/internal/event"
)

// tree combines hashes as RFC 9162, 2.1.1 says: SHA-256(0x01 || left || right).
var tree = compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// EmptyHead is the head of a log without events. Its root is the hash of the empty string (RFC 9162, 2.1.1).
func EmptyHead() Head {
	return Head{Root: event.Hash(rfc6962.DefaultHasher.EmptyRoot())}
}

// Next is the head after one more event. It touches neither the head it is called on nor the leaf. The error says that
// the head's frontier does not fit its revision: ErrCorrupt.
func (h Head) Next(leaf []byte, at time.Time) (Head, error) {
	frontier, err := h.compact()
	if err != nil {
		return Head{}, err
	}
	leafHash := event.LeafHash(leaf)
	if err := frontier.Append(leafHash[:], nil); err != nil {
		return Head{}, fmt.Errorf("append to frontier: %w: %v", ErrCorrupt, err)
	}
	next := Head{Revision: h.Revision + 1, Frontier: make([]event.Hash, len(frontier.Hashes())), Time: h.Time}
	for i, sum := range frontier.Hashes() {
		next.Frontier[i] = event.Hash(sum)
	}
	if next.Root, err = root(frontier); err != nil {
		return Head{}, err
	}
	if at = at.UTC().Truncate(time.Microsecond); at.After(h.Time) {
		next.Time = at
	}
	return next, nil
}

// Check says with ErrCorrupt that the head contradicts itself: a frontier of another size than its revision asks for,
// or a root that is not the frontier's.
func (h Head) Check() error {
	frontier, err := h.compact()
	if err != nil {
		return err
	}
	got, err := root(frontier)
	if err != nil {
		return err
	}
	if got != h.Root {
		return fmt.Errorf("check head at revision %d: %w: the stored root is %x, its frontier's is %x", h.Revision, ErrCorrupt, h.Root, got)
	}
	if h.Revision == 0 != h.Time.IsZero() {
		return fmt.Errorf("check head at revision %d: %w: its time is %s", h.Revision, ErrCorrupt, h.Time.Format(time.RFC3339))
	}
	return nil
}

// compact is the frontier as what the tree grows by.
func (h Head) compact() (*compact.Range, error) {
	// The bound keeps 2^63 and more out of the database's signed integers.
	if want := bits.OnesCount64(uint64(h.Revision)); len(h.Frontier) != want || h.Revision >= 1<<62 {
		return nil, fmt.Errorf("read frontier at revision %d: %w: it has %d hashes, want %d", h.Revision, ErrCorrupt, len(h.Frontier), want)
	}
	sums := make([][]byte, len(h.Frontier))
	for i := range h.Frontier {
		sums[i] = h.Frontier[i][:]
	}
	frontier, err := tree.NewRange(0, uint64(h.Revision), sums)
	if err != nil {
		return nil, fmt.Errorf("read frontier at revision %d: %w: %v", h.Revision, ErrCorrupt, err)
	}
	return frontier, nil
}

// root is the hash of the tree whose frontier it is.
func root(frontier *compact.Range) (event.Hash, error) {
	if frontier.End() == 0 {
		return EmptyHead().Root, nil
	}
	sum, err := frontier.GetRootHash(nil)
	if err != nil {
		return event.Hash{}, fmt.Errorf("compute root: %w: %v", ErrCorrupt, err)
	}
	return event.Hash(sum), nil
}
