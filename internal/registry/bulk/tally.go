// Package bulk counts what becomes of the rows of an import, by however many hands they are taken in.
package bulk

import (
	"cmp"
	"slices"
	"sync"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// MaxTold is how many rejected rows are told of, the first ones.
const MaxTold = 1000

// Tally counts rows. The zero value has counted none; its methods may be called by many goroutines at once.
type Tally struct {
	mu                            sync.Mutex
	accepted, unchanged, rejected int64
	pending                       int64 // of those accepted
	rejects                       []*vetov1.RejectedRow
	ranges                        []*vetov1.RevisionRange // ascending, none touching another
	loose                         []uint64                // revisions that are in no range yet
	head                          uint64
}

// Accept counts a row that was recorded at a revision.
func (t *Tally) Accept(revision uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accepted++
	t.head = max(t.head, revision)
	if t.loose = append(t.loose, revision); len(t.loose) >= 1<<14 {
		t.gather()
	}
}

// Wait notes of an accepted row that it waits for its match.
func (t *Tally) Wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending++
}

// Keep counts a row of which everything stood already, at a revision.
func (t *Tally) Keep(head uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unchanged++
	t.head = max(t.head, head)
}

// Reject counts a row that was not recorded.
func (t *Tally) Reject(row *vetov1.RejectedRow) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rejected++
	if t.rejects = append(t.rejects, row); len(t.rejects) >= 2*MaxTold {
		t.cut()
	}
}

// cut keeps the first rejected rows.
func (t *Tally) cut() {
	slices.SortFunc(t.rejects, func(a, b *vetov1.RejectedRow) int { return cmp.Compare(a.GetIndex(), b.GetIndex()) })
	t.rejects = t.rejects[:min(len(t.rejects), MaxTold)]
}

// gather puts loose revisions into ranges.
func (t *Tally) gather() {
	for _, revision := range t.loose {
		t.ranges = append(t.ranges, &vetov1.RevisionRange{First: revision, Last: revision})
	}
	t.loose = t.loose[:0]
	slices.SortFunc(t.ranges, func(a, b *vetov1.RevisionRange) int { return cmp.Compare(a.GetFirst(), b.GetFirst()) })
	joined := t.ranges[:0]
	for _, one := range t.ranges {
		if n := len(joined); n > 0 && one.GetFirst() <= joined[n-1].GetLast()+1 {
			joined[n-1].Last = max(joined[n-1].GetLast(), one.GetLast())
			continue
		}
		joined = append(joined, one)
	}
	t.ranges = joined
}

// Response is the count, and the highest revision that it is true at.
func (t *Tally) Response() *vetov1.ImportObjectionsResponse {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut()
	t.gather()
	return &vetov1.ImportObjectionsResponse{
		Accepted: t.accepted, Unchanged: t.unchanged, Rejected: t.rejected, Rejects: t.rejects, Revisions: t.ranges, Revision: t.head, Pending: t.pending,
	}
}
