package store

import (
	"fmt"

	"github.com/veto-gate/veto/internal/event"
)

const (
	// MaxSealedBytes bounds a sealed row.
	MaxSealedBytes = 2 << 10
	// MaxSealed bounds the sealed rows that one record adds.
	MaxSealed = 32
)

// Sealed is a row beside the log, encrypted by who wrote it: what is needed for a while and then must not be there any more. It is the only thing that the
// store ever deletes.
type Sealed struct {
	// Handle is what it is found by; no two rows have the same.
	Handle event.Key
	// Bytes are 1 to MaxSealedBytes.
	Bytes []byte
}

// sealed says what of a record's sealed rows is out of bounds.
func (r *Record) sealed(faults []error) []error {
	faults = sized(faults, "list of sealed rows", len(r.Seal), 0, MaxSealed, "rows")
	faults = sized(faults, "list of handles", len(r.Unseal), 0, MaxKeys, "handles")
	for i, row := range r.Seal {
		faults = sized(faults, fmt.Sprintf("sealed row %d", i+1), len(row.Bytes), 1, MaxSealedBytes, "bytes")
	}
	return faults
}
