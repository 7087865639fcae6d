// Package event holds what the log holds: the kinds of event, their canonical
// bytes, and their place in the one order, the revision.
//
// An event is two records of UTF-8 text. The leaf is public and goes into the
// Merkle tree:
//
//	veto/event/v1
//	type OBJECTION_FILED
//	day 2026-01-02
//	policy 3
//	effect IN_FORCE
//	person 5f0c… (64 hexadecimal digits)
//	record 91be…
//
// The side row lies beside it, is private, and can be taken out again: salts,
// keyed hashes, exact times, purposes, who acted, what changes in the standings,
// and the blinded list of the private values. Two commitments in the leaf hold
// the two together: record is the SHA-256 of the side row's bytes, and person
// that of the blinded list alone, which a receipt hands to the person.
//
// A record is a header line and then lines of a name, one space and a value, in
// one fixed order that the tables leafFields and sideFields state, field by
// field and type by type. There is one spelling of everything: for every b that
// a parser of this package accepts, formatting the result gives b again, and
// what it does not accept is never written, since Seal reads back what it wrote.
// docs/formats/event.md is the specification for readers in other languages;
// testdata/vectors.jsonl holds its vectors.
//
// The package is a leaf of the house: it knows neither the secret, nor the
// store, nor the wire. It hashes no id; package subject does.
package event
