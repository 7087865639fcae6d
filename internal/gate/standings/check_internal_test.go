package standings

import (
	"strings"
	"testing"
)

// The self-check finds each way in which an index can be wrong.
func TestCheckFindsFaults(t *testing.T) {
	key := Key{1}
	tests := []struct {
		name    string
		corrupt func(*draft[Standing])
		want    string
	}{
		{"a lost key", func(d *draft[Standing]) { delete(d.shards[shardOf(key)].entries, key) }, "is empty"},
		{"a wrong count", func(d *draft[Standing]) { d.len++ }, "counted as"},
		{"a key in another's shard", func(d *draft[Standing]) {
			s := d.shards[shardOf(key)]
			s.entries[Key{2}] = s.entries[key]
		}, "in shard"},
		{"a value that is not interned", func(d *draft[Standing]) {
			value := *d.shards[shardOf(key)].entries[key]
			d.shards[shardOf(key)].entries[key] = &value
		}, "not interned"},
		{"a value changed since", func(d *draft[Standing]) { d.shards[shardOf(Key{9})].entries[Key{9}].Consented = 4 }, "changed since"},
		{"a value without keys", func(d *draft[Standing]) {
			d.values["x"] = &interned[Standing]{value: &Standing{}}
		}, "0 keys"},
		{"values that count too many keys", func(d *draft[Standing]) {
			for _, one := range d.values {
				one.keys++
			}
		}, "values count"},
		{"a shard of the future", func(d *draft[Standing]) { d.shards[shardOf(key)].number = d.number + 1 }, "of publication"},
		{"a shard in a published directory", func(d *draft[Standing]) { d.directory-- }, "of publication"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBuilder()
			b.Consent(Key{9}, 2)
			b.subjects.publish()
			b.Consent(key, 1)
			b.subjects.check()
			tt.corrupt(&b.subjects)
			defer func() {
				if fault, _ := recover().(string); !strings.Contains(fault, tt.want) {
					t.Errorf("check said %q, want %q", fault, tt.want)
				}
			}()
			b.subjects.check()
		})
	}
}

// What was not touched is shared between views, and what was is not.
func TestPublicationsShareUntouchedShards(t *testing.T) {
	b := NewBuilder()
	one, other := Key{1}, Key{2}
	b.Consent(one, 1)
	b.Consent(other, 1)
	first := b.View()
	b.Consent(one, 2)
	second := b.View()
	third := b.View()
	if first.subjects.shards[shardOf(one)] == second.subjects.shards[shardOf(one)] {
		t.Error("the touched shard is shared")
	}
	if first.subjects.shards[shardOf(other)] != second.subjects.shards[shardOf(other)] {
		t.Error("the untouched shard was copied")
	}
	if &second.subjects.shards[0] != &third.subjects.shards[0] {
		t.Error("a publication without a write copied the directory")
	}
	b.Forget(Subjects, Key{3})
	if &b.subjects.shards[0] != &third.subjects.shards[0] {
		t.Error("a write that changes nothing copied the directory")
	}
}
