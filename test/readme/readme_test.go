// Package readme runs the README's five minutes as they stand there: every command, in order, in a folder of its own, against a server that it starts.
package readme

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// expected is what each block of commands prints, a piece of each line that matters, and how it ends. A block that is not here fails the test.
var expected = []struct {
	begins string
	exit   int
	says   []string
}{
	{"bin/veto object account-4711", 0, []string{"is in force since", "OBJECTED"}},
	{"bin/veto filter test/data", 0, []string{"offered              104,254", "included", "decided at revision"}},
	{"bin/veto object u6412c853dfe3b232", 3, []string{"18,327 rows, 16,997 may stay, 1,330 must go", "OBJECTED 1,100", "THIRD_PARTY 230"}},
	{"echo '{\"id\": 7", 0, []string{"offered       1", "OBJECTED  1"}},
	{"grpcurl -plaintext", 0, []string{`"revision": "5"`, "REASON_OBJECTED"}},
}

func TestFiveMinutes(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	blocks := blocksOf(t, filepath.Join(root, "README.md"), "## Five minutes")
	if len(blocks) != len(expected)+1 {
		t.Fatalf("the README has %d blocks of commands, and %d are expected", len(blocks), len(expected)+1)
	}
	folder := t.TempDir()
	for _, name := range []string{"examples", "test", "tools", "go.mod"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	// The first block builds and serves. It is built from this tree, and served on a free port: the commands are told by VETO_ADDR, as a user would.
	lines := strings.Split(strings.TrimSpace(blocks[0]), "\n")
	if len(lines) != 2 || lines[0] != "make build" {
		t.Fatalf("the first block is not make build and serve:\n%s", blocks[0])
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "bin", "veto"), "./cmd/veto")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	address := serve(t, folder, lines[1])
	for n, block := range blocks[1:] {
		want := expected[n]
		if !strings.HasPrefix(block, want.begins) {
			t.Fatalf("block %d begins with %q, want %q", n+1, strings.SplitN(block, "\n", 2)[0], want.begins)
		}
		script := "set -euo pipefail\ngrpcurl() { (cd " + root + " && go tool -modfile=tools/go.mod grpcurl \"$@\"); }\n" + strings.ReplaceAll(block, "127.0.0.1:50051", address)
		out, exit := sh(t, folder, address, script)
		if exit != want.exit {
			t.Errorf("exit %d, want %d, of\n%s\n%s", exit, want.exit, block, out)
		}
		for _, says := range want.says {
			if !strings.Contains(out, says) {
				t.Errorf("%q is not in what it prints:\n%s\n%s", says, block, out)
			}
		}
		t.Logf("$ %s\n%s", strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n$ "), out)
	}
}

// blocksOf are the blocks of commands of one chapter.
func blocksOf(t *testing.T, path, chapter string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), chapter+"\n")
	if !found {
		t.Fatalf("the README has no chapter %s", chapter)
	}
	after, _, _ = strings.Cut(after, "\n## ")
	var blocks []string
	for {
		_, begun, found := strings.Cut(after, "```sh\n")
		if !found {
			return blocks
		}
		block, rest, _ := strings.Cut(begun, "```")
		blocks, after = append(blocks, block), rest
	}
}

// serve runs the README's command of the server, and returns the address that it answers at.
func serve(t *testing.T, folder, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ready := filepath.Join(folder, "ready")
	words := strings.Fields(command)
	process := exec.Command(filepath.Join(folder, words[0]), words[1:]...)
	process.Dir, process.Env = folder, append(os.Environ(), "VETO_LISTEN=127.0.0.1:0", "VETO_READY_FILE="+ready)
	stderr, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, bufio.NewReader(stderr))
	}()
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		<-read
		if err := process.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	for ctx.Err() == nil {
		if text, err := os.ReadFile(ready); err == nil {
			address := strings.TrimSpace(string(text))
			if conn, err := net.Dial("tcp", address); err == nil {
				_ = conn.Close()
				return address
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the server does not answer")
	return ""
}

// sh runs a script, and returns what it printed and its exit code.
func sh(t *testing.T, folder, address, script string) (string, int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-c", script)
	command.Dir, command.Env = folder, append(os.Environ(), "VETO_ADDR="+address)
	out, err := command.CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), failed.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}
