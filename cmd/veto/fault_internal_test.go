package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/golden"
	"github.com/veto-gate/veto/internal/terminal"
)

// answered makes an error as a server answers it.
func answered(t *testing.T, code codes.Code, message string, details ...protoadapt.MessageV1) error {
	t.Helper()
	s, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

// TestFaultsInWords keeps the words of errors, so that they are read.
func TestFaultsInWords(t *testing.T) {
	info := func(reason string, metadata map[string]string) *errdetails.ErrorInfo {
		return &errdetails.ErrorInfo{Reason: reason, Domain: "veto", Metadata: metadata}
	}
	bad := func(fields ...string) *errdetails.BadRequest {
		b := &errdetails.BadRequest{}
		for _, f := range fields {
			b.FieldViolations = append(b.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f, Description: "what is wrong with it"})
		}
		return b
	}
	var text strings.Builder
	for _, c := range []struct {
		name string
		err  error
	}{
		{"one field", answered(t, codes.InvalidArgument, "country: what is wrong with it", info("INVALID_REQUEST", nil), bad("country"))},
		{"two fields", answered(t, codes.InvalidArgument, "country: what is wrong with it (and 1 more)", info("INVALID_REQUEST", nil), bad("country", "subject_id"))},
		{"many fields", answered(t, codes.InvalidArgument, "item_ids[0]: what is wrong with it (and 199 more)", info("INVALID_REQUEST", map[string]string{"violations": "200"}),
			&errdetails.BadRequest{FieldViolations: append(bad("item_ids[0]", "item_ids[1]").GetFieldViolations(), &errdetails.BadRequest_FieldViolation{Description: "and 198 more"})})},
		{"many names", answered(t, codes.NotFound, "regime: the active policy has none of that name", info("UNKNOWN_REGIME", map[string]string{"regimes": "eu,uk", "regimes_total": "60"}))},
		{"unmapped", answered(t, codes.FailedPrecondition, "author_age, labels: read by a regime", info("UNMAPPED_FIELDS", map[string]string{"fields": "author_age,labels"}),
			&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
				{Type: "UNMAPPED_FIELD", Subject: "author_age", Description: "the regime eu reads it, and no item carries it: fill it in"},
				{Type: "UNMAPPED_FIELD", Subject: "labels", Description: "the regimes eu, uk read it, and no item carries it: fill it in"},
			}})},
		{"dangers", answered(t, codes.FailedPrecondition, "the change weakens protection", info("ACKNOWLEDGEMENT_NEEDED", nil),
			&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{{Type: "DROPS_PURPOSE", Subject: "purposes[0]", Description: "it is dropped"}}})},
		{"retry", answered(t, codes.Unavailable, "the register is not fresh", info("STALE", nil), &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})},
		{"incident", answered(t, codes.Internal, "a fault of the server", info("INTERNAL", map[string]string{"incident": "7f3k"}))},
		{"nobody", answered(t, codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`)}, //nolint:misspell // gRPC's words
		{"stranger", answered(t, codes.Unimplemented, "unknown service veto.v1.RegistryService")},
		{"wrapped", fmt.Errorf("filter: %w", answered(t, codes.OutOfRange, "min_revision: above the log's head", info("REVISION_ABOVE_HEAD", map[string]string{"head": "120"})))},
		{"one hint", answered(t, codes.InvalidArgument, "purposes[0]: not declared; it declares training (and 1 more)", info("UNDECLARED_PURPOSE", map[string]string{"declared": "training"}),
			&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "purposes[0]", Description: "not declared; it declares training"}, {Field: "purposes[1]", Description: "not declared; it declares training"}}})},
		{"unsure", retriable(answered(t, codes.Unavailable, "the server is stopping"), "0d3c5a51-6b0e-4c39-9a53-6f6e1c1b7a01")},
		{"sure", retriable(answered(t, codes.AlreadyExists, "request_id: was used for another request", info("REQUEST_ID_REUSED", nil)), "0d3c5a51-6b0e-4c39-9a53-6f6e1c1b7a01")},
		{"interrupted", context.Canceled},
		{"interrupted call", answered(t, codes.Canceled, "context canceled")},
		{"plain", errors.New("read the policy: open x: no such file")},
	} {
		fmt.Fprintf(&text, "== %s\n", c.name)
		code := fail(terminal.Streams{Err: &text}, c.err)
		fmt.Fprintf(&text, "exit %d\n\n", code)
	}
	golden.Check(t, "faults.golden", []byte(text.String()))
}

// TestEveryReasonHasARemedy: an error that a program can branch on tells a person what to do, here or in the server's words.
func TestEveryReasonHasARemedy(t *testing.T) {
	// The server's message has the remedy; RetryInfo has the other one.
	inTheMessage := []string{
		"INVALID_REQUEST", "BATCH_TOO_LARGE", "STOPPING", "ROLE_NEEDED", "PURPOSES_EXHAUSTED", "NOT_SUSPENDED", "STALE", "REVISION_NOT_REACHED", "STORE_UNAVAILABLE", "LIMIT_REACHED",
	}
	for number, name := range vetov1.ErrorReason_name {
		reason := strings.TrimPrefix(name, "ERROR_REASON_")
		if number == 0 || slices.Contains(inTheMessage, reason) {
			continue
		}
		if remedy(reason, nil) == "" {
			t.Errorf("%s: a person is not told what to do", reason)
		}
	}
}
