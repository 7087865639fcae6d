// Package columnar reads and writes corpora in Parquet.
//
// Values are copied below Arrow, at the level of Parquet's own values and levels, so nothing is converted on the way: every column of a written row, also
// one that no field of an item uses, has the value that it had, of the same physical and logical type, with the same nulls, nesting and metadata.
package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter/corpus"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Source is a corpus in Parquet. Two readers share its file: one decodes the mapped columns for the decision, the other copies the values of all columns,
// a few row groups behind. Each is used by one goroutine.
type Source struct {
	options Options
	handle  *os.File
	opened  os.FileInfo
	decide  *file.Reader
	copy    *file.Reader
	rows    int64
	read    *rowReader
}

var _ corpus.Source = (*Source)(nil)

// Options say how the output is written.
type Options struct {
	// CreatedBy is written into the output's footer as the writing program.
	CreatedBy string
	// Redactions is the name of the column to add for the positions of subjects that are to be masked. Empty: none.
	Redactions string
}

// Open opens the Parquet file of a path.
func Open(path string, o Options) (*Source, error) {
	handle, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the input: %w", err)
	}
	s := &Source{handle: handle, options: o}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), handle.Close())
	}
	return s, nil
}

func (s *Source) open() (err error) {
	if s.opened, err = s.handle.Stat(); err != nil {
		return err
	}
	if !s.opened.Mode().IsRegular() {
		return errors.New("not a regular file; a corpus is read from several places at once")
	}
	if s.opened.Size() == 0 {
		return fmt.Errorf("%w: the file is empty", corpus.ErrDamaged)
	}
	if s.decide, err = s.reader(); err != nil {
		return err
	}
	if s.copy, err = s.reader(); err != nil {
		return err
	}
	for g := range s.decide.NumRowGroups() {
		rows := s.decide.MetaData().RowGroup(g).NumRows()
		if rows < 0 {
			return fmt.Errorf("%w: row group %d says that it has %d rows", corpus.ErrDamaged, g, rows)
		}
		s.rows += rows
	}
	if s.rows != s.decide.NumRows() {
		return fmt.Errorf("%w: it says that it has %d rows, and its row groups have %d", corpus.ErrDamaged, s.decide.NumRows(), s.rows)
	}
	return nil
}

func (s *Source) reader() (r *file.Reader, err error) {
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true // pages as they are needed, never a whole column
	err = guarded(func() error {
		r, err = file.NewParquetReader(io.NewSectionReader(s.handle, 0, s.opened.Size()), file.WithReadProps(props))
		return damaged(err)
	})
	return r, err
}

// Finish reports whether the file still is what was opened. Decisions are made on one pass over it and applied on another: had it changed
// between the two, a row could be written that nobody decided.
func (s *Source) Finish() error {
	now, err := s.handle.Stat()
	if err != nil {
		return fmt.Errorf("look at the input again: %w", err)
	}
	if now.Size() != s.opened.Size() || !now.ModTime().Equal(s.opened.ModTime()) {
		return errors.New("the input was changed while it was read; filter it again once nobody writes to it")
	}
	return nil
}

// Close lets go of the file. It was only read, so there is nothing that could be lost.
func (s *Source) Close() { _ = s.handle.Close() }

// damaged says that an error of the Parquet reader is the file's fault; nil stays nil.
func damaged(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", corpus.ErrDamaged, err)
}

// guarded runs code that decodes what strangers wrote. The Parquet decoder answers some broken files with a panic, which must cost the caller
// this file and not the process.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the decoder stopped: %v", corpus.ErrDamaged, p)
		}
	}()
	return f()
}

// Rows is how many rows the corpus has.
func (s *Source) Rows() int64 { return s.rows }

// ReadAll hands on all rows as batches of items, in order.
func (s *Source) ReadAll(ctx context.Context, free <-chan []*vetov1.Item, to chan<- corpus.Batch) error {
	return s.read.readAll(ctx, free, to)
}

// rowReader reads the mapped columns as items.
type rowReader struct {
	from   *pqarrow.FileReader
	items  *columns.Reader
	leaves []int
}

// Bind holds the mapping against the corpus's schema.
func (s *Source) Bind(m columns.Mapping, batchRows int) (corpus.Fields, error) {
	r := &rowReader{}
	s.read = r
	// What Arrow's writers note of their own types is not read: it is a message within the file that can claim any size, and Parquet's types say
	// all that a field needs. The other reader copies it as it is.
	s.decide.MetaData().FileMetaData.KeyValueMetadata = nil
	var schema *arrow.Schema
	err := guarded(func() (err error) {
		r.from, err = pqarrow.NewFileReader(s.decide, pqarrow.ArrowReadProperties{BatchSize: int64(batchRows)}, memory.DefaultAllocator)
		if err != nil {
			return damaged(err)
		}
		schema, err = r.from.Schema()
		return damaged(err)
	})
	if err != nil {
		return corpus.Fields{}, fmt.Errorf("read the input's schema: %w", err)
	}
	var names []string
	for _, f := range schema.Fields() {
		names = append(names, f.Name)
	}
	if err := s.checkRedactions(names); err != nil {
		return corpus.Fields{}, err
	}
	whole, err := columns.NewReader(schema, m)
	if err != nil {
		return corpus.Fields{}, fmt.Errorf("map columns to fields: %w", err)
	}
	// Only what is mapped is decoded, and the batches then have these columns alone.
	var used []arrow.Field
	for _, column := range whole.Columns() {
		used = append(used, schema.Field(column))
		r.leaves = appendLeaves(r.leaves, &r.from.Manifest.Fields[column])
	}
	if r.items, err = columns.NewReader(arrow.NewSchema(used, nil), m); err != nil {
		return corpus.Fields{}, fmt.Errorf("map columns to fields: %w", err)
	}
	return corpus.Fields{Mapped: r.items.Mapped(), Absent: r.items.Absent(), Silent: r.items.SilentSignals(), Columns: r.items.ByColumn()}, nil
}

// appendLeaves collects the Parquet columns that a column of Arrow is made of.
func appendLeaves(leaves []int, f *pqarrow.SchemaField) []int {
	if len(f.Children) == 0 {
		return append(leaves, f.ColIndex)
	}
	for i := range f.Children {
		leaves = appendLeaves(leaves, &f.Children[i])
	}
	return leaves
}

// readAll hands on all rows as batches of items, in order.
func (r *rowReader) readAll(ctx context.Context, free <-chan []*vetov1.Item, to chan<- corpus.Batch) error {
	for group := range r.from.ParquetReader().NumRowGroups() {
		rows := r.from.ParquetReader().MetaData().RowGroup(group).NumRows()
		if rows == 0 {
			continue
		}
		if err := guarded(func() error { return r.readGroup(ctx, group, rows, free, to) }); err != nil {
			if ctx.Err() != nil {
				return ctx.Err() // the reader's words for it are not the caller's
			}
			return fmt.Errorf("read row group %d: %w", group, err)
		}
	}
	return nil
}

func (r *rowReader) readGroup(ctx context.Context, group int, rows int64, free <-chan []*vetov1.Item, to chan<- corpus.Batch) error {
	from, err := r.from.GetRecordReader(ctx, r.leaves, []int{group})
	if err != nil {
		return damaged(err)
	}
	defer from.Release()
	var read int64
	for from.Next() {
		records := from.RecordBatch()
		read += records.NumRows()
		if read > rows {
			break
		}
		var items []*vetov1.Item
		select {
		case items = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		items = r.items.Items(records, items)
		if err := corpus.Send(ctx, to, corpus.Batch{Group: group, Last: read == rows, Items: items, Violations: r.items.Violations()}); err != nil {
			return err
		}
	}
	if err := from.Err(); err != nil && !errors.Is(err, io.EOF) {
		return damaged(err)
	}
	if read != rows {
		return fmt.Errorf("%w: it says that it has %d rows, and has another count", corpus.ErrDamaged, rows)
	}
	return nil
}
