package columns

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// cell is one value of a row, as JSON knows it: nil, string, json.Number, bool, []any or map[string]any. A cell of a table of text is a string, or nil
// where it is empty.
type cell = any

// setter writes a cell into its field, nil as the field's zero value. Where the cell cannot be the field's it says why, and writes what the gate
// refuses in that field, so that the row is lost to nobody who overlooks the fault.
type setter func(i *vetov1.Item, c cell) fault

// textOfCell reads a cell that is to be text.
func textOfCell(c cell, unreadable string) (string, fault) {
	switch c := c.(type) {
	case nil:
		return "", fault{}
	case string:
		if utf8.ValidString(c) {
			return c, fault{}
		}
		return unreadable, fault{what: "not UTF-8"}
	default:
		return unreadable, fault{what: "not text"}
	}
}

// idOfCell reads a cell that is to be an id: text, or a whole number, which is the id that its digits spell.
func idOfCell(c cell) (string, fault) {
	if n, ok := c.(json.Number); ok {
		digits := n.String()
		if strings.Trim(strings.TrimPrefix(digits, "-"), "0123456789") != "" || digits == "-0" {
			return noID, fault{what: "a number with a fraction or an exponent; write ids as text"}
		}
		return digits, fault{}
	}
	return textOfCell(c, noID)
}

func setText(unreadable string, set func(*vetov1.Item, string)) setter {
	return func(i *vetov1.Item, c cell) fault {
		s, bad := textOfCell(c, unreadable)
		set(i, s)
		return bad
	}
}

func setID(set func(*vetov1.Item, string)) setter {
	return func(i *vetov1.Item, c cell) fault {
		s, bad := idOfCell(c)
		set(i, s)
		return bad
	}
}

func setEnum(e *enumOf, set func(*vetov1.Item, int32)) setter {
	return func(i *vetov1.Item, c cell) fault {
		n, bad := e.read(c)
		set(i, n)
		return bad
	}
}

// read reads a cell that is to be an enum's name.
func (e *enumOf) read(c cell) (int32, fault) {
	name, bad := textOfCell(c, "")
	if !bad.none() {
		return unknownName, bad
	}
	n := e.value(name)
	if n == unknownName {
		return n, fault{what: "none of " + e.names() + "; letter case counts"}
	}
	return n, fault{}
}

const notWhole = "not a whole number"

// numberOfCell reads a cell that is to be a whole number, also one that is written with a fraction of nothing (18.0).
func numberOfCell(c cell) (n int64, bad fault) {
	var text string
	switch c := c.(type) {
	case nil:
		return 0, fault{}
	case string:
		text = c
	case json.Number:
		text = c.String()
	default:
		return outOfRange, fault{what: notWhole}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, fault{}
	}
	const exact = 1 << 53 // beyond it a float64 skips whole numbers
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > exact || strings.ContainsAny(text, "xXpP_") {
		return outOfRange, fault{what: notWhole}
	}
	return int64(f), fault{}
}

func setNumber(least, most int64, set func(*vetov1.Item, int64)) setter {
	return func(i *vetov1.Item, c cell) fault {
		n, bad := numberOfCell(c)
		if bad.none() && (n < least || n > most) {
			n, bad = outOfRange, fault{what: "out of range"}
		}
		set(i, n)
		return bad
	}
}

// layouts are how a time is written. What has no zone is UTC. Go's parser takes a fraction of a second after each of them that has seconds.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly}

const wantTime = "not a time such as 2025-05-27T00:00:00Z, 2025-05-27 00:00:00 (UTC) or 2025-05-27; a number is none, since nobody can tell its unit"

// noTime is an instant that the gate refuses: before the year 1.
func noTime() *timestamppb.Timestamp { return &timestamppb.Timestamp{Seconds: math.MinInt64 / 2} }

func setInstant(at func(*vetov1.Item) **timestamppb.Timestamp) setter {
	return func(i *vetov1.Item, c cell) fault {
		var bad fault
		*at(i), bad = instantOfCell(c)
		return bad
	}
}

func instantOfCell(c cell) (*timestamppb.Timestamp, fault) {
	if c == nil {
		return nil, fault{}
	}
	text, ok := c.(string)
	if !ok {
		return noTime(), fault{what: wantTime + "; of a number nobody can tell the unit"}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return timestamppb.New(t), fault{}
		}
	}
	return noTime(), fault{what: wantTime}
}

// listOfCell reads a cell that is to be a list. Text is one that is written as JSON.
func listOfCell(c cell) ([]any, fault) {
	if text, ok := c.(string); ok {
		value, err := parseJSON([]byte(text))
		if err != nil {
			return nil, fault{what: `not a list; as text it is a JSON array, e.g. ["a", "b"]`}
		}
		c = value
	}
	switch c := c.(type) {
	case nil:
		return nil, fault{}
	case []any:
		return c, fault{}
	default:
		return nil, fault{what: "not a list"}
	}
}

func setTexts(unreadable string, read func(cell) (string, fault), at func(*vetov1.Item) *[]string) setter {
	return func(i *vetov1.Item, c cell) fault {
		list, bad := listOfCell(c)
		to := at(i)
		if !bad.none() {
			*to = append(*to, unreadable)
		}
		for n, element := range list {
			s, wrong := read(element)
			if !wrong.none() {
				s = unreadable
			}
			if bad.none() {
				bad = wrong.inside(fmt.Sprintf("[%d]", n))
			}
			*to = append(*to, s)
		}
		return bad
	}
}

// setSignal has no fault: a signal that is there and cannot be read is unknown, and the regime says what that means.
func setSignal(unreadable string, at func(*vetov1.Signals) *string) setter {
	return func(i *vetov1.Item, c cell) fault {
		if s, _ := textOfCell(c, unreadable); s != "" {
			*at(signalsOf(i)) = s
		}
		return fault{}
	}
}
