package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/protoadapt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/access"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server/entry"
	"github.com/veto-gate/veto/internal/server/limits"
	"github.com/veto-gate/veto/internal/subject"
)

// domain is ErrorInfo's.
const domain = "veto"

// How long a caller waits before it asks again.
const (
	// retrySoon is for what another reading of the head mends.
	retrySoon = time.Second
	// retryLater is for what a person has to mend.
	retryLater = 30 * time.Second
)

// fault is an error as it goes over the wire.
type fault struct {
	code     codes.Code
	reason   vetov1.ErrorReason // unspecified: no ErrorInfo
	message  string
	metadata map[string]string
	details  []protoadapt.MessageV1
	more     int           // violations that nobody made words of, beside those in the details
	counts   bool          // whether the message says how many violations there are beside the one that it tells
	retry    time.Duration // 0: no RetryInfo
}

// sentinels are the errors without fields of their own, and what they become. Their texts stand here, since what wraps a
// sentinel is for the log.
var sentinels = []struct {
	err   error
	fault fault
}{
	{registry.ErrStale, fault{code: codes.Unavailable, reason: vetov1.ErrorReason_ERROR_REASON_STALE, retry: retrySoon,
		message: "this server has not read the head of its log in time, so it cannot know the newest objections; ask again, or another replica"}},
	{registry.ErrNotReached, fault{code: codes.Unavailable, reason: vetov1.ErrorReason_ERROR_REASON_REVISION_NOT_REACHED, retry: retrySoon,
		message: "this server did not reach the revision in time; ask again with the same min_revision, or, where this call wrote, with the same request_id: what it wrote is in the log"}},
	{registry.ErrClock, fault{code: codes.Unavailable, reason: vetov1.ErrorReason_ERROR_REASON_CLOCK, retry: retryLater,
		message: "this server's clock jumped by more than five minutes, and decisions stop until it is back; set the clock, or restart the server"}},
	{registry.ErrClockBehind, fault{code: codes.Unavailable, reason: vetov1.ErrorReason_ERROR_REASON_CLOCK, retry: retryLater,
		message: "this server's clock is before the last event of its log; set the clock, then restart the server"}},
	{registry.ErrNoPolicy, fault{code: codes.FailedPrecondition, reason: vetov1.ErrorReason_ERROR_REASON_NO_ACTIVE_POLICY,
		message: "no policy is active; apply one first", details: []protoadapt.MessageV1{precondition("NO_ACTIVE_POLICY", "policy", "no policy is active; apply one with ApplyPolicy")}}},
	{registry.ErrUnknownVersion, fault{code: codes.NotFound, reason: vetov1.ErrorReason_ERROR_REASON_UNKNOWN_POLICY_VERSION,
		message: "version: no policy has it", details: []protoadapt.MessageV1{&errdetails.ResourceInfo{ResourceType: "veto.v1.Policy", Description: "no policy has that version"}}}},
	{registry.ErrNotSuspended, fault{code: codes.FailedPrecondition, reason: vetov1.ErrorReason_ERROR_REASON_NOT_SUSPENDED,
		message: "the regime is not suspended in that way, so there is nothing to resume; GetPolicy lists what is suspended",
		details: []protoadapt.MessageV1{precondition("NOT_SUSPENDED", "regime", "no suspension has these jurisdictions and purposes; GetPolicy lists those that stand")}}},
	{registry.ErrTooManyLinked, fault{code: codes.FailedPrecondition, reason: vetov1.ErrorReason_ERROR_REASON_TOO_MANY_LINKED, metadata: map[string]string{"most": "64"},
		message: "more than 64 ids would be one person's, and nothing was written; look whether an id that many people share is among them",
		details: []protoadapt.MessageV1{precondition("TOO_MANY_LINKED", "subject_ids", "with what they are linked with already they are more than 64")}}},
	{registry.ErrUnknownObjection, fault{code: codes.NotFound, reason: vetov1.ErrorReason_ERROR_REASON_UNKNOWN_OBJECTION,
		message: "objection_id: no objection has this number; ListObjections has the numbers, and the receipt",
		details: []protoadapt.MessageV1{&errdetails.ResourceInfo{ResourceType: "veto.v1.Objection", Description: "no objection has this number"}}}},
	{registry.ErrReceipt, fault{code: codes.InvalidArgument, reason: vetov1.ErrorReason_ERROR_REASON_RECEIPT_MISMATCH,
		message: "proof_receipt: does not fit the event that it names; send it as it was given out",
		details: []protoadapt.MessageV1{badRequest(registry.FieldFault{Field: "proof_receipt", Message: "its leaf, salt or list was changed, or it is another register's; send it as it was given out"})}}},
	{policy.ErrPurposesExhausted, fault{code: codes.FailedPrecondition, reason: vetov1.ErrorReason_ERROR_REASON_PURPOSES_EXHAUSTED,
		message: "purposes: this register has declared 32 names, and no name can be added; use one that it knows",
		details: []protoadapt.MessageV1{precondition("PURPOSES_EXHAUSTED", "purposes", "32 names were declared, and a name is never used again for something else; use one that the register knows")}}},
	{policy.ErrUnknownRegime, fault{code: codes.NotFound, reason: vetov1.ErrorReason_ERROR_REASON_UNKNOWN_REGIME,
		message: "regime: the policy has none of that name", details: []protoadapt.MessageV1{noSuchRegime}}},
	{registry.ErrRequestReused, fault{code: codes.AlreadyExists, reason: vetov1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED,
		message: "request_id: was used for another request; take a new one. Nothing was written"}},
	{registry.ErrFull, fault{code: codes.ResourceExhausted, reason: vetov1.ErrorReason_ERROR_REASON_DISK_FULL, retry: retryLater,
		message: "the server's disk is full, and nothing of this request was written; retry with the same request_id once there is room"}},
	{registry.ErrBroken, fault{code: codes.Unavailable, reason: vetov1.ErrorReason_ERROR_REASON_STORE_BROKEN, retry: retryLater,
		message: "the server's store reported an I/O error, and writing stops until its operator has looked at the disk and restarted it; then retry with the same request_id"}},
	{registry.ErrUnavailable, storeAway},
	{registry.ErrClosed, storeAway},
	{registry.ErrInUse, storeAway},
	{access.ErrNoCredentials, fault{code: codes.Unauthenticated, reason: vetov1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		message: "this server knows its callers by a token or a client certificate, and the call has neither; send `authorization: Bearer TOKEN`"}},
	{access.ErrUnknown, fault{code: codes.Unauthenticated, reason: vetov1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		message: "no caller of this server has these credentials; look whether the token or the certificate is the one in its roles file"}},
	{errMalformed, fault{code: codes.InvalidArgument, reason: vetov1.ErrorReason_ERROR_REASON_INVALID_REQUEST,
		message: "the request's bytes are no message of the kind that this method takes; encode it by the API's proto files"}},
	{errStarting, fault{code: codes.Unavailable, reason: vetov1.ErrorReason_ERROR_REASON_STALE, retry: retrySoon,
		message: "this server is starting and has not read its log yet; ask again, or another replica"}},
	{errStopping, fault{code: codes.Unavailable, reason: vetov1.ErrorReason_ERROR_REASON_STOPPING, retry: retrySoon,
		message: "this server is stopping; call again, a write with the same request_id, and send again what has no answer"}},
	{context.DeadlineExceeded, fault{code: codes.DeadlineExceeded,
		message: "the call's deadline is over; a write may have been done: retry with the same request_id, which does it at most once"}},
	{context.Canceled, fault{code: codes.Canceled,
		message: "the call was cancelled; a write may have been done: retry with the same request_id, which does it at most once"}},
}

var noSuchRegime = &errdetails.ResourceInfo{ResourceType: "veto.v1.Regime", Description: "the active policy has no regime of that name"}

var storeAway = fault{code: codes.Unavailable, reason: vetov1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE, retry: retrySoon,
	message: "the server's store does not answer; ask again, a write with the same request_id"}

// faultOf says what an error becomes. False: nobody told the caller of it, so it is the server's fault.
func faultOf(err error) (fault, bool) {
	if f, ok := typedFault(err); ok {
		return f, true
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.fault, true
		}
	}
	return fault{}, false
}

// typedFault is faultOf for the errors that carry fields.
func typedFault(err error) (fault, bool) {
	if e, ok := errors.AsType[*registry.InvalidError](err); ok {
		f := invalid(vetov1.ErrorReason_ERROR_REASON_INVALID_REQUEST, e.Fields...)
		f.more = e.More
		return f, true
	}
	if e, ok := errors.AsType[*policy.Error](err); ok {
		return invalid(vetov1.ErrorReason_ERROR_REASON_INVALID_POLICY, policyFaults(e)...), true
	}
	if e, ok := errors.AsType[*registry.UndeclaredPurposeError](err); ok {
		return undeclared(e), true
	}
	if e, ok := errors.AsType[*tooLargeError](err); ok {
		return tooLarge(e), true
	}
	if e, ok := errors.AsType[*entry.RoleError](err); ok {
		return fault{code: codes.PermissionDenied, reason: vetov1.ErrorReason_ERROR_REASON_ROLE_NEEDED, message: e.Error(), metadata: map[string]string{"needed": e.Needed}}, true
	}
	if e, ok := errors.AsType[*limits.Error](err); ok {
		return overLimit(e), true
	}
	if e, ok := errors.AsType[*unmappedFieldsError](err); ok {
		return unmapped(e), true
	}
	if e, ok := errors.AsType[*registry.StateError](err); ok {
		return fault{code: codes.FailedPrecondition, reason: vetov1.ErrorReason_ERROR_REASON_OBJECTION_STATE, metadata: map[string]string{"state": e.Kind},
			message: e.Message, details: []protoadapt.MessageV1{precondition(e.Kind, "objection_id", e.Message)}}, true
	}
	if e, ok := errors.AsType[*registry.DangerError](err); ok {
		return dangerous(e), true
	}
	if e, ok := errors.AsType[*registry.AboveHeadError](err); ok {
		return fault{code: codes.OutOfRange, reason: vetov1.ErrorReason_ERROR_REASON_REVISION_ABOVE_HEAD, metadata: map[string]string{"head": strconv.FormatUint(e.Head, 10)},
			message: fmt.Sprintf("%s: above the log's head, which is %d; use a revision that a write returned", e.Field, e.Head)}, true
	}
	if e, ok := errors.AsType[*registry.EtagError](err); ok {
		return fault{code: codes.Aborted, reason: vetov1.ErrorReason_ERROR_REASON_ETAG_MISMATCH, metadata: map[string]string{"active_version": strconv.FormatUint(e.Active, 10)},
			message: fmt.Sprintf("etag: not the active policy's, which is version %d; read it, look at what changed, and apply again", e.Active)}, true
	}
	return missing(err)
}

// missing is typedFault for what is not there: regimes, versions, methods, fields.
func missing(err error) (fault, bool) {
	if e, ok := errors.AsType[*registry.UnknownRegimeError](err); ok {
		return fault{code: codes.NotFound, reason: vetov1.ErrorReason_ERROR_REASON_UNKNOWN_REGIME, metadata: namesAs("regimes", e.Regimes),
			message: "regime: the active policy has none of that name; it has " + listed(e.Regimes),
			details: []protoadapt.MessageV1{noSuchRegime}}, true
	}
	if e, ok := errors.AsType[*unknownVersionError](err); ok {
		return fault{code: codes.NotFound, reason: vetov1.ErrorReason_ERROR_REASON_UNKNOWN_POLICY_VERSION, metadata: map[string]string{"latest": strconv.FormatUint(e.latest, 10)},
			message: e.Error(), details: []protoadapt.MessageV1{&errdetails.ResourceInfo{ResourceType: "veto.v1.Policy", Description: e.Error()}}}, true
	}
	if e, ok := errors.AsType[*registry.UnsupportedError](err); ok {
		return fault{code: codes.Unimplemented, reason: vetov1.ErrorReason_ERROR_REASON_UNSUPPORTED, metadata: map[string]string{"field": e.Field},
			message: fmt.Sprintf("%s: this server does not take it yet, and nothing was done; leave it empty", e.Field)}, true
	}
	if e, ok := errors.AsType[*laterError](err); ok {
		return fault{code: codes.Unimplemented, reason: vetov1.ErrorReason_ERROR_REASON_UNSUPPORTED, metadata: map[string]string{"method": strings.TrimPrefix(e.fullMethod, "/")}, message: e.Error()}, true
	}
	if e, ok := errors.AsType[subject.IDFault](err); ok { // without its field; the register names that
		return fault{code: codes.InvalidArgument, reason: vetov1.ErrorReason_ERROR_REASON_INVALID_REQUEST, message: e.Error()}, true
	}
	if e, ok := errors.AsType[*jurisdiction.CodeError](err); ok { // likewise
		return fault{code: codes.InvalidArgument, reason: vetov1.ErrorReason_ERROR_REASON_INVALID_REQUEST, message: e.Error()}, true
	}
	return fault{}, false
}

// invalid is a request whose fields are at fault, all of them.
func invalid(reason vetov1.ErrorReason, fields ...registry.FieldFault) fault {
	message := "no field is named" // a fault of ours; the code says enough
	if len(fields) > 0 {
		message = fields[0].Field + ": " + fields[0].Message
	}
	return fault{code: codes.InvalidArgument, reason: reason, message: message, counts: true, details: []protoadapt.MessageV1{badRequest(fields...)}}
}

// tooLarge is a request that was not built, since it holds more than its method takes.
func tooLarge(e *tooLargeError) fault {
	if !e.batch || e.excess == tooManyBytes {
		most := map[excess]int{tooManyBytes: limits.RequestBytes, tooManyElements: MaxElements}[e.excess]
		return fault{code: codes.ResourceExhausted, reason: vetov1.ErrorReason_ERROR_REASON_LIMIT_REACHED, message: e.Error(),
			metadata: map[string]string{"limit": e.excess.String(), "most": strconv.Itoa(most)}}
	}
	f := invalid(vetov1.ErrorReason_ERROR_REASON_BATCH_TOO_LARGE, registry.FieldFault{Field: "items", Message: strings.TrimPrefix(e.Error(), "items: ")})
	f.metadata = map[string]string{"max_items": strconv.Itoa(e.limits.BatchItems)}
	if e.excess == tooManyElements {
		f.metadata["max_elements"] = strconv.Itoa(MaxElements)
	}
	return f
}

// overLimit is a caller that went past a limit of the server's.
func overLimit(e *limits.Error) fault {
	f := fault{code: e.Code, reason: vetov1.ErrorReason_ERROR_REASON_LIMIT_REACHED, message: e.Error(), retry: e.Retry,
		metadata: map[string]string{"limit": e.Name, "most": e.Most}}
	if e.Code == codes.ResourceExhausted {
		f.details = append(f.details, &errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{{Subject: e.Name, Description: "at most " + e.Most}}})
	}
	return f
}

// policyFaults are a document's faults as fields, each with its line and column where it has them.
func policyFaults(e *policy.Error) []registry.FieldFault {
	fields := make([]registry.FieldFault, len(e.Faults))
	for i, f := range e.Faults {
		fields[i] = registry.FieldFault{Field: f.Path, Message: f.Message}
		if f.Path == "" {
			fields[i].Field = "policy"
		}
		if f.Line > 0 {
			fields[i].Message = fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Message)
		}
	}
	return fields
}

func undeclared(e *registry.UndeclaredPurposeError) fault {
	message := "not a purpose that the active policy declares; it declares " + listed(e.Declared)
	if len(e.Declared) == 0 {
		message = "not a declared purpose; no policy is active that declares one"
	}
	f := invalid(vetov1.ErrorReason_ERROR_REASON_UNDECLARED_PURPOSE, registry.FieldFault{Field: e.Field, Message: message})
	f.metadata = namesAs("declared", e.Declared)
	return f
}

func unmapped(e *unmappedFieldsError) fault {
	violations := &errdetails.PreconditionFailure{}
	for _, read := range e.missing {
		violations.Violations = append(violations.Violations, &errdetails.PreconditionFailure_Violation{Type: "UNMAPPED_FIELD", Subject: read.Field, Description: e.words(read)})
	}
	return fault{code: codes.FailedPrecondition, reason: vetov1.ErrorReason_ERROR_REASON_UNMAPPED_FIELDS, message: e.Error(),
		metadata: map[string]string{"fields": strings.Join(e.fields(), ",")}, details: []protoadapt.MessageV1{violations}}
}

func dangerous(e *registry.DangerError) fault {
	violations := &errdetails.PreconditionFailure{}
	var names []string // each once
	for _, d := range e.Dangers {
		name := strings.TrimPrefix(d.Danger.String(), "DANGER_")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		violations.Violations = append(violations.Violations, &errdetails.PreconditionFailure_Violation{Type: name, Subject: d.Subject, Description: d.Message})
	}
	return fault{code: codes.FailedPrecondition, reason: vetov1.ErrorReason_ERROR_REASON_ACKNOWLEDGEMENT_NEEDED, details: []protoadapt.MessageV1{violations},
		message: "the change weakens protection, and nothing was written; where that is meant, acknowledge each danger by name, with a ground: " + strings.Join(names, ", ")}
}

func badRequest(fields ...registry.FieldFault) *errdetails.BadRequest {
	bad := &errdetails.BadRequest{}
	for _, f := range fields {
		bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f.Field, Description: f.Message})
	}
	return bad
}

func precondition(kind, subject, description string) *errdetails.PreconditionFailure {
	return &errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{{Type: kind, Subject: subject, Description: description}}}
}

// incident is an error that its caller can do nothing about; the id finds its cause in the log.
func incident(id string) fault {
	return fault{code: codes.Internal, reason: vetov1.ErrorReason_ERROR_REASON_INTERNAL, metadata: map[string]string{"incident": id},
		message: "a fault of the server; its log has the cause as incident " + id}
}
