// Package gate is the decision: may this item be used for this purpose, now?
//
// It is a pure function of a View (the compiled policy, the suspensions and the
// standings at one revision), an Item, a purpose, and an instant that the caller
// hands in. There is no I/O, no clock, no goroutine and no lock here, and nothing
// is allocated for an item that can be read. Whatever is unknown, unset or
// unreadable excludes.
//
// The rules are a list of checks in one order. Each looks at one thing, and the
// first that refuses gives the decision its one primary reason:
//
//	policy             NO_POLICY
//	readable           INVALID, naming the field
//	private_message    PRIVATE_MESSAGE
//	regime             NO_REGIME
//	prohibition        PROHIBITED
//	suspension         SUSPENDED
//	period             NOT_STARTED, ENDED
//	kind               KIND
//	visibility         VISIBILITY
//	labels             LABEL
//	minimum_age        UNDER_AGE
//	known_age          AGE_UNKNOWN
//	item_age           TOO_RECENT
//	notice             NOT_NOTIFIED
//	author_erasure     ERASED
//	item_erasure       ERASED
//	item_change        ITEM_CHANGED
//	author_objection   OBJECTED
//	item_objection     ITEM_OBJECTED
//	consent            NO_CONSENT
//	signals            SIGNAL
//	third_parties      THIRD_PARTY, or masks
//	condition          CONDITION
//	eligible           ELIGIBLE, or ELIGIBLE_REDACTED
//
// Decide runs them up to the one that decides; Explain runs the same ones and
// tells what each saw; Effect runs those that look at a person alone.
//
// Policy documents, jurisdictions, consent's order against objections and the
// links between accounts are resolved before they come here: package policy
// makes Rules, and the fold of the log writes standings.
package gate
