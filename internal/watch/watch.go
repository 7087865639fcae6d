// Package watch follows a register's events from a client's side: it begins again wherever a stream ends, after the last revision that it got, so that its
// reader sees each event once.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Watch is one follower.
type Watch struct {
	// Client is asked.
	Client vetov1.RegistryServiceClient
	// After is the last revision that is known already; 0: none. It moves on with what comes: after Run it is the resume point.
	After uint64
	// Types are the only ones that are wanted; none: all.
	Types []vetov1.EventType
	// CatchUp ends it where the log ends.
	CatchUp bool
	// Event is handed each event. Its error ends the watch.
	Event func(*vetov1.Event) error
	// Interrupted is told that a stream ended and another is begun; nil: nobody is.
	Interrupted func(err error)
}

// The pauses before another stream is begun.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// errLevel ends a stream that has caught up.
var errLevel = errors.New("level with the log")

// Run follows until ctx ends, which is nil, or the server refuses for good.
func (w *Watch) Run(ctx context.Context) error {
	pause := firstPause
	for {
		before := w.After
		err := w.stream(ctx)
		switch {
		case errors.Is(err, errLevel) || ctx.Err() != nil:
			return nil //nolint:nilerr // that is how a watch ends
		case !passes(err):
			return err
		}
		if w.Interrupted != nil {
			w.Interrupted(err)
		}
		if w.After > before {
			pause = firstPause
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		pause = min(2*pause, lastPause)
	}
}

// passes says whether another stream may do better.
func passes(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.ResourceExhausted
}

// stream reads one stream to its end.
func (w *Watch) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := w.Client.WatchEvents(ctx, &vetov1.WatchEventsRequest{AfterRevision: w.After, Types: w.Types})
	if err != nil {
		return err
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return status.Error(codes.Unavailable, "the stream ended")
		}
		if err != nil {
			return err
		}
		if m.GetRevision() < w.After || m.GetEvent() != nil && m.GetRevision() == w.After {
			return fmt.Errorf("the server sent revision %d after %d", m.GetRevision(), w.After)
		}
		if m.GetEvent() != nil {
			if err := w.Event(m.GetEvent()); err != nil {
				return err
			}
		}
		w.After = m.GetRevision()
		if m.GetEvent() == nil && w.CatchUp {
			return errLevel
		}
	}
}
