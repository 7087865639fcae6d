package event

import "crypto/sha256"

// Revision is an event's place in the log: GENESIS has 1, each event that
// follows has one more than the one before. 0 stands before the first event.
type Revision uint64

// Key is the keyed hash (128 bits) of a subject's id, an item's id or a
// content key. What hashes it is known to package subject alone. To this
// package, and to the store that indexes by it, it is opaque.
type Key = [16]byte

// Hash is a SHA-256 digest, or an HMAC-SHA256.
type Hash = [sha256.Size]byte

// LeafHash returns the hash under which a leaf's bytes stand in the Merkle
// tree: SHA-256(0x00 || leaf), RFC 9162, 2.1.1.
func LeafHash(leaf []byte) Hash {
	h := sha256.New()
	h.Write([]byte{0}) // tells a leaf from an inner node, which starts with 0x01
	h.Write(leaf)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}
