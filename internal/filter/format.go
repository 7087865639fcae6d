package filter

import (
	"bufio"
	"bytes"
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
	plain, err := decompressed(sum)
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

// What a compressed stream begins with (RFC 1952, 2.3.1; RFC 8878, 3.1.1).
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// maxWindowBytes bounds what a zstd stream may ask for: the 128 MiB of --long=27, which is all that its own tool takes unasked.
const maxWindowBytes = 128 << 20

// decompressed reads what a stream holds, by its first bytes and not by its name.
func decompressed(from io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(from, 256<<10)
	begin, err := buffered.Peek(len(zstdMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %w", corpus.ErrDamaged, err)
	}
	switch {
	case bytes.HasPrefix(begin, gzipMagic):
		plain, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", corpus.ErrDamaged, err)
		}
		return plain, nil
	case bytes.HasPrefix(begin, zstdMagic):
		plain, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindowBytes))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", corpus.ErrDamaged, err)
		}
		return plain.IOReadCloser(), nil
	default:
		return buffered, nil
	}
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
