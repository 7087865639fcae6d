package gate_test

import (
	"testing"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
)

// Whatever stands in an item's texts, it is decided as the naive model reads it, and explained without a panic.
func FuzzDecideTexts(f *testing.F) {
	f.Add("DE", "train-ai=n", "1", "noai", "notAllowed", "DMI-PROHIBITED", "health", "de")
	f.Add("FR-974", "search=n, train-ai=y", " 0 ", "index, NoImageAI", "constrained", "http://ns.useplus.org/ldf/vocab/DMI-ALLOWED", "", "pt-BR")
	f.Add("de", "Train-AI=n", "yes", "noai noimageai", "NOTALLOWED", "dmi-prohibited", "\xff", "")
	f.Add("DE-BYXX", ",train-ai=n,,", "\"1\"", ":, :, ,;: -:: ", "", "http://ns.useplus.org/ldf/vocab/", "\u202e", "\x00")
	v := view(f, rules(), nil)
	r := rules()
	w := &world{rules: &r}
	p := purpose(f, v, training)
	f.Fuzz(func(t *testing.T, country, usage, tdm, robots, c2pa, plus, label, language string) {
		item := post()
		item.Kind, item.Country, item.Labels, item.Language = vetov1.ItemKind_ITEM_KIND_PHOTO, country, []string{label}, language
		item.Signals = gate.Signals{
			ContentUsage: usage, TDMReservation: tdm, Robots: robots, C2PATrainingMining: c2pa, PLUSDataMining: plus,
		}
		var d gate.Decision
		v.Decide(&item, p, noon, gate.Options{}, &d)
		want := w.decide(item, training, noon, false)
		if got := d.Reason.String(); got != "REASON_"+want.reason || d.Violation.Field != want.field {
			t.Errorf("decided %s, field %q, want %s, field %q", got, d.Violation.Field, want.reason, want.field)
		}
		if fault := disagreement(&d, v.Explain(&item, p, noon, gate.Options{})); fault != "" {
			t.Errorf("Explain: %s", fault)
		}
	})
}
