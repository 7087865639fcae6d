//go:build race

package policy_test

import "time"

// slow is when a refusal took too long, under the race detector, which takes ten times as long.
const slow = 3 * time.Second
