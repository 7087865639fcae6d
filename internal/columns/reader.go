package columns

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Reader turns the record batches of one schema into items. It is not safe for concurrent use.
type Reader struct {
	schema *arrow.Schema
	fills  []columnFill
	mapped []string
	absent []string
	silent []string // signals that are named absent by themselves
}

// columnFill copies one column of a batch.
type columnFill struct {
	column int
	fill   fill
}

// NewReader holds a mapping against a schema. The error, a *MappingError, names every fault: a field or a column that does not exist, a
// contradiction, a column whose type does not fit, a signal that was forgotten beside another; each with what was found and what to do.
func NewReader(schema *arrow.Schema, m Mapping) (*Reader, error) {
	r := &Reader{schema: schema}
	check := &resolution{schema: schema, m: m}
	check.checkNames()
	filled := map[string]bool{}
	for _, f := range fields {
		column, found := check.column(f)
		if !found {
			continue
		}
		bind := f.bind
		if f.name == "signals" {
			check.checkSignals(schema.Field(column))
			bind = signalStruct(check.signalsApart())
		}
		from := schema.Field(column)
		filled[f.name] = true
		if f.name == "signals" {
			check.fillInside(from, filled)
		}
		fill, bad := bind(from.Type)
		if bad != nil {
			check.fault("%s: column %q%s is of type %s; %s", f.name, from.Name, bad.at, bad.got, bad.want)
			continue
		}
		r.fills = append(r.fills, columnFill{column, fill})
		if !slices.Contains(r.mapped, f.item) {
			r.mapped = append(r.mapped, f.item)
		}
	}
	slices.Sort(r.mapped)
	r.absent, r.silent = check.absences(filled)
	if err := errorOf(check.faults); err != nil {
		return nil, err
	}
	return r, nil
}

// Mapped returns the names of Item's fields that a column fills, sorted: what `mapped_fields` takes. Signals count as one.
func (r *Reader) Mapped() []string { return slices.Clone(r.mapped) }

// Absent returns the names of Item's fields that the mapping calls absent, sorted: what `absent_fields` takes.
func (r *Reader) Absent() []string { return slices.Clone(r.absent) }

// SilentSignals returns the names of the signals that the mapping calls absent one by one, sorted. Nobody is asked for them: for the rules all
// signals are one field. `other` is never among them: few tables have it, and not by that name.
func (r *Reader) SilentSignals() []string { return slices.Clone(r.silent) }

// Columns returns the positions of the columns that Items looks at, ascending. A reader of the schema that has these alone, made with the same
// mapping, gives the same items.
func (r *Reader) Columns() []int {
	var columns []int
	for _, f := range r.fills {
		columns = append(columns, f.column)
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

// Items returns an item for each row of the batch, which has the schema of NewReader. The messages in dst's whole capacity are written anew and
// used again where there are some, so nobody else may still hold them; nil is fine. The batch may be released when Items has returned.
func (r *Reader) Items(batch arrow.RecordBatch, dst []*vetov1.Item) []*vetov1.Item {
	rows := int(batch.NumRows())
	dst = dst[:cap(dst)]
	if len(dst) > rows {
		dst = dst[:rows]
	}
	dst = slices.Grow(dst, rows-len(dst))[:rows]
	for i, item := range dst {
		if item == nil {
			dst[i] = &vetov1.Item{}
			continue
		}
		// The scalars are overwritten below. Lists keep their memory; signals may be filled by several columns or none.
		item.Labels, item.ContentKeys, item.Subjects, item.Signals = item.Labels[:0], item.ContentKeys[:0], item.Subjects[:0], nil
	}
	for _, f := range r.fills {
		f.fill(batch.Column(f.column), dst)
	}
	return dst
}
