// Package resolver asks the platform whose account an identifier is: an e-mail address, a telephone number, a handle or the address of a profile that somebody
// gave in place of an id. It asks in the background, after the filing was acknowledged, and as long as it takes.
package resolver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/telemetry"
)

const (
	// interval is how often it is looked for what came in.
	interval = 500 * time.Millisecond
	// atOnce is how many questions are under way at a time.
	atOnce = 8
	// longest bounds the wait after failures.
	longest = 5 * time.Minute
	// pendingFor is how long nobody is asked again about what the platform leaves open: a case officer may find it meanwhile.
	pendingFor = time.Hour
)

// actor is who matches, in the log.
var actor = registry.Actor{Name: "resolver", Role: "SYSTEM"}

// Waiting is a filing whose person is looked for.
type Waiting = registry.Waiting

// Register has the filings that wait.
type Register interface {
	// Waiting are the filings whose person is looked for, and the revision that this is true at.
	Waiting(ctx context.Context) ([]Waiting, uint64, error)
	// Revision is that of the newest view; 0: there is none that is fresh.
	Revision() uint64
	MatchIdentifier(context.Context, registry.Actor, *vetov1.MatchIdentifierRequest) (*vetov1.MatchIdentifierResponse, error)
}

// Resolver asks.
type Resolver struct {
	register Register
	platform *platform
	logger   *slog.Logger
	pending  time.Duration

	waiting  []Waiting
	revision uint64 // that waiting is of
	failures *backoff.ExponentialBackOff
	isDown   bool

	mu     sync.Mutex
	after  map[string]wait // what is not to be asked about yet, by number
	inARow int             // questions of this round that were not answered since the last one that was
}

// wait is how long nobody is asked about a filing; it grows while the question about it is not answered.
type wait struct {
	until    time.Time
	failures *backoff.ExponentialBackOff
}

// New makes what asks; nil: nobody is asked.
func New(c Config, logger *slog.Logger) (*Resolver, error) {
	if c.URL == "" {
		if c.TokenFile != "" {
			return nil, errors.New("--resolver-token-file: of no use without --resolver")
		}
		return nil, nil
	}
	p, err := newPlatform(c)
	if err != nil {
		return nil, err
	}
	return &Resolver{platform: p, logger: logger, pending: pendingFor, failures: newBackOff(), after: map[string]wait{}}, nil
}

func newBackOff() *backoff.ExponentialBackOff {
	failures := backoff.NewExponentialBackOff()
	failures.InitialInterval, failures.MaxInterval = interval, longest
	return failures
}

// Run asks about what waits in a register until ctx ends.
func (r *Resolver) Run(ctx context.Context, register Register) error {
	if r == nil {
		return nil
	}
	r.register = register
	defer r.platform.client.CloseIdleConnections()
	for timer := time.NewTimer(0); ; {
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		timer.Reset(r.next(ctx, r.round(ctx)))
	}
}

// next is how long to wait after a round; it grows while the platform does not answer.
func (r *Resolver) next(ctx context.Context, err error) time.Duration {
	if err == nil {
		if r.isDown {
			r.logger.Info("identifiers are matched again")
		}
		r.isDown = false
		r.failures.Reset()
		return interval
	}
	if ctx.Err() == nil && !r.isDown {
		r.isDown = true
		r.logger.Warn("identifiers cannot be matched now; they stay PENDING, and are asked about again", slog.String(telemetry.Cause, err.Error()))
	}
	return cmp.Or(max(r.failures.NextBackOff(), 0), longest)
}

// errDown ends a round: as many questions in a row were not answered as are under way at a time, so that it is not one of them that cannot be.
var errDown = errors.New("no question is answered")

// round asks about each filing that waits and is due. An error is the register's, or says that the platform is down: the round is over.
func (r *Resolver) round(ctx context.Context) error {
	if head := r.register.Revision(); head != 0 && head != r.revision {
		var err error
		if r.waiting, r.revision, err = r.register.Waiting(ctx); err != nil {
			return err
		}
		r.forget()
	}
	r.inARow = 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, one := range r.waiting {
		if ctx.Err() != nil {
			break
		}
		if r.isDue(one.ObjectionID) {
			group.Go(func() error { return r.ask(ctx, one) })
		}
	}
	return group.Wait()
}

// ask asks about one filing, and records the answer.
func (r *Resolver) ask(ctx context.Context, one Waiting) error {
	answer, err := r.platform.ask(ctx, one)
	if unusable, ok := errors.AsType[*answerError](err); ok {
		r.logger.Warn("the resolver's answer is not used; the objection stays PENDING", slog.String(telemetry.Cause, unusable.Error()), slog.String(telemetry.Objection, one.ObjectionID))
		r.later(one.ObjectionID, longest)
		return nil
	}
	if err != nil {
		return r.unanswered(one.ObjectionID, err)
	}
	r.answered()
	if answer.Match == pendingWord {
		r.later(one.ObjectionID, r.pending)
		return nil
	}
	_, err = r.register.MatchIdentifier(ctx, actor, &vetov1.MatchIdentifierRequest{
		RequestId: uuid.NewString(), ObjectionId: one.ObjectionID, SubjectId: answer.SubjectID,
	})
	if _, done := errors.AsType[*registry.StateError](err); done { // an officer was quicker, or it was withdrawn
		err = nil
	}
	if invalid, ok := errors.AsType[*registry.InvalidError](err); ok {
		r.logger.Warn("the resolver's subject_id is not an id of this platform; the objection stays PENDING", slog.String(telemetry.Cause, invalid.Error()), slog.String(telemetry.Objection, one.ObjectionID))
		err = nil
	}
	if err == nil {
		r.later(one.ObjectionID, longest) // until the next look at what waits, it is not asked again
	}
	return err
}

func (r *Resolver) isDue(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !time.Now().Before(r.after[id].until)
}

func (r *Resolver) later(id string, put time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.after[id] = wait{until: time.Now().Add(put)}
}

// unanswered puts a question off, for longer each time, so that one which cannot be answered keeps no other waiting.
func (r *Resolver) unanswered(id string, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.after[id]
	if w.failures == nil {
		w.failures = newBackOff()
		r.logger.Warn("a question to the resolver is not answered; the objection stays PENDING, and is asked about again", slog.String(telemetry.Cause, err.Error()), slog.String(telemetry.Objection, id))
	}
	w.until = time.Now().Add(cmp.Or(max(w.failures.NextBackOff(), 0), longest))
	r.after[id] = w
	if r.inARow++; r.inARow < atOnce {
		return nil
	}
	return fmt.Errorf("%w: %w", errDown, err)
}

func (r *Resolver) answered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inARow = 0
}

// forget lets go of the times of what does not wait any more.
func (r *Resolver) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := map[string]wait{}
	for _, one := range r.waiting {
		if at, asked := r.after[one.ObjectionID]; asked {
			left[one.ObjectionID] = at
		}
	}
	r.after = left
}
