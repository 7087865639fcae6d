// Package standings is the index of who objected, who consented and who is
// erased, as decisions read it.
//
// There are three tables: what stands for subjects, for single items, and for
// content keys. All are looked up by keyed hashes of 128 bits, so that the index
// holds no id. A Builder, with one writer, takes what the fold of the log tells
// it; View publishes the state. A published view never changes, and any number
// of goroutines read it without a lock, while the builder goes on.
//
// # How a view is published without copying it
//
// A table is a directory of 4096 shards, chosen by the first 12 bits of the key,
// and a shard is a Go map from key to standing:
//
//	view 7   dir ──► [ s0 │ s1 │ s2 │ … ]
//	                   │    │    │
//	view 8   dir ──► [ s0 │ s1'│ s2 │ … ]      one key of s1 changed
//
// View hands the directory out as it is. The first write after it copies the
// directory, 32 KiB, and each shard that it touches, once: a few hundred entries
// where there are a million keys. Whatever was not touched is shared by every
// view. A shard carries the number of the publication that it belongs to, which
// is how the builder knows what is its own.
//
// Few distinct standings occur (no country and all purposes, France and all
// purposes …), however many people have one. They are interned: equal standings
// are one value, and a map's entry holds the key and a pointer to it. A standing
// that says nothing leaves its table, so that a look-up finds an entry only
// where something stands.
//
// With the build tag invariants, each publication checks what was touched since
// the one before.
package standings
