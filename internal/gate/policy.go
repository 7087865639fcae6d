package gate

import (
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// Rules are what a policy document says, resolved: places instead of jurisdictions, bits instead of purposes' names,
// positions instead of regimes' names. NewPolicy compiles them and keeps no part of them.
type Rules struct {
	// Version is the document's, from 1; decisions report it.
	Version uint64
	// Purposes are those that the document declares, at most 32.
	Purposes []Purpose
	// Regimes are the rules; Ruling.Regime is a position here.
	Regimes []Regime
	// Places are all assigned codes: countries, subdivisions, and former subdivision codes that are still read. A code
	// that is not here is unassigned.
	Places map[string]Place
	// CheckID is the one rule for ids: "" where the id is fine, else what is wrong with it, without the value. Never nil.
	CheckID func(id string) string
	// CheckSubject is CheckID and what more the document's `subject_ids` wants. Never nil.
	CheckSubject func(id string) string
}

// Purpose is a declared purpose.
type Purpose struct {
	// Name is the purpose's, e.g. `generative-ai-training`.
	Name string
	// Bit is its place in standings.Purposes, 0 to 31.
	Bit uint8
	// Objections are the purposes whose objections count for it: itself, and all that it replaces or inherits from,
	// directly or through others.
	Objections standings.Purposes
}

// Place says who a code is and how it is ruled.
type Place struct {
	// Chain are the codes that the place is, most specific first, e.g. FR-974, RE, FR. A suspension of any of them stops
	// it.
	Chain []string
	// Rulings are in the order of precedence: the first that names the purpose and is in force rules the place.
	Rulings []Ruling
}

// Ruling is one regime's hold on a place.
type Ruling struct {
	// Regime is the position in Rules.Regimes.
	Regime int
	// Purposes are those that the regime rules there.
	Purposes standings.Purposes
	// From is the first instant at which the place belongs to the regime's jurisdictions. Zero: since ever.
	From time.Time
	// Until is the first instant at which it does not any more. Zero: without end.
	Until time.Time
}

// Regime is the rules for a set of places. Zero values are read as the policy document's: they refuse.
type Regime struct {
	// Name stands in decisions and suspensions.
	Name string
	// LegalBasis is what the processing rests on. Must be stated.
	LegalBasis vetov1.LegalBasis
	// Objections is what an objection does. Zero: HONOUR. RECORD_ONLY is refused with an objectable basis.
	Objections vetov1.ObjectionTreatment
	// Periods are when the regime applies, in order and without overlap. None: never.
	Periods []Period
	// Content says which kinds, each with its visibilities. PRIVATE_MESSAGE is refused.
	Content map[vetov1.ItemKind]Visibilities
	// ExcludedLabels are labels whose items are excluded.
	ExcludedLabels []string
	// MinimumAge is the author's least age in full years, now and when the item was made, 0 to 18.
	MinimumAge int32
	// UnknownAge is what an unknown age now means. Zero: EXCLUDE where MinimumAge is above 0, else ALLOW. EXCLUDE itself
	// counts whatever the minimum.
	UnknownAge vetov1.UnknownTreatment
	// UnknownAgeAtCreation is what an unknown age at the item's creation means. Zero: ALLOW, since the age now is known.
	// EXCLUDE counts whatever the minimum.
	UnknownAgeAtCreation vetov1.UnknownTreatment
	// UnknownSignal is what a signal means that cannot be read. Zero: EXCLUDE.
	UnknownSignal vetov1.UnknownTreatment
	// MinimumItemAge is how old an item must be. Zero: any age.
	MinimumItemAge time.Duration
	// NoticePerPerson wants the author to have been personally notified.
	NoticePerPerson bool
	// ThirdParties is what an objection of somebody else in the item does. Zero: EXCLUDE.
	ThirdParties vetov1.ThirdParties
	// Signals says whether signals count. Zero: HONOUR.
	Signals vetov1.SignalTreatment
	// Condition is a further condition on the item. Nil: none.
	Condition Condition
}

// Period is a span in which a regime applies.
type Period struct {
	// Start is the first instant.
	Start time.Time
	// End is the first instant after it. Zero: it has no end.
	End time.Time
}

// Condition is a regime's own condition on an item, compiled. Its methods are called from many goroutines at once.
type Condition interface {
	// Holds says whether the item meets the condition. An error excludes the item, as false does. The item is valid
	// during the call only.
	Holds(item *Item) (bool, error)
	// Reads names the fields of veto.v1.Item that the condition looks at.
	Reads() []string
}

// Visibilities is a set of visibilities. The zero value is empty.
type Visibilities uint8

// VisibilitySet is the set of these visibilities; unspecified and unknown ones are left out.
func VisibilitySet(visibilities ...vetov1.Visibility) Visibilities {
	var set Visibilities
	for _, v := range visibilities {
		if knownVisibility(v) {
			set |= 1 << v
		}
	}
	return set
}

// Has says whether the set holds the visibility.
func (s Visibilities) Has(v vetov1.Visibility) bool {
	return knownVisibility(v) && s&(1<<v) != 0
}
