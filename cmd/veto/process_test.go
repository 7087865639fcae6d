package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"google.golang.org/grpc"

	"github.com/veto-gate/veto/internal/transport"
)

// realBinary is the program as it is shipped, built once for all tests.
var realBinary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "veto-binary-")
	if err != nil {
		return "", err
	}
	binaryFolder = folder
	path := filepath.Join(folder, "veto")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// binaryFolder is removed when all tests have ended.
var binaryFolder string

// build returns the path of the real binary.
func build(t *testing.T) string {
	t.Helper()
	path, err := realBinary()
	if err != nil {
		t.Fatalf("build the binary: %v", err)
	}
	return path
}

// process is a running `veto serve`.
type process struct {
	cmd     *exec.Cmd
	stderr  *bytes.Buffer
	address string
	ended   chan struct{} // closed once the process is gone; cmd.ProcessState says how
}

// launch starts a server on a data directory and a free port, and does not wait for it.
func launch(t *testing.T, binary, data string, flags ...string) *process {
	t.Helper()
	p := &process{stderr: &bytes.Buffer{}, ended: make(chan struct{})}
	p.cmd = exec.Command(binary, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, flags...)...)
	p.cmd.Stderr = p.stderr
	p.cmd.Env = []string{"HOME=" + t.TempDir()}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start a server: %v", err)
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// start starts a server and waits until it answers.
func start(t *testing.T, binary, data string, flags ...string) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ready")
	p := launch(t, binary, data, append(flags, "--ready-file", file)...)
	var err error
	if p.address, err = awaitFile(file, readyPatience); err != nil {
		p.kill()
		t.Fatalf("%v\n%s", err, p.stderr)
	}
	return p
}

// kill ends the process as a power cut would, as far as a process can see, and waits for its end.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// stop asks the process to end, and returns its exit code.
func (p *process) stop() int {
	p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// client connects to the process.
func (p *process) client(t *testing.T) (*client, *grpc.ClientConn) {
	t.Helper()
	conn, err := dial(p.address, transport.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return newClient(conn), conn
}

// TestSecretRefuses: with another secret than the register was begun with, or none, every objection would silently stop matching. So nothing starts.
func TestSecretRefuses(t *testing.T) {
	binary := build(t)
	data := filepath.Join(t.TempDir(), "data")
	if code := start(t, binary, data).stop(); code != exitDone {
		t.Fatalf("the first start ended with %d", code)
	}
	secret := filepath.Join(data, "secret.key")
	right, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	regenerated := regenerate(t, binary)
	for _, c := range []struct {
		name    string
		content []byte // nil: no file
		mode    os.FileMode
		want    string
	}{
		{"missing", nil, 0, "its secret is missing"},
		{"regenerated", regenerated, 0o600, "is not the one that the register in"},
		{"wrong by one digit", flip(right), 0o600, "is not the one that the register in"},
		{"empty", []byte{}, 0o600, "not 64 lower case hexadecimal digits"},
		{"cut", right[:40], 0o600, "not 64 lower case hexadecimal digits"},
		{"readable by others", right, 0o644, "others than its owner have access"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.Remove(secret); err != nil {
				t.Fatal(err)
			}
			defer replaceSecret(t, secret, right, 0o600)
			if c.content != nil {
				replaceSecret(t, secret, c.content, c.mode)
			}
			p := launch(t, binary, data)
			<-p.ended
			got := p.stderr.String()
			if code := p.cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(got, c.want) || !strings.Contains(got, "\nhint: ") {
				t.Errorf("exit %d, want %d, with a hint and %q\n%s", code, exitFailed, c.want, got)
			}
			for _, line := range [][]byte{right, regenerated} {
				if strings.Contains(got, string(line[:16])) {
					t.Errorf("the secret was printed:\n%s", got)
				}
			}
			if _, err := os.Stat(secret); c.content == nil && err == nil {
				t.Error("a secret was made for a register that has events")
				os.Remove(secret)
			}
		})
	}
	if code := start(t, binary, data).stop(); code != exitDone {
		t.Errorf("with the right secret again: exit %d", code)
	}
}

// regenerate makes the secret of another register.
func regenerate(t *testing.T, binary string) []byte {
	t.Helper()
	other := filepath.Join(t.TempDir(), "other")
	if code := start(t, binary, other).stop(); code != exitDone {
		t.Fatalf("another register: exit %d", code)
	}
	secret, err := os.ReadFile(filepath.Join(other, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// flip changes a secret's first digit.
func flip(secret []byte) []byte {
	changed := bytes.Clone(secret)
	if changed[0]++; changed[0] > '9' {
		changed[0] = '0'
	}
	return changed
}

func replaceSecret(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	os.Remove(path)
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
