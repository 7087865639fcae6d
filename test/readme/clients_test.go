package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClientsPage runs what docs/clients.md says, as it stands there: the stubs are made from the protos, the Python program is run, grpcurl is called. Only
// where the modules are installed differs.
func TestClientsPage(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, name := range []string{"examples", "proto", "third_party"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "bin", "veto"), "./cmd/veto")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	address := serve(t, folder, "bin/veto serve --data ./veto-data --policy examples/policies/meta.yaml")
	page := filepath.Join(root, "docs", "clients.md")
	run := func(script string, says ...string) {
		t.Helper()
		head := "set -euo pipefail\nPATH=" + filepath.Join(root, "build", "venv", "bin") + ":$PATH\ngrpcurl() { (cd " + root + " && go tool -modfile=tools/go.mod grpcurl \"$@\"); }\n"
		out, exit := sh(t, folder, address, head+strings.ReplaceAll(script, "127.0.0.1:50051", address))
		if exit != 0 {
			t.Errorf("exit %d of\n%s\n%s", exit, script, out)
		}
		for _, want := range says {
			if !strings.Contains(out, want) {
				t.Errorf("%q is not in what it prints:\n%s\n%s", want, script, out)
			}
		}
	}

	install := blocksOf(t, page, "## Python")
	_, stubs, found := strings.Cut(install[0], "pip install grpcio-tools grpcio-status\n")
	if len(install) != 1 || !found {
		t.Fatalf("the page installs otherwise:\n%q", install)
	}
	run(stubs)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(text), "```python\n")
	program, _, _ = strings.Cut(program, "```")
	if err := os.WriteFile(filepath.Join(folder, "client.py"), []byte(strings.ReplaceAll(program, "127.0.0.1:50051", address)), 0o600); err != nil {
		t.Fatal(err)
	}
	run("python client.py", "reason: REASON_OBJECTED", "StatusCode.INVALID_ARGUMENT", `reason: "UNDECLARED_PURPOSE"`, `field: "purpose"`)

	calls := blocksOf(t, page, "## grpcurl")
	if len(calls) != 2 {
		t.Fatalf("the page has %d blocks of grpcurl", len(calls))
	}
	run(calls[0], "veto.v1.RegistryService", "rpc Decide", `"objectionId"`)
	run(calls[1], "REASON_OBJECTED", `"receipt"`, "EVENT_TYPE_SUBJECTS_LINKED")
}
