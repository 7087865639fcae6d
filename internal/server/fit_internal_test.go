package server

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/registry"
)

// TestStatusFits: whatever is wrong, and however often and at what length, its status fits a client's headers, says at
// least one thing, and counts what it does not say.
func TestStatusFits(t *testing.T) {
	text := rapid.OneOf(rapid.StringN(0, 40, -1), rapid.Map(rapid.IntRange(1, 3000), func(n int) string { return strings.Repeat("ß", n) }))
	many := rapid.OneOf(rapid.IntRange(1, 3), rapid.IntRange(0, 400))
	rapid.Check(t, func(t *rapid.T) {
		n := many.Draw(t, "faults")
		names := rapid.SliceOfN(text, n, n).Draw(t, "names")
		errs := []error{
			registry.Invalid(append([]registry.FieldFault{{Field: "first", Message: text.Draw(t, "words")}}, faultsOf(names)...)),
			&registry.UndeclaredPurposeError{Field: "purpose", Declared: names},
			&registry.UnknownRegimeError{Regimes: names},
			&unmappedFieldsError{missing: []gate.Read{{Field: "labels", Regimes: names}, {Field: "country", Regimes: names}}},
		}
		dangers := &registry.DangerError{}
		document := &policy.Error{}
		for i, name := range names {
			dangers.Dangers = append(dangers.Dangers, registry.Danger{Danger: vetov1.Danger(i%7 + 1), Subject: name, Message: name})
			document.Faults = append(document.Faults, policy.Fault{Path: name, Line: i, Message: name})
		}
		if n > 0 {
			errs = append(errs, dangers, document)
		}
		for _, err := range errs {
			f, ok := faultOf(err)
			if !ok {
				t.Fatalf("%T is not known", err)
			}
			s := f.status()
			if got := proto.Size(s.Proto()); got > maxStatusBytes {
				t.Errorf("%T: %d bytes, at most %d", err, got, maxStatusBytes)
			}
			if len(s.Message()) > maxStatusMessage || !utf8.ValidString(s.Message()) {
				t.Errorf("%T: a message of %d bytes", err, len(s.Message()))
			}
			if s.Code() == codes.OK || len(s.Details()) < 2 {
				t.Errorf("%T: %s with %d details, want the reason and what is wrong", err, s.Code(), len(s.Details()))
			}
		}
	})
}

func faultsOf(texts []string) []registry.FieldFault {
	faults := make([]registry.FieldFault, len(texts))
	for i, text := range texts {
		faults[i] = registry.FieldFault{Field: text, Message: text}
	}
	return faults
}

func TestCutKeepsRunesWhole(t *testing.T) {
	for _, test := range []struct {
		text string
		most int
		want string
	}{
		{"short", 5, "short"}, {"longer", 5, "lo…"}, {"grüße", 6, "gr…"}, {"grüße", 7, "grüße"}, {"ßßßß", 7, "ßß…"}, {"ßßßß", 6, "ß…"},
	} {
		if got := cut(test.text, test.most); got != test.want || len(got) > test.most {
			t.Errorf("cut(%q, %d) = %q, want %q", test.text, test.most, got, test.want)
		}
	}
}
