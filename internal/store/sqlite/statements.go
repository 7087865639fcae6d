package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// preparer is a pool or a connection.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// statement is a query, and where it is kept once it is prepared.
type statement struct {
	into  **sql.Stmt
	query string
}

// statements are those that live as long as what they are prepared on. They are ended before it: a connection with an open one is closed, but SQLite does
// not fold the write-ahead log into the database then.
type statements []*sql.Stmt

// prepare prepares all, or leaves none.
func (s *statements) prepare(ctx context.Context, on preparer, all []statement) error {
	for _, one := range all {
		stmt, err := on.PrepareContext(ctx, one.query) //nolint:sqlclosecheck // close does
		if err != nil {
			return errors.Join(err, s.close())
		}
		*one.into = stmt
		*s = append(*s, stmt)
	}
	return nil
}

func (s *statements) close() error {
	var errs []error
	for _, stmt := range *s {
		errs = append(errs, stmt.Close())
	}
	*s = nil
	return errors.Join(errs...)
}
