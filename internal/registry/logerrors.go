package registry

import "github.com/veto-gate/veto/internal/store"

// What the log says, for callers that know the register and not the store behind it. Every method that reads or writes
// the log can return them, wrapped.
var (
	// ErrRequestReused: the request id was used before for another request. Nothing was written.
	ErrRequestReused = store.ErrRequestReused
	// ErrFull: the disk is full. Nothing was written; it works again when there is room.
	ErrFull = store.ErrFull
	// ErrBroken: an I/O error; nothing is written any more until a restart.
	ErrBroken = store.ErrBroken
	// ErrUnavailable: the database does not answer. Try again.
	ErrUnavailable = store.ErrUnavailable
	// ErrClosed: the log was closed.
	ErrClosed = store.ErrClosed
	// ErrInUse: another process has the log.
	ErrInUse = store.ErrInUse
)

// PanicError is a panic while a request was being resolved: a broken invariant of the register's. Nothing was written.
type PanicError = store.PanicError
