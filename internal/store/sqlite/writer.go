package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// writer is the one connection that writes. It is for one goroutine at a time.
type writer struct {
	pool   *sql.DB // of this connection alone
	conn   *sql.Conn
	reader *reader // reads inside the transaction; once the log is open, its errors count as the transaction's

	beginStmt, commitStmt, rollbackStmt                  *sql.Stmt
	requestStmt, insertRequestStmt                       *sql.Stmt
	eventStmt, sideStmt, keyStmt, documentStmt, headStmt *sql.Stmt
	sealStmt, unsealStmt                                 *sql.Stmt

	prepared statements

	broken error // ErrBroken, once a write failed so
}

// openWriter opens the database for writing, checks what durability rests on and brings the schema up to date.
func openWriter(ctx context.Context, file string) (_ *writer, err error) {
	pool, err := sql.Open("sqlite", address(file, "rw", writerSettings))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", readError(err))
	}
	pool.SetMaxOpenConns(1)
	w := &writer{pool: pool}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if err := checkVersion(ctx, pool); err != nil {
		return nil, err
	}
	if err := migrate(ctx, pool, migrations()); err != nil {
		return nil, err
	}
	// From here on the one connection stays ours: settings and prepared statements are its own.
	if w.conn, err = pool.Conn(ctx); err != nil {
		return nil, fmt.Errorf("open database: %w", readError(err))
	}
	if err := checkSettings(ctx, w.conn, writerSettings); err != nil {
		return nil, err
	}
	if err := w.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare statements: %w", readError(err))
	}
	return w, nil
}

func (w *writer) prepare(ctx context.Context) (err error) {
	if w.reader, err = prepareReader(ctx, w.conn); err != nil {
		return err
	}
	return w.prepared.prepare(ctx, w.conn, []statement{
		{&w.beginStmt, "BEGIN IMMEDIATE"},
		{&w.commitStmt, "COMMIT"},
		{&w.rollbackStmt, "ROLLBACK"},
		{&w.requestStmt, selectRequest},
		{&w.insertRequestStmt, insertRequest},
		{&w.eventStmt, insertEvent},
		{&w.sideStmt, insertSide},
		{&w.keyStmt, insertKey},
		{&w.documentStmt, insertDocument},
		{&w.headStmt, updateHead},
		{&w.sealStmt, insertSealed},
		{&w.unsealStmt, deleteSealed},
	})
}

func (w *writer) close() error {
	errs := []error{w.prepared.close()}
	if w.reader != nil {
		errs = append(errs, w.reader.prepared.close())
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	return errors.Join(append(errs, w.pool.Close())...)
}

// begin starts a transaction that locks the head, and reads it: what an earlier failure left is seen here.
func (w *writer) begin(ctx context.Context) (store.Head, error) {
	if w.broken != nil {
		return store.Head{}, w.broken
	}
	if _, err := w.beginStmt.ExecContext(ctx); err != nil {
		return store.Head{}, w.failed(err)
	}
	head, err := w.reader.head(ctx)
	if err != nil {
		w.rollBack(ctx)
		return store.Head{}, w.failed(err)
	}
	return head, nil
}

const updateHead = `UPDATE head SET revision = ?, root = ?, frontier = ?, time = ? WHERE one = 1`

// commit writes the head, if it moved, and makes the transaction durable.
func (w *writer) commit(ctx context.Context, head store.Head, moved bool) error {
	if moved {
		frontier := make([]byte, 0, len(head.Frontier)*len(event.Hash{}))
		for _, sum := range head.Frontier {
			frontier = append(frontier, sum[:]...)
		}
		if _, err := w.headStmt.ExecContext(ctx, int64(head.Revision), head.Root[:], frontier, head.Time.UnixMicro()); err != nil {
			return w.failed(err)
		}
	}
	if _, err := w.commitStmt.ExecContext(ctx); err != nil {
		return w.failed(err)
	}
	w.checkInvariants(ctx)
	return nil
}

// rollBack undoes a transaction. SQLite may have done so itself; if neither can, the next BEGIN fails and says so.
func (w *writer) rollBack(ctx context.Context) {
	_, _ = w.rollbackStmt.ExecContext(ctx)
}

// failed turns an error of a transaction into the store's, and remembers one after which nothing more may be written:
// a sync that failed may have dropped pages, and succeed when it is asked again.
func (w *writer) failed(err error) error {
	err = fmt.Errorf("append: %w", writeError(err))
	if errors.Is(err, store.ErrBroken) {
		w.broken = err
	}
	return err
}

const selectRequest = `SELECT fingerprint, coalesce(revision, 0), head, answer FROM request WHERE request_id = ?`

// request is one that was carried out, and what it came to.
type request struct {
	fingerprint []byte
	came        store.Appended
}

// earlier looks a request up; nil if it is new.
func (w *writer) earlier(ctx context.Context, id [16]byte) (*request, error) {
	r := &request{}
	var revision, head int64
	err := w.requestStmt.QueryRowContext(ctx, id[:]).Scan(&r.fingerprint, &revision, &head, &r.came.Answer)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up a request: %w", w.reader.turn(err))
	}
	r.came.Revision, r.came.Head, r.came.Again = event.Revision(revision), event.Revision(head), true
	if revision != 0 {
		r.came.Entry, err = w.reader.entry(ctx, r.came.Revision)
	}
	return r, err
}

// answer is what a request with the same id is told.
func (r *request) answer(fingerprint event.Hash) (store.Appended, error) {
	if !bytes.Equal(r.fingerprint, fingerprint[:]) {
		return store.Appended{}, fmt.Errorf("append: %w", store.ErrRequestReused)
	}
	return r.came, nil
}

const insertRequest = `INSERT INTO request (request_id, fingerprint, revision, head, answer) VALUES (?, ?, nullif(?, 0), ?, ?)`

func (w *writer) insertRequest(ctx context.Context, c store.Command, got store.Appended) error {
	answer := got.Answer
	if answer == nil {
		answer = []byte{} // nil would be NULL
	}
	_, err := w.insertRequestStmt.ExecContext(ctx, c.RequestID[:], c.Fingerprint[:], int64(got.Revision), int64(got.Head), answer)
	return err
}

const (
	insertEvent    = `INSERT INTO event (revision, leaf, leaf_hash) VALUES (?, ?, ?)`
	insertSide     = `INSERT INTO side (revision, bytes) VALUES (?, ?)`
	insertKey      = `INSERT INTO event_key (key, revision) VALUES (?, ?) ON CONFLICT DO NOTHING`
	insertDocument = `INSERT INTO document (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING`
)

// insert writes an event and what goes with it.
func (w *writer) insert(ctx context.Context, revision event.Revision, r *store.Record) error {
	leafHash := event.LeafHash(r.Leaf)
	if _, err := w.eventStmt.ExecContext(ctx, int64(revision), r.Leaf, leafHash[:]); err != nil {
		return err
	}
	if _, err := w.sideStmt.ExecContext(ctx, int64(revision), r.Side); err != nil {
		return err
	}
	for i := range r.Keys {
		if _, err := w.keyStmt.ExecContext(ctx, r.Keys[i][:], int64(revision)); err != nil {
			return err
		}
	}
	for _, document := range r.Documents {
		sum := sha256.Sum256(document)
		if _, err := w.documentStmt.ExecContext(ctx, sum[:], document); err != nil {
			return err
		}
	}
	return w.seal(ctx, r)
}
