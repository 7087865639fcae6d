package filter

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Exclusions is a file that lists the rows which were not written, with the reason of each. Add may be called by several goroutines.
type Exclusions struct {
	mu   sync.Mutex
	to   *file
	list exclusionList
}

// exclusionList writes one format.
type exclusionList interface {
	add(corpus string, e Exclusion) error
	end() error
}

// exclusionColumns are the columns of the list, in every format.
var exclusionColumns = []string{"file", "row", "item_id", "reason", "field", "message", "redact"}

// CreateExclusions begins a list. Its name tells the format, as a corpus's does. It appears with Publish.
func CreateExclusions(path string, overwrite bool) (*Exclusions, error) {
	format := FormatOf(path)
	if format == "" || path == Std {
		return nil, errFormat(path)
	}
	if err := findPlace("", path, overwrite); err != nil {
		return nil, err
	}
	x := &Exclusions{to: &file{path: path, overwrite: overwrite}}
	if err := x.to.create(); err != nil {
		return nil, err
	}
	var err error
	switch format {
	case Parquet:
		x.list, err = newColumnarList(x.to)
	case JSONLines:
		x.list = jsonList{json.NewEncoder(x.to)}
	default:
		table := csv.NewWriter(x.to)
		if format == TSV {
			table.Comma = '\t'
		}
		x.list, err = tableList{table}, table.Write(exclusionColumns)
	}
	if err != nil {
		x.to.discard()
		return nil, fmt.Errorf("begin the list of excluded rows: %w", err)
	}
	return x, nil
}

// Of adds the rows of one corpus.
func (x *Exclusions) Of(corpus string) func(Exclusion) error {
	return func(e Exclusion) error {
		x.mu.Lock()
		defer x.mu.Unlock()
		if err := x.list.add(corpus, e); err != nil {
			return fmt.Errorf("list an excluded row: %w", err)
		}
		return nil
	}
}

// Publish gives the list its name.
func (x *Exclusions) Publish() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.list.end(); err != nil {
		return fmt.Errorf("end the list of excluded rows: %w", err)
	}
	return x.to.publish(func(File) error { return nil })
}

// Discard removes the list where it was not published.
func (x *Exclusions) Discard() { x.to.discard() }

// tableList writes CSV. Spreadsheets run a cell that begins like a formula, so such a cell gets an apostrophe in front; JSON Lines and Parquet have it as
// it was.
type tableList struct{ w *csv.Writer }

func (l tableList) add(corpus string, e Exclusion) error {
	record := []string{corpus, strconv.FormatInt(e.Row, 10), e.ItemID, e.Reason, e.Field, e.Message, positionsText(e.Redact)}
	for n, cell := range record {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			record[n] = "'" + cell
		}
	}
	return l.w.Write(record)
}

func (l tableList) end() error {
	l.w.Flush()
	return l.w.Error()
}

func positionsText(positions []int32) string {
	var all []string
	for _, n := range positions {
		all = append(all, strconv.Itoa(int(n)))
	}
	return strings.Join(all, " ")
}

type jsonList struct{ w *json.Encoder }

func (l jsonList) add(corpus string, e Exclusion) error {
	return l.w.Encode(struct {
		File    string  `json:"file"`
		Row     int64   `json:"row"`
		ItemID  string  `json:"item_id"`
		Reason  string  `json:"reason"`
		Field   string  `json:"field,omitempty"`
		Message string  `json:"message,omitempty"`
		Redact  []int32 `json:"redact,omitempty"`
	}{corpus, e.Row, e.ItemID, e.Reason, e.Field, e.Message, e.Redact})
}

func (jsonList) end() error { return nil }

// columnarList writes Parquet, in row groups of listRows.
type columnarList struct {
	w    *pqarrow.FileWriter
	rows *array.RecordBuilder
	n    int
}

const listRows = 64 << 10

func newColumnarList(to io.Writer) (*columnarList, error) {
	var fields []arrow.Field
	for _, name := range exclusionColumns {
		field := arrow.Field{Name: name, Type: arrow.BinaryTypes.String}
		switch name {
		case "row":
			field.Type = arrow.PrimitiveTypes.Int64
		case "redact":
			field.Type = arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int32)
		}
		fields = append(fields, field)
	}
	schema := arrow.NewSchema(fields, nil)
	w, err := pqarrow.NewFileWriter(schema, to, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd)), pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	return &columnarList{w: w, rows: array.NewRecordBuilder(memory.DefaultAllocator, schema)}, nil
}

func (l *columnarList) add(corpus string, e Exclusion) error {
	text := func(column int, s string) {
		if b, ok := l.rows.Field(column).(*array.StringBuilder); ok {
			b.Append(s)
		}
	}
	for column, s := range map[int]string{0: corpus, 2: e.ItemID, 3: e.Reason, 4: e.Field, 5: e.Message} {
		text(column, s)
	}
	if b, ok := l.rows.Field(1).(*array.Int64Builder); ok {
		b.Append(e.Row)
	}
	if b, ok := l.rows.Field(6).(*array.ListBuilder); ok {
		b.Append(true)
		if values, ok := b.ValueBuilder().(*array.Int32Builder); ok {
			values.AppendValues(e.Redact, nil)
		}
	}
	if l.n++; l.n < listRows {
		return nil
	}
	return l.flush()
}

func (l *columnarList) flush() error {
	batch := l.rows.NewRecordBatch()
	defer batch.Release()
	l.n = 0
	return l.w.Write(batch)
}

func (l *columnarList) end() error {
	return errors.Join(l.flush(), l.w.Close())
}
