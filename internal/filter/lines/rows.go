package lines

import (
	"errors"
	"fmt"
	"io"

	"github.com/veto-gate/veto/internal/filter/corpus"
)

// Rows reads a text row by row, for whoever has other things in it than items.
type Rows struct {
	options Options
	split   *splitter
	cells   cells
	names   []string
}

// Row is one row of a text.
type Row struct {
	// Cells are those of a table's row.
	Cells []string
	// Text is that of a JSON Lines row. It is good until the next row.
	Text []byte
	// Wrong says why it is no row; then it has neither.
	Wrong string
}

// NewRows begins to read, past a byte order mark and a table's names. Its errors are of the stream, or match corpus.ErrDamaged.
func NewRows(from io.Reader, o Options) (*Rows, error) {
	r := &Rows{options: o, split: newSplitter(from, o), cells: newCells(rune(o.Comma))}
	if _, err := r.split.mark(); err != nil || o.Comma == 0 {
		return r, err
	}
	first, err := r.split.next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it is empty; a table begins with the names of its columns", corpus.ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	if r.names, err = r.cells.record(first.text); err != nil || first.wrong != "" {
		return nil, fmt.Errorf("%w: its first line does not read as the names of its columns", corpus.ErrDamaged)
	}
	r.split.cells = len(r.names)
	return r, nil
}

// Names are a table's, in its order.
func (r *Rows) Names() []string { return r.names }

// Next is the next row; io.EOF after the last one.
func (r *Rows) Next() (Row, error) {
	one, err := r.split.next()
	switch {
	case err != nil:
		return Row{}, err
	case one.wrong != "":
		return Row{Wrong: one.wrong}, nil
	case r.options.Comma == 0:
		return Row{Text: one.text}, nil
	}
	record, err := r.cells.record(one.text)
	switch {
	case err != nil:
		return Row{Wrong: badForm}, nil //nolint:nilerr // a bad row is a row
	case len(record) != len(r.names):
		return Row{Wrong: fmt.Sprintf("it has %d cells, and the table %d columns", len(record), len(r.names))}, nil
	}
	return Row{Cells: record}, nil
}
