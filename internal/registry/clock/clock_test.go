package clock_test

import (
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/registry/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestACorrectionIsFollowedAndAJumpIsNot(t *testing.T) {
	var off atomic.Int64
	c := clock.New(func() time.Time { return time.Now().Add(time.Duration(off.Load())) })
	for range 5 { // corrections, each small, that come to more than a jump
		off.Add(int64(4 * time.Minute))
		if c.Jumped() {
			t.Fatal("a correction of four minutes counts as a jump")
		}
		c.Follow()
	}
	settled := off.Load()
	for _, jump := range []time.Duration{6 * time.Minute, -6 * time.Minute} {
		off.Store(settled + int64(jump))
		if c.Follow(); !c.Jumped() {
			t.Errorf("a jump of %s was followed", jump)
		}
		if off.Store(settled); c.Jumped() {
			t.Errorf("the jump of %s does not end when the clock is back", jump)
		}
	}
	if now := c.Now(); now != now.Round(0) {
		t.Error("now carries a monotonic reading")
	}
	if c.Passed() < 0 {
		t.Error("time went backwards")
	}
}
