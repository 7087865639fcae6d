package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/veto-gate/veto/internal/store"
)

// Look opens a log for reading alone, also beside the process that has it, and says whether there is one. It makes nothing, migrates nothing and folds
// nothing in, so that whoever looks for damage adds none; the whole database is checked by SQLite. While the log is open no other process begins on it.
//
// Errors: those of Open, but for ErrInUse; fs.ErrNotExist: there is no log.
func Look(ctx context.Context, c Config) (_ *DB, inUse bool, err error) {
	db := &DB{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("look into data directory %s: %w", c.Dir, err), db.release())
		}
	}()
	dir, err := filepath.Abs(c.Dir) // SQLite takes the beginning of a relative name for a host's
	if err != nil {
		return nil, false, err
	}
	file := filepath.Join(dir, fileName)
	if _, err := os.Stat(file); err != nil {
		return nil, false, err
	}
	if inUse, err = db.watch(filepath.Join(dir, lockName)); err != nil {
		return nil, false, err
	}
	where := address(file, "ro", readerSettings)
	if status, err := os.Stat(file + "-wal"); !inUse && (err != nil || status.Size() == 0) {
		where += "&immutable=1" // without it SQLite would make its two files, though there is nothing in them
	}
	if db.readers, err = openPool(ctx, where); err != nil {
		return nil, inUse, err
	}
	if err := checkWhole(ctx, db.readers); err != nil {
		return nil, inUse, err
	}
	if db.reader, err = prepareReader(ctx, db.readers); err != nil {
		return nil, inUse, readError(err)
	}
	head, err := db.reader.head(ctx)
	if err != nil {
		return nil, inUse, err
	}
	db.news.last = head.Revision
	return db, inUse, head.Check()
}

// watch takes the lock, if it is there and nobody has it.
func (db *DB) watch(path string) (inUse bool, err error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	taken, err := lock.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lock: %v", err)
	case !taken:
		return true, nil
	}
	db.lock = lock
	return false, nil
}

// maxDamage is how many lines of SQLite's own check are told.
const maxDamage = 3

// checkWhole compares the schema's version with the program's, and lets SQLite check every page.
func checkWhole(ctx context.Context, pool *sql.DB) (err error) {
	var version int
	if err := pool.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", readError(err))
	}
	switch known := lastMigration(); {
	case version > known:
		return fmt.Errorf("read schema version: %w: the schema is at version %d, the program knows up to %d", store.ErrNewer, version, known)
	case version < known:
		return fmt.Errorf("read schema version: %w: the schema is at version %d, and the next start brings it to %d", store.ErrUnavailable, version, known)
	}
	rows, err := pool.QueryContext(ctx, "PRAGMA integrity_check("+strconv.Itoa(maxDamage)+")")
	if err != nil {
		return fmt.Errorf("check the database: %w", readError(err))
	}
	defer func() { err = errors.Join(err, readError(rows.Close())) }()
	var damage []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return fmt.Errorf("check the database: %w", readError(err))
		}
		if line != "ok" {
			damage = append(damage, line)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("check the database: %w", readError(err))
	}
	if len(damage) > 0 {
		return fmt.Errorf("check the database: %w: %s", store.ErrCorrupt, strings.Join(damage, "; "))
	}
	return nil
}

// lastMigration is the newest version that the program knows.
func lastMigration() int {
	files, err := fs.Glob(migrations(), "*.sql")
	if err != nil {
		panic(err) // the pattern is well formed
	}
	last := 0
	for _, name := range files {
		number, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(number); err == nil {
			last = max(last, n)
		}
	}
	return last
}
