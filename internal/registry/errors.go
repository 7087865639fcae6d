package registry

import (
	"errors"
	"fmt"
	"strings"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/resolve"
)

// What a caller of the register can branch on with errors.Is.
var (
	// ErrStale: the head was not read within MaxStaleness, so nobody knows what was filed since. Try again soon.
	ErrStale = errors.New("the register is not fresh")
	// ErrClock: the wall clock jumped by more than five minutes, so the policy's dates cannot be read. It ends when the
	// clock is back, or with a restart.
	ErrClock = errors.New("the wall clock jumped")
	// ErrClockBehind: the wall clock is before the log's last event. Set it, then start.
	ErrClockBehind = errors.New("the wall clock is before the log's last event")
	// ErrNotReached: the revision asked for, or the one just written, was not folded in time. It is in the log; ask again.
	ErrNotReached = errors.New("the revision was not reached in time")
	// ErrSecret: the secret is not the one that the log was begun with. Every objection would silently stop matching.
	ErrSecret = errors.New("the secret is not the one that this log is bound to")
	// ErrDamaged: the log cannot be folded: an event is missing, has no side row, does not read, or is not the one that the
	// head's tree was made of. Nothing is decided on it any more.
	ErrDamaged = filing.ErrDamaged
	// ErrNoPolicy: no policy is active, and the request needs one.
	ErrNoPolicy = intake.ErrNoPolicy
	// ErrUnknownVersion: no policy has that version.
	ErrUnknownVersion = errors.New("no such policy version")
	// ErrNotSuspended: there is no suspension of that kind to resume.
	ErrNotSuspended = errors.New("nothing of that kind is suspended")
	// ErrUnknownObjection: no objection has the number.
	ErrUnknownObjection = resolve.ErrUnknownObjection
	// ErrTooManyLinked: more ids than one person can have.
	ErrTooManyLinked = resolve.ErrTooManyLinked
	// ErrReceipt: the receipt does not fit the event that it names.
	ErrReceipt = errors.New("the receipt does not fit its event")
)

// AboveHeadError says that a revision was asked for that the log has not reached.
type AboveHeadError struct {
	// Field is the field that asked: min_revision, or at_revision.
	Field string
	// Head is the log's last revision.
	Head uint64
}

// Error names the field and the head.
func (e *AboveHeadError) Error() string {
	return fmt.Sprintf("%s is above the log's head, %d", e.Field, e.Head)
}

// What is wrong with a request, as package intake says it.
type (
	// FieldFault is what is wrong with one field.
	FieldFault = intake.FieldFault
	// InvalidError lists the fields that break a rule.
	InvalidError = intake.InvalidError
	// UndeclaredPurposeError says that a purpose is named that the register does not know.
	UndeclaredPurposeError = intake.UndeclaredPurposeError
	// StateError says that an objection does not stand so that a request could be carried out.
	StateError = resolve.StateError
	// UnsupportedError says that a field of the API is not taken by this version.
	UnsupportedError = intake.UnsupportedError
)

// MaxFaults is how many faults of one request are told.
const MaxFaults = intake.MaxFaults

// Invalid is the error of a request with these faults; nil where there is none.
func Invalid(faults []FieldFault) error { return intake.Invalid(faults) }

// EtagError says that a policy was changed by somebody else meanwhile.
type EtagError struct {
	// Active is the active policy's version; 0: none is.
	Active uint64
}

// Error names the active version.
func (e *EtagError) Error() string {
	return fmt.Sprintf("etag: the active policy is version %d; read it again and apply to that", e.Active)
}

// Danger is one way in which a policy change weakens protection.
type Danger struct {
	// Danger is its name, by which it is acknowledged.
	Danger vetov1.Danger
	// Subject is the purpose or regime that it is about.
	Subject string
	// Message says what would be lost and what to do.
	Message string
}

// DangerError lists the dangers of a policy change that were not acknowledged.
type DangerError struct {
	// Dangers are all of them.
	Dangers []Danger
}

// Error names every danger.
func (e *DangerError) Error() string {
	parts := make([]string, len(e.Dangers))
	for i, d := range e.Dangers {
		parts[i] = d.Message
	}
	return strings.Join(parts, "; ")
}

// UnknownRegimeError says that the active policy has no such regime.
type UnknownRegimeError struct {
	// Regimes are those that it has.
	Regimes []string
}

// Error lists the regimes that there are.
func (e *UnknownRegimeError) Error() string {
	return "regime: not one of the active policy's: " + strings.Join(e.Regimes, ", ")
}
