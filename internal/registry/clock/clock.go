// Package clock tells a wall clock that is corrected from one that jumps.
package clock

import (
	"sync/atomic"
	"time"
)

// MaxJump is how far the wall clock may move against the monotonic one between two looks (design, section 9). A larger
// jump could start or end a period unseen.
const MaxJump = 5 * time.Minute

// Clock compares the wall clock with the time that has passed. Small corrections are followed; a jump is not, so that
// it ends when the clock is back. Its methods are safe for concurrent use.
type Clock struct {
	wall  func() time.Time
	begin time.Time // carries the monotonic reading that Passed counts from
	last  atomic.Pointer[reading]
}

// reading is both clocks at one moment.
type reading struct {
	wall   time.Time
	passed time.Duration
}

// New starts comparing.
func New(wall func() time.Time) *Clock {
	c := &Clock{wall: wall, begin: time.Now()}
	c.last.Store(&reading{wall: c.Now(), passed: c.Passed()})
	return c
}

// Now is the wall clock, without the monotonic reading.
func (c *Clock) Now() time.Time { return c.wall().Round(0) }

// Passed is the monotonic time since the clock was made.
func (c *Clock) Passed() time.Duration { return time.Since(c.begin) }

// Jumped says whether the wall clock is off by more than MaxJump against the last reading that was followed.
func (c *Clock) Jumped() bool {
	last := c.last.Load()
	drift := c.Now().Sub(last.wall) - (c.Passed() - last.passed)
	return drift > MaxJump || drift < -MaxJump
}

// Follow takes the present reading as the one to compare with, unless it is a jump. One goroutine calls it.
func (c *Clock) Follow() {
	if !c.Jumped() {
		c.last.Store(&reading{wall: c.Now(), passed: c.Passed()})
	}
}
