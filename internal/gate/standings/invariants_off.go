//go:build !invariants

package standings

// invariants says whether publications check themselves.
const invariants = false
