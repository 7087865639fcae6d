package resolver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/veto-gate/veto/internal/transport"
)

const (
	// DefaultTimeout is how long an answer may take.
	DefaultTimeout = 5 * time.Second
	// maxAnswerBytes bounds an answer.
	maxAnswerBytes = 4 << 10
	// maxTokenBytes bounds a token's file.
	maxTokenBytes = 4 << 10

	matchedWord, notFoundWord, pendingWord = "MATCHED", "NOT_FOUND", "PENDING"
)

// Config is where the platform answers.
type Config struct {
	// URL is asked: https, or http on the loopback address. Empty: nobody is asked.
	URL string
	// TokenFile holds what is sent as `Authorization: Bearer`; empty: nothing is.
	TokenFile string
	// Timeout bounds one question, 100 ms to 1 minute. 0: DefaultTimeout.
	Timeout time.Duration
}

// Flags adds the flags of `veto serve`, and returns their names.
func (c *Config) Flags(flags *pflag.FlagSet) []string {
	flags.StringVar(&c.URL, "resolver", "", "a URL that says whose an identifier is")
	flags.StringVar(&c.TokenFile, "resolver-token-file", "", "a file with the token that is sent to it")
	flags.DurationVar(&c.Timeout, "resolver-timeout", DefaultTimeout, "a duration, e.g. 5s")
	return []string{"resolver", "resolver-token-file", "resolver-timeout"}
}

// platform is who is asked.
type platform struct {
	url, token string
	client     *http.Client
}

func newPlatform(c Config) (*platform, error) {
	at, err := url.Parse(c.URL)
	switch {
	case err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http":
		return nil, errors.New("--resolver: not an https URL, such as https://accounts.example.org/veto/resolve")
	case at.User != nil:
		return nil, errors.New("--resolver: has a user's name in it; give a token with --resolver-token-file")
	case at.Scheme == "http" && !transport.IsLoopback(hostPort(at)):
		return nil, errors.New("--resolver: beyond loopback identifiers would cross the network in the clear; use https")
	case c.Timeout != 0 && (c.Timeout < 100*time.Millisecond || c.Timeout > time.Minute):
		return nil, errors.New("--resolver-timeout: not between 100ms and 1m")
	}
	p := &platform{url: c.URL, client: &http.Client{
		Timeout: c.Timeout,
		// Identifiers go where the operator said, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: atOnce, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute},
	}}
	if p.client.Timeout == 0 {
		p.client.Timeout = DefaultTimeout
	}
	if c.TokenFile != "" {
		token, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("--resolver-token-file: %w", err)
		}
		if p.token = strings.TrimSpace(string(token)); p.token == "" || len(token) > maxTokenBytes || strings.ContainsAny(p.token, " \t\r\n") {
			return nil, fmt.Errorf("--resolver-token-file: %s holds no token on one line", c.TokenFile)
		}
	}
	return p, nil
}

// hostPort is a URL's host with a port, as IsLoopback wants it.
func hostPort(at *url.URL) string {
	if at.Port() != "" {
		return at.Host
	}
	return at.Host + ":80"
}

// question is what is sent.
type question struct {
	ObjectionID string       `json:"objection_id"`
	Identifiers []identifier `json:"identifiers"`
}

type identifier struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// answer is what comes back.
type answer struct {
	Match     string `json:"match"`
	SubjectID string `json:"subject_id"`
}

// answerError says what of an answer is not understood. It holds nothing of the answer.
type answerError struct{ what string }

// Error says what it is.
func (e *answerError) Error() string { return "the resolver's answer: " + e.what }

// ask asks once. An *answerError is this question's; any other error says that the platform does not answer now.
func (p *platform) ask(ctx context.Context, one Waiting) (answer, error) {
	q := question{ObjectionID: one.ObjectionID}
	for _, i := range one.Identifiers {
		q.Identifiers = append(q.Identifiers, identifier{Type: strings.TrimPrefix(i.GetType().String(), "IDENTIFIER_TYPE_"), Value: i.GetValue()})
	}
	body, err := json.Marshal(q)
	if err != nil {
		return answer{}, fmt.Errorf("ask the resolver: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("ask the resolver: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if p.token != "" {
		request.Header.Set("Authorization", "Bearer "+p.token)
	}
	response, err := p.client.Do(request)
	if err != nil {
		if wrong, ok := errors.AsType[*url.Error](err); ok {
			err = wrong.Err // without the address, which may hold a secret
		}
		return answer{}, fmt.Errorf("ask the resolver: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return answer{}, fmt.Errorf("ask the resolver: read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("ask the resolver: status %d, want 200 (401 and 403: look at --resolver-token-file)", response.StatusCode)
	}
	return read(text)
}

// read reads an answer.
func read(text []byte) (answer, error) {
	var a answer
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if len(text) > maxAnswerBytes {
		return answer{}, &answerError{"longer than 4 KiB"}
	}
	if err := decoder.Decode(&a); err != nil || decoder.More() {
		return answer{}, &answerError{`not JSON of the form {"match": "MATCHED", "subject_id": "…"}`}
	}
	switch {
	case a.Match == matchedWord && a.SubjectID == "":
		return answer{}, &answerError{"MATCHED without a subject_id"}
	case (a.Match == notFoundWord || a.Match == pendingWord) && a.SubjectID != "":
		return answer{}, &answerError{"a subject_id, and not MATCHED"}
	case a.Match != matchedWord && a.Match != notFoundWord && a.Match != pendingWord:
		return answer{}, &answerError{"match is none of MATCHED, NOT_FOUND and PENDING"}
	}
	return a, nil
}
