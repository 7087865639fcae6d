package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

// consentPolicy rests on consent in Brazil, for two purposes.
const consentPolicy = `
controller: {name: Example platform}
purposes:
  - {name: generative-ai-training, title: Training of generative AI}
  - {name: ads-ranking, title: Ranking of advertisements}
regimes:
  - name: brazil
    jurisdictions: [BR]
    purposes: [generative-ai-training, ads-ranking]
    legal_basis: CONSENT
    minimum_age: 0
    periods: [{start: 2025-01-01T00:00:00Z}]
    content: [{kinds: [POST], visibilities: [PUBLIC]}]
`

const ads = "ads-ranking"

func grant(id string, change ...func(*vetov1.GrantConsentRequest)) *vetov1.GrantConsentRequest {
	request := &vetov1.GrantConsentRequest{
		RequestId: uuid.NewString(), SubjectId: id, Purposes: []string{training}, Channel: vetov1.Channel_CHANNEL_SETTINGS,
		Verification: vetov1.Verification_VERIFICATION_VERIFIED, NoticeVersion: "2025-04",
	}
	for _, c := range change {
		c(request)
	}
	return request
}

func revocation(id string, change ...func(*vetov1.WithdrawConsentRequest)) *vetov1.WithdrawConsentRequest {
	request := &vetov1.WithdrawConsentRequest{RequestId: uuid.NewString(), SubjectId: id, Channel: vetov1.Channel_CHANNEL_SETTINGS}
	for _, c := range change {
		c(request)
	}
	return request
}

func (r *register) grant(request *vetov1.GrantConsentRequest) *vetov1.GrantConsentResponse {
	r.t.Helper()
	response, err := r.GrantConsent(r.t.Context(), officer, request)
	if err != nil {
		r.t.Fatalf("grant consent: %v", err)
	}
	return response
}

func (r *register) revoke(request *vetov1.WithdrawConsentRequest) *vetov1.WithdrawConsentResponse {
	r.t.Helper()
	response, err := r.WithdrawConsent(r.t.Context(), officer, request)
	if err != nil {
		r.t.Fatalf("withdraw consent: %v", err)
	}
	return response
}

func consenting(t *testing.T) *register {
	t.Helper()
	r := openAt(t, t.TempDir(), registry.Config{}, nil)
	r.apply(consentPolicy)
	return r
}

// TestConsentCountsFromItsAcknowledgement, until it is withdrawn, and the standing tells both.
func TestConsentCountsFromItsAcknowledgement(t *testing.T) {
	r := consenting(t)
	if got := r.decide("ada", "BR"); got != vetov1.Reason_REASON_NO_CONSENT {
		t.Fatalf("before: %v", got)
	}
	granted := r.grant(grant("ada"))
	if c := granted.GetConsent(); c.GetConsentId() == "" || !slices.Equal(c.GetPurposes(), []string{training}) || c.GetRevision() != granted.GetRevision() ||
		c.GetNoticeVersion() != "2025-04" || c.GetWithdrawnAt() != nil || c.GetFiledBy() != vetov1.FiledBy_FILED_BY_SELF {
		t.Errorf("consent: %v", c)
	}
	if words := granted.GetReceipt().GetWords(); !strings.Contains(words, "You consented on ") || !strings.Contains(words, training) {
		t.Errorf("the receipt says: %s", words)
	}
	if got := r.decide("ada", "BR"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("with a consent: %v", got)
	}
	if got := r.decide("bob", "BR"); got != vetov1.Reason_REASON_NO_CONSENT {
		t.Errorf("another person: %v", got)
	}
	again := r.grant(grant("ada"))
	if !again.GetUnchanged() || again.GetConsent().GetConsentId() != granted.GetConsent().GetConsentId() {
		t.Errorf("again: %v", again)
	}
	if s := r.standing("ada", "BR"); len(s.GetConsents()) != 1 || !s.GetEffects()[0].GetUsable() && !s.GetEffects()[1].GetUsable() {
		t.Errorf("standing: %v", s)
	}

	revoked := r.revoke(revocation("ada", func(q *vetov1.WithdrawConsentRequest) { q.Verification = vetov1.Verification_VERIFICATION_VERIFIED }))
	if revoked.GetUnchanged() || !strings.Contains(revoked.GetReceipt().GetWords(), "Your consent was withdrawn on ") {
		t.Errorf("withdrawn: %v", revoked)
	}
	if got := r.decide("ada", "BR"); got != vetov1.Reason_REASON_NO_CONSENT {
		t.Errorf("after the withdrawal: %v", got)
	}
	if c := r.standing("ada", "").GetConsents(); len(c) != 1 || len(c[0].GetPurposes()) != 0 || c[0].GetWithdrawnAt() == nil {
		t.Errorf("consents: %v", c)
	}
	if none := r.revoke(revocation("ada", func(q *vetov1.WithdrawConsentRequest) { q.Verification = vetov1.Verification_VERIFICATION_VERIFIED })); !none.GetUnchanged() || none.GetReceipt() != nil {
		t.Errorf("nothing stood: %v", none)
	}
	before := r.dump()
	if after := r.reopen().dump(); after != before {
		t.Errorf("after a restart:\n%s\nwant\n%s", after, before)
	}
}

// TestUnverifiedConsentDoesNothing, and an unverified withdrawal of one works and tells nothing.
func TestUnverifiedConsentDoesNothing(t *testing.T) {
	r := consenting(t)
	head := r.headRevision()
	got := r.grant(grant("ada", func(q *vetov1.GrantConsentRequest) { q.Verification = vetov1.Verification_VERIFICATION_UNSPECIFIED }))
	if !got.GetNoEffectUnverified() || got.GetConsent() != nil || got.GetReceipt() != nil || r.headRevision() != head {
		t.Errorf("an unverified consent: %v", got)
	}
	none := r.revoke(revocation("bob"))
	r.grant(grant("ada"))
	some := r.revoke(revocation("ada"))
	if none.GetUnchanged() || some.GetUnchanged() || none.GetReceipt() == nil || some.GetReceipt() == nil {
		t.Errorf("the answers differ: %v, %v", none, some)
	}
	if got := r.decide("ada", "BR"); got != vetov1.Reason_REASON_NO_CONSENT {
		t.Errorf("after an unverified withdrawal: %v", got)
	}
}

// TestObjectionBeatsEarlierConsent, verified or not, also once it is withdrawn; a later consent lifts only what it names.
func TestObjectionBeatsEarlierConsent(t *testing.T) {
	r := consenting(t)
	r.grant(grant("ada"))
	r.file(filing("ada"))
	if got := r.decide("ada", "BR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("an objection after it: %v", got)
	}
	r.withdraw(withdrawal("ada"))
	if got := r.decide("ada", "BR"); got != vetov1.Reason_REASON_NO_CONSENT {
		t.Errorf("that objection withdrawn: %v", got)
	}
	first, second := r.file(filing("ada")), r.file(filing("ada"))
	got := r.grant(grant("ada", func(q *vetov1.GrantConsentRequest) {
		q.LiftsObjectionIds = []string{first.GetObjection().GetObjectionId()}
	}))
	if !slices.Equal(got.GetConsent().GetLiftedObjectionIds(), []string{first.GetObjection().GetObjectionId()}) {
		t.Errorf("lifted: %v", got.GetConsent())
	}
	if got := r.decide("ada", "BR"); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("the other objection stands: %v", got)
	}
	objections := r.standing("ada", "").GetObjections()
	if !slices.Equal(objections[1].GetAllPurposesBut(), []string{training}) || len(objections[2].GetAllPurposesBut()) != 0 {
		t.Errorf("objections: %v", objections)
	}
	r.grant(grant("ada", func(q *vetov1.GrantConsentRequest) {
		q.LiftsObjectionIds = []string{second.GetObjection().GetObjectionId()}
	}))
	if got := r.decide("ada", "BR"); got != vetov1.Reason_REASON_ELIGIBLE {
		t.Errorf("both lifted: %v", got)
	}
}

func TestConsentRefusesBadInput(t *testing.T) {
	r := consenting(t)
	others := r.file(filing("bob")).GetObjection().GetObjectionId()
	head := r.headRevision()
	for name, test := range map[string]struct {
		change func(*vetov1.GrantConsentRequest)
		field  string
	}{
		"no person":              {func(q *vetov1.GrantConsentRequest) { q.SubjectId = "" }, "subject_id"},
		"a bad id":               {func(q *vetov1.GrantConsentRequest) { q.SubjectId = " ada" }, "subject_id"},
		"no number":              {func(q *vetov1.GrantConsentRequest) { q.LiftsObjectionIds = []string{"x"} }, "lifts_objection_ids[0]"},
		"another's objection":    {func(q *vetov1.GrantConsentRequest) { q.LiftsObjectionIds = []string{others} }, "lifts_objection_ids[0]"},
		"nobody's objection":     {func(q *vetov1.GrantConsentRequest) { q.LiftsObjectionIds = []string{"7F3K-92QM-4D"} }, "lifts_objection_ids[0]"},
		"an id in the reference": {func(q *vetov1.GrantConsentRequest) { q.NoticeVersion = "for ada" }, "notice_version"},
		"bytes that are no text": {func(q *vetov1.GrantConsentRequest) { q.NoticeVersion = "\xff" }, "notice_version"},
		"no request id":          {func(q *vetov1.GrantConsentRequest) { q.RequestId = "1" }, "request_id"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.GrantConsent(t.Context(), officer, grant("ada", test.change))
			invalid, ok := errors.AsType[*registry.InvalidError](err)
			if !ok || invalid.Fields[0].Field != test.field {
				t.Errorf("error %v, want one of %s", err, test.field)
			}
		})
	}
	if _, err := r.GrantConsent(t.Context(), officer, grant("ada", func(q *vetov1.GrantConsentRequest) { q.Purposes = []string{"other"} })); !isType[*registry.UndeclaredPurposeError](err) {
		t.Errorf("a purpose that is not declared: %v", err)
	}
	if _, err := r.WithdrawConsent(t.Context(), officer, revocation("ada", func(q *vetov1.WithdrawConsentRequest) { q.Purposes = []string{"other"} })); !isType[*registry.UndeclaredPurposeError](err) {
		t.Errorf("the withdrawal for one: %v", err)
	}
	if _, err := r.WithdrawConsent(t.Context(), officer, revocation(" ada")); !isType[*registry.InvalidError](err) {
		t.Errorf("the withdrawal of a bad id: %v", err)
	}
	if r.headRevision() != head {
		t.Error("something was written")
	}
}

func TestFault_I03_ConsentsAgain(t *testing.T) {
	r := consenting(t)
	request, answers := grant("ada"), make([]*vetov1.GrantConsentResponse, 100)
	var group sync.WaitGroup
	for n := range answers {
		group.Go(func() { answers[n], _ = r.GrantConsent(t.Context(), officer, proto.CloneOf(request)) })
	}
	group.Wait()
	for n, answer := range answers {
		if !proto.Equal(answer, answers[0]) || answer == nil {
			t.Fatalf("answer %d: %v, want %v", n, answer, answers[0])
		}
	}
	if got := r.standing("ada", "").GetConsents(); len(got) != 1 {
		t.Errorf("consents: %v", got)
	}
	gone := revocation("ada")
	first, again := r.revoke(gone), r.revoke(proto.CloneOf(gone))
	if !proto.Equal(first, again) {
		t.Errorf("again: %v, want %v", again, first)
	}
}

// personModel is what a naive reader makes of a person's history: the objections as they stand, by purpose, and the consents.
type personModel struct {
	objections []map[string]bool
	ids        []string
	consents   map[string]bool
}

// TestConsentsEqualTheNaiveModel runs random histories of one person's objections, withdrawals, consents and their withdrawals, and holds every decision and
// the state after a restart against a model that reads like the rules.
func TestConsentsEqualTheNaiveModel(t *testing.T) {
	purposes := []string{training, ads}
	rapid.Check(t, func(rt *rapid.T) {
		r := consenting(t)
		defer func() { r.stop() }()
		m := personModel{consents: map[string]bool{}}
		some := func() []string {
			return rapid.SampledFrom([][]string{{training}, {ads}, purposes}).Draw(rt, "purposes")
		}
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			named := some()
			switch rapid.SampledFrom([]string{"object", "withdraw", "grant", "revoke"}).Draw(rt, "step") {
			case "object":
				got := r.file(filing("ada", func(q *vetov1.FileObjectionRequest) { q.Purposes = named }))
				stands := map[string]bool{}
				for _, p := range named {
					stands[p], m.consents[p] = true, false
				}
				m.objections, m.ids = append(m.objections, stands), append(m.ids, got.GetObjection().GetObjectionId())
			case "withdraw":
				r.withdraw(withdrawal("ada", func(q *vetov1.WithdrawObjectionRequest) { q.Purposes = named }))
				for _, o := range m.objections {
					for _, p := range named {
						o[p] = false
					}
				}
			case "grant":
				request := grant("ada", func(q *vetov1.GrantConsentRequest) { q.Purposes = named })
				for n, id := range m.ids {
					if rapid.Bool().Draw(rt, "lifted") && len(request.GetLiftsObjectionIds()) < 64 {
						request.LiftsObjectionIds = append(request.LiftsObjectionIds, id)
						for _, p := range named {
							m.objections[n][p] = false
						}
					}
				}
				r.grant(request)
				for _, p := range named {
					m.consents[p] = true
				}
			case "revoke":
				r.revoke(revocation("ada", func(q *vetov1.WithdrawConsentRequest) { q.Purposes = named }))
				for _, p := range named {
					m.consents[p] = false
				}
			}
			m.check(rt, r)
		}
		before := r.dump()
		r = r.reopen()
		if after := r.dump(); after != before {
			rt.Fatalf("after a restart:\n%s\nwant\n%s", after, before)
		}
		m.check(rt, r)
	})
}

func (m *personModel) check(t *rapid.T, r *register) {
	view, err := r.View()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, c := range r.standing("ada", "").GetConsents() {
		for _, p := range c.GetPurposes() {
			told[p] = true
		}
	}
	for _, purpose := range []string{training, ads} {
		want := vetov1.Reason_REASON_NO_CONSENT
		switch {
		case slices.ContainsFunc(m.objections, func(o map[string]bool) bool { return o[purpose] }):
			want = vetov1.Reason_REASON_OBJECTED
		case m.consents[purpose]:
			want = vetov1.Reason_REASON_ELIGIBLE
		}
		ref, _ := view.Gate.Purpose(purpose)
		var d gate.Decision
		view.Gate.Decide(&gate.Item{
			ID: "i", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, AuthorID: "ada", Country: "BR", AuthorAge: 18, AuthorAgeAtCreation: 18,
		}, ref, r.Now(), gate.Options{}, &d)
		if d.Reason != want || told[purpose] != m.consents[purpose] {
			t.Fatalf("%s: %v, told that a consent stands: %v; want %v, %v", purpose, d.Reason, told[purpose], want, m.consents[purpose])
		}
	}
}

// TestEventsAreListed page by page, in both orders, whatever is written meanwhile; each once.
func TestEventsAreListed(t *testing.T) {
	r := consenting(t)
	for n := range 40 {
		r.file(filing(fmt.Sprint("u", n)))
	}
	r.grant(grant("ada"))
	for _, oldest := range []bool{true, false} {
		for _, size := range []int32{1, 7, 50} {
			var got []uint64
			request := &vetov1.ListEventsRequest{OldestFirst: oldest, PageSize: size}
			head := uint64(r.headRevision())
			for {
				page, err := r.Events(t.Context(), request)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page.GetEvents() {
					got = append(got, e.GetRevision())
					if e.GetType() == vetov1.EventType_EVENT_TYPE_UNSPECIFIED || e.GetEffect() == "" || len(e.GetLeaf()) == 0 || e.GetRecordedAt() == nil || e.GetActor() == "" {
						t.Errorf("an event that says too little: %v", e)
					}
				}
				if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
					break
				}
				if len(got) < 20 { // and not for ever: a page of one would never catch up
					r.file(filing("meanwhile"))
				}
			}
			if !oldest {
				slices.Reverse(got)
			}
			for n, revision := range got {
				if revision != uint64(n+1) {
					t.Fatalf("oldest first %v, %d a page: %v", oldest, size, got)
				}
			}
			if uint64(len(got)) < head {
				t.Errorf("%d events of %d", len(got), head)
			}
		}
	}
	page, err := r.Events(t.Context(), &vetov1.ListEventsRequest{Types: []vetov1.EventType{vetov1.EventType_EVENT_TYPE_CONSENT_GRANTED}})
	if err != nil || len(page.GetEvents()) != 1 || page.GetNextPageToken() != "" || page.GetEvents()[0].GetChannel() != vetov1.Channel_CHANNEL_SETTINGS {
		t.Errorf("by type: %v, %v", page, err)
	}
	if page, err = r.Events(t.Context(), &vetov1.ListEventsRequest{Channels: []vetov1.Channel{vetov1.Channel_CHANNEL_LETTER}}); err != nil || len(page.GetEvents()) != 0 {
		t.Errorf("by channel: %v, %v", page, err)
	}
	if page, err = r.Events(t.Context(), &vetov1.ListEventsRequest{RecordedFrom: timestamppb.New(time.Now().Add(time.Hour))}); err != nil || len(page.GetEvents()) != 0 {
		t.Errorf("from later on: %v, %v", page, err)
	}
	if page, err = r.Events(t.Context(), &vetov1.ListEventsRequest{RecordedUntil: timestamppb.New(time.Now().Add(-time.Hour))}); err != nil || len(page.GetEvents()) != 0 {
		t.Errorf("until earlier: %v, %v", page, err)
	}
}

func TestPageTokensAreThoseGivenOut(t *testing.T) {
	r := consenting(t)
	r.apply(strings.Replace(consentPolicy, "Example platform", "Example platform again", 1))
	page, err := r.Events(t.Context(), &vetov1.ListEventsRequest{PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	versions, err := r.PolicyVersions(t.Context(), &vetov1.ListPolicyVersionsRequest{PageSize: 1})
	if err != nil || len(versions.GetVersions()) != 1 || versions.GetVersions()[0].GetVersion() != 2 {
		t.Fatalf("versions: %v, %v", versions, err)
	}
	rest, err := r.PolicyVersions(t.Context(), &vetov1.ListPolicyVersionsRequest{PageToken: versions.GetNextPageToken()})
	if err != nil || len(rest.GetVersions()) != 1 || rest.GetNextPageToken() != "" || rest.GetVersions()[0].GetActor() != "loopback" || rest.GetVersions()[0].GetAppliedAt() == nil {
		t.Errorf("the rest: %v, %v", rest, err)
	}
	good := page.GetNextPageToken()
	for name, request := range map[string]*vetov1.ListEventsRequest{
		"made up":           {PageToken: "AAAAAAAAAAEAAAAAAAAAAAAAAAA"},
		"no base64":         {PageToken: "?"},
		"changed":           {PageToken: "B" + good[1:]},
		"longer":            {PageToken: good + "AAAA"},
		"of another filter": {PageToken: good, OldestFirst: true},
		"of other things":   {PageToken: versions.GetNextPageToken()},
	} {
		if _, err := r.Events(t.Context(), request); !isType[*registry.InvalidError](err) {
			t.Errorf("a token %s: %v", name, err)
		}
	}
	if _, err := r.PolicyVersions(t.Context(), &vetov1.ListPolicyVersionsRequest{PageToken: good}); !isType[*registry.InvalidError](err) {
		t.Errorf("a token of events for versions: %v", err)
	}
}
