package gate

import (
	"cmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// thirdParties asks for each other person in the item whether they objected or are erased, and what that means. Who is to
// be masked is collected in the order of the item; one person for whom the item is excluded excludes it.
func (t *trial) thirdParties() vetov1.Reason {
	t.redact = t.redact[:0]
	for i := range t.item.Subjects {
		switch t.thirdParty(&t.item.Subjects[i]) {
		case vetov1.ThirdParties_THIRD_PARTIES_IGNORE:
		case vetov1.ThirdParties_THIRD_PARTIES_REDACT:
			t.redact = append(t.redact, int32(i))
		default:
			t.redact = t.redact[:0]
			return vetov1.Reason_REASON_THIRD_PARTY
		}
	}
	switch {
	case len(t.redact) == 0:
		return pass
	case t.options.AcceptRedactions:
		return vetov1.Reason_REASON_ELIGIBLE_REDACTED
	default:
		t.redact = t.redact[:0]
		return vetov1.Reason_REASON_THIRD_PARTY
	}
}

// thirdParty is the strictest of what somebody's objections and erasure mean for the item; IGNORE where nothing counts.
func (t *trial) thirdParty(s *OtherSubject) vetov1.ThirdParties {
	strictest := vetov1.ThirdParties_THIRD_PARTIES_IGNORE
	standing, ok := t.view.Standings.Subject(t.view.Keys.Subject(s.SubjectID))
	if !ok {
		return strictest
	}
	// Where nothing is on record, they are ruled where the platform knows them, else where the author is.
	home := cmp.Or(s.Country, t.item.Country)
	if erases(standing, t.item.CreatedAt) {
		strictest = max(strictest, t.treatment(s.Role, home))
	}
	for i := range standing.Objections {
		o := &standing.Objections[i]
		country := cmp.Or(o.Country, home)
		if o.Purposes&t.purpose.Objections != 0 && t.counts(o, country) {
			strictest = max(strictest, t.treatment(s.Role, country))
		}
	}
	return strictest
}

// treatment is the stricter of what the item's regime and the person's country's say of third parties; the enum's order
// is IGNORE, REDACT, EXCLUDE. An original author's words are the item itself: nothing would be left of it.
func (t *trial) treatment(role vetov1.SubjectRole, country string) vetov1.ThirdParties {
	at, ok := t.policy.places[country].regime(t.bit, t.now)
	if role == vetov1.SubjectRole_SUBJECT_ROLE_ORIGINAL_AUTHOR || !ok {
		return vetov1.ThirdParties_THIRD_PARTIES_EXCLUDE
	}
	return max(t.regime.ThirdParties, t.policy.regimes[at].ThirdParties)
}
