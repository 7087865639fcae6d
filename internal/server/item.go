package server

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
)

// notATime is what is wrong with a timestamp that is none.
const notATime = "not an instant: its seconds must lie in the years 1 to 9999, its nanos from 0 to 999,999,999"

// translator turns items of the API into the gate's, one after the other, in the same memory. One batch or stream has its
// own.
type translator struct {
	item     gate.Item
	subjects []gate.OtherSubject
}

// translate is the item for the gate, good until the next call. It copies what it finds, and judges nothing but what the
// gate's types cannot hold. A nil item is an empty one.
func (t *translator) translate(in *vetov1.Item, unreadable *gate.Violation) *gate.Item {
	t.subjects = t.subjects[:0]
	for _, s := range in.GetSubjects() {
		t.subjects = append(t.subjects, gate.OtherSubject{SubjectID: s.GetSubjectId(), Role: s.GetRole(), Country: s.GetCountry()})
	}
	signals := in.GetSignals()
	t.item = gate.Item{
		ID:                  in.GetItemId(),
		Kind:                in.GetKind(),
		Visibility:          in.GetVisibility(),
		AuthorID:            in.GetAuthorId(),
		Subjects:            t.subjects,
		Country:             in.GetCountry(),
		Language:            in.GetLanguage(),
		Service:             in.GetService(),
		AuthorAge:           in.GetAuthorAge(),
		AuthorAgeAtCreation: in.GetAuthorAgeAtCreation(),
		InConversation:      in.GetInConversation(),
		Labels:              in.GetLabels(),
		ContentKeys:         in.GetContentKeys(),
		Modality:            in.GetModality(),
		SizeBytes:           in.GetSizeBytes(),
		Signals: gate.Signals{
			ContentUsage:       signals.GetContentUsage(),
			TDMReservation:     signals.GetTdmReservation(),
			Robots:             signals.GetRobots(),
			C2PATrainingMining: signals.GetC2PaTrainingMining(),
			PLUSDataMining:     signals.GetPlusDataMining(),
			Other:              signals.GetOther(),
		},
		Unreadable: unreadable,
	}
	t.item.CreatedAt = t.instant("created_at", in.GetCreatedAt())
	t.item.AuthorNotifiedAt = t.instant("author_notified_at", in.GetAuthorNotifiedAt())
	return &t.item
}

// instant is the timestamp as a time; the zero time, which excludes wherever it is looked at, where it is absent or none.
func (t *translator) instant(field string, in *timestamppb.Timestamp) time.Time {
	switch {
	case in == nil:
		return time.Time{}
	case in.CheckValid() == nil:
		return in.AsTime()
	case t.item.Unreadable == nil: // else an earlier field is at fault
		t.item.Unreadable = &gate.Violation{Field: field, Message: notATime}
	}
	return time.Time{}
}
