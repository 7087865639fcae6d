package subject

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

const (
	secretBytes = 32

	// secretFileBytes is the file's length: hexadecimal and a newline.
	secretFileBytes = 2*secretBytes + 1
)

// The errors of a secret's file. Their texts name the file, never what is in it.
var (
	// ErrNoSecret says that there is no file. With an empty log one may be made;
	// with events in the log the file must be brought back from the backup.
	ErrNoSecret = errors.New("there is no secret")

	// ErrSecretExists says that CreateSecret found something at its path, which it
	// never replaces.
	ErrSecretExists = errors.New("there is something already")

	// ErrSecretOpen says that others than the owner may read or write the file.
	ErrSecretOpen = errors.New("others than its owner have access: chmod 600 it")

	// ErrSecretMalformed says that the file does not hold a secret.
	ErrSecretMalformed = errors.New("not 64 lower case hexadecimal digits and a newline")
)

// Secret is the key of all keys. CreateSecret and LoadSecret make it; the zero
// Secret is none, and gives no keys. It never prints itself.
type Secret struct{ bytes [secretBytes]byte }

// CreateSecret makes a secret of 32 bytes of random (crypto/rand.Reader in all but
// tests) and writes it to path: 64 lower case hexadecimal digits and a newline,
// mode 0600. It returns when file and directory are synced. The file appears
// whole or not at all, and what is at path already stays (ErrSecretExists); a
// process killed at the wrong moment may leave a file .secret-* beside it.
func CreateSecret(path string, random io.Reader) (*Secret, error) {
	s, err := createSecret(path, random)
	if err != nil {
		return nil, fmt.Errorf("create the secret %s: %w", path, err)
	}
	return s, nil
}

func createSecret(path string, random io.Reader) (_ *Secret, err error) {
	s := new(Secret)
	if _, err := io.ReadFull(random, s.bytes[:]); err != nil {
		return nil, fmt.Errorf("draw %d random bytes: %w", secretBytes, err)
	}
	if s.isZero() {
		return nil, errors.New("the random bytes are all zero")
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".secret-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer func() {
		if removed := os.Remove(f.Name()); err == nil {
			err = removed
		}
	}()
	if err := errors.Join(writeSynced(f, s.text()), f.Close()); err != nil {
		return nil, err
	}
	// A link, unlike a rename, never replaces what is there.
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return nil, ErrSecretExists
	} else if err != nil {
		return nil, err
	}
	return s, syncDir(dir)
}

// RenameSecret gives the secret's file another name in its directory, and returns
// when that is synced. What has the name already stays (ErrSecretExists).
func RenameSecret(from, to string) error {
	if err := renameSecret(from, to); err != nil {
		return fmt.Errorf("rename the secret %s: %w", from, err)
	}
	return nil
}

func renameSecret(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return ErrSecretExists
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// LoadSecret reads the secret at path. It gives ErrNoSecret, ErrSecretOpen,
// ErrSecretMalformed, or the file system's error.
func LoadSecret(path string) (*Secret, error) {
	s, err := loadSecret(path)
	if err != nil {
		return nil, fmt.Errorf("load the secret %s: %w", path, err)
	}
	return s, nil
}

func loadSecret(path string) (*Secret, error) {
	status, err := os.Stat(path) // follows links: mounted secrets are links
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNoSecret
	case err != nil:
		return nil, err
	case !status.Mode().IsRegular():
		return nil, errors.New("not a regular file") // opening a pipe would wait for ever
	case status.Mode().Perm()&0o077 != 0:
		return nil, ErrSecretOpen
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, secretFileBytes+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	s := new(Secret)
	if len(text) != secretFileBytes {
		return nil, ErrSecretMalformed
	}
	// Decode takes upper case too; comparing the text keeps to one spelling.
	if _, err := hex.Decode(s.bytes[:], text[:2*secretBytes]); err != nil || !bytes.Equal(s.text(), text) || s.isZero() {
		return nil, ErrSecretMalformed
	}
	return s, nil
}

func (s *Secret) isZero() bool { return s.bytes == [secretBytes]byte{} }

func (s *Secret) text() []byte {
	return append(hex.AppendEncode(nil, s.bytes[:]), '\n')
}

// String says that this is a secret.
func (s Secret) String() string { return "secret(not shown)" }

// Format prints the same, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue logs the same.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

func writeSynced(f *os.File, text []byte) error {
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Sync()
}

// syncDir makes the name of a new file durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
