package standings

import "maps"

// shardBits are the bits of a key that choose its shard.
const shardBits = 12

// shardCount bounds what a publication copies besides the entries that it touched: one pointer a shard.
const shardCount = 1 << shardBits

// shardOf is the place of a key in the directory. Keys are keyed hashes, so their first bits spread evenly; where they
// do not, look-ups stay right and publications copy more.
func shardOf(key Key) int { return int(key[0])<<4 | int(key[1])>>4 }

// table maps keys to interned values. The directory is nil while the table is empty.
type table[V any] struct {
	shards []*shard[V]
	len    int
}

// shard holds the keys with the same first bits. It changes only while its publication number is the builder's.
type shard[V any] struct {
	entries map[Key]*V
	number  uint64
}

// find looks a key up.
func (t *table[V]) find(key Key) (*V, bool) {
	if t.shards == nil {
		return nil, false
	}
	s := t.shards[shardOf(key)]
	if s == nil {
		return nil, false
	}
	value, ok := s.entries[key]
	return value, ok
}

// draft is a table that is being written, and the values that it shares.
type draft[V any] struct {
	table[V]
	// number counts publications; what carries a lower one is published and must be copied before it is changed.
	number uint64
	// directory is the number at which shards was copied.
	directory uint64
	// values are the interned ones with the count of their keys, by their canonical spelling.
	values map[string]*interned[V]
	// spelling is reused between writes.
	spelling []byte
	// spell appends the canonical spelling of a value; nothing for the value that says nothing.
	spell func([]byte, *V) []byte
}

// interned is a value that at least one key has.
type interned[V any] struct {
	value *V
	keys  int
}

func newDraft[V any](spell func([]byte, *V) []byte) draft[V] {
	return draft[V]{number: 1, values: map[string]*interned[V]{}, spell: spell}
}

// put makes value what stands for key. A value that says nothing takes the key out. The draft keeps value.
func (d *draft[V]) put(key Key, value *V) {
	old, had := d.find(key)
	d.spelling = d.spell(d.spelling[:0], value)
	if len(d.spelling) == 0 {
		if had {
			d.remove(key, old)
		}
		return
	}
	one, ok := d.values[string(d.spelling)]
	if !ok {
		one = &interned[V]{value: value}
		d.values[string(d.spelling)] = one
	}
	if had && old == one.value {
		return
	}
	one.keys++
	if had {
		d.release(old)
	} else {
		d.len++
	}
	d.own(key).entries[key] = one.value
}

// remove takes out a key that has the value old.
func (d *draft[V]) remove(key Key, old *V) {
	s := d.own(key)
	delete(s.entries, key)
	if len(s.entries) == 0 {
		d.shards[shardOf(key)] = nil
	}
	d.len--
	d.release(old)
}

// release forgets one key of a value, and the value with its last key.
func (d *draft[V]) release(value *V) {
	d.spelling = d.spell(d.spelling[:0], value)
	one := d.values[string(d.spelling)]
	one.keys--
	if one.keys == 0 {
		delete(d.values, string(d.spelling))
	}
}

// own returns the key's shard, copied if a published view shares it.
func (d *draft[V]) own(key Key) *shard[V] {
	if d.shards == nil {
		d.shards = make([]*shard[V], shardCount)
		d.directory = d.number
	} else if d.directory != d.number {
		d.shards = append(make([]*shard[V], 0, shardCount), d.shards...)
		d.directory = d.number
	}
	place := &d.shards[shardOf(key)]
	switch s := *place; {
	case s == nil:
		*place = &shard[V]{entries: map[Key]*V{}, number: d.number}
	case s.number != d.number:
		*place = &shard[V]{entries: maps.Clone(s.entries), number: d.number}
	}
	return *place
}

// publish hands out the table as it is. From here on it is shared.
func (d *draft[V]) publish() table[V] {
	if invariants {
		d.check()
	}
	d.number++
	return d.table
}
