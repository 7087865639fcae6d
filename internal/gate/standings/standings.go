package standings

import "math"

// Key stands for a subject's id, an item's id or a content key: its keyed hash, 128 bits, uniformly distributed.
type Key = [16]byte

// Purposes is a set of purposes: one bit for each name that the register ever declared, in the order of declaration. A
// bit is never used again, so 32 names last for a register's whole life.
type Purposes uint32

// AllPurposes names every purpose, those too that are declared later.
const AllPurposes Purposes = math.MaxUint32

// Bits is how many purposes a register can declare in its life.
const Bits = 32

// Purpose is the set of the one purpose with this bit, 0 to 31.
func Purpose(bit uint8) Purposes { return 1 << bit }

// Objection is what stands of the objections that were filed under one country (GDPR Art. 21), apart for each time that some were refused from.
type Objection struct {
	// Country is the code on the objection's record, ISO 3166-1 alpha-2 or 3166-2; empty where none was recorded.
	Country string
	// Purposes are those objected to; never empty in a standing.
	Purposes Purposes
	// RefusedFrom is a time in Unix nanoseconds: from then on, what assesses objections does not honour it (Art. 21(1)). 0: it
	// was not refused.
	RefusedFrom int64
}

// Always is the ErasedBefore of a subject whose content is erased whatever its time.
const Always = math.MaxInt64

// Standing is what stands for a subject. The zero value says that nothing does. What a view hands out is shared and
// must not be changed.
type Standing struct {
	// Objections are sorted by country and by RefusedFrom, one for each two, none with empty purposes.
	Objections []Objection
	// Consented are the purposes that a consent stands for (Art. 7).
	Consented Purposes
	// ErasedBefore is a time in Unix nanoseconds: content made before it, or at an unknown time, is erased (Art. 17).
	// 0: nothing is. Always: everything, whatever its time.
	ErasedBefore int64
}

// Marked is what stands for an item or a content key. The zero value says that nothing does. What a view hands out is
// shared and must not be changed.
type Marked struct {
	// Objections are as in Standing.
	Objections []Objection
	// Erased says that the item must go from every set (Art. 17). Items only.
	Erased bool
	// WithheldUntil is a time in Unix nanoseconds: until then the item counts as deleted or restricted on the platform. 0: it
	// does not. Items only.
	WithheldUntil int64
}

// Table names one of the three tables of a view.
type Table uint8

// The tables.
const (
	// Subjects holds the standings of people.
	Subjects Table = iota
	// Items holds what stands for single items.
	Items
	// ContentKeys holds what stands for content, wherever it is offered with the same key.
	ContentKeys
)

// String is the table's name in dumps: subject, item or content_key.
func (t Table) String() string {
	switch t {
	case Subjects:
		return "subject"
	case Items:
		return "item"
	case ContentKeys:
		return "content_key"
	default:
		return "unknown"
	}
}
