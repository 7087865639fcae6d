package event

import "time"

const (
	// MaxLeafBytes bounds a leaf: proofs and receipts carry it whole.
	MaxLeafBytes = 4 << 10

	// FormatVersion is what GENESIS says of this format. It changes only with a
	// format whose records this package could not read.
	FormatVersion = 1

	maxLogBytes = 100
)

// Leaf is the public part of an event, whose bytes are the leaf of the Merkle
// tree. It reveals what kind of thing happened on which day under which policy
// to which effect; all else stands behind Person and Record, which are salted, so
// that two events of one person cannot be linked by it.
type Leaf struct {
	Type   Type
	Day    time.Time // midnight, UTC, of the day on which it was recorded
	Policy uint64    // version of the policy by which Effect was decided, of POLICY_APPLIED the one applied; 0: none was active
	Effect Effect    // one that the type may have

	// Of GENESIS alone.
	Log     string // the log's name: 1 to 100 bytes, lower case letters and digits joined by single dots, hyphens and slashes
	Version uint32 // FormatVersion
	Secret  Hash   // HMAC over Log under a key of the secret (package subject): another secret is found at start

	Person Hash // Commit of the side row's list
	Record Hash // SHA-256 of the side row's bytes
}

// leafFields is the leaf's table. The columns are the types in the order of the
// constants.
var leafFields = []field[Leaf]{
	one("type", "111111111111111", "", words[Type](typeWords[:]), func(l *Leaf) *Type { return &l.Type }),
	one("day", "111111111111111", "", dayKind, func(l *Leaf) *time.Time { return &l.Day }),
	one("policy", "-??1???????????", "", versionKind, func(l *Leaf) *uint64 { return &l.Policy }),
	effectField(),
	one("log", "1--------------", "", logKind, func(l *Leaf) *string { return &l.Log }),
	one("format", "1--------------", "", number[uint32](FormatVersion), func(l *Leaf) *uint32 { return &l.Version }),
	one("secret", "1--------------", "", hashKind, func(l *Leaf) *Hash { return &l.Secret }),
	one("person", "111111111111111", "", hashKind, func(l *Leaf) *Hash { return &l.Person }),
	one("record", "111111111111111", "", hashKind, func(l *Leaf) *Hash { return &l.Record }),
}

// effectField is the one field whose values depend on the type.
func effectField() field[Leaf] {
	f := one("effect", "111111111111111", "", words[Effect](effectWords[:]), func(l *Leaf) *Effect { return &l.Effect })
	read := f.parse
	f.parse = func(l *Leaf, value string) error {
		if err := read(l, value); err != nil {
			return err
		}
		for _, e := range effectsOf[l.Type] {
			if e == l.Effect {
				return nil
			}
		}
		return fault("not an effect of this type")
	}
	return f
}

var leafRecord = record[Leaf]{
	what:     "leaf",
	header:   "veto/event/v1\n",
	maxBytes: MaxLeafBytes,
	fields:   leafFields,
}

// Append adds the leaf's bytes to dst. Of a leaf that is not valid it makes
// bytes that ParseLeaf refuses; Seal is what writes events.
func (l Leaf) Append(dst []byte) []byte { return leafRecord.append(dst, &l) }

// ParseLeaf reads a leaf's bytes, at most MaxLeafBytes, and keeps none of them. It
// refuses every spelling but the one that Append makes. Errors are
// *MalformedError.
func ParseLeaf(b []byte) (Leaf, error) {
	var l Leaf
	if _, err := leafRecord.parse(string(b), &l, func(l *Leaf) Type { return l.Type }); err != nil {
		return Leaf{}, err
	}
	return l, nil
}
