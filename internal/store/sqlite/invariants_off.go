//go:build !invariants

package sqlite

import "context"

// checkInvariants checks nothing in a plain build.
func (*writer) checkInvariants(context.Context) {}
