package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/veto-gate/veto/internal/filter/corpus"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// splitter cuts a stream into rows. A row of a table may go on over several lines within quotes (RFC 4180, 2.6); a quote that is never closed would take
// all that follows with it, so where one breaks the form or the row gets too long, its first line alone is the bad row, and reading goes on with the next.
type splitter struct {
	from   io.Reader
	quotes bool
	comma  byte
	cells  int // of each record; 0: not known yet
	most   int
	buffer []byte // what was read and not handed out
	ended  bool   // nothing is behind the buffer
	held   []byte // the row that was handed out last
}

const readBytes = 256 << 10

func newSplitter(from io.Reader, o Options) *splitter {
	return &splitter{from: from, quotes: o.Comma != 0, comma: o.Comma, most: o.MaxRowBytes}
}

// mark takes a byte order mark away.
func (s *splitter) mark() ([]byte, error) {
	if err := s.more(len(byteOrderMark)); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(s.buffer, byteOrderMark) {
		return nil, nil
	}
	s.buffer = s.buffer[len(byteOrderMark):]
	return byteOrderMark, nil
}

// more reads until the buffer has n bytes or the stream ends.
func (s *splitter) more(n int) error {
	for len(s.buffer) < n && !s.ended {
		if cap(s.buffer)-len(s.buffer) < readBytes {
			grown := make([]byte, len(s.buffer), 2*len(s.buffer)+readBytes)
			copy(grown, s.buffer)
			s.buffer = grown
		}
		got, err := s.from.Read(s.buffer[len(s.buffer):cap(s.buffer)])
		s.buffer = s.buffer[:len(s.buffer)+got]
		switch {
		case errors.Is(err, io.EOF):
			s.ended = true
		case err != nil:
			return fmt.Errorf("%w: %w", corpus.ErrDamaged, err)
		}
	}
	return nil
}

// next is the next row, with its line ending; io.EOF after the last one. Lines of white space alone are none. Its bytes are good until the call after.
func (s *splitter) next() (row, error) {
	for {
		r, err := s.cut()
		if err != nil || r.wrong != "" || len(bytes.TrimSpace(r.text)) > 0 {
			return r, err
		}
	}
}

const (
	tooLong = "longer than a row may be (--max-row-bytes), or begun with a quote that is not closed"
	badForm = "not a record: a quote stands where none may, or is not closed"
)

func (s *splitter) cut() (row, error) {
	looked, at := 0, scan{cells: 1}
	for {
		if err := s.more(looked + 1); err != nil {
			return row{}, err
		}
		if len(s.buffer) == 0 {
			return row{}, io.EOF
		}
		end, fine := s.scan(&at, looked)
		if end == 0 && s.ended {
			end, fine = len(s.buffer), fine && at.place != inQuotes
		}
		switch {
		case !fine, end > 0 && s.swallowed(&at, end):
			return s.badLine(badForm)
		case end > s.most || end == 0 && len(s.buffer) > s.most:
			return s.badLine(tooLong)
		case end > 0:
			return s.take(end), nil
		}
		looked = len(s.buffer)
	}
}

// swallowed tells a record over several lines that has not as many cells as the others: most likely a quote was not closed, and met one far behind.
func (s *splitter) swallowed(at *scan, end int) bool {
	return s.quotes && s.cells > 0 && at.cells != s.cells && bytes.IndexByte(s.buffer[:end-1], '\n') >= 0
}

// scan is where in a record a byte stands, and in which of its cells.
type scan struct {
	place place
	cells int
}

type place uint8

const (
	cellBegins place = iota
	inCell
	inQuotes
	afterQuote // of one that closes a cell, or is doubled
)

// scan looks from a place of the buffer on for the end of the row; 0: it is not there. fine is false where a quote breaks the form.
func (s *splitter) scan(at *scan, from int) (end int, fine bool) {
	if !s.quotes {
		if n := bytes.IndexByte(s.buffer[from:], '\n'); n >= 0 {
			return from + n + 1, true
		}
		return 0, true
	}
	for n := from; n < len(s.buffer); n++ {
		if at.place == inQuotes {
			next := bytes.IndexByte(s.buffer[n:], '"')
			if next < 0 {
				return 0, true
			}
			n += next
			at.place = afterQuote
			continue
		}
		switch c := s.buffer[n]; {
		case c == '\n':
			return n + 1, true
		case c == s.comma:
			at.place = cellBegins
			at.cells++
		case c == '"' && at.place != inCell:
			at.place = inQuotes
		case c != '\r' && at.place == afterQuote:
			return 0, false
		default:
			at.place = inCell
		}
	}
	return 0, true
}

// take hands out the first bytes of the buffer.
func (s *splitter) take(n int) row {
	s.held = append(s.held[:0], s.buffer[:n]...)
	s.buffer = s.buffer[n:]
	return row{text: s.held}
}

// badLine reads past the first line, which is no row: nobody needs its text.
func (s *splitter) badLine(wrong string) (row, error) {
	for {
		n := bytes.IndexByte(s.buffer, '\n')
		switch {
		case n >= 0:
			if n > s.most {
				wrong = tooLong
			}
			s.buffer = s.buffer[n+1:]
			return row{wrong: wrong}, nil
		case s.ended:
			s.buffer = s.buffer[:0]
			return row{wrong: wrong}, nil
		case len(s.buffer) > s.most:
			s.buffer, wrong = s.buffer[:0], tooLong
		}
		if err := s.more(len(s.buffer) + 1); err != nil {
			return row{}, err
		}
	}
}
