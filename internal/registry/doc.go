// Package registry is the register: it turns requests into events, and folds the events into the view that decisions
// are made from.
//
// A write resolves what it comes to inside the log's transaction, on what the log holds under its lock, so that
// "again" and "later" never race; its event records the effect, and the fold only applies it. The write returns once a
// view that holds the event is published here. Every other process follows the log and folds the same events in the
// same order to the same view.
//
// A view is fresh for MaxStaleness after the head was read and the fold stood level with it. Only such a reading counts:
// silence of the store does not. Without one View is ErrStale, and the caller refuses to decide.
//
// No id and no word of a request is kept: events hold keyed hashes, which package subject makes.
package registry
