// Package filter takes a corpus through the gate: Parquet, CSV or JSON Lines in, the rows that may be used out, and a report that counts every row once.
//
// What it promises:
//
//   - A row is written only if the decider answered INCLUDE for it. An unknown reason, a row without an answer, an error: not written.
//   - A written row is as it was: in text byte for byte, in Parquet value for value, of every column (packages lines and columnar). Row order is kept.
//   - The output appears under its name whole or not at all. It is written beside its place as `.NAME.partial-…`, synced, and renamed at the end;
//     OUT.veto.json, by which it can be decided again, is there before it.
//   - offered = included + redacted + excluded by reason + invalid, or the run fails.
//   - Memory does not grow with the corpus: a few batches of rows, a mask of a bit for each row of a few row groups, and one column's pages.
//
// Reading, deciding and writing overlap; every goroutine ends before Run returns.
package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter/corpus"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// MaxBatchRows is the most items that a decider is handed at once: what BatchDecide and StreamDecide take.
const MaxBatchRows = 10_000

const defaultBatchRows = 8192

const (
	defaultMaxRowBytes = 16 << 20
	maxMaxRowBytes     = 1 << 30
)

// A Decider decides batches of items for one purpose, with redactions where Config.Redactions names a column for them.
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
	// Redactions say which subjects are to be masked in the items that may be used so. Their index is the position in the batch.
	Redactions []*vetov1.IndexedRedaction
	// Violations say for the INVALID items which field is at fault. Their index is the position in the batch.
	Violations []*vetov1.IndexedViolation
	// Revision of the register that the whole batch was decided at.
	Revision uint64
	// PolicyVersion that decided; 0 where no policy is active.
	PolicyVersion uint64
}

// Fields tell a decider which of an item's fields the corpus fills. Mapped and Absent go to the server as they are.
type Fields = corpus.Fields

// Config says what a run reads, asks and writes.
type Config struct {
	// In is the path of the corpus, Std for Stdin. Required.
	In string
	// Out is the path of the file to write, in a folder that exists; never the same file as In; Std for Stdout. Required, but for a DryRun.
	Out string
	// Stdin and Stdout are what Std stands for.
	Stdin  io.Reader
	Stdout io.Writer
	// Format of the corpus and of the output. Empty: the name of In tells it.
	Format Format
	// MaxRowBytes is the longest row of text that is read; a longer one is INVALID. 0: 16 MiB.
	MaxRowBytes int
	// Redactions is the name of a column to add to the output, with the positions of the other subjects that are to be masked in each row; rows that may be
	// used only so are then written. Empty: they are not.
	Redactions string
	// AcceptRedactions keeps rows that may be used only once somebody is masked. Redactions implies it; without a column it makes sense in a DryRun alone.
	AcceptRedactions bool
	// DryRun decides and counts, and writes no output.
	DryRun bool
	// Excluded takes each row that is not written, in order. Nil: nobody is told. An error ends the run.
	Excluded func(Exclusion) error
	// Replay says that the decider decides as of another time; it is written into the manifest. Nil: as of now.
	Replay *Replay
	// Overwrite allows Out to be replaced. False: an existing Out is refused with ErrExists before anything is read.
	Overwrite bool
	// Purpose is printed in the report; the decider knows it by itself. May be empty.
	Purpose string
	// Mapping says which column fills which field. Zero: columns have the fields' names, and no field is named absent.
	Mapping columns.Mapping
	// Open makes the decider once the corpus's schema is known and its columns are mapped. Required. Called once, before the first batch.
	// A decider that is an io.Closer is closed at the end of the run.
	Open func(ctx context.Context, fields Fields) (Decider, error)
	// BatchRows is how many rows are decided at once, 1 to MaxBatchRows. 0: 8192.
	BatchRows int
	// Progress is told how far the run is, at most ten times a second and once at the end, always by one goroutine at a time. It must not
	// block: the run waits for it. Nil: nobody is told.
	Progress func(Progress)
	// Now is the clock of rates and durations. Nil: time.Now.
	Now func() time.Time
	// again says that the corpus is the output of an earlier run.
	again bool
	// CreatedBy is written into the output's footer as the writing program, e.g. "veto version 0.1.0". Empty: "veto".
	CreatedBy string
}

// validate returns every fault of a Config, and fills in what zero stands for.
func (c *Config) validate() error {
	var faults []error
	if c.In == "" {
		faults = append(faults, errors.New("no input is named"))
	}
	if c.Out == "" && !c.DryRun {
		faults = append(faults, errors.New("no output is named"))
	}
	if c.Format == "" {
		c.Format = FormatOf(c.In)
	}
	if !slices.Contains(Formats(), c.Format) && c.In != "" {
		faults = append(faults, errFormat(c.In))
	}
	if out := FormatOf(c.Out); out != "" && c.Format != "" && out != c.Format && !c.DryRun {
		faults = append(faults, fmt.Errorf("the output's name says %s, and the corpus is %s: rows are written as they were read, so give both one format", out, c.Format))
	}
	if c.MaxRowBytes < 0 || c.MaxRowBytes > maxMaxRowBytes {
		faults = append(faults, fmt.Errorf("rows of %d bytes: want 1 to %d, or 0 for %d", c.MaxRowBytes, maxMaxRowBytes, defaultMaxRowBytes))
	}
	if c.MaxRowBytes == 0 {
		c.MaxRowBytes = defaultMaxRowBytes
	}
	c.AcceptRedactions = c.AcceptRedactions || c.Redactions != ""
	if c.AcceptRedactions && c.Redactions == "" && !c.DryRun {
		faults = append(faults, errors.New("rows would be written that may be used only once somebody is masked, and nothing would say whom: name a column for redactions"))
	}
	if c.Excluded == nil {
		c.Excluded = func(Exclusion) error { return nil }
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
	// Total rows of the corpus; -1: not known yet.
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

// ErrDamaged is returned where In is not of its format, or cannot be read to its end. Its text says where.
var ErrDamaged = corpus.ErrDamaged

// Exclusion is a row that was not written.
type Exclusion struct {
	// Row is its position in the corpus, from 1.
	Row int64
	// ItemID is the item's id, as it was read; empty where it could not be.
	ItemID string
	// Reason without its prefix, e.g. `OBJECTED`; `INVALID` where Field and Message say what could not be read.
	Reason         string
	Field, Message string
	// Redact are the subjects that would have to be masked, of a row that may be used only so.
	Redact []int32
}
