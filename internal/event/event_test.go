package event_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/veto-gate/veto/internal/event"
)

func TestTypesAndEffectsAreTheirWords(t *testing.T) {
	types := []string{"GENESIS", "OBJECTION_FILED", "OBJECTION_WITHDRAWN", "POLICY_APPLIED", "REGIME_SUSPENDED", "REGIME_RESUMED",
		"CONSENT_GRANTED", "CONSENT_WITHDRAWN", "SUBJECTS_LINKED", "SUBJECTS_UNLINKED", "ERASURE_RECORDED", "ITEMS_CHANGED", "OBJECTIONS_ANNULLED", "IDENTIFIER_MATCHED", "OBJECTION_DECIDED"}
	for i, want := range types {
		got, err := event.ParseType(want)
		if err != nil || got != event.Type(i+1) || got.String() != want {
			t.Errorf("ParseType(%s) = %v, %v", want, got, err)
		}
	}
	effects := []string{"BOUND", "IN_FORCE", "RECORDED_ONLY", "RAISED", "LIFTED", "NARROWED", "ACTIVATED", "SUSPENDED", "RESUMED",
		"GRANTED", "REVOKED", "LINKED", "UNLINKED", "ERASED", "REPORTED", "ANNULLED", "PENDING", "MATCHED", "NOT_FOUND", "UPHELD", "REFUSED", "UNFOUNDED", "EXTENDED", "ANSWERED", "INFORMED"}
	for i, want := range effects {
		got, err := event.ParseEffect(want)
		if err != nil || got != event.Effect(i+1) || got.String() != want {
			t.Errorf("ParseEffect(%s) = %v, %v", want, got, err)
		}
	}
	for _, bad := range []string{"", "UNKNOWN", "genesis", "BOUND "} {
		if got, err := event.ParseType(bad); !errors.Is(err, event.ErrMalformed) || got != 0 {
			t.Errorf("ParseType(%q) = %v, %v, want ErrMalformed", bad, got, err)
		}
		if got, err := event.ParseEffect(bad); !errors.Is(err, event.ErrMalformed) || got != 0 {
			t.Errorf("ParseEffect(%q) = %v, %v, want ErrMalformed", bad, got, err)
		}
	}
}

// A number beyond the last word, as a zero, has a name that no parser takes.
func TestUnknownNumbersPrintAsUnknown(t *testing.T) {
	for _, got := range []string{
		event.Type(0).String(), event.Type(16).String(), event.Type(255).String(),
		event.Effect(0).String(), event.Effect(26).String(),
		event.Act(0).String(), event.Act(9).String(),
		event.Table(0).String(), event.Table(4).String(),
		event.Proof(0).String(), event.Proof(3).String(),
	} {
		if got != "UNKNOWN" {
			t.Errorf("String = %s, want UNKNOWN", got)
		}
	}
	for _, typ := range []event.Type{0, 14, 255} {
		if _, err := event.ParseSide([]byte("veto/side/v1\n"), typ); !errors.Is(err, event.ErrMalformed) {
			t.Errorf("ParseSide of type %d: %v, want ErrMalformed", typ, err)
		}
	}
}

func TestRequestID(t *testing.T) {
	const text = "74d01dad-cbe6-a57e-f61b-c53a5a65404c"
	got, err := event.ParseRequestID(text)
	if err != nil || got.String() != text || got[0] != 0x74 || got[15] != 0x4c {
		t.Errorf("ParseRequestID(%s) = %v, %v", text, got, err)
	}
	for _, bad := range []string{"", strings.ToUpper(text), "{" + text + "}", strings.ReplaceAll(text, "-", ""), text + "0", "00000000-0000-0000-0000-000000000000"} {
		if got, err := event.ParseRequestID(bad); !errors.Is(err, event.ErrMalformed) || got != (event.RequestID{}) {
			t.Errorf("ParseRequestID(%q) = %v, %v, want ErrMalformed", bad, got, err)
		}
	}
}

func TestCheckText(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"plain", "Order of 3 July", ""},
		{"two lines", "one\ntwo", ""},
		{"a backslash", `a\nb`, ""},
		{"at the bound", strings.Repeat("x", 20), ""},
		{"another script", "מועד", ""},
		{"a no-break space inside", "a\u00a0b", ""},
		{"empty", "", "empty"},
		{"beyond the bound", strings.Repeat("é", 10) + "x", "too long"},
		{"half a rune", "a\xc3", "not UTF-8"},
		{"leading space", " a", "begins or ends"},
		{"trailing newline", "a\n", "begins or ends"},
		{"tab", "a\tb", "control"},
		{"carriage return", "a\r\nb", "control"},
		{"NUL", "a\x00b", "control"},
		{"next line", "a\u0085b", "control"},
		{"line separator", "a\u2028b", "control"},
		{"paragraph separator", "a\u2029b", "control"},
		{"right-to-left mark", "a\u200fb", "control"},
		{"Arabic letter mark", "a\u061cb", "control"},
		{"isolate", "a\u2069b", "control"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := event.CheckText(tt.text, 20)
			if tt.want == "" {
				if err != nil {
					t.Errorf("CheckText: %v", err)
				}
				return
			}
			if !errors.Is(err, event.ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("CheckText: %v, want it to say %q", err, tt.want)
			}
		})
	}
}
