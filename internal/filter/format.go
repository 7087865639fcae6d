package filter

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/veto-gate/veto/internal/filter/columnar"
	"github.com/veto-gate/veto/internal/filter/corpus"
	"github.com/veto-gate/veto/internal/filter/lines"
)

// Format is how a corpus is written.
type Format string

// The formats, by the words that the command line and OUT.veto.json use.
const (
	Parquet   Format = "parquet"
	CSV       Format = "csv"
	TSV       Format = "tsv"
	JSONLines Format = "jsonl"
)

// Formats are all of them.
func Formats() []Format { return []Format{Parquet, CSV, TSV, JSONLines} }

// suffixes are how a file's name tells its format.
var suffixes = map[string]Format{".parquet": Parquet, ".pq": Parquet, ".csv": CSV, ".tsv": TSV, ".jsonl": JSONLines, ".ndjson": JSONLines}

// commas are what stands between the cells of a table.
var commas = map[Format]byte{CSV: ',', TSV: '\t'}

// compressions are how a file's name tells that it is compressed.
var compressions = []string{".gz", ".zst"}

// FormatOf is the format that a file's name tells; "": none.
func FormatOf(name string) Format {
	name = strings.ToLower(name)
	for _, c := range compressions {
		name = strings.TrimSuffix(name, c)
	}
	for suffix, format := range suffixes {
		if strings.HasSuffix(name, suffix) {
			return format
		}
	}
	return ""
}

// Std is the name of standard input and output.
const Std = "-"

// errFormat says what to do where nothing tells the format.
func errFormat(name string) error {
	if name == Std {
		return errors.New("--format is missing: standard input has no name that tells it (parquet, csv, tsv, jsonl)")
	}
	return fmt.Errorf("%s: its name tells no format; it ends in .parquet, .csv, .tsv or .jsonl, also with .gz or .zst behind, or --format says it", name)
}

// open opens the input.
func (c *Config) open() (corpus.Source, *digest, error) {
	if c.Format == Parquet {
		if c.In == Std {
			return nil, nil, errors.New("a Parquet file is read from several places at once, so it cannot come from standard input: name the file")
		}
		from, err := columnar.Open(c.In, columnar.Options{CreatedBy: c.CreatedBy, Redactions: c.Redactions})
		return from, nil, err
	}
	from := io.NopCloser(c.Stdin)
	if c.In != Std {
		file, err := os.Open(c.In)
		if err != nil {
			return nil, nil, fmt.Errorf("open the input: %w", err)
		}
		if at, err := file.Stat(); err == nil && at.IsDir() {
			return nil, nil, errors.Join(fmt.Errorf("read %s: not a regular file", c.In), file.Close())
		}
		from = file
	}
	sum := newDigest(from)
	plain, err := lines.Decompressed(sum)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read %s: %w", c.In, err), from.Close())
	}
	options := lines.Options{Comma: commas[c.Format], MaxRowBytes: c.MaxRowBytes, Redactions: c.Redactions}
	return lines.Open(closing{plain, from}, options), sum, nil
}

// closing reads from one and closes another.
type closing struct {
	io.Reader
	io.Closer
}

// compressed writes to a stream as a file's name tells. Closing it ends what is compressed, not the stream.
func compressed(name string, to io.Writer) (io.WriteCloser, error) {
	switch {
	case strings.HasSuffix(strings.ToLower(name), ".gz"):
		return gzip.NewWriter(to), nil
	case strings.HasSuffix(strings.ToLower(name), ".zst"):
		return zstd.NewWriter(to, zstd.WithEncoderConcurrency(1))
	default:
		return plainly{to}, nil
	}
}

type plainly struct{ io.Writer }

func (plainly) Close() error { return nil }
