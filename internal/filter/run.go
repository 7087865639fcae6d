package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter/corpus"
)

// Run filters In into Out and returns the report.
//
// On any error, and when ctx ends, nothing stands under Out that was not there before, and the partial file is removed. A process that is killed
// leaves at most a file whose name says that it is partial.
//
// Errors: ErrExists, ErrSameFile, ErrDamaged; what the readers of package columns says of the mapping; what the decider returned; ctx's error;
// else what the system said of a file.
func Run(ctx context.Context, c Config) (Report, error) {
	report, _, err := run(ctx, c)
	if err != nil {
		return Report{}, fmt.Errorf("filter: %w", err)
	}
	return report, nil
}

func run(ctx context.Context, c Config) (_ Report, masks string, err error) {
	if err := c.validate(); err != nil {
		return Report{}, "", err
	}
	to, err := c.place()
	if err != nil {
		return Report{}, "", err
	}
	from, sum, err := c.open()
	if err != nil {
		return Report{}, "", err
	}
	defer from.Close()
	fields, err := from.Bind(c.Mapping, c.BatchRows)
	if err != nil {
		return Report{}, "", err
	}
	decider, err := c.Open(ctx, fields)
	if err != nil {
		return Report{}, "", err
	}
	if closer, ok := decider.(io.Closer); ok {
		defer func() { err = errors.Join(err, closer.Close()) }()
	}
	first, err := ask(ctx, decider)
	if err != nil {
		return Report{}, "", err
	}
	if err := to.create(); err != nil {
		return Report{}, "", err
	}
	defer to.discard() // nothing once it is published
	j := newJudge(c, decider, fields, from.Rows())
	if err := pipe(ctx, c, from, to, j); err != nil {
		return Report{}, "", err
	}
	if err := from.Finish(); err != nil && !c.mayMiss(err) {
		return Report{}, "", err
	}
	report, err := j.report(first, from.Rows())
	if err != nil {
		return Report{}, "", err
	}
	if err := ctx.Err(); err != nil {
		return Report{}, "", err
	}
	return report, j.redactions(), c.publish(to, sum, j, report)
}

// mayMiss says whether an error tells only of names that no row has: all rows that had one may be among those that an earlier run left out.
func (c *Config) mayMiss(err error) bool {
	_, missing := errors.AsType[*columns.MappingError](err)
	return c.again && missing
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

// batchesInFlight is how many batches of items exist: one being filled, one waiting, one being decided. More would only wait longer.
const batchesInFlight = 3

// pipe overlaps the three kinds of work, and ends when all of them have. A channel between two of them holds one piece, so that the faster one
// is a step ahead and no more: memory stays bounded.
func pipe(ctx context.Context, c Config, from corpus.Source, to output, j *judge) error {
	batches := make(chan corpus.Batch, 1)
	free := make(chan []*vetov1.Item, batchesInFlight)
	for range batchesInFlight {
		free <- nil
	}
	parts := make(chan corpus.Part, 1)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(batches)
		return from.ReadAll(ctx, free, batches)
	})
	work.Go(func() error {
		defer close(parts)
		return j.decideAll(ctx, batches, free, parts)
	})
	work.Go(func() error {
		if !c.DryRun {
			return from.WriteAll(ctx, to, parts)
		}
		for range parts { // as they come: nobody waits for them
		}
		return nil
	})
	return work.Wait()
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
	if rows != p.total && now.Sub(p.last) < pace {
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
