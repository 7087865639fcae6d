package filter

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/veto-gate/veto/internal/terminal"
)

// output is where the rows go that may be used. create comes first, then Write, then publish or discard.
type output interface {
	io.Writer
	create() error
	// publish makes what was written appear, once every byte of it is on disk; before is done after the last byte and before that.
	publish(before func(File) error) error
	discard()
}

// place finds the output, and refuses one that cannot or must not be written, before any work is done.
func (c *Config) place() (output, error) {
	switch {
	case c.DryRun:
		return nowhere{}, nil
	case c.Out == Std && c.Stdout == nil:
		return nil, errors.New("there is no standard output")
	case c.Out == Std:
		return &stream{to: c.Stdout}, nil
	}
	if err := findPlace(c.In, c.Out, c.Overwrite); err != nil {
		return nil, err
	}
	return &file{path: c.Out, overwrite: c.Overwrite}, nil
}

// nowhere is the output of a dry run.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error)    { return len(b), nil }
func (nowhere) create() error                  { return nil }
func (nowhere) publish(func(File) error) error { return nil }
func (nowhere) discard()                       {}

// stream is standard output. What was written to it before an error stays there: its reader hears of the error by the exit code alone.
type stream struct {
	to io.Writer
}

func (s *stream) Write(b []byte) (int, error)    { return s.to.Write(b) }
func (s *stream) create() error                  { return nil }
func (s *stream) publish(func(File) error) error { return nil }
func (s *stream) discard()                       {}

// findPlace refuses an output that cannot or must not be written, before any work is done.
func findPlace(in, out string, overwrite bool) error {
	folder := filepath.Dir(out)
	switch at, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the output's folder %s does not exist; create it first", folder)
	case err != nil:
		return fmt.Errorf("look at the output's folder: %w", err)
	case !at.IsDir():
		return fmt.Errorf("%s, which is to hold the output, is no folder", folder)
	}
	there, err := os.Stat(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the output: %w", err)
	}
	// Of the input only whether it is the same file matters here; its own faults are told when it is opened.
	if source, err := os.Stat(in); err == nil && os.SameFile(source, there) {
		return fmt.Errorf("%w: %s", ErrSameFile, out)
	}
	if !there.Mode().IsRegular() {
		return fmt.Errorf("the output %s is there and is no regular file", out)
	}
	if !overwrite {
		return fmt.Errorf("%w: %s", ErrExists, out)
	}
	return nil
}

// file is the output being written, under a name that says so.
type file struct {
	path      string
	overwrite bool
	partial   string
	handle    *os.File
	buffer    *bufio.Writer
	packed    io.WriteCloser
	sum       *digest
	done      bool
}

// outputBuffer joins the many small writes of page headers.
const outputBuffer = 1 << 20

func (o *file) create() error {
	folder, name := filepath.Split(o.path)
	o.partial = filepath.Join(folder, "."+name+".partial-"+rand.Text())
	// Permissions are those of any new file: the umask is how a user says who may read it.
	handle, err := os.OpenFile(o.partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("create the output: %w", err)
	}
	o.handle, o.sum = handle, newDigest(nil)
	o.buffer = bufio.NewWriterSize(summed{handle, o.sum}, outputBuffer)
	if o.packed, err = compressed(o.path, o.buffer); err != nil {
		o.discard()
		return fmt.Errorf("create the output: %w", err)
	}
	return nil
}

// summed writes to a file and sums what it took.
type summed struct {
	to  io.Writer
	sum *digest
}

func (s summed) Write(b []byte) (int, error) {
	n, err := s.to.Write(b)
	s.sum.take(b[:n])
	return n, err
}

// Write takes the next bytes of the corpus.
func (o *file) Write(b []byte) (int, error) { return o.packed.Write(b) }

func (o *file) publish(before func(File) error) error {
	if err := o.packed.Close(); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
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
	if err := before(o.sum.file(baseName(o.path))); err != nil {
		return err
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
func (o *file) discard() {
	if o.done || o.handle == nil {
		return
	}
	_ = o.handle.Close() // what it would say no longer matters; it may be closed already
	_ = os.Remove(o.partial)
}

// publish writes the manifest beside the output, then gives the output its name: an output is never without.
func (c *Config) publish(to output, read *digest, j *judge, r Report) error {
	return to.publish(func(output File) error {
		mapping := spelledMapping(c.Mapping)
		mapping.Columns = j.fields.Columns // as it came out, so that the output is read alike whatever rows are left
		m := Manifest{
			Format: ManifestFormat, Veto: c.CreatedBy, CreatedAt: c.Now().UTC(), Corpus: c.Format, Output: output,
			Mapping: mapping, Redactions: c.Redactions, RedactionsSHA256: j.redactions(), Replay: c.Replay, Report: r,
		}
		var err error
		if read != nil {
			if _, err = io.Copy(io.Discard, read); err != nil { // what a decompressor left behind the end of its stream
				return fmt.Errorf("read the input: %w", err)
			}
			m.Input = read.file(baseName(c.In))
		} else if m.Input, err = SumFile(c.In); err != nil {
			return err
		}
		text, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			return fmt.Errorf("write the manifest: %w", err)
		}
		if err := terminal.ReplaceFile(c.Out+ManifestSuffix, 0o644, append(text, '\n')); err != nil {
			return fmt.Errorf("write the manifest: %w", err)
		}
		return nil
	})
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
