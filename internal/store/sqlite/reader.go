package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

const (
	// pageEntries and pageBytes bound what a page of events holds in memory; the entry that passes the second is the
	// page's last.
	pageEntries = 512
	pageBytes   = 4 << 20
)

// reader is the reading statements, prepared on a pool or on one connection.
type reader struct {
	headStmt, pageStmt, entryStmt, keyStmt, latestStmt, documentStmt *sql.Stmt
	sealedStmt, sealedPageStmt                                       *sql.Stmt

	prepared statements
	turn     func(error) error // the database's errors into the store's
}

// openReaders opens the database for reading.
func openReaders(ctx context.Context, file string) (*sql.DB, error) {
	return openPool(ctx, address(file, "ro", readerSettings))
}

func openPool(ctx context.Context, where string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", where)
	if err != nil {
		return nil, fmt.Errorf("open database for reading: %w", readError(err))
	}
	pool.SetMaxOpenConns(maxReaders)
	pool.SetMaxIdleConns(maxReaders)
	if err := checkSettings(ctx, pool, readerSettings); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

func prepareReader(ctx context.Context, on preparer) (*reader, error) {
	r := &reader{turn: readError}
	if err := r.prepared.prepare(ctx, on, []statement{
		{&r.headStmt, selectHead},
		{&r.pageStmt, selectPage},
		{&r.entryStmt, selectEntry},
		{&r.keyStmt, selectRevisions},
		{&r.latestStmt, selectLatest},
		{&r.documentStmt, selectDocument},
		{&r.sealedStmt, selectSealed},
		{&r.sealedPageStmt, selectSealedPage},
	}); err != nil {
		return nil, err
	}
	return r, nil
}

const selectHead = `SELECT revision, root, frontier, time FROM head WHERE one = 1`

func (r *reader) head(ctx context.Context) (store.Head, error) {
	var revision int64
	var root, frontier []byte
	var micros sql.NullInt64
	err := r.headStmt.QueryRowContext(ctx).Scan(&revision, &root, &frontier, &micros)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Head{}, fmt.Errorf("read head: %w: its row is missing", store.ErrCorrupt)
	}
	if err != nil {
		return store.Head{}, fmt.Errorf("read head: %w", r.turn(err))
	}
	const hashBytes = len(event.Hash{})
	if revision < 0 || len(root) != hashBytes || len(frontier)%hashBytes != 0 {
		return store.Head{}, fmt.Errorf("read head: %w: revision %d, %d bytes of root, %d of frontier", store.ErrCorrupt, revision, len(root), len(frontier))
	}
	head := store.Head{Revision: event.Revision(revision), Root: event.Hash(root)}
	for sum := range slices.Chunk(frontier, hashBytes) {
		head.Frontier = append(head.Frontier, event.Hash(sum))
	}
	if micros.Valid {
		head.Time = time.UnixMicro(micros.Int64).UTC()
	}
	return head, nil
}

const selectPage = `SELECT event.revision, event.leaf, side.bytes FROM event LEFT JOIN side ON side.revision = event.revision
WHERE event.revision > ? AND event.revision <= ? ORDER BY event.revision LIMIT ?`

// page returns the next events after a revision, up to and with another: at least one where there should be one.
func (r *reader) page(ctx context.Context, after, upTo event.Revision) (page []store.Entry, err error) {
	if after >= upTo {
		return nil, nil
	}
	rows, err := r.pageStmt.QueryContext(ctx, int64(after), int64(upTo), pageEntries)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", r.turn(err))
	}
	defer func() { err = errors.Join(err, r.turn(rows.Close())) }()
	for size := 0; size < pageBytes && rows.Next(); {
		var revision int64
		var e store.Entry
		if err := rows.Scan(&revision, &e.Leaf, &e.Side); err != nil {
			return nil, fmt.Errorf("read events: %w", r.turn(err))
		}
		e.Revision = event.Revision(revision)
		if want := after + event.Revision(len(page)) + 1; e.Revision != want {
			return nil, fmt.Errorf("read events: %w: the one at revision %d is missing", store.ErrCorrupt, want)
		}
		page = append(page, e)
		size += len(e.Leaf) + len(e.Side)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read events: %w", r.turn(err))
	}
	if len(page) == 0 {
		return nil, fmt.Errorf("read events: %w: the one at revision %d is missing", store.ErrCorrupt, after+1)
	}
	return page, nil
}

const selectEntry = `SELECT event.leaf, side.bytes FROM event LEFT JOIN side ON side.revision = event.revision
WHERE event.revision = ?`

func (r *reader) entry(ctx context.Context, revision event.Revision) (store.Entry, error) {
	e := store.Entry{Revision: revision}
	err := r.entryStmt.QueryRowContext(ctx, int64(revision)).Scan(&e.Leaf, &e.Side)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Entry{}, fmt.Errorf("read event: %w: the one at revision %d is missing", store.ErrCorrupt, revision)
	}
	if err != nil {
		return store.Entry{}, fmt.Errorf("read event: %w", r.turn(err))
	}
	return e, nil
}

const selectRevisions = `SELECT revision FROM event_key WHERE key = ? AND revision <= ?`

// eventsOf returns the events under any of the keys, up to and with a revision that is not past the head: what is at
// or before the head does not change, so this needs no transaction of its own.
func (r *reader) eventsOf(ctx context.Context, keys []event.Key, upTo event.Revision) ([]store.Entry, error) {
	var revisions []event.Revision
	for i := range keys {
		found, err := r.revisions(ctx, keys[i], upTo)
		if err != nil {
			return nil, err
		}
		revisions = append(revisions, found...)
	}
	slices.Sort(revisions)
	revisions = slices.Compact(revisions)
	entries := make([]store.Entry, 0, len(revisions))
	for _, revision := range revisions {
		e, err := r.entry(ctx, revision)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (r *reader) revisions(ctx context.Context, key event.Key, upTo event.Revision) (found []event.Revision, err error) {
	rows, err := r.keyStmt.QueryContext(ctx, key[:], int64(upTo))
	if err != nil {
		return nil, fmt.Errorf("look up a key: %w", r.turn(err))
	}
	defer func() { err = errors.Join(err, r.turn(rows.Close())) }()
	for rows.Next() {
		var revision int64
		if err := rows.Scan(&revision); err != nil {
			return nil, fmt.Errorf("look up a key: %w", r.turn(err))
		}
		found = append(found, event.Revision(revision))
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look up a key: %w", r.turn(err))
	}
	return found, nil
}

const selectLatest = `SELECT coalesce(max(revision), 0) FROM event_key WHERE key = ? AND revision <= ?`

// latest is the last revision under a key, up to and with another; 0: there is none.
func (r *reader) latest(ctx context.Context, key event.Key, upTo event.Revision) (event.Revision, error) {
	var revision int64
	if err := r.latestStmt.QueryRowContext(ctx, key[:], int64(upTo)).Scan(&revision); err != nil {
		return 0, fmt.Errorf("look up a key: %w", r.turn(err))
	}
	return event.Revision(revision), nil
}

const selectDocument = `SELECT bytes FROM document WHERE sha256 = ?`

func (r *reader) document(ctx context.Context, sum event.Hash) ([]byte, error) {
	var document []byte
	err := r.documentStmt.QueryRowContext(ctx, sum[:]).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read document: %w", store.ErrNoDocument)
	}
	if err != nil {
		return nil, fmt.Errorf("read document: %w", r.turn(err))
	}
	if sha256.Sum256(document) != sum {
		return nil, fmt.Errorf("read document: %w: its bytes do not have the sum they stand under", store.ErrCorrupt)
	}
	return document, nil
}

// Head implements store.Log.
func (db *DB) Head(ctx context.Context) (store.Head, error) {
	if db.queue.isClosed() {
		return store.Head{}, store.ErrClosed
	}
	head, err := db.reader.head(ctx)
	if err != nil {
		return store.Head{}, db.told(err)
	}
	return head, nil
}

// Read implements store.Log.
func (db *DB) Read(ctx context.Context, after event.Revision) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		head, err := db.Head(ctx)
		if err != nil {
			yield(store.Entry{}, err)
			return
		}
		for after < head.Revision {
			page, err := db.reader.page(ctx, after, head.Revision)
			if err != nil {
				yield(store.Entry{}, db.told(err))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
				after = e.Revision
			}
		}
	}
}

// EventsOf implements store.Log.
func (db *DB) EventsOf(ctx context.Context, keys []event.Key, upTo event.Revision) ([]store.Entry, error) {
	if err := store.CheckKeys(keys); err != nil {
		return nil, err
	}
	head, err := db.Head(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := db.reader.eventsOf(ctx, keys, min(upTo, head.Revision))
	if err != nil {
		return nil, db.told(err)
	}
	return entries, nil
}

// Document implements store.Log.
func (db *DB) Document(ctx context.Context, sum event.Hash) ([]byte, error) {
	if db.queue.isClosed() {
		return nil, store.ErrClosed
	}
	document, err := db.reader.document(ctx, sum)
	if err != nil {
		return nil, db.told(err)
	}
	return document, nil
}

// told is a reader's error as its caller is told it: when the log was closed meanwhile, that is the cause.
func (db *DB) told(err error) error {
	if db.queue.isClosed() {
		return store.ErrClosed
	}
	return err
}
