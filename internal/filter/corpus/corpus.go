// Package corpus says what a corpus of any format has in common for a filter: it is read as batches of items, and the rows that are kept are written
// again as they were. The formats stand beside it: columnar (Parquet) and lines (CSV, JSON Lines).
package corpus

import (
	"context"
	"errors"
	"io"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/columns"
)

// ErrDamaged is returned where a corpus is not of its format, or cannot be read to its end. The text says where.
var ErrDamaged = errors.New("not a readable corpus")

// A Source is one corpus. Its methods are called in this order, each once; ReadAll and WriteAll run beside each other, on a goroutine each. What it
// returns of a corpus that cannot be read is ErrDamaged.
type Source interface {
	// Bind holds the mapping against the corpus's columns. The error is a *columns.MappingError where it does not fit.
	Bind(m columns.Mapping, batchRows int) (Fields, error)
	// Rows is how many rows the corpus has; -1: that is known only at its end.
	Rows() int64
	// ReadAll hands on all rows in order. It takes the lists of items from free, where as many lie as batches may be under way.
	ReadAll(ctx context.Context, free <-chan []*vetov1.Item, to chan<- Batch) error
	// WriteAll writes the rows that the parts keep, in order.
	WriteAll(ctx context.Context, to io.Writer, parts <-chan Part) error
	// Finish says what can be said only of a corpus that was read whole: that it changed meanwhile, or that a column which was named is not there.
	Finish() error
	// Close lets go of the corpus.
	Close()
}

// Fields tell which of an item's fields a corpus fills.
type Fields struct {
	// Mapped are the names of Item's fields that a column fills or the mapping sets, Absent those that the mapping calls absent; both sorted.
	Mapped, Absent []string
	// Silent are the signals that are named absent one by one, sorted.
	Silent []string
	// Columns has the name of the column of each field that one fills.
	Columns map[string]string
}

// Batch is some rows on their way to the decider.
type Batch struct {
	// Group of rows that the batch is of; Last says that it is its group's last one. A part is made of a group.
	Group int
	Last  bool
	// Items, one for each row.
	Items []*vetov1.Item
	// Violations tell of rows whose values could not be read, in the order of rows, one for each at most. Such a row is INVALID, whatever is decided.
	Violations []*vetov1.IndexedViolation
	// Raw are the rows' bytes where the corpus is text: row n ends before Ends[n].
	Raw  []byte
	Ends []int
}

// Part is a group of rows and what becomes of each.
type Part struct {
	Group int
	Keep  Mask
	// Redact has the positions of the subjects that are to be masked, by the row's place in the group.
	Redact map[int64][]int32
	// Raw and Ends are the batch's.
	Raw  []byte
	Ends []int
}

// Mask says of the rows of a group, in their order, which are kept. The zero Mask has no row.
type Mask struct {
	bits []uint64
	// Rows that the mask speaks of, and how many of them are kept.
	Rows, Kept int64
}

// Append adds the next row.
func (m *Mask) Append(keep bool) {
	if m.Rows%64 == 0 {
		m.bits = append(m.bits, 0)
	}
	if keep {
		m.bits[m.Rows/64] |= 1 << (m.Rows % 64)
		m.Kept++
	}
	m.Rows++
}

// Has reports whether a row is kept; row is below Rows.
func (m *Mask) Has(row int64) bool { return m.bits[row/64]&(1<<(row%64)) != 0 }

// Send hands a value on, or ends with ctx.
func Send[T any](ctx context.Context, to chan<- T, value T) error {
	select {
	case to <- value:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
