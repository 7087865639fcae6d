package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// badIDs are the ids that the one rule refuses, whatever door they come to, and a word of why.
var badIDs = map[string]struct{ id, says string }{
	"NUL":           {"a\x00b", "control"},
	"control":       {"a\x1bb", "control"},
	"newline":       {"ada\n", "control"},
	"bidi":          {"a\u202eb", "control"},
	"tag":           {"a\U000e0041b", "control"},
	"space before":  {" ada", "white space"},
	"space after":   {"ada ", "white space"},
	"wide space":    {"ada\u3000", "white space"},
	"blank":         {" ", "white space"},
	"257 bytes":     {strings.Repeat("a", 257), "256 bytes"},
	"a megabyte":    {strings.Repeat("a", 1<<20), "256 bytes"},
	"bad UTF-8":     {"a\xffb", "not UTF-8"},
	"half a letter": {"ad\xc3", "not UTF-8"},
}

func TestFault_I01_OneRuleForIDsAtEveryDoor(t *testing.T) {
	p := start(t, settings{forClient: rawClient()})
	refusing := func(method string, request proto.Message, answer proto.Message) func(string) (string, bool) {
		return func(path string) (string, bool) {
			err := p.conn.Invoke(t.Context(), method, request, answer)
			if err == nil {
				return "", false
			}
			r := refused(t, err)
			r.want(t, codes.InvalidArgument, "INVALID_REQUEST")
			return r.fields[path], len(r.fieldOrder) == 1
		}
	}
	for name, bad := range badIDs {
		id := bad.id
		with := func(change func(*vetov1.FileObjectionRequest)) proto.Message {
			request := filing("ada")
			change(request)
			return request
		}
		item := func(change func(*vetov1.Item)) *vetov1.Item {
			item := post("i1", "ada")
			change(item)
			return item
		}
		doors := []struct {
			name, path string
			knock      func(string) (string, bool)
		}{
			{"FileObjection", "subject_id", refusing(vetov1.RegistryService_FileObjection_FullMethodName,
				with(func(r *vetov1.FileObjectionRequest) { r.SubjectId = id }), &vetov1.FileObjectionResponse{})},
			{"FileObjection", "item_ids[1]", refusing(vetov1.RegistryService_FileObjection_FullMethodName,
				with(func(r *vetov1.FileObjectionRequest) { r.ItemIds = []string{"i1", id} }), &vetov1.FileObjectionResponse{})},
			{"FileObjection", "content_keys[0]", refusing(vetov1.RegistryService_FileObjection_FullMethodName,
				with(func(r *vetov1.FileObjectionRequest) { r.ContentKeys = []string{id} }), &vetov1.FileObjectionResponse{})},
			{"WithdrawObjection", "subject_id", refusing(vetov1.RegistryService_WithdrawObjection_FullMethodName,
				&vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), SubjectId: id, Channel: vetov1.Channel_CHANNEL_API, Verification: vetov1.Verification_VERIFICATION_VERIFIED}, &vetov1.WithdrawObjectionResponse{})},
			{"GetStanding", "subject_id", refusing(vetov1.RegistryService_GetStanding_FullMethodName, &vetov1.GetStandingRequest{SubjectId: id}, &vetov1.GetStandingResponse{})},
		}
		for _, decider := range p.deciders() {
			doors = append(doors, []struct {
				name, path string
				knock      func(string) (string, bool)
			}{
				{decider.name, "item_id", p.deciding(decider, item(func(i *vetov1.Item) { i.ItemId = id }))},
				{decider.name, "author_id", p.deciding(decider, item(func(i *vetov1.Item) { i.AuthorId = id }))},
				{decider.name, "subjects[1].subject_id", p.deciding(decider, item(func(i *vetov1.Item) {
					i.Subjects = []*vetov1.OtherSubject{{SubjectId: "bob", Role: 1}, {SubjectId: id, Role: 1}}
				}))},
				{decider.name, "content_keys[1]", p.deciding(decider, item(func(i *vetov1.Item) { i.ContentKeys = []string{"sha256:0", id} }))},
			}...)
		}
		for _, door := range doors {
			t.Run(name+"/"+door.name+"/"+door.path, func(t *testing.T) {
				words, alone := door.knock(door.path)
				if !strings.Contains(words, bad.says) || !alone {
					t.Errorf("%s is not refused, or others are with it, or for another reason than %q (words %q)", door.path, bad.says, words)
				}
				if len(words) > 200 || strings.Contains(words, strings.Trim(id, " \n")) && strings.Trim(id, " \n") != "" {
					t.Errorf("the id is told again: %.300q", words)
				}
			})
		}
	}
	t.Run("a good id passes all of them", func(t *testing.T) {
		request := filing("Zoë-東京 1")
		request.ItemIds, request.ContentKeys = []string{"i 1"}, []string{"sha256:0"}
		if _, err := p.objections.FileObjection(t.Context(), request); err != nil {
			t.Error(err)
		}
	})
}

// decider is a door that items come to.
type decider struct {
	name string
	// decide decides the items, in one call where the door takes several.
	decide func(items []*vetov1.Item) ([]vetov1.Reason, []*vetov1.IndexedViolation, error)
	single bool // it takes one at a time
}

// deciders are all such doors.
func (p *platform) deciders() []decider {
	one := func(d *vetov1.Decision, err error) ([]vetov1.Reason, []*vetov1.IndexedViolation, error) {
		var violations []*vetov1.IndexedViolation
		if d.GetViolation() != nil {
			violations = []*vetov1.IndexedViolation{{Violation: d.GetViolation()}}
		}
		return []vetov1.Reason{d.GetReason()}, violations, err
	}
	ctx := context.Background()
	return []decider{
		{"Decide", func(items []*vetov1.Item) ([]vetov1.Reason, []*vetov1.IndexedViolation, error) {
			answer, err := p.decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: training, Item: items[0]})
			return one(answer.GetDecision(), err)
		}, true},
		{"ExplainDecision", func(items []*vetov1.Item) ([]vetov1.Reason, []*vetov1.IndexedViolation, error) {
			answer, err := p.decisions.ExplainDecision(ctx, &vetov1.ExplainDecisionRequest{Purpose: training, Item: items[0]})
			return one(answer.GetDecision(), err)
		}, true},
		{"BatchDecide", func(items []*vetov1.Item) ([]vetov1.Reason, []*vetov1.IndexedViolation, error) {
			answer, err := p.decisions.BatchDecide(ctx, &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: rare()})
			return answer.GetReasons(), answer.GetViolations(), err
		}, false},
		{"StreamDecide", func(items []*vetov1.Item) ([]vetov1.Reason, []*vetov1.IndexedViolation, error) {
			answers, err := p.streamed(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training, MappedFields: rare()}, Items: items})
			if err != nil {
				return nil, nil, err
			}
			return answers[0].GetReasons(), answers[0].GetViolations(), nil
		}, false},
	}
}

// deciding decides one item at a door, between two good ones where the door takes several, and says what its violation
// says of a field. Ok: the item alone is INVALID.
func (p *platform) deciding(door decider, item *vetov1.Item) func(string) (string, bool) {
	return func(path string) (string, bool) {
		items := []*vetov1.Item{post("i0", "bob"), item, post("i2", "bob")}
		want := []vetov1.Reason{vetov1.Reason_REASON_ELIGIBLE, vetov1.Reason_REASON_INVALID, vetov1.Reason_REASON_ELIGIBLE}
		at := int32(1)
		if door.single {
			items, want, at = items[1:2], want[1:2], 0
		}
		reasons, violations, err := door.decide(items)
		if err != nil {
			p.t.Fatalf("%s: %v", door.name, err)
		}
		if !slices.Equal(reasons, want) || len(violations) != 1 || violations[0].GetIndex() != at || violations[0].GetViolation().GetField() != path {
			p.t.Errorf("%s: reasons %v, violations %v; want %v, and %s at %d", door.name, reasons, violations, want, path, at)
			return "", false
		}
		return violations[0].GetViolation().GetMessage(), true
	}
}

func TestFault_I03_ARequestIDIsCarriedOutOnce(t *testing.T) {
	p := start(t, settings{})
	request := filing("ada")
	first, err := p.objections.FileObjection(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	other := proto.CloneOf(request)
	other.SubjectId = "bob"
	again := func(name string) {
		t.Helper()
		answer, err := p.objections.FileObjection(t.Context(), request)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(first, answer, protocmp.Transform()); diff != "" {
			t.Errorf("%s (-first +again):\n%s", name, diff)
		}
		_, err = p.objections.FileObjection(t.Context(), other)
		refused(t, err).want(t, codes.AlreadyExists, "REQUEST_ID_REUSED")
	}
	again("at once")
	p.object("carol")
	again("after another's")

	hundred := filing("dora")
	answers := make([]*vetov1.FileObjectionResponse, 100)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answer, err := p.objections.FileObjection(t.Context(), proto.CloneOf(hundred))
			if err != nil {
				t.Errorf("of a hundred: %v", err)
			}
			answers[i] = answer
		})
	}
	all.Wait()
	for i, answer := range answers {
		if diff := cmp.Diff(answers[0], answer, protocmp.Transform()); diff != "" {
			t.Fatalf("answer %d of a hundred differs (-first +this):\n%s", i, diff)
		}
	}
	want := p.standing("dora")
	if got := len(want.GetObjections()); got != 1 {
		t.Errorf("a hundred requests with one id wrote %d objections, want 1", got)
	}
	head := p.object("emil")

	p.close()
	p = start(t, settings{dir: p.dir})
	again("after a restart")
	if got := p.object("frida"); got != head+1 {
		t.Errorf("the next revision is %d, want %d: something was written twice", got, head+1)
	}
	if got := len(p.standing("bob").GetObjections()); got != 0 {
		t.Errorf("a refused request wrote %d objections", got)
	}
}

func (p *platform) standing(subjectID string) *vetov1.GetStandingResponse {
	p.t.Helper()
	answer, err := p.objections.GetStanding(context.Background(), &vetov1.GetStandingRequest{SubjectId: subjectID, Country: "DE"})
	if err != nil {
		p.t.Fatalf("GetStanding: %v", err)
	}
	return answer
}

func TestFault_I03_EveryWriteTakesItsRequestIDOnce(t *testing.T) {
	p := start(t, settings{})
	withdraw := &vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), SubjectId: "ada", Channel: vetov1.Channel_CHANNEL_API, Verification: vetov1.Verification_VERIFICATION_VERIFIED}
	apply := &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: document + "# again\n"}
	suspend := &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "germany", Reason: "asked to"}
	resume := &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "germany", Reason: "agreed"}
	p.object("ada")
	for _, write := range []struct {
		name  string
		call  func() (proto.Message, error)
		alter func()
	}{
		{"WithdrawObjection", func() (proto.Message, error) { return p.objections.WithdrawObjection(t.Context(), withdraw) }, func() { withdraw.SubjectId = "bob" }},
		{"ApplyPolicy", func() (proto.Message, error) { return p.policies.ApplyPolicy(t.Context(), apply) }, func() { apply.Yaml += "# other\n" }},
		{"SuspendRegime", func() (proto.Message, error) { return p.policies.SuspendRegime(t.Context(), suspend) }, func() { suspend.Reason = "another" }},
		{"ResumeRegime", func() (proto.Message, error) { return p.policies.ResumeRegime(t.Context(), resume) }, func() { resume.Reason = "another" }},
	} {
		t.Run(write.name, func(t *testing.T) {
			first, err := write.call()
			if err != nil {
				t.Fatal(err)
			}
			again, err := write.call()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, again, protocmp.Transform()); diff != "" {
				t.Errorf("the retry (-first +again):\n%s", diff)
			}
			write.alter()
			_, err = write.call()
			refused(t, err).want(t, codes.AlreadyExists, "REQUEST_ID_REUSED")
		})
	}
}

// spoilt are ways to break an item, each with the field that is then INVALID.
var spoilt = []struct {
	field string
	spoil func(*vetov1.Item)
}{
	{"item_id", func(i *vetov1.Item) { i.ItemId = "" }},
	{"kind", func(i *vetov1.Item) { i.Kind = 0 }},
	{"kind", func(i *vetov1.Item) { i.Kind = 999 }},
	{"visibility", func(i *vetov1.Item) { i.Visibility = -1 }},
	{"author_id", func(i *vetov1.Item) { i.AuthorId = "\x07" }},
	{"author_id", func(i *vetov1.Item) { i.AuthorId = "username" }}, // a placeholder of the policy's
	{"subjects[0].role", func(i *vetov1.Item) { i.Subjects = []*vetov1.OtherSubject{{SubjectId: "x", Role: 77}} }},
	{"subjects[0].subject_id", func(i *vetov1.Item) { i.Subjects = []*vetov1.OtherSubject{{}} }},
	{"subjects", func(i *vetov1.Item) {
		i.Subjects = slices.Repeat([]*vetov1.OtherSubject{{SubjectId: "x", Role: 1}}, 513)
	}},
	{"country", func(i *vetov1.Item) { i.Country = "de" }},
	{"created_at", func(i *vetov1.Item) { i.CreatedAt = &timestamppb.Timestamp{Seconds: 1 << 60} }},
	{"author_age", func(i *vetov1.Item) { i.AuthorAge = 151 }},
	{"author_age_at_creation", func(i *vetov1.Item) { i.AuthorAgeAtCreation = -1 }},
	{"author_notified_at", func(i *vetov1.Item) { i.AuthorNotifiedAt = &timestamppb.Timestamp{Nanos: -1} }},
	{"content_keys[0]", func(i *vetov1.Item) { i.ContentKeys = []string{""} }},
	{"size_bytes", func(i *vetov1.Item) { i.SizeBytes = -1 }},
}

func TestFault_P09_OneBadItemAmongTenThousandHarmsNoOther(t *testing.T) {
	p := start(t, settings{})
	p.object("objector")
	items := make([]*vetov1.Item, 10_000)
	for i := range items {
		items[i] = post(fmt.Sprint("i", i), []string{"ada", "objector", "bob"}[i%3])
	}
	ask := func() *vetov1.BatchDecideResponse {
		t.Helper()
		answer, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: append(rare(), "created_at")})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	alone := ask()
	if len(alone.GetReasons()) != len(items) || len(alone.GetViolations()) != 0 {
		t.Fatalf("%d reasons, %d violations", len(alone.GetReasons()), len(alone.GetViolations()))
	}
	for i, s := range spoilt {
		at := (i*2999 + 7) % len(items)
		good := items[at]
		items[at] = proto.CloneOf(good)
		s.spoil(items[at])
		got := ask()
		items[at] = good
		if v := got.GetViolations(); len(v) != 1 || v[0].GetIndex() != int32(at) || v[0].GetViolation().GetField() != s.field {
			t.Errorf("%s: violations %v, want one, at %d", s.field, v, at)
		}
		want := slices.Clone(alone.GetReasons())
		want[at] = vetov1.Reason_REASON_INVALID
		if !slices.Equal(want, got.GetReasons()) {
			t.Errorf("%s: other items are decided otherwise", s.field)
		}
	}
}

func TestFault_P09_ABatchIsDecidedAsItsItemsAlone(t *testing.T) {
	p := start(t, settings{})
	p.object("objector")
	rapid.Check(t, func(t *rapid.T) {
		items := make([]*vetov1.Item, rapid.IntRange(0, 12).Draw(t, "items"))
		for i := range items {
			items[i] = post(fmt.Sprint("i", i), rapid.SampledFrom([]string{"ada", "objector"}).Draw(t, "author"))
			items[i].Country = rapid.SampledFrom([]string{"DE", "DE", "BR", "FR", "XX", ""}).Draw(t, "country")
			if which := rapid.IntRange(0, 2*len(spoilt)).Draw(t, "spoilt"); which < len(spoilt) {
				spoilt[which].spoil(items[i])
			}
		}
		absent := slices.Clone(append(rare(), "item_id", "kind", "visibility", "author_id", "country", "author_age", "author_age_at_creation"))
		batch, err := p.decisions.BatchDecide(context.Background(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, AbsentFields: absent})
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.GetReasons()) != len(items) {
			t.Fatalf("%d reasons for %d items", len(batch.GetReasons()), len(items))
		}
		violations := map[int32]*vetov1.Violation{}
		for _, v := range batch.GetViolations() {
			violations[v.GetIndex()] = v.GetViolation()
		}
		for i, item := range items {
			single, err := p.decisions.Decide(context.Background(), &vetov1.DecideRequest{Purpose: training, Item: item})
			if err != nil {
				t.Fatal(err)
			}
			if want := single.GetDecision(); want.GetReason() != batch.GetReasons()[i] || !proto.Equal(want.GetViolation(), violations[int32(i)]) {
				t.Fatalf("item %d: %s %v in the batch, %s %v alone", i, batch.GetReasons()[i], violations[int32(i)], want.GetReason(), want.GetViolation())
			}
		}
	})
}

func TestFault_P09_AnItemsFaultNeverEndsAStream(t *testing.T) {
	p := start(t, settings{})
	options := &vetov1.BatchOptions{Purpose: training, MappedFields: append(rare(), "created_at")}
	messages := []*vetov1.StreamDecideRequest{{Options: options}}
	for _, s := range spoilt {
		item := post("i1", "ada")
		s.spoil(item)
		messages = append(messages, &vetov1.StreamDecideRequest{Items: []*vetov1.Item{post("i0", "ada"), item}})
	}
	messages = append(messages, &vetov1.StreamDecideRequest{})
	answers, err := p.streamed(messages...)
	if err != nil {
		t.Fatalf("the stream ended after %d answers: %v", len(answers), err)
	}
	if len(answers) != len(messages) || len(answers[0].GetReasons()) != 0 || len(answers[len(answers)-1].GetReasons()) != 0 {
		t.Fatalf("%d answers to %d messages", len(answers), len(messages))
	}
	for i, s := range spoilt {
		got := answers[i+1]
		if !slices.Equal(got.GetReasons(), []vetov1.Reason{vetov1.Reason_REASON_ELIGIBLE, vetov1.Reason_REASON_INVALID}) || got.GetViolations()[0].GetViolation().GetField() != s.field {
			t.Errorf("%s: %v", s.field, got)
		}
	}
}
