package standings

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// Builder takes in what stands, and publishes it. It has one writer: its methods must not be called at once. Views that
// it published are not touched by what it does later.
type Builder struct {
	subjects    draft[Standing]
	items       draft[Marked]
	contentKeys draft[Marked]
}

// NewBuilder makes a builder in which nothing stands.
func NewBuilder() *Builder {
	return &Builder{
		subjects:    newDraft(spellStanding),
		items:       newDraft(spellMarked),
		contentKeys: newDraft(spellMarked),
	}
}

// Object adds an objection to those that stand for the key; one that stands under the same country, refused from
// the same time or not at all, takes its purposes in. An objection to no purpose changes nothing.
func (b *Builder) Object(table Table, key Key, o Objection) {
	if table == Subjects {
		b.changeSubject(key, func(s *Standing) { s.Objections = withObjection(s.Objections, o) })
		return
	}
	change(b.marked(table), key, func(m *Marked) { m.Objections = withObjection(m.Objections, o) })
}

// Clear removes every objection that stands for the key, and nothing else.
func (b *Builder) Clear(table Table, key Key) {
	if table == Subjects {
		b.changeSubject(key, func(s *Standing) { s.Objections = nil })
		return
	}
	change(b.marked(table), key, func(m *Marked) { m.Objections = nil })
}

// Consent adds purposes to those that the subject's consent stands for.
func (b *Builder) Consent(key Key, purposes Purposes) {
	b.changeSubject(key, func(s *Standing) { s.Consented |= purposes })
}

// WithdrawConsent takes purposes from those that the subject's consent stands for.
func (b *Builder) WithdrawConsent(key Key, purposes Purposes) {
	b.changeSubject(key, func(s *Standing) { s.Consented &^= purposes })
}

// Erase makes the subject's content erased that was made before a time in Unix nanoseconds, or at an unknown time;
// Always: all of it. An erasure that reaches further stands. A time before 1970 counts as its first nanosecond, since 0
// means none and an erasure must not be lost.
func (b *Builder) Erase(key Key, before int64) {
	b.changeSubject(key, func(s *Standing) { s.ErasedBefore = max(s.ErasedBefore, before, 1) })
}

// EraseItem makes one item erased.
func (b *Builder) EraseItem(key Key) {
	change(&b.items, key, func(m *Marked) { m.Erased = true })
}

// Withhold makes an item count as deleted or restricted on the platform until a time in Unix nanoseconds; 0: not any more.
func (b *Builder) Withhold(key Key, until int64) {
	change(&b.items, key, func(m *Marked) { m.WithheldUntil = until })
}

// Release ends what withholds an item, if it ends by now.
func (b *Builder) Release(key Key, now int64) {
	if m, ok := b.items.find(key); ok && m.WithheldUntil != 0 && m.WithheldUntil <= now {
		b.Withhold(key, 0)
	}
}

// Forget removes the key with everything that stands for it, protection included.
func (b *Builder) Forget(table Table, key Key) {
	if table == Subjects {
		b.subjects.put(key, &Standing{})
		return
	}
	b.marked(table).put(key, &Marked{})
}

// View publishes what stands now. What was not touched since the last publication is shared with its view.
func (b *Builder) View() *View {
	return &View{
		subjects:    b.subjects.publish(),
		items:       b.items.publish(),
		contentKeys: b.contentKeys.publish(),
	}
}

// marked is the table of what stands for things. A table that is none is a broken invariant: to go on would lose an
// objection.
func (b *Builder) marked(table Table) *draft[Marked] {
	switch table {
	case Items:
		return &b.items
	case ContentKeys:
		return &b.contentKeys
	default:
		panic(fmt.Sprintf("standings: table %d is not one of items and content keys", table))
	}
}

func (b *Builder) changeSubject(key Key, edit func(*Standing)) { change(&b.subjects, key, edit) }

// change edits a copy of what stands for the key. An edit replaces slices and never writes into them.
func change[V any](d *draft[V], key Key, edit func(*V)) {
	value := new(V)
	if old, ok := d.find(key); ok {
		*value = *old
	}
	edit(value)
	d.put(key, value)
}

// withObjection is the sorted, merged list with one objection more; the list itself stays as it is.
func withObjection(list []Objection, o Objection) []Objection {
	if o.Purposes == 0 {
		return list
	}
	at, found := slices.BinarySearchFunc(list, o, inOrder)
	more := make([]Objection, 0, len(list)+1)
	more = append(more, list[:at]...)
	if found {
		o.Purposes |= list[at].Purposes
		at++
	}
	return append(append(more, o), list[at:]...)
}

func inOrder(a, b Objection) int {
	return cmp.Or(cmp.Compare(a.Country, b.Country), cmp.Compare(a.RefusedFrom, b.RefusedFrom))
}

// spellStanding appends a spelling that two standings share exactly where they are equal.
func spellStanding(dst []byte, s *Standing) []byte {
	if len(s.Objections) == 0 && s.Consented == 0 && s.ErasedBefore == 0 {
		return dst
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(s.Consented))
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.ErasedBefore))
	return spellObjections(dst, s.Objections)
}

// spellMarked is spellStanding for Marked.
func spellMarked(dst []byte, m *Marked) []byte {
	if len(m.Objections) == 0 && !m.Erased && m.WithheldUntil == 0 {
		return dst
	}
	dst = binary.BigEndian.AppendUint64(append(dst, bit(m.Erased)), uint64(m.WithheldUntil))
	return spellObjections(dst, m.Objections)
}

func spellObjections(dst []byte, list []Objection) []byte {
	for _, o := range list {
		dst = binary.AppendUvarint(dst, uint64(len(o.Country)))
		dst = append(dst, o.Country...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(o.Purposes))
		dst = binary.BigEndian.AppendUint64(dst, uint64(o.RefusedFrom))
	}
	return dst
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
