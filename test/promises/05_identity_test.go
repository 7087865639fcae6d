package promises_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/uuid"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// canaries are ids that stand nowhere else in the world. A trace of one is a trace of a person.
var canaries = struct{ subjects, items, contentKeys []string }{
	subjects: []string{
		"canary-subject-7f3k92qm", "Anna.Canária-Ðürst+ünïcode@exämple.invalid", "КАНАРЕЙКА-субъект-4711", "金丝雀主题四七一一号",
		strings.Repeat("ß", 60) + "CANARY-of-256-bytes" + strings.Repeat("ẞ", 39),
	},
	items:       []string{"canary-item-55aa/πολύ-μακρύ", "CANARY-ITEM-UPPER-9981"},
	contentKeys: []string{"sha256:canary-content-0badcafe", "pdq:CANARY-Ключ-содержимого"},
}

func allCanaries() []string {
	return append(append(append([]string{}, canaries.subjects...), canaries.items...), canaries.contentKeys...)
}

// traces are the forms in which an id could have been written: as text in either case, in the escapes and encodings of the formats at hand, and
// by hashes that need no key.
func traces(id string) map[string][]byte {
	found := map[string][]byte{}
	add := func(form, text string) {
		if text != "" {
			found[form] = []byte(text)
		}
	}
	for variant, text := range map[string]string{"": id, " in lower case": strings.ToLower(id), " in upper case": strings.ToUpper(id)} {
		add("text"+variant, text)
		add("hexadecimal"+variant, hex.EncodeToString([]byte(text)))
		add("upper hexadecimal"+variant, strings.ToUpper(hex.EncodeToString([]byte(text))))
		add("UTF-16LE"+variant, utf16Of(text, 0, 8))
		add("UTF-16BE"+variant, utf16Of(text, 8, 0))
		add("UTF-16LE in hexadecimal"+variant, hex.EncodeToString([]byte(utf16Of(text, 0, 8))))
		add("base32"+variant, strings.TrimRight(base32.StdEncoding.EncodeToString([]byte(text)), "="))
		add("URL"+variant, url.QueryEscape(text))
		add("URL path"+variant, url.PathEscape(text))
		quoted, _ := json.Marshal(text)
		add("JSON"+variant, strings.Trim(string(quoted), `"`))
		add("Go"+variant, strings.Trim(strconv.QuoteToASCII(text), `"`))
		for skip := range 3 { // base64 of a text that has the id at any place
			for name, encoding := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
				encoded := encoding.EncodeToString([]byte(text)[skip : skip+(len(text)-skip)/3*3])
				add(fmt.Sprintf("%s from byte %d%s", name, skip, variant), encoded)
			}
		}
		for name, sum := range map[string][]byte{"SHA-256": sha256Of(text), "SHA-1": sha1Of(text), "MD5": md5Of(text)} {
			found[name+variant] = sum
			add(name+" in hexadecimal"+variant, hex.EncodeToString(sum))
		}
	}
	return found
}

func sha256Of(text string) []byte { sum := sha256.Sum256([]byte(text)); return sum[:16] } // also where it is cut to a key's length
func sha1Of(text string) []byte   { sum := sha1.Sum([]byte(text)); return sum[:16] }
func md5Of(text string) []byte    { sum := md5.Sum([]byte(text)); return sum[:] }

// utf16Of writes each unit as two bytes, shifted by so many bits.
func utf16Of(text string, first, second int) string {
	var b bytes.Buffer
	for _, unit := range utf16.Encode([]rune(text)) {
		b.Write([]byte{byte(unit >> first), byte(unit >> second)})
	}
	return b.String()
}

// noTrace looks for every form of every canary.
func noTrace(t *testing.T, where string, text []byte) {
	t.Helper()
	for n, id := range allCanaries() {
		for form, trace := range traces(id) {
			if at := bytes.Index(text, trace); at >= 0 {
				t.Errorf("%s has canary %d as %s at byte %d", where, n, form, at)
			}
		}
	}
}

// TestTracesAreFound guards the guard: each form is found where it is.
func TestTracesAreFound(t *testing.T) {
	for n, id := range allCanaries() {
		forms := traces(id)
		if len(forms) < 40 {
			t.Errorf("canary %d is looked for in %d forms only", n, len(forms))
		}
		for form, trace := range forms {
			if len(trace) < 8 {
				t.Errorf("canary %d as %s is %d bytes long: it would be found by chance", n, form, len(trace))
			}
		}
		for skip := range 3 {
			text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + id))
			if !bytes.Contains([]byte(text), forms[fmt.Sprintf("base64 from byte %d", (3-skip)%3)]) {
				t.Errorf("canary %d is not found in base64 after %d bytes", n, skip)
			}
		}
	}
}

// said gathers everything that a platform says to its callers.
type said struct {
	answers, errors bytes.Buffer
	refused         int
}

// hear keeps an answer, or an error with its details.
func (s *said) hear(answer proto.Message, err error) {
	if err != nil {
		s.refused++
		fmt.Fprintln(&s.errors, err.Error())
		for _, detail := range status.Convert(err).Details() {
			fmt.Fprintf(&s.errors, "%+v\n", detail)
			if m, ok := detail.(proto.Message); ok {
				keepWire(&s.errors, m)
			}
		}
		return
	}
	fmt.Fprintf(&s.answers, "%+v\n", answer)
	keepWire(&s.answers, answer)
}

func keepWire(to *bytes.Buffer, m proto.Message) {
	wire, err := proto.Marshal(m)
	if err != nil {
		wire = []byte(err.Error())
	}
	to.Write(wire)
}

// TestNoIDIsWrittenAnywhere files, withdraws, asks, decides, explains and provokes every error it can with ids that stand nowhere else. Then it
// searches every byte of the data directory while it is open, after a crash, and after it was closed; the log at DEBUG; and all that was said.
func TestNoIDIsWrittenAnywhere(t *testing.T) {
	p := start(t, settings{})
	var s said
	for n, id := range canaries.subjects {
		p.liveWith(t, &s, id, n)
	}
	for _, id := range allCanaries() {
		p.provoke(&s, id)
	}
	if s.refused < 20*len(allCanaries()) {
		t.Errorf("only %d errors were provoked", s.refused)
	}
	noTrace(t, "what was answered", s.answers.Bytes())
	noTrace(t, "what was said of errors", s.errors.Bytes())
	searchDirectory(t, p, "the open directory")
	crashed := start(t, settings{dir: copied(t, p.dir)})
	noTrace(t, "the log after a crash", crashed.lines.bytes())
	p.stop(t)
	searchDirectory(t, p, "the closed directory")
	if written := p.lines.bytes(); !bytes.Contains(written, []byte("FileObjection")) {
		t.Error("the log at DEBUG says nothing of the calls: searching it shows nothing")
	} else {
		noTrace(t, "the log at DEBUG", written)
	}
}

// liveWith is what a person does, and what is done with their content.
func (p *platform) liveWith(t *testing.T, s *said, id string, n int) {
	t.Helper()
	ctx := context.Background()
	item, key := canaries.items[n%len(canaries.items)], canaries.contentKeys[n%len(canaries.contentKeys)]
	filed := p.object(t, filing(id))
	s.hear(filed, nil)
	s.hear(p.object(t, filing(id, verified, about(training))), nil)
	named := func(r *vetov1.FileObjectionRequest) { r.ItemIds, r.ContentKeys = []string{item, id}, []string{key, id} }
	s.hear(p.object(t, filing(id, named)), nil)
	s.hear(p.object(t, filing("", named, verified)), nil)
	p.liveUnknown(t, s, id, n)
	s.hear(p.objections.GetStanding(ctx, &vetov1.GetStandingRequest{SubjectId: id, Country: "FR"}))
	content := post(id, func(i *vetov1.Item) {
		i.ItemId, i.ContentKeys = item, []string{key}
		i.Subjects = []*vetov1.OtherSubject{{SubjectId: id, Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED}}
	})
	for _, one := range []*vetov1.Item{content, post("nobody", func(i *vetov1.Item) { i.Subjects = content.Subjects }), post(id, in("US")), post(id, in("??"))} {
		s.hear(p.decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: training, Item: one, AcceptRedactions: true}))
		s.hear(p.decisions.ExplainDecision(ctx, &vetov1.ExplainDecisionRequest{Purpose: training, Item: one}))
		s.hear(p.decisions.BatchDecide(ctx, &vetov1.BatchDecideRequest{Purpose: training, Items: []*vetov1.Item{one}, MappedFields: itemFields()}))
	}
	s.hear(batch(t, p.stream(t), &vetov1.StreamDecideRequest{Options: options(), Items: []*vetov1.Item{content}}), nil)
	s.hear(p.withdraw(t, withdrawal(id, func(r *vetov1.WithdrawObjectionRequest) { r.Verification = 0 })), nil)
	s.hear(p.withdraw(t, withdrawal("", func(r *vetov1.WithdrawObjectionRequest) { r.ProofReceipt = filed.GetReceipt() })), nil)
	s.hear(p.withdraw(t, withdrawal(id)), nil)
}

// liveUnknown is what is done with somebody who gives an address, a handle and where to answer in place of an id. Of one some is left as it was filed, of one
// it is matched, of one nobody is found, and one is answered. What is sealed is shown to an officer, and is asked for here to see that it is there.
func (p *platform) liveUnknown(t *testing.T, s *said, id string, n int) {
	t.Helper()
	filed := p.object(t, filing("", func(r *vetov1.FileObjectionRequest) {
		r.ReplyTo, r.AlsoAsks = id, []vetov1.AlsoAsk{vetov1.AlsoAsk_ALSO_ASK_ACCESS}
		r.Identifiers = []*vetov1.Identifier{
			{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_HANDLE, Value: id}, {Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: id + "@example.invalid"},
		}
	}))
	s.hear(filed, nil)
	number := filed.GetObjection().GetObjectionId()
	shown := p.queue(t)
	if last := shown[len(shown)-1]; last.GetReplyTo() != id || last.GetIdentifiers()[0].GetValue() != id {
		t.Errorf("canary %d is not shown to an officer: the search has nothing to find", n)
	}
	switch n % 4 {
	case 1:
		s.hear(p.matches(t, number, id), nil)
	case 2:
		s.hear(p.matches(t, number, ""), nil)
	case 3:
		s.hear(p.objections.DecideObjection(context.Background(), &vetov1.DecideObjectionRequest{RequestId: uuid.NewString(), ObjectionId: number, AnsweredAt: timestamppb.Now()}))
	}
	s.hear(p.objections.MatchIdentifier(context.Background(), &vetov1.MatchIdentifierRequest{RequestId: uuid.NewString(), ObjectionId: number, SubjectId: id + "\x00"}))
	s.hear(p.objections.DecideObjection(context.Background(), &vetov1.DecideObjectionRequest{RequestId: uuid.NewString(), ObjectionId: id[:12], Grounds: id}))
	s.hear(p.objections.ListObjections(context.Background(), &vetov1.ListObjectionsRequest{Queue: true}))
}

// provoke sends an id, whole or spoilt, in every field that takes text.
func (p *platform) provoke(s *said, id string) {
	ctx := context.Background()
	for _, wrong := range []string{id + "\x00", id + "\u202e", " " + id, id + strings.Repeat("x", 256)} {
		for _, change := range []func(*vetov1.FileObjectionRequest){
			func(r *vetov1.FileObjectionRequest) { r.SubjectId = wrong },
			func(r *vetov1.FileObjectionRequest) { r.ItemIds = []string{wrong} },
			func(r *vetov1.FileObjectionRequest) { r.ContentKeys = []string{wrong} },
		} {
			s.hear(p.objections.FileObjection(ctx, filing("somebody", change)))
		}
		s.hear(p.objections.GetStanding(ctx, &vetov1.GetStandingRequest{SubjectId: wrong}))
		s.hear(p.objections.WithdrawObjection(ctx, withdrawal(wrong)))
		for _, field := range []func(*vetov1.Item){
			func(i *vetov1.Item) { i.AuthorId = wrong },
			func(i *vetov1.Item) { i.ItemId = wrong },
			func(i *vetov1.Item) { i.ContentKeys = []string{wrong} },
			func(i *vetov1.Item) { i.Country = wrong },
			func(i *vetov1.Item) {
				i.Subjects = []*vetov1.OtherSubject{{SubjectId: wrong, Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, Country: wrong}}
			},
		} {
			s.hear(p.decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: training, Item: post("somebody", field)}))
			s.hear(p.decisions.ExplainDecision(ctx, &vetov1.ExplainDecisionRequest{Purpose: training, Item: post("somebody", field)}))
		}
	}
	for _, change := range []func(*vetov1.FileObjectionRequest){
		func(r *vetov1.FileObjectionRequest) { r.RequestId = id },
		func(r *vetov1.FileObjectionRequest) { r.Country = id },
		func(r *vetov1.FileObjectionRequest) { r.Purposes = []string{id} },
		func(r *vetov1.FileObjectionRequest) { r.LinkedSubjectIds = []string{id} },
		func(r *vetov1.FileObjectionRequest) { r.ReplyTo = id + "\n" },
		func(r *vetov1.FileObjectionRequest) {
			r.Identifiers = []*vetov1.Identifier{{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: id}}
		},
		func(r *vetov1.FileObjectionRequest) { r.CaseReference = id + "\n" },
		func(r *vetov1.FileObjectionRequest) { r.NoticeVersion = id + strings.Repeat("x", 256) },
		func(r *vetov1.FileObjectionRequest) { r.ItemIds = []string{id, id} },
	} {
		s.hear(p.objections.FileObjection(ctx, filing(id, change)))
	}
	again := filing(id, verified)
	s.hear(p.objections.FileObjection(ctx, again))
	again.Country = "DE"
	s.hear(p.objections.FileObjection(ctx, again))
	s.hear(p.objections.WithdrawObjection(ctx, withdrawal(id, func(r *vetov1.WithdrawObjectionRequest) { r.ObjectionId = id[:8] })))
	s.hear(p.objections.WithdrawObjection(ctx, withdrawal(id, func(r *vetov1.WithdrawObjectionRequest) {
		r.ProofReceipt = &vetov1.Receipt{Leaf: []byte(id), Salt: make([]byte, 32), Revision: 1}
	})))
	s.hear(p.decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: id, Item: post(id)}))
	s.hear(p.decisions.BatchDecide(ctx, &vetov1.BatchDecideRequest{Purpose: training, Items: []*vetov1.Item{post(id)}}))
	s.hear(p.decisions.BatchDecide(ctx, &vetov1.BatchDecideRequest{Purpose: training, Items: []*vetov1.Item{post(id)}, MappedFields: []string{id}}))
	s.hear(p.policies.SuspendRegime(ctx, suspending(id)))
	s.hear(p.policies.SuspendRegime(ctx, suspending("europe", id)))
	s.hear(p.policies.ApplyPolicy(ctx, &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: id}))
	s.hear(p.policies.ApplyPolicy(ctx, applying(strings.Replace(rules, "legal_basis: LEGITIMATE_INTERESTS", "legal_basis: "+strconv.Quote(id), 1))))
	s.hear(p.policies.ApplyPolicy(ctx, applying(strings.Replace(rules, "minimum_age:", strconv.Quote(id)+":", 1))))
}

// searchDirectory reads every byte of every file, and makes sure that what must be there is found by the same search.
func searchDirectory(t *testing.T, p *platform, where string) {
	t.Helper()
	files, hashes := 0, 0
	err := filepath.WalkDir(p.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		noTrace(t, where+", "+entry.Name(), text)
		for _, id := range canaries.subjects {
			key := p.keys.Subject(id)
			if bytes.Contains(text, key[:]) {
				hashes++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 3 || hashes < len(canaries.subjects) {
		t.Errorf("%s: %d files, and keyed hashes of %d of %d people: the search does not reach them", where, files, hashes, len(canaries.subjects))
	}
}

// TestOneIDIsDifferentBytesInTwoRegisters files the same in two registers: with the one's hashes nobody learns anything of the other's.
func TestOneIDIsDifferentBytesInTwoRegisters(t *testing.T) {
	const name = "one-name-for-everything"
	request := filing(name, verified, func(r *vetov1.FileObjectionRequest) { r.ItemIds, r.ContentKeys = []string{name}, []string{name} })
	var sides []event.Event
	for range 2 {
		p := start(t, settings{})
		sides = append(sides, p.event(t, p.object(t, request).GetReceipt().GetRevision()))
	}
	seen := map[string]string{}
	for n, e := range sides {
		values := map[string]string{
			"subject": string(e.Side.Subject[:]), "item": string(e.Side.Items[0][:]), "content key": string(e.Side.ContentKeys[0][:]),
			"person": string(e.Leaf.Person[:]), "record": string(e.Leaf.Record[:]), "salt": string(e.Side.Salt[:]), "record salt": string(e.Side.RecordSalt[:]),
			"objection id": string(e.Side.ObjectionID),
		}
		for i, blinded := range e.Side.Person {
			values[fmt.Sprint("blinded ", i, " ", blinded.Tag)] = string(blinded.Sum[:])
		}
		for what, value := range values {
			where := fmt.Sprintf("register %d, %s", n, what)
			if other, ok := seen[value]; ok {
				t.Errorf("%s is the same bytes as %s", where, other)
			}
			seen[value] = where
		}
	}
}

// event reads one event of the log.
func (p *platform) event(t testing.TB, revision uint64) event.Event {
	t.Helper()
	entry := p.entries(t)[revision-1]
	e, err := event.Open(entry.Leaf, entry.Side)
	if err != nil {
		t.Fatalf("open the event at revision %d: %v", revision, err)
	}
	return e
}

// entries are all events, in order.
func (p *platform) entries(t testing.TB) []store.Entry {
	t.Helper()
	var all []store.Entry
	for entry, err := range p.db.Read(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry)
	}
	return all
}

// TestThePublicPartDoesNotTellOnePersonFromAnother compares leaves, which everybody may see: two of one person have nothing more in common than
// two of two people.
func TestThePublicPartDoesNotTellOnePersonFromAnother(t *testing.T) {
	p := start(t, settings{})
	for _, id := range []string{"anna", "anna", "bert"} {
		p.object(t, filing(id))
	}
	entries := p.entries(t)
	leaves := entries[len(entries)-3:]
	common := func(a, b store.Entry) (shared []string) {
		for line := range strings.Lines(string(a.Leaf)) {
			if strings.Contains(string(b.Leaf), line) {
				shared = append(shared, line)
			}
		}
		return shared
	}
	same, other := common(leaves[0], leaves[1]), common(leaves[0], leaves[2])
	if got, want := strings.Join(same, ""), strings.Join(other, ""); got != want {
		t.Errorf("two leaves of one person share\n%sand two of two people\n%s", got, want)
	}
	for _, line := range same {
		if strings.HasPrefix(line, "person") || strings.HasPrefix(line, "record") {
			t.Errorf("two events of one person share the line %q", line)
		}
	}
}
