package event

import (
	"encoding/hex"
	"strings"
)

// Act is what a change does to the standing of a key.
type Act uint8

// The acts; the zero value is none and is never written.
const (
	ActClear   Act = iota + 1 // every objection of the key goes
	ActObject                 // one objection of the key is added
	ActConsent                // the subject consents
	ActRevoke                 // what the subject consented to before does not count any more
)

var actWords = [...]string{ActClear: "clear", ActObject: "object", ActConsent: "consent", ActRevoke: "revoke"}

// String returns the act's word, or UNKNOWN.
func (a Act) String() string { return wordOf(actWords[:], int(a)) }

// Table is what a key of a change is the hash of.
type Table uint8

// The tables; the zero value is none and is never written.
const (
	TableSubject    Table = iota + 1 // a subject's id
	TableItem                        // an item's id
	TableContentKey                  // a content key
)

var tableWords = [...]string{TableSubject: "subject", TableItem: "item", TableContentKey: "content_key"}

// String returns the table's word, or UNKNOWN.
func (t Table) String() string { return wordOf(tableWords[:], int(t)) }

// Proof is what made a withdrawal effective.
type Proof uint8

// The proofs; the zero value is none and is never written.
const (
	ProofSubject Proof = iota + 1 // the caller verified the person
	ProofReceipt                  // the receipt of the very filing was shown; for that filing alone
)

var proofWords = [...]string{ProofSubject: "SUBJECT", ProofReceipt: "RECEIPT"}

// String returns the proof's word, or UNKNOWN.
func (p Proof) String() string { return wordOf(proofWords[:], int(p)) }

// Change is one step by which an event changes the standings. Its line is
// "clear TABLE KEY", or "object TABLE KEY COUNTRY PURPOSES" with a hyphen for a
// country that is not known, or "consent subject KEY PURPOSES", or
// "revoke subject KEY PURPOSES".
type Change struct {
	Act   Act
	Table Table
	Key   Key

	Country  string   // of ActObject alone: of who objected; empty: unknown, which is honoured
	Purposes Purposes // of all but ActClear: objected or consented to, or revoked; not empty
}

var changeKind = kind[Change]{
	isZero: func(Change) bool { return false }, // what parses has an act
	append: func(dst []byte, c Change) []byte {
		dst = append(append(dst, c.Act.String()...), ' ')
		dst = append(append(dst, c.Table.String()...), ' ')
		dst = hex.AppendEncode(dst, c.Key[:])
		if c.Act == ActClear && c.Country == "" && c.Purposes.IsZero() {
			return dst
		}
		if c.consents() && c.Country == "" {
			return c.Purposes.append(append(dst, ' '))
		}
		country := "?" // which parse refuses; a country called - would pass for none
		switch {
		case c.Country == "":
			country = "-"
		case isCountry(c.Country):
			country = c.Country
		}
		dst = append(append(append(dst, ' '), country...), ' ')
		return c.Purposes.append(dst)
	},
	parse: parseChange,
}

// consents says whether the change is one of consents, which have no country.
func (c Change) consents() bool { return c.Act == ActConsent || c.Act == ActRevoke }

func parseChange(s string) (Change, error) {
	var c Change
	act, rest, _ := strings.Cut(s, " ")
	a, err := indexOf(actWords[:], act)
	if err != nil {
		return c, fault("none of clear, object, consent and revoke")
	}
	table, rest, _ := strings.Cut(rest, " ")
	t, err := indexOf(tableWords[:], table)
	if err != nil {
		return c, fault("not one of the three tables")
	}
	c.Act, c.Table = Act(a), Table(t)
	key, rest, more := strings.Cut(rest, " ")
	if c.Key, err = keyKind.parse(key); err != nil {
		return c, err
	}
	if isZero(c.Key) {
		return c, fault("a key of zeros")
	}
	if c.Act == ActClear {
		if more {
			return c, fault("more than a table and a key to clear")
		}
		return c, nil
	}
	if c.consents() {
		if c.Table != TableSubject {
			return c, fault("a consent of something that is no subject")
		}
		c.Purposes, err = parsePurposes(rest)
		return c, err
	}
	country, purposes, _ := strings.Cut(rest, " ")
	if country != "-" {
		if c.Country, err = countryKind.parse(country); err != nil {
			return c, err
		}
	}
	c.Purposes, err = parsePurposes(purposes)
	return c, err
}

// liftKind is "REVISION PURPOSES".
var liftKind = kind[Lift]{
	isZero: func(Lift) bool { return false }, // what parses has a revision
	append: func(dst []byte, l Lift) []byte {
		return l.Purposes.append(append(revisionKind.append(dst, l.Revision), ' '))
	},
	parse: func(s string) (l Lift, err error) {
		revision, purposes, _ := strings.Cut(s, " ")
		if l.Revision, err = revisionKind.parse(revision); err != nil {
			return l, err
		}
		l.Purposes, err = parsePurposes(purposes)
		return l, err
	},
}

// blindedKind is "TAG SUM". Whether the tags are those of the row's values, the
// row's parser looks at when it has them all.
var blindedKind = kind[Blinded]{
	isZero: func(Blinded) bool { return false }, // what parses has a tag
	append: func(dst []byte, b Blinded) []byte {
		return hashKind.append(append(appendEscaped(dst, b.Tag), ' '), b.Sum)
	},
	parse: func(s string) (b Blinded, err error) {
		tag, sum, _ := strings.Cut(s, " ")
		if !joined(tag, "_", isLower) {
			return b, fault("not the name of a private value")
		}
		b.Tag = strings.Clone(tag)
		if b.Sum, err = hashKind.parse(sum); err == nil && isZero(b.Sum) {
			err = fault("zero where an HMAC belongs")
		}
		return b, err
	},
}
