package subject_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/veto-gate/veto/internal/subject"
)

func TestCreateSecretWritesTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.key")
	if _, err := subject.CreateSecret(path, bytes.NewReader(counting())); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"; string(got) != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
	status, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := status.Mode(); got != 0o600 {
		t.Errorf("mode %v, want -rw-------", got)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Errorf("%d files are left, want the secret alone: %v", len(files), files)
	}
}

func TestCreateSecretReplacesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := subject.CreateSecret(path, bytes.NewReader(counting())); err != nil {
		t.Fatal(err)
	}
	if _, err := subject.CreateSecret(path, bytes.NewReader(bytes.Repeat([]byte{1}, 32))); !errors.Is(err, subject.ErrSecretExists) {
		t.Errorf("CreateSecret on a secret: %v, want ErrSecretExists", err)
	}
	s, err := subject.LoadSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	if s.Keys().Subject("7") != secretOf(t, counting()).Keys().Subject("7") {
		t.Error("the secret is another now")
	}
}

// Of many that start at once one makes the secret; the others are told.
func TestCreateSecretHasOneWinner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	made := make([]*subject.Secret, 16)
	var group sync.WaitGroup
	for i := range made {
		group.Go(func() {
			s, err := subject.CreateSecret(path, bytes.NewReader(bytes.Repeat([]byte{byte(i + 1)}, 32)))
			if err != nil && !errors.Is(err, subject.ErrSecretExists) {
				t.Errorf("CreateSecret: %v, want ErrSecretExists", err)
			}
			made[i] = s
		})
	}
	group.Wait()
	kept, err := subject.LoadSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	winners := 0
	for _, s := range made {
		if s != nil {
			if winners++; *s != *kept {
				t.Error("a secret was handed out that is not the file's")
			}
		}
	}
	if winners != 1 {
		t.Errorf("%d winners, want 1", winners)
	}
}

func TestCreateSecretRefuses(t *testing.T) {
	broken := errors.New("no entropy")
	tests := []struct {
		name   string
		path   string
		random io.Reader
		want   error
	}{
		{"too few random bytes", "secret.key", bytes.NewReader(counting()[:31]), io.ErrUnexpectedEOF},
		{"no random bytes", "secret.key", iotest.ErrReader(broken), broken},
		{"bytes that are all zero", "secret.key", bytes.NewReader(make([]byte, 32)), nil},
		{"no directory", "no/secret.key", bytes.NewReader(counting()), fs.ErrNotExist},
		{"a name that is too long", strings.Repeat("x", 300), bytes.NewReader(counting()), syscall.ENAMETOOLONG},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := subject.CreateSecret(filepath.Join(dir, tt.path), tt.random)
			if s != nil || err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("CreateSecret = %v, %v, want %v", s, err, tt.want)
			}
			if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
				t.Errorf("files are left: %v, %v", files, err)
			}
		})
	}
}

func TestRenameSecretKeepsTheSecret(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "secret.key.new"), filepath.Join(dir, "secret.key")
	made, err := subject.CreateSecret(from, bytes.NewReader(counting()))
	if err != nil {
		t.Fatal(err)
	}
	if err := subject.RenameSecret(from, to); err != nil {
		t.Fatalf("RenameSecret: %v", err)
	}
	if got, err := subject.LoadSecret(to); err != nil || *got != *made {
		t.Errorf("the secret under its new name: %v, want the one that was made", err)
	}
	if _, err := subject.LoadSecret(from); !errors.Is(err, subject.ErrNoSecret) {
		t.Errorf("the secret under its old name: %v, want ErrNoSecret", err)
	}
}

// Whatever has the name stays, and so does the secret that was to get it.
func TestRenameSecretReplacesNothing(t *testing.T) {
	tests := []struct {
		name string
		put  func(to string) error
	}{
		{"a secret", func(to string) error {
			_, err := subject.CreateSecret(to, bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
			return err
		}},
		{"an empty file", func(to string) error { return os.WriteFile(to, nil, 0o600) }},
		{"a link to nothing", func(to string) error { return os.Symlink(to+".gone", to) }},
		{"a directory", func(to string) error { return os.Mkdir(to, 0o700) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			from, to := filepath.Join(dir, "secret.key.new"), filepath.Join(dir, "secret.key")
			made, err := subject.CreateSecret(from, bytes.NewReader(counting()))
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.put(to); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(to)
			if err != nil {
				t.Fatal(err)
			}
			if err := subject.RenameSecret(from, to); !errors.Is(err, subject.ErrSecretExists) {
				t.Errorf("RenameSecret: %v, want ErrSecretExists", err)
			}
			if after, err := os.Lstat(to); err != nil || !os.SameFile(before, after) {
				t.Errorf("what had the name is another now: %v", err)
			}
			if got, err := subject.LoadSecret(from); err != nil || *got != *made {
				t.Errorf("the secret that was to be renamed: %v, want it as it was", err)
			}
		})
	}
}

func TestRenameSecretNeedsAFile(t *testing.T) {
	dir := t.TempDir()
	if err := subject.RenameSecret(filepath.Join(dir, "none"), filepath.Join(dir, "secret.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("RenameSecret of nothing: %v, want ErrNotExist", err)
	}
	from := filepath.Join(dir, "file")
	if err := os.WriteFile(from, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := subject.RenameSecret(from, filepath.Join(from, "below")); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("RenameSecret to a name below a file: %v, want ENOTDIR", err)
	}
}

func TestLoadSecretRefuses(t *testing.T) {
	good := strings.Repeat("0a", 32) + "\n"
	tests := []struct {
		name, content string
		mode          fs.FileMode
		want          error
	}{
		{"empty", "", 0o600, subject.ErrSecretMalformed},
		{"one byte short", good[1:], 0o600, subject.ErrSecretMalformed},
		{"without newline", good[:64], 0o600, subject.ErrSecretMalformed},
		{"another byte for the newline", good[:64] + "0", 0o600, subject.ErrSecretMalformed},
		{"a second line", good + "\n", 0o600, subject.ErrSecretMalformed},
		{"upper case", strings.ToUpper(good), 0o600, subject.ErrSecretMalformed},
		{"not hexadecimal", "g" + good[1:], 0o600, subject.ErrSecretMalformed},
		{"all zero", strings.Repeat("0", 64) + "\n", 0o600, subject.ErrSecretMalformed},
		{"bare bytes", string(counting()), 0o600, subject.ErrSecretMalformed},
		{"group may read", good, 0o640, subject.ErrSecretOpen},
		{"all may read", good, 0o644, subject.ErrSecretOpen},
		{"others may write", good, 0o602, subject.ErrSecretOpen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret.key")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			s, err := subject.LoadSecret(path)
			if s != nil || !errors.Is(err, tt.want) {
				t.Errorf("LoadSecret = %v, %v, want %v", s, err, tt.want)
			}
			if err != nil && (!strings.Contains(err.Error(), path) || len(tt.content) > 10 && strings.Contains(err.Error(), tt.content[:10])) {
				t.Errorf("the error %q must name the file, and not hold its content", err)
			}
		})
	}
}

func TestLoadSecretNeedsAFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := subject.LoadSecret(filepath.Join(dir, "secret.key")); !errors.Is(err, subject.ErrNoSecret) {
		t.Errorf("LoadSecret of nothing: %v, want ErrNoSecret", err)
	}
	if s, err := subject.LoadSecret(dir); s != nil || err == nil || errors.Is(err, subject.ErrNoSecret) {
		t.Errorf("LoadSecret of a directory: %v, %v, want an error that is not ErrNoSecret", s, err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := subject.LoadSecret(pipe); s != nil || err == nil || errors.Is(err, subject.ErrNoSecret) {
		t.Errorf("LoadSecret of a pipe: %v, %v, want an error at once", s, err)
	}
	if _, err := subject.LoadSecret(filepath.Join(dir, "pipe", "secret.key")); err == nil || errors.Is(err, subject.ErrNoSecret) {
		t.Errorf("LoadSecret below a file: %v, want the file system's error", err)
	}
}

// A mounted secret is a link to a file; read-only is fine.
func TestLoadSecretFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if _, err := subject.CreateSecret(target, bytes.NewReader(counting())); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(target, 0o400); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "secret.key")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if _, err := subject.LoadSecret(link); err != nil {
		t.Errorf("LoadSecret of a link: %v", err)
	}
}
