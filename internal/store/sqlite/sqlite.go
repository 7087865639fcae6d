// Package sqlite keeps the log in one SQLite file in a data directory: the driver for one process on one machine. What
// is in the file, and what is synced when, is specified in docs/formats/store.md.
//
// One connection writes; a lock file keeps other processes out. Commands that arrive while a transaction runs go into
// the next one, on the goroutine of one of their callers: the driver has no goroutine of its own. Readers have
// connections of their own, which cannot write, and read beside the writer.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

const (
	// fileName is the database's name in the data directory. SQLite keeps two more beside it, with the endings -wal
	// and -shm: the first belongs to the database like a page of it.
	fileName = "veto.db"
	lockName = "veto.lock"

	// maxReaders is how many of the driver's own readers are open at most. The work is done by at most as many cores,
	// so more of them would only hold caches.
	maxReaders = 8
)

// Config is what Open needs.
type Config struct {
	// Dir is the data directory, on a local disk: it and the folders above it are made if they are not there, for the
	// owner alone (0700). Empty is refused.
	Dir string
}

// DB is the log in a data directory. It is safe for concurrent use.
type DB struct {
	lock    *flock.Flock
	writer  *writer // for the goroutine that leads a group
	readers *sql.DB
	reader  *reader // prepared on readers
	queue   queue
	news    news
	closing sync.Once
}

var _ store.Log = (*DB)(nil)

// Open opens the log in a data directory, or makes an empty one. It takes the directory for this process until Close,
// brings the schema up to date, and holds the head against the events. The context bounds opening only.
//
// Errors: store.ErrInUse, ErrNewer, ErrCorrupt, ErrFull, ErrUnavailable; another one if the directory cannot be used
// or SQLite does not take the settings that durability rests on.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Dir == "" {
		return nil, errors.New("open data directory: its name is empty")
	}
	db := &DB{}
	if err := db.open(ctx, c.Dir); err != nil {
		return nil, errors.Join(fmt.Errorf("open data directory %s: %w", c.Dir, err), db.release())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	if err := db.take(filepath.Join(dir, lockName)); err != nil {
		return err
	}
	file := filepath.Join(dir, fileName)
	if err := makeFile(file); err != nil {
		return err
	}
	// Half the time of fsync on a journaling file system for the same durability; where it is not to be had, SQLite
	// goes on with what the system has.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return fmt.Errorf("choose fdatasync: %v", err)
	}
	if db.writer, err = openWriter(ctx, file); err != nil {
		return err
	}
	head, err := db.writer.check(ctx, maxRehashed)
	if err != nil {
		return err
	}
	db.news.last = head.Revision
	db.writer.reader.turn = writeError
	if db.readers, err = openReaders(ctx, file); err != nil {
		return err
	}
	db.reader, err = prepareReader(ctx, db.readers)
	return readError(err)
}

// take locks the data directory. The lock goes when the process does, however it ends.
func (db *DB) take(path string) error {
	lock := flock.New(path, flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock: %v", err)
	}
	if !taken {
		return fmt.Errorf("lock: %w: stop that one, or use another data directory", store.ErrInUse)
	}
	db.lock = lock
	return nil
}

// makeDir makes a directory that survives power loss: its entry is synced in the folder above.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(dir)
	if err := makeDir(above); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(above)
}

// makeFile makes an empty file, which is an empty database, so that it is the owner's alone; SQLite gives the files
// beside it the same mode.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close(), syncDir(filepath.Dir(path)))
}

func syncDir(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Wait implements store.Log. All appends to this log are this process's, so it returns when the head has passed the
// revision, not before.
func (db *DB) Wait(ctx context.Context, after event.Revision) error {
	return db.news.wait(ctx, after)
}

// Close implements store.Log.
func (db *DB) Close() error {
	var err error
	db.closing.Do(func() {
		db.news.close()
		db.queue.close()
		err = db.release()
	})
	return err
}

// release lets go of what is open. The writer goes after the readers, since the last connection folds the write-ahead
// log into the database, and readers cannot; the lock goes last.
func (db *DB) release() error {
	var errs []error
	if db.reader != nil {
		errs = append(errs, db.reader.prepared.close())
	}
	if db.readers != nil {
		errs = append(errs, db.readers.Close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Unlock())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close: %v", err)
	}
	return nil
}
