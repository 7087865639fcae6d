// Package store is where the log is kept: its interface, its bounds and its errors. The drivers stand in the
// folders below it and pass the suite in storetest whole.
//
// The log has one gapless, total order of events, the revision, counted from 1. An event is a leaf, which stays for
// ever and is hashed into a Merkle tree (RFC 9162, 2.1), and a side row, which can be taken out again. The store
// takes both as opaque bytes: it knows no kinds of event. Every append locks the head, decides on what the log holds
// under that lock, and writes event, keys, documents, answer, Merkle frontier and head in one transaction, so any
// number of processes may write to one log, and what was decided is true at the revision it was decided at.
package store

import (
	"context"
	"iter"
	"time"

	"github.com/veto-gate/veto/internal/event"
)

// The bounds of what one append may write. They are checked before anything is written; what is beyond is
// ErrOutOfBounds.
const (
	// MaxLeafBytes bounds a leaf, which is proved and printed whole.
	MaxLeafBytes = 4 << 10
	// MaxSideBytes bounds a side row.
	MaxSideBytes = 1 << 20
	// MaxDocumentBytes bounds one document, such as a policy.
	MaxDocumentBytes = 1 << 20
	// MaxDocuments bounds the documents of one record.
	MaxDocuments = 4
	// MaxKeys bounds the keys that one record is indexed under, and those of one question to EventsOf: a look-up each,
	// while all appends wait.
	MaxKeys = 4 << 10
	// MaxAnswerBytes bounds the answer that is kept with a request id.
	MaxAnswerBytes = 1 << 10
)

// Entry is one event as the log holds it. Whoever is handed one may keep and change its slices.
type Entry struct {
	// Revision is the event's place in the log, from 1.
	Revision event.Revision
	// Leaf is the event's public bytes, 1 to MaxLeafBytes. It is never taken out.
	Leaf []byte
	// Side is the side row's bytes, 1 to MaxSideBytes; nil if the row is not there. The store does not say whether it
	// was forgotten or lost: the caller knows which revisions may be without one.
	Side []byte
}

// Head is the state of the whole log after its last event. The zero value, but for its Root, is the head of an
// empty log: see EmptyHead.
type Head struct {
	// Revision is the last event's, and so the number of events; 0: the log is empty.
	Revision event.Revision
	// Root is the Merkle tree hash of all leaves (RFC 9162, 2.1.1).
	Root event.Hash
	// Frontier holds the roots of the perfect subtrees that the tree is made of, the largest (leftmost) first: one for
	// each bit that is set in Revision.
	Frontier []event.Hash
	// Time is the latest Record.Time so far, in UTC to the microsecond; zero for an empty log. It never goes back,
	// also where a writer's clock does.
	Time time.Time
}

// Record is an event to be written, and what is written with it.
type Record struct {
	// Leaf is 1 to MaxLeafBytes, Side 1 to MaxSideBytes.
	Leaf, Side []byte
	// Keys are what EventsOf finds the event by, at most MaxKeys. One that occurs twice counts once.
	Keys []event.Key
	// Documents are kept by their SHA-256, each once however often it is written: at most MaxDocuments of 1 to
	// MaxDocumentBytes.
	Documents [][]byte
	// Seal are rows that come with the event, at most MaxSealed, each under a handle that no row has; Unseal are the handles of
	// rows that are deleted with it, and of one that is not there nothing is done.
	Seal   []Sealed
	Unseal []event.Key
	// Time is when the event is recorded; it advances Head.Time. Finer parts than a microsecond are cut off. A year
	// outside 1 to 9999 is out of bounds, the zero time too.
	Time time.Time
}

// Verdict is what a command came to.
type Verdict struct {
	// Record is the event to write; nil if the command leaves the log as it is.
	Record *Record
	// Answer is kept with the request id and handed to every retry: at most MaxAnswerBytes. It must hold no raw
	// identity, as nothing that is stored may.
	Answer []byte
}

// Command is one request to write.
type Command struct {
	// RequestID names the request; it may not be zero. The same id is carried out at most once in the log's life.
	RequestID [16]byte
	// Fingerprint is a keyed hash of the request's content: a retry has the same one.
	Fingerprint event.Hash
	// Resolve decides, on what the log holds under the head's lock, what the request comes to. An error is a refusal:
	// Append returns it as it is, nothing is written or kept, and a retry is resolved anew. Resolve must be pure: it may
	// run several times (a transaction that is repeated) or not at all (a retry), on a goroutine not its caller's, under
	// a context that does not end with the caller's. While it runs all other appends wait, so it does not block, and it
	// calls nothing of the Log but Present. A panic is this command's error alone, a *PanicError. Nobody changes the
	// slices in its verdict afterwards until Append has returned; where it returned early, at the context's end, never.
	Resolve func(ctx context.Context, p Present) (Verdict, error)
}

// Present is the log as of the head under lock, with what earlier commands of the same transaction wrote. It is for
// the goroutine that Resolve runs on, until Resolve returns. If one of its methods fails, Resolve returns that error,
// wrapped or not.
type Present interface {
	// Head is the head under lock. The next event's revision is the one after it.
	Head() Head
	// EventsOf is Log.EventsOf up to the head under lock.
	EventsOf(keys ...event.Key) ([]Entry, error)
	// Latest is the revision of the last event that was written with the key; 0: there is none.
	Latest(key event.Key) (event.Revision, error)
	// After returns the next events after a revision, in order and without a gap, for a fold that lags a little behind:
	// a page of them, so the caller asks again after the last one until it is at Head().Revision. At the head and past
	// it there are none.
	After(after event.Revision) ([]Entry, error)
	// Document is Log.Document.
	Document(sum event.Hash) ([]byte, error)
}

// Appended is what Append came to.
type Appended struct {
	// Revision is that of the event which this request wrote; 0: it wrote none.
	Revision event.Revision
	// Head is the log's last revision that the answer is true at: Revision where the request wrote an event, else the
	// head that it was resolved on.
	Head event.Revision
	// Entry is the event that this request wrote; zero if it wrote none. In a retry its Side can be nil: see Entry.
	Entry Entry
	// Answer is the verdict's.
	Answer []byte
	// Again says that this request had been carried out before, and that all of the above is what it came to then.
	Again bool
}

// Log is an append-only log of events. Its methods are safe for concurrent use, also by other processes where the
// driver allows them. An error is one of this package's, the context's, or a refusal of Resolve's.
type Log interface {
	// Append carries out one command and returns when all that it wrote is durable. Commands that wait while a
	// transaction runs go into the next one together.
	//
	// Nothing was written if the error is a refusal, a *PanicError, ErrRequestReused, ErrOutOfBounds, ErrFull or
	// ErrInUse. After ErrBroken, ErrUnavailable, ErrClosed or the context's error the command may have been written or
	// may still be: once it was taken into a transaction it goes on though its caller's context ends. Asking again with
	// the same RequestID and Fingerprint tells, and does it at most once. A context that has ended before the command
	// was taken writes nothing.
	Append(ctx context.Context, c Command) (Appended, error)

	// Head reads the head from the database: never a cached one, so a success says that the store is there.
	Head(ctx context.Context) (Head, error)

	// Read yields the events after a revision, in order and without a gap, up to what was the head when it began. After
	// the head or past it there are none. It reads in pages and holds no transaction while its caller works, however
	// long that takes. An error ends it, with the zero Entry: ErrCorrupt if an event is missing; whatever it was, the
	// caller may begin again after the last entry it got.
	Read(ctx context.Context, after event.Revision) iter.Seq2[Entry, error]

	// EventsOf returns the events that were written with any of the keys, each once, in order, up to and with upTo or
	// the head, whichever is earlier. At most MaxKeys keys; none finds nothing.
	EventsOf(ctx context.Context, keys []event.Key, upTo event.Revision) ([]Entry, error)

	// Document returns the document with this SHA-256, or ErrNoDocument. Its bytes were checked against the sum.
	Document(ctx context.Context, sum event.Hash) ([]byte, error)

	// Sealed returns the sealed rows with these handles, in their order, without those that are not there. At most MaxKeys.
	Sealed(ctx context.Context, handles ...event.Key) ([]Sealed, error)

	// EachSealed yields every sealed row, by ascending handle. It reads in pages and holds no transaction: a row that comes or
	// goes meanwhile may or may not be among them. An error ends it, with the zero Sealed.
	EachSealed(ctx context.Context) iter.Seq2[Sealed, error]

	// Wait returns nil when the head may have passed a revision. It may do so early, and it may miss an append that
	// another process made: callers ask for Head besides, at their own interval.
	Wait(ctx context.Context, after event.Revision) error

	// Close waits for the transaction that is running, fails what has not begun with ErrClosed, and releases the log.
	// Every later call is ErrClosed, but for Close: it may be called again and returns nil.
	Close() error
}
