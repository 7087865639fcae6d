package reload_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/reload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a log that is read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}

// TestAValueFollowsItsFiles: a change is seen whatever its time; what cannot be used, or is gone, leaves the value as it was and is told.
func TestAValueFollowsItsFiles(t *testing.T) {
	folder := t.TempDir()
	one, two := filepath.Join(folder, "one"), filepath.Join(folder, "two")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	parse := func(contents [][]byte) (string, error) {
		text := string(bytes.Join(contents, []byte("|")))
		if strings.Contains(text, "bad") {
			return "", errors.New("it is bad")
		}
		return text, nil
	}
	write(one, "a")
	if _, err := reload.Open(parse, one, two); err == nil {
		t.Error("a file that is missing: no error")
	}
	write(two, "bad")
	if _, err := reload.Open(parse, one, two); err == nil {
		t.Error("a file that is bad: no error")
	}
	write(two, "b")
	value, err := reload.Open(parse, one, two)
	if err != nil || value.Get() != "a|b" {
		t.Fatalf("%q, %v", value.Get(), err)
	}
	told := &lines{}
	ctx, cancel := context.WithCancel(t.Context())
	followed := make(chan error, 1)
	go func() { followed <- value.Follow(ctx, slog.New(slog.NewTextHandler(told, nil))) }()
	await := func(what string, done func() bool) {
		t.Helper()
		for begin := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
			if time.Since(begin) > 30*time.Second {
				t.Fatalf("%s: not seen; the value is %q", what, value.Get())
			}
		}
	}
	write(two, "c")
	await("a change", func() bool { return value.Get() == "a|c" })
	write(one, "bad")
	await("a bad change", func() bool { return told.has("it is bad") })
	if value.Get() != "a|c" {
		t.Errorf("after a bad change: %q", value.Get())
	}
	if err := os.Remove(one); err != nil {
		t.Fatal(err)
	}
	await("a file that went", func() bool { return told.has("no such file") })
	if value.Get() != "a|c" {
		t.Errorf("after a file went: %q", value.Get())
	}
	write(one, "d")
	await("a file that came back", func() bool { return value.Get() == "d|c" })
	cancel()
	if err := <-followed; err != nil {
		t.Error(err)
	}
}
