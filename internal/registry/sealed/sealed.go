// Package sealed is what lies beside the log, encrypted, until it is done: identifiers that are to be matched, and addresses to answer to. It says under
// which handles they lie, and what a row says.
package sealed

import (
	"fmt"
	"strings"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// ReplyTo is the type of an address to answer to; all others are the API's of identifiers.
const ReplyTo = "REPLY_TO"

// Row is what a sealed row says.
type Row struct {
	// Objection is the filing that it came with.
	Objection event.ObjectionID
	// Type is ReplyTo, or the word of an identifier's type.
	Type string
	// Value is the address or the identifier.
	Value string
}

// IdentifierHandle is the handle of a filing's identifier, counted from 0.
func IdentifierHandle(keys *subject.Keys, id event.ObjectionID, place int) event.Key {
	return keys.Objection(fmt.Sprintf("identifier %d of %s", place, id))
}

// ReplyHandle is the handle of the address that a filing is answered to.
func ReplyHandle(keys *subject.Keys, id event.ObjectionID) event.Key {
	return keys.Objection(fmt.Sprintf("reply to of %s", id))
}

// Seal makes the row of a filing with that salt, which no other has.
func Seal(keys *subject.Keys, salt [32]byte, handle event.Key, row Row) store.Sealed {
	text := fmt.Sprintf("%s\n%s\n%s", row.Objection, row.Type, row.Value)
	return store.Sealed{Handle: handle, Bytes: keys.Seal(salt, handle, []byte(text))}
}

// Open reads a row: subject.ErrSealBroken where it was not sealed with this secret, or was changed.
func Open(keys *subject.Keys, sealed store.Sealed) (Row, error) {
	text, err := keys.Unseal(sealed.Handle, sealed.Bytes)
	if err != nil {
		return Row{}, err
	}
	id, rest, found := strings.Cut(string(text), "\n")
	kind, value, more := strings.Cut(rest, "\n")
	number, err := event.ParseObjectionID(id)
	if err != nil || !found || !more {
		return Row{}, subject.ErrSealBroken
	}
	return Row{Objection: number, Type: kind, Value: value}, nil
}

// Handles are those of all that a filing sealed; one that is done with is among them.
func Handles(keys *subject.Keys, side event.Side) []event.Key {
	return append(Identifiers(side), ReplyHandle(keys, side.ObjectionID))
}

// Identifiers are the handles of a filing's identifiers.
func Identifiers(side event.Side) []event.Key {
	handles := make([]event.Key, len(side.Identifiers))
	for i, one := range side.Identifiers {
		handles[i] = one.Handle
	}
	return handles
}

// maxIdentifiers is how many identifiers a filing can have.
const maxIdentifiers = 16

// All are the handles of all that a filing could have sealed, whether it did or not.
func All(keys *subject.Keys, id event.ObjectionID) []event.Key {
	handles := []event.Key{ReplyHandle(keys, id)}
	for place := range maxIdentifiers {
		handles = append(handles, IdentifierHandle(keys, id, place))
	}
	return handles
}
