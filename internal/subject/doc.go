// Package subject turns a person's id into the subject key, and blinds private
// values for a leaf. It alone holds the secret.
//
// The secret is 32 random bytes in a file of the data directory. Seven subkeys
// come from it by HKDF-SHA256 (RFC 5869; no salt; the info strings below), so that
// no hash of one kind can be taken for one of another:
//
//	veto/subject/v1           16 bytes  SipHash-2-4-128 of a subject's id
//	veto/item/v1              16 bytes  SipHash-2-4-128 of an item's id
//	veto/content-key/v1       16 bytes  SipHash-2-4-128 of a content key
//	veto/objection-key/v1     16 bytes  SipHash-2-4-128 of an objection's id
//	veto/objection-number/v1  32 bytes  HMAC-SHA256: the number in an objection's id
//	veto/fingerprint/v1       32 bytes  HMAC-SHA256 of a request's content
//	veto/check/v1             32 bytes  HMAC-SHA256 of the log's name, in GENESIS
//
// A SipHash key is two little-endian words of 64 bits; a hash is the two words of
// the result in the same order, little-endian. Without the secret nothing stored
// can be traced to an id by trying ids out; with it everything can, so it is
// backed up apart from the store, and never printed. Another secret would match
// nobody: every objection would silently stop counting, which is why GENESIS
// binds it.
//
// The lines of a person list need no secret, but the event's salt. Each has a key
// of its own under it, so that one value can be shown and the salt kept.
//
// docs/formats/event.md specifies the hashes, testdata/vectors.jsonl has vectors.
//
// The package is a leaf of the house: it does no input or output but the secret's
// file.
package subject
