package columns

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// signalNames are the fields of Signals.
func signalNames() []string {
	var names []string
	for _, f := range fields {
		if f.item == "signals" && f.name != "signals" {
			names = append(names, f.name)
		}
	}
	return names
}

// signalsApart are the signals that a mapping gives a column of their own: that one counts, not the field of a struct `signals`.
func (r *resolution) signalsApart() []string {
	var apart []string
	for _, name := range signalNames() {
		if _, mapped := r.m.Columns[name]; mapped {
			apart = append(apart, name)
		}
	}
	return apart
}

// absences are the fields of Item that are absent and the signals that are absent one by one, sorted. A signal that is neither filled nor named
// is refused where another one is filled: for the rules all signals are one field, so nobody else would ask for it, and a no would be lost.
func (r *resolution) absences(filled map[string]bool) (items, signals []string) {
	for _, name := range r.m.Absent {
		if slices.Contains(signalNames(), name) {
			signals = append(signals, name)
		} else {
			items = append(items, name)
		}
	}
	var forgotten []string
	for _, name := range signalNames() {
		_, mapped := r.m.Columns[name] // to a column that is wrong, if it is not filled: that is told already
		if name != other && !filled[name] && !mapped && !slices.Contains(signals, name) {
			forgotten = append(forgotten, name)
		}
	}
	switch someFilled := slices.ContainsFunc(signalNames(), func(name string) bool { return filled[name] }); {
	case slices.Contains(items, "signals"):
		signals = nil // said already
	case someFilled && len(forgotten) > 0:
		r.fault("signals: a column fills one of them, so each other one has to be named: %s; where the corpus has it: --map %s=COLUMN, and so on; what it does not have: --absent %s",
			strings.Join(forgotten, ", "), forgotten[0], strings.Join(forgotten, ","))
	case !someFilled && len(forgotten) == 0:
		items, signals = append(items, "signals"), nil
	}
	slices.Sort(items)
	slices.Sort(signals)
	return items, signals
}

// insideStruct are the signals that a column of structs has.
func insideStruct(t arrow.DataType) []string {
	if asText.has(t) {
		return signalNames() // as JSON, which may have any
	}
	structure, ok := t.(*arrow.StructType)
	if !ok {
		return nil // its binder says so
	}
	var inside []string
	for _, child := range structure.Fields() {
		if slices.Contains(signalNames(), child.Name) {
			inside = append(inside, child.Name)
		}
	}
	return inside
}

// signalStruct binds a column of structs with a field for each signal, save those that are mapped apart. A null struct says nothing.
func signalStruct(apart []string) binder {
	return func(t arrow.DataType) (fill, *misfit) {
		want := "a struct fits, with at least one of " + strings.Join(signalNames(), ", ") + "; or text that is a JSON object"
		of, ok := t.(*arrow.StructType)
		if !ok {
			return nil, &misfit{got: t.String(), want: want}
		}
		var fills []columnFill
		for i, child := range of.Fields() {
			at := slices.IndexFunc(fields, func(f field) bool { return f.name == child.Name && f.item == "signals" && f.bind != nil })
			if at < 0 || slices.Contains(apart, child.Name) {
				continue
			}
			fill, bad := fields[at].bind(child.Type)
			if bad != nil {
				return nil, &misfit{at: fmt.Sprintf(", in its field %s,", child.Name), got: bad.got, want: bad.want}
			}
			fills = append(fills, columnFill{i, fill})
		}
		if len(fills) == 0 && len(apart) == 0 {
			return nil, &misfit{got: t.String(), want: want}
		}
		return func(column arrow.Array, items []*vetov1.Item, wrong *faults) {
			fillSignals(column, items, fills, wrong)
		}, nil
	}
}

// fillSignals lets a null struct say nothing, whatever its fields hold.
func fillSignals(column arrow.Array, items []*vetov1.Item, fills []columnFill, wrong *faults) {
	structs, ok := column.(*array.Struct)
	if !ok {
		panic("columns: an array of " + column.DataType().String() + " in a column of signals")
	}
	for _, f := range fills {
		f.fill(structs.Field(f.column), items, wrong)
	}
	for row, item := range items {
		if structs.IsNull(row) {
			item.Signals = nil // the fields of a null struct may hold anything
		}
	}
}

// setSignals reads an object with a name for each signal, save those that are mapped apart.
func setSignals(apart []string) setter {
	return func(i *vetov1.Item, c cell) fault {
		if text, ok := c.(string); ok {
			value, err := parseJSON([]byte(text))
			if err != nil {
				value = text
			}
			c = value
		}
		if c == nil {
			return fault{}
		}
		object, ok := c.(map[string]any)
		if !ok {
			signalsOf(i).Robots = noRobots
			return fault{what: "not an object with a name for each signal"}
		}
		var first fault
		for n := range fields {
			f := &fields[n]
			if f.item != "signals" || f.set == nil || slices.Contains(apart, f.name) {
				continue
			}
			value, there := object[f.name]
			if bad := f.set(i, value); there && first.none() {
				first = bad.inside("." + f.name)
			}
		}
		return first
	}
}
