package intake_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/intake"
)

const aUUID = "3f9b2b0e-6d8e-4f5c-9a51-2f1c6d0b7a11"

// TestEveryOtherRequestNamesItsFaults: of links, erasures, reports, annulments, withdrawals and imports.
func TestEveryOtherRequestNamesItsFaults(t *testing.T) {
	early, late := timestamppb.New(now.Add(-time.Hour)), timestamppb.New(now.Add(time.Hour))
	const everything, items, before = vetov1.ErasureScope_ERASURE_SCOPE_EVERYTHING, vetov1.ErasureScope_ERASURE_SCOPE_ITEMS, vetov1.ErasureScope_ERASURE_SCOPE_MADE_BEFORE
	erasure := func(q *vetov1.RecordErasureRequest) error { return intake.CheckErasure(rules{}, q, now) }
	reports := func(q *vetov1.ReportItemChangesRequest) error { return intake.CheckItemChanges(q, now) }
	one := []*vetov1.ItemChange{{ItemId: "photo"}}
	withdrawal := func(q *vetov1.WithdrawObjectionRequest) error { _, err := intake.CheckWithdrawal(q); return err }
	for name, c := range map[string]struct {
		err  error
		want string // the fields; none: nothing is wrong
	}{
		"a link":                         {intake.CheckSubjects(rules{}, []string{"a", "b"}), ""},
		"a link with a placeholder":      {intake.CheckSubjects(rules{}, []string{"a", "username"}), "subject_ids[1]"},
		"a parting":                      {intake.CheckIDs("subject_ids", []string{"username"}), ""},
		"a parting of no id":             {intake.CheckIDs("subject_ids", []string{"a", ""}), "subject_ids[1]"},
		"an erasure":                     {erasure(&vetov1.RecordErasureRequest{SubjectId: "a", Scope: everything}), ""},
		"an erasure of nobody":           {erasure(&vetov1.RecordErasureRequest{SubjectId: "username", Scope: everything}), "subject_id"},
		"an erasure of items":            {erasure(&vetov1.RecordErasureRequest{Scope: items, ItemIds: []string{"photo"}}), ""},
		"an erasure of no items":         {erasure(&vetov1.RecordErasureRequest{Scope: items}), "item_ids"},
		"an erasure of all as an item":   {erasure(&vetov1.RecordErasureRequest{Scope: items, ItemIds: []string{"all"}}), "item_ids[0]"},
		"an erasure of items and all":    {erasure(&vetov1.RecordErasureRequest{SubjectId: "a", Scope: everything, ItemIds: []string{"photo"}}), "item_ids"},
		"an erasure by time":             {erasure(&vetov1.RecordErasureRequest{SubjectId: "a", Scope: before, MadeBefore: early}), ""},
		"an erasure by no time":          {erasure(&vetov1.RecordErasureRequest{SubjectId: "a", Scope: before}), "made_before"},
		"an erasure by a time to come":   {erasure(&vetov1.RecordErasureRequest{SubjectId: "a", Scope: before, MadeBefore: late}), "made_before"},
		"an erasure by a time that none": {erasure(&vetov1.RecordErasureRequest{SubjectId: "a", Scope: before, MadeBefore: &timestamppb.Timestamp{Nanos: -1}}), "made_before"},
		"an erasure of all with a time":  {erasure(&vetov1.RecordErasureRequest{SubjectId: "a", Scope: everything, MadeBefore: early}), "made_before"},
		"a report":                       {reports(&vetov1.ReportItemChangesRequest{Changes: one, Retention: durationpb.New(time.Hour)}), ""},
		"a report of no item, tomorrow":  {reports(&vetov1.ReportItemChangesRequest{Changes: []*vetov1.ItemChange{{ChangedAt: late}}}), "changes[0].item_id changes[0].changed_at"},
		"a report for ever":              {reports(&vetov1.ReportItemChangesRequest{Changes: one, Retention: durationpb.New(20 * 366 * 24 * time.Hour)}), "retention"},
		"an annulment":                   {intake.CheckAnnulment(&vetov1.AnnulObjectionsRequest{RequestId: aUUID, ImportId: "a", Ground: "why"}), ""},
		"an annulment by time":           {intake.CheckAnnulment(&vetov1.AnnulObjectionsRequest{RequestId: aUUID, Actor: "a", RecordedFrom: early, Ground: "why"}), ""},
		"an annulment of all, silent":    {intake.CheckAnnulment(&vetov1.AnnulObjectionsRequest{RequestId: aUUID}), "import_id ground"},
		"an annulment of both":           {intake.CheckAnnulment(&vetov1.AnnulObjectionsRequest{RequestId: aUUID, ImportId: "a", Actor: "b", Ground: "why"}), "import_id"},
		"an annulment of half an import": {intake.CheckAnnulment(&vetov1.AnnulObjectionsRequest{RequestId: aUUID, ImportId: "a", RecordedFrom: early, Ground: "why"}), "recorded_from"},
		"an annulment at no time":        {intake.CheckAnnulment(&vetov1.AnnulObjectionsRequest{RequestId: aUUID, Actor: "a", RecordedUntil: &timestamppb.Timestamp{Nanos: -1}, Ground: "why"}), "recorded_until"},
		"an annulment without an id":     {intake.CheckAnnulment(&vetov1.AnnulObjectionsRequest{Actor: "a", Ground: "why"}), "request_id"},
		"a withdrawal":                   {withdrawal(&vetov1.WithdrawObjectionRequest{SubjectId: "username", ObjectionId: "7f3k 92qm 4d"}), ""},
		"a withdrawal of a mistyped one": {withdrawal(&vetov1.WithdrawObjectionRequest{SubjectId: " a", ObjectionId: "7F3K-92QM-4E"}), "subject_id objection_id"},
		"an import":                      {intake.CheckImport("june"), ""},
		"an import without a name":       {intake.CheckImport(""), "import_id"},
		"an import of a long name":       {intake.CheckImport(strings.Repeat("x", 129)), "import_id"},
		"an import of two names":         {intake.CheckImportAgain(), "import_id"},
	} {
		var got []string
		if invalid, ok := errors.AsType[*intake.InvalidError](c.err); ok {
			for _, f := range invalid.Fields {
				got = append(got, f.Field)
			}
		} else if c.err != nil {
			t.Errorf("%s: %v", name, c.err)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: fields %q, want %q", name, got, c.want)
		}
	}
	if id, err := intake.CheckWithdrawal(&vetov1.WithdrawObjectionRequest{ObjectionId: "7f3k-92qm-4d"}); err != nil || id != event.ObjectionID("7F3K-92QM-4D") {
		t.Errorf("a number as it is typed: %s, %v", id, err)
	}
}

// TestFaultsAreSortedUnderOneWord, for whoever looks through the rejects of an import.
func TestFaultsAreSortedUnderOneWord(t *testing.T) {
	const form, placeholder = "not of the form that ids have on this platform; give the account's own id", "a placeholder from a form, not an id; give the account's own id"
	for name, c := range map[string]struct {
		id, field, message, want string
	}{
		"nothing":            {"", "subject_id", "id is empty", "REQUIRED"},
		"a template's word":  {"USERNAME", "subject_id", placeholder, "PLACEHOLDER"},
		"too long":           {strings.Repeat("x", 300), "subject_id", "id is longer than 256 bytes", "TOO_LONG"},
		"a control":          {"a\x00", "subject_id", "id has a control, bidirectional or tag character", "CHARACTERS"},
		"no UTF-8":           {"a\xff", "subject_id", "id is not UTF-8", "CHARACTERS"},
		"outer space":        {" a", "subject_id", "id begins or ends with white space", "FORMAT"},
		"a zero width space": {"a\u200bb", "subject_id", form, "CHARACTERS"},
		"a wildcard":         {"a*", "subject_id", form, "CHARACTERS"},
		"an address":         {"a@example.org", "subject_id", form, "FORMAT"},
		"a link":             {"https://example.org/a", "subject_id", form, "FORMAT"},
		"blanks":             {"  ", "subject_id", "id begins or ends with white space", "REQUIRED"},
		"a quote":            {"'; DROP TABLE x;--", "subject_id", form, "CHARACTERS"},
		"two ids":            {"anna, bert", "subject_id", form, "MULTIPLE"},
		"something else":     {"ännä", "subject_id", form, "FORMAT"},
		"a time to come":     {"a", "received_at", "in the future: say when it was, or leave it out", "FUTURE"},
		"all":                {"a", "item_ids[0]", "not an item: to object for everything, leave the list empty", "PLACEHOLDER"},
		"an item's template": {"a", "item_ids[0]", "a template's word, not an item's id: name the items, or leave the list empty for everything", "PLACEHOLDER"},
		"an item's control":  {"a", "item_ids[0]", "id has a control, bidirectional or tag character", "CHARACTERS"},
		"a long item":        {"a", "item_ids[0]", "id is longer than 256 bytes", "TOO_LONG"},
		"no channel":         {"a", "channel", "required", "REQUIRED"},
		"no such country":    {"a", "country", "not assigned", "UNKNOWN"},
		"no such purpose":    {"a", "purposes[0]", "not a purpose", "UNKNOWN"},
		"no UUID":            {"a", "request_id", "want a UUID", "FORMAT"},
	} {
		if got := intake.Reason(&vetov1.FileObjectionRequest{SubjectId: c.id}, intake.FieldFault{Field: c.field, Message: c.message}); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
