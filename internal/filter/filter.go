// Package filter takes a corpus through the gate: a Parquet file in, the rows that may be used out, and a report that counts every row once.
//
// What it promises:
//
//   - A row is written only if the decider answered INCLUDE for it. An unknown reason, a row without an answer, an error: not written.
//   - Every column of a written row, also one that no field of an item uses, has the value it had: the same physical and logical type, the same
//     nulls and nesting, the same metadata. Values are copied below Arrow, at the level of Parquet's own values and levels, so nothing is
//     converted on the way. Row order is kept.
//   - The output appears under its name whole or not at all. It is written beside its place as `.NAME.partial-…`, synced, and renamed at the end.
//   - offered = included + redacted + excluded by reason + invalid, or the run fails.
//   - Memory does not grow with the corpus: a batch of rows, a mask of a bit for each row of a few row groups, and one column's pages.
//
// Reading, deciding and writing overlap; every goroutine ends before Run returns.
package filter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/veto-gate/veto/internal/columns"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// MaxBatchRows is the most items that a decider is handed at once: what BatchDecide and StreamDecide take.
const MaxBatchRows = 10_000

const defaultBatchRows = 8192

// A Decider decides batches of items for one purpose, without redactions: nothing here can mask a subject.
//
// Decide blocks until the answer is there or ctx ends, is called by one goroutine at a time, in the order of the rows, and may neither keep nor
// change the items after it returns. The first call has no items: it is there to refuse what no item could make right, such as a purpose, and its
// answer has the revision and the policy version alone. Any error ends the run without an output.
type Decider interface {
	Decide(ctx context.Context, items []*vetov1.Item) (Answer, error)
}

// Answer is what a decider says of a batch.
type Answer struct {
	// Reasons has one entry for each item, in their order. Another count is an error.
	Reasons []vetov1.Reason
	// Violations say for the INVALID items which field is at fault. Their index is the position in the batch.
	Violations []*vetov1.IndexedViolation
	// Revision of the register that the whole batch was decided at.
	Revision uint64
	// PolicyVersion that decided; 0 where no policy is active.
	PolicyVersion uint64
}

// Fields tell a decider which of an item's fields the corpus fills. Both go to the server as they are.
type Fields struct {
	// Mapped are the names of Item's fields that a column fills (`mapped_fields`), sorted.
	Mapped []string
	// Absent are the names of Item's fields that the caller said the corpus does not have (`absent_fields`), sorted.
	Absent []string
}

// Config says what a run reads, asks and writes.
type Config struct {
	// In is the path of the Parquet file to read. Required.
	In string
	// Out is the path of the Parquet file to write. Required, in a folder that exists; never the same file as In.
	Out string
	// Overwrite allows Out to be replaced. False: an existing Out is refused with ErrExists before anything is read.
	Overwrite bool
	// Purpose is printed in the report; the decider knows it by itself. May be empty.
	Purpose string
	// Mapping says which column fills which field. Zero: columns have the fields' names, and no field is named absent.
	Mapping columns.Mapping
	// Open makes the decider once the corpus's schema is known and its columns are mapped. Required. Called once, before the first batch.
	// The decider is the caller's to close, after Run.
	Open func(ctx context.Context, fields Fields) (Decider, error)
	// BatchRows is how many rows are decided at once, 1 to MaxBatchRows. 0: 8192.
	BatchRows int
	// Progress is told how far the run is, at most ten times a second and once at the end, always by one goroutine at a time. It must not
	// block: the run waits for it. Nil: nobody is told.
	Progress func(Progress)
	// Now is the clock of rates and durations. Nil: time.Now.
	Now func() time.Time
	// CreatedBy is written into the output's footer as the writing program, e.g. "veto version 0.1.0". Empty: "veto".
	CreatedBy string
}

// validate returns every fault of a Config, and fills in what zero stands for.
func (c *Config) validate() error {
	var faults []error
	if c.In == "" {
		faults = append(faults, errors.New("no input is named"))
	}
	if c.Out == "" {
		faults = append(faults, errors.New("no output is named"))
	}
	if c.Open == nil {
		faults = append(faults, errors.New("there is nobody to decide: Open is nil"))
	}
	if c.BatchRows < 0 || c.BatchRows > MaxBatchRows {
		faults = append(faults, fmt.Errorf("batches of %d rows: want 1 to %d, or 0 for %d", c.BatchRows, MaxBatchRows, defaultBatchRows))
	}
	if c.BatchRows == 0 {
		c.BatchRows = defaultBatchRows
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.CreatedBy == "" {
		c.CreatedBy = "veto"
	}
	return errors.Join(faults...)
}

// Progress says how far a run is.
type Progress struct {
	// Rows that were decided so far.
	Rows int64
	// Total rows of the corpus.
	Total int64
	// Included rows so far.
	Included int64
	// RowsPerSecond since the start, decided.
	RowsPerSecond float64
}

// ErrExists is returned where Out is there already and Overwrite is false.
var ErrExists = errors.New("the output exists already")

// ErrSameFile is returned where Out is the file that In names.
var ErrSameFile = errors.New("input and output are the same file")

// ErrDamaged is returned where In is no Parquet file, or one that cannot be read to its end. Its text says where.
var ErrDamaged = errors.New("not a readable Parquet file")
