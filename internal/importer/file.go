package importer

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/veto-gate/veto/internal/terminal"
)

// Std is the name of standard input.
const Std = "-"

// File is an import from a file, with its rejects in another.
type File struct {
	Import

	// Path is the file; Std: standard input.
	Path string
	// Format is csv, tsv or jsonl; empty: as the name says.
	Format string
	// Rejects is a file to write, a table; empty: none. It must not exist.
	Rejects string
	// Now is the clock that the rate is measured with.
	Now func() time.Time
}

// ErrUsage says that the file cannot be imported as it was asked for; nothing was sent.
var ErrUsage = errors.New("not imported")

var commas = map[string]byte{"csv": ',', "tsv": '\t', "jsonl": 0, "ndjson": 0}

// told is how many rejected rows are printed where no file is written.
const told = 10

// Run imports the file and prints what became of it.
func (f *File) Run(ctx context.Context, s terminal.Streams) (Result, time.Duration, error) {
	if err := f.prepare(); err != nil {
		return Result{}, 0, err
	}
	from, err := f.open(s.In)
	if err != nil {
		return Result{}, 0, err
	}
	defer func() { _ = from.Close() }() // nothing was written
	var rejects rejectFile
	if err := rejects.create(f.Rejects); err != nil {
		return Result{}, 0, err
	}
	shown := 0
	f.Reject = func(r Reject) error {
		if f.Rejects == "" {
			if shown++; shown <= told {
				s.Say("row %d: %s: %s (%s)", r.Row, r.Field, r.Message, r.Reason)
			}
			return nil
		}
		return rejects.write(r)
	}
	begun := f.Now()
	result, err := f.Import.Run(ctx, from)
	took := f.Now().Sub(begun)
	if shown > told {
		s.Say("and %d more rows were rejected; --rejects FILE lists them all", shown-told)
	}
	return result, took, errors.Join(err, rejects.close(err == nil))
}

// prepare finds the format and the import's name where they were not said.
func (f *File) prepare() error {
	format := f.Format
	if format == "" {
		name := strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(f.Path, ".gz"), ".zst"))
		format = strings.TrimPrefix(filepath.Ext(name), ".")
	}
	comma, ok := commas[format]
	switch {
	case !ok && f.Path == Std:
		return fmt.Errorf("%w: --format is missing: standard input has no name that tells it (csv, tsv, jsonl)", ErrUsage)
	case !ok:
		return fmt.Errorf("%w: its name tells no format; it ends in .csv, .tsv or .jsonl, also with .gz or .zst behind, or --format says it", ErrUsage)
	case f.Name == "" && f.Path == Std:
		return fmt.Errorf("%w: --import-id is missing: standard input has no name; choose one, and use it again where you run this again", ErrUsage)
	}
	f.Comma = comma
	if f.Name != "" {
		return nil
	}
	sum, err := sumOf(f.Path)
	f.Name = fmt.Sprintf("%s-%.12x", filepath.Base(f.Path), sum)
	return err
}

// sumOf tells a file from another of its name.
func sumOf(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return sum.Sum(nil), nil
}

func (f *File) open(stdin io.Reader) (io.ReadCloser, error) {
	if f.Path == Std {
		return io.NopCloser(stdin), nil
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	return file, nil
}

// rejectFile is a table of rejected rows, which appears when it is whole.
type rejectFile struct {
	path string
	file *os.File
	out  *csv.Writer
}

func (r *rejectFile) create(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: there is a file %s already; choose another for --rejects", ErrUsage, path)
	}
	var err error
	r.path = path
	if r.file, err = os.CreateTemp(filepath.Dir(path), ".rejects-*"); err != nil {
		return fmt.Errorf("write the rejected rows: %w", err)
	}
	r.out = csv.NewWriter(r.file)
	return r.out.Write([]string{"row", "field", "reason", "message"})
}

func (r *rejectFile) write(one Reject) error {
	return r.out.Write([]string{strconv.FormatInt(one.Row, 10), one.Field, one.Reason, one.Message})
}

// close ends the file, under its name if all is well.
func (r *rejectFile) close(whole bool) error {
	if r.file == nil {
		return nil
	}
	r.out.Flush()
	err := errors.Join(r.out.Error(), r.file.Close())
	if err == nil && whole {
		return os.Rename(r.file.Name(), r.path)
	}
	return errors.Join(err, os.Remove(r.file.Name()))
}
