package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/veto-gate/veto/internal/event"
)

// Check says what of the command is missing, all of it, with ErrOutOfBounds. Drivers call it before they queue one.
func (c Command) Check() error {
	var faults []error
	if c.RequestID == [16]byte{} {
		faults = append(faults, errors.New("the request id is zero"))
	}
	if c.Resolve == nil {
		faults = append(faults, errors.New("there is no resolve"))
	}
	return outOfBounds("check command", faults)
}

// Decide runs Resolve, turns its panic into a *PanicError and holds its verdict against the bounds. Drivers call it
// under the head's lock, and write a verdict only if there is no error.
func (c Command) Decide(ctx context.Context, p Present) (v Verdict, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			v, err = Verdict{}, &PanicError{Reason: reason(thrown), Stack: debug.Stack()}
		}
	}()
	if v, err = c.Resolve(ctx, p); err != nil {
		return Verdict{}, err
	}
	if err := v.check(); err != nil {
		return Verdict{}, err
	}
	return v, nil
}

// reason is what may be told of a thrown value.
func reason(thrown any) string {
	if err, ok := thrown.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a %T was thrown", thrown)
}

// CheckKeys says with ErrOutOfBounds that a question has too many keys.
func CheckKeys(keys []event.Key) error {
	if len(keys) > MaxKeys {
		return fmt.Errorf("look up keys: %w: %d keys, at most %d", ErrOutOfBounds, len(keys), MaxKeys)
	}
	return nil
}

func (v Verdict) check() error {
	faults := sized(nil, "answer", len(v.Answer), 0, MaxAnswerBytes, "bytes")
	if r := v.Record; r != nil {
		faults = sized(faults, "leaf", len(r.Leaf), 1, MaxLeafBytes, "bytes")
		faults = sized(faults, "side row", len(r.Side), 1, MaxSideBytes, "bytes")
		faults = sized(faults, "list of keys", len(r.Keys), 0, MaxKeys, "keys")
		faults = sized(faults, "list of documents", len(r.Documents), 0, MaxDocuments, "documents")
		for i, document := range r.Documents {
			faults = sized(faults, fmt.Sprintf("document %d", i+1), len(document), 1, MaxDocumentBytes, "bytes")
		}
		faults = r.sealed(faults)
		if at := r.Time.UTC().Truncate(time.Microsecond); at.IsZero() || at.Year() < 1 || at.Year() > 9999 {
			faults = append(faults, errors.New("the time is missing or outside the years 1 to 9999"))
		}
	}
	return outOfBounds("check verdict", faults)
}

// sized adds a fault if something has not between least and most of a unit.
func sized(faults []error, what string, got, least, most int, unit string) []error {
	if got >= least && got <= most {
		return faults
	}
	return append(faults, fmt.Errorf("the %s has %d %s, want %d to %d", what, got, unit, least, most))
}

func outOfBounds(doing string, faults []error) error {
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w: %w", doing, ErrOutOfBounds, errors.Join(faults...))
}
