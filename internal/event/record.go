package event

import (
	"errors"
	"strings"
)

// field is one row of a record's table: a name, the types in whose records it
// stands, and how its values are written and read. R is Leaf or Side.
type field[R any] struct {
	name string
	// in has one character for each type, in the order of the constants:
	// '-' never, '?' at most one line, '1' exactly one, '*' any number, '+' at
	// least one.
	in string
	// tag is the name under which each of the field's values stands in the person
	// list; empty for what does not stand there.
	tag string
	// hashed says that the line has a keyed hash of what the list blinds.
	hashed bool

	count       func(r *R) int                       // how many lines r has of it
	appendValue func(dst []byte, r *R, i int) []byte // the value of line i
	parse       func(r *R, value string) error       // takes one more line
}

// kind is how values of one Go type are written and read.
type kind[T any] struct {
	isZero func(T) bool
	append func([]byte, T) []byte
	// parse accepts exactly what append writes of a valid value. Together with
	// Seal, which reads back what it wrote, this makes parse the only validator.
	parse func(string) (T, error)
}

// one is a field of at most one line; its zero value is its absence.
func one[R, T any](name, in, tag string, k kind[T], at func(*R) *T) field[R] {
	return field[R]{
		name: name, in: in, tag: tag,
		count: func(r *R) int {
			if k.isZero(*at(r)) {
				return 0
			}
			return 1
		},
		appendValue: func(dst []byte, r *R, _ int) []byte { return k.append(dst, *at(r)) },
		parse: func(r *R, value string) error {
			v, err := k.parse(value)
			if err != nil {
				return err
			}
			if k.isZero(v) {
				return fault("zero; a field without a value has no line")
			}
			*at(r) = v
			return nil
		},
	}
}

// list is a field of any number of lines, in an order that means something.
func list[R, T any](name, in, tag string, k kind[T], at func(*R) *[]T) field[R] {
	return field[R]{
		name: name, in: in, tag: tag,
		count:       func(r *R) int { return len(*at(r)) },
		appendValue: func(dst []byte, r *R, i int) []byte { return k.append(dst, (*at(r))[i]) },
		parse: func(r *R, value string) error {
			v, err := k.parse(value)
			if err != nil {
				return err
			}
			if k.isZero(v) {
				return fault("zero; a field without a value has no line")
			}
			*at(r) = append(*at(r), v)
			return nil
		},
	}
}

// set is a list whose order means nothing: its values ascend strictly, so that a
// set has one spelling and no member twice.
func set[R, T any](name, in, tag string, k kind[T], compare func(a, b T) int, at func(*R) *[]T) field[R] {
	f := list(name, in, tag, k, at)
	add := f.parse
	f.parse = func(r *R, value string) error {
		if err := add(r, value); err != nil {
			return err
		}
		values := *at(r)
		if n := len(values); n > 1 && compare(values[n-2], values[n-1]) >= 0 {
			return fault("not in ascending order, or twice")
		}
		return nil
	}
	return f
}

// record is a kind of record: its header line, bound and table.
type record[R any] struct {
	what     string // for errors
	header   string // with its newline
	maxBytes int
	fields   []field[R]
}

// append adds the record's text. Of an invalid r it makes text that parse
// refuses: every string is escaped, so no value can start a line of its own.
func (c *record[R]) append(dst []byte, r *R) []byte {
	dst = append(dst, c.header...)
	for i := range c.fields {
		f := &c.fields[i]
		for line := range f.count(r) {
			dst = append(dst, f.name...)
			dst = append(dst, ' ')
			dst = f.appendValue(dst, r, line)
			dst = append(dst, '\n')
		}
	}
	return dst
}

// parse reads text into r and returns the number of its lines. typeOf gives the
// type whose column of the table holds; it is asked after each line, since the
// leaf states its type in its first.
func (c *record[R]) parse(text string, r *R, typeOf func(*R) Type) (lines int, err error) {
	malformed := func(name, what string) error {
		return &MalformedError{Record: c.what, Line: lines + 1, Field: name, Fault: what}
	}
	if len(text) > c.maxBytes {
		return 0, &MalformedError{Record: c.what, Fault: "too long"}
	}
	rest, ok := strings.CutPrefix(text, c.header)
	if !ok {
		return 0, malformed("", "not the header of this format")
	}
	lines = 1
	for i := range c.fields {
		f := &c.fields[i]
		seen := 0
		for {
			value, after, ok, cut := f.cut(rest)
			if cut != nil {
				return lines, malformed(f.name, cut.Error())
			}
			if !ok {
				break
			}
			if err := f.allow(typeOf(r), seen); err != nil {
				return lines, malformed(f.name, err.Error())
			}
			if err := f.parse(r, value); err != nil {
				return lines, malformed(f.name, faultOf(err))
			}
			lines, seen, rest = lines+1, seen+1, after
		}
		if seen != f.count(r) || seen == 0 && f.required(typeOf(r)) {
			return lines, malformed(f.name, "missing")
		}
	}
	if rest != "" {
		return lines, malformed(c.known(rest), "not a field of the format, or not in its place")
	}
	return lines, nil
}

// cut takes the field's next line off text; ok is false where another begins.
func (f *field[R]) cut(text string) (value, rest string, ok bool, err error) {
	if len(text) <= len(f.name) || text[len(f.name)] != ' ' || text[:len(f.name)] != f.name {
		return "", text, false, nil
	}
	value, rest, ended := strings.Cut(text[len(f.name)+1:], "\n")
	if !ended {
		return "", text, false, fault("the line does not end in a newline")
	}
	return value, rest, true, nil
}

// allow says whether a record of type t that has seen lines of the field may
// have one more.
func (f *field[R]) allow(t Type, seen int) error {
	switch f.column(t) {
	case '*', '+':
		return nil
	case '?', '1':
		if seen > 0 {
			return fault("twice")
		}
		return nil
	}
	return fault("not a field of this type")
}

// required says whether a record of type t must have the field.
func (f *field[R]) required(t Type) bool {
	c := f.column(t)
	return c == '1' || c == '+'
}

// column returns the field's character for t. Before a leaf has stated its type,
// in its first line, any column does: that line stands in all.
func (f *field[R]) column(t Type) byte { return f.in[max(t, 1)-1] }

// known returns the name that text begins with where it is one of the format's:
// an error may name it. Anything else is somebody's value.
func (c *record[R]) known(text string) string {
	name, _, _ := strings.Cut(text, " ")
	for i := range c.fields {
		if c.fields[i].name == name {
			return name
		}
	}
	return ""
}

// faultOf returns the fault alone, without the place that a value's own parser
// may have added.
func faultOf(err error) string {
	if m, ok := errors.AsType[*MalformedError](err); ok {
		return m.Fault
	}
	return err.Error()
}
