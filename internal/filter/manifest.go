package filter

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/veto-gate/veto/internal/columns"
)

// ManifestSuffix is what the name of an output's manifest ends in.
const ManifestSuffix = ".veto.json"

// ManifestFormat is the version of the manifest that this program writes and reads.
const ManifestFormat = "veto-filter/1"

// maxManifestBytes bounds what is read as a manifest: its splits have at most a thousand names each.
const maxManifestBytes = 4 << 20

// Manifest is what stands beside an output in OUT.veto.json: all that is needed to decide it again. docs/formats/manifest.md describes it. It holds no id
// and no content.
type Manifest struct {
	// Format is ManifestFormat.
	Format string `json:"format"`
	// Veto is the version of the program, CreatedAt when it wrote the output.
	Veto      string    `json:"veto"`
	CreatedAt time.Time `json:"created_at"`
	// Corpus is the format of both files.
	Corpus Format `json:"corpus"`
	Input  File   `json:"input"`
	Output File   `json:"output"`
	// Mapping is what said which column fills which field.
	Mapping Mapping `json:"mapping"`
	// Redactions is the column of the output that says who is to be masked; empty: there is none. RedactionsSHA256 sums what it says.
	Redactions       string `json:"redactions,omitempty"`
	RedactionsSHA256 string `json:"redactions_sha256,omitempty"`
	// Replay says that the rows were decided as of another time, so the output is no set that may be used.
	Replay *Replay `json:"replay,omitempty"`
	Report Report  `json:"report"`
}

// File is a file as it was.
type File struct {
	// Name without its folder; "-" of standard input.
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Mapping is columns.Mapping as the manifest spells it.
type Mapping struct {
	Columns map[string]string            `json:"columns,omitempty"`
	Absent  []string                     `json:"absent,omitempty"`
	Set     map[string]string            `json:"set,omitempty"`
	Values  map[string]map[string]string `json:"values,omitempty"`
}

// ErrManifest is returned for a manifest that is none, or of another version. Its text says what is wrong.
var ErrManifest = errors.New("not a manifest that this version reads")

// ReadManifest reads the manifest beside an output. The error is ErrManifest, or what the system said of the file.
func ReadManifest(output string) (Manifest, error) {
	file, err := os.Open(output + ManifestSuffix)
	if err != nil {
		return Manifest{}, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxManifestBytes+1))
	if err != nil {
		return Manifest{}, err
	}
	return ParseManifest(text)
}

// ParseManifest reads a manifest: what it does not know it refuses, since what it passed over might have been what matters.
func ParseManifest(text []byte) (Manifest, error) {
	if len(text) > maxManifestBytes {
		return Manifest{}, fmt.Errorf("%w: longer than %d bytes", ErrManifest, maxManifestBytes)
	}
	var version struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return Manifest{}, fmt.Errorf("%w: not a JSON object", ErrManifest)
	}
	if version.Format != ManifestFormat {
		return Manifest{}, fmt.Errorf("%w: its format is not %s", ErrManifest, ManifestFormat)
	}
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("%w: it has a field of another name or type", ErrManifest)
	}
	if decoder.More() {
		return Manifest{}, fmt.Errorf("%w: something follows the object", ErrManifest)
	}
	err := m.check()
	return m, err
}

func (m *Manifest) check() error {
	var faults []error
	fault := func(what string) { faults = append(faults, fmt.Errorf("%w: %s", ErrManifest, what)) }
	if !slices.Contains(Formats(), m.Corpus) {
		fault("corpus is no format")
	}
	for name, f := range map[string]File{"input": m.Input, "output": m.Output} {
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 || f.Bytes < 0 {
			fault(name + " is not summed")
		}
	}
	if m.Report.Purpose == "" {
		fault("the report names no purpose")
	}
	return errors.Join(faults...)
}

// Columns is the mapping as a corpus takes it.
func (m Mapping) mapping() columns.Mapping {
	return columns.Mapping{Columns: m.Columns, Absent: m.Absent, Set: m.Set, Values: m.Values}
}

func spelledMapping(m columns.Mapping) Mapping {
	return Mapping{Columns: m.Columns, Absent: m.Absent, Set: m.Set, Values: m.Values}
}

func baseName(path string) string {
	if path == Std {
		return Std
	}
	return filepath.Base(path)
}
