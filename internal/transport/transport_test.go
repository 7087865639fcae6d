package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/transport"
	"github.com/veto-gate/veto/internal/transport/certtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhatAClientIsRefused before it connects.
func TestWhatAClientIsRefused(t *testing.T) {
	authority := certtest.New(t)
	certificate, key := authority.Issue(certtest.Names{DNS: "a.example"})
	other, _ := authority.Issue(certtest.Names{DNS: "b.example"})
	token := file(t, "a-token\n")
	for name, c := range map[string]struct {
		client  transport.Client
		address string
		is      error // nil: any
		good    bool
	}{
		"loopback in the clear":            {transport.Client{}, "127.0.0.1:1", nil, true},
		"loopback with a token":            {transport.Client{TokenFile: token}, "[::1]:1", nil, true},
		"beyond, with this machine's":      {transport.Client{TokenFile: token}, "veto.example:1", nil, true},
		"beyond, insecure":                 {transport.Client{Insecure: true}, "veto.example:1", nil, true},
		"beyond, insecure, with a token":   {transport.Client{Insecure: true, TokenFile: token}, "veto.example:1", transport.ErrTokenInTheClear, false},
		"a name that begins like loopback": {transport.Client{Insecure: true, TokenFile: token}, "127.0.0.1.example:1", transport.ErrTokenInTheClear, false},
		"a certificate without its key":    {transport.Client{Certificate: certificate}, "veto.example:1", transport.ErrHalf, false},
		"a key without its certificate":    {transport.Client{Key: key}, "127.0.0.1:1", transport.ErrHalf, false},
		"a key of another certificate":     {transport.Client{Certificate: other, Key: key}, "veto.example:1", nil, false},
		"authorities that are none":        {transport.Client{CA: token}, "veto.example:1", nil, false},
		"authorities that are missing":     {transport.Client{CA: "nowhere"}, "veto.example:1", os.ErrNotExist, false},
		"a token that is missing":          {transport.Client{TokenFile: "nowhere"}, "127.0.0.1:1", os.ErrNotExist, false},
		"no token":                         {transport.Client{TokenFile: file(t, "\n")}, "127.0.0.1:1", transport.ErrNoToken, false},
		"two lines":                        {transport.Client{TokenFile: file(t, "a\nb\n")}, "127.0.0.1:1", transport.ErrNoToken, false},
	} {
		_, err := c.client.Options(c.address)
		if (err == nil) != c.good || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCertificatesAreReloaded: a client that connects after the change is shown the new one, and held against the new authorities.
func TestCertificatesAreReloaded(t *testing.T) {
	before, after := certtest.New(t), certtest.New(t)
	folder := t.TempDir()
	files := transport.ServerFiles{Certificate: filepath.Join(folder, "cert"), Key: filepath.Join(folder, "key"), ClientCA: filepath.Join(folder, "ca")}
	put := func(a *certtest.Authority) {
		t.Helper()
		certificate, key := a.Issue(certtest.Names{DNS: "veto.example"})
		for from, to := range map[string]string{certificate: files.Certificate, key: files.Key, a.File: files.ClientCA} {
			text, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(before)
	certificates, err := transport.OpenCertificates(files)
	if err != nil {
		t.Fatal(err)
	}
	first := certificates.Get()
	if first.MinVersion < tls.VersionTLS12 || first.ClientAuth != tls.VerifyClientCertIfGiven {
		t.Errorf("TLS from version %x, client certificates %v", first.MinVersion, first.ClientAuth)
	}
	ctx, cancel := context.WithCancel(t.Context())
	followed := make(chan error, 1)
	go func() { followed <- certificates.Follow(ctx, slog.New(slog.DiscardHandler)) }()
	put(after)
	for begin := time.Now(); certificates.Get().ClientCAs.Equal(first.ClientCAs); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatal("the change is not seen")
		}
	}
	cancel()
	if err := <-followed; err != nil {
		t.Error(err)
	}
	for name, f := range map[string]transport.ServerFiles{
		"no key":          {Certificate: files.Certificate, Key: files.Certificate},
		"no certificate":  {Certificate: files.Key, Key: files.Key},
		"no authority":    {Certificate: files.Certificate, Key: files.Key, ClientCA: files.Key},
		"a missing file":  {Certificate: files.Certificate, Key: "nowhere"},
		"an empty string": {},
	} {
		if _, err := transport.OpenCertificates(f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
