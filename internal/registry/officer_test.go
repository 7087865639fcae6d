package registry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

// assessing rules Germany by ASSESS, with a week's delay, beside testPolicy's regimes.
const assessing = testPolicy + germany

const germany = `
  - name: germany
    jurisdictions: [DE]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    objections: ASSESS
    refusal_delay: 604800s
    minimum_age: 0
    periods: [{start: 2025-05-27T00:00:00Z}]
    content:
      - {kinds: [POST], visibilities: [PUBLIC]}
`

const (
	objected = vetov1.Reason_REASON_OBJECTED
	eligible = vetov1.Reason_REASON_ELIGIBLE
)

func byMail(address string) func(*vetov1.FileObjectionRequest) {
	return func(q *vetov1.FileObjectionRequest) {
		q.SubjectId, q.Identifiers = "", []*vetov1.Identifier{
			{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: address}, {Type: vetov1.IdentifierType_IDENTIFIER_TYPE_HANDLE, Value: "@" + address},
		}
	}
}

func (r *register) match(id, subject string) (*vetov1.MatchIdentifierResponse, error) {
	r.t.Helper()
	return r.MatchIdentifier(r.t.Context(), officer, &vetov1.MatchIdentifierRequest{RequestId: uuid.NewString(), ObjectionId: id, SubjectId: subject})
}

func (r *register) matched(id, subject string) *vetov1.Objection {
	r.t.Helper()
	response, err := r.match(id, subject)
	if err != nil {
		r.t.Fatalf("match: %v", err)
	}
	return response.GetObjection()
}

func deciding(id string, change ...func(*vetov1.DecideObjectionRequest)) *vetov1.DecideObjectionRequest {
	request := &vetov1.DecideObjectionRequest{RequestId: uuid.NewString(), ObjectionId: id}
	for _, c := range change {
		c(request)
	}
	return request
}

// grounded is an outcome with what it wants.
func grounded(outcome vetov1.ObjectionOutcome) func(*vetov1.DecideObjectionRequest) {
	return func(q *vetov1.DecideObjectionRequest) {
		q.Outcome, q.Grounds, q.RemediesText = outcome, "see the assessment", "complain to the authority, or go to court"
	}
}

const (
	upheld    = vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD
	refused   = vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED
	unfounded = vetov1.ObjectionOutcome_OBJECTION_OUTCOME_UNFOUNDED
)

func answeredAt(at time.Time) func(*vetov1.DecideObjectionRequest) {
	return func(q *vetov1.DecideObjectionRequest) { q.AnsweredAt = timestamppb.New(at) }
}

func (r *register) decides(request *vetov1.DecideObjectionRequest) *vetov1.Objection {
	r.t.Helper()
	response, err := r.DecideObjection(r.t.Context(), officer, request)
	if err != nil {
		r.t.Fatalf("decide: %v", err)
	}
	if response.GetReceipt().GetWords() == "" || response.GetRevision() == 0 {
		r.t.Errorf("the act has no receipt: %v", response)
	}
	return response.GetObjection()
}

func wantState(t *testing.T, err error, kind string) {
	t.Helper()
	if state, ok := errors.AsType[*registry.StateError](err); !ok || state.Kind != kind {
		t.Errorf("%v, want the state %s", err, kind)
	}
}

func (r *register) queue(change ...func(*vetov1.ListObjectionsRequest)) []*vetov1.Objection {
	r.t.Helper()
	request := &vetov1.ListObjectionsRequest{Queue: true}
	for _, c := range change {
		c(request)
	}
	var all []*vetov1.Objection
	for {
		page, err := r.Objections(r.t.Context(), request)
		if err != nil {
			r.t.Fatalf("queue: %v", err)
		}
		all = append(all, page.GetObjections()...)
		if request.PageToken = page.GetNextPageToken(); request.GetPageToken() == "" {
			return all
		}
	}
}

func showSealed(q *vetov1.ListObjectionsRequest) { q.ShowSealed = true }

// sealedRows counts what lies sealed.
func (r *register) sealedRows() (n int) {
	r.t.Helper()
	for _, err := range r.log.EachSealed(r.t.Context()) {
		if err != nil {
			r.t.Fatal(err)
		}
		n++
	}
	return n
}

// revision is the newest view's.
func (r *register) revision() uint64 {
	r.t.Helper()
	view, err := r.View()
	if err != nil {
		r.t.Fatal(err)
	}
	return view.Revision
}

const germanAds = `
  - name: germany-ads
    jurisdictions: [DE]
    purposes: [ads]
    legal_basis: LEGITIMATE_INTERESTS
    objections: HONOUR
    minimum_age: 0
    periods: [{start: 2025-05-27T00:00:00Z}]
    content:
      - {kinds: [POST], visibilities: [PUBLIC]}
`

func adsToo() string {
	return strings.Replace(assessing+germanAds, "title: Training of generative AI}\n", "title: Training of generative AI}\n  - {name: ads, title: Ads}\n", 1)
}

func german(q *vetov1.FileObjectionRequest) { q.Country = "DE" }

func access(q *vetov1.FileObjectionRequest) {
	q.AlsoAsks = []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_ACCESS}
}

func replies(q *vetov1.FileObjectionRequest) { q.ReplyTo = "anna@example.org" }
