// Package clients runs the small clients of examples/ against a real server: each files, decides at the revision that it was told, streams 100,000 items,
// watches, and reads an error by its details. A toolchain that is missing is a failure that names it: `make needs` installs them.
package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// says is what every client prints, whatever it is written in.
var says = regexp.MustCompile(`(?s)^filed [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2} at revision ([0-9]+)
decided REASON_OBJECTED
streamed 100000 items: 90000 included, 10000 excluded
watched revision ([0-9]+): EVENT_TYPE_OBJECTION_FILED
refused (INVALID_ARGUMENT|InvalidArgument) UNDECLARED_PURPOSE
at fault purpose: [^\n]*it declares generative-ai-training
$`)

// world is a server, and where the repository is.
type world struct {
	root, address, config, veto, data string
	server                            *exec.Cmd
}

func begin(t *testing.T) *world {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	run(t, root, "go", "build", "-o", filepath.Join(folder, "veto"), "./cmd/veto")
	w := &world{root: root, config: filepath.Join(root, "examples", "service-config.json"), veto: filepath.Join(folder, "veto"), data: filepath.Join(folder, "data")}
	w.serve(t, "127.0.0.1:0")
	t.Cleanup(func() { w.stop(t) })
	return w
}

// serve starts the server.
func (w *world) serve(t *testing.T, listen string) {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	w.server = exec.Command(w.veto, "serve", "--data", w.data, "--listen", listen, "--ready-file", ready,
		"--policy", filepath.Join(w.root, "examples", "policies", "meta.yaml"))
	w.server.Stderr = os.Stderr
	if err := w.server.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is ready", func() bool {
		address, err := os.ReadFile(ready)
		if err != nil || !strings.HasSuffix(string(address), "\n") {
			return false
		}
		w.address = strings.Fields(string(address))[0]
		return true
	})
}

func (w *world) stop(t *testing.T) {
	t.Helper()
	if err := w.server.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := w.server.Wait(); err != nil {
		t.Error(err)
	}
}

// eventually waits for what comes soon.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begun := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// run runs a command in a folder, and returns what it prints.
func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("left out: %s is missing; `make needs` installs it", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = folder
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, complaints.String())
	}
	return string(out)
}

// copied copies an example into a folder of its own, so that nothing is made in the repository.
func copied(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func TestClientsOfEveryLanguage(t *testing.T) {
	w := begin(t)
	for language, client := range map[string]func(*testing.T, *world) string{"go": inGo, "python": inPython, "node": inNode, "java": inJava} {
		t.Run(language, func(t *testing.T) {
			out := client(t, w)
			t.Logf("it printed:\n%s", out)
			told := says.FindStringSubmatch(strings.ReplaceAll(out, "\x1b[0m", "")) // Maven colours its silence
			if told == nil || told[1] != told[2] {
				t.Errorf("it printed\n%s\nwant something like\n%s", out, says)
			}
		})
	}
}

func inGo(t *testing.T, w *world) string {
	t.Helper()
	return run(t, w.root, "go", "run", "./examples/go", w.address)
}

func inPython(t *testing.T, w *world) string {
	t.Helper()
	python := filepath.Join(w.root, "build", "venv", "bin", "python")
	folder := t.TempDir()
	copied(t, filepath.Join(w.root, "examples", "python"), filepath.Join(folder, "python"))
	copied(t, filepath.Join(w.root, "proto"), filepath.Join(folder, "proto"))
	run(t, folder, "cp", w.config, ".")
	entries, err := os.ReadDir(filepath.Join(folder, "proto", "veto", "v1"))
	if err != nil {
		t.Fatal(err)
	}
	var protos []string
	for _, entry := range entries {
		protos = append(protos, "proto/veto/v1/"+entry.Name())
	}
	rules := filepath.Join(w.root, "third_party", "protovalidate")
	run(t, folder, python, append([]string{
		"-m", "grpc_tools.protoc", "-I", "proto", "-I", rules, "--python_out=python", "--grpc_python_out=python",
		filepath.Join(rules, "buf", "validate", "validate.proto"),
	}, protos...)...)
	return run(t, filepath.Join(folder, "python"), python, "client.py", w.address)
}

func inNode(t *testing.T, w *world) string {
	t.Helper()
	return run(t, w.withNode(t, "node", filepath.Join("examples", "node", "proto")), "node", "client.mjs", w.address)
}

// withNode copies an example of Node with its generated code, and returns its folder.
func (w *world) withNode(t *testing.T, name string, more ...string) string {
	t.Helper()
	folder := t.TempDir()
	here := filepath.Join(folder, "examples", name)
	for _, name := range append([]string{"proto", "third_party"}, more...) {
		copied(t, filepath.Join(w.root, name), filepath.Join(folder, name))
	}
	files, err := filepath.Glob(filepath.Join(w.root, "examples", name, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(here, 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, w.root, "cp", append(files, here)...)
	run(t, w.root, "cp", "buf.yaml", folder)
	run(t, w.root, "cp", w.config, filepath.Join(folder, "examples"))
	if err := os.Symlink(filepath.Join(w.root, "build", name, "node_modules"), filepath.Join(here, "node_modules")); err != nil {
		t.Fatal(err)
	}
	run(t, here, "npm", "run", "--silent", "generate")
	return here
}

func inJava(t *testing.T, w *world) string {
	t.Helper()
	folder := t.TempDir()
	run(t, w.root, "cp", "-r", "examples/java/pom.xml", "examples/java/src", folder)
	return run(t, folder, "mvn", "-q", "-B", "compile", "exec:java", "-Dveto.root="+w.root, "-Dexec.args="+w.address+" "+w.config)
}
