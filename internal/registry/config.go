package registry

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// The bounds of Config.MaxStaleness, and what the zero value means.
const (
	DefaultMaxStaleness = 2 * time.Second
	minMaxStaleness     = 100 * time.Millisecond
	maxMaxStaleness     = time.Minute
)

// Config are the choices of a register. The zero value is the default.
type Config struct {
	// MaxStaleness is how old a view may be that decisions are made from, from 100 ms to 1 minute. 0: 2 s.
	MaxStaleness time.Duration
	// PollInterval is how often the head is read where no notification comes, at most half of MaxStaleness. 0: a quarter
	// of it.
	PollInterval time.Duration
	// GapPatience is how long the fold waits for an event that is missing between two others before it gives up for
	// good. 0: five times MaxStaleness.
	GapPatience time.Duration
	// Heartbeat is how often a watcher is told how far it is where nothing comes, at least 10 ms. 0: 5 s.
	Heartbeat time.Duration
	// Wall is the clock that events are stamped and the policy's dates are read with. Nil: time.Now.
	Wall func() time.Time
	// Rand is where salts come from. Nil: crypto/rand.
	Rand io.Reader
	// Logger takes what an operator should know. Nil: nothing is logged.
	Logger *slog.Logger
}

// Check says what of the choices cannot keep the promises, all of it.
func (c Config) Check() error {
	_, err := c.withDefaults()
	return err
}

// withDefaults fills in what is zero and refuses what cannot keep the promises, all of it.
func (c Config) withDefaults() (Config, error) {
	if c.MaxStaleness == 0 {
		c.MaxStaleness = DefaultMaxStaleness
	}
	if c.PollInterval == 0 {
		c.PollInterval = c.MaxStaleness / 4
	}
	if c.GapPatience == 0 {
		c.GapPatience = 5 * c.MaxStaleness
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 5 * time.Second
	}
	if c.Wall == nil {
		c.Wall = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	var faults []error
	if c.MaxStaleness < minMaxStaleness || c.MaxStaleness > maxMaxStaleness {
		faults = append(faults, fmt.Errorf("max staleness: %v is not between %v and %v", c.MaxStaleness, minMaxStaleness, maxMaxStaleness))
	}
	if c.PollInterval <= 0 || c.PollInterval > c.MaxStaleness/2 {
		faults = append(faults, fmt.Errorf("poll interval: %v is not between 0 and half of max staleness", c.PollInterval))
	}
	if c.GapPatience < c.PollInterval {
		faults = append(faults, fmt.Errorf("gap patience: %v is shorter than the poll interval", c.GapPatience))
	}
	if c.Heartbeat < 10*time.Millisecond {
		faults = append(faults, fmt.Errorf("heartbeat: %v is shorter than 10ms", c.Heartbeat))
	}
	return c, errors.Join(faults...)
}
