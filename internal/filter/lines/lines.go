// Package lines reads and writes corpora of text: CSV and JSON Lines, also compressed, from files and from standard input.
//
// What is kept is written as it was read, byte for byte: quotes, spaces, line endings, a byte order mark. A row that cannot be read is INVALID, and the
// rows around it are decided as if it were not there. No row takes more memory than Options.MaxRowBytes.
package lines

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter/corpus"
)

// Options say what a corpus of text looks like.
type Options struct {
	// Comma is what stands between the cells of a table: ',' or '\t'. 0: the corpus is JSON Lines.
	Comma byte
	// MaxRowBytes is the longest row that is read; a longer one is INVALID. At least 1.
	MaxRowBytes int
	// Redactions is the name of the column to add for the positions of subjects that are to be masked. Empty: none.
	Redactions string
}

// batchBytes is how much text a batch holds at most, but for its last row.
const batchBytes = 4 << 20

// Source is a corpus of text.
type Source struct {
	options Options
	closer  io.Closer
	split   *splitter
	cells   cells
	item    func(text []byte, item *vetov1.Item) *vetov1.Violation
	objects *columns.ObjectReader // of JSON Lines
	head    []byte                // what stands before the first row: byte order mark, the names of a table
	first   []row                 // rows that Bind had to look at
	limit   int                   // rows in a batch
}

var _ corpus.Source = (*Source)(nil)

// row is the bytes of one row, with its line ending.
type row struct {
	text  []byte
	wrong string // why it is no row; then it has no text
}

// Open reads a corpus from a stream, which Close closes.
func Open(from io.ReadCloser, o Options) *Source {
	return &Source{options: o, closer: from, split: newSplitter(from, o), cells: newCells(rune(o.Comma))}
}

// Bind holds the mapping against the names in a table's first line, or those of the first JSON objects.
func (s *Source) Bind(m columns.Mapping, batchRows int) (corpus.Fields, error) {
	s.limit = batchRows
	mark, err := s.split.mark()
	if err != nil {
		return corpus.Fields{}, err
	}
	s.head = mark
	if s.options.Comma != 0 {
		return s.bindTable(m)
	}
	return s.bindObjects(m)
}

func (s *Source) bindTable(m columns.Mapping) (corpus.Fields, error) {
	first, err := s.split.next()
	if errors.Is(err, io.EOF) {
		return corpus.Fields{}, fmt.Errorf("%w: it is empty; a table begins with the names of its columns", corpus.ErrDamaged)
	}
	if err != nil {
		return corpus.Fields{}, err
	}
	header, err := s.cells.record(first.text)
	if err != nil || first.wrong != "" {
		return corpus.Fields{}, fmt.Errorf("%w: its first line does not read as the names of its columns", corpus.ErrDamaged)
	}
	s.split.cells = len(header)
	reader, err := columns.NewTextReader(header, m)
	if err != nil {
		return corpus.Fields{}, fmt.Errorf("map columns to fields: %w", err)
	}
	if name := s.options.Redactions; name != "" {
		if slices.Contains(header, name) {
			return corpus.Fields{}, fmt.Errorf("--redactions %s: the corpus has a column of that name: choose another", name)
		}
		first.text = appendCell(slices.Clone(first.text), s.options.Comma, name)
	}
	s.head = append(s.head, first.text...)
	s.item = func(text []byte, item *vetov1.Item) *vetov1.Violation {
		record, err := s.cells.record(text)
		if err != nil {
			item.Reset()
			return &vetov1.Violation{Field: "row", Message: badForm}
		}
		return reader.Item(record, item)
	}
	return corpus.Fields{Mapped: reader.Mapped(), Absent: reader.Absent(), Silent: reader.SilentSignals(), Columns: reader.ByColumn()}, nil
}

// bindObjects reads a batch of rows first, for their names.
func (s *Source) bindObjects(m columns.Mapping) (corpus.Fields, error) {
	var names []string
	seen := map[string]bool{}
	for size := 0; len(s.first) < s.limit && size < batchBytes; {
		r, err := s.split.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return corpus.Fields{}, err
		}
		size += len(r.text)
		s.first = append(s.first, row{slices.Clone(r.text), r.wrong})
		for _, name := range columns.Names(r.text) {
			if !seen[name] && len(seen) < maxNames {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	if name := s.options.Redactions; name != "" && seen[name] {
		return corpus.Fields{}, fmt.Errorf("--redactions %s: the corpus has a column of that name: choose another", name)
	}
	reader, err := columns.NewObjectReader(names, m)
	if err != nil {
		return corpus.Fields{}, fmt.Errorf("map columns to fields: %w", err)
	}
	if s.options.Redactions != "" {
		reader.Reserve(s.options.Redactions)
	}
	s.objects, s.item = reader, reader.Item
	return corpus.Fields{Mapped: reader.Mapped(), Absent: reader.Absent(), Silent: reader.SilentSignals(), Columns: reader.ByColumn()}, nil
}

// maxNames bounds the names of objects that are looked at: an object with more is no item.
const maxNames = 10_000

// Rows is known at the end only.
func (s *Source) Rows() int64 { return -1 }

// ReadAll hands on all rows as batches of items, in order.
func (s *Source) ReadAll(ctx context.Context, free <-chan []*vetov1.Item, to chan<- corpus.Batch) error {
	for group, more := 0, true; more; group++ {
		var items []*vetov1.Item
		select {
		case items = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		b := corpus.Batch{Group: group, Last: true}
		var err error
		if more, err = s.fill(&b, items); err != nil {
			return err
		}
		if len(b.Items) == 0 {
			return nil
		}
		if err := corpus.Send(ctx, to, b); err != nil {
			return err
		}
	}
	return nil
}

// fill reads the next rows; more is false after the last one.
func (s *Source) fill(b *corpus.Batch, items []*vetov1.Item) (more bool, err error) {
	items = items[:cap(items)]
	for len(b.Ends) < s.limit && len(b.Raw) < batchBytes {
		r, err := s.next()
		if errors.Is(err, io.EOF) {
			b.Items = items[:len(b.Ends)]
			return false, nil
		}
		if err != nil {
			return false, err
		}
		n := len(b.Ends)
		if n == len(items) {
			items = append(items, &vetov1.Item{})
		}
		if items[n] == nil {
			items[n] = &vetov1.Item{}
		}
		var wrong *vetov1.Violation
		if r.wrong != "" {
			items[n].Reset()
			wrong = &vetov1.Violation{Field: "row", Message: r.wrong}
		} else {
			wrong = s.item(r.text, items[n])
		}
		if wrong != nil {
			b.Violations = append(b.Violations, &vetov1.IndexedViolation{Index: int32(n), Violation: wrong})
		}
		b.Raw = append(b.Raw, r.text...)
		b.Ends = append(b.Ends, len(b.Raw))
	}
	b.Items = items[:len(b.Ends)]
	return true, nil
}

func (s *Source) next() (row, error) {
	if len(s.first) > 0 {
		r := s.first[0]
		s.first = s.first[1:]
		return r, nil
	}
	return s.split.next()
}

// WriteAll writes the bytes of the rows that are kept.
func (s *Source) WriteAll(ctx context.Context, to io.Writer, parts <-chan corpus.Part) error {
	w := bufio.NewWriterSize(to, batchBytes)
	if _, err := w.Write(s.head); err != nil {
		return fmt.Errorf("write the first line: %w", err)
	}
	for p := range parts {
		begin := 0
		for n, end := range p.Ends {
			text := p.Raw[begin:end]
			begin = end
			if !p.Keep.Has(int64(n)) {
				continue
			}
			if s.options.Redactions != "" {
				text = s.redacted(text, p.Redact[int64(n)])
			}
			if _, err := w.Write(text); err != nil {
				return fmt.Errorf("write a row: %w", err)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err // the channel was closed because the others gave up
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the last rows: %w", err)
	}
	return nil
}

// Finish refuses a mapping to a name that no row had: it was most likely mistyped, and what it was to say was not read.
func (s *Source) Finish() error {
	if s.objects == nil {
		return nil
	}
	if unseen := s.objects.Unseen(); len(unseen) > 0 {
		var faults []string
		for _, name := range unseen {
			faults = append(faults, fmt.Sprintf("no row has %q, which --map names: correct it, or leave it out", name))
		}
		return fmt.Errorf("map columns to fields: %w", &columns.MappingError{Faults: faults})
	}
	return nil
}

// Close lets go of the stream. It was only read, so there is nothing that could be lost.
func (s *Source) Close() { _ = s.closer.Close() }
