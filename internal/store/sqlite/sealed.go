package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

const (
	selectSealed     = `SELECT bytes FROM sealed WHERE handle = ?`
	selectSealedPage = `SELECT handle, bytes FROM sealed WHERE handle > ? ORDER BY handle LIMIT ?`
	insertSealed     = `INSERT INTO sealed (handle, bytes) VALUES (?, ?)`
	deleteSealed     = `DELETE FROM sealed WHERE handle = ?`
)

// seal adds and takes out the sealed rows of a record.
func (w *writer) seal(ctx context.Context, r *store.Record) error {
	for _, row := range r.Seal {
		if _, err := w.sealStmt.ExecContext(ctx, row.Handle[:], row.Bytes); err != nil {
			return err
		}
	}
	for _, handle := range r.Unseal {
		if _, err := w.unsealStmt.ExecContext(ctx, handle[:]); err != nil {
			return err
		}
	}
	return nil
}

// Sealed implements store.Log.
func (db *DB) Sealed(ctx context.Context, handles ...event.Key) ([]store.Sealed, error) {
	if err := store.CheckKeys(handles); err != nil {
		return nil, err
	}
	if db.queue.isClosed() {
		return nil, store.ErrClosed
	}
	var rows []store.Sealed
	for _, handle := range handles {
		row := store.Sealed{Handle: handle}
		switch err := db.reader.sealedStmt.QueryRowContext(ctx, handle[:]).Scan(&row.Bytes); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, db.told(fmt.Errorf("read a sealed row: %w", db.reader.turn(err)))
		default:
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// EachSealed implements store.Log.
func (db *DB) EachSealed(ctx context.Context) iter.Seq2[store.Sealed, error] {
	return func(yield func(store.Sealed, error) bool) {
		if db.queue.isClosed() {
			yield(store.Sealed{}, store.ErrClosed)
			return
		}
		for after := (event.Key{}); ; {
			page, err := db.reader.sealedPage(ctx, after)
			if err != nil {
				yield(store.Sealed{}, db.told(err))
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
				after = row.Handle
			}
			if len(page) < pageEntries {
				return
			}
		}
	}
}

func (r *reader) sealedPage(ctx context.Context, after event.Key) (page []store.Sealed, err error) {
	rows, err := r.sealedPageStmt.QueryContext(ctx, after[:], pageEntries)
	if err != nil {
		return nil, fmt.Errorf("read sealed rows: %w", r.turn(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var handle []byte
		var row store.Sealed
		if err := rows.Scan(&handle, &row.Bytes); err != nil {
			return nil, fmt.Errorf("read sealed rows: %w", r.turn(err))
		}
		if copy(row.Handle[:], handle) != len(row.Handle) {
			return nil, fmt.Errorf("read sealed rows: %w: a handle of %d bytes", store.ErrCorrupt, len(handle))
		}
		page = append(page, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read sealed rows: %w", r.turn(err))
	}
	return page, nil
}
