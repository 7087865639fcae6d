package terminal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CreateFile writes a new file with a mode, and syncs it. It appears under its name whole or not at all, and what is there already stays: the error is
// then fs.ErrExist.
func CreateFile(path string, mode os.FileMode, content []byte) error {
	// A link, unlike a rename, never replaces what is there.
	return writeFile(path, mode, content, os.Link)
}

// ReplaceFile is CreateFile, but for what is there already: it is replaced.
func ReplaceFile(path string, mode os.FileMode, content []byte) error {
	return writeFile(path, mode, content, os.Rename)
}

func writeFile(path string, mode os.FileMode, content []byte, name func(partial, path string) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".partial-*")
	if err != nil {
		return err
	}
	defer func() {
		if removed := os.Remove(f.Name()); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}()
	_, written := f.Write(content)
	if err := errors.Join(f.Chmod(mode), written, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := name(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	} else if err != nil {
		return err
	}
	return nil
}
