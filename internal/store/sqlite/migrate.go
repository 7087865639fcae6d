package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/veto-gate/veto/internal/store"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrations are the schema's versions, each a file that is never changed once it was released.
func migrations() fs.FS {
	files, err := fs.Sub(embedded, "migrations")
	if err != nil {
		panic(fmt.Sprintf("embedded migrations: %v", err)) // the name above is no path
	}
	return files
}

// migrate brings the schema up to date. Each migration is one transaction together with the note that it ran, so one
// that was killed is begun anew. The caller has the data directory's lock.
func migrate(ctx context.Context, db *sql.DB, files fs.FS) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read migrations: %v", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", readError(err))
	}
	if current > target {
		return fmt.Errorf("read schema version: %w: the schema is at version %d, the program knows up to %d", store.ErrNewer, current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema from version %d to %d: %w", current, target, readError(err))
	}
	return nil
}
