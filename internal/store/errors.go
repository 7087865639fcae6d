package store

import (
	"errors"
	"fmt"
)

// What a caller of Open and of a Log can branch on with errors.Is. Drivers turn their database's errors into these.
var (
	// ErrRequestReused: the request id was used before with another fingerprint. A new request needs a new id.
	ErrRequestReused = errors.New("request id was used for another request")
	// ErrOutOfBounds: a part of the command or question is missing or larger than its bound. Nothing was written.
	ErrOutOfBounds = errors.New("out of bounds")
	// ErrNoDocument: no document with that sum was ever written.
	ErrNoDocument = errors.New("no such document")
	// ErrFull: the disk is full. The transaction was rolled back, nothing of it was written; appending works again, with
	// no restart, when there is room.
	ErrFull = errors.New("disk full")
	// ErrBroken: a write failed in a way after which nobody can say what is on the disk (a failed sync may have dropped
	// pages). This process writes no more; reading goes on. Check the disk, then restart: opening reads what is there.
	ErrBroken = errors.New("writing has stopped after an I/O error; check the disk and restart")
	// ErrClosed: the log was closed.
	ErrClosed = errors.New("log is closed")
	// ErrInUse: another process has the log, and this driver allows one. Stop it, or use another one.
	ErrInUse = errors.New("in use by another process")
	// ErrNewer: the database was written by a newer version. Start that version or a newer one.
	ErrNewer = errors.New("database is newer than this program")
	// ErrCorrupt: what is stored contradicts itself, such as a head that does not fit its events. Restore a backup.
	ErrCorrupt = errors.New("log is damaged")
	// ErrUnavailable: the database cannot be reached or did not answer. Try again later.
	ErrUnavailable = errors.New("store is unavailable")
)

// PanicError is the error of a command whose Resolve panicked: a broken invariant of the caller's. Nothing of the
// command was written.
type PanicError struct {
	// Reason is the runtime's text where the runtime panicked, else the type of what was thrown: never its value, which
	// could hold what a person sent.
	Reason string
	// Stack is where it happened, for the log.
	Stack []byte
}

// Error says that resolving panicked, and the reason, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("resolve: panic: %s", e.Reason) }
