//go:build !race

package policy_test

import "time"

// slow is when a refusal took too long.
const slow = 300 * time.Millisecond
