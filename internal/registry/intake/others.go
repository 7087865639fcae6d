package intake

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
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
