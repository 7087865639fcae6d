package lines

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// cells reads one record at a time.
type cells struct {
	comma  rune
	from   *bytes.Reader
	buffer *bufio.Reader // csv.Reader would make one anew for each record
}

func newCells(comma rune) cells {
	from := bytes.NewReader(nil)
	return cells{comma: comma, from: from, buffer: bufio.NewReader(from)}
}

var errNoRecord = errors.New("not one record")

func (c *cells) record(text []byte) ([]string, error) {
	c.from.Reset(text)
	c.buffer.Reset(c.from)
	r := csv.NewReader(c.buffer)
	r.Comma, r.FieldsPerRecord = c.comma, -1
	record, err := r.Read()
	if err != nil {
		return nil, err
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		return nil, errNoRecord
	}
	return record, nil
}

// appendCell adds a cell to a record, before its line ending.
func appendCell(record []byte, comma byte, text string) []byte {
	end := len(bytes.TrimRight(record, "\r\n"))
	ending := string(record[end:])
	record = append(record[:end], comma, '"')
	record = append(record, strings.ReplaceAll(text, `"`, `""`)...)
	return append(append(record, '"'), ending...)
}

// redacted is a row with the column for redactions.
func (s *Source) redacted(text []byte, positions []int32) []byte {
	if positions == nil {
		positions = []int32{}
	}
	list, err := json.Marshal(positions)
	if err != nil {
		panic("lines: a list of numbers is no JSON: " + err.Error())
	}
	if s.options.Comma != 0 {
		return appendCell(bytes.Clone(text), s.options.Comma, string(list))
	}
	name, err := json.Marshal(s.options.Redactions)
	if err != nil {
		panic("lines: a text is no JSON: " + err.Error())
	}
	end := bytes.LastIndexByte(text, '}') // of the object: a kept row is one
	return bytes.Join([][]byte{text[:end], []byte(","), name, []byte(":"), list, text[end:]}, nil)
}
