package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// name is the check's in explanations. Clients may rely on it: it never changes.
func (c check) name() string {
	return [checks]string{
		checkPolicy:          "policy",
		checkReadable:        "readable",
		checkPrivateMessage:  "private_message",
		checkRegime:          "regime",
		checkProhibition:     "prohibition",
		checkSuspension:      "suspension",
		checkPeriod:          "period",
		checkKind:            "kind",
		checkVisibility:      "visibility",
		checkLabels:          "labels",
		checkMinimumAge:      "minimum_age",
		checkKnownAge:        "known_age",
		checkItemAge:         "item_age",
		checkNotice:          "notice",
		checkAuthorErasure:   "author_erasure",
		checkItemErasure:     "item_erasure",
		checkItemChange:      "item_change",
		checkAuthorObjection: "author_objection",
		checkItemObjection:   "item_objection",
		checkConsent:         "consent",
		checkSignals:         "signals",
		checkThirdParties:    "third_parties",
		checkCondition:       "condition",
		checkEligible:        "eligible",
	}[c]
}

// tell runs one check for an explanation. decider is the check that has decided; checks: none yet.
func (t *trial) tell(c, decider check) Check {
	if why := t.skips(c, decider); why != "" {
		return Check{Name: c.name(), Result: vetov1.CheckResult_CHECK_RESULT_SKIPPED, Words: why}
	}
	reason := t.try(c)
	result := vetov1.CheckResult_CHECK_RESULT_FAIL
	switch Outcome(reason) {
	case vetov1.Outcome_OUTCOME_INCLUDE:
		result = vetov1.CheckResult_CHECK_RESULT_PASS
	case vetov1.Outcome_OUTCOME_INCLUDE_REDACTED:
		result = vetov1.CheckResult_CHECK_RESULT_REDACT
	default:
		if reason == pass {
			result = vetov1.CheckResult_CHECK_RESULT_PASS
		}
	}
	return Check{Name: c.name(), Result: result, Words: t.words(c, reason), Reason: reason}
}

// skips says why a check has nothing to look at; "" where it has.
func (t *trial) skips(c, decider check) string {
	switch {
	case decider == checks:
		return ""
	case decider == checkPolicy:
		return "Not tried: there is no policy."
	case decider == checkReadable:
		return "Not tried: the item cannot be read."
	case c == checkEligible:
		return "Not tried: the item is excluded."
	case t.regime == nil && c > checkRegime && c != checkAuthorErasure && c != checkItemErasure && c != checkItemChange:
		return "Not tried: no regime rules the country."
	default:
		return ""
	}
}

// words tell what a check saw and what that means. They hold codes, names of the policy's and dates, never an id.
func (t *trial) words(c check, reason vetov1.Reason) string {
	switch c {
	case checkPolicy, checkReadable, checkPrivateMessage, checkRegime:
		return t.formWords(c, reason)
	case checkProhibition, checkSuspension, checkPeriod:
		return t.regimeWords(c, reason)
	case checkKind, checkVisibility, checkLabels:
		return t.contentWords(c, reason)
	case checkMinimumAge, checkKnownAge, checkItemAge, checkNotice:
		return t.ageWords(c, reason)
	case checkAuthorErasure, checkItemErasure, checkItemChange, checkAuthorObjection, checkItemObjection, checkConsent:
		return t.standingWords(c, reason)
	default:
		return t.lastWords(c, reason)
	}
}

func (t *trial) formWords(c check, reason vetov1.Reason) string {
	switch c {
	case checkPolicy:
		if reason != pass {
			return "No policy is active."
		}
		return fmt.Sprintf("Policy version %d is active and declares the purpose %s.", t.policy.version, t.purpose.Name)
	case checkReadable:
		if reason != pass {
			return fmt.Sprintf("The field %s cannot be read: %s.", t.violation.Field, t.violation.Message)
		}
		return "Every field can be read."
	case checkPrivateMessage:
		kind := word(t.item.Kind.String(), "ITEM_KIND_")
		switch {
		case reason != pass && t.item.Kind == vetov1.ItemKind_ITEM_KIND_AI_INTERACTION:
			return "Words to an assistant that are not said to stand alone count as a private message; no policy can allow one."
		case reason != pass:
			return "The item is a private message; no policy can allow one."
		default:
			return fmt.Sprintf("The kind %s is no private message.", kind)
		}
	default:
		switch {
		case reason == pass:
			return fmt.Sprintf("The regime %s rules %s for %s.", t.regime.Name, t.item.Country, t.purpose.Name)
		case t.item.Country == "":
			return "The author's country is not known, so that no regime rules."
		case t.place == nil:
			return fmt.Sprintf("%s is no assigned code of a country or subdivision, so that no regime rules.", t.item.Country)
		default:
			return fmt.Sprintf("No regime rules %s for %s.", t.item.Country, t.purpose.Name)
		}
	}
}

func (t *trial) regimeWords(c check, reason vetov1.Reason) string {
	r := t.regime
	switch c {
	case checkProhibition:
		if reason != pass {
			return fmt.Sprintf("The regime %s prohibits the purpose.", r.Name)
		}
		return fmt.Sprintf("The regime %s rests on %s.", r.Name, word(r.LegalBasis.String(), "LEGAL_BASIS_"))
	case checkSuspension:
		if reason != pass {
			return fmt.Sprintf("The regime %s is suspended for %s.", r.Name, t.item.Country)
		}
		return fmt.Sprintf("The regime %s is not suspended for %s.", r.Name, t.item.Country)
	default:
		return t.periodWords(reason)
	}
}

// periodWords name the period that the decision turns on.
func (t *trial) periodWords(reason vetov1.Reason) string {
	r := t.regime
	if len(r.Periods) == 0 {
		return fmt.Sprintf("The regime %s has no period: it has not started.", r.Name)
	}
	if reason == vetov1.Reason_REASON_ENDED {
		return fmt.Sprintf("The last period of the regime %s ended at %s.", r.Name, stamp(r.Periods[len(r.Periods)-1].End))
	}
	next := slices.IndexFunc(r.Periods, func(p Period) bool {
		return t.now.Before(p.Start) || p.End.IsZero() || t.now.Before(p.End)
	})
	p := &r.Periods[next] // there is one, or the regime had ended
	switch {
	case t.now.Before(p.Start):
		return fmt.Sprintf("The next period of the regime %s starts at %s.", r.Name, stamp(p.Start))
	case p.End.IsZero():
		return fmt.Sprintf("The regime %s applies since %s.", r.Name, stamp(p.Start))
	default:
		return fmt.Sprintf("The regime %s applies from %s until %s.", r.Name, stamp(p.Start), stamp(p.End))
	}
}

// summary is the whole in a few sentences.
func (t *trial) summary(d *Decision, decided string) string {
	var b strings.Builder
	reason := word(d.Reason.String(), "REASON_")
	switch Outcome(d.Reason) {
	case vetov1.Outcome_OUTCOME_INCLUDE:
		fmt.Fprintf(&b, "Included: %s. ", reason)
	case vetov1.Outcome_OUTCOME_INCLUDE_REDACTED:
		fmt.Fprintf(&b, "Included once people are masked: %s. ", reason)
	case vetov1.Outcome_OUTCOME_INVALID:
		b.WriteString("Invalid. ")
	default:
		fmt.Fprintf(&b, "Excluded: %s. ", reason)
	}
	b.WriteString(decided)
	if t.policy != nil {
		fmt.Fprintf(&b, " Decided by policy version %d at revision %d, its dates read at %s.",
			t.policy.version, t.view.Revision, stamp(t.now))
	}
	return b.String()
}

// word is an enum's value without the prefix.
func word(value, prefix string) string { return strings.TrimPrefix(value, prefix) }

// stamp writes an instant as RFC 3339 in UTC.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
