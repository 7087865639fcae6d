package standings

import (
	"maps"
	"slices"
)

// Objected are the distinct sets of purposes that standing objections name, for subjects, items and content keys
// alike, in ascending order. It looks at the distinct standings, of which there are few, not at the keys.
func (b *Builder) Objected() []Purposes {
	found := map[Purposes]struct{}{}
	note := func(list []Objection) {
		for _, o := range list {
			found[o.Purposes] = struct{}{}
		}
	}
	for _, one := range b.subjects.values {
		note(one.value.Objections)
	}
	for _, one := range b.items.values {
		note(one.value.Objections)
	}
	for _, one := range b.contentKeys.values {
		note(one.value.Objections)
	}
	return slices.Sorted(maps.Keys(found))
}
