package standings

import "fmt"

// check looks at everything that was touched since the last publication, and panics where an invariant is broken: a
// wrong index would use the words of somebody who objected.
func (d *draft[V]) check() {
	total := 0
	for place, s := range d.shards {
		if s == nil {
			continue
		}
		total += len(s.entries)
		if s.number > d.number || s.number == d.number && d.directory != d.number {
			panic(fmt.Sprintf("standings: shard %d of publication %d in directory %d", place, s.number, d.directory))
		}
		if s.number == d.number {
			d.checkShard(place, s)
		}
	}
	if total != d.len {
		panic(fmt.Sprintf("standings: %d keys counted as %d", total, d.len))
	}
	keys := 0
	for spelling, one := range d.values {
		if one.keys <= 0 || string(d.spell(nil, one.value)) != spelling {
			panic(fmt.Sprintf("standings: an interned value with %d keys, or changed since", one.keys))
		}
		keys += one.keys
	}
	if keys != total {
		panic(fmt.Sprintf("standings: values count %d keys of %d", keys, total))
	}
}

// checkShard wants each key at its place with an interned value that says something.
func (d *draft[V]) checkShard(place int, s *shard[V]) {
	if len(s.entries) == 0 {
		panic(fmt.Sprintf("standings: shard %d is empty", place))
	}
	for key, value := range s.entries {
		if shardOf(key) != place {
			panic(fmt.Sprintf("standings: a key of shard %d in shard %d", shardOf(key), place))
		}
		spelling := d.spell(nil, value)
		if one := d.values[string(spelling)]; len(spelling) == 0 || one == nil || one.value != value {
			panic(fmt.Sprintf("standings: a value in shard %d is not interned", place))
		}
	}
}
