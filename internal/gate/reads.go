package gate

import (
	"cmp"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// Read is a field of veto.v1.Item that decisions look at.
type Read struct {
	// Field is the field's name, e.g. `author_age`.
	Field string
	// Regimes are the names of the regimes that look at it, in the policy's order; none: every decision does.
	Regimes []string
}

// Reads lists the fields that decisions for a purpose look at, in the order of Item. A caller whose source lacks one must
// say so: a forgotten column is the commonest way to train on someone. Regimes count whether they are suspended or not,
// and whatever their periods say; nil for another policy's purpose. The list is shared: it must not be changed.
func (p *Policy) Reads(ref PurposeRef) []Read {
	if p == nil || ref.policy != p {
		return nil
	}
	return p.reads[p.byName[ref.purpose.Name]]
}

// readsFor is Reads, worked out once for each purpose.
func (p *Policy) readsFor(purpose *Purpose) []Read {
	by := map[string][]string{"item_id": nil, "kind": nil, "visibility": nil, "author_id": nil, "country": nil}
	always := len(by)
	order := make([]string, 0, always)
	for field := range by {
		order = append(order, field)
	}
	for _, at := range p.ruling(purpose) {
		r := &p.regimes[at]
		for _, field := range r.reads() {
			names, known := by[field]
			if !known {
				order = append(order, field)
			}
			if known && names == nil || slices.Contains(names, r.Name) {
				continue
			}
			by[field] = append(names, r.Name)
		}
	}
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(fieldPosition(a), fieldPosition(b)), cmp.Compare(a, b))
	})
	reads := make([]Read, 0, len(order))
	for _, field := range order {
		reads = append(reads, Read{Field: field, Regimes: by[field]})
	}
	return reads
}

// ruling lists the regimes that rule some place for the purpose, in the policy's order.
func (p *Policy) ruling(purpose *Purpose) []int {
	var list []int
	for _, one := range p.places {
		for i := range one.rulings {
			if one.rulings[i].Purposes&standings.Purpose(purpose.Bit) != 0 {
				list = append(list, one.rulings[i].Regime)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// reads names the fields that the regime looks at besides those that every decision does. Objections to content keys and
// of other people are looked for under RECORD_ONLY too: one from an unknown country counts everywhere, and so does an
// original author's where third parties are ignored. The modality is not asked for: the kind tells it where it is unset.
func (r *regime) reads() []string {
	if r.LegalBasis == vetov1.LegalBasis_LEGAL_BASIS_PROHIBITED {
		return nil
	}
	fields := []string{"subjects", "content_keys"}
	for _, one := range []struct {
		looks bool
		field string
	}{
		{r.MinimumItemAge > 0, "created_at"},
		{r.MinimumAge > 0 || r.demandsAge(), "author_age"},
		{r.MinimumAge > 0 || r.demandsAgeAtCreation(), "author_age_at_creation"},
		{r.NoticePerPerson, "author_notified_at"},
		{r.content[vetov1.ItemKind_ITEM_KIND_AI_INTERACTION] != 0, "in_conversation"},
		{len(r.labels) > 0, "labels"},
		{r.Signals != vetov1.SignalTreatment_SIGNAL_TREATMENT_IGNORE, "signals"},
	} {
		if one.looks {
			fields = append(fields, one.field)
		}
	}
	if r.Condition != nil {
		fields = append(fields, r.Condition.Reads()...)
	}
	return fields
}
