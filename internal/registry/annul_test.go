package registry_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

func (r *register) annul(request *vetov1.AnnulObjectionsRequest) *vetov1.AnnulObjectionsResponse {
	r.t.Helper()
	if request.GetRequestId() == "" {
		request.RequestId = uuid.NewString()
	}
	request.Ground = "Loaded from the wrong column."
	response, err := r.AnnulObjections(r.t.Context(), officer, request)
	if err != nil {
		r.t.Fatalf("annul: %v", err)
	}
	return response
}

// TestAnAnnulledImportIsAsIfItHadNotBeen: what stood before and what people said themselves stands, what was verified too; the same again changes nothing.
func TestAnAnnulledImportIsAsIfItHadNotBeen(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	r.file(filing("person-1"))
	r.link("person-2", "other-2")
	before := r.dump()
	var rows []*vetov1.FileObjectionRequest
	for i := range 1300 {
		rows = append(rows, filing(fmt.Sprint("person-", i), func(q *vetov1.FileObjectionRequest) {
			q.RequestId = ""
			switch i % 100 {
			case 7:
				q.ItemIds, q.ContentKeys = []string{fmt.Sprint("item-", i)}, []string{"key"}
			case 9:
				q.LinkedSubjectIds = []string{fmt.Sprint("linked-", i)}
			}
		}))
	}
	if _, err := r.ImportObjections(t.Context(), officer, rowsOf("wrong column", 500, rows, io.EOF)); err != nil {
		t.Fatal(err)
	}
	r.unlink("other-2") // it keeps what the import gave it, until that is annulled
	loaded := r.dump()
	dry := r.annul(&vetov1.AnnulObjectionsRequest{ImportId: "wrong column", DryRun: true})
	if dry.GetAnnulled() != 1300 || dry.GetKept() != 0 || r.dump() != loaded {
		t.Errorf("the dry run: %v", dry)
	}
	request := &vetov1.AnnulObjectionsRequest{RequestId: uuid.NewString(), ImportId: "wrong column"}
	got := r.annul(request)
	if got.GetAnnulled() != 1300 || got.GetKept() != 0 || got.GetRevision() != uint64(r.headRevision()) {
		t.Errorf("annulled %v", got)
	}
	if after := r.dump(); after != before {
		t.Errorf("what stands differs from before the import:\n%.2000s\nwant\n%.2000s", after, before)
	}
	head := r.headRevision()
	if again := r.annul(request); again.GetAnnulled() != 1300 || r.headRevision() != head {
		t.Errorf("a retry: %v, head %d, was %d", again, r.headRevision(), head)
	}
	if more := r.annul(&vetov1.AnnulObjectionsRequest{ImportId: "wrong column"}); more.GetAnnulled() != 0 || r.headRevision() != head {
		t.Errorf("once more: %v", more)
	}
	told := r.standing("person-5", "").GetObjections()
	if len(told) != 1 || told[0].GetState() != vetov1.ObjectionState_OBJECTION_STATE_ANNULLED {
		t.Errorf("what is told of it: %v", told)
	}
	r = r.reopen()
	if after := r.dump(); after != before {
		t.Error("rebuilt from nothing it stands otherwise")
	}
}

// TestWhatIsVerifiedIsNotAnnulled, by import and by actor; and an actor's filings of other times stay.
func TestWhatIsVerifiedIsNotAnnulled(t *testing.T) {
	now := begunAt(time.Now().Truncate(time.Second).Add(time.Second))
	r := openAt(t, t.TempDir(), registry.Config{Wall: now.read}, nil)
	r.apply(twoPurposes)
	flood := registry.Actor{Name: "bot", Role: "REGISTER"}
	file := func(actor registry.Actor, request *vetov1.FileObjectionRequest) {
		if _, err := r.FileObjection(t.Context(), actor, request); err != nil {
			t.Fatal(err)
		}
	}
	file(flood, filing("early"))
	now.pass(time.Minute)
	from := timestamppb.New(now.read())
	file(flood, filing("flooded"))
	file(flood, filing("hers", isVerified))
	file(officer, filing("flooded-2"))
	now.pass(time.Minute)
	until := timestamppb.New(now.read())
	file(flood, filing("late"))
	got := r.annul(&vetov1.AnnulObjectionsRequest{Actor: "bot", RecordedFrom: from, RecordedUntil: until})
	if got.GetAnnulled() != 1 || got.GetKept() != 1 {
		t.Errorf("%v", got)
	}
	for id, want := range map[string]vetov1.Reason{
		"early": vetov1.Reason_REASON_OBJECTED, "flooded": vetov1.Reason_REASON_ELIGIBLE, "hers": vetov1.Reason_REASON_OBJECTED,
		"flooded-2": vetov1.Reason_REASON_OBJECTED, "late": vetov1.Reason_REASON_OBJECTED,
	} {
		if reason := r.decide(id, "FR"); reason != want {
			t.Errorf("%s: %v, want %v", id, reason, want)
		}
	}
	for name, request := range map[string]*vetov1.AnnulObjectionsRequest{
		"of nobody":       {Ground: "why"},
		"of both":         {Ground: "why", ImportId: "a", Actor: "b"},
		"without a why":   {ImportId: "a"},
		"times of import": {Ground: "why", ImportId: "a", RecordedFrom: from},
	} {
		request.RequestId = uuid.NewString()
		if _, err := r.AnnulObjections(t.Context(), officer, request); !isType[*registry.InvalidError](err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.AnnulObjections(t.Context(), officer, &vetov1.AnnulObjectionsRequest{RequestId: "x", Actor: "bot", Ground: "why"}); err == nil || errors.Is(err, registry.ErrDamaged) {
		t.Errorf("without a request id: %v", err)
	}
}
