package listing_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/listing"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// log is the events of a log, and nothing else of one.
type log struct {
	store.Log
	entries []store.Entry
}

func (l *log) Read(_ context.Context, after event.Revision) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for _, e := range l.entries[min(int(after), len(l.entries)):] {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (l *log) head() event.Revision { return event.Revision(len(l.entries)) }

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// add appends an event of a channel, a minute after the last.
func (l *log) add(t testing.TB, channel string) {
	t.Helper()
	l.addNumbered(t, channel, 4711)
}

// addNumbered is add, with a number of its own.
func (l *log) addNumbered(t testing.TB, channel string, number uint64) {
	t.Helper()
	l.addSide(t, event.Side{Channel: channel, Subject: event.Key{1}, ObjectionID: event.NewObjectionID(number)})
}

// addSide appends a filing, with what every one has.
func (l *log) addSide(t testing.TB, side event.Side) {
	t.Helper()
	revision := l.head() + 1
	side.Salt, side.RecordSalt, side.KeyID, side.Actor, side.Role = [32]byte{1}, [32]byte{2}, 1, "test", "ADMIN"
	side.RequestID = event.RequestID{byte(revision >> 8), byte(revision)}
	side.RecordedAt, side.FiledBy, side.Verification, side.Purposes = begin.Add(time.Duration(revision)*time.Minute), "SELF", "UNVERIFIED", event.Purposes{All: true}
	e := event.Event{Leaf: event.Leaf{Type: event.TypeObjectionFiled, Effect: event.EffectInForce}, Side: side}
	for line, v := range e.Side.Private() {
		e.Side.Person = append(e.Side.Person, event.Blinded{Tag: v.Tag, Sum: subject.Blind(e.Side.Salt, line, v.Tag, v.Text)})
	}
	leaf, row, err := event.Seal(e)
	if err != nil {
		t.Fatal(err)
	}
	l.entries = append(l.entries, store.Entry{Revision: revision, Leaf: leaf, Side: row})
}

// seal is a keyed hash, of a key that everybody here knows.
func seal(content []byte) [32]byte { return sha256.Sum256(content) }

// page lists one page.
func (l *log) page(t testing.TB, request *vetov1.ListEventsRequest) *vetov1.ListEventsResponse {
	t.Helper()
	response, err := listing.Events(t.Context(), l, seal, request, l.head())
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// TestPagesAreTheWholeLog: whatever the size of pages, the direction and the filter, each event that stood at the first page comes once, in order, also where
// others are written meanwhile.
func TestPagesAreTheWholeLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := &log{}
		var letters []uint64
		add := func(n int) {
			for range n {
				channel := rapid.SampledFrom([]string{"API", "LETTER"}).Draw(rt, "channel")
				l.add(t, channel)
				if channel == "LETTER" {
					letters = append(letters, uint64(l.head()))
				}
			}
		}
		add(rapid.IntRange(0, 30).Draw(rt, "events"))
		want := slices.Clone(letters)
		request := &vetov1.ListEventsRequest{
			OldestFirst: rapid.Bool().Draw(rt, "oldest first"), PageSize: int32(rapid.IntRange(0, 7).Draw(rt, "size")),
			Channels: []vetov1.Channel{vetov1.Channel_CHANNEL_LETTER},
		}
		var got []uint64
		for {
			page := l.page(t, request)
			for _, e := range page.GetEvents() {
				got = append(got, e.GetRevision())
			}
			if request.PageToken = page.GetNextPageToken(); request.GetPageToken() == "" {
				break
			}
			add(rapid.IntRange(0, 1).Draw(rt, "meanwhile"))
			if len(l.entries) > 60 {
				break // what is written keeps ahead of who reads it
			}
		}
		if !request.GetOldestFirst() {
			slices.Reverse(want)
		}
		if len(got) < len(want) && len(l.entries) <= 60 || !slices.Equal(got[:min(len(got), len(want))], want[:min(len(got), len(want))]) {
			rt.Fatalf("%v, want at first %v", got, want)
		}
	})
}

// TestAPageThatFindsNothingGoesOn: a filter that lets nothing through costs a bounded page, which says where to go on.
func TestAPageThatFindsNothingGoesOn(t *testing.T) {
	l := &log{}
	l.add(t, "LETTER")
	for range 12_000 {
		l.entries = append(l.entries, l.entries[0])
		last := &l.entries[len(l.entries)-1]
		last.Revision = l.head()
	}
	for _, oldest := range []bool{true, false} {
		request := &vetov1.ListEventsRequest{OldestFirst: oldest, Channels: []vetov1.Channel{vetov1.Channel_CHANNEL_EMAIL}}
		first := l.page(t, request)
		if len(first.GetEvents()) != 0 || first.GetNextPageToken() == "" {
			t.Fatalf("oldest first %t: %d events, token %q", oldest, len(first.GetEvents()), first.GetNextPageToken())
		}
		request.PageToken = first.GetNextPageToken()
		if last := l.page(t, request); len(last.GetEvents()) != 0 || last.GetNextPageToken() != "" {
			t.Errorf("oldest first %t: the last page has %d events, token %q", oldest, len(last.GetEvents()), last.GetNextPageToken())
		}
	}
}

func TestFiltersOfTime(t *testing.T) {
	l := &log{}
	for range 5 {
		l.add(t, "API")
	}
	at := func(minutes int) *timestamppb.Timestamp {
		return timestamppb.New(begin.Add(time.Duration(minutes) * time.Minute))
	}
	page := l.page(t, &vetov1.ListEventsRequest{OldestFirst: true, RecordedFrom: at(2), RecordedUntil: at(4)})
	if len(page.GetEvents()) != 2 || page.GetEvents()[0].GetRevision() != 2 || page.GetEvents()[1].GetRevision() != 3 {
		t.Errorf("from is in, until is not: %v", page.GetEvents())
	}
	if page.GetRevision() != 5 || page.GetEvents()[0].GetActor() != "test" || page.GetEvents()[0].GetChannel() != vetov1.Channel_CHANNEL_API {
		t.Errorf("%v", page)
	}
	// Of an event whose side row was forgotten nobody knows when it was: no filter of time lets it through.
	l.entries[2].Side = nil
	if page := l.page(t, &vetov1.ListEventsRequest{OldestFirst: true, RecordedFrom: at(2), RecordedUntil: at(4)}); len(page.GetEvents()) != 1 {
		t.Errorf("with a forgotten one: %v", page.GetEvents())
	}
	if page := l.page(t, &vetov1.ListEventsRequest{OldestFirst: true}); len(page.GetEvents()) != 5 || page.GetEvents()[2].GetType() != vetov1.EventType_EVENT_TYPE_OBJECTION_FILED {
		t.Errorf("without a filter: %v", page.GetEvents())
	}
}

func TestTokensAreOfTheirListing(t *testing.T) {
	l := &log{}
	for range 5 {
		l.add(t, "API")
	}
	token := l.page(t, &vetov1.ListEventsRequest{PageSize: 2}).GetNextPageToken()
	if got := l.page(t, &vetov1.ListEventsRequest{PageSize: 1, PageToken: token, MinRevision: 1}); len(got.GetEvents()) != 1 || got.GetEvents()[0].GetRevision() != 3 {
		t.Errorf("another size of page: %v", got)
	}
	for name, request := range map[string]*vetov1.ListEventsRequest{
		"another filter":    {PageToken: token, Channels: []vetov1.Channel{vetov1.Channel_CHANNEL_API}},
		"another direction": {PageToken: token, OldestFirst: true},
		"changed":           {PageToken: "_" + token[1:]},
		"cut":               {PageToken: token[:len(token)-1]},
		"no token":          {PageToken: "?"},
	} {
		if _, err := listing.Events(t.Context(), l, seal, request, l.head()); !badToken(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := listing.Events(t.Context(), l, seal, &vetov1.ListEventsRequest{PageSize: 2, PageToken: token}, 1); !badToken(err) {
		t.Errorf("above the head: %v", err)
	}
}

func badToken(err error) bool {
	invalid, ok := errors.AsType[*intake.InvalidError](err)
	return ok && len(invalid.Fields) == 1 && invalid.Fields[0].Field == "page_token"
}

func TestListingRefusesDamage(t *testing.T) {
	l := &log{}
	l.add(t, "API")
	l.entries[0].Side = append(l.entries[0].Side, '\n')
	for _, oldest := range []bool{true, false} {
		if _, err := listing.Events(t.Context(), l, seal, &vetov1.ListEventsRequest{OldestFirst: oldest}, 1); !errors.Is(err, filing.ErrDamaged) {
			t.Errorf("oldest first %t: %v, want ErrDamaged", oldest, err)
		}
	}
	l.entries[0].Side, l.entries[0].Leaf = nil, []byte("no leaf")
	if _, err := listing.Events(t.Context(), l, seal, &vetov1.ListEventsRequest{}, 1); !errors.Is(err, filing.ErrDamaged) {
		t.Errorf("a leaf that does not read: %v, want ErrDamaged", err)
	}
	if _, err := listing.Events(t.Context(), &log{}, seal, &vetov1.ListEventsRequest{}, 1); err == nil {
		t.Error("a log without the event of its head: no error")
	}
}

func TestPolicyVersionsComeNewestFirst(t *testing.T) {
	l := &log{}
	for range 3 {
		l.add(t, "API")
	}
	known := func(n uint64) *vetov1.PolicyVersion { return &vetov1.PolicyVersion{Version: n, Revision: n} }
	list := func(request *vetov1.ListPolicyVersionsRequest) (*vetov1.ListPolicyVersionsResponse, error) {
		return listing.PolicyVersions(t.Context(), l, seal, request, 3, 3, known)
	}
	first, err := list(&vetov1.ListPolicyVersionsRequest{PageSize: 2})
	if err != nil || len(first.GetVersions()) != 2 || first.GetVersions()[0].GetVersion() != 3 || first.GetVersions()[0].GetActor() != "test" || first.GetRevision() != 3 {
		t.Fatalf("%v, %v", first, err)
	}
	rest, err := list(&vetov1.ListPolicyVersionsRequest{PageToken: first.GetNextPageToken()})
	if err != nil || len(rest.GetVersions()) != 1 || rest.GetVersions()[0].GetVersion() != 1 || rest.GetNextPageToken() != "" {
		t.Errorf("the rest: %v, %v", rest, err)
	}
	if _, err := list(&vetov1.ListPolicyVersionsRequest{PageToken: "?"}); !badToken(err) {
		t.Errorf("no token: %v", err)
	}
	if none, err := listing.PolicyVersions(t.Context(), &log{}, seal, &vetov1.ListPolicyVersionsRequest{}, 1, 0, known); err != nil || len(none.GetVersions()) != 0 {
		t.Errorf("no policy: %v, %v", none, err)
	}
	l.entries[2].Side = append(l.entries[2].Side, '\n')
	if _, err := list(&vetov1.ListPolicyVersionsRequest{}); !errors.Is(err, filing.ErrDamaged) {
		t.Errorf("a damaged event: %v", err)
	}
	l.entries = l.entries[:1]
	if _, err := list(&vetov1.ListPolicyVersionsRequest{}); !errors.Is(err, filing.ErrDamaged) {
		t.Errorf("a missing event: %v", err)
	}
}
