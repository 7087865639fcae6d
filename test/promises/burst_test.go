package promises_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

const (
	// hurryVariable tells a victim the time at which its clock begins, and how many times as fast as ours it goes.
	hurryVariable = "VETO_PROMISES_CLOCK"
	// burstSenders send at once.
	burstSenders = 128
)

// hurried is a clock that begins at a time and goes fast; of nothing it is nil, and ours.
func hurried(from string) func() time.Time {
	if from == "" {
		return nil
	}
	at, factor, _ := strings.Cut(from, " ")
	begin, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		panic(err)
	}
	hurry, err := strconv.Atoi(factor)
	if err != nil {
		panic(err)
	}
	started := time.Now()
	return func() time.Time { return begin.Add(time.Duration(hurry * int(time.Since(started)))) }
}

// channels are the ways by which a burst comes.
var channels = []vetov1.Channel{
	vetov1.Channel_CHANNEL_WEB_FORM, vetov1.Channel_CHANNEL_SETTINGS, vetov1.Channel_CHANNEL_EMAIL,
	vetov1.Channel_CHANNEL_LETTER, vetov1.Channel_CHANNEL_PHONE, vetov1.Channel_CHANNEL_API,
}

// deadline is the one of the rules.
var deadline = time.Date(2025, 5, 26, 23, 0, 0, 0, time.UTC)

// inBurst is the n-th request of a burst. A mail gives an address and no id; of the letters every second was sent and came before the deadline, and the others
// were sent before it and came after; on the settings page the platform knows who it is.
func inBurst(n int) *vetov1.FileObjectionRequest {
	request := filing(fmt.Sprintf("burst-%d", n))
	request.Channel = channels[n%len(channels)]
	switch request.GetChannel() {
	case vetov1.Channel_CHANNEL_EMAIL:
		request.SubjectId, request.Identifiers = "", []*vetov1.Identifier{{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: fmt.Sprintf("burst-%d@example.org", n)}}
	case vetov1.Channel_CHANNEL_SETTINGS:
		request.Verification = vetov1.Verification_VERIFICATION_VERIFIED
	case vetov1.Channel_CHANNEL_LETTER:
		request.SentAt = timestamppb.New(deadline.Add(-72 * time.Hour))
		if n%2 == 0 {
			request.ReceivedAt = timestamppb.New(deadline.Add(-time.Hour))
		}
	default:
	}
	return request
}

// sender is one of many people's ways to the server: what it was told, in its order.
type sender struct {
	told      []acknowledged
	retries   int // requests that were sent again by a client that had its answer
	unchanged int // verified repeats, which change nothing
}

// until sends a request until it is answered, to whichever server there is.
func (s *sender) until(servers *atomic.Pointer[clients], request *vetov1.FileObjectionRequest) (*vetov1.FileObjectionResponse, error) {
	for end := time.Now().Add(patience); ; {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		answer, err := servers.Load().objections.FileObjection(ctx, request)
		cancel()
		switch code := status.Code(err); {
		case err == nil:
			return answer, nil
		case code != codes.Unavailable && code != codes.Canceled || time.Now().After(end):
			return nil, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// send sends the requests that are this sender's: each tenth again under its id, and of the settings page each second as a new request of the same person.
func (s *sender) send(servers *atomic.Pointer[clients], first, count int, done *atomic.Int64) error {
	for n := first; n < count; n += burstSenders {
		request := inBurst(n)
		answer, err := s.until(servers, request)
		if err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		s.told = append(s.told, acknowledged{request, answer})
		done.Add(1)
		if n%10 == 0 {
			again, err := s.until(servers, request)
			if err != nil || !proto.Equal(again, answer) {
				return fmt.Errorf("request %d again: %v, %w", n, again, err)
			}
			s.retries++
		}
		if request.GetVerification() == vetov1.Verification_VERIFICATION_VERIFIED && n%4 == 1 {
			repeat := proto.CloneOf(request)
			repeat.RequestId = uuid.NewString()
			again, err := s.until(servers, repeat)
			if err != nil || !again.GetUnchanged() || again.GetObjection().GetObjectionId() != answer.GetObjection().GetObjectionId() {
				return fmt.Errorf("request %d repeated: %v, %w", n, again, err)
			}
			s.unchanged++
		}
	}
	return nil
}

// "It was in the news at half past ten, and by half past eleven a hundred thousand had objected: by the form, the settings, mail, letters, the telephone, and an
// interface. In the middle of it the server died." Nobody is lost, nobody is doubled, and who was in time is told so. VETO_BURST says how many (10,000).
func TestStory_AHundredThousandObjectWithinTheHour(t *testing.T) {
	count, hurry := 10_000, 30
	if text := os.Getenv("VETO_BURST"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	opened := deadline.Add(-30 * time.Minute)
	first := start(t, settings{registry: registry.Config{Wall: func() time.Time { return opened }}})
	first.stop(t)

	began := time.Now()
	if count >= 100_000 {
		hurry = 90 // about an hour of theirs; no more, since the clock has jumped if it goes on by five minutes while the log is read
	}
	theirs := func(since time.Time) time.Duration { return time.Duration(hurry * int(time.Since(since))) }
	clock := func(at time.Time) string {
		return fmt.Sprintf("%s=%s %d", hurryVariable, at.Format(time.RFC3339Nano), hurry)
	}
	var servers atomic.Pointer[clients]
	kill, c := startVictim(t, first.dir, clock(opened.Add(time.Minute)))
	servers.Store(&c)
	var done atomic.Int64
	senders, errs := make([]sender, burstSenders), make(chan error, burstSenders)
	var work sync.WaitGroup
	for i := range senders {
		work.Go(func() { errs <- senders[i].send(&servers, i, count, &done) })
	}
	for int(done.Load()) < count/2 && len(errs) == 0 {
		time.Sleep(time.Millisecond)
	}
	kill()
	later, killed := opened.Add(2*time.Minute+theirs(began)), time.Now()
	if later.Before(deadline) {
		later = deadline.Add(time.Second) // it came up again when the deadline was over
	}
	next, c2 := startVictim(t, first.dir, clock(later))
	servers.Store(&c2)
	work.Wait()
	took := time.Since(began)
	next()
	for range senders {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}

	closed := later.Add(theirs(killed)).AddDate(0, 0, 1) // training begins on the day after
	p := start(t, settings{dir: first.dir, registry: registry.Config{Wall: func() time.Time { return closed }}})
	var retries, unchanged int
	inTime := map[bool]int{}
	numbers := map[string]bool{}
	batch := &vetov1.BatchDecideRequest{Purpose: training, AbsentFields: []string{"subjects", "in_conversation", "labels", "content_keys", "signals"}}
	var want []vetov1.Reason
	flush := func() {
		answer, err := p.decisions.BatchDecide(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range answer.GetReasons() {
			if got != want[i] {
				t.Fatalf("%s: %v, want %v", batch.GetItems()[i].GetAuthorId(), got, want[i])
			}
		}
		batch.Items, want = nil, nil
	}
	for _, s := range senders {
		retries, unchanged = retries+s.retries, unchanged+s.unchanged
		for _, one := range s.told {
			o := one.answer.GetObjection()
			numbers[o.GetObjectionId()] = true
			came := o.GetRecordedAt().AsTime()
			for _, at := range []*timestamppb.Timestamp{one.request.GetSentAt(), one.request.GetReceivedAt()} {
				if at != nil && at.AsTime().Before(came) {
					came = at.AsTime()
				}
			}
			if o.GetBeforeDeadline() != came.Before(deadline) {
				t.Errorf("%v: told that it was in time: %v", o, o.GetBeforeDeadline())
			}
			inTime[o.GetBeforeDeadline()]++
			if one.request.GetSubjectId() == "" {
				continue
			}
			batch.Items, want = append(batch.Items, post(one.request.GetSubjectId())), append(want, objected)
			if len(want) == 10_000 {
				flush()
			}
		}
	}
	flush()
	if len(numbers) != count || inTime[true]+inTime[false] != count || inTime[true] == 0 || inTime[false] == 0 {
		t.Errorf("%d numbers of %d filings, %v in time", len(numbers), count, inTime)
	}
	filed, waiting := 0, 0
	for list := (&vetov1.ListObjectionsRequest{PageSize: 1000}); ; {
		page, err := p.objections.ListObjections(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.GetObjections() {
			filed++
			if !numbers[o.GetObjectionId()] {
				t.Errorf("%v was told to nobody", o)
			}
			if o.GetMatch() == vetov1.Match_MATCH_PENDING {
				waiting++
			}
		}
		if list.PageToken = page.GetNextPageToken(); list.GetPageToken() == "" {
			break
		}
	}
	mails := (count - 2 + len(channels) - 1) / len(channels)
	if filed != count || waiting != mails {
		t.Errorf("%d filings, %d of them waiting; want %d and %d", filed, waiting, count, mails)
	}
	queue, last := 0, time.Time{}
	for list := (&vetov1.ListObjectionsRequest{Queue: true, PageSize: 1000}); ; {
		page, err := p.objections.ListObjections(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.GetObjections() {
			if queue++; o.GetResponseDueAt().AsTime().Before(last) {
				t.Errorf("the queue is not by due date at %v", o)
			}
			last = o.GetResponseDueAt().AsTime()
		}
		if list.PageToken = page.GetNextPageToken(); list.GetPageToken() == "" {
			break
		}
		if count > 50_000 { // a page of so long a queue takes its time, and the first is the one that is looked at
			break
		}
	}
	if queue == 0 || count <= 50_000 && queue != mails {
		t.Errorf("%d are in the queue, want %d", queue, mails)
	}
	t.Logf("%d filings in %v of ours and %v of theirs, %d retries, %d verified repeats, a kill; in time %d, too late %d; %d wait for a match",
		count, took.Round(time.Millisecond), later.Add(theirs(killed)).Sub(opened).Round(time.Second), retries, unchanged, inTime[true], inTime[false], waiting)
}
