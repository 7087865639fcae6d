package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

// list reads a listing to its end, by pages of n, and calls between with each.
func (r *register) list(request *vetov1.ListObjectionsRequest, n int32, between func()) []*vetov1.Objection {
	r.t.Helper()
	request.PageSize, request.PageToken = n, ""
	var all []*vetov1.Objection
	for {
		page, err := r.Objections(r.t.Context(), request)
		if err != nil {
			r.t.Fatalf("list: %v", err)
		}
		if len(page.GetObjections()) > int(n) {
			r.t.Fatalf("a page of %d, want at most %d", len(page.GetObjections()), n)
		}
		all = append(all, page.GetObjections()...)
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return all
		}
		between()
	}
}

// TestObjectionsAreListedAsTheyStand: each once, oldest first, by every filter, also while others write.
func TestObjectionsAreListedAsTheyStand(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	day := func(d int) *timestamppb.Timestamp {
		return timestamppb.New(time.Date(2025, 1, d, 0, 0, 0, 0, time.UTC))
	}
	type filed struct {
		id    string
		state vetov1.ObjectionState
		due   time.Time
	}
	var want []filed
	for i := range 30 {
		request := filing(fmt.Sprint("id-", i), func(q *vetov1.FileObjectionRequest) {
			q.ReceivedAt = day(i + 1)
			if i%3 == 0 {
				q.Verification = isPerson
			}
			if i%5 == 0 {
				q.Channel = vetov1.Channel_CHANNEL_LETTER
			}
			if i%7 == 0 {
				q.SubjectId, q.ItemIds = "", []string{fmt.Sprint("item-", i)}
			}
		})
		got := r.file(request).GetObjection()
		one := filed{got.GetObjectionId(), vetov1.ObjectionState_OBJECTION_STATE_ACTIVE, got.GetResponseDueAt().AsTime()}
		if i%4 == 1 && i%7 != 0 {
			r.withdraw(withdrawal(request.GetSubjectId()))
			one.state = vetov1.ObjectionState_OBJECTION_STATE_WITHDRAWN
		}
		want = append(want, one)
	}
	r.link("id-1", "id-2")
	r.unlink("id-1") // which brings id-2's filing along
	n := 0
	for _, size := range []int32{1, 7, 1000} {
		got := r.list(&vetov1.ListObjectionsRequest{RecordedUntil: timestamppb.New(time.Now())}, size, func() { r.file(filing(fmt.Sprint("later-", n))); n++ })
		if len(got) < len(want) {
			t.Fatalf("pages of %d: %d filings, want %d", size, len(got), len(want))
		}
		for i, w := range want {
			if got[i].GetObjectionId() != w.id || got[i].GetState() != w.state {
				t.Errorf("pages of %d: filing %d is %s %v, want %s %v", size, i, got[i].GetObjectionId(), got[i].GetState(), w.id, w.state)
			}
		}
		seen := map[string]bool{}
		for _, o := range got {
			if seen[o.GetObjectionId()] {
				t.Errorf("pages of %d: %s twice", size, o.GetObjectionId())
			}
			seen[o.GetObjectionId()] = true
		}
	}
	ours := func(request *vetov1.ListObjectionsRequest) (at []int) {
		for _, o := range r.list(request, 1000, func() {}) {
			if i := slices.IndexFunc(want, func(w filed) bool { return w.id == o.GetObjectionId() }); i >= 0 {
				at = append(at, i)
			}
		}
		return at
	}
	for name, c := range map[string]struct {
		request *vetov1.ListObjectionsRequest
		lets    func(i int) bool
	}{
		"withdrawn":  {&vetov1.ListObjectionsRequest{States: []vetov1.ObjectionState{vetov1.ObjectionState_OBJECTION_STATE_WITHDRAWN}}, func(i int) bool { return i%4 == 1 && i%7 != 0 }},
		"verified":   {&vetov1.ListObjectionsRequest{Verification: isPerson}, func(i int) bool { return i%3 == 0 }},
		"letters":    {&vetov1.ListObjectionsRequest{Channels: []vetov1.Channel{vetov1.Channel_CHANNEL_LETTER}}, func(i int) bool { return i%5 == 0 }},
		"of nobody":  {&vetov1.ListObjectionsRequest{Matches: []vetov1.Match{vetov1.Match_MATCH_UNSPECIFIED}}, func(i int) bool { return i%7 == 0 }},
		"due":        {&vetov1.ListObjectionsRequest{DueBefore: timestamppb.New(want[10].due)}, func(i int) bool { return i < 10 }},
		"of no time": {&vetov1.ListObjectionsRequest{RecordedUntil: day(1)}, func(int) bool { return false }},
	} {
		var expected []int
		for i := range want {
			if c.lets(i) {
				expected = append(expected, i)
			}
		}
		if got := ours(c.request); !slices.Equal(got, expected) {
			t.Errorf("%s: %v, want %v", name, got, expected)
		}
	}
	page, err := r.Objections(t.Context(), &vetov1.ListObjectionsRequest{PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Objections(t.Context(), &vetov1.ListObjectionsRequest{PageSize: 1, PageToken: page.GetNextPageToken(), Verification: isPerson}); !isType[*registry.InvalidError](err) {
		t.Errorf("a token of other filters: %v", err)
	}
}
