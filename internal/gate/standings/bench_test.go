package standings_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/veto-gate/veto/internal/gate/standings"
)

// benchKeys are uniformly distributed, the same in each run.
func benchKeys(n int) []standings.Key {
	source := rand.New(rand.NewPCG(1, 2))
	keys := make([]standings.Key, n)
	for i := range keys {
		binary.LittleEndian.PutUint64(keys[i][:], source.Uint64())
		binary.LittleEndian.PutUint64(keys[i][8:], source.Uint64())
	}
	return keys
}

func benchBuilder(keys []standings.Key) *standings.Builder {
	b := standings.NewBuilder()
	for i, key := range keys {
		b.Object(standings.Subjects, key, standings.Objection{Country: []string{"DE", "FR", "IT", ""}[i%4], Purposes: standings.AllPurposes})
	}
	return b
}

// One look-up, beside a Go map of the same keys.
func BenchmarkSubject(b *testing.B) {
	keys := benchKeys(2_000_000)
	present, absent := keys[:1_000_000], keys[1_000_000:]
	view := benchBuilder(present).View()
	reference := make(map[standings.Key]*standings.Standing, len(present))
	for _, key := range present {
		reference[key], _ = view.Subject(key)
	}
	for _, impl := range []struct {
		name string
		find func(standings.Key) bool
	}{
		{"veto", func(key standings.Key) bool { _, ok := view.Subject(key); return ok }},
		{"map", func(key standings.Key) bool { _, ok := reference[key]; return ok }},
	} {
		for _, asked := range []struct {
			name string
			keys []standings.Key
			want bool
		}{{"hit=100%", present, true}, {"hit=0%", absent, false}} {
			b.Run("impl="+impl.name+"/objectors=1M/"+asked.name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if impl.find(asked.keys[i%len(asked.keys)]) != asked.want {
						b.Fatal("wrong answer")
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
			})
		}
	}
}

// One write and its publication, and a thousand writes in one; each write is taken back before the next round.
func BenchmarkPublish(b *testing.B) {
	keys := benchKeys(1_100_000)
	builder := benchBuilder(keys[:1_000_000])
	builder.View()
	fresh := keys[1_000_000:]
	for _, group := range []struct {
		name   string
		writes int
	}{{"group=1", 1}, {"group=1000", 1000}} {
		b.Run("impl=veto/objectors=1M/"+group.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for j := range group.writes {
					key := fresh[(i*group.writes+j)%len(fresh)]
					builder.Object(standings.Subjects, key, standings.Objection{Country: "DE", Purposes: 1})
				}
				builder.View()
				for j := range group.writes {
					builder.Clear(standings.Subjects, fresh[(i*group.writes+j)%len(fresh)])
				}
			}
			b.ReportMetric(float64(b.N*group.writes)/b.Elapsed().Seconds(), "items/s")
		})
	}
}
