package event_test

import (
	"testing"

	"github.com/veto-gate/veto/internal/event"
)

// What an append pays, and what a rebuild pays for each event.
func BenchmarkEvent(b *testing.B) {
	f, leaf, side := fixtureNamed(b, "objection_in_force")
	b.Run("op=seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := event.Seal(f.event); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=open", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(leaf) + len(side)))
		for b.Loop() {
			if _, err := event.Open(leaf, side); err != nil {
				b.Fatal(err)
			}
		}
	})
}
