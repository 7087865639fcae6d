package server

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// A status goes out in the call's trailers: its details in base64, its message once more, each byte that is not ASCII as
// three. Most clients take 8 KiB of headers and break the stream off beyond that: their caller would learn nothing at
// all. So a status tells as many violations as fit, in order, and how many there are besides.
const (
	// maxStatusBytes bounds the status as a message: 4.7 KiB in base64.
	maxStatusBytes = 3584
	// maxStatusMessage bounds its text: 2.3 KiB at most in a header of its own.
	maxStatusMessage = 768
	// maxDescription and maxPath bound the words and the path of one violation.
	maxDescription = 512
	maxPath        = 256
	// maxListed bounds the names that are listed in words, maxMetadata those in ErrorInfo.
	maxListed   = 256
	maxMetadata = 1024
	// restBytes is what the violation that counts the others takes, and what wraps a list of violations.
	restBytes = 128
)

// status is the fault with its details, ErrorInfo first.
func (f fault) status() *status.Status {
	violations, told := f.violations()
	if f.counts {
		if more := told + f.more - 1; more > 0 {
			f.message = fmt.Sprintf("%s (and %d more)", cut(f.message, maxStatusMessage-restBytes), more)
		}
	}
	s := f.with(0)
	if violations != nil {
		left := f.fit(violations, maxStatusBytes-proto.Size(s.Proto())-restBytes)
		if left > 0 {
			s = f.with(told + f.more)
		}
		s = detailed(s, violations)
	}
	if f.retry > 0 {
		s = detailed(s, &errdetails.RetryInfo{RetryDelay: durationpb.New(f.retry)})
	}
	return s
}

// violations takes the list of violations out of the details, as a copy that may be cut, and says how many it has.
func (f *fault) violations() (list protoadapt.MessageV1, n int) {
	var others []protoadapt.MessageV1
	for _, detail := range f.details {
		switch d := detail.(type) {
		case *errdetails.BadRequest:
			list, n = proto.CloneOf(d), len(d.GetFieldViolations())
		case *errdetails.PreconditionFailure:
			list, n = proto.CloneOf(d), len(d.GetViolations())
		default:
			others = append(others, detail)
		}
	}
	f.details = others
	return list, n
}

// with is the status without the violations. total, where it is not 0, is how many of them there are.
func (f fault) with(total int) *status.Status {
	s := status.New(f.code, cut(f.message, maxStatusMessage))
	if f.reason != vetov1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		info := &errdetails.ErrorInfo{Reason: strings.TrimPrefix(f.reason.String(), "ERROR_REASON_"), Domain: domain, Metadata: f.metadata}
		if total > 0 {
			info.Metadata = maps.Clone(f.metadata)
			if info.Metadata == nil {
				info.Metadata = map[string]string{}
			}
			info.Metadata["violations"] = strconv.Itoa(total)
		}
		s = detailed(s, info)
	}
	return detailed(s, f.details...)
}

// detailed adds details. One that cannot be written takes nothing of the others and of the code away.
func detailed(s *status.Status, details ...protoadapt.MessageV1) *status.Status {
	if full, err := s.WithDetails(details...); err == nil {
		return full
	}
	return s
}

// fit cuts a list of violations to the room that there is, and adds one that counts the rest. It returns the rest.
func (f fault) fit(list protoadapt.MessageV1, room int) (left int) {
	switch d := list.(type) {
	case *errdetails.BadRequest:
		for _, v := range d.GetFieldViolations() {
			v.Field, v.Description = cut(v.GetField(), maxPath), cut(v.GetDescription(), maxDescription)
		}
		kept := fitting(d.GetFieldViolations(), room)
		if left = len(d.GetFieldViolations()) - kept + f.more; left > 0 {
			d.FieldViolations = append(d.FieldViolations[:kept], &errdetails.BadRequest_FieldViolation{Description: andMore(left)})
		}
	case *errdetails.PreconditionFailure:
		for _, v := range d.GetViolations() {
			v.Subject, v.Description = cut(v.GetSubject(), maxPath), cut(v.GetDescription(), maxDescription)
		}
		kept := fitting(d.GetViolations(), room)
		if left = len(d.GetViolations()) - kept + f.more; left > 0 {
			d.Violations = append(d.Violations[:kept], &errdetails.PreconditionFailure_Violation{Description: andMore(left)})
		}
	}
	return left
}

// fitting is how many of the violations have room.
func fitting[V proto.Message](violations []V, room int) int {
	for i, v := range violations {
		const header = 4 // the field's number and a length of two bytes, generously
		if room -= proto.Size(v) + header; room < 0 {
			return i
		}
	}
	return len(violations)
}

func andMore(n int) string { return fmt.Sprintf("and %d more", n) }

// cut shortens a text to a number of bytes, between two runes.
func cut(text string, maxBytes int) string {
	const ellipsis = "…"
	if len(text) <= maxBytes {
		return text
	}
	end := maxBytes - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}

// listed puts names into words: all, or as many as one can read and how many there are besides.
func listed(names []string) string {
	kept := namesWithin(names, len(", "), maxListed)
	words := strings.Join(names[:kept], ", ")
	if left := len(names) - kept; left > 0 {
		words += fmt.Sprintf(" and %d more", left)
	}
	return words
}

// namesAs is metadata that lists names, joined by commas: whole names, as many as fit. Where they are not all, the key
// with `_total` says how many there are.
func namesAs(key string, names []string) map[string]string {
	kept := namesWithin(names, len(","), maxMetadata)
	metadata := map[string]string{key: strings.Join(names[:kept], ",")}
	if kept < len(names) {
		metadata[key+"_total"] = strconv.Itoa(len(names))
	}
	return metadata
}

// namesWithin is how many of the names fit into a number of bytes.
func namesWithin(names []string, separator, room int) int {
	for i, name := range names {
		if room -= len(name) + separator; room < 0 {
			return i
		}
	}
	return len(names)
}
