package filter

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// RecheckConfig says which output is decided again, and by whom.
type RecheckConfig struct {
	// Path of the output; its manifest lies beside it.
	Path string
	// Open makes the decider, which decides for the manifest's purpose, with redactions where the output has a column for them. Required.
	Open func(ctx context.Context, m Manifest, fields Fields) (Decider, error)
	// MustGo takes each row that may not be used any more, and where Rechecked.MasksChanged each one that somebody has to be masked in. Nil: nobody is told.
	MustGo func(Exclusion) error
	// BatchRows, Progress and Now are Config's.
	BatchRows int
	Progress  func(Progress)
	Now       func() time.Time
}

// Rechecked is what became of an output.
type Rechecked struct {
	// Output as it lies there: as it was written.
	Output File `json:"output"`
	// Then is when it was written, at which revisions and versions of the policy.
	Then Stand `json:"then"`
	// Now is what it was decided at again.
	Now Stand `json:"now"`
	// MustGo is how many rows may not be used any more.
	MustGo int64 `json:"must_go"`
	// MasksChanged says that other people are to be masked than the output's column says, or in other rows.
	MasksChanged bool `json:"masks_changed"`
	// Report counts the output's rows.
	Report Report `json:"report"`
}

// Stand is a time, and what was in force at it.
type Stand struct {
	Time           time.Time `json:"time"`
	Revisions      Span      `json:"revisions"`
	PolicyVersions Span      `json:"policy_versions"`
}

// ErrChanged is returned where an output is not what its manifest says: what was decided then says nothing of it.
var ErrChanged = errors.New("the output is not what was written")

// ErrReplay is returned where an output was decided as of another time: it never was a set that may be used.
var ErrReplay = errors.New("the output is a replay, and no set that may be used")

// Recheck decides an output again.
//
// Errors: ErrManifest, ErrChanged, ErrReplay, what Run returns, and what the system said of a file.
func Recheck(ctx context.Context, c RecheckConfig) (Rechecked, error) {
	m, err := ReadManifest(c.Path)
	if err != nil {
		return Rechecked{}, fmt.Errorf("recheck: %w", err)
	}
	if m.Replay != nil {
		return Rechecked{}, fmt.Errorf("recheck: %w", ErrReplay)
	}
	there, err := SumFile(c.Path)
	if err != nil {
		return Rechecked{}, fmt.Errorf("recheck: %w", err)
	}
	if there.SHA256 != m.Output.SHA256 {
		return Rechecked{}, fmt.Errorf("recheck: %w", ErrChanged)
	}
	config := Config{
		In: c.Path, Format: m.Corpus, MaxRowBytes: maxMaxRowBytes, DryRun: true, AcceptRedactions: m.Redactions != "", again: true,
		Purpose: m.Report.Purpose, Mapping: m.Mapping.mapping(), BatchRows: c.BatchRows, Progress: c.Progress, Now: c.Now, Excluded: c.MustGo,
		Open: func(ctx context.Context, fields Fields) (Decider, error) { return c.Open(ctx, m, fields) },
	}
	if err := config.validate(); err != nil {
		return Rechecked{}, fmt.Errorf("recheck: %w", err)
	}
	start := config.Now().UTC()
	report, masks, err := run(ctx, config)
	if err != nil {
		return Rechecked{}, fmt.Errorf("recheck: %w", err)
	}
	return Rechecked{
		Output:       there,
		Then:         Stand{m.CreatedAt, m.Report.Revisions, m.Report.PolicyVersions},
		Now:          Stand{start, report.Revisions, report.PolicyVersions},
		MustGo:       report.ExcludedRows() + report.InvalidRows(),
		MasksChanged: masks != m.RedactionsSHA256,
		Report:       report,
	}, nil
}
