package importer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/filter/lines"
	"github.com/veto-gate/veto/internal/terminal"
)

// maxRowBytes is the longest row that is read: a thousand items with ids of the longest kind fit many times.
const maxRowBytes = 4 << 20

// reader reads a file's rows as filings.
type reader struct {
	rows    *lines.Rows
	columns []column // of a table
	// Unread are the columns that no field takes.
	unread []string
}

// column is a column of a table and the field that it fills; nil: none.
type column struct {
	name  string
	field protoreflect.FieldDescriptor
}

// fault is what is wrong with a row before it is sent.
type fault struct{ field, reason, message string }

var filingFields = (&vetov1.FileObjectionRequest{}).ProtoReflect().Descriptor().Fields()

// newReader begins to read. comma is 0 for JSON Lines.
func newReader(from io.Reader, comma byte) (*reader, error) {
	plain, err := lines.Decompressed(from)
	if err != nil {
		return nil, err
	}
	rows, err := lines.NewRows(plain, lines.Options{Comma: comma, MaxRowBytes: maxRowBytes})
	if err != nil {
		return nil, err
	}
	r := &reader{rows: rows}
	seen := map[string]bool{}
	for _, name := range rows.Names() {
		field := filingFields.ByName(protoreflect.Name(strings.TrimSpace(name)))
		if field == nil && name != actionColumn {
			r.unread = append(r.unread, name)
		}
		if field != nil && seen[string(field.Name())] {
			return nil, fmt.Errorf("two columns are called %s: leave one out", field.Name())
		}
		if field != nil {
			seen[string(field.Name())] = true
		}
		r.columns = append(r.columns, column{name, field})
	}
	if comma != 0 && !slices.ContainsFunc([]string{"subject_id", "identifiers", "item_ids", "content_keys"}, func(name string) bool { return seen[name] }) {
		return nil, errors.New("no column says whose objection it is: one of them is called subject_id, identifiers, item_ids or content_keys")
	}
	return r, nil
}

// actionColumn may stand in a table that has other requests too; a row of any other action than object is rejected.
const actionColumn = "action"

// next is the next row as a filing; io.EOF after the last one. A row that is none has a fault, and no filing.
func (r *reader) next() (*vetov1.FileObjectionRequest, *fault, error) {
	row, err := r.rows.Next()
	switch {
	case err != nil:
		return nil, nil, err
	case row.Wrong != "":
		return nil, &fault{"row", "FORMAT", row.Wrong}, nil
	case r.columns == nil:
		return ofJSON(row.Text)
	}
	request := &vetov1.FileObjectionRequest{}
	for i, cell := range row.Cells {
		if r.columns[i].name == actionColumn && cell != "object" {
			return nil, &fault{actionColumn, "UNKNOWN", "an import records objections; a withdrawal is made by itself, since it needs proof"}, nil
		}
		if r.columns[i].field == nil || cell == "" {
			continue
		}
		if wrong := fill(request.ProtoReflect(), r.columns[i].field, cell); wrong != nil {
			return nil, wrong, nil
		}
	}
	return request, nil, nil
}

func ofJSON(text []byte) (*vetov1.FileObjectionRequest, *fault, error) {
	request := &vetov1.FileObjectionRequest{}
	if err := protojson.Unmarshal(text, request); err != nil {
		return nil, &fault{"row", "FORMAT", "not a JSON object with the fields of an objection by their names: subject_id, country, channel, received_at …"}, nil //nolint:nilerr // a bad row is a row
	}
	return request, nil, nil
}

// fill puts a cell into a field. Lists are separated by spaces.
func fill(m protoreflect.Message, field protoreflect.FieldDescriptor, cell string) *fault {
	name := string(field.Name())
	if !field.IsList() {
		value, wrong := valueOf(field, cell)
		if wrong == nil {
			m.Set(field, value)
		}
		return wrong
	}
	list := m.Mutable(field).List()
	seen := map[string]bool{}
	for i, part := range strings.Fields(cell) {
		if seen[part] {
			continue // a sheet that names a thing twice means it once
		}
		seen[part] = true
		if name == "identifiers" {
			if wrong := identifier(list, fmt.Sprintf("%s[%d]", name, i), part); wrong != nil {
				return wrong
			}
			continue
		}
		value, wrong := valueOf(field, part)
		if wrong != nil {
			return wrong
		}
		list.Append(value)
	}
	return nil
}

func valueOf(field protoreflect.FieldDescriptor, cell string) (protoreflect.Value, *fault) {
	name := string(field.Name())
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(cell), nil
	case protoreflect.EnumKind:
		known := terminal.ByName(field.Enum(), cell)
		if known == nil {
			return protoreflect.Value{}, &fault{name, "UNKNOWN", "none of " + strings.Join(terminal.Names(field.Enum()), ", ")}
		}
		return protoreflect.ValueOfEnum(known.Number()), nil
	default: // the only messages are instants
		at, err := time.Parse(time.RFC3339, cell)
		if err != nil {
			return protoreflect.Value{}, &fault{name, "FORMAT", "not an instant; give it as 2025-05-20T09:00:00+02:00"}
		}
		return protoreflect.ValueOfMessage(timestamppb.New(at).ProtoReflect()), nil
	}
}

// identifier reads TYPE:value.
func identifier(list protoreflect.List, field, text string) *fault {
	kind, value, ok := strings.Cut(text, ":")
	known := terminal.ByName(vetov1.IdentifierType(0).Descriptor(), kind)
	if !ok || known == nil || known.Number() == 0 {
		return &fault{field, "UNKNOWN", "want a type in capitals, a colon and the identifier: EMAIL:…, PHONE:…, HANDLE:… or PROFILE_URL:…; a space begins the next one"}
	}
	list.Append(protoreflect.ValueOfMessage((&vetov1.Identifier{Type: vetov1.IdentifierType(known.Number()), Value: value}).ProtoReflect()))
	return nil
}
