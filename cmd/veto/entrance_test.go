package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/veto-gate/veto/internal/transport/certtest"
)

// TestWhatLetsAnyoneInIsRefused before anything is made.
func TestWhatLetsAnyoneInIsRefused(t *testing.T) {
	roles := filepath.Join(t.TempDir(), "roles.yaml")
	if err := os.WriteFile(roles, []byte("callers:\n- {name: a, roles: [no]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"beyond loopback":                 {[]string{"--listen", "0.0.0.0:0"}, exitUsage, "everyone who reaches the port would be its admin"},
		"beyond loopback, insecure":       {[]string{"--listen", ":0", "--insecure"}, exitUsage, "everyone who reaches the port would be its admin"},
		"beyond loopback without TLS":     {[]string{"--listen", "[::]:0", "--roles", roles}, exitUsage, "ids would cross the network in the clear"},
		"a certificate without its key":   {[]string{"--tls-cert", roles}, exitUsage, "--tls-cert and --tls-key go together"},
		"authorities without TLS":         {[]string{"--tls-client-ca", roles}, exitUsage, "--tls-client-ca needs"},
		"no port":                         {[]string{"--listen", "localhost"}, exitUsage, "not of the form HOST:PORT"},
		"a roles file with faults":        {[]string{"--roles", roles}, exitFailed, "line 2: roles: the roles are decide"},
		"a roles file that is missing":    {[]string{"--roles", "nowhere.yaml"}, exitFailed, "no such file"},
		"a certificate that is no such":   {[]string{"--tls-cert", roles, "--tls-key", roles}, exitFailed, "TLS: "},
		"a client's half of two":          {nil, exitUsage, "a client's certificate and its key go together"},
		"a client's token in the clear":   {nil, exitUsage, "a token is not sent without TLS"},
		"a client's address with no port": {nil, exitUsage, "--addr: not of the form HOST:PORT"},
	} {
		data := filepath.Join(t.TempDir(), "data")
		args := append([]string{"serve", "--data", data}, c.args...)
		switch name {
		case "a client's half of two":
			args = []string{"standing", "ada", "--client-cert", roles}
		case "a client's token in the clear":
			args = []string{"standing", "ada", "--addr", "veto.example:1", "--insecure", "--token-file", roles}
		case "a client's address with no port":
			args = []string{"standing", "ada", "--addr", "veto.example"}
		}
		_, stderr := veto(t, c.exit, args...)
		if !strings.Contains(stderr, c.says) || !strings.Contains(stderr, "\nhint: ") {
			t.Errorf("%s: want %q and a hint\n%s", name, c.says, stderr)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("%s: a data directory was made", name)
		}
	}
}

// TestCallersOfTheRealServer: beyond loopback with TLS, a settings page with a token that may say VERIFIED, a job with a certificate that may decide, and a
// form that may do neither; and a caller who is taken out of the file is out at once.
func TestCallersOfTheRealServer(t *testing.T) {
	authority := certtest.New(t)
	certificate, key := authority.Issue(certtest.Names{DNS: "veto.internal.example"})
	jobCertificate, jobKey := authority.Issue(certtest.Names{URI: "spiffe://example.org/job"})
	folder := t.TempDir()
	token := func(name string) (file, sum string) {
		text := name + "-token-of-at-least-32-characters"
		file = filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256([]byte(text))
		return file, hex.EncodeToString(hash[:])
	}
	page, pageSum := token("page")
	form, formSum := token("form")
	roles := filepath.Join(folder, "roles.yaml")
	const head = "callers:\n  - {name: job, roles: [decide], certificates: [\"spiffe://example.org/job\"]}\n"
	both := head + "  - {name: page, roles: [verify], tokens_sha256: [" + pageSum + "]}\n  - {name: form, roles: [register], tokens_sha256: [" + formSum + "]}\n"
	if err := os.WriteFile(roles, []byte(both), 0o600); err != nil {
		t.Fatal(err)
	}
	_, data := corpusAndRegister(t)
	p := start(t, build(t), data, "--listen", "0.0.0.0:0", "--roles", roles, "--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", authority.File)
	_, port, _ := strings.Cut(strings.TrimPrefix(p.address, "[::]"), ":")
	to := func(args ...string) []string {
		return append(args, "--addr", "127.0.0.1:"+port, "--tls-ca", authority.File)
	}
	asPage := func(args ...string) []string { return append(to(args...), "--token-file", page) }
	asForm := func(args ...string) []string { return append(to(args...), "--token-file", form) }
	asJob := func(args ...string) []string {
		return append(to(args...), "--client-cert", jobCertificate, "--client-key", jobKey)
	}
	post := []string{"decide", "--item-id", "i", "--kind", "POST", "--visibility", "PUBLIC", "--author", "ada", "--country", "DE", "--age", "30"}
	refused := func(says string, args []string) {
		t.Helper()
		if _, stderr := veto(t, exitFailed, args...); !strings.Contains(stderr, says) {
			t.Errorf("%s: want %q\n%s", args[0], says, stderr)
		}
	}

	veto(t, exitDone, asForm("object", "ada", "--country", "DE")...)
	if stdout, _ := veto(t, exitDone, asJob(post...)...); !strings.Contains(stdout, "OBJECTED") {
		t.Error(stdout)
	}
	refused("saying VERIFIED needs one of the roles verify", asForm("object", "eve", "--verified"))
	refused("this method needs one of the roles verify,officer,dpo,admin", asForm("standing", "ada"))
	refused("this method needs one of the roles decide,dataset,admin", asPage(post...))
	refused("has neither", to("standing", "ada"))
	veto(t, exitDone, asPage("standing", "ada")...)
	veto(t, exitDone, asPage("withdraw", "ada", "--verified")...)
	if stdout, _ := veto(t, exitDone, asJob(post...)...); strings.Contains(stdout, "OBJECTED") {
		t.Error(stdout)
	}

	if err := os.WriteFile(roles, []byte(head), 0o600); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if code, _, _ := said(t, asPage("standing", "ada")...); code == exitFailed {
			break
		}
		if time.Since(begin) > readyPatience {
			t.Fatal("a caller who was taken out is still let in")
		}
	}
	veto(t, exitDone, asJob(post...)...)
	if code := p.stop(); code != exitDone {
		t.Errorf("exit %d\n%s", code, p.stderr)
	}
	for _, secret := range []string{"page-token", "form-token", pageSum, "ada"} {
		if strings.Contains(p.stderr.String(), secret) {
			t.Errorf("the log holds %q\n%s", secret, p.stderr)
		}
	}
}
