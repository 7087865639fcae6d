package columns

import (
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Reader turns the record batches of one schema into items. It is not safe for concurrent use.
type Reader struct {
	plan
	fills []columnFill
	wrong faults
}

// columnFill copies one column of a batch.
type columnFill struct {
	column int
	fill   fill
}

// NewReader holds a mapping against a schema. The error, a *MappingError, names every fault: a field or a column that does not exist, a
// contradiction, a column whose type does not fit, a signal that was forgotten beside another; each with what was found and what to do.
func NewReader(schema *arrow.Schema, m Mapping) (*Reader, error) {
	check := &resolution{m: m, inside: func(column int) []string { return insideStruct(schema.Field(column).Type) }}
	for _, f := range schema.Fields() {
		check.names = append(check.names, f.Name)
	}
	r := &Reader{plan: check.resolve()}
	for _, p := range r.fields {
		if p.column < 0 {
			continue
		}
		from := schema.Field(p.column)
		fill, bad := p.fits(from.Type)
		if bad != nil {
			check.fault("%s: column %q%s is of type %s; %s", p.field.name, from.Name, bad.at, bad.got, bad.want)
			continue
		}
		r.fills = append(r.fills, columnFill{p.column, fill})
	}
	if err := check.err(r.plan); err != nil {
		return nil, err
	}
	return r, nil
}

// fits binds a column: at once where its type suits the field, else cell by cell.
func (p planned) fits(t arrow.DataType) (fill, *misfit) {
	takes := p.field.takes
	var bad *misfit
	if p.bind != nil {
		fill, misfits := p.bind(t)
		if misfits == nil {
			return fill, nil
		}
		bad = misfits
	} else {
		takes |= asText | asInteger // its words are translated
		bad = &misfit{got: t.String(), want: "text or an integer fits, since its words are translated"}
	}
	if takes.has(t) {
		return cellwise(p.field, p.set), nil
	}
	return nil, bad
}

// Mapped returns the names of Item's fields that a column fills, sorted: what `mapped_fields` takes. Signals count as one.
func (p *plan) Mapped() []string { return slices.Clone(p.mapped) }

// Absent returns the names of Item's fields that the mapping calls absent, sorted: what `absent_fields` takes.
func (p *plan) Absent() []string { return slices.Clone(p.absent) }

// ByColumn returns the name of the column that fills each field which one fills.
func (p *plan) ByColumn() map[string]string { return maps.Clone(p.columns) }

// SilentSignals returns the names of the signals that the mapping calls absent one by one, sorted. Nobody is asked for them: for the rules all
// signals are one field. `other` is never among them: few tables have it, and not by that name.
func (p *plan) SilentSignals() []string { return slices.Clone(p.silent) }

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
	r.wrong.list = nil
	for _, f := range r.fills {
		f.fill(batch.Column(f.column), dst, &r.wrong)
	}
	for row, item := range dst {
		r.fix(row, item, &r.wrong)
	}
	return dst
}

// fix sets what is the same in every row.
func (p *plan) fix(row int, item *vetov1.Item, wrong *faults) {
	for _, f := range p.fields {
		if f.column >= 0 {
			continue
		}
		if bad := f.set(item, nil); !bad.none() {
			wrong.add(row, f.field.path(), bad)
		}
	}
}

// Violations tell of the rows of the last batch that have a value which cannot be its field's, in the order of rows, one for each. The gate refuses
// such a row by itself, and would have other words for it.
func (r *Reader) Violations() []*vetov1.IndexedViolation { return r.wrong.sorted() }
