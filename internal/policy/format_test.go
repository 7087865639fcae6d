package policy_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// wild are texts that YAML reads as something else, cannot write as they are, or folds.
var wild = []string{
	"a", "null", "~", "true", "no", "010", "1e3", ".inf", "2026-01-01", "2026-01-01T00:00:00Z", "<<", "=", "*a", "&a", "!a", "%a", "@a", "`a`", "-", "- a", "? a", ": a", "a: b", "a #b", "#a",
	"{a", "[a", "a]", "a, b", "|", ">", "'", "\"", "\\", "it's \"so\"", " a", "a ", "\ta", "a\t", "\n", "\na", "a\n", "a\n\n", "a\nb", "a\n\n b", " a\nb", "a\n b \n",
	"---", "--- a", "a\n---\nb", "...", "a\n...\n", "a\u2028b", "\u2029", "\ufeff", "a\ufeff", "\u00a0a", "\ufffe", "\U0001F600", "ä", "\U000F0000",
	strings.Repeat("[", 400), strings.Repeat("]{", 300), strings.Repeat("a, ", 300), strings.Repeat("a\n", 400), strings.Repeat("long words ", 90),
}

// wildText draws wild texts, and any others that people can read.
func wildText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(wild), rapid.Map(rapid.StringN(1, 20, 60), func(text string) string {
		return strings.Map(func(r rune) rune {
			if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Bidi_Control) || 0xE0000 <= r && r <= 0xE007F {
				return -1
			}
			return r
		}, text)
	}))
}

// drawWild fills a sound policy's message with wild texts, and everything else with what its rules leave open.
func drawWild(t *rapid.T) *vetov1.Policy {
	text := func(what string) string {
		return wildText().Draw(t, what)
	}
	texts := func(what string) []string {
		return rapid.SliceOfN(wildText(), 0, 3).Draw(t, what)
	}
	instant := func(what string) *timestamppb.Timestamp {
		if rapid.Bool().Draw(t, what+" stated") {
			return nil
		}
		return &timestamppb.Timestamp{
			Seconds: rapid.Int64Range(-62135596801, 253402300800).Draw(t, what), Nanos: rapid.Int32Range(-1, 1e9).Draw(t, what+" nanos"),
		}
	}
	duration := func(what string) *durationpb.Duration {
		if rapid.Bool().Draw(t, what+" stated") {
			return nil
		}
		return &durationpb.Duration{Seconds: rapid.Int64Range(0, 1<<32).Draw(t, what), Nanos: rapid.Int32Range(-1, 1e9).Draw(t, what+" nanos")}
	}
	p := with(recordOnly(regime("eu", "EEA")))
	p.Controller.Name, p.Controller.Contact, p.Controller.DpoContact = text("name"), text("contact"), text("dpo")
	p.LegitimateInterest, p.Retention = text("interest"), text("retention")
	p.Recipients, p.Transfers, p.Sources = texts("recipients"), texts("transfers"), texts("sources")
	p.Purposes[0].Title = text("title")
	if rapid.Bool().Draw(t, "ids") {
		p.SubjectIds = &vetov1.SubjectIds{}
		if rapid.Bool().Draw(t, "placeholders") {
			p.SubjectIds.Placeholders = []string{text("placeholder")}
		}
	}
	if rapid.Bool().Draw(t, "assessed") {
		p.Assessments = []*vetov1.Assessment{{Title: text("assessment"), Date: "2025-04-14", Reference: text("reference")}}
	}
	r := p.GetRegimes()[0]
	r.ObjectionsGround, r.SignalsGround = text("ground"), text("signals")
	*r.MinimumAge = rapid.Int32Range(0, 18).Draw(t, "age")
	r.NoticePerPerson = rapid.Bool().Draw(t, "per person")
	r.ThirdParties = vetov1.ThirdParties(rapid.Int32Range(0, 3).Draw(t, "third parties"))
	r.MinimumItemAge = duration("item age")
	r.ExcludedLabels = []*vetov1.ExcludedLabel{{Label: text("label"), Words: text("words")}}
	r.Periods = append([]*vetov1.Period{}, &vetov1.Period{
		Start: stamp("2025-05-27T00:00:00Z"), End: instant("end"), ObjectionDeadline: instant("deadline"), NoticeGivenAt: instant("notice"),
	})
	return p
}

// What Validate accepts survives being written, whatever its texts are.
func TestWhatIsValidSurvivesBeingWritten(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawWild(t)
		if policy.Validate(p) != nil {
			return
		}
		accepted++
		text := policy.Format(p)
		again, err := policy.Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(p, again, protocmp.Transform()); diff != "" {
			t.Fatalf("-want +got\n%s\n%s", diff, text)
		}
	})
	if accepted == 0 {
		t.Error("no policy was accepted: the property holds nothing")
	}
}

// Each wild text alone is accepted, in a list and in a field: the property does not hold because all are refused.
func TestWildTextsSurviveBeingWritten(t *testing.T) {
	for _, text := range wild {
		p := with(regime("eu", "EEA"))
		p.Retention, p.Recipients = text, []string{text, "a", text}
		if len(text) > 64 { // three of them are more than a document may hold
			p.Recipients = nil
		}
		if err := policy.Validate(p); err != nil {
			t.Errorf("%.20q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(p, parse(t, string(policy.Format(p))), protocmp.Transform()); diff != "" {
			t.Errorf("%.20q: -want +got\n%s", text, diff)
		}
	}
}

func TestValidateRefusesWhatCannotBeWritten(t *testing.T) {
	tests := []struct {
		name       string
		change     func(p *vetov1.Policy)
		path, says string
	}{
		{"a text of brackets", func(p *vetov1.Policy) { p.Retention = strings.Repeat("[", 1001) }, "", "as a document, which is what is kept: nested deeper"},
		{"many commas", func(p *vetov1.Policy) {
			for range 64 {
				p.Recipients = append(p.Recipients, strings.Repeat(",", 1024))
			}
		}, "", "more lines and values"},
		{"more than a mebibyte", func(p *vetov1.Policy) {
			for i := range 200 {
				r := regime("r"+strings.Repeat("x", i%60)+strings.Repeat("y", i/60+1), "DE")
				r.ObjectionsGround = strings.Repeat("\U000F0000", 256) // ten bytes for four, in a document
				r.SignalsGround = r.ObjectionsGround
				r.Jurisdictions = []string{jurisdiction.Countries()[i]}
				p.Regimes = append(p.Regimes, r)
			}
		}, "", "larger than 1 MiB"},
		{"a text that is not UTF-8", func(p *vetov1.Policy) { p.Retention = "\xff" }, "", "not UTF-8"},
		{"a field of a later version", func(p *vetov1.Policy) {
			p.GetRegimes()[0].ProtoReflect().SetUnknown(protoreflect.RawFields(protowire.AppendVarint(protowire.AppendTag(nil, 900, protowire.VarintType), 1)))
		}, "", "a field that this version does not know"},
		{"an instant after the year 9999", func(p *vetov1.Policy) {
			p.Regimes[0].Periods[0].End = &timestamppb.Timestamp{Seconds: 253402300800}
		}, "regimes[0].periods[0].end", "outside the years"},
		{"a fraction of two seconds", func(p *vetov1.Policy) {
			p.Regimes[0].Periods[0].ObjectionDeadline = &timestamppb.Timestamp{Nanos: 2e9}
		}, "regimes[0].periods[0].objection_deadline", "a fraction that is none"},
		{"a duration of two signs", func(p *vetov1.Policy) {
			p.Regimes[0].MinimumItemAge = &durationpb.Duration{Seconds: 9, Nanos: -1}
		}, "regimes[0].minimum_item_age", "do not fit together"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := with(regime("eu", "EEA"))
			tt.change(p)
			err := policy.Validate(p)
			if err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), tt.path) {
				t.Errorf("got %.300v, want %s: … %s", err, tt.path, tt.says)
			}
		})
	}
}

// Version and etag are the server's, and no document says them: a policy that has them is as sound as one that has not.
func TestValidateDoesNotLookAtVersionAndEtag(t *testing.T) {
	p := parse(t, sound)
	p.Version, p.Etag = 3, "3-0"
	before := proto.CloneOf(p)
	if err := policy.Validate(p); err != nil {
		t.Error(err)
	}
	if !proto.Equal(before, p) {
		t.Error("Validate changed the policy")
	}
}
