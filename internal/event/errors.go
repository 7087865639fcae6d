package event

import (
	"errors"
	"strconv"
)

// ErrMalformed is matched by every error about bytes that are not a record of
// this format; errors.AsType[*MalformedError] gives the place.
var ErrMalformed = errors.New("malformed event")

// ErrMismatch says that leaf and side row are each well formed but do not belong
// together: a flipped or exchanged record. Whoever meets it must stop, because
// without its side row an objection would silently stop counting.
var ErrMismatch = errors.New("leaf and side row do not belong together")

// MalformedError is the first fault that a parser found. Its text holds names of
// the format only, never a value that was read.
type MalformedError struct {
	Record string // what was read: "leaf", "side row", or a value that was parsed alone, such as "purposes"
	Line   int    // counted from 1, the header; 0 where a value was parsed alone or the whole is at fault
	Field  string // the field's name in the format; empty where the line has none that is known
	Fault  string // what is wrong, in lower case
}

// Error names record, line, field and fault.
func (e *MalformedError) Error() string {
	text := "parse " + e.Record
	if e.Line > 0 {
		text += ": line " + strconv.Itoa(e.Line)
	}
	if e.Field != "" {
		text += ": " + e.Field
	}
	return text + ": " + e.Fault
}

// Is makes every MalformedError match ErrMalformed.
func (e *MalformedError) Is(target error) bool { return target == ErrMalformed }

// fault is what a value's parser says; the record's parser adds the place.
type fault string

func (f fault) Error() string { return string(f) }
