package intake_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry/intake"
)

// rules are a policy's that refuses one id.
type rules struct{ objectable []string }

func (rules) SubjectFault(id string) string {
	if id == "username" {
		return "a placeholder"
	}
	return ""
}
func (rules) Placeholders() []string { return []string{"username"} }
func (r rules) Objectable() []string { return r.objectable }

var now = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

func TestCheckFilingNamesEveryFault(t *testing.T) {
	request := &vetov1.FileObjectionRequest{
		SubjectId: "username", ItemIds: []string{"photo", "ALL ", "Username"}, ContentKeys: []string{"k", "\x00"}, Country: "UK",
		SentAt: timestamppb.New(now), ReceivedAt: timestamppb.New(now.Add(-time.Hour)),
		CaseReference: "about photo", NoticeVersion: "a@b", Purposes: []string{"training", "advertising"},
	}
	err := intake.CheckFiling(rules{objectable: []string{"training"}}, request, now)
	invalid, ok := errors.AsType[*intake.InvalidError](err)
	if !ok {
		t.Fatalf("%v, want *InvalidError", err)
	}
	var got []string
	for _, f := range invalid.Fields {
		got = append(got, f.Field)
	}
	want := "subject_id item_ids[1] item_ids[2] content_keys[1] country received_at case_reference notice_version purposes[1]"
	if strings.Join(got, " ") != want {
		t.Errorf("fields %v\nwant   %v", got, want)
	}
	for _, value := range []string{"ALL", "UK ", "a@b", "advertising", "about photo"} {
		if strings.Contains(err.Error(), value) {
			t.Errorf("the error echoes %q: %v", value, err)
		}
	}
}

func TestCheckFilingByTheKindOfFault(t *testing.T) {
	good := func() *vetov1.FileObjectionRequest { return &vetov1.FileObjectionRequest{SubjectId: "anna"} }
	for _, c := range []struct {
		name   string
		rules  rules
		change func(*vetov1.FileObjectionRequest)
		is     func(error) bool
	}{
		{"nothing is wrong", rules{}, func(*vetov1.FileObjectionRequest) {}, func(err error) bool { return err == nil }},
		{"items without a person", rules{}, func(q *vetov1.FileObjectionRequest) { q.SubjectId, q.ItemIds = "", []string{"photo"} }, func(err error) bool { return err == nil }},
		{"a purpose without a policy", rules{}, func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{"training"} },
			func(err error) bool { return errors.Is(err, intake.ErrNoPolicy) }},
		{"an undeclared purpose alone", rules{objectable: []string{"training"}}, func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{"x"} },
			func(err error) bool {
				e, ok := errors.AsType[*intake.UndeclaredPurposeError](err)
				return ok && e.Field == "purposes[0]"
			}},
		{"an address to answer to", rules{}, func(q *vetov1.FileObjectionRequest) { q.ReplyTo = "1 High Street, Dublin" }, func(err error) bool { return err == nil }},
		{"an address of two lines", rules{}, func(q *vetov1.FileObjectionRequest) { q.ReplyTo = "1 High Street\nDublin" }, names("reply_to")},
		{"an address that begins with a space", rules{}, func(q *vetov1.FileObjectionRequest) { q.ReplyTo = " b" }, names("reply_to")},
		{"a reference that holds the address", rules{}, func(q *vetov1.FileObjectionRequest) { q.ReplyTo, q.CaseReference = "High Street", "High Street" }, names("case_reference")},
		{"identifiers beside an id", rules{}, func(q *vetov1.FileObjectionRequest) {
			q.Identifiers = []*vetov1.Identifier{
				{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: "a@example.org"}, {Type: vetov1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: "+33639980043"},
				{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_HANDLE, Value: "@a@social.example"}, {Type: vetov1.IdentifierType_IDENTIFIER_TYPE_PROFILE_URL, Value: "https://social.example/a"},
			}
		}, func(err error) bool { return err == nil }},
		{"identifiers alone", rules{}, func(q *vetov1.FileObjectionRequest) {
			q.SubjectId, q.Identifiers = "", []*vetov1.Identifier{{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: "a@example.org"}}
		}, func(err error) bool { return err == nil }},
		{"no address", rules{}, identified(vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, "nobody-at-example.org"), names("identifiers[0].value")},
		{"an address with a comma after it", rules{}, identified(vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, "a@example.org,"), names("identifiers[0].value")},
		{"two addresses in one", rules{}, identified(vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, "a@example.org;b@example.org"), names("identifiers[0].value")},
		{"a handle with a semicolon after it", rules{}, identified(vetov1.IdentifierType_IDENTIFIER_TYPE_HANDLE, "@a;"), names("identifiers[0].value")},
		{"an address of no host", rules{}, identified(vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, "a@b"), names("identifiers[0].value")},
		{"no number", rules{}, identified(vetov1.IdentifierType_IDENTIFIER_TYPE_PHONE, "0639980043"), names("identifiers[0].value")},
		{"no link", rules{}, identified(vetov1.IdentifierType_IDENTIFIER_TYPE_PROFILE_URL, "social.example/a"), names("identifiers[0].value")},
		{"a handle in two words", rules{}, identified(vetov1.IdentifierType_IDENTIFIER_TYPE_HANDLE, "a b"), names("identifiers[0].value")},
		{"an id linked with nobody", rules{}, func(q *vetov1.FileObjectionRequest) {
			q.SubjectId, q.ItemIds, q.LinkedSubjectIds = "", []string{"photo"}, []string{"b"}
		}, names("linked_subject_ids[0]")},
		{"an id linked with itself", rules{}, func(q *vetov1.FileObjectionRequest) { q.LinkedSubjectIds = []string{q.GetSubjectId()} }, names("linked_subject_ids[0]")},
		{"a linked id that is none", rules{}, func(q *vetov1.FileObjectionRequest) { q.LinkedSubjectIds = []string{"b", "username"} }, names("linked_subject_ids[1]")},
		{"an instant that is none", rules{}, func(q *vetov1.FileObjectionRequest) { q.SentAt = &timestamppb.Timestamp{Nanos: -1} }, names("sent_at")},
		{"the very first instant", rules{}, func(q *vetov1.FileObjectionRequest) { q.SentAt = timestamppb.New(time.Time{}) }, names("sent_at")},
		{"a clock that is a little ahead", rules{}, func(q *vetov1.FileObjectionRequest) { q.SentAt = timestamppb.New(now.Add(30 * time.Second)) }, func(err error) bool { return err == nil }},
		{"the future", rules{}, func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = timestamppb.New(now.Add(time.Hour)) }, names("received_at")},
	} {
		request := good()
		c.change(request)
		if err := intake.CheckFiling(c.rules, request, now); !c.is(err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func identified(kind vetov1.IdentifierType, value string) func(*vetov1.FileObjectionRequest) {
	return func(q *vetov1.FileObjectionRequest) {
		q.Identifiers = []*vetov1.Identifier{{Type: kind, Value: value}}
	}
}

// names says whether an error is about one field.
func names(field string) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[*intake.InvalidError](err)
		return ok && len(e.Fields) == 1 && e.Fields[0].Field == field
	}
}

func TestCheckUTF8LooksAtEveryText(t *testing.T) {
	request := &vetov1.FileObjectionRequest{SubjectId: "a\xff", ItemIds: []string{"b", "\xc3"}, CaseReference: "ä"}
	err := intake.CheckUTF8(request.ProtoReflect())
	invalid, ok := errors.AsType[*intake.InvalidError](err)
	if !ok || len(invalid.Fields) != 2 || invalid.Fields[0].Field != "subject_id" || invalid.Fields[1].Field != "item_ids[1]" {
		t.Errorf("%v, want faults of subject_id and item_ids[1]", err)
	}
	if err := intake.CheckUTF8((&vetov1.FileObjectionRequest{SubjectId: "anna"}).ProtoReflect()); err != nil {
		t.Errorf("good text: %v", err)
	}
}

func TestInvalidTellsSoManyAndHowManyMore(t *testing.T) {
	if err := intake.Invalid(nil); err != nil {
		t.Errorf("no faults: %v", err)
	}
	var faults []intake.FieldFault
	for i := range intake.MaxFaults + 7 {
		faults = append(faults, intake.FieldFault{Field: strconv.Itoa(i), Message: "x"})
	}
	invalid, ok := errors.AsType[*intake.InvalidError](intake.Invalid(faults))
	if !ok || len(invalid.Fields) != intake.MaxFaults || invalid.More != 7 || !strings.HasSuffix(invalid.Error(), "and 7 more") {
		t.Errorf("%d faults, %d more: %v", len(invalid.Fields), invalid.More, invalid)
	}
}

func TestChecksGatherWhatIsWrong(t *testing.T) {
	var c intake.Checks
	c.ID("subject_id", "anna")
	c.Country("country", "")
	c.Text("reason", "", 8)
	c.Text("reason", "an order", 8)
	if err := c.Err(); err != nil {
		t.Fatalf("nothing is wrong: %v", err)
	}
	c.ID("subject_id", " ")
	c.Text("reason", "an order that is too long", 8)
	c.Text("authority", "a\x07", 8)
	invalid, ok := errors.AsType[*intake.InvalidError](c.Err())
	if !ok || len(invalid.Fields) != 3 {
		t.Errorf("%v, want three faults", c.Err())
	}
}

func TestErrorsNameTheField(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&intake.UndeclaredPurposeError{Field: "purposes[0]", Declared: []string{"a", "b"}}, "purposes[0]: not a declared purpose; declared: a, b"},
		{&intake.UnsupportedError{Field: "reply_to"}, "reply_to: this version does not take it; nothing was written"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestCheckConsentTakesDeclaredPurposesAndNumbers(t *testing.T) {
	declared := []string{"training"}
	named, err := intake.CheckConsent(rules{}, declared, &vetov1.GrantConsentRequest{SubjectId: "anna", Purposes: declared, LiftsObjectionIds: []string{"7f3k 92qm 4d"}})
	if err != nil || len(named) != 1 || named[0] != "7F3K-92QM-4D" {
		t.Errorf("%v, %v", named, err)
	}
	_, err = intake.CheckConsent(rules{}, declared, &vetov1.GrantConsentRequest{
		SubjectId: "username", Purposes: []string{"training", "ads"}, NoticeVersion: "a@b", LiftsObjectionIds: []string{"7F3K-92QM-4D", "7F3K-92QM-4E"},
	})
	want := "subject_id notice_version lifts_objection_ids[1] purposes[1]"
	if got := fields(err); got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	_, err = intake.CheckConsent(rules{}, nil, &vetov1.GrantConsentRequest{SubjectId: "anna", Purposes: declared})
	if !errors.Is(err, intake.ErrNoPolicy) {
		t.Errorf("without a policy: %v", err)
	}
	if err := intake.UnknownLifts(nil); err != nil {
		t.Errorf("all known: %v", err)
	}
	if got := fields(intake.UnknownLifts([]int{0, 3})); got != "lifts_objection_ids[0] lifts_objection_ids[3]" {
		t.Errorf("unknown lifts: %s", got)
	}
}

func TestCheckRevocationGoesByTheOneRuleForIDs(t *testing.T) {
	if err := intake.CheckRevocation(nil, &vetov1.WithdrawConsentRequest{SubjectId: "username"}); err != nil {
		t.Errorf("an id that a later policy calls a placeholder: %v", err)
	}
	if got := fields(intake.CheckRevocation(nil, &vetov1.WithdrawConsentRequest{})); got != "subject_id" {
		t.Errorf("nobody: %s", got)
	}
	err := intake.CheckRevocation([]string{"training"}, &vetov1.WithdrawConsentRequest{SubjectId: "anna", Purposes: []string{"ads"}})
	if e, ok := errors.AsType[*intake.UndeclaredPurposeError](err); !ok || e.Field != "purposes[0]" {
		t.Errorf("a purpose that never was: %v", err)
	}
}

// fields are the paths that an error names.
func fields(err error) string {
	invalid, ok := errors.AsType[*intake.InvalidError](err)
	if !ok {
		return fmt.Sprint(err)
	}
	var paths []string
	for _, f := range invalid.Fields {
		paths = append(paths, f.Field)
	}
	return strings.Join(paths, " ")
}

func TestRequestIDIsAUUIDInEitherCase(t *testing.T) {
	lower, err := intake.RequestID("0d3f7c1e-5a0b-4c8d-9e6f-a1b2c3d4e5f6")
	if err != nil {
		t.Fatal(err)
	}
	if upper, err := intake.RequestID("0D3F7C1E-5A0B-4C8D-9E6F-A1B2C3D4E5F6"); err != nil || upper != lower {
		t.Errorf("upper case: %v, %v", upper, err)
	}
	if _, err := intake.RequestID("1"); fields(err) != "request_id" {
		t.Errorf("no UUID: %v", err)
	}
}

func TestCheckDecisionAndMatch(t *testing.T) {
	at := func(after time.Duration) *timestamppb.Timestamp { return timestamppb.New(now.Add(after)) }
	const refused, upheld = vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED, vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD
	for _, c := range []struct {
		name    string
		request *vetov1.DecideObjectionRequest
		fields  []string
	}{
		{"nothing", &vetov1.DecideObjectionRequest{}, []string{"outcome"}},
		{"upheld", &vetov1.DecideObjectionRequest{Outcome: upheld}, nil},
		{"refused", &vetov1.DecideObjectionRequest{Outcome: refused, Grounds: "a", RemediesText: "write to complaints@authority.example"}, nil},
		{"refused without words", &vetov1.DecideObjectionRequest{Outcome: refused}, []string{"grounds", "remedies_text"}},
		{"an address among the grounds", &vetov1.DecideObjectionRequest{Outcome: upheld, Grounds: "a@example.org"}, []string{"grounds"}},
		{"grounds that no event holds", &vetov1.DecideObjectionRequest{Outcome: upheld, Grounds: " a"}, []string{"grounds"}},
		{"more time", &vetov1.DecideObjectionRequest{ExtendUntil: at(time.Hour), Grounds: "many"}, nil},
		{"more time, and why not", &vetov1.DecideObjectionRequest{ExtendUntil: at(time.Hour)}, []string{"grounds"}},
		{"more time beside a decision", &vetov1.DecideObjectionRequest{ExtendUntil: at(time.Hour), Grounds: "a", Outcome: upheld}, []string{"extend_until"}},
		{"until never", &vetov1.DecideObjectionRequest{ExtendUntil: &timestamppb.Timestamp{Nanos: -1}, Grounds: "a"}, []string{"extend_until"}},
		{"deliveries to come", &vetov1.DecideObjectionRequest{InformedAt: at(time.Hour), AnsweredAt: at(time.Hour)}, []string{"informed_at", "answered_at"}},
		{"deliveries", &vetov1.DecideObjectionRequest{InformedAt: at(0), AnsweredAt: at(-time.Hour)}, nil},
	} {
		err := intake.CheckDecision(c.request, now)
		var fields []string
		if invalid, ok := errors.AsType[*intake.InvalidError](err); ok {
			for _, f := range invalid.Fields {
				fields = append(fields, f.Field)
			}
		}
		if !slices.Equal(fields, c.fields) {
			t.Errorf("%s: %v, want %v", c.name, err, c.fields)
		}
	}
	for id, want := range map[string]bool{"": true, "anna": true, "username": false} {
		if err := intake.CheckMatch(rules{}, &vetov1.MatchIdentifierRequest{SubjectId: id}); (err == nil) != want {
			t.Errorf("a match with %q: %v", id, err)
		}
	}
	if id, err := intake.ObjectionNumber("7f3k 92qm 4d"); err != nil || id != "7F3K-92QM-4D" {
		t.Errorf("as it is typed: %s, %v", id, err)
	}
	if _, err := intake.ObjectionNumber("7F3K-92QM-4C"); err == nil {
		t.Error("a wrong check character is taken")
	}
}
