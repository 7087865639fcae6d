package filter

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// place is where the output will stand.
type place struct {
	path      string
	overwrite bool
}

// findPlace refuses an output that cannot or must not be written, before any work is done.
func findPlace(in, out string, overwrite bool) (place, error) {
	folder := filepath.Dir(out)
	switch at, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return place{}, fmt.Errorf("the output's folder %s does not exist; create it first", folder)
	case err != nil:
		return place{}, fmt.Errorf("look at the output's folder: %w", err)
	case !at.IsDir():
		return place{}, fmt.Errorf("%s, which is to hold the output, is no folder", folder)
	}
	there, err := os.Stat(out)
	if errors.Is(err, fs.ErrNotExist) {
		return place{out, overwrite}, nil
	}
	if err != nil {
		return place{}, fmt.Errorf("look at the output: %w", err)
	}
	// Of the input only whether it is the same file matters here; its own faults are told when it is opened.
	if source, err := os.Stat(in); err == nil && os.SameFile(source, there) {
		return place{}, fmt.Errorf("%w: %s", ErrSameFile, out)
	}
	if !there.Mode().IsRegular() {
		return place{}, fmt.Errorf("the output %s is there and is no regular file", out)
	}
	if !overwrite {
		return place{}, fmt.Errorf("%w: %s", ErrExists, out)
	}
	return place{out, overwrite}, nil
}

// output is the file being written, under a name that says so.
type output struct {
	place
	partial string
	handle  *os.File
	buffer  *bufio.Writer
	done    bool
}

// outputBuffer joins the many small writes of page headers.
const outputBuffer = 1 << 20

func (p place) create() (*output, error) {
	folder, name := filepath.Split(p.path)
	partial := filepath.Join(folder, "."+name+".partial-"+rand.Text())
	// Permissions are those of any new file: the umask is how a user says who may read it.
	handle, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // as above
	if err != nil {
		return nil, fmt.Errorf("create the output: %w", err)
	}
	return &output{place: p, partial: partial, handle: handle, buffer: bufio.NewWriterSize(handle, outputBuffer)}, nil
}

// Write takes the next bytes of the file.
func (o *output) Write(b []byte) (int, error) { return o.buffer.Write(b) }

// publish gives the output its name, once every byte of it is on disk.
func (o *output) publish() error {
	if err := o.buffer.Flush(); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	if err := o.handle.Sync(); err != nil {
		return fmt.Errorf("sync the output: %w", err)
	}
	if err := o.handle.Close(); err != nil {
		return fmt.Errorf("close the output: %w", err)
	}
	if !o.overwrite {
		// Somebody may have put a file there meanwhile.
		if _, err := os.Lstat(o.path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s", ErrExists, o.path)
		}
	}
	if err := os.Rename(o.partial, o.path); err != nil {
		return fmt.Errorf("name the output: %w", err)
	}
	o.done = true
	if err := syncFolder(filepath.Dir(o.path)); err != nil {
		return fmt.Errorf("sync the output's folder: %w", err)
	}
	return nil
}

// discard removes the partial file. After publish it does nothing.
func (o *output) discard() {
	if o.done {
		return
	}
	_ = o.handle.Close() // what it would say no longer matters; it may be closed already
	_ = os.Remove(o.partial)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
