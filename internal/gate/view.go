package gate

import (
	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// View is all that a decision is made from, at one revision. It never changes once it is published, so any number of
// goroutines decide on it without a lock. The zero value excludes everything: NO_POLICY.
type View struct {
	// Revision is the position in the log that the view holds everything up to.
	Revision uint64
	// Policy is the active one. Nil: none, and every decision is NO_POLICY.
	Policy *Policy
	// Suspensions are those that stand. Nil: none.
	Suspensions *Suspensions
	// Standings are who objected, consented, is erased. Required beside a policy.
	Standings Standings
	// Keys hashes ids as Standings was filled. Required beside a policy.
	Keys Keyer
}

// Keyer makes the keyed hashes that standings are looked up by. Its methods are called from many goroutines at once,
// keep nothing of their argument, and allocate nothing.
type Keyer interface {
	// Subject is the key of a subject's id.
	Subject(id string) standings.Key
	// Item is the key of an item's id.
	Item(id string) standings.Key
	// ContentKey is the key of a content key.
	ContentKey(key string) standings.Key
}

// Standings is the index that decisions read; *standings.View is one. It is immutable: its methods are called from many
// goroutines at once and neither block nor allocate. What they return is shared and must not be changed.
type Standings interface {
	// Subject finds what stands for a subject.
	Subject(key standings.Key) (*standings.Standing, bool)
	// Item finds what stands for an item.
	Item(key standings.Key) (*standings.Marked, bool)
	// ContentKey finds what stands for a content key.
	ContentKey(key standings.Key) (*standings.Marked, bool)
	// Len is how many keys a table holds. Nothing is hashed for an empty table.
	Len(table standings.Table) int
}

// PurposeRef is a purpose of one view's policy, as View.Purpose found it. The zero value, and a reference to another
// policy's purpose, find no policy: decisions with it are NO_POLICY.
type PurposeRef struct {
	policy  *Policy
	purpose *Purpose
}

// Purpose finds a purpose by its name; false: the policy does not declare it, which is the caller's error. Without a
// policy every name is taken, since the decision is NO_POLICY whatever the purpose.
func (v *View) Purpose(name string) (PurposeRef, bool) {
	if v.Policy == nil {
		return PurposeRef{}, true
	}
	return v.Policy.Purpose(name)
}

// Options are what the caller of a decision can do.
type Options struct {
	// AcceptRedactions says that the caller can mask people: INCLUDE_REDACTED may be answered. Without it such an item is
	// excluded.
	AcceptRedactions bool
}

// Decision is the gate's answer for one item and one purpose. Reuse one for many items: Decide overwrites it.
type Decision struct {
	// Reason is the first check that decided; Outcome tells what may be done.
	Reason vetov1.Reason
	// Regime is the name of the regime that ruled; empty where none did.
	Regime string
	// Redact are, with ELIGIBLE_REDACTED, the positions in Item.Subjects that must be masked, ascending; else empty. The
	// slice is used again by the next Decide.
	Redact []int32
	// Violation says, with INVALID, what could not be read.
	Violation Violation
}

// Explanation is a decision with its reasons.
type Explanation struct {
	// Decision is what Decide answers.
	Decision Decision
	// Checks are all, in their order. Exactly one decided.
	Checks []Check
	// Words tell the whole in a few sentences, without ids.
	Words string
}

// Check is one rule that was tried.
type Check struct {
	// Name is stable, e.g. `author_objection`.
	Name string
	// Result is what it found.
	Result vetov1.CheckResult
	// Words say what it saw and what that means, without ids.
	Words string
	// Reason is the one that it gives, or would have given, where the result is neither PASS nor SKIPPED; for the check
	// that decided always the decision's.
	Reason vetov1.Reason
	// Decided marks the check that decided.
	Decided bool
}

// Outcome is what may be done with an item that has this reason. Numbers are read by their range, so that a reason added
// later is read safely: 1 to 9 INCLUDE, 10 to 19 INCLUDE_REDACTED, 20 to 29 INVALID, everything else EXCLUDE.
func Outcome(r vetov1.Reason) vetov1.Outcome {
	switch {
	case r >= 1 && r <= 9:
		return vetov1.Outcome_OUTCOME_INCLUDE
	case r >= 10 && r <= 19:
		return vetov1.Outcome_OUTCOME_INCLUDE_REDACTED
	case r >= 20 && r <= 29:
		return vetov1.Outcome_OUTCOME_INVALID
	default:
		return vetov1.Outcome_OUTCOME_EXCLUDE
	}
}
