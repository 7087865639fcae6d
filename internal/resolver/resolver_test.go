package resolver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/resolver"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/subject"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute // of a test for what should come at once

// platform is a platform's accounts behind a real HTTP server: what it answers about each address, and what it was asked.
type platform struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]func(http.ResponseWriter, *http.Request)
	asked   map[string]int
	tokens  []string
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{answers: map[string]func(http.ResponseWriter, *http.Request){}, asked: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var question struct {
			ObjectionID string `json:"objection_id"`
			Identifiers []struct{ Type, Value string }
		}
		text, err := io.ReadAll(request.Body)
		if err != nil || json.Unmarshal(text, &question) != nil || len(question.Identifiers) == 0 || question.ObjectionID == "" ||
			question.Identifiers[0].Type != "EMAIL" || request.Method != http.MethodPost || request.Header.Get("Content-Type") != "application/json" {
			t.Errorf("asked %s %q", request.Method, text)
			return
		}
		p.mu.Lock()
		p.asked[question.Identifiers[0].Value]++
		p.tokens = append(p.tokens, request.Header.Get("Authorization"))
		answer := p.answers[question.Identifiers[0].Value]
		p.mu.Unlock()
		answer(w, request)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *platform) says(address, text string) {
	p.does(address, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func (p *platform) does(address string, answer func(http.ResponseWriter, *http.Request)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[address] = answer
}

func (p *platform) times(address string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[address]
}

// register is a real one, at work, with a resolver beside it.
type register struct {
	*registry.Registry
	t   *testing.T
	log safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func start(t *testing.T, c resolver.Config, pending time.Duration) *register {
	t.Helper()
	dir := t.TempDir()
	log, err := sqlite.Open(t.Context(), sqlite.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := subject.CreateSecret(filepath.Join(dir, "secret.key"), ones{})
	if err != nil {
		t.Fatal(err)
	}
	keys := secret.Keys()
	if err := registry.Bind(t.Context(), log, keys, "veto.test/resolver", time.Now); err != nil {
		t.Fatal(err)
	}
	r := &register{t: t}
	if r.Registry, err = registry.New(log, keys, registry.Config{}); err != nil {
		t.Fatal(err)
	}
	asking, err := resolver.New(c, slog.New(slog.NewTextHandler(&r.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	asking.AskAgainAfter(pending)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	running.Go(func() { _ = asking.Run(ctx, r.Registry) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	r.eventually("a fresh view", func() bool { _, err := r.View(); return err == nil })
	return r
}

type ones struct{}

func (ones) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{1}, len(p))), nil }

func (r *register) eventually(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func (r *register) files(address string) string {
	r.t.Helper()
	response, err := r.FileObjection(r.t.Context(), registry.Actor{Name: "form", Role: "REGISTER"}, &vetov1.FileObjectionRequest{
		RequestId: uuid.NewString(), Channel: vetov1.Channel_CHANNEL_WEB_FORM,
		Identifiers: []*vetov1.Identifier{{Type: vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: address}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return response.GetObjection().GetObjectionId()
}

// stands is how a filing's match stands.
func (r *register) stands(id string) vetov1.Match {
	r.t.Helper()
	list, err := r.Objections(r.t.Context(), &vetov1.ListObjectionsRequest{PageSize: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, o := range list.GetObjections() {
		if o.GetObjectionId() == id {
			return o.GetMatch()
		}
	}
	r.t.Fatalf("%s is not listed", id)
	return 0
}

const (
	matched  = vetov1.Match_MATCH_MATCHED
	pending  = vetov1.Match_MATCH_PENDING
	notFound = vetov1.Match_MATCH_NOT_FOUND
)

func TestThePlatformSaysWhoseTheyAre(t *testing.T) {
	p := newPlatform(t)
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte("a-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, resolver.Config{URL: p.URL + "/resolve", TokenFile: tokenFile}, time.Hour)
	p.says("found@example.org", `{"match": "MATCHED", "subject_id": "marie"}`)
	p.says("nobody@example.org", `{"match": "NOT_FOUND"}`)
	p.says("open@example.org", `{"match": "PENDING"}`)
	found, nobody, open := r.files("found@example.org"), r.files("nobody@example.org"), r.files("open@example.org")
	r.eventually("the matches", func() bool { return r.stands(found) == matched && r.stands(nobody) == notFound })
	standing, err := r.Standing(t.Context(), &vetov1.GetStandingRequest{SubjectId: "marie"})
	if err != nil || len(standing.GetObjections()) != 1 || standing.GetObjections()[0].GetObjectionId() != found {
		t.Errorf("the standing: %v, %v", standing, err)
	}
	r.eventually("the third question", func() bool { return p.times("open@example.org") > 0 })
	later := r.files("found@example.org") // whose answer shows that more rounds were made
	r.eventually("the next match", func() bool { return r.stands(later) == matched })
	if got := p.times("open@example.org"); got != 1 || r.stands(open) != pending {
		t.Errorf("what the platform left open was asked %d times, and is %v", got, r.stands(open))
	}
	if p.times("found@example.org") != 2 || p.times("nobody@example.org") != 1 {
		t.Errorf("asked %v", p.asked)
	}
	for _, token := range p.tokens {
		if token != "Bearer a-token" {
			t.Errorf("the token sent: %q", token)
		}
	}
	if got := r.log.String(); strings.Contains(got, "example.org") || strings.Contains(got, "marie") {
		t.Errorf("the log tells who it is:\n%s", got)
	}
}

// Whatever goes wrong, the filing stays PENDING, is asked about again, and keeps nobody else waiting for good.
func TestWhatCannotBeAnsweredStaysPending(t *testing.T) {
	p := newPlatform(t)
	r := start(t, resolver.Config{URL: p.URL, Timeout: 100 * time.Millisecond}, time.Millisecond)
	elsewhere := newPlatform(t)
	elsewhere.does("moved@example.org", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	p.does("moved@example.org", func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	p.does("slow@example.org", func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() })
	p.does("broken@example.org", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	for _, address := range []string{"moved@example.org", "slow@example.org", "broken@example.org"} {
		id := r.files(address)
		r.eventually(address+" asked twice", func() bool { return p.times(address) > 1 })
		if got := r.stands(id); got != pending {
			t.Errorf("%s: %v", address, got)
		}
		p.says(address, `{"match": "MATCHED", "subject_id": "marie"}`)
		r.eventually(address+" matched", func() bool { return r.stands(id) == matched })
	}
	p.says("garbage@example.org", `{"match": "MAYBE"}`)
	p.says("placeholder@example.org", `{"match": "MATCHED", "subject_id": " marie"}`)
	p.says("good@example.org", `{"match": "MATCHED", "subject_id": "marie"}`)
	garbage, placeholder, good := r.files("garbage@example.org"), r.files("placeholder@example.org"), r.files("good@example.org")
	r.eventually("the good one", func() bool { return r.stands(good) == matched && p.times("garbage@example.org") > 0 })
	if r.stands(garbage) != pending || r.stands(placeholder) == matched {
		t.Errorf("garbage: %v, a subject_id that is none: %v", r.stands(garbage), r.stands(placeholder))
	}
	if got := r.log.String(); strings.Contains(got, "example.org") || !strings.Contains(got, "not used") || !strings.Contains(got, "not answered") {
		t.Errorf("the log:\n%s", got)
	}
}

// One question that the platform cannot answer keeps no other waiting; where it answers none, each is asked again once it does.
func TestOneQuestionThatFailsHoldsUpNoOther(t *testing.T) {
	p := newPlatform(t)
	r := start(t, resolver.Config{URL: p.URL}, time.Hour)
	fails := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	p.does("poison@example.org", fails)
	poison := r.files("poison@example.org")
	r.eventually("the one that fails", func() bool { return p.times("poison@example.org") > 0 })
	var good []string
	for n := range 30 {
		address := fmt.Sprintf("good-%d@example.org", n)
		p.says(address, `{"match": "MATCHED", "subject_id": "marie"}`)
		good = append(good, r.files(address))
	}
	for _, id := range good {
		r.eventually("a good one", func() bool { return r.stands(id) == matched })
	}
	if asked := p.times("poison@example.org"); r.stands(poison) != pending || asked > 20 {
		t.Errorf("the one that fails is %v, and was asked about %d times", r.stands(poison), asked)
	}

	var down []string
	for n := range 20 {
		address := fmt.Sprintf("down-%d@example.org", n)
		p.does(address, fails)
		down = append(down, r.files(address))
	}
	r.eventually("that it is down", func() bool { return strings.Contains(r.log.String(), "cannot be matched now") })
	for n := range down {
		p.says(fmt.Sprintf("down-%d@example.org", n), `{"match": "MATCHED", "subject_id": "marie"}`)
	}
	for _, id := range down {
		r.eventually("one that was not answered", func() bool { return r.stands(id) == matched })
	}
}

// A resolver that is begun anew knows of what waited before, and one that an officer was quicker than is content.
func TestTheOfficerWasQuicker(t *testing.T) {
	p := newPlatform(t)
	r := start(t, resolver.Config{URL: p.URL}, time.Hour)
	asked, goOn := make(chan struct{}), make(chan struct{})
	p.does("marie@example.org", func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-goOn
		_, _ = io.WriteString(w, `{"match": "MATCHED", "subject_id": "another"}`)
	})
	id := r.files("marie@example.org")
	<-asked
	if _, err := r.MatchIdentifier(t.Context(), registry.Actor{Name: "desk", Role: "OFFICER"}, &vetov1.MatchIdentifierRequest{RequestId: uuid.NewString(), ObjectionId: id, SubjectId: "marie"}); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	p.says("next@example.org", `{"match": "NOT_FOUND"}`)
	next := r.files("next@example.org")
	r.eventually("the next", func() bool { return r.stands(next) == notFound })
	if got := r.log.String(); got != "" || p.times("marie@example.org") != 1 {
		t.Errorf("asked %d times; the log: %s", p.times("marie@example.org"), got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]resolver.Config{
		"a token for nobody":      {TokenFile: empty},
		"no URL":                  {URL: "accounts"},
		"another scheme":          {URL: "ftp://accounts.example.org/"},
		"in the clear":            {URL: "http://accounts.example.org/"},
		"a password in it":        {URL: "https://veto:secret@accounts.example.org/"},
		"a timeout of nothing":    {URL: "https://accounts.example.org/", Timeout: time.Millisecond},
		"a timeout of an hour":    {URL: "https://accounts.example.org/", Timeout: time.Hour},
		"a token that is not":     {URL: "https://accounts.example.org/", TokenFile: "missing"},
		"a token's file of space": {URL: "https://accounts.example.org/", TokenFile: empty},
	} {
		if r, err := resolver.New(c, slog.New(slog.DiscardHandler)); err == nil || r != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v", what, r, err)
		}
	}
	for _, u := range []string{"", "https://accounts.example.org/resolve?v=1", "http://127.0.0.1:9000/", "http://[::1]:9000/", "http://localhost/"} {
		if _, err := resolver.New(resolver.Config{URL: u}, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("%q: %v", u, err)
		}
	}
	nobody, _ := resolver.New(resolver.Config{}, slog.New(slog.DiscardHandler))
	if err := nobody.Run(t.Context(), nil); err != nil {
		t.Errorf("nobody is asked: %v", err)
	}
}

// FuzzRead: an answer is one of three, and only MATCHED has a subject.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"match":"MATCHED","subject_id":"a"}`, `{"match":"NOT_FOUND"}`, `{"match":"PENDING","subject_id":""}`, `{}`, `[]`, `{"match":"MATCHED"}{}`, "\xff", `{"match":"NOT_FOUND","subject_id":"a"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		match, id, err := resolver.Read(text)
		if err != nil && (match != "" || id != "") || err == nil && (match == "MATCHED") != (id != "") {
			t.Errorf("%q: %q, %q, %v", text, match, id, err)
		}
		if err == nil && match != "MATCHED" && match != "NOT_FOUND" && match != "PENDING" {
			t.Errorf("%q: %q", text, match)
		}
	})
}
