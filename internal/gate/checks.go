package gate

import (
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

func (t *trial) readable() vetov1.Reason {
	violation, bad := t.policy.violation(t.item)
	t.violation = violation
	return refuse(bad, vetov1.Reason_REASON_INVALID)
}

// isPrivateMessage holds the promise that no policy can open: what somebody wrote to others is never used. Words to an
// assistant are the author's own only where they stand alone.
func isPrivateMessage(item *Item) bool {
	return item.Kind == vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE ||
		item.Kind == vetov1.ItemKind_ITEM_KIND_AI_INTERACTION && item.InConversation != vetov1.Conversation_CONVERSATION_ALONE
}

// findRegime looks for the regime of the item's country.
func (t *trial) findRegime() bool {
	t.place = t.policy.places[t.item.Country]
	at, ok := t.place.regime(t.bit, t.now)
	if ok {
		t.regime = &t.policy.regimes[at]
	}
	return ok
}

// tryRegime asks whether the regime is open at all.
func (t *trial) tryRegime(c check) vetov1.Reason {
	switch c {
	case checkProhibition:
		prohibited := t.regime.LegalBasis == vetov1.LegalBasis_LEGAL_BASIS_PROHIBITED
		return refuse(prohibited, vetov1.Reason_REASON_PROHIBITED)
	case checkSuspension:
		// A purpose that took another over goes on where that one was stopped: so it stops with it.
		suspended := t.view.Suspensions.stops(t.regime.Name, t.place.chain, t.purpose.Objections)
		return refuse(suspended, vetov1.Reason_REASON_SUSPENDED)
	default:
		return t.regime.period(t.now)
	}
}

// period passes within a period, its start included and its end not. Before the first, between two, and where there is
// none, the regime has not started; after the last it has ended.
func (r *regime) period(now time.Time) vetov1.Reason {
	if len(r.Periods) == 0 {
		return vetov1.Reason_REASON_NOT_STARTED
	}
	reason := vetov1.Reason_REASON_ENDED
	for i := range r.Periods {
		p := &r.Periods[i]
		switch {
		case now.Before(p.Start):
			reason = vetov1.Reason_REASON_NOT_STARTED
		case p.End.IsZero() || now.Before(p.End):
			return pass
		}
	}
	return reason
}

// tryContent asks whether the regime opens this kind of item.
func (t *trial) tryContent(c check) vetov1.Reason {
	allowed := t.regime.content[t.item.Kind]
	switch c {
	case checkKind:
		return refuse(allowed == 0, vetov1.Reason_REASON_KIND)
	case checkVisibility:
		return refuse(!allowed.Has(t.item.Visibility), vetov1.Reason_REASON_VISIBILITY)
	default:
		_, excluded := t.excludedLabel()
		return refuse(excluded, vetov1.Reason_REASON_LABEL)
	}
}

// excludedLabel finds the first label of the item that the regime excludes. An empty label says nothing.
func (t *trial) excludedLabel() (string, bool) {
	if len(t.regime.labels) == 0 {
		return "", false
	}
	for _, label := range t.item.Labels {
		if _, ok := t.regime.labels[label]; ok && label != "" {
			return label, true
		}
	}
	return "", false
}

// tryAges asks how old author and item are, and whether the author was told.
func (t *trial) tryAges(c check) vetov1.Reason {
	r, item := t.regime, t.item
	switch c {
	case checkMinimumAge:
		return refuse(below(item.AuthorAge, r.MinimumAge) || below(item.AuthorAgeAtCreation, r.MinimumAge),
			vetov1.Reason_REASON_UNDER_AGE)
	case checkKnownAge:
		now := item.AuthorAge == 0 && r.demandsAge()
		then := item.AuthorAgeAtCreation == 0 && r.demandsAgeAtCreation()
		return refuse(now || then, vetov1.Reason_REASON_AGE_UNKNOWN)
	case checkItemAge:
		tooRecent := r.MinimumItemAge > 0 && (item.CreatedAt.IsZero() || t.now.Before(item.CreatedAt.Add(r.MinimumItemAge)))
		return refuse(tooRecent, vetov1.Reason_REASON_TOO_RECENT)
	default:
		told := !item.AuthorNotifiedAt.IsZero() && !item.AuthorNotifiedAt.After(t.now)
		return refuse(r.NoticePerPerson && !told, vetov1.Reason_REASON_NOT_NOTIFIED)
	}
}

// demandsAge says whether the author's age must be known. What a policy states counts whatever the minimum age; where it
// states nothing, a minimum demands it.
func (r *regime) demandsAge() bool {
	switch r.UnknownAge {
	case vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE:
		return true
	case vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW:
		return false
	default:
		return r.MinimumAge > 0
	}
}

// demandsAgeAtCreation is demandsAge for the age when the item was made: only where the policy states it, since the age
// now is known.
func (r *regime) demandsAgeAtCreation() bool {
	return r.UnknownAgeAtCreation == vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE
}

// below says whether an age is known and less than the least.
func below(age, least int32) bool { return age > 0 && age < least }

// tryStandings asks what stands for the author and the item.
func (t *trial) tryStandings(c check) vetov1.Reason {
	t.lookUp()
	switch c {
	case checkAuthorErasure:
		return refuse(t.author != nil && erases(t.author, t.item.CreatedAt), vetov1.Reason_REASON_ERASED)
	case checkItemErasure:
		return refuse(t.mark != nil && t.mark.Erased, vetov1.Reason_REASON_ERASED)
	case checkItemChange:
		return refuse(t.mark != nil && t.mark.WithheldUntil > t.now.UnixNano(), vetov1.Reason_REASON_ITEM_CHANGED)
	case checkAuthorObjection:
		return refuse(t.author != nil && t.objected(t.author.Objections), vetov1.Reason_REASON_OBJECTED)
	case checkItemObjection:
		objected := t.mark != nil && t.objected(t.mark.Objections) || t.contentObjected()
		return refuse(objected, vetov1.Reason_REASON_ITEM_OBJECTED)
	default:
		// No inheritance here: a consent is for the purpose that it was asked for (GDPR Art. 4(11), 7(2)).
		needed := t.regime.LegalBasis == vetov1.LegalBasis_LEGAL_BASIS_CONSENT
		given := t.author != nil && t.author.Consented&t.bit != 0
		return refuse(needed && !given, vetov1.Reason_REASON_NO_CONSENT)
	}
}

// lookUp finds what stands for the author and the item, once.
func (t *trial) lookUp() {
	if t.looked {
		return
	}
	t.looked = true
	t.author, _ = t.view.Standings.Subject(t.view.Keys.Subject(t.item.AuthorID))
	if t.view.Standings.Len(standings.Items) > 0 {
		t.mark, _ = t.view.Standings.Item(t.view.Keys.Item(t.item.ID))
	}
}

// erases says whether a subject's erasure covers content made at a time; zero: unknown, which counts as before it.
func erases(s *standings.Standing, created time.Time) bool {
	switch {
	case s.ErasedBefore == 0:
		return false
	case s.ErasedBefore == standings.Always || created.IsZero():
		return true
	default:
		return created.Before(time.Unix(0, s.ErasedBefore))
	}
}

// objected says whether an objection among these counts for the purpose and the item's regime.
func (t *trial) objected(list []standings.Objection) bool {
	for i := range list {
		if o := &list[i]; o.Purposes&t.purpose.Objections != 0 && t.counts(o, o.Country) {
			return true
		}
	}
	return false
}

// counts says whether an objection that was filed under a country counts here. It is without effect only where neither the
// item's regime nor that country's honours it; a country that is unknown, unassigned or ruled by no regime gives no such
// ground.
func (t *trial) counts(o *standings.Objection, country string) bool {
	refused := o.RefusedFrom != 0 && !t.now.Before(time.Unix(0, o.RefusedFrom))
	if honours(t.regime.Objections, refused) {
		return true
	}
	filed, ok := t.policy.places[country].regime(t.bit, t.now)
	return !ok || honours(t.policy.regimes[filed].Objections, refused)
}

// honours says whether a treatment gives an objection effect; refused says that a refusal of it is in effect.
func honours(treatment vetov1.ObjectionTreatment, refused bool) bool {
	switch treatment {
	case vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY:
		return false
	case vetov1.ObjectionTreatment_OBJECTION_TREATMENT_ASSESS:
		return !refused
	default:
		return true
	}
}

// contentObjected says whether an objection to one of the item's content keys counts.
func (t *trial) contentObjected() bool {
	if len(t.item.ContentKeys) == 0 || t.view.Standings.Len(standings.ContentKeys) == 0 {
		return false
	}
	for _, key := range t.item.ContentKeys {
		mark, ok := t.view.Standings.ContentKey(t.view.Keys.ContentKey(key))
		if ok && t.objected(mark.Objections) {
			return true
		}
	}
	return false
}

// signalRefuses says whether the regime honours signals and one says no, or cannot be read.
func (t *trial) signalRefuses() bool {
	if t.regime.Signals == vetov1.SignalTreatment_SIGNAL_TREATMENT_IGNORE {
		return false
	}
	read := readSignals(t.item)
	return read.has(refuses) ||
		t.regime.UnknownSignal != vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW && read.has(unreadable)
}

// conditionHolds says whether the regime's own condition is met. One that cannot be judged is not.
func (t *trial) conditionHolds() bool {
	if t.regime.Condition == nil {
		return true
	}
	holds, err := t.regime.Condition.Holds(t.item)
	return holds && err == nil
}
