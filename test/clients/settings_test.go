package clients

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// platform is the settings page of examples/settings, as a process.
type platform struct {
	folder, pending, url string
	process              *exec.Cmd
}

// start starts the page, and reads where it is.
func (p *platform) start(t *testing.T, veto string) {
	t.Helper()
	p.process = exec.Command("node", "server.mjs")
	p.process.Dir = p.folder
	p.process.Env = append(os.Environ(), "PORT=0", "VETO="+veto, "PENDING="+p.pending, "ACCOUNT=account-of-hers")
	p.process.Stderr = os.Stderr
	out, err := p.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p.url = strings.TrimSpace(url)
}

// kill ends it without a word, as a crash does.
func (p *platform) kill() {
	p.process.Process.Kill()
	p.process.Wait()
}

// ask asks for a page, and follows where it leads.
func (p *platform) ask(t *testing.T, method, path string) (status int, page string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.url+strings.TrimPrefix(path, "/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, "#elsewhere") {
		request.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

const (
	notSaved = "Not saved yet."
	stands   = "You objected: your posts are <strong>not used</strong>."
	none     = "You have not objected."
)

// TestTheSettingsPageNeverSaysSavedBeforeItIs: veto is away while she clicks, the page's own process dies, and in the end there is one objection.
func TestTheSettingsPageNeverSaysSavedBeforeItIs(t *testing.T) {
	w := begin(t)
	p := &platform{folder: w.withNode(t, "settings"), pending: filepath.Join(t.TempDir(), "pending.json")}
	p.start(t, w.address)
	defer func() { p.kill() }()
	filed := func() int {
		return strings.Count(run(t, w.root, w.veto, "watch", "--catch-up", "--type", "OBJECTION_FILED", "--output", "json", "--addr", w.address), "\n")
	}
	if _, page := p.ask(t, "GET", "/"); !strings.Contains(page, none) || strings.Contains(page, notSaved) {
		t.Fatalf("at first:\n%s", page)
	}
	if status, _ := p.ask(t, "POST", "/object#elsewhere"); status != http.StatusForbidden || filed() != 0 {
		t.Errorf("a click from another site: %d", status)
	}

	w.stop(t)
	for range 2 { // she clicks again, as people do
		if status, page := p.ask(t, "POST", "/object"); status != http.StatusServiceUnavailable || !strings.Contains(page, notSaved) || strings.Contains(page, stands) {
			t.Errorf("veto is away: %d\n%s", status, page)
		}
	}
	p.kill()
	p.start(t, w.address)
	if _, page := p.ask(t, "GET", "/"); !strings.Contains(page, notSaved) {
		t.Errorf("the page's process died, and forgot her:\n%s", page)
	}
	w.serve(t, w.address)
	var page string
	eventually(t, "it is saved", func() bool {
		_, page = p.ask(t, "GET", "/")
		return strings.Contains(page, stands) && !strings.Contains(page, notSaved)
	})
	if n := filed(); n != 1 {
		t.Errorf("%d objections were filed", n)
	}
	if _, page = p.ask(t, "POST", "/object"); !strings.Contains(page, stands) || filed() != 1 {
		t.Errorf("clicked once more:\n%s", page)
	}

	if _, page = p.ask(t, "POST", "/withdraw"); !strings.Contains(page, "Yes, withdraw my objection") {
		t.Errorf("nobody asks whether she means it:\n%s", page)
	}
	if _, page = p.ask(t, "GET", "/"); !strings.Contains(page, stands) {
		t.Errorf("it was withdrawn before she confirmed it:\n%s", page)
	}
	if _, page = p.ask(t, "POST", "/withdraw?confirmed=yes"); !strings.Contains(page, none) {
		t.Errorf("withdrawn:\n%s", page)
	}
}
