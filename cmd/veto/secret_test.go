package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/veto-gate/veto/internal/subject"
	"github.com/veto-gate/veto/internal/terminal"
)

// begun is a data directory with a register, whose server has stopped.
func begun(t *testing.T, binary string, flags ...string) (data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	if code := start(t, binary, data, flags...).stop(); code != exitDone {
		t.Fatalf("the first start ended with %d", code)
	}
	return data
}

// loseLog removes the log of a register, and leaves its secret.
func loseLog(t *testing.T, data string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "veto.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no log to lose: %v, %v", files, err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// refuses launches a server that must not start, and wants these words of it.
func refuses(t *testing.T, binary, data, what, hint string, flags ...string) {
	t.Helper()
	p := launch(t, binary, data, flags...)
	<-p.ended
	got := p.stderr.String()
	_, hints, _ := strings.Cut(got, "\nhint: ")
	if code := p.cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(got, what) || !strings.Contains(hints, hint) {
		t.Errorf("exit %d, want %d, with %q and the hint %q\n%s", code, exitFailed, what, hint, got)
	}
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestLostLogRefuses: an empty register in the place of one that was lost would include whoever had objected.
func TestLostLogRefuses(t *testing.T) {
	binary := build(t)
	for _, test := range []struct {
		name      string
		elsewhere bool // the secret is not in the data directory
		lose      func(t *testing.T, data string)
	}{
		{"removed", false, loseLog},
		{"emptied", false, func(t *testing.T, data string) {
			t.Helper()
			loseLog(t, data)
			if err := os.WriteFile(filepath.Join(data, databaseName), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"with the secret elsewhere", true, loseLog},
		{"with all of its directory", true, func(t *testing.T, data string) {
			t.Helper()
			if err := os.RemoveAll(data); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var flags []string
			if test.elsewhere {
				flags = []string{"--secret-file", filepath.Join(t.TempDir(), "secret")}
			}
			data := begun(t, binary, flags...)
			test.lose(t, data)
			before, _ := os.ReadDir(data)
			refuses(t, binary, data, "its log is missing", "restore it", flags...)
			refuses(t, binary, data, "its log is missing", "--begin", flags...)
			after, _ := os.ReadDir(data)
			if len(before) != len(after) {
				t.Errorf("a start that was refused left %v of %v", after, before)
			}
			if code := start(t, binary, data, append(flags, "--begin")...).stop(); code != exitDone {
				t.Fatalf("with --begin: exit %d", code)
			}
			// A flag that stayed in a unit file would begin a new register after the next loss.
			refuses(t, binary, data, "is begun already", "leave --begin out", append(flags, "--begin")...)
			if code := start(t, binary, data, flags...).stop(); code != exitDone {
				t.Errorf("without --begin again: exit %d", code)
			}
		})
	}
}

// TestJournalWithoutItsDatabaseRefuses: after a kill the last events can be in the journal alone, and a new database would
// throw it away, also where nobody remembers that the secret is elsewhere.
func TestJournalWithoutItsDatabaseRefuses(t *testing.T) {
	binary := build(t)
	data := begun(t, binary, "--secret-file", filepath.Join(t.TempDir(), "secret"))
	loseLog(t, data)
	journal := filepath.Join(data, databaseName+"-wal")
	if err := os.WriteFile(journal, []byte("events"), 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, binary, data, "its database veto.db is missing", "restore the database")
	if got := string(content(t, journal)); got != "events" {
		t.Errorf("the journal is now %q", got)
	}
}

// TestLostLogRefusesCommands: no other command begins a register in the place of a lost one, or at all.
func TestLostLogRefusesCommands(t *testing.T) {
	binary := build(t)
	data := begun(t, binary)
	loseLog(t, data)
	policy := filepath.Join("..", "..", "examples", "policies", "minimal.yaml")
	told := func(args ...string) (int, string) {
		var stderr strings.Builder
		code := run(t.Context(), args, nil, terminal.Streams{Out: &strings.Builder{}, Err: &stderr})
		return code, stderr.String()
	}
	for _, args := range [][]string{{"object", "a-1", "--data", data}, {"standing", "a-1", "--data", data}, {"policy", "apply", policy, "--data", data}} {
		if code, got := told(args...); code != exitFailed || !strings.Contains(got, "its log is missing") || !strings.Contains(got, "--begin") {
			t.Errorf("veto %s: exit %d\n%s", args[0], code, got)
		}
	}
	if exists(t, filepath.Join(data, databaseName)) {
		t.Error("a database was made")
	}
	if code, got := told("policy", "apply", policy, "--addr", "127.0.0.1:1", "--begin"); code != exitUsage || !strings.Contains(got, "--begin was given, and a server is asked") {
		t.Errorf("--begin with a server: exit %d\n%s", code, got)
	}
	if code, got := told("policy", "apply", policy, "--data", data, "--begin"); code != exitDone {
		t.Errorf("policy apply --begin: exit %d\n%s", code, got)
	}
	if code, got := told("standing", "a-1", "--data", data); code != exitDone {
		t.Errorf("standing in the new register: exit %d\n%s", code, got)
	}
}

// TestStartGoesOnAfterACrash: whatever a first start had come to, the next one goes on with the same secret.
func TestStartGoesOnAfterACrash(t *testing.T) {
	binary := build(t)
	t.Run("before the log was begun", func(t *testing.T) {
		data := t.TempDir()
		if err := os.Chmod(data, 0o700); err != nil {
			t.Fatal(err)
		}
		staged := filepath.Join(data, secretName+newSuffix)
		if _, err := subject.CreateSecret(staged, rand.Reader); err != nil {
			t.Fatal(err)
		}
		requireSettled(t, binary, data, content(t, staged))
	})
	t.Run("before the secret had its name", func(t *testing.T) {
		data := begun(t, binary)
		secret := content(t, filepath.Join(data, secretName))
		if err := os.Rename(filepath.Join(data, secretName), filepath.Join(data, secretName+newSuffix)); err != nil {
			t.Fatal(err)
		}
		requireSettled(t, binary, data, secret)
	})
	t.Run("and not with another secret", func(t *testing.T) {
		data := begun(t, binary)
		staged := filepath.Join(data, secretName+newSuffix)
		if err := os.Remove(filepath.Join(data, secretName)); err != nil {
			t.Fatal(err)
		}
		if _, err := subject.CreateSecret(staged, rand.Reader); err != nil {
			t.Fatal(err)
		}
		refuses(t, binary, data, "is not the one that the register in", "bring secret.key back")
		if exists(t, filepath.Join(data, secretName)) || !exists(t, staged) {
			t.Error("a secret that does not fit was given the name")
		}
	})
	t.Run("wherever it was killed", func(t *testing.T) {
		for range 8 {
			data := filepath.Join(t.TempDir(), "data")
			p := launch(t, binary, data)
			secret := awaitSecret(t, data)
			p.kill()
			requireSettled(t, binary, data, secret)
		}
	})
}

// awaitSecret looks until a first start has made its secret, under whichever name, and returns it.
func awaitSecret(t *testing.T, data string) []byte {
	t.Helper()
	look := time.NewTicker(100 * time.Microsecond)
	defer look.Stop()
	deadline := time.NewTimer(readyPatience)
	defer deadline.Stop()
	for {
		select {
		case <-look.C:
		case <-deadline.C:
			t.Fatal("no secret was made")
		}
		for _, name := range []string{secretName + newSuffix, secretName} {
			if text, err := os.ReadFile(filepath.Join(data, name)); err == nil {
				return text
			}
		}
	}
}

// requireSettled starts a server, and wants the secret under its own name alone.
func requireSettled(t *testing.T, binary, data string, secret []byte) {
	t.Helper()
	if code := start(t, binary, data).stop(); code != exitDone {
		t.Fatalf("the next start: exit %d", code)
	}
	if got := content(t, filepath.Join(data, secretName)); !bytes.Equal(got, secret) {
		t.Error("another secret is in use")
	}
	if exists(t, filepath.Join(data, secretName+newSuffix)) {
		t.Error("the secret has its first name still")
	}
}
