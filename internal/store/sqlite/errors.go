package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/veto-gate/veto/internal/store"
)

// writeError turns an error of the writing connection into one of the store's. What is not known to have left the disk
// as it was, is ErrBroken.
func writeError(err error) error {
	code, ok := resultCode(err)
	switch {
	case err == nil || ours(err):
		return err
	case !ok:
		return fmt.Errorf("%w: %v", store.ErrBroken, err)
	case code == sqlite3.SQLITE_IOERR_SHMSIZE:
		// The index beside the log could not grow. It is never synced and made anew at need, so nothing is in doubt; the
		// disk has no room for it.
		return fmt.Errorf("%w: %v", store.ErrFull, err)
	}
	switch code & 0xff { // the primary code
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %v", store.ErrFull, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM:
		// Another program holds the file's lock, or there was no memory: the transaction is rolled back, and is whole.
		return fmt.Errorf("%w: %v", store.ErrUnavailable, err)
	default:
		return fmt.Errorf("%w: %v", store.ErrBroken, err)
	}
}

// readError turns an error of a reading connection into one of the store's, or the context's.
func readError(err error) error {
	if err == nil || ours(err) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if code, ok := resultCode(err); ok {
		switch code & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%w: %v", store.ErrCorrupt, err)
		case sqlite3.SQLITE_FULL: // a reader makes room too, for the index beside the log
			return fmt.Errorf("%w: %v", store.ErrFull, err)
		}
	}
	return fmt.Errorf("%w: %v", store.ErrUnavailable, err)
}

// ours says that an error has already been turned into one of the store's.
func ours(err error) bool {
	for _, known := range []error{
		store.ErrBroken, store.ErrClosed, store.ErrCorrupt, store.ErrFull, store.ErrNewer, store.ErrNoDocument, store.ErrUnavailable,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// resultCode is SQLite's extended result code.
func resultCode(err error) (int, bool) {
	if failed, ok := errors.AsType[*sqlite.Error](err); ok {
		return failed.Code(), true
	}
	return 0, false
}
