package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/veto-gate/veto/internal/filter/corpus"
)

// maxParts bounds how many row groups' masks are held where each has next to no row that is kept.
const maxParts = 64

// WriteAll writes the parts that come. Where rows were dropped it puts several of the input's row groups into one, so that the output's are no
// smaller than they need be; none gets bigger than the input's biggest.
func (s *Source) WriteAll(ctx context.Context, to io.Writer, parts <-chan corpus.Part) error {
	meta := s.copy.MetaData()
	root, notes, err := s.outputSchema()
	if err != nil {
		return err
	}
	w, err := file.NewParquetWriterWithError(to, root, file.WithWriterProps(writerProperties(meta, s.options.CreatedBy)), file.WithWriteMetadata(notes))
	if err != nil {
		return fmt.Errorf("begin the output: %w", err)
	}
	most := int64(0)
	for g := range s.copy.NumRowGroups() {
		most = max(most, meta.RowGroup(g).NumRows())
	}
	var pending []corpus.Part
	var rows int64
	for p := range parts {
		if p.Keep.Kept == 0 {
			continue
		}
		if rows+p.Keep.Kept > most || len(pending) == maxParts {
			if err := writeGroup(ctx, s.copy, w, pending); err != nil {
				return err
			}
			pending, rows = pending[:0], 0
		}
		pending, rows = append(pending, p), rows+p.Keep.Kept
	}
	if err := ctx.Err(); err != nil {
		return err // the channel was closed because the others gave up
	}
	if err := writeGroup(ctx, s.copy, w, pending); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("write the output's footer: %w", err)
	}
	return nil
}

// writerProperties keep what the input's columns were stored with: codec, dictionaries, the order that its rows are sorted by.
func writerProperties(meta *metadata.FileMetaData, createdBy string) *parquet.WriterProperties {
	props := []parquet.WriterProperty{
		parquet.WithCreatedBy(createdBy),
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCompression(compress.Codecs.Zstd),
	}
	if len(meta.RowGroups) == 0 {
		return parquet.NewWriterProperties(props...)
	}
	first := meta.RowGroup(0)
	sorting := first.SortingColumns()
	for g := range meta.RowGroups {
		if !slices.Equal(sorting, meta.RowGroup(g).SortingColumns()) {
			sorting = nil // what holds for one row group only cannot be said of those that are put together
		}
	}
	props = append(props, parquet.WithSortingColumns(sorting))
	for c := range meta.Schema.NumColumns() {
		path := meta.Schema.Column(c).Path()
		chunk, err := first.ColumnChunk(c)
		if err != nil {
			continue // the copy of this column will say what is wrong with it
		}
		props = append(props, parquet.WithDictionaryFor(path, chunk.HasDictionaryPage()))
		if writable(chunk.Compression()) {
			props = append(props, parquet.WithCompressionFor(path, chunk.Compression()))
		}
	}
	return parquet.NewWriterProperties(props...)
}

// writable reports whether a codec can be written: some can be read only.
func writable(codec compress.Compression) bool {
	if codec == compress.Codecs.Uncompressed {
		return true
	}
	_, err := compress.GetCodec(codec)
	return err == nil && codec != compress.Codecs.Lz4 // two formats went under that name: readers disagree
}

// writeGroup writes one row group, column by column: no more than one column's pages are held.
func writeGroup(ctx context.Context, from *file.Reader, w *file.Writer, parts []corpus.Part) error {
	if len(parts) == 0 {
		return nil
	}
	group, err := w.AppendRowGroupChecked()
	if err != nil {
		return fmt.Errorf("begin a row group: %w", err)
	}
	for c := range w.NumColumns() {
		name := w.Schema.Column(c).Path()
		to, err := group.NextColumn()
		if err != nil {
			return fmt.Errorf("write the column before %s: %w", name, err)
		}
		kept := int64(0)
		if c >= from.MetaData().Schema.NumColumns() { // the one that the input does not have
			if err := writeRedactions(to, parts); err != nil {
				return fmt.Errorf("write column %s: %w", name, err)
			}
			continue
		}
		for i := range parts {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := guarded(func() error { return copyColumn(from, c, &parts[i], to) })
			if err != nil {
				return fmt.Errorf("copy column %s of row group %d: %w", name, parts[i].Group, err)
			}
			kept += parts[i].Keep.Kept
		}
		if int64(to.RowsWritten()) != kept {
			return fmt.Errorf("copy column %s: %d rows are kept and %d were written", name, kept, to.RowsWritten())
		}
	}
	if err := group.Close(); err != nil {
		return fmt.Errorf("end a row group: %w", err)
	}
	return nil
}

// valueReader and valueWriter are what the Parquet library's readers and writers of one physical type have in common.
type (
	valueReader[T any] interface {
		file.ColumnChunkReader
		ReadBatchInPage(batchSize int64, values []T, defLevels, repLevels []int16) (levels int64, read int, err error)
	}
	valueWriter[T any] interface {
		WriteBatch(values []T, defLevels, repLevels []int16) (int64, error)
	}
)

// copyColumn copies the kept rows of one column of one row group.
func copyColumn(from *file.Reader, column int, p *corpus.Part, to file.ColumnChunkWriter) (err error) {
	chunk, err := from.RowGroup(p.Group).Column(column)
	if err != nil {
		return damaged(err)
	}
	defer func() { err = errors.Join(err, damaged(chunk.Close())) }()
	switch r := chunk.(type) {
	case *file.BooleanColumnChunkReader:
		return copyValues[bool](r, to, &p.Keep)
	case *file.Int32ColumnChunkReader:
		return copyValues[int32](r, to, &p.Keep)
	case *file.Int64ColumnChunkReader:
		return copyValues[int64](r, to, &p.Keep)
	case *file.Int96ColumnChunkReader:
		return copyValues[parquet.Int96](r, to, &p.Keep)
	case *file.Float32ColumnChunkReader:
		return copyValues[float32](r, to, &p.Keep)
	case *file.Float64ColumnChunkReader:
		return copyValues[float64](r, to, &p.Keep)
	case *file.ByteArrayColumnChunkReader:
		return copyValues[parquet.ByteArray](r, to, &p.Keep)
	case *file.FixedLenByteArrayColumnChunkReader:
		return copyValues[parquet.FixedLenByteArray](r, to, &p.Keep)
	default:
		return fmt.Errorf("a column of type %s cannot be copied", chunk.Type())
	}
}

// levelsAtOnce is how many values are read before they are written.
const levelsAtOnce = 4096

// copyValues copies values and levels as they are stored: a level of repetition 0 begins a row, and the rows that are not kept are left out. The
// values may lie in the reader's page, so each piece is written before the next one is read.
func copyValues[T any](from valueReader[T], to file.ColumnChunkWriter, keep *corpus.Mask) error {
	w, ok := to.(valueWriter[T])
	if !ok {
		return fmt.Errorf("a column of type %s cannot be written as %s", from.Type(), to.Type())
	}
	p := piece[T]{values: make([]T, levelsAtOnce), most: from.Descriptor().MaxDefinitionLevel(), row: -1}
	if p.most > 0 {
		p.def = make([]int16, levelsAtOnce)
	}
	if from.Descriptor().MaxRepetitionLevel() > 0 {
		p.rep = make([]int16, levelsAtOnce)
	}
	for from.HasNext() {
		levels, read, err := from.ReadBatchInPage(levelsAtOnce, p.values, p.def, p.rep)
		if err != nil {
			return damaged(err)
		}
		kept, values, err := p.compact(int(levels), read, keep)
		if err != nil {
			return err
		}
		if kept == 0 {
			continue
		}
		if _, err := w.WriteBatch(p.values[:values], upTo(p.def, kept), upTo(p.rep, kept)); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	if err := from.Err(); err != nil {
		return damaged(err)
	}
	if p.row+1 != keep.Rows {
		return fmt.Errorf("%w: the column has %d rows of %d", corpus.ErrDamaged, p.row+1, keep.Rows)
	}
	return nil
}

func upTo(levels []int16, n int) []int16 {
	if levels == nil {
		return nil
	}
	return levels[:n]
}

// piece is some levels of a column and their values. Levels that a column does not have are nil.
type piece[T any] struct {
	values   []T
	def, rep []int16
	most     int16 // the definition level that has a value
	row      int64 // the row that the last level belongs to; -1 before the first
	keeping  bool  // whether that row is kept: a row may go on in the next piece
}

// compact moves what is kept to the front and returns how many levels and values that is.
func (p *piece[T]) compact(levels, read int, keep *corpus.Mask) (kept, values int, err error) {
	if levels == 0 {
		return 0, 0, fmt.Errorf("%w: a page ends before its values", corpus.ErrDamaged)
	}
	value := 0
	for i := range levels {
		if p.rep == nil || p.rep[i] == 0 {
			p.row++
			if p.row >= keep.Rows {
				return 0, 0, fmt.Errorf("%w: the column has more rows than the %d of its row group", corpus.ErrDamaged, keep.Rows)
			}
			p.keeping = keep.Has(p.row)
		}
		present := p.def == nil || p.def[i] == p.most
		if present && value >= read {
			return 0, 0, fmt.Errorf("%w: a page has fewer values than its levels say", corpus.ErrDamaged)
		}
		if p.keeping {
			if p.def != nil {
				p.def[kept] = p.def[i]
			}
			if p.rep != nil {
				p.rep[kept] = p.rep[i]
			}
			kept++
			if present {
				p.values[values] = p.values[value]
				values++
			}
		}
		if present {
			value++
		}
	}
	if value != read {
		return 0, 0, fmt.Errorf("%w: a page has more values than its levels say", corpus.ErrDamaged)
	}
	return kept, values, nil
}
