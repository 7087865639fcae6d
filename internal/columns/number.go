package columns

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// outOfRange stands for a number that the field cannot hold. The gate refuses numbers below 0 in each field that is one.
const outOfRange = -1

// number binds a column of integers of any width. A null is 0, unknown; what lies outside least to most is outOfRange.
func number(least, most int64, set func(*vetov1.Item, int64)) binder {
	return func(t arrow.DataType) (fill, *misfit) {
		if !arrow.IsInteger(t.ID()) {
			return nil, &misfit{got: t.String(), want: "an integer fits: int8 to int64, uint8 to uint64; or a float, a decimal or text, where it holds whole numbers"}
		}
		return func(column arrow.Array, items []*vetov1.Item, _ *faults) {
			at := integerOf(column)
			for row, item := range items {
				value := int64(0)
				if !column.IsNull(row) {
					value = at(row)
				}
				if value < least || value > most {
					value = outOfRange
				}
				set(item, value)
			}
		}, nil
	}
}

// integers is an array of integers of one width.
type integers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32] interface{ Value(row int) T }

func widened[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](a integers[T]) func(int) int64 {
	return func(row int) int64 { return int64(a.Value(row)) }
}

// integerOf reads rows that are not null.
func integerOf(column arrow.Array) func(row int) int64 {
	switch a := column.(type) {
	case *array.Int8:
		return widened(a)
	case *array.Int16:
		return widened(a)
	case *array.Int32:
		return widened(a)
	case *array.Int64:
		return widened(a)
	case *array.Uint8:
		return widened(a)
	case *array.Uint16:
		return widened(a)
	case *array.Uint32:
		return widened(a)
	case *array.Uint64:
		return func(row int) int64 {
			if value := a.Value(row); value <= math.MaxInt64 {
				return int64(value)
			}
			return outOfRange
		}
	default:
		panic("columns: an array of " + column.DataType().String() + " in a column of integers")
	}
}

const secondsPerDay = 24 * 60 * 60

// instant binds a column of times: a timestamp of any unit (one without a zone is UTC), or a date, which is its first instant in UTC. A null is
// absent. Instants that Item cannot hold are for the gate to refuse.
func instant(at func(*vetov1.Item) **timestamppb.Timestamp) binder {
	return func(t arrow.DataType) (fill, *misfit) {
		switch t.ID() {
		case arrow.TIMESTAMP, arrow.DATE32, arrow.DATE64:
		default:
			return nil, &misfit{got: t.String(), want: "a time fits: a timestamp of any unit, date32, date64, or text such as 2025-05-27T00:00:00Z; of a number nobody can tell the unit"}
		}
		return func(column arrow.Array, items []*vetov1.Item, _ *faults) {
			read := secondsOf(column)
			for row, item := range items {
				to := at(item)
				if column.IsNull(row) {
					*to = nil
					continue
				}
				if *to == nil {
					*to = &timestamppb.Timestamp{}
				}
				(*to).Seconds, (*to).Nanos = read(row)
			}
		}, nil
	}
}

// secondsOf reads rows that are not null as seconds since 1970 and the nanoseconds after them, 0 to 999,999,999 also before 1970.
func secondsOf(column arrow.Array) func(row int) (int64, int32) {
	switch a := column.(type) {
	case *array.Timestamp:
		unit, _ := a.DataType().(*arrow.TimestampType)
		perSecond := map[arrow.TimeUnit]int64{arrow.Second: 1, arrow.Millisecond: 1e3, arrow.Microsecond: 1e6, arrow.Nanosecond: 1e9}[unit.Unit]
		return func(row int) (int64, int32) { return split(int64(a.Value(row)), perSecond) }
	case *array.Date32:
		return func(row int) (int64, int32) { return int64(a.Value(row)) * secondsPerDay, 0 }
	case *array.Date64:
		return func(row int) (int64, int32) { return split(int64(a.Value(row)), 1e3) }
	default:
		panic("columns: an array of " + column.DataType().String() + " in a column of times")
	}
}

// split rounds down, so that the part below a second never is negative.
func split(ticks, perSecond int64) (seconds int64, nanos int32) {
	seconds, rest := ticks/perSecond, ticks%perSecond
	if rest < 0 {
		seconds--
		rest += perSecond
	}
	return seconds, int32(rest * (1e9 / perSecond))
}
