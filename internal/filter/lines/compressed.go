package lines

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/veto-gate/veto/internal/filter/corpus"
)

// What a compressed stream begins with (RFC 1952, 2.3.1; RFC 8878, 3.1.1).
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// maxWindowBytes bounds what a zstd stream may ask for: the 128 MiB of --long=27, which is all that its own tool takes unasked.
const maxWindowBytes = 128 << 20

// Decompressed reads what a stream holds, by its first bytes and not by its name.
func Decompressed(from io.Reader) (io.Reader, error) {
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
