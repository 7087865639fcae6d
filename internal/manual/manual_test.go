package manual_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/manual"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestThePageSaysWhatTheHelpSays, through the reader that man(1) uses, which has nothing to complain of.
func TestThePageSaysWhatTheHelpSays(t *testing.T) {
	help := "Do it.\n\nUsage:\n  veto do [--flag]\n\n.dot first\n'apostrophe first\na \\ backslash, a \"quote\", 100 %, ~/x, a-b --c\n"
	var page bytes.Buffer
	if err := manual.Write(&page, "v1.2-3", []manual.Text{{"veto", "The gate.\n"}, {"veto do", help}}); err != nil {
		t.Fatal(err)
	}
	reader := exec.Command("groff", "-man", "-ww", "-Tutf8", "-P-cbou")
	reader.Stdin = &page
	var said bytes.Buffer
	reader.Stderr = &said
	shown, err := reader.Output()
	if err != nil || said.Len() > 0 {
		t.Fatalf("groff: %v (`make needs` installs it)\n%s", err, &said)
	}
	for line := range strings.Lines(help) {
		if line = strings.TrimSpace(line); !strings.Contains(string(shown), line) {
			t.Errorf("%q is not on the page\n%s", line, shown)
		}
	}
	if !strings.Contains(string(shown), "VETO DO\n") || !strings.Contains(string(shown), "veto v1.2-3") {
		t.Errorf("%s", shown)
	}
}
