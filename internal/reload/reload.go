// Package reload keeps what was read from files as new as the files.
package reload

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/veto-gate/veto/internal/telemetry"
)

// interval is how often files are looked at. They are read whole: what an orchestrator swaps behind a link has the times of the old ones.
const interval = time.Second

// Value is what stands in some files.
type Value[T any] struct {
	paths   []string
	parse   func(contents [][]byte) (T, error)
	current atomic.Pointer[T]
	seen    [sha256.Size]byte // of the contents that were parsed last, well or not
}

// Open reads the files and makes a value of their contents.
func Open[T any](parse func(contents [][]byte) (T, error), paths ...string) (*Value[T], error) {
	v := &Value[T]{paths: paths, parse: parse}
	if _, err := v.look(); err != nil {
		return nil, err
	}
	return v, nil
}

// Get is the newest value that could be made.
func (v *Value[T]) Get() T { return *v.current.Load() }

// look makes a new value where the files have changed.
func (v *Value[T]) look() (changed bool, err error) {
	contents := make([][]byte, len(v.paths))
	digest := sha256.New()
	for i, path := range v.paths {
		if contents[i], err = os.ReadFile(path); err != nil {
			return false, err
		}
		fmt.Fprintf(digest, "%d\n", len(contents[i]))
		digest.Write(contents[i])
	}
	sum := [sha256.Size]byte(digest.Sum(nil))
	if sum == v.seen {
		return false, nil
	}
	v.seen = sum
	value, err := v.parse(contents)
	if err != nil {
		return false, err
	}
	v.current.Store(&value)
	return true, nil
}

// Follow looks at the files until the context ends. What cannot be read changes nothing, and is told once: the value stays as it was.
func (v *Value[T]) Follow(ctx context.Context, logger *slog.Logger) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		changed, err := v.look()
		switch {
		case err != nil && err.Error() != told:
			told = err.Error()
			logger.LogAttrs(ctx, slog.LevelError, "a changed file is not used; what it said before still holds", slog.String(telemetry.Cause, told), slog.Any(telemetry.Files, v.paths))
		case changed:
			told = ""
			logger.LogAttrs(ctx, slog.LevelInfo, "a changed file is used", slog.Any(telemetry.Files, v.paths))
		}
	}
}
