// Package doctor looks at a data directory and what a server on it needs, and says in words what is wrong and what to do. It changes nothing.
package doctor

import (
	"context"
	"time"

	"github.com/veto-gate/veto/internal/store"
)

// State is how a thing is.
type State string

// The states.
const (
	// OK is as it should be.
	OK State = "OK"
	// Warn works, and somebody should know.
	Warn State = "WARN"
	// Wrong keeps a server from starting, or people's objections from counting.
	Wrong State = "WRONG"
	// Skipped could not be looked at, since something before it is wrong.
	Skipped State = "SKIPPED"
)

// Finding is what was found of one thing.
type Finding struct {
	// Check is the thing: directory, disk, server, store, secret, clock, policy, port, files.
	Check string `json:"check"`
	// State is how it is.
	State State `json:"state"`
	// Says is what was found, in words.
	Says string `json:"says"`
	// Do is the remedy; empty where there is nothing to do.
	Do string `json:"do,omitempty"`
}

// Place is what is looked at.
type Place struct {
	// Dir is the data directory.
	Dir string
	// Secret is the file of the secret.
	Secret string
	// Listen is where the server is to answer, HOST:PORT.
	Listen string
	// Look opens the log for reading alone, and says whether a process has it.
	Look func(ctx context.Context) (log store.Log, inUse bool, err error)
	// Now is the wall clock.
	Now func() time.Time
}

// Examine looks at everything, in the order in which a start needs it.
func Examine(ctx context.Context, p Place) []Finding {
	e := &examination{place: p}
	if e.directory(); e.broken() {
		return e.skip("disk", "server", "store", "secret", "clock", "policy").port(ctx).files().findings
	}
	e.disk()
	e.register(ctx)
	return e.port(ctx).files().findings
}

// examination collects what is found.
type examination struct {
	place    Place
	inUse    bool // a process has the log
	findings []Finding
}

func (e *examination) add(check string, state State, says, do string) {
	e.findings = append(e.findings, Finding{check, state, says, do})
}

// broken says whether the last thing is wrong.
func (e *examination) broken() bool {
	return len(e.findings) > 0 && e.findings[len(e.findings)-1].State == Wrong
}

func (e *examination) skip(checks ...string) *examination {
	for _, check := range checks {
		e.add(check, Skipped, "not looked at: what it stands on is wrong", "")
	}
	return e
}
