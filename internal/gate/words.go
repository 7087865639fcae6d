package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

func (t *trial) contentWords(c check, reason vetov1.Reason) string {
	name := t.regime.Name
	kind := word(t.item.Kind.String(), "ITEM_KIND_")
	visibility := word(t.item.Visibility.String(), "VISIBILITY_")
	switch c {
	case checkKind:
		if reason != pass {
			return fmt.Sprintf("The regime %s does not open the kind %s.", name, kind)
		}
		return fmt.Sprintf("The regime %s opens the kind %s.", name, kind)
	case checkVisibility:
		if reason != pass {
			return fmt.Sprintf("The regime %s does not open %s with the visibility %s.", name, kind, visibility)
		}
		return fmt.Sprintf("The regime %s opens %s with the visibility %s.", name, kind, visibility)
	default:
		if label, excluded := t.excludedLabel(); excluded {
			return fmt.Sprintf("The regime %s excludes the label %s.", name, label)
		}
		return fmt.Sprintf("The item has no label that the regime %s excludes.", name)
	}
}

func (t *trial) ageWords(c check, reason vetov1.Reason) string {
	r := t.regime
	switch c {
	case checkMinimumAge:
		switch {
		case r.MinimumAge == 0:
			return fmt.Sprintf("The regime %s sets no minimum age.", r.Name)
		case reason == pass:
			return fmt.Sprintf("No known age is below the minimum of %d years.", r.MinimumAge)
		case below(t.item.AuthorAge, r.MinimumAge):
			return fmt.Sprintf("The author is younger than the minimum of %d years.", r.MinimumAge)
		default:
			return fmt.Sprintf("The author was younger than the minimum of %d years when the item was made.", r.MinimumAge)
		}
	case checkKnownAge:
		switch {
		case reason == pass:
			return fmt.Sprintf("No age that the regime %s demands is missing.", r.Name)
		case t.item.AuthorAge == 0 && r.demandsAge():
			return fmt.Sprintf("The author's age is not known, and the regime %s demands it.", r.Name)
		default:
			return fmt.Sprintf("The author's age when the item was made is not known, and the regime %s demands it.", r.Name)
		}
	case checkItemAge:
		switch {
		case r.MinimumItemAge == 0:
			return fmt.Sprintf("The regime %s takes items of any age.", r.Name)
		case t.item.CreatedAt.IsZero():
			return fmt.Sprintf("When the item was made is not known; it must be %s old.", span(r.MinimumItemAge))
		case reason != pass:
			return fmt.Sprintf("The item was made at %s; it must be %s old.", stamp(t.item.CreatedAt), span(r.MinimumItemAge))
		default:
			return fmt.Sprintf("The item is at least %s old.", span(r.MinimumItemAge))
		}
	default:
		switch {
		case !r.NoticePerPerson:
			return fmt.Sprintf("The regime %s demands no personal notice.", r.Name)
		case reason == pass:
			return fmt.Sprintf("The author was personally notified at %s.", stamp(t.item.AuthorNotifiedAt))
		default:
			return fmt.Sprintf("The author was not personally notified, which the regime %s demands.", r.Name)
		}
	}
}

func (t *trial) standingWords(c check, reason vetov1.Reason) string {
	switch c {
	case checkAuthorErasure:
		switch {
		case reason == pass:
			return "No erasure of the author's covers the item."
		case t.author.ErasedBefore == standings.Always:
			return "All content of the author is erased."
		default:
			return fmt.Sprintf("What the author made before %s, or at an unknown time, is erased.", stamp(time.Unix(0, t.author.ErasedBefore)))
		}
	case checkItemErasure:
		if reason != pass {
			return "The item is erased."
		}
		return "The item is not erased."
	case checkItemChange:
		if reason != pass {
			return "The item was reported deleted or restricted on the platform."
		}
		return "The item was not reported deleted or restricted."
	case checkAuthorObjection:
		var list []standings.Objection
		if t.author != nil {
			list = t.author.Objections
		}
		return t.objectionWords("of the author", reason, list)
	case checkItemObjection:
		return t.objectionWords("to this item or to its content", reason, t.itemObjections())
	default:
		switch {
		case t.regime.LegalBasis != vetov1.LegalBasis_LEGAL_BASIS_CONSENT:
			return fmt.Sprintf("The regime %s does not rest on consent.", t.regime.Name)
		case reason != pass:
			return fmt.Sprintf("The author has given no consent to %s, on which the regime %s rests.", t.purpose.Name, t.regime.Name)
		default:
			return fmt.Sprintf("The author has consented to %s.", t.purpose.Name)
		}
	}
}

// objectionWords tell under which countries objections are on record, and whether they count.
func (t *trial) objectionWords(which string, reason vetov1.Reason, list []standings.Objection) string {
	var countries []string // an empty one first: without a country
	refused := false
	for i := range list {
		o := &list[i]
		// Where some count, those that do not explain nothing.
		if o.Purposes&t.purpose.Objections != 0 && (reason == pass || t.counts(o, o.Country)) {
			countries = append(countries, o.Country)
			refused = refused || o.RefusedFrom != 0
		}
	}
	slices.Sort(countries)
	countries = slices.Compact(countries)
	switch {
	case reason != pass:
		return fmt.Sprintf("An objection %s is on record for %s, %s%s.", which, t.purpose.Name, filedWith(countries), t.whyItCounts(countries))
	case refused:
		return fmt.Sprintf("An objection %s is on record for %s, %s; it was assessed and refused, and neither the regime %s nor the one there honours it any more.",
			which, t.purpose.Name, filedWith(countries), t.regime.Name)
	case len(countries) > 0:
		return fmt.Sprintf("An objection %s is on record for %s, %s; neither the regime %s nor the one there gives it an effect.",
			which, t.purpose.Name, filedWith(countries), t.regime.Name)
	default:
		return fmt.Sprintf("No objection %s is on record for %s.", which, t.purpose.Name)
	}
}

// filedWith words the countries of objections; an empty one comes first.
func filedWith(countries []string) string {
	switch {
	case countries[0] != "" && len(countries) == 1:
		return "filed with the country " + countries[0]
	case countries[0] != "":
		return "filed with the countries " + strings.Join(countries, ", ")
	case len(countries) == 1:
		return "filed without a country"
	default:
		return filedWith(countries[1:]) + " and without one"
	}
}

// whyItCounts words, in a regime that gives objections no effect, why one of these countries gives it one; see counts.
func (t *trial) whyItCounts(countries []string) string {
	if t.regime.Objections != vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY {
		return ""
	}
	country := countries[len(countries)-1] // one that is known, where there is one
	_, ruled := t.policy.places[country].regime(t.bit, t.now)
	switch {
	case country == "":
		return ", which counts everywhere"
	case !ruled:
		return fmt.Sprintf(", which counts here because no regime rules %s", country)
	default:
		return fmt.Sprintf(", which counts here because %s honours it", country)
	}
}

// itemObjections are those to the item and to its content keys.
func (t *trial) itemObjections() []standings.Objection {
	var list []standings.Objection
	if t.mark != nil {
		list = append(list, t.mark.Objections...)
	}
	for _, key := range t.item.ContentKeys {
		if mark, ok := t.view.Standings.ContentKey(t.view.Keys.ContentKey(key)); ok {
			list = append(list, mark.Objections...)
		}
	}
	return list
}

// lastWords are those of the checks after the standings.
func (t *trial) lastWords(c check, reason vetov1.Reason) string {
	switch c {
	case checkSignals:
		return t.signalWords(reason)
	case checkThirdParties:
		switch {
		case len(t.item.Subjects) == 0:
			return "Nobody else is in the item."
		case reason == pass:
			return fmt.Sprintf("None of the %d other people in the item has an objection or erasure that counts.", len(t.item.Subjects))
		case reason == vetov1.Reason_REASON_ELIGIBLE_REDACTED:
			return fmt.Sprintf("Of the %d other people in the item %d must be masked: %s.", len(t.item.Subjects), len(t.redact), positions(t.redact))
		default:
			return t.thirdPartyWords()
		}
	case checkCondition:
		switch {
		case t.regime.Condition == nil:
			return fmt.Sprintf("The regime %s sets no further condition.", t.regime.Name)
		case reason != pass:
			return fmt.Sprintf("The further condition of the regime %s is not met.", t.regime.Name)
		default:
			return fmt.Sprintf("The further condition of the regime %s is met.", t.regime.Name)
		}
	default:
		if len(t.redact) > 0 {
			return "Nothing else speaks against the item."
		}
		return "Nothing speaks against the item."
	}
}

// thirdPartyWords name who it is by position, and why masking does not help.
func (t *trial) thirdPartyWords() string {
	var masked []int32
	for i := range t.item.Subjects {
		s := &t.item.Subjects[i]
		switch t.thirdParty(s) {
		case vetov1.ThirdParties_THIRD_PARTIES_IGNORE:
		case vetov1.ThirdParties_THIRD_PARTIES_REDACT:
			masked = append(masked, int32(i))
		default:
			why := "the rules do not allow masking"
			if s.Role == vetov1.SubjectRole_SUBJECT_ROLE_ORIGINAL_AUTHOR {
				why = "masking is not enough: the words are theirs"
			}
			return fmt.Sprintf("The person at subjects[%d] objected or is erased, and %s.", i, why)
		}
	}
	return fmt.Sprintf("People objected or are erased and would have to be masked: %s; the caller did not offer that.", positions(masked))
}

// positions words places in Item.Subjects.
func positions(list []int32) string {
	words := make([]string, len(list))
	for i, at := range list {
		words[i] = fmt.Sprintf("subjects[%d]", at)
	}
	return strings.Join(words, ", ")
}

// signalWords name the signals that say no and those that cannot be read.
func (t *trial) signalWords(reason vetov1.Reason) string {
	if t.regime.Signals == vetov1.SignalTreatment_SIGNAL_TREATMENT_IGNORE {
		return fmt.Sprintf("The regime %s does not look at signals.", t.regime.Name)
	}
	var no, unknown []string
	names := signalNames()
	for i, one := range readSignals(t.item) {
		switch one {
		case refuses:
			no = append(no, names[i])
		case unreadable:
			unknown = append(unknown, names[i])
		default:
		}
	}
	words := "No signal says no."
	if len(no) > 0 {
		words = fmt.Sprintf("A signal says no: %s.", strings.Join(no, ", "))
	}
	if len(unknown) > 0 {
		words += fmt.Sprintf(" A signal cannot be read: %s.", strings.Join(unknown, ", "))
		if reason == pass {
			words += fmt.Sprintf(" The regime %s allows that.", t.regime.Name)
		}
	}
	return words
}

// span words a duration: whole days as days.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}
