package filter

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Run filters In into Out and returns the report.
//
// On any error, and when ctx ends, nothing stands under Out that was not there before, and the partial file is removed. A process that is killed
// leaves at most a file whose name says that it is partial.
//
// Errors: ErrExists, ErrSameFile, ErrDamaged; what NewReader of package columns says of the mapping; what the decider returned; ctx's error;
// else what the system said of a file.
func Run(ctx context.Context, c Config) (Report, error) {
	report, err := run(ctx, c)
	if err != nil {
		return Report{}, fmt.Errorf("filter: %w", err)
	}
	return report, nil
}

func run(ctx context.Context, c Config) (_ Report, err error) {
	if err := c.validate(); err != nil {
		return Report{}, err
	}
	place, err := findPlace(c.In, c.Out, c.Overwrite)
	if err != nil {
		return Report{}, err
	}
	from, err := openSource(c.In)
	if err != nil {
		return Report{}, err
	}
	defer from.close()
	rows, err := from.openRows(c.Mapping, c.BatchRows)
	if err != nil {
		return Report{}, err
	}
	fields := Fields{Mapped: rows.mapped, Absent: rows.absent}
	decider, err := c.Open(ctx, fields)
	if err != nil {
		return Report{}, err
	}
	first, err := ask(ctx, decider)
	if err != nil {
		return Report{}, err
	}
	to, err := place.create()
	if err != nil {
		return Report{}, err
	}
	defer to.discard() // nothing once it is published
	count := newTally(c.Purpose, fields, rows.silent)
	start := c.Now()
	if err := pipe(ctx, c, start, from, rows, decider, to, count); err != nil {
		return Report{}, err
	}
	if err := from.unchanged(); err != nil {
		return Report{}, err
	}
	if from.rows == 0 {
		count.decidedAt(first.Revision, first.PolicyVersion)
	}
	report, err := count.report(from.rows, c.Now().Sub(start))
	if err != nil {
		return Report{}, err
	}
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	return report, to.publish()
}

// ask asks the decider before the first row, without one: so purpose, revision and mapping are judged for an empty corpus too, and before anything
// is written.
func ask(ctx context.Context, d Decider) (Answer, error) {
	answer, err := d.Decide(ctx, nil)
	if err == nil && len(answer.Reasons) > 0 {
		err = fmt.Errorf("no item was sent and %d reasons came back", len(answer.Reasons))
	}
	if err != nil {
		return Answer{}, fmt.Errorf("ask before the first row: %w", err)
	}
	return answer, nil
}

// batch is some rows of one row group on their way to the decider.
type batch struct {
	group int
	last  bool // of its row group
	items []*vetov1.Item
}

// batchesInFlight is how many batches of items exist: one being filled, one waiting, one being decided. More would only wait longer.
const batchesInFlight = 3

// pipe overlaps the three kinds of work, and ends when all of them have. A channel between two of them holds one piece, so that the faster one
// is a step ahead and no more: memory stays bounded.
func pipe(ctx context.Context, c Config, start time.Time, from *source, rows *rowReader, decider Decider, to *output, count *tally) error {
	batches := make(chan batch, 1)
	free := make(chan []*vetov1.Item, batchesInFlight)
	for range batchesInFlight {
		free <- nil
	}
	parts := make(chan part, 1)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(batches)
		return rows.readAll(ctx, free, batches)
	})
	work.Go(func() error {
		defer close(parts)
		j := judge{decider: decider, count: count, progress: newPacer(c, start, from.rows)}
		return j.decideAll(ctx, batches, free, parts)
	})
	work.Go(func() error { return writeAll(ctx, from, to, c.CreatedBy, parts) })
	return work.Wait()
}

// send hands a value on, or ends with ctx.
func send[T any](ctx context.Context, to chan<- T, value T) error {
	select {
	case to <- value:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pacer tells Progress at most ten times a second.
type pacer struct {
	tell        func(Progress)
	now         func() time.Time
	start, last time.Time
	total       int64
}

// pace is the least time between two reports of progress.
const pace = 100 * time.Millisecond

func newPacer(c Config, start time.Time, total int64) *pacer {
	return &pacer{tell: c.Progress, now: c.Now, start: start, last: start, total: total}
}

func (p *pacer) at(rows, included int64) {
	now := p.now()
	if rows < p.total && now.Sub(p.last) < pace {
		return
	}
	p.last = now
	p.tell(Progress{Rows: rows, Total: p.total, Included: included, RowsPerSecond: perSecond(rows, now.Sub(p.start))})
}

// perSecond is 0 where no time has passed.
func perSecond(rows int64, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(rows) / took.Seconds()
}
