package promises_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// The stories are of what goes wrong where objections are kept in a form, a sheet and a nightly script. Each is told by whom it happened to.

func (p *platform) reason(t *testing.T, item *vetov1.Item) vetov1.Reason {
	t.Helper()
	return p.decide(t, item, 0).GetReason()
}

func (p *platform) wants(t *testing.T, what string, item *vetov1.Item, want vetov1.Reason) {
	t.Helper()
	if got := p.reason(t, item); got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (p *platform) links(t *testing.T, v vetov1.Verification, ids ...string) *vetov1.LinkSubjectsResponse {
	t.Helper()
	response, err := p.objections.LinkSubjects(t.Context(), &vetov1.LinkSubjectsRequest{RequestId: uuid.NewString(), SubjectIds: ids, Verification: v})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (p *platform) consents(t *testing.T, id string, lifts ...string) *vetov1.GrantConsentResponse {
	t.Helper()
	response, err := p.objections.GrantConsent(t.Context(), &vetov1.GrantConsentRequest{
		RequestId: uuid.NewString(), SubjectId: id, Purposes: []string{training}, Verification: vetov1.Verification_VERIFICATION_VERIFIED,
		Channel: vetov1.Channel_CHANNEL_SETTINGS, LiftsObjectionIds: lifts,
	})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

const (
	objected = vetov1.Reason_REASON_OBJECTED
	eligible = vetov1.Reason_REASON_ELIGIBLE
)

// "I objected in 2024. Now they call it something else. Do I have to object again?"
func TestStory_ThePurposeGotANewName(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("ines", about(training), func(r *vetov1.FileObjectionRequest) {
		r.SentAt = timestamppb.New(time.Date(2024, 6, 6, 0, 0, 0, 0, time.UTC))
	}))
	p.apply(t, renamed("language-model-training", "{purpose: generative-ai-training, kind: REPLACES}"))
	for _, author := range []struct {
		id   string
		want vetov1.Reason
	}{{"ines", objected}, {"somebody-else", eligible}} {
		if got := p.decideFor(t, "language-model-training", post(author.id), 0).GetReason(); got != author.want {
			t.Errorf("%s under the new name: %v, want %v", author.id, got, author.want)
		}
	}
}

// "We added a purpose, and forgot to say what becomes of those who had objected to the old one." The policy is refused until it is said.
func TestStory_TheNewPurposeSaysNothingOfTheOldOne(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("ines", about(training)))
	_, err := p.policies.ApplyPolicy(t.Context(), applying(renamed("language-model-training", "")))
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), training) {
		t.Errorf("it is refused, and says of which purpose nothing is said: %v", err)
	}
	p.wants(t, "meanwhile her posts", post("ines"), objected)
}

// "I renamed my account, and later I joined in a third one that I had forgotten."
func TestStory_TheAccountWasRenamed(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("old-name"))
	p.links(t, vetov1.Verification_VERIFICATION_VERIFIED, "old-name", "new-name")
	p.wants(t, "under the new name", post("new-name"), objected)
	p.links(t, vetov1.Verification_VERIFICATION_VERIFIED, "new-name", "forgotten")
	p.wants(t, "of the forgotten account", post("forgotten"), objected)
	p.wants(t, "under the old name", post("old-name"), objected)
}

// "A stranger, who consents to everything, tied his account to mine." It lifts nothing of hers, and tells him nothing.
func TestStory_AStrangerLinksHisConsentingAccountToHers(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("hers"))
	p.consents(t, "his")
	if got := p.links(t, vetov1.Verification_VERIFICATION_UNVERIFIED, "his", "hers"); !got.GetNoEffectUnverified() {
		t.Errorf("the link: %v", got)
	}
	p.wants(t, "hers", post("hers"), objected)
	p.wants(t, "his", post("his"), eligible)
	standing, err := p.objections.GetStanding(t.Context(), &vetov1.GetStandingRequest{SubjectId: "his"})
	if err != nil || len(standing.GetObjections()) != 0 {
		t.Errorf("he is told %v, %v", standing.GetObjections(), err)
	}
	// And were the platform itself to take them for one person, hers would still stand, and his go.
	p.links(t, vetov1.Verification_VERIFICATION_VERIFIED, "his", "hers")
	p.wants(t, "hers, linked", post("hers"), objected)
	p.wants(t, "his, linked", post("his"), objected)
}

// "I objected in France. Then I moved, and my posts come with US on them."
func TestStory_ShePostsFromTheUnitedStatesNow(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("amelie", from("FR")))
	p.wants(t, "from France", post("amelie", in("FR")), objected)
	p.wants(t, "from the United States", post("amelie", in("US")), objected)
	p.object(t, filing("bob", from("US")))
	p.wants(t, "an American's, where objections have no effect", post("bob", in("US")), eligible)
}

// "I have no account there. Somebody in America posted a photo with me in it."
func TestStory_SheIsInSomebodysPhotoAndHasNoAccount(t *testing.T) {
	p := start(t, settings{policy: strings.Replace(rules, "    objections_ground: No right to object was offered there.\n", "    objections_ground: No right to object was offered there.\n    third_parties: IGNORE\n", 1)})
	photo := func(i *vetov1.Item) { i.Kind, i.ItemId = vetov1.ItemKind_ITEM_KIND_PHOTO, "photo-7" }
	p.wants(t, "before", post("bob", in("US"), photo), eligible)
	p.object(t, filing("", from("FR"), func(r *vetov1.FileObjectionRequest) { r.ItemIds = []string{"photo-7"} }))
	p.wants(t, "the photo", post("bob", in("US"), photo), vetov1.Reason_REASON_ITEM_OBJECTED)
	p.wants(t, "another photo of his", post("bob", in("US"), func(i *vetov1.Item) { i.Kind, i.ItemId = vetov1.ItemKind_ITEM_KIND_PHOTO, "photo-8" }), eligible)
}

// "I was a day late."
func TestStory_TheObjectionCameTheDayAfterTheDeadline(t *testing.T) {
	p := start(t, settings{})
	day := timestamppb.New(time.Date(2025, 5, 28, 9, 0, 0, 0, time.UTC))
	got := p.object(t, filing("late", func(r *vetov1.FileObjectionRequest) { r.SentAt, r.ReceivedAt = day, day }))
	p.wants(t, "her posts", post("late"), objected)
	if o := got.GetObjection(); o.BeforeDeadline == nil || o.GetBeforeDeadline() || !o.GetResponseDueAt().AsTime().Equal(time.Date(2025, 6, 28, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("told: %v", o)
	}
}

// "Somebody re-posted my photo." The copy is out, and whatever else they post stays in.
func TestStory_SomebodyRepostsHerPhoto(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing("hers"))
	repost := post("fan", func(i *vetov1.Item) {
		i.Subjects = []*vetov1.OtherSubject{{SubjectId: "hers", Role: vetov1.SubjectRole_SUBJECT_ROLE_ORIGINAL_AUTHOR}}
	})
	p.wants(t, "the copy", repost, vetov1.Reason_REASON_THIRD_PARTY)
	p.wants(t, "their own posts", post("fan"), eligible)
}

// "My account was erased. Years later they found it in an archive, and offered it again."
func TestStory_TheErasedAccountComesBackFromAnArchive(t *testing.T) {
	p := start(t, settings{})
	archived := func(i *vetov1.Item) { i.CreatedAt = timestamppb.New(time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)) }
	if _, err := p.objections.RecordErasure(t.Context(), &vetov1.RecordErasureRequest{
		RequestId: uuid.NewString(), SubjectId: "gone", Scope: vetov1.ErasureScope_ERASURE_SCOPE_EVERYTHING, Channel: vetov1.Channel_CHANNEL_LETTER,
	}); err != nil {
		t.Fatal(err)
	}
	erased := vetov1.Reason_REASON_ERASED
	p.wants(t, "what was archived", post("gone", archived), erased)
	p.wants(t, "what has no date", post("gone", func(i *vetov1.Item) { i.CreatedAt = nil }), erased)
	p.consents(t, "gone")
	p.wants(t, "what was archived, after a consent", post("gone", archived), erased)
	fresh := func(i *vetov1.Item) { i.CreatedAt = timestamppb.New(time.Now().Add(time.Second)) }
	p.wants(t, "what is new, after a consent", post("gone", fresh), eligible)
	p.object(t, filing("gone"))
	p.wants(t, "what is new, after an objection", post("gone", fresh), objected)
	p.wants(t, "what was archived, after an objection", post("gone", archived), erased)
}

// "Somebody objected in my name. I wanted that anyway, and said so. Then they took it back."
func TestStory_TheStrangerWhoObjectedForHerTakesItBack(t *testing.T) {
	p := start(t, settings{})
	strangers := p.object(t, filing("owner"))
	owners := p.object(t, filing("owner", verified))
	if owners.GetUnchanged() || owners.GetObjection().GetObjectionId() == strangers.GetObjection().GetObjectionId() {
		t.Errorf("her own objection: %v", owners)
	}
	p.withdraw(t, withdrawal("", func(r *vetov1.WithdrawObjectionRequest) {
		r.ProofReceipt, r.Verification = strangers.GetReceipt(), vetov1.Verification_VERIFICATION_UNVERIFIED
	}))
	p.wants(t, "her posts", post("owner"), objected)
}

// "I had objected. Then the app asked me to accept the new terms, and I clicked."
func TestStory_TheNewTermsWereAcceptedAfterAnObjection(t *testing.T) {
	p := start(t, settings{})
	filed := p.object(t, filing("clicks", about(training)))
	p.consents(t, "clicks")
	p.wants(t, "after a click", post("clicks"), objected)
	p.consents(t, "clicks", filed.GetObjection().GetObjectionId())
	p.wants(t, "after a consent that names the objection", post("clicks"), eligible)
}

// "We loaded a sheet that people had filled in: USERNAME, an invisible character, and all where single items were asked for."
func TestStory_TheSheetHasPlaceholdersAndAllInIt(t *testing.T) {
	p := start(t, settings{})
	row := func(id string, items ...string) *vetov1.FileObjectionRequest {
		return &vetov1.FileObjectionRequest{SubjectId: id, ItemIds: items, Channel: vetov1.Channel_CHANNEL_IMPORT}
	}
	got := p.imports(t, "sheet", row("USERNAME"), row("ines\u202e"), row("all-of-them", "all"), row("everyone", "*"), row("ines"), row(""))
	if got.GetAccepted() != 1 || got.GetRejected() != 5 {
		t.Fatalf("%v", got)
	}
	for i, want := range []string{"PLACEHOLDER", "CHARACTERS", "PLACEHOLDER", "PLACEHOLDER", "REQUIRED"} {
		if r := got.GetRejects()[i]; r.GetReason() != want || r.GetMessage() == "" {
			t.Errorf("%v, want %s", r, want)
		}
	}
	p.wants(t, "hers", post("ines"), objected)
	p.wants(t, `an item called "all"`, post("somebody", func(i *vetov1.Item) { i.ItemId = "all" }), eligible)
}

func (p *platform) imports(t *testing.T, name string, rows ...*vetov1.FileObjectionRequest) *vetov1.ImportObjectionsResponse {
	t.Helper()
	stream, err := p.objections.ImportObjections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for first := true; len(rows) > 0; first = false {
		m := &vetov1.ImportObjectionsRequest{Rows: rows[:min(1000, len(rows))]}
		if first {
			m.ImportId = name
		}
		if stream.Send(m) != nil {
			break // the answer says why
		}
		rows = rows[len(m.GetRows()):]
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// "We loaded the wrong column: thousands of people who had said nothing are out, and nobody knows any more who had." VETO_WRONG_COLUMN says how many (4,000).
func TestStory_ThousandsWereLoadedFromTheWrongColumn(t *testing.T) {
	p := start(t, settings{})
	p.object(t, filing(person(1)))
	p.object(t, filing(person(2), verified))
	var rows []*vetov1.FileObjectionRequest
	loaded := 4000
	if text := os.Getenv("VETO_WRONG_COLUMN"); text != "" {
		var err error
		if loaded, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for i := range loaded {
		rows = append(rows, &vetov1.FileObjectionRequest{SubjectId: person(i), Channel: vetov1.Channel_CHANNEL_IMPORT})
	}
	if got := p.imports(t, "june", rows...); got.GetAccepted() != int64(loaded) {
		t.Fatalf("%v", got)
	}
	p.object(t, filing(person(3))) // who says so herself, meanwhile
	request := &vetov1.AnnulObjectionsRequest{RequestId: uuid.NewString(), ImportId: "june", Ground: "The column of the customers' numbers was loaded.", DryRun: true}
	dry, err := p.objections.AnnulObjections(t.Context(), request)
	if err != nil || dry.GetAnnulled() != int64(loaded) {
		t.Fatalf("%v, %v", dry, err)
	}
	p.wants(t, "after the dry run", post(person(4)), objected)
	request.DryRun = false
	if got, err := p.objections.AnnulObjections(t.Context(), request); err != nil || got.GetAnnulled() != int64(loaded) || got.GetKept() != 0 {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range 10 {
		want := eligible
		if i >= 1 && i <= 3 {
			want = objected
		}
		p.wants(t, person(i), post(person(i)), want)
	}
}

// mailed is what somebody sends who has an address, and knows no id.
func mailed(address string) *vetov1.FileObjectionRequest {
	return filing("", func(r *vetov1.FileObjectionRequest) {
		r.Channel = vetov1.Channel_CHANNEL_EMAIL
		r.Identifiers = []*vetov1.Identifier{{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: address}}
		r.ReplyTo = address
	})
}

func (p *platform) matches(t *testing.T, number, subject string) *vetov1.Objection {
	t.Helper()
	got, err := p.objections.MatchIdentifier(t.Context(), &vetov1.MatchIdentifierRequest{RequestId: uuid.NewString(), ObjectionId: number, SubjectId: subject})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetObjection()
}

func (p *platform) queue(t *testing.T) []*vetov1.Objection {
	t.Helper()
	got, err := p.objections.ListObjections(t.Context(), &vetov1.ListObjectionsRequest{Queue: true, ShowSealed: true})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetObjections()
}

// "I gave them my address. How should I know the number of my account?" She is found a week later; from then on all her accounts are out, and nothing that she
// has to do besides.
func TestStory_SheGaveOnlyHerAddress(t *testing.T) {
	p := start(t, settings{})
	p.links(t, vetov1.Verification_VERIFICATION_VERIFIED, "marie", "marie-too")
	told := p.object(t, mailed("marie.dupont@example.org"))
	if words := told.GetReceipt().GetWords(); !strings.Contains(strings.SplitN(words, "\n", 2)[0], "being looked for") {
		t.Errorf("she is told: %s", words)
	}
	p.wants(t, "while she is looked for", post("marie"), eligible)
	p = p.again(t)
	waiting := p.queue(t)
	if len(waiting) != 1 || waiting[0].GetIdentifiers()[0].GetValue() != "marie.dupont@example.org" || waiting[0].GetReplyTo() == "" {
		t.Fatalf("the officer sees %v", waiting)
	}
	p.matches(t, told.GetObjection().GetObjectionId(), "marie")
	p.wants(t, "found", post("marie"), objected)
	p.wants(t, "her other account", post("marie-too"), objected)
	if got := p.queue(t); len(got) != 0 {
		t.Errorf("the queue: %v", got)
	}
	// The address is nowhere any more, but for the answer that she is owed.
	all, err := p.objections.ListObjections(t.Context(), &vetov1.ListObjectionsRequest{ShowSealed: true})
	if err != nil || len(all.GetObjections()) != 1 || len(all.GetObjections()[0].GetIdentifiers()) != 0 || all.GetObjections()[0].GetReplyTo() == "" {
		t.Errorf("kept: %v, %v", all, err)
	}
	if !proto.Equal(all.GetObjections()[0].GetResponseDueAt(), told.GetObjection().GetResponseDueAt()) {
		t.Error("the month to answer her began anew when she was found")
	}
}

// "They never found me." Nothing is kept that could find her later, it is told, and what she named besides stands.
func TestStory_SheIsNeverFound(t *testing.T) {
	p := start(t, settings{})
	request := mailed("nobody@example.org")
	request.ItemIds = []string{"post-of-herself"}
	told := p.object(t, request)
	got := p.matches(t, told.GetObjection().GetObjectionId(), "")
	if got.GetMatch() != vetov1.Match_MATCH_NOT_FOUND || got.GetState() != vetov1.ObjectionState_OBJECTION_STATE_ACTIVE {
		t.Errorf("not found: %v", got)
	}
	p.wants(t, "the post that she named", post("herself"), vetov1.Reason_REASON_ITEM_OBJECTED)
	_, err := p.objections.MatchIdentifier(t.Context(), &vetov1.MatchIdentifierRequest{RequestId: uuid.NewString(), ObjectionId: told.GetObjection().GetObjectionId(), SubjectId: "somebody"})
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("there is nothing left to match: %v", err)
	}
	if list := p.queue(t); len(list) != 0 {
		t.Errorf("the queue: %v", list)
	}
}

// "They say that their reasons weigh more." Until she was told, and had her fortnight, she is out; then she is in there, and nowhere else.
func TestStory_HerObjectionIsRefused(t *testing.T) {
	p := start(t, settings{policy: strings.Replace(rules, "    legal_basis: LEGITIMATE_INTERESTS\n    minimum_age: 18\n", "    legal_basis: LEGITIMATE_INTERESTS\n    objections: ASSESS\n    refusal_delay: 1209600s\n    minimum_age: 18\n", 1)})
	told := p.object(t, filing("ines", from("BR"), func(r *vetov1.FileObjectionRequest) { r.ReceivedAt = timestamppb.New(time.Now().AddDate(0, 0, -20)) }))
	if got := told.GetObjection().GetState(); got != vetov1.ObjectionState_OBJECTION_STATE_UNDER_ASSESSMENT {
		t.Errorf("filed it is %v", got)
	}
	number := told.GetObjection().GetObjectionId()
	decide := func(request *vetov1.DecideObjectionRequest) *vetov1.Objection {
		t.Helper()
		request.RequestId, request.ObjectionId = uuid.NewString(), number
		got, err := p.objections.DecideObjection(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		return got.GetObjection()
	}
	decide(&vetov1.DecideObjectionRequest{Outcome: vetov1.ObjectionOutcome_OBJECTION_OUTCOME_REFUSED, Grounds: "the assessment of March", RemediesText: "Complain, or go to court."})
	p.wants(t, "decided", post("ines", in("BR")), objected)
	if got := p.queue(t); len(got) != 1 || got[0].GetNeeds()[0] != vetov1.Need_NEED_DELIVERY {
		t.Errorf("the queue: %v", got)
	}
	delivered := time.Now()
	if got := decide(&vetov1.DecideObjectionRequest{AnsweredAt: timestamppb.New(delivered)}); got.GetRefusedFrom().AsTime().Sub(delivered).Round(time.Hour) != 14*24*time.Hour {
		t.Errorf("told today: %v", got)
	}
	p.wants(t, "told", post("ines", in("BR")), objected)
	after := func(what string, days int, country string, want vetov1.Reason) {
		t.Helper()
		got, err := p.decisions.ExplainDecision(t.Context(), &vetov1.ExplainDecisionRequest{Purpose: training, Item: post("ines", in(country)), AsOf: timestamppb.New(delivered.AddDate(0, 0, days))})
		if err != nil || got.GetDecision().GetReason() != want {
			t.Errorf("%s: %v, %v", what, got.GetDecision(), err)
		}
	}
	after("on the thirteenth day", 13, "BR", objected)
	after("on the fifteenth", 15, "BR", eligible)
	after("on the fifteenth, in France", 15, "FR", objected)
	p.object(t, filing("ines", from("BR")))
	after("she objects again", 15, "BR", objected)
}

// "We share one account. I objected; my husband thinks it nonsense."
func TestStory_TwoPeopleShareOneAccount(t *testing.T) {
	p := start(t, settings{})
	hers := p.object(t, filing("shared"))
	his := p.object(t, filing("shared", about(evaluation)))
	p.withdraw(t, withdrawal("", func(r *vetov1.WithdrawObjectionRequest) {
		r.ProofReceipt, r.Verification = his.GetReceipt(), vetov1.Verification_VERIFICATION_UNVERIFIED
	}))
	p.consents(t, "shared") // for training, and it names no objection
	p.wants(t, "their posts", post("shared"), objected)
	if hers.GetObjection().GetObjectionId() == his.GetObjection().GetObjectionId() {
		t.Error("two filings have one number")
	}
}
