package filing

import (
	"fmt"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// Consent is one consent as it stands after some events.
type Consent struct {
	// Revision is that of the CONSENT_GRANTED.
	Revision event.Revision
	// Event is it.
	Event event.Event
	// Standing are the purposes that nothing has revoked; none: it is withdrawn wholly, EndedBy that event.
	Standing event.Purposes
	EndedBy  event.Event
}

// Consents reads the consents of a subject among its events, oldest first, with what was revoked of them: by a withdrawal of consent, and by an objection,
// which beats every earlier consent.
func Consents(entries []store.Entry, subject event.Key) ([]Consent, error) {
	var consents []Consent
	for _, entry := range entries {
		if entry.Side == nil {
			return nil, fmt.Errorf("%w: revision %d has no side row", ErrDamaged, entry.Revision)
		}
		e, err := event.Open(entry.Leaf, entry.Side)
		if err != nil {
			return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
		}
		for _, c := range e.Side.Changes {
			if c.Act != event.ActRevoke || c.Key != subject {
				continue
			}
			for i := range consents {
				if one := &consents[i]; !one.Standing.IsZero() {
					if one.Standing = one.Standing.Minus(c.Purposes); one.Standing.IsZero() {
						one.EndedBy = e
					}
				}
			}
		}
		if e.Leaf.Type == event.TypeConsentGranted && e.Side.Subject == subject {
			consents = append(consents, Consent{Revision: entry.Revision, Event: e, Standing: e.Side.Purposes})
		}
	}
	return consents, nil
}

// Consented are the purposes that consents stand for.
func Consented(consents []Consent) event.Purposes {
	var all event.Purposes
	for i := range consents {
		all = all.Union(consents[i].Standing)
	}
	return all
}

// Consent is the consent as the API tells it. id is its number; lifted are the numbers of the objections that it lifted.
func (c *Consent) Consent(id string, lifted []string) *vetov1.Consent {
	side := c.Event.Side
	return &vetov1.Consent{
		ConsentId: id, Revision: uint64(c.Revision), Purposes: c.Standing.Names, Verification: EnumOf[vetov1.Verification](side.Verification),
		NoticeVersion: side.NoticeVersion, FiledBy: EnumOf[vetov1.FiledBy](side.FiledBy), RecordedAt: Stamp(side.RecordedAt),
		WithdrawnAt: Stamp(c.EndedBy.Side.RecordedAt), LiftedObjectionIds: lifted,
	}
}

// LastStanding is the revision of the last consent of which something stands.
func LastStanding(consents []Consent) event.Revision {
	for _, c := range slices.Backward(consents) {
		if !c.Standing.IsZero() {
			return c.Revision
		}
	}
	return 0
}

// ToldConsents are a subject's consents as the API tells them; number makes the number of a consent of its event.
func ToldConsents(entries []store.Entry, subject event.Key, number func(event.Event) string) ([]*vetov1.Consent, error) {
	consents, err := Consents(entries, subject)
	if err != nil {
		return nil, err
	}
	filings, err := History(entries)
	if err != nil {
		return nil, err
	}
	var told []*vetov1.Consent
	for i := range consents {
		var lifted []string
		for _, lift := range consents[i].Event.Side.Lifts {
			for j := range filings {
				if filings[j].Revision == lift.Revision {
					lifted = append(lifted, string(filings[j].Event.Side.ObjectionID))
				}
			}
		}
		told = append(told, consents[i].Consent(number(consents[i].Event), lifted))
	}
	return told, nil
}

// consentWords are what the receipt of a consent's event says.
func consentWords(e event.Event) string {
	at := e.Side.RecordedAt.Format(momentForm)
	if e.Leaf.Type == event.TypeConsentWithdrawn {
		return fmt.Sprintf("Your consent was withdrawn on %s for %s.\nWhat rests on consent alone will not be chosen any more. It does not undo training that is over.",
			at, purposeWords(e.Side.Purposes, "all purposes"))
	}
	words := fmt.Sprintf("You consented on %s to %s.\n", at, purposeWords(e.Side.Purposes, "all purposes"))
	if len(e.Side.Lifts) > 0 {
		words += "The objections that you named do not stand in its way any more; others still do. "
	}
	return words + "You can withdraw your consent at any time, as easily as you gave it."
}
