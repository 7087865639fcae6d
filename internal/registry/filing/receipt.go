package filing

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
)

// Objection is a filing as the API tells it. It holds no id, only how many.
func (f *Filing) Objection() *vetov1.Objection {
	side := f.Event.Side
	o := &vetov1.Objection{
		ObjectionId:     string(side.ObjectionID),
		Revision:        uint64(f.Revision),
		ItemCount:       int32(len(side.Items)), // a side row bounds both
		ContentKeyCount: int32(len(side.ContentKeys)),
		Country:         side.Country,
		Channel:         EnumOf[vetov1.Channel](side.Channel),
		Verification:    EnumOf[vetov1.Verification](side.Verification),
		FiledBy:         EnumOf[vetov1.FiledBy](side.FiledBy),
		RecordedAt:      Stamp(side.RecordedAt),
		SentAt:          Stamp(side.SentAt),
		CaseReference:   side.CaseReference,
		NoticeVersion:   side.NoticeVersion,
		State:           vetov1.ObjectionState_OBJECTION_STATE_ACTIVE,
	}
	if f.Standing.All {
		o.AllPurposesBut = f.Standing.Names
	} else {
		o.Purposes = f.Standing.Names
	}
	if f.Standing.IsZero() {
		o.State = vetov1.ObjectionState_OBJECTION_STATE_WITHDRAWN
	}
	if f.Annulled {
		o.State = vetov1.ObjectionState_OBJECTION_STATE_ANNULLED
	}
	for _, ask := range side.AlsoAsks {
		o.AlsoAsks = append(o.AlsoAsks, EnumOf[vetov1.AlsoAsk](ask))
	}
	received := receivedOf(side)
	o.ReceivedAt, o.ResponseDueAt = Stamp(received), Stamp(MonthsAfter(received, 1))
	if !side.Deadline.IsZero() {
		o.BeforeDeadline = &side.BeforeDeadline
	}
	o.Match = f.match()
	f.decided(o)
	return o
}

// MonthsAfter is some calendar months later (GDPR Art. 12(3)); where the month has no such day, its last one
// (Reg. 1182/71, Art. 3(2)(c)).
func MonthsAfter(t time.Time, months int) time.Time {
	t = t.UTC()
	later := t.AddDate(0, months, 0)
	if later.Day() != t.Day() {
		later = later.AddDate(0, 0, -later.Day())
	}
	return later
}

// Receipt is the proof of an event that is no filing, for the person who caused it.
func Receipt(revision event.Revision, leaf []byte, e event.Event) *vetov1.Receipt {
	receipt := &vetov1.Receipt{Leaf: leaf, Salt: e.Side.Salt[:], Revision: uint64(revision)}
	for _, b := range e.Side.Person {
		receipt.Person = append(receipt.Person, &vetov1.BlindedValue{Tag: b.Tag, Hmac: b.Sum[:]})
	}
	switch e.Leaf.Type {
	case event.TypeConsentGranted, event.TypeConsentWithdrawn:
		receipt.Words = consentWords(e)
	case event.TypeObjectionWithdrawn:
		receipt.Words = fmt.Sprintf("Your objection was withdrawn on %s for %s.\n", e.Side.RecordedAt.Format(momentForm), purposeWords(e.Side.Purposes, "all purposes"))
		if e.Leaf.Effect == event.EffectNarrowed {
			receipt.Words += "What you did not withdraw still stands. "
		}
		receipt.Words += "You can object again at any time."
	case event.TypeObjectionDecided:
		receipt.Words = decisionWords(e)
	case event.TypeSubjectsLinked, event.TypeSubjectsUnlinked, event.TypeErasureRecorded:
		receipt.Words = otherWords(e)
	default: // a filing finds its own words, and what no person caused has none
	}
	return receipt
}

// otherWords are what the receipt of a link, a parting or an erasure says.
func otherWords(e event.Event) string {
	at := e.Side.RecordedAt.Format(momentForm)
	switch {
	case e.Leaf.Type == event.TypeSubjectsLinked:
		return fmt.Sprintf("Your accounts were linked on %s: an objection or an erasure of one protects all of them.\nA consent counts for the account that gave it, and for no other.", at)
	case e.Leaf.Type == event.TypeSubjectsUnlinked:
		return fmt.Sprintf("Your accounts were parted on %s: each keeps the protection that it had.\nWhat you say from now on counts for the account that you say it for.", at)
	case e.Side.Scope == Word(vetov1.ErasureScope_ERASURE_SCOPE_ITEMS):
		return fmt.Sprintf("Your request for erasure was recorded on %s: %s will not be chosen any more, for any purpose.\nIt does not undo training that is over.", at, thingWords(e.Side))
	default:
		return fmt.Sprintf("Your request for erasure was recorded on %s: what you made before %s will not be chosen any more, for any purpose.\nIt does not undo training that is over. No consent that you gave before counts any more.",
			at, erasedBefore(e.Side).Format(momentForm))
	}
}

// erasedBefore is the time before which everything is erased.
func erasedBefore(side event.Side) time.Time {
	if side.MadeBefore.IsZero() {
		return side.RecordedAt
	}
	return side.MadeBefore
}

// momentForm is how a person is told a time.
const momentForm = "2 January 2006, 15:04:05 UTC"

// Receipt is the proof of the filing, for the person who filed it, in words that are true of it as it stands.
func (f *Filing) Receipt(leaf []byte) *vetov1.Receipt {
	receipt := Receipt(f.Revision, leaf, f.Event)
	receipt.Words = f.words()
	return receipt
}

// words say what is in force, in the first line, and then what that does not do.
func (f *Filing) words() string {
	side, at := f.Event.Side, f.Event.Side.RecordedAt.Format(momentForm)
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	none := ""
	if !side.NoEffect.IsZero() {
		none = fmt.Sprintf("in %s the controller gives objections no effect for %s", side.Country, purposeWords(side.NoEffect, "any purpose"))
	}
	switch f.Event.Leaf.Effect {
	case event.EffectPending:
		first := fmt.Sprintf("Your objection %s is recorded since %s, and your account is being looked for by what you gave", side.ObjectionID, at)
		if none != "" {
			first += "; but " + none
		}
		say("%s.", first)
		say("Once it is found, your content will not be chosen for %s any more; until then it can be.", purposeWords(f.Standing, "any purpose"))
	case event.EffectRecordedOnly:
		say("Your objection %s was recorded on %s; %s.", side.ObjectionID, at, none)
		say("It counts wherever your content is ruled by a regime that honours objections.")
	default:
		first := fmt.Sprintf("Your objection %s is in force since %s: %s will not be chosen for %s", side.ObjectionID, at, thingWords(side), purposeWords(f.Standing, "any purpose"))
		if none != "" {
			first += "; but " + none
		}
		say("%s.", first)
	}
	if !side.Assess.IsZero() {
		say("A person assesses it for %s; it counts until you are told of a refusal, and of why.", purposeWords(side.Assess, "any purpose"))
	}
	if !side.Deadline.IsZero() {
		word := "after"
		if side.BeforeDeadline {
			word = "before"
		}
		say("It came %s the deadline of %s; it counts all the same.", word, side.Deadline.UTC().Format("2 January 2006, 15:04 UTC"))
	}
	say("You need not do anything else. It does not undo training that is over; the controller must answer you by %s.", MonthsAfter(receivedOf(side), 1).Format("2 January 2006"))
	return strings.Join(lines, "\n")
}

// receivedOf is when a filing reached the controller.
func receivedOf(side event.Side) time.Time {
	if side.ReceivedAt.IsZero() {
		return side.RecordedAt
	}
	return side.ReceivedAt
}

// purposeWords name purposes for a person; all is what every purpose is called in the sentence.
func purposeWords(p event.Purposes, all string) string {
	switch {
	case p.All && len(p.Names) == 0:
		return all
	case p.All:
		return all + " but " + strings.Join(p.Names, ", ")
	default:
		return strings.Join(p.Names, ", ")
	}
}

// thingWords say what a filing is about.
func thingWords(side event.Side) string {
	if len(side.Items)+len(side.ContentKeys) == 0 {
		return "from now on your content"
	}
	var parts []string
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	count(len(side.Items), "item that you named", "items that you named")
	count(len(side.ContentKeys), "content key that you named, wherever it is offered,", "content keys that you named, wherever they are offered,")
	return strings.Join(parts, " and ")
}

// EffectWords say what a standing means for a purpose.
func EffectWords(usable bool, reason vetov1.Reason, regime string) string {
	if usable {
		return fmt.Sprintf("Content that meets the rules of the regime %s can be used.", regime)
	}
	why := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(reason.String(), "REASON_"), "_", " "))
	switch reason {
	case vetov1.Reason_REASON_OBJECTED:
		return "No content is used: an objection is in force."
	case vetov1.Reason_REASON_NO_REGIME:
		return "No content is used: no regime rules the country."
	case vetov1.Reason_REASON_NO_CONSENT:
		return fmt.Sprintf("No content is used: the regime %s asks for a consent, and there is none.", regime)
	default:
		return fmt.Sprintf("No content is used: %s (regime %s).", why, regime)
	}
}

// SameList says whether a receipt shows the person list of an event.
func SameList(list []event.Blinded, shown []*vetov1.BlindedValue) bool {
	return slices.EqualFunc(list, shown, func(b event.Blinded, s *vetov1.BlindedValue) bool {
		return b.Tag == s.GetTag() && bytes.Equal(b.Sum[:], s.GetHmac())
	})
}
