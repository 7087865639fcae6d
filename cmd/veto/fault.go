package main

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
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/terminal"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitFound  = 3 // a check did its work, and found something
)

// failure is an error as somebody at a terminal needs it: one line of what, a line for each part at fault, what to do.
type failure struct {
	what   string
	parts  []string
	hint   string
	exit   int
	reason string // of the server's answer, as error_reason.proto names it
}

// Error is the whole in one line.
func (f *failure) Error() string { return strings.Join(append([]string{f.what}, f.parts...), "; ") }

// usage is a mistake in how the command was called.
func usage(hint, format string, args ...any) error {
	return &failure{what: fmt.Sprintf(format, args...), hint: hint, exit: exitUsage}
}

// failed is something that did not work, with its remedy.
func failed(hint, format string, args ...any) error {
	return &failure{what: fmt.Errorf(format, args...).Error(), hint: hint, exit: exitFailed}
}

// fail tells an error and returns the exit code.
func fail(s terminal.Streams, err error) int {
	if err == nil {
		return exitDone
	}
	f := explain(err)
	s.Say("%s", f.what)
	for _, part := range f.parts {
		fmt.Fprintln(s.Err, "      "+part)
	}
	if f.hint != "" {
		s.Hint(f.hint)
	}
	return f.exit
}

// explain turns any error into words.
func explain(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if answer, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok {
		return explainStatus(answer.GRPCStatus())
	}
	if wrong, ok := errors.AsType[*settings.Error](err); ok {
		return &failure{what: wrong.What, hint: wrong.Hint, exit: exitUsage}
	}
	if errors.Is(err, context.Canceled) {
		return &failure{what: "interrupted", exit: exitFailed}
	}
	return &failure{what: err.Error(), exit: exitFailed}
}

// explainStatus turns what a server answered into words, from its details.
func explainStatus(answer *status.Status) *failure {
	f := &failure{what: inShort(answer), exit: exitFailed}
	reason, metadata, retry := "", map[string]string(nil), time.Duration(0)
	for _, detail := range answer.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			reason, metadata = d.GetReason(), d.GetMetadata()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				f.parts = append(f.parts, part(v.GetField(), v.GetDescription()))
			}
		case *errdetails.PreconditionFailure:
			for _, v := range d.GetViolations() {
				f.parts = append(f.parts, part(strings.TrimSpace(v.GetType()+" "+v.GetSubject()), v.GetDescription()))
			}
		case *errdetails.RetryInfo:
			retry = d.GetRetryDelay().AsDuration()
		}
	}
	f.reason = reason
	f.settle(reason, metadata["violations"])
	f.hint = remedy(reason, metadata)
	if slices.Contains(remedied, reason) {
		f.what, _, _ = strings.Cut(f.what, "; ")
		for i := range f.parts {
			f.parts[i], _, _ = strings.Cut(f.parts[i], "; ")
		}
	}
	switch {
	case f.hint != "":
	case retry > 0:
		f.hint = "try again in " + retry.String()
	default:
		f.hint = remedyOfCode(answer.Code())
	}
	return f
}

// remedied are the reasons whose message ends with what the hint says better here.
var remedied = []string{"UNDECLARED_PURPOSE", "UNKNOWN_REGIME", "NO_ACTIVE_POLICY", "UNKNOWN_POLICY_VERSION", "REVISION_ABOVE_HEAD", "ETAG_MISMATCH"}

// inShort is an answer's message; where it is the transport's, without the layers around its cause.
func inShort(answer *status.Status) string {
	if answer.Code() == codes.Canceled {
		return "interrupted"
	}
	if _, cause, found := strings.Cut(answer.Message(), "dial tcp "); found {
		return "nobody answers at " + strings.TrimSuffix(cause, "\"")
	}
	return answer.Message()
}

// part is one thing at fault. The last of many has words alone: that there are more.
func part(where, words string) string {
	if where == "" {
		return words
	}
	return where + ": " + words
}

// settle keeps what and parts from saying the same: a server's message names its first field already. total is how many things are wrong, where the
// parts are not all.
func (f *failure) settle(reason, total string) {
	switch {
	case reason == "UNMAPPED_FIELDS":
		f.what = "the rules read fields that no column fills and that are not named absent"
		for i, part := range f.parts {
			f.parts[i], _, _ = strings.Cut(strings.TrimPrefix(part, "UNMAPPED_FIELD "), ", and no item carries it")
		}
	case reason == "ACKNOWLEDGEMENT_NEEDED":
		f.what = "the change weakens protection, and nothing was written"
	case len(f.parts) == 1:
		f.parts = nil
	case len(f.parts) > 1:
		if total == "" {
			total = strconv.Itoa(len(f.parts))
		}
		f.what = total + " things are wrong, and nothing was done"
	}
}

// remedy is what to do about an error of ours, by its reason (error_reason.proto).
func remedy(reason string, metadata map[string]string) string {
	switch reason {
	case "UNDECLARED_PURPOSE":
		return "the policy declares " + listed(metadata, "declared")
	case "INVALID_POLICY":
		return "correct the lines above; `veto policy check FILE` looks at a file without a server"
	case "REQUEST_ID_REUSED":
		return "leave --request-id out, and a new one is made"
	case "UNMAPPED_FIELDS":
		return unmappedRemedy(metadata["fields"])
	case "ACKNOWLEDGEMENT_NEEDED":
		return "where that is meant, add --acknowledge NAME=\"why\" for each name above"
	case "ETAG_MISMATCH":
		return "read the active policy with `veto policy get`, look at what changed, and apply again with its etag"
	case "UNKNOWN_REGIME":
		return "the active policy has " + listed(metadata, "regimes")
	case "NO_ACTIVE_POLICY":
		return applyOne
	case "REVISION_ABOVE_HEAD":
		return "the log is at revision " + metadata["head"] + "; is this the register that the write went to?"
	case "UNAUTHENTICATED":
		return "say who you are with --token-file FILE, or --client-cert and --client-key"
	case "STORE_BROKEN":
		return "the operator looks at the disk, then restarts the server"
	case "DISK_FULL":
		return "make room on the server's disk; no restart is needed"
	case "CLOCK":
		return "the operator sets the server's clock"
	case "UNKNOWN_POLICY_VERSION":
		if metadata["latest"] == "0" {
			return applyOne
		}
		return "the latest version is " + metadata["latest"]
	case "RECEIPT_MISMATCH":
		return "send the receipt's file as it was written, unchanged"
	case "UNKNOWN_OBJECTION", "OBJECTION_STATE":
		return "the receipt has the number, and ListObjections how the objection stands"
	case "TOO_MANY_LINKED":
		return "link the ids of one person alone"
	case "UNSUPPORTED":
		return "docs/limits.md says what this version does not do"
	case "INTERNAL":
		return "the server's log says more under incident " + metadata["incident"]
	}
	return ""
}

// applyOne is what to do where no policy is active.
const applyOne = "apply one: `veto policy apply FILE`"

// remedyOfCode is for answers that carry no details: of the transport, not of veto.
func remedyOfCode(code codes.Code) string {
	switch code {
	case codes.Unavailable:
		return "is a server running there? Start one with `veto serve`, or work in process with --data DIR"
	case codes.DeadlineExceeded:
		return "the server did not answer in time; try again"
	case codes.Unimplemented:
		return "what answers there is no veto server, or an older one"
	default:
		return ""
	}
}

// unmappedRemedy names the very flags that are missing.
func unmappedRemedy(fields string) string {
	first, _, _ := strings.Cut(fields, ",")
	return fmt.Sprintf("where the corpus has it in another column: --map %s=COLUMN, and so on; what it does not have: --absent %s", first, fields)
}

// listed prints a list that came in one word, and says so where it is not the whole.
func listed(metadata map[string]string, key string) string {
	names := strings.ReplaceAll(metadata[key], ",", ", ")
	switch total := metadata[key+"_total"]; {
	case names == "":
		return "none"
	case total != "":
		return names + ", … (" + total + " in all)"
	default:
		return names
	}
}

// parseEnum reads a flag's value by its name, bare or whole. Nothing said is the zero value. The error lists the names.
func parseEnum[E interface {
	~int32
	protoreflect.Enum
}](flag, text string) (E, error) {
	var zero E
	if text == "" {
		return zero, nil
	}
	found := terminal.ByName(zero.Descriptor(), text)
	if found == nil {
		return zero, usage(terminal.Suggest(text, terminal.Names(zero.Descriptor())), "--%s: no such value", flag)
	}
	return E(found.Number()), nil
}
