package event

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// Event is both parts of one.
type Event struct {
	Leaf Leaf
	Side Side
}

// Commit returns the commitment to a person list: the SHA-256 of the line
// "veto/person/v1" and the list's lines as they stand in the side row, each with
// its newline. A receipt hands out the list; who is given one value and the key of
// its line sees that it is there, and learns nothing of the other lines.
func Commit(list []Blinded) Hash {
	text := []byte("veto/person/v1\n")
	for _, b := range list {
		text = append(text, "person "...)
		text = append(blindedKind.append(text, b), '\n')
	}
	return sha256.Sum256(text)
}

// Seal returns the bytes of both parts of e, canonical and committed to each
// other. It computes Leaf.Day, Leaf.Person and Leaf.Record, whatever they held.
// An e that is not a whole and valid event of its type gives an error that names
// each part's first fault and matches ErrMalformed: Seal reads back what it wrote.
func Seal(e Event) (leaf, side []byte, err error) {
	e.Leaf.Day = dayOf(e.Side.RecordedAt)
	e.Leaf.Person = Commit(e.Side.Person)
	side = e.Side.Append(nil)
	e.Leaf.Record = sha256.Sum256(side)
	leaf = e.Leaf.Append(nil)

	_, leafErr := ParseLeaf(leaf)
	_, sideErr := ParseSide(side, e.Leaf.Type)
	if err := errors.Join(leafErr, sideErr); err != nil {
		return nil, nil, fmt.Errorf("seal event: %w", err)
	}
	return leaf, side, nil
}

// Open reads both parts of an event and checks that they belong together, which
// they must before anything is done by them. It keeps none of the bytes. A part
// that is not a record is ErrMalformed; a side row that is not the one that the
// leaf commits to is ErrMismatch, whatever it holds.
func Open(leaf, side []byte) (Event, error) {
	var e Event
	var err error
	if e.Leaf, err = ParseLeaf(leaf); err != nil {
		return Event{}, fmt.Errorf("open event: %w", err)
	}
	if e.Leaf.Record != sha256.Sum256(side) {
		return Event{}, fmt.Errorf("open event: record: %w", ErrMismatch)
	}
	if e.Side, err = ParseSide(side, e.Leaf.Type); err != nil {
		return Event{}, fmt.Errorf("open event: %w", err)
	}
	if e.Leaf.Person != Commit(e.Side.Person) {
		return Event{}, fmt.Errorf("open event: person: %w", ErrMismatch)
	}
	if !e.Leaf.Day.Equal(dayOf(e.Side.RecordedAt)) {
		return Event{}, fmt.Errorf("open event: day: %w", ErrMismatch)
	}
	return e, nil
}

// dayOf returns midnight, UTC, before t; the zero time of the zero time.
func dayOf(t time.Time) time.Time {
	year, month, day := t.UTC().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
