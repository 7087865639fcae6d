package registry

import (
	"sync/atomic"
	"time"
)

// clockJump is how far the wall clock may move against the monotonic one between two looks (design, section 9). A
// larger jump could start or end a period unseen.
const clockJump = 5 * time.Minute

// clock compares the wall clock with the time that has passed. Small corrections are followed; a jump is not, so that
// it ends when the clock is back.
type clock struct {
	wall  func() time.Time
	begin time.Time // carries the monotonic reading that Passed counts from
	last  atomic.Pointer[reading]
}

// reading is both clocks at one moment.
type reading struct {
	wall   time.Time
	passed time.Duration
}

func newClock(wall func() time.Time) *clock {
	c := &clock{wall: wall, begin: time.Now()}
	c.last.Store(&reading{wall: c.now(), passed: c.passed()})
	return c
}

// now is the wall clock, without the monotonic reading.
func (c *clock) now() time.Time { return c.wall().Round(0) }

// passed is the monotonic time since the clock was made.
func (c *clock) passed() time.Duration { return time.Since(c.begin) }

// jumped says whether the wall clock is off by more than clockJump against the last reading that was followed.
func (c *clock) jumped() bool {
	last := c.last.Load()
	drift := c.now().Sub(last.wall) - (c.passed() - last.passed)
	return drift > clockJump || drift < -clockJump
}

// follow takes the present reading as the one to compare with, unless it is a jump. One goroutine calls it.
func (c *clock) follow() {
	if !c.jumped() {
		c.last.Store(&reading{wall: c.now(), passed: c.passed()})
	}
}
