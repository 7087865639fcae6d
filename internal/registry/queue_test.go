package registry_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

// The clocks of Art. 12: one month, three with an extension that is told in time; the month's last day where it has no such one.
func TestTheClocksOfAnAnswer(t *testing.T) {
	now := begunAt(time.Now().Add(time.Minute))
	r := openAt(t, t.TempDir(), registry.Config{Wall: now.read}, nil)
	r.apply(testPolicy)
	on := func(received string) func(*vetov1.FileObjectionRequest) {
		return func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = at(received) }
	}
	for received, due := range map[string]string{
		"2026-01-31T10:00:00Z": "2026-02-28T10:00:00Z", "2024-01-31T10:00:00Z": "2024-02-29T10:00:00Z", "2025-12-31T00:00:00Z": "2026-01-31T00:00:00Z",
		"2026-02-28T23:59:59Z": "2026-03-28T23:59:59Z", "2025-03-31T10:00:00Z": "2025-04-30T10:00:00Z",
	} {
		if got := r.file(filing("anna", on(received))).GetObjection().GetResponseDueAt(); !proto.Equal(got, at(due)) {
			t.Errorf("received %s it is due %s, want %s", received, got.AsTime(), due)
		}
	}
	received := now.read().AddDate(0, 0, -3)
	id := r.file(filing("bert", func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = timestamppb.New(received) })).GetObjection().GetObjectionId()
	extending := func(until time.Time) func(*vetov1.DecideObjectionRequest) {
		return func(q *vetov1.DecideObjectionRequest) {
			q.ExtendUntil, q.Grounds = timestamppb.New(until), "many at once"
		}
	}
	for what, change := range map[string]func(*vetov1.DecideObjectionRequest){
		"four months":              extending(received.AddDate(0, 4, 0)),
		"sooner than it is due":    extending(received.AddDate(0, 0, 5)),
		"no ground":                func(q *vetov1.DecideObjectionRequest) { q.ExtendUntil = timestamppb.New(received.AddDate(0, 2, 0)) },
		"answered before receipt":  answeredAt(received.Add(-time.Hour)),
		"answered in the future":   answeredAt(now.read().Add(time.Hour)),
		"nothing":                  func(*vetov1.DecideObjectionRequest) {},
		"unfounded, and no ground": func(q *vetov1.DecideObjectionRequest) { q.Outcome = unfounded },
		"a decision and more time": func(q *vetov1.DecideObjectionRequest) {
			grounded(unfounded)(q)
			q.ExtendUntil = timestamppb.New(received.AddDate(0, 2, 0))
		},
		"an address among the grounds": func(q *vetov1.DecideObjectionRequest) {
			grounded(unfounded)(q)
			q.Grounds = "bert@example.org wrote forty times"
		},
	} {
		if _, err := r.DecideObjection(t.Context(), officer, deciding(id, change)); !isType[*registry.InvalidError](err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	until := received.AddDate(0, 0, 60)
	got := r.decides(deciding(id, extending(until), func(q *vetov1.DecideObjectionRequest) { q.InformedAt = timestamppb.New(now.read()) }))
	if !got.GetExtendedUntil().AsTime().Equal(until.Truncate(time.Microsecond)) || got.GetInformedAt() == nil || got.GetOutcome() != 0 {
		t.Errorf("extended: %v", got)
	}
	now.pass(40 * 24 * time.Hour)
	r = openAt(t, t.TempDir(), registry.Config{}, nil)
	r.apply(testPolicy)
	late := r.file(filing("carl", on("2025-06-01T00:00:00Z"))).GetObjection().GetObjectionId()
	_, err := r.DecideObjection(t.Context(), officer, deciding(late, func(q *vetov1.DecideObjectionRequest) {
		q.ExtendUntil, q.Grounds = at("2025-08-15T00:00:00Z"), "many at once"
	}))
	wantState(t, err, "TOO_LATE")
}

// The queue is by due date, an extension taken in; pages neither lose nor repeat, also while it grows shorter.
func TestTheQueueIsByDueDate(t *testing.T) {
	r := open(t)
	day := func(n int) func(*vetov1.FileObjectionRequest) {
		return func(q *vetov1.FileObjectionRequest) { q.ReceivedAt = timestamppb.New(time.Now().AddDate(0, 0, -n)) }
	}
	asks := func(q *vetov1.FileObjectionRequest) {
		q.AlsoAsks = []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_HUMAN_REPLY}
	}
	r.file(filing("plain")) // under HONOUR nobody has to do anything
	id := map[string]string{}
	for n, name := range []string{"anna", "bert", "carl", "dora", "emil"} {
		id[name] = r.file(filing(name, asks, day([]int{3, 9, 1, 9, 5}[n]))).GetObjection().GetObjectionId()
	}
	r.decides(deciding(id["bert"], func(q *vetov1.DecideObjectionRequest) {
		q.ExtendUntil, q.Grounds = timestamppb.New(time.Now().AddDate(0, 0, 50)), "many at once"
	}))
	names := func(list []*vetov1.Objection) string {
		var all strings.Builder
		for _, o := range list {
			for name, one := range id {
				if one == o.GetObjectionId() {
					all.WriteString(name + " ")
				}
			}
		}
		return all.String()
	}
	small := func(q *vetov1.ListObjectionsRequest) { q.PageSize = 2 }
	if got := names(r.queue(small)); got != "dora emil anna carl bert " {
		t.Errorf("the queue: %s", got)
	}
	if got := names(r.queue(func(q *vetov1.ListObjectionsRequest) {
		q.DueBefore = timestamppb.New(time.Now().AddDate(0, 0, -4).AddDate(0, 1, 0))
	})); got != "dora emil " {
		t.Errorf("due in 27 days: %s", got)
	}
	page, err := r.Objections(t.Context(), &vetov1.ListObjectionsRequest{Queue: true, PageSize: 2})
	if err != nil || names(page.GetObjections()) != "dora emil " {
		t.Fatalf("the first page: %v, %v", page, err)
	}
	r.decides(deciding(id["dora"], answeredAt(r.Now())))
	r.decides(deciding(id["anna"], answeredAt(r.Now())))
	rest, err := r.Objections(t.Context(), &vetov1.ListObjectionsRequest{Queue: true, PageSize: 2, PageToken: page.GetNextPageToken()})
	if err != nil || names(rest.GetObjections()) != "carl bert " || rest.GetNextPageToken() != "" {
		t.Errorf("the second page: %v, %v", rest, err)
	}
	if _, err := r.Objections(t.Context(), &vetov1.ListObjectionsRequest{PageSize: 2, PageToken: page.GetNextPageToken()}); !isType[*registry.InvalidError](err) {
		t.Errorf("the queue's token for another listing: %v", err)
	}
}
