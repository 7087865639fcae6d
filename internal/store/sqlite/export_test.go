package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
)

// What the tests reach inside for.
var (
	RecentEnough  = recentEnough
	CheckSettings = checkSettings
	Migrations    = migrations
)

const (
	FileName = fileName
	MaxGroup = maxGroup
)

// Setting is a PRAGMA's name and what it must read back as.
type Setting = setting

// NewSetting makes one.
func NewSetting(name, readBack string) Setting { return setting{name: name, readBack: readBack} }

// Settings are what the writing and the reading connections must have.
func Settings() (writer, reader []Setting) { return writerSettings, readerSettings }

// Name and ReadBack are a setting's fields.
func (s setting) Name() string     { return s.name }
func (s setting) ReadBack() string { return s.readBack }

// Exec runs a statement on the writing connection, while nobody appends.
func Exec(ctx context.Context, db *DB, query string, args ...any) error {
	_, err := db.writer.conn.ExecContext(ctx, query, args...)
	return err
}

// Pragma reads a setting of the writing connection, and of a reading one.
func Pragma(ctx context.Context, db *DB, name string) (writer, reader string, err error) {
	err = errors.Join(
		db.writer.conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&writer),
		db.readers.QueryRowContext(ctx, "PRAGMA "+name).Scan(&reader),
	)
	return writer, reader, err
}

// Reader is the pool of reading connections.
func Reader(db *DB) *sql.DB { return db.readers }

// Waiting is how many commands no group has taken yet.
func Waiting(db *DB) int {
	db.queue.mu.Lock()
	defer db.queue.mu.Unlock()
	return len(db.queue.waiting)
}

// MigrateFrom migrates the database in a directory with other migrations than the embedded ones.
func MigrateFrom(ctx context.Context, dir string, files fs.FS) error {
	file := filepath.Join(dir, fileName)
	if err := makeFile(file); err != nil {
		return err
	}
	pool, err := sql.Open("sqlite", address(file, "rw", writerSettings))
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	return errors.Join(migrate(ctx, pool, files), pool.Close())
}

// WriterPragma reads a setting of the connection that writes.
func WriterPragma(ctx context.Context, db *DB, name string) (value string, err error) {
	err = db.writer.conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value)
	return value, err
}
