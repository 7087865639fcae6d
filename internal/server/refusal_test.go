package server_test

import (
	"slices"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// refusal is an error as a client reads it.
type refusal struct {
	code        codes.Code
	message     string
	reason      string
	metadata    map[string]string
	fields      map[string]string // of BadRequest
	conditions  map[string]string // of PreconditionFailure: subject to description
	fieldOrder  []string
	retryAfter  bool
	hasResource bool
}

// refused reads the error of a call that must fail.
func refused(t testing.TB, err error) refusal {
	t.Helper()
	s, ok := status.FromError(err)
	if err == nil || !ok {
		t.Fatalf("got %v, want a status", err)
	}
	r := refusal{code: s.Code(), message: s.Message(), fields: map[string]string{}, conditions: map[string]string{}}
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() != "veto" {
				t.Errorf("domain %q, want veto", d.GetDomain())
			}
			r.reason, r.metadata = d.GetReason(), d.GetMetadata()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				r.fields[v.GetField()] = v.GetDescription()
				r.fieldOrder = append(r.fieldOrder, v.GetField())
			}
		case *errdetails.PreconditionFailure:
			for _, v := range d.GetViolations() {
				r.conditions[v.GetSubject()] = v.GetDescription()
			}
		case *errdetails.RetryInfo:
			r.retryAfter = d.GetRetryDelay().AsDuration() > 0
		case *errdetails.QuotaFailure:
			if len(d.GetViolations()) != 1 || d.GetViolations()[0].GetSubject() == "" || d.GetViolations()[0].GetDescription() == "" {
				t.Errorf("QuotaFailure without its subject: %v", d)
			}
		case *errdetails.ResourceInfo:
			r.hasResource = true
		default:
			t.Errorf("unexpected detail %T", d)
		}
	}
	return r
}

// want fails the test unless the refusal has this code and reason.
func (r refusal) want(t testing.TB, code codes.Code, reason string) {
	t.Helper()
	if r.code != code || r.reason != reason {
		t.Errorf("got %s %s (%s), want %s %s", r.code, r.reason, r.message, code, reason)
	}
}

// wantFields fails the test unless exactly these fields are named.
func (r refusal) wantFields(t testing.TB, fields ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(r.fieldOrder))
	slices.Sort(fields)
	if !slices.Equal(got, fields) {
		t.Errorf("fields %q, want %q", got, fields)
	}
}
