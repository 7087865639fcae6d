package filter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
)

// digest sums the bytes that pass through it.
type digest struct {
	from  io.Reader
	sum   hash.Hash
	bytes int64
}

func newDigest(from io.Reader) *digest { return &digest{from: from, sum: sha256.New()} }

// Read reads from the stream behind it.
func (d *digest) Read(b []byte) (int, error) {
	n, err := d.from.Read(b)
	d.take(b[:n])
	return n, err
}

func (d *digest) take(b []byte) {
	_, _ = d.sum.Write(b) // a hash takes everything
	d.bytes += int64(len(b))
}

// file is what is kept of what passed.
func (d *digest) file(name string) File {
	return File{Name: name, SHA256: hex.EncodeToString(d.sum.Sum(nil)), Bytes: d.bytes}
}

// SumFile sums a file.
func SumFile(path string) (File, error) {
	handle, err := os.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("sum %s: %w", path, err)
	}
	defer func() { _ = handle.Close() }() // it was only read
	d := newDigest(handle)
	if _, err := io.Copy(io.Discard, d); err != nil {
		return File{}, fmt.Errorf("sum %s: %w", path, err)
	}
	return d.file(baseName(path)), nil
}
