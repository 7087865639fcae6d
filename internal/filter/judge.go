package filter

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/filter/corpus"
	"github.com/veto-gate/veto/internal/gate"
)

// judge asks the decider, counts, and says of each group of rows which are kept.
type judge struct {
	c        Config
	decider  Decider
	fields   Fields
	count    *tally
	start    time.Time
	progress *pacer
	masked   hash.Hash // of what is said of redactions, row by row that is kept
}

func newJudge(c Config, d Decider, fields Fields, rows int64) *judge {
	start := c.Now()
	return &judge{c: c, decider: d, fields: fields, count: newTally(c.Purpose, c.Replay, fields), start: start, progress: newPacer(c, start, rows), masked: sha256.New()}
}

func (j *judge) decideAll(ctx context.Context, batches <-chan corpus.Batch, free chan<- []*vetov1.Item, parts chan<- corpus.Part) error {
	p := corpus.Part{}
	for b := range batches {
		answer, err := j.decider.Decide(ctx, b.Items)
		if err == nil {
			err = j.take(b, answer, &p)
		}
		if err != nil {
			return fmt.Errorf("decide rows %d to %d: %w", j.count.offered+1, j.count.offered+int64(len(b.Items)), err)
		}
		free <- b.Items // there is always room: it is one of batchesInFlight
		j.progress.at(j.count.offered, j.count.included)
		if !b.Last {
			continue
		}
		p.Group, p.Raw, p.Ends = b.Group, b.Raw, b.Ends
		if err := corpus.Send(ctx, parts, p); err != nil {
			return err
		}
		p = corpus.Part{}
	}
	return ctx.Err()
}

// verdict is what becomes of one row.
type verdict struct {
	reason    vetov1.Reason
	outcome   vetov1.Outcome
	violation *vetov1.Violation
	redact    []int32
}

// take counts an answer and marks the rows that are kept. An answer that does not fit its batch is an error, and nothing of it is used.
func (j *judge) take(b corpus.Batch, a Answer, p *corpus.Part) error {
	verdicts, err := readAnswer(b, a)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		if v.outcome == vetov1.Outcome_OUTCOME_INCLUDE_REDACTED && len(v.redact) == 0 && j.c.AcceptRedactions {
			return fmt.Errorf("item %d may be used once somebody is masked, and the answer does not say who", i)
		}
	}
	j.count.decidedAt(a.Revision, a.PolicyVersion)
	for i, v := range verdicts {
		j.count.add(b.Items[i], v.reason, v.outcome, v.violation)
		keep := v.outcome == vetov1.Outcome_OUTCOME_INCLUDE || v.outcome == vetov1.Outcome_OUTCOME_INCLUDE_REDACTED && j.c.AcceptRedactions
		if keep {
			j.mask(p, v.redact)
		}
		if !keep || j.c.again && len(v.redact) > 0 {
			err := j.c.Excluded(exclusion(j.count.offered, b.Items[i], v))
			if err != nil {
				return err
			}
		}
		p.Keep.Append(keep)
	}
	return nil
}

// readAnswer puts together what is said of each row.
func readAnswer(b corpus.Batch, a Answer) ([]verdict, error) {
	if len(a.Reasons) != len(b.Items) {
		return nil, fmt.Errorf("%d items were sent and %d reasons came back", len(b.Items), len(a.Reasons))
	}
	verdicts := make([]verdict, len(b.Items))
	for i, reason := range a.Reasons {
		verdicts[i] = verdict{reason: reason, outcome: gate.Outcome(reason)} // by its range: a reason younger than this program is read safely
	}
	at := func(what string, index int32) (*verdict, error) {
		if index < 0 || int(index) >= len(verdicts) {
			return nil, fmt.Errorf("%d items were sent and a %s of item %d came back", len(verdicts), what, index)
		}
		return &verdicts[index], nil
	}
	for _, v := range a.Violations {
		to, err := at("violation", v.GetIndex())
		if err != nil {
			return nil, err
		}
		to.violation = v.GetViolation()
	}
	for _, r := range a.Redactions {
		to, err := at("redaction", r.GetIndex())
		if err != nil {
			return nil, err
		}
		to.redact = r.GetPositions()
	}
	for i := range verdicts {
		v := &verdicts[i]
		if len(v.redact) > 0 && v.outcome != vetov1.Outcome_OUTCOME_INCLUDE_REDACTED {
			return nil, fmt.Errorf("the answer says whom to mask in item %d, which may not be used, or whole", i)
		}
	}
	for _, v := range b.Violations {
		// The reader knows better than the gate what is wrong, and that something is.
		if to := &verdicts[v.GetIndex()]; to.reason != vetov1.Reason_REASON_NO_POLICY {
			*to = verdict{reason: vetov1.Reason_REASON_INVALID, outcome: vetov1.Outcome_OUTCOME_INVALID, violation: v.GetViolation()}
		}
	}
	return verdicts, nil
}

// mask notes whom to mask in the next row that is kept.
func (j *judge) mask(p *corpus.Part, positions []int32) {
	if len(positions) > 0 {
		if p.Redact == nil {
			p.Redact = map[int64][]int32{}
		}
		p.Redact[p.Keep.Rows] = positions
	}
	text := binary.AppendUvarint(nil, uint64(len(positions)))
	for _, n := range positions {
		text = binary.AppendUvarint(text, uint64(n))
	}
	_, _ = j.masked.Write(text) // a hash takes everything
}

// redactions sums what was said of redactions; empty where there is no column for them.
func (j *judge) redactions() string {
	if !j.c.AcceptRedactions {
		return ""
	}
	return hex.EncodeToString(j.masked.Sum(nil))
}

func exclusion(row int64, item *vetov1.Item, v verdict) Exclusion {
	return Exclusion{
		Row: row, ItemID: item.GetItemId(), Reason: reasonName(v.reason), Redact: v.redact,
		Field: v.violation.GetField(), Message: v.violation.GetMessage(),
	}
}

// report counts up. rows is how many the corpus has, -1 where only reading it tells.
func (j *judge) report(first Answer, rows int64) (Report, error) {
	if j.count.offered == 0 {
		j.count.decidedAt(first.Revision, first.PolicyVersion)
	}
	if rows < 0 {
		rows = j.count.offered
	}
	return j.count.report(rows, j.c.Now().Sub(j.start))
}
