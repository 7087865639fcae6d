package standings

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
)

// View is what stood at one publication. It never changes; any number of goroutines read it without a lock. The zero
// value is an index in which nothing stands.
type View struct {
	subjects    table[Standing]
	items       table[Marked]
	contentKeys table[Marked]
}

// Subject finds what stands for a subject. The standing is shared: it must not be changed.
func (v *View) Subject(key Key) (*Standing, bool) { return v.subjects.find(key) }

// Item finds what stands for an item. It is shared: it must not be changed.
func (v *View) Item(key Key) (*Marked, bool) { return v.items.find(key) }

// ContentKey finds what stands for a content key. It is shared: it must not be changed.
func (v *View) ContentKey(key Key) (*Marked, bool) { return v.contentKeys.find(key) }

// Len is how many keys a table holds; 0 for a table that is none.
func (v *View) Len(t Table) int {
	switch t {
	case Subjects:
		return v.subjects.len
	case Items:
		return v.items.len
	case ContentKeys:
		return v.contentKeys.len
	default:
		return 0
	}
}

// HasItems says whether anything stands for any item. Where nothing does, no item's id needs to be hashed.
func (v *View) HasItems() bool { return v.items.len > 0 }

// HasContentKeys says whether anything stands for any content key.
func (v *View) HasContentKeys() bool { return v.contentKeys.len > 0 }

// Dump writes everything that stands as text, in one order, so that two views hold the same exactly where their dumps
// are the same bytes. A line is a table, a key in hexadecimal, and one thing that stands:
//
//	subject 2b7e151628aed2a6abf7158809cf4f3c objection FR ffffffff
//	subject 2b7e151628aed2a6abf7158809cf4f3c consent 00000001
//	item 3ad77bb40d7a3660a89ecaf32466ef97 withheld_until 1767225600000000000
//
// A country that was not recorded is a hyphen. Errors are the writer's.
func (v *View) Dump(w io.Writer) error {
	buffered := bufio.NewWriter(w)
	dump(Subjects, &v.subjects, func(line []byte, s *Standing) {
		dumpObjections(buffered, line, s.Objections)
		if s.Consented != 0 {
			fmt.Fprintf(buffered, "%s consent %08x\n", line, uint32(s.Consented))
		}
		if s.ErasedBefore != 0 {
			fmt.Fprintf(buffered, "%s erased_before %d\n", line, s.ErasedBefore)
		}
	})
	for _, t := range []struct {
		table *table[Marked]
		name  Table
	}{{&v.items, Items}, {&v.contentKeys, ContentKeys}} {
		dump(t.name, t.table, func(line []byte, m *Marked) {
			dumpObjections(buffered, line, m.Objections)
			if m.Erased {
				fmt.Fprintf(buffered, "%s erased\n", line)
			}
			if m.WithheldUntil != 0 {
				fmt.Fprintf(buffered, "%s withheld_until %d\n", line, m.WithheldUntil)
			}
		})
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("dump standings: %w", err)
	}
	return nil
}

// dump calls write with each key, in ascending order, as the beginning of its lines.
func dump[V any](name Table, t *table[V], write func(line []byte, value *V)) {
	var keys []Key
	line := make([]byte, 0, 64)
	for _, s := range t.shards {
		if s == nil {
			continue
		}
		keys = keys[:0]
		for key := range s.entries {
			keys = append(keys, key)
		}
		slices.SortFunc(keys, func(a, b Key) int { return bytes.Compare(a[:], b[:]) })
		for _, key := range keys {
			line = append(append(line[:0], name.String()...), ' ')
			line = hex.AppendEncode(line, key[:])
			write(line, s.entries[key])
		}
	}
}

func dumpObjections(w *bufio.Writer, line []byte, list []Objection) {
	for _, o := range list {
		country := o.Country
		if country == "" {
			country = "-"
		}
		fmt.Fprintf(w, "%s objection %s %08x", line, country, uint32(o.Purposes))
		if o.RefusedFrom != 0 {
			fmt.Fprintf(w, " refused_from %d", o.RefusedFrom)
		}
		fmt.Fprintln(w)
	}
}
