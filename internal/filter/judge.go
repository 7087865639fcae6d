package filter

import (
	"context"
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
)

// judge asks the decider, counts, and says of each row group which rows are kept.
type judge struct {
	decider  Decider
	count    *tally
	progress *pacer
}

func (j *judge) decideAll(ctx context.Context, batches <-chan batch, free chan<- []*vetov1.Item, parts chan<- part) error {
	var keep mask
	for b := range batches {
		answer, err := j.decider.Decide(ctx, b.items)
		if err != nil {
			return fmt.Errorf("decide rows %d to %d: %w", j.count.offered+1, j.count.offered+int64(len(b.items)), err)
		}
		if err := j.take(b.items, answer, &keep); err != nil {
			return fmt.Errorf("decide rows %d to %d: %w", j.count.offered+1, j.count.offered+int64(len(b.items)), err)
		}
		free <- b.items // there is always room: it is one of batchesInFlight
		j.progress.at(j.count.offered, j.count.included)
		if !b.last {
			continue
		}
		if err := send(ctx, parts, part{group: b.group, keep: keep}); err != nil {
			return err
		}
		keep = mask{}
	}
	return ctx.Err()
}

// take counts an answer and marks the rows that are kept. An answer that does not fit its batch is an error, and nothing of it is used.
func (j *judge) take(items []*vetov1.Item, a Answer, keep *mask) error {
	if len(a.Reasons) != len(items) {
		return fmt.Errorf("%d items were sent and %d reasons came back", len(items), len(a.Reasons))
	}
	violations := make(map[int32]*vetov1.Violation, len(a.Violations))
	for _, v := range a.Violations {
		if v.GetIndex() < 0 || int(v.GetIndex()) >= len(items) {
			return fmt.Errorf("%d items were sent and a violation of item %d came back", len(items), v.GetIndex())
		}
		violations[v.GetIndex()] = v.GetViolation()
	}
	j.count.decidedAt(a.Revision, a.PolicyVersion)
	for i, reason := range a.Reasons {
		outcome := gate.Outcome(reason) // by its range: a reason younger than this program is read safely
		j.count.add(items[i], reason, outcome, violations[int32(i)])
		keep.append(outcome == vetov1.Outcome_OUTCOME_INCLUDE)
	}
	return nil
}

// mask says of the rows of a row group, in their order, which are kept. The zero mask has no row.
type mask struct {
	bits []uint64
	rows int64
	kept int64
}

func (m *mask) append(keep bool) {
	if m.rows%64 == 0 {
		m.bits = append(m.bits, 0)
	}
	if keep {
		m.bits[m.rows/64] |= 1 << (m.rows % 64)
		m.kept++
	}
	m.rows++
}

// has reports whether a row is kept; row is below m.rows.
func (m *mask) has(row int64) bool { return m.bits[row/64]&(1<<(row%64)) != 0 }
