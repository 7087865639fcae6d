package event

import (
	"encoding/hex"
	"strings"
	"time"
)

// Act is what a change does to the standing of a key.
type Act uint8

// The acts; the zero value is none and is never written.
const (
	ActClear    Act = iota + 1 // every objection of the key goes
	ActObject                  // one objection of the key is added
	ActConsent                 // the subject consents
	ActRevoke                  // what the subject consented to before does not count any more
	ActErase                   // content of the subject that was made before a time, or the item, is erased
	ActWithhold                // the item is excluded until a time
	ActRestore                 // the item is not withheld any more
	ActRefuse                  // as ActObject, and regimes that assess do not honour it from a time on
)

var actWords = [...]string{ActClear: "clear", ActObject: "object", ActConsent: "consent", ActRevoke: "revoke", ActErase: "erase", ActWithhold: "withhold", ActRestore: "restore", ActRefuse: "refuse"}

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
// "revoke subject KEY PURPOSES", or "erase subject KEY INSTANT", "erase item KEY",
// "withhold item KEY INSTANT", "restore item KEY",
// "refuse TABLE KEY COUNTRY PURPOSES INSTANT".
type Change struct {
	Act   Act
	Table Table
	Key   Key

	Country  string   // of ActObject and ActRefuse alone: of who objected; empty: unknown, which is honoured
	Purposes Purposes // of ActObject, ActRefuse, ActConsent, ActRevoke: not empty

	At time.Time // of a subject's ActErase, of ActWithhold, and of ActRefuse
}

var changeKind = kind[Change]{
	isZero: func(Change) bool { return false }, // what parses has an act
	append: func(dst []byte, c Change) []byte {
		dst = append(append(dst, c.Act.String()...), ' ')
		dst = append(append(dst, c.Table.String()...), ' ')
		dst = hex.AppendEncode(dst, c.Key[:])
		plain := c.Country == "" && c.Purposes.IsZero()
		switch {
		case c.timed() && plain:
			return instantKind.append(append(dst, ' '), c.At)
		case !c.At.IsZero() != (c.Act == ActRefuse):
			return append(dst, " ?"...) // which parse refuses
		case c.bare() && plain:
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
		dst = c.Purposes.append(dst)
		if c.Act == ActRefuse {
			dst = instantKind.append(append(dst, ' '), c.At)
		}
		return dst
	},
	parse: parseChange,
}

// consents says whether the change is one of consents, which have no country.
func (c Change) consents() bool { return c.Act == ActConsent || c.Act == ActRevoke }

// bare says whether the change is no more than an act and a key; timed, whether it has an instant besides.
func (c Change) bare() bool {
	return c.Act == ActClear || c.Act == ActRestore || c.Act == ActErase && c.Table != TableSubject
}

func (c Change) timed() bool {
	return c.Act == ActWithhold || c.Act == ActErase && c.Table == TableSubject
}

// fits says whether the act is one that the table's keys can have.
func (c Change) fits() bool {
	switch c.Act {
	case ActConsent, ActRevoke:
		return c.Table == TableSubject
	case ActErase:
		return c.Table != TableContentKey
	case ActWithhold, ActRestore:
		return c.Table == TableItem
	default:
		return true
	}
}

func parseChange(s string) (Change, error) {
	var c Change
	act, rest, _ := strings.Cut(s, " ")
	a, err := indexOf(actWords[:], act)
	if err != nil {
		return c, fault("not an act of the format")
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
	if !c.fits() {
		return c, fault("an act that keys of this table do not have")
	}
	switch {
	case c.bare():
		if more {
			return c, fault("more than a table and a key")
		}
		return c, nil
	case c.timed():
		if c.At, err = instantKind.parse(rest); err == nil && c.At.IsZero() {
			err = fault("no instant")
		}
		return c, err
	case c.consents():
		c.Purposes, err = parsePurposes(rest)
		return c, err
	}
	country, purposes, _ := strings.Cut(rest, " ")
	if country != "-" {
		if c.Country, err = countryKind.parse(country); err != nil {
			return c, err
		}
	}
	if c.Act == ActRefuse {
		var from string
		purposes, from, _ = strings.Cut(purposes, " ")
		if c.At, err = instantKind.parse(from); err != nil {
			return c, err
		}
		if c.At.IsZero() {
			return c, fault("no instant")
		}
	}
	c.Purposes, err = parsePurposes(purposes)
	return c, err
}

// identifierKind is "TYPE HANDLE".
var identifierKind = kind[Identifier]{
	isZero: func(Identifier) bool { return false }, // what parses has a type
	append: func(dst []byte, i Identifier) []byte {
		return keyKind.append(append(wordKind.append(dst, i.Type), ' '), i.Handle)
	},
	parse: func(s string) (i Identifier, err error) {
		word, handle, _ := strings.Cut(s, " ")
		if i.Type, err = wordKind.parse(word); err != nil {
			return i, err
		}
		if i.Handle, err = keyKind.parse(handle); err == nil && isZero(i.Handle) {
			err = fault("a handle of zeros")
		}
		return i, err
	},
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

// coverKind is "KEY OBJECTION_ID PURPOSES".
var coverKind = kind[Cover]{
	isZero: func(Cover) bool { return false }, // what parses has a key
	append: func(dst []byte, c Cover) []byte {
		dst = append(keyKind.append(dst, c.Subject), ' ')
		dst = append(idKind.append(dst, c.ObjectionID), ' ')
		return c.Purposes.append(dst)
	},
	parse: func(s string) (c Cover, err error) {
		key, rest, _ := strings.Cut(s, " ")
		if c.Subject, err = keyKind.parse(key); err != nil {
			return c, err
		}
		id, purposes, _ := strings.Cut(rest, " ")
		if isZero(c.Subject) {
			return c, fault("a key of zeros")
		}
		if c.ObjectionID, err = idKind.parse(id); err != nil {
			return c, err
		}
		c.Purposes, err = parsePurposes(purposes)
		return c, err
	},
}

// reportKind is "KEY WORD INSTANT".
var reportKind = kind[Report]{
	isZero: func(Report) bool { return false }, // what parses has a key
	append: func(dst []byte, r Report) []byte {
		dst = append(keyKind.append(dst, r.Item), ' ')
		dst = append(wordKind.append(dst, r.What), ' ')
		return instantKind.append(dst, r.At)
	},
	parse: func(s string) (r Report, err error) {
		key, rest, _ := strings.Cut(s, " ")
		if r.Item, err = keyKind.parse(key); err != nil {
			return r, err
		}
		word, instant, _ := strings.Cut(rest, " ")
		if isZero(r.Item) {
			return r, fault("a key of zeros")
		}
		if r.What, err = wordKind.parse(word); err != nil {
			return r, err
		}
		if r.At, err = instantKind.parse(instant); err == nil && r.At.IsZero() {
			err = fault("no instant")
		}
		return r, err
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
