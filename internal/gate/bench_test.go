package gate_test

import (
	"fmt"
	"testing"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// One item after the other, against a hundred thousand objectors, the keyed hash left out: it is another package's.
func BenchmarkDecide(b *testing.B) {
	const objectors = 100_000
	v := view(b, rules(), func(s *standings.Builder) {
		for i := range objectors {
			s.Object(standings.Subjects, cheapKeyer{}.Subject(fmt.Sprintf("%016x", uint64(i)*0x9e3779b97f4a7c15)), standings.Objection{Country: "DE", Purposes: 1})
		}
	})
	v.Keys = cheapKeyer{}
	p := purpose(b, v, training)
	for _, bb := range []struct {
		name   string
		change func(*gate.Item)
		want   vetov1.Reason
	}{
		{"eligible", func(*gate.Item) {}, vetov1.Reason_REASON_ELIGIBLE},
		{"objected", func(i *gate.Item) { i.AuthorID = fmt.Sprintf("%016x", 0) }, vetov1.Reason_REASON_OBJECTED},
		{"no_regime", func(i *gate.Item) { i.Country = "AQ" }, vetov1.Reason_REASON_NO_REGIME},
	} {
		b.Run("impl=veto/objectors=100k/item="+bb.name, func(b *testing.B) {
			item := post()
			bb.change(&item)
			var d gate.Decision
			b.ReportAllocs()
			for b.Loop() {
				v.Decide(&item, p, noon, gate.Options{}, &d)
			}
			if d.Reason != bb.want {
				b.Fatalf("decided %v, want %v", d.Reason, bb.want)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
		})
	}
}
