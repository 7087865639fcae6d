package server

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
)

// whole is an item with every field set.
func whole() *vetov1.Item {
	return &vetov1.Item{
		ItemId: "i1", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, AuthorId: "ada",
		Subjects: []*vetov1.OtherSubject{{SubjectId: "bob", Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, Country: "FR"}, nil},
		Country:  "DE", Language: "de", Service: "photos",
		CreatedAt: &timestamppb.Timestamp{Seconds: 1, Nanos: 2}, AuthorAge: 18, AuthorAgeAtCreation: 17, AuthorNotifiedAt: &timestamppb.Timestamp{Seconds: 3},
		InConversation: vetov1.Conversation_CONVERSATION_ALONE, Labels: []string{"health"}, ContentKeys: []string{"sha256:0"},
		Modality: vetov1.Modality_MODALITY_IMAGE, SizeBytes: 9,
		Signals: &vetov1.Signals{ContentUsage: "a", TdmReservation: "b", Robots: "c", C2PaTrainingMining: "d", PlusDataMining: "e", Other: []string{"f"}},
	}
}

func TestEveryFieldReachesTheGate(t *testing.T) {
	var translator translator
	got := translator.translate(whole(), nil)
	want := &gate.Item{
		ID: "i1", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, AuthorID: "ada",
		Subjects: []gate.OtherSubject{{SubjectID: "bob", Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, Country: "FR"}, {}},
		Country:  "DE", Language: "de", Service: "photos",
		CreatedAt: time.Unix(1, 2).UTC(), AuthorAge: 18, AuthorAgeAtCreation: 17, AuthorNotifiedAt: time.Unix(3, 0).UTC(),
		InConversation: vetov1.Conversation_CONVERSATION_ALONE, Labels: []string{"health"}, ContentKeys: []string{"sha256:0"},
		Modality: vetov1.Modality_MODALITY_IMAGE, SizeBytes: 9,
		Signals: gate.Signals{ContentUsage: "a", TDMReservation: "b", Robots: "c", C2PATrainingMining: "d", PLUSDataMining: "e", Other: []string{"f"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("translated (-want +got):\n%s", diff)
	}
	// And nothing of it stays for the next one.
	if diff := cmp.Diff(&gate.Item{Subjects: []gate.OtherSubject{}}, translator.translate(nil, nil)); diff != "" {
		t.Errorf("the next item (-want +got):\n%s", diff)
	}
}

// TestEveryFieldIsKnownToBeCarried goes over the message's descriptor, so that a field added later is not forgotten: one
// that is never seen would have to be named in every call.
func TestEveryFieldIsKnownToBeCarried(t *testing.T) {
	full := whole()
	fields := full.ProtoReflect().Descriptor().Fields()
	var all fieldSet
	for i := range fields.Len() {
		field := fields.Get(i)
		if field.Number() > 31 {
			t.Fatalf("%s: number %d does not fit a fieldSet", field.Name(), field.Number())
		}
		one := &vetov1.Item{}
		if !full.ProtoReflect().Has(field) {
			t.Fatalf("%s is not set in the whole item", field.Name())
		}
		one.ProtoReflect().Set(field, full.ProtoReflect().Get(field))
		want := fieldSet(1) << field.Number()
		if got := carried(one); got != want {
			t.Errorf("%s: carried %b, want %b", field.Name(), got, want)
		}
		if itemFields[string(field.Name())] != want {
			t.Errorf("%s: the name stands for %b, want %b", field.Name(), itemFields[string(field.Name())], want)
		}
		all |= want
	}
	if got := carried(full); got != all {
		t.Errorf("the whole item carries %b, want %b", got, all)
	}
	if carried(nil) != 0 || carried(&vetov1.Item{}) != 0 {
		t.Error("an empty item carries something")
	}
}

func TestInstantsThatAreNone(t *testing.T) {
	bad := &timestamppb.Timestamp{Nanos: -1}
	for _, test := range []struct {
		name    string
		created *timestamppb.Timestamp
		told    *timestamppb.Timestamp
		before  *gate.Violation
		want    string
	}{
		{"none", nil, nil, nil, ""},
		{"created", bad, nil, nil, "created_at"},
		{"told", nil, bad, nil, "author_notified_at"},
		{"both", bad, bad, nil, "created_at"},
		{"after text that is none", bad, nil, &gate.Violation{Field: "item_id", Message: notUTF8}, "item_id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var translator translator
			got := translator.translate(&vetov1.Item{CreatedAt: test.created, AuthorNotifiedAt: test.told}, test.before)
			field := ""
			if got.Unreadable != nil {
				field = got.Unreadable.Field
			}
			if field != test.want || !got.CreatedAt.IsZero() || !got.AuthorNotifiedAt.IsZero() {
				t.Errorf("unreadable %q, want %q; times %v, %v", field, test.want, got.CreatedAt, got.AuthorNotifiedAt)
			}
		})
	}
}

func TestTranslationAllocatesNothing(t *testing.T) {
	var translator translator
	item := whole()
	translator.translate(item, nil)
	if got := testing.AllocsPerRun(100, func() { translator.translate(item, nil) }); got != 0 {
		t.Errorf("%v allocations an item, want 0", got)
	}
}

func TestPathsOfItems(t *testing.T) {
	for _, test := range []struct {
		path  string
		index int
		field string
		ok    bool
	}{
		{"item.author_id", 0, "author_id", true},
		{"items[7].subjects[2].subject_id", 7, "subjects[2].subject_id", true},
		{"items[10000].labels[0]", 10000, "labels[0]", true},
		{"item_ids[0]", 0, "", false},
		{"items[x].labels[0]", 0, "labels[0]", false},
		{"items[1]", 0, "", false},
		{"purpose", 0, "", false},
	} {
		index, field, ok := itemPath(test.path)
		if index != test.index || field != test.field || ok != test.ok {
			t.Errorf("%s: %d %q %v, want %d %q %v", test.path, index, field, ok, test.index, test.field, test.ok)
		}
	}
}

// FuzzRepair holds the codec's second reading to two things: it never fails where the first reading would do, and what
// it accepts has only text in it.
func FuzzRepair(f *testing.F) {
	f.Add([]byte("\x0a\x01p\x12\x05\x0a\x03a\xffb"))
	f.Add([]byte("\x0a\x01\xff"))
	f.Add([]byte("\x12\x02\x0a\x7f"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var s search
		descriptor := (*vetov1.BatchDecideRequest)(nil).ProtoReflect().Descriptor()
		s.repair(data, descriptor, "", 0)
		var again search
		again.repair(data, descriptor, "", 0)
		if len(again.paths) != 0 {
			t.Errorf("after the repair of %q, %q are no text still", s.paths, again.paths)
		}
	})
}
