package telemetry

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Format is how log lines are written.
type Format string

// The formats.
const (
	// Text is a line of key=value pairs, for people. The zero Format means it too.
	Text Format = "text"
	// JSON is an object a line, for machines.
	JSON Format = "json"
)

// Config says what a logger writes.
type Config struct {
	// Format is Text or JSON; empty: Text.
	Format Format
	// Level is the least level that is written; zero: INFO. DEBUG adds a line a call, and never one an item.
	Level slog.Level
}

// NewLogger makes a logger that writes to w, one line with one call of Write, from any number of goroutines. An unknown
// format is an error.
func NewLogger(w io.Writer, c Config) (*slog.Logger, error) {
	if w == nil {
		return nil, errors.New("make logger: there is nothing to write to")
	}
	options := &slog.HandlerOptions{Level: c.Level}
	switch c.Format {
	case Text, "":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case JSON:
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, fmt.Errorf("make logger: the format is none of %s and %s", Text, JSON)
	}
}
