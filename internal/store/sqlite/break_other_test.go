//go:build !linux

package sqlite_test

import (
	"context"
	"errors"

	"github.com/veto-gate/veto/internal/store/sqlite"
)

// breakWrites is played on Linux alone, where a process can replace a file that it has open.
func breakWrites(context.Context, *sqlite.DB, string) error { return errors.New("not on this system") }
