package columns

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// ObjectReader turns JSON objects, a row each, into items. It is not safe for concurrent use.
//
// Objects have no schema: a name can be in one row and not in the next. So the columns are the names of the first rows, and what a mapping names
// besides. A later row that has a name which says something of an item, and which nobody decided about, is refused: to pass over it would be to forget a
// column.
type ObjectReader struct {
	plan
	column map[string]int // of a name; -1: one that must not occur
	seen   []bool         // by column: whether any row had it
	names  []string
	cells  []cell
	decode *jsontext.Decoder

	reserved string
}

// NewObjectReader holds a mapping against the names that the first objects have. A name that the mapping gives a field may be in none of them: see
// Unseen. The error, a *MappingError, is as NewReader's.
func NewObjectReader(names []string, m Mapping) (*ObjectReader, error) {
	names = slices.Clone(names)
	known := len(names)
	for _, name := range m.Columns {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names[known:])
	check := &resolution{names: names, m: m, inside: func(int) []string { return signalNames() }}
	r := &ObjectReader{plan: check.resolve(), names: names, column: map[string]int{}, decode: jsontext.NewDecoder(bytes.NewReader(nil))}
	r.cells, r.seen = make([]cell, len(names)), make([]bool, len(names))
	for n := range fields {
		if _, elsewhere := m.Columns[fields[n].name]; !elsewhere && fields[n].name != other {
			r.column[fields[n].name] = -1
		}
	}
	for n, name := range names {
		if n < known || slices.ContainsFunc(r.fields, func(f planned) bool { return f.column == n }) {
			r.column[name] = n
		}
		r.seen[n] = n < known
	}
	return r, check.err(r.plan)
}

// Reserve names what no row may have: it is the caller's to add.
func (r *ObjectReader) Reserve(name string) {
	r.reserved = name
	r.column[name] = -1
}

// Unseen are the names that the mapping gave a field and that no row had so far, sorted: most likely mistyped.
func (r *ObjectReader) Unseen() []string {
	var unseen []string
	for n, name := range r.names {
		if !r.seen[n] {
			unseen = append(unseen, name)
		}
	}
	return unseen
}

// Item writes the item of one JSON object, which may stand in white space. The violation is not nil where the text is none, or has a value that cannot be
// its field's: the gate would refuse such a row by itself, in other words.
func (r *ObjectReader) Item(text []byte, item *vetov1.Item) *vetov1.Violation {
	proto.Reset(item)
	clear(r.cells)
	if wrong := r.read(text); wrong != nil {
		return wrong
	}
	return r.fill(item, func(column int) cell { return r.cells[column] })
}

func (r *ObjectReader) read(text []byte) *vetov1.Violation {
	if !utf8.Valid(text) {
		return rowFault("not UTF-8")
	}
	r.decode.Reset(bytes.NewReader(text))
	if r.decode.PeekKind() != '{' {
		return rowFault("not a JSON object")
	}
	unexpected, err := r.object()
	if err == nil {
		err = atEnd(r.decode)
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return rowFault("a name occurs twice in one object")
	case err != nil:
		return rowFault("not one JSON object, or one that is nested too deep")
	case unexpected != "" && unexpected == r.reserved:
		return rowFault("it has the name that is to be added (--redactions)")
	case unexpected != "":
		return &vetov1.Violation{Field: unexpected, Message: fmt.Sprintf(
			"named absent or set, or in none of the first rows, and here it is: say that it counts with --map %s=%s", unexpected, unexpected)}
	}
	return nil
}

// object reads the values that fill a field, and passes over the others. unexpected is a field's name that must not occur.
func (r *ObjectReader) object() (unexpected string, err error) {
	if _, err := r.decode.ReadToken(); err != nil {
		return "", err
	}
	for r.decode.PeekKind() != '}' {
		name, err := r.decode.ReadToken()
		if err != nil {
			return "", err
		}
		column, known := r.column[name.String()]
		if !known {
			if err := r.decode.SkipValue(); err != nil {
				return "", err
			}
			continue
		}
		key := ""
		if column < 0 {
			key = name.String()
		}
		value, err := readValue(r.decode)
		if err != nil {
			return "", err
		}
		switch {
		case column >= 0:
			r.cells[column], r.seen[column] = value, true
		case value != nil && unexpected == "":
			unexpected = key
		}
	}
	_, err = r.decode.ReadToken()
	return unexpected, err
}

// Names returns the names of one JSON object, for NewObjectReader; none where the text is no object.
func Names(text []byte) []string {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if d.PeekKind() != '{' {
		return nil
	}
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	var names []string
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil
		}
		names = append(names, name.String())
		if d.SkipValue() != nil {
			return nil
		}
	}
	return names
}
