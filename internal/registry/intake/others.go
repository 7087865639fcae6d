package intake

import (
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
)

// CheckSubjects holds the ids of a link against the rules: *InvalidError.
func CheckSubjects(rules Rules, ids []string) error {
	var c Checks
	for i, id := range ids {
		c.subject(rules, element("subject_ids", i), id)
	}
	return c.Err()
}

// CheckIDs holds ids against the one rule alone: what was recorded under an earlier policy's ids can be undone under a later one's.
func CheckIDs(field string, ids []string) error {
	var c Checks
	c.ids(field, ids)
	return c.Err()
}

// CheckErasure says what is wrong with an erasure: *InvalidError.
func CheckErasure(rules Rules, request *vetov1.RecordErasureRequest, now time.Time) error {
	var c Checks
	items := request.GetScope() == vetov1.ErasureScope_ERASURE_SCOPE_ITEMS
	if request.GetSubjectId() != "" || !items {
		c.subject(rules, "subject_id", request.GetSubjectId())
	}
	switch {
	case items && len(request.GetItemIds()) == 0:
		c.Add("item_ids", "required with the scope ITEMS")
	case !items && len(request.GetItemIds()) > 0:
		c.Add("item_ids", "they go with the scope ITEMS: leave them out, or choose it")
	}
	c.items(rules, request.GetItemIds())
	before := request.GetScope() == vetov1.ErasureScope_ERASURE_SCOPE_MADE_BEFORE
	switch {
	case before && request.GetMadeBefore() == nil:
		c.Add("made_before", "required with the scope MADE_BEFORE")
	case !before && request.GetMadeBefore() != nil:
		c.Add("made_before", "it goes with the scope MADE_BEFORE: leave it out, or choose it")
	}
	c.instant("made_before", request.GetMadeBefore(), now)
	return c.Err()
}

// CheckItemChanges says what is wrong with a platform's reports: *InvalidError.
func CheckItemChanges(request *vetov1.ReportItemChangesRequest, now time.Time) error {
	var c Checks
	for i, change := range request.GetChanges() {
		c.ID(element("changes", i)+".item_id", change.GetItemId())
		c.instant(element("changes", i)+".changed_at", change.GetChangedAt(), now)
	}
	if d := request.GetRetention(); d != nil && (d.CheckValid() != nil || d.AsDuration() > maxRetention) {
		c.Add("retention", "longer than ten years: what has to go for good is an erasure")
	}
	return c.Err()
}

// maxRetention bounds how long reports are kept.
const maxRetention = 10 * 366 * 24 * time.Hour

// instant refuses a time that cannot be, and says whether it can.
func (c *Checks) instant(field string, at *timestamppb.Timestamp, now time.Time) bool {
	switch {
	case at == nil:
	case at.CheckValid() != nil || at.AsTime().IsZero():
		c.Add(field, "not an instant between the years 1 and 9999")
		return false
	case at.AsTime().After(now.Add(clockSkew)):
		c.Add(field, "in the future: say when it was, or leave it out")
		return false
	}
	return true
}

// CheckAnnulment says what is wrong with an annulment: *InvalidError.
func CheckAnnulment(request *vetov1.AnnulObjectionsRequest) error {
	var c Checks
	_, err := RequestID(request.GetRequestId())
	if err != nil {
		return err
	}
	switch byImport, byActor := request.GetImportId() != "", request.GetActor() != ""; {
	case byImport == byActor:
		c.Add("import_id", "want either this or actor: whose filings are undone?")
	case byImport && (request.GetRecordedFrom() != nil || request.GetRecordedUntil() != nil):
		c.Add("recorded_from", "times go with actor: an import is undone whole")
	}
	for field, at := range map[string]*timestamppb.Timestamp{"recorded_from": request.GetRecordedFrom(), "recorded_until": request.GetRecordedUntil()} {
		if at != nil && at.CheckValid() != nil {
			c.Add(field, "not an instant between the years 1 and 9999")
		}
	}
	if request.GetGround() == "" {
		c.Add("ground", "required: why the filings were a mistake; it is kept")
	}
	c.Text("ground", request.GetGround(), maxGroundBytes)
	return c.Err()
}

// maxGroundBytes bounds why filings are undone.
const maxGroundBytes = 2048

// CheckWithdrawal says what is wrong with the request, whatever the policy, and reads the number of the filing that it names.
func CheckWithdrawal(request *vetov1.WithdrawObjectionRequest) (id event.ObjectionID, err error) {
	var c Checks
	if request.GetSubjectId() != "" {
		// Only the one rule: what was filed under an earlier policy's ids can be withdrawn under a later one's.
		c.ID("subject_id", request.GetSubjectId())
	}
	if typed := request.GetObjectionId(); typed != "" {
		if id, err = event.ParseObjectionID(typed); err != nil {
			c.Add("objection_id", "not an objection's number: ten letters and digits as on the receipt, 7F3K-92QM-4D for example; "+reasonOf(err))
		}
	}
	return id, c.Err()
}

// reasonOf is what a malformed value's error says, without its place.
func reasonOf(err error) string {
	if malformed, ok := errors.AsType[*event.MalformedError](err); ok {
		return malformed.Fault
	}
	return err.Error()
}

// CheckMatch says what is wrong with a match: *InvalidError.
func CheckMatch(rules Rules, request *vetov1.MatchIdentifierRequest) error {
	var c Checks
	if request.GetSubjectId() != "" {
		c.subject(rules, "subject_id", request.GetSubjectId())
	}
	return c.Err()
}

// ObjectionNumber reads the number of an objection that a request names.
func ObjectionNumber(typed string) (event.ObjectionID, error) {
	id, err := event.ParseObjectionID(typed)
	if err != nil {
		var c Checks
		c.Add("objection_id", "not an objection's number: ten letters and digits as on the receipt, 7F3K-92QM-4D for example; "+reasonOf(err))
		return "", c.Err()
	}
	return id, nil
}

// CheckDecision says what is wrong with an officer's act, whatever it is about: *InvalidError.
func CheckDecision(request *vetov1.DecideObjectionRequest, now time.Time) error {
	var c Checks
	outcome, extends := request.GetOutcome(), request.GetExtendUntil() != nil
	ends := outcome == vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED || outcome == vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UNFOUNDED
	if outcome == 0 && !extends && request.GetInformedAt() == nil && request.GetAnsweredAt() == nil {
		c.Add("outcome", "nothing to record: give an outcome, extend_until, informed_at or answered_at")
	}
	if (ends || extends) && request.GetGrounds() == "" {
		c.Add("grounds", "required with REFUSED and UNFOUNDED, and for an extension: why; it is kept")
	}
	if ends && request.GetRemediesText() == "" {
		c.Add("remedies_text", "required with REFUSED and UNFOUNDED: the complaint and the judicial remedy that the person is told of (Art. 12(4))")
	}
	if outcome != 0 && extends {
		c.Add("extend_until", "beside a decision there is nothing to extend: leave out one of the two")
	}
	c.reference("grounds", request.GetGrounds(), event.MaxReasonBytes)
	c.Text("remedies_text", request.GetRemediesText(), event.MaxReasonBytes)
	if until := request.GetExtendUntil(); until != nil && until.CheckValid() != nil {
		c.Add("extend_until", "not an instant between the years 1 and 9999")
	}
	c.instant("informed_at", request.GetInformedAt(), now)
	c.instant("answered_at", request.GetAnsweredAt(), now)
	return c.Err()
}
