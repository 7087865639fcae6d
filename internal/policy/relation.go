package policy

import (
	"maps"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// TakenOver says whose objections each purpose has taken over, once p was in force: what the policies before p came to
// (earlier; nil: there were none) and what p adds. A purpose that replaced or inherits from another once does so for
// ever, whatever later documents repeat: people objected under a name, and were told that it still counts.
//
// The keys are purposes, declared or not, that took something over; the values, sorted, what they took over, directly or
// through others, themselves apart. A register folds its policies with it, oldest first. earlier is not changed, and
// shares nothing with the answer.
func TakenOver(p *vetov1.Policy, earlier map[string][]string) map[string][]string {
	takes := heirs(p.GetPurposes(), earlier)
	names := purposesOf(p)
	names = slices.AppendSeq(names, maps.Keys(earlier))
	out := map[string][]string{}
	for _, name := range names {
		if taken := takes(name)[1:]; len(taken) > 0 {
			out[name] = slices.Sorted(slices.Values(taken))
		}
	}
	return out
}

// heirs answers for a purpose whose objections count for it: its own, which stands first, and those of all that it
// replaces or inherits from, directly or through others, by this list or by what was taken over before.
func heirs(list []*vetov1.Purpose, taken map[string][]string) func(name string) []string {
	edges := map[string][]string{}
	for name, others := range taken {
		edges[name] = slices.Clone(others)
	}
	for _, p := range list {
		for _, r := range p.GetRelations() {
			switch r.GetKind() {
			case vetov1.PurposeRelationKind_PURPOSE_RELATION_KIND_REPLACES, vetov1.PurposeRelationKind_PURPOSE_RELATION_KIND_INHERITS:
				edges[p.GetName()] = append(edges[p.GetName()], r.GetPurpose())
			default: // UNRELATED takes nothing over
			}
		}
	}
	return func(name string) []string {
		out := []string{name}
		for i := 0; i < len(out); i++ {
			for _, next := range edges[out[i]] {
				if !slices.Contains(out, next) {
					out = append(out, next)
				}
			}
		}
		return out
	}
}
