//go:build invariants

package sqlite

import (
	"context"
	"fmt"
)

// checkInvariants holds the head against the tables after every group. The group is durable by now, so what does not
// fit is a broken invariant of this package's.
func (w *writer) checkInvariants(ctx context.Context) {
	if _, err := w.check(ctx, 8); err != nil {
		panic(fmt.Sprintf("after a group: %v", err))
	}
}
