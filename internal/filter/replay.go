package filter

import (
	"fmt"
	"strings"
	"time"
)

// Replay is what a run decided as of.
type Replay struct {
	// AsOf is the clock that the policy's dates were read at; absent: the clock of the run.
	AsOf *time.Time `json:"as_of,omitempty"`
	// AtRevision is the state of the register; 0: as it stood.
	AtRevision uint64 `json:"at_revision,omitempty"`
}

// String is the heading of a report: nobody is to take it for one of rows that may be used.
func (r *Replay) String() string {
	var of []string
	if r.AsOf != nil {
		of = append(of, "as of "+r.AsOf.UTC().Format(time.RFC3339))
	}
	if r.AtRevision > 0 {
		of = append(of, fmt.Sprintf("at revision %d", r.AtRevision))
	}
	return "REPLAY " + strings.Join(of, ", ") + ": what would have been decided. Nothing may be used on the strength of it."
}
