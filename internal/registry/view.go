package registry

import (
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/subject"
)

var _ resolve.Rules = (*View)(nil)

// View is the register at one revision. It never changes.
type View struct {
	// Gate decides.
	Gate gate.View
	// Revision is the last event that it holds.
	Revision uint64
	// Policy is the active one with its version and etag; nil: none is. Read only.
	Policy *vetov1.Policy
	// Document is the active policy's document, in YAML; empty: none is active.
	Document string
	// Suspensions are those that stand, oldest first. Read only.
	Suspensions []*vetov1.Suspension

	standings *standings.View
	objected  []standings.Purposes // the distinct sets of purposes that standing objections name
	purposes  purposeTable
	taken     map[string][]string // what each purpose took over, in any version
	suspended []policy.Suspended  // as Suspensions, with their places
	versions  []policyVersion     // all, oldest first
	switched  event.Revision      // the last event that changed policy or suspensions
}

// Standings are the ones that Gate decides by, for comparison and counting.
func (v *View) Standings() *standings.View { return v.standings }

// PolicyVersion is the active policy's version; 0: none is active.
func (v *View) PolicyVersion() uint64 {
	if v.Policy == nil {
		return 0
	}
	return v.Policy.GetVersion()
}

// Declared are the names of the active policy's purposes.
func (v *View) Declared() []string {
	var names []string
	for _, p := range v.Policy.GetPurposes() {
		names = append(names, p.GetName())
	}
	return names
}

// Ever are the names of the purposes that any policy declared.
func (v *View) Ever() []string { return v.purposes }

// SubjectFault is what is wrong with a subject's id, by the one rule and what the active policy asks of ids besides;
// empty: nothing.
func (v *View) SubjectFault(id string) string {
	if v.Gate.Policy != nil {
		return v.Gate.Policy.SubjectFault(id)
	}
	if err := subject.CheckID(id); err != nil {
		return err.Error()
	}
	return ""
}

// Placeholders are words that stand in templates and are nobody's id, by the active policy.
func (v *View) Placeholders() []string { return v.Policy.GetSubjectIds().GetPlaceholders() }

// Objectable are the purposes that a filing may name: the declared ones, and earlier names whose objections count for
// one of them.
func (v *View) Objectable() []string {
	names := v.Declared()
	for _, purpose := range names {
		names = append(names, v.taken[purpose]...)
	}
	return sortedSet(names)
}

// affected are the declared purposes for which an objection to some purposes counts: those that it names, and those that
// took one of them over.
func (v *View) affected(p event.Purposes) []string {
	var names []string
	for _, name := range v.Declared() {
		if p.Has(name) || slices.ContainsFunc(v.taken[name], p.Has) {
			names = append(names, name)
		}
	}
	return names
}

// regime is the active policy's regime of that name; nil: it has none.
func (v *View) regime(name string) *vetov1.Regime {
	for _, r := range v.Policy.GetRegimes() {
		if r.GetName() == name {
			return r
		}
	}
	return nil
}

// policyVersion is one activation of a policy.
type policyVersion struct {
	version  uint64
	revision event.Revision
	document event.Hash
	at       time.Time
}

// purposeTable is every name that was ever declared, in the order of declaration: a name's place is its bit, for ever.
type purposeTable []string

// bit is the place of a name.
func (t purposeTable) bit(name string) (uint8, bool) {
	i := slices.Index(t, name)
	return uint8(max(i, 0)), i >= 0
}

// mask is a set of names as bits. False: it names one that was never declared.
func (t purposeTable) mask(p event.Purposes) (standings.Purposes, bool) {
	var named standings.Purposes
	for _, name := range p.Names {
		bit, ok := t.bit(name)
		if !ok {
			return 0, false
		}
		named |= standings.Purpose(bit)
	}
	if p.All {
		return standings.AllPurposes &^ named, true
	}
	return named, true
}

// ruling is the regime that rules a country for a declared purpose; false: none does.
func (v *View) ruling(country, purpose string, now time.Time) (*vetov1.Regime, bool) {
	if v.Gate.Policy == nil {
		return nil, false
	}
	ref, ok := v.Gate.Policy.Purpose(purpose)
	if !ok {
		return nil, false
	}
	position, ok := v.Gate.Policy.RegimeOf(country, ref, now)
	if !ok {
		return nil, false
	}
	return v.Policy.GetRegimes()[position], true
}

// facts are what a change of policy can endanger: what stands in the view, and what was filed since.
func (v *View) facts(since []event.Purposes, now time.Time) policy.Facts {
	masks := slices.Clone(v.objected)
	for _, p := range since {
		if mask, ok := v.purposes.mask(p); ok && mask != 0 {
			masks = append(masks, mask)
		}
	}
	// An objection to every purpose names none: it counts for new ones by itself. When every bit is given out nothing tells
	// it from one that names all, and it counts as naming them.
	later := standings.AllPurposes &^ (1<<len(v.purposes) - 1)
	facts := policy.Facts{Declared: v.purposes, Taken: v.taken, AnyObjection: len(masks) > 0, Suspensions: v.suspended, Now: now}
	for bit, name := range v.purposes {
		if slices.ContainsFunc(masks, func(mask standings.Purposes) bool {
			return mask&standings.Purpose(uint8(bit)) != 0 && (mask&later != later || later == 0)
		}) {
			facts.Objected = append(facts.Objected, name)
		}
	}
	return facts
}
