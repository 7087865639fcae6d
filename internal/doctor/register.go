package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
	"github.com/veto-gate/veto/internal/terminal"
)

const restore = "restore a backup; what it lacks, receipts prove"

// register looks at the log, its secret, the clock and the policy.
func (e *examination) register(ctx context.Context) {
	log, inUse, err := e.place.Look(ctx)
	if e.inUse = inUse; inUse {
		e.add("server", OK, "a process has this directory", "")
	} else {
		e.add("server", OK, "no process has this directory", "")
	}
	if err != nil {
		e.noLog(err)
		return
	}
	defer func() { _ = log.Close() }() // it was only read
	head, err := log.Head(ctx)
	if err != nil {
		e.noLog(err)
		return
	}
	if head.Revision == 0 {
		e.add("store", Warn, "the log is empty: the register was not begun", "`veto serve` begins it")
		e.skip("secret", "clock", "policy")
		return
	}
	keys := e.secret()
	if keys == nil {
		e.add("store", Warn, fmt.Sprintf("%s; they cannot be folded without the secret", terminal.Counted(uint64(head.Revision), "event", "events")), "")
		e.skip("clock", "policy")
		return
	}
	e.bound(ctx, log, keys, head)
}

func (e *examination) noLog(err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.add("store", Wrong, "there is no veto.db", "name the right directory with --data; `veto serve --data DIR` makes a new register where there never was one")
	case errors.Is(err, store.ErrNewer):
		e.add("store", Wrong, err.Error(), "start the version that wrote it, or a newer one")
	case errors.Is(err, store.ErrCorrupt):
		e.add("store", Wrong, err.Error(), restore)
	default:
		e.add("store", Wrong, err.Error(), "run it as the user that the server runs as, and look at the kernel's log (dmesg) for the disk's errors")
	}
	e.secret()
	e.skip("clock", "policy")
}

// secret reads the secret; nil: it cannot.
func (e *examination) secret() *subject.Keys {
	const missing = "bring it back from its backup, or name it with --secret-file; a new one would match nobody's objection"
	secret, err := subject.LoadSecret(e.place.Secret)
	switch {
	case errors.Is(err, subject.ErrNoSecret):
		e.add("secret", Wrong, "there is no "+e.place.Secret, missing)
	case errors.Is(err, subject.ErrSecretOpen):
		e.add("secret", Wrong, "others than its owner have access to "+e.place.Secret, "chmod 600 it, and ask who could have read it")
	case errors.Is(err, subject.ErrSecretMalformed):
		e.add("secret", Wrong, err.Error(), missing)
	case err != nil:
		e.add("secret", Wrong, err.Error(), "run it as the user that the server runs as")
	default:
		return secret.Keys()
	}
	return nil
}

// bound holds the log against its secret and the clock, then folds it.
func (e *examination) bound(ctx context.Context, log store.Log, keys *subject.Keys, head store.Head) {
	err := registry.Bind(ctx, log, keys, "", e.place.Now)
	switch {
	case errors.Is(err, registry.ErrSecret):
		e.add("secret", Wrong, "it is not the one that this register was begun with", "bring the right one back from its backup, or name it with --secret-file")
		e.skip("store", "clock", "policy")
		return
	case errors.Is(err, registry.ErrClockBehind):
		e.add("secret", OK, "it is the one that this register was begun with", "")
		e.add("clock", Wrong, fmt.Sprintf("it says %s, and the last event is of %s", e.place.Now().UTC().Format(time.RFC3339), head.Time.Format(time.RFC3339)), "set the clock")
	case err != nil:
		e.add("store", Wrong, err.Error(), restore)
		e.skip("secret", "clock", "policy")
		return
	default:
		e.add("secret", OK, "it is the one that this register was begun with", "")
		e.add("clock", OK, "it is after the last event, of "+head.Time.Format(time.RFC3339), "")
	}
	view, err := fold(ctx, log, keys)
	if err != nil {
		e.add("store", Wrong, err.Error(), restore)
		e.skip("policy")
		return
	}
	e.add("store", OK, terminal.Counted(view.Revision, "event", "events")+", each with its side row, and their tree is the head's", "")
	e.policy(view)
}

// fold reads the whole log, as a start does.
func fold(ctx context.Context, log store.Log, keys *subject.Keys) (*registry.View, error) {
	r, err := registry.New(log, keys, registry.Config{})
	if err != nil {
		return nil, err
	}
	var view *registry.View
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return r.Run(running) })
	group.Go(func() error {
		defer stop()
		for running.Err() == nil {
			v, err := r.View()
			if !errors.Is(err, registry.ErrStale) {
				view = v
				return err
			}
			select {
			case <-running.Done():
			case <-time.After(time.Millisecond):
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if view == nil {
		return nil, ctx.Err()
	}
	return view, nil
}

func (e *examination) policy(view *registry.View) {
	switch {
	case view.Policy == nil:
		e.add("policy", Warn, "none is active: every item is excluded with NO_POLICY", "apply one: `veto policy apply FILE`; examples/policies has some to start from")
	case view.Gate.Policy == nil:
		e.add("policy", Wrong, fmt.Sprintf("version %d does not compile by this version's rules: every item is excluded with NO_POLICY", view.PolicyVersion()), "`veto policy get`, correct it, `veto policy check`, `veto policy apply`")
	case len(view.Suspensions) > 0:
		var names []string
		for _, s := range view.Suspensions {
			names = append(names, s.GetRegime())
		}
		e.add("policy", Warn, fmt.Sprintf("version %d is active, and %s: %s", view.PolicyVersion(), terminal.Counted(uint64(len(names)), "suspension stands", "suspensions stand"), strings.Join(names, ", ")), "`veto policy resume REGIME`, when it should go on")
	default:
		e.add("policy", OK, fmt.Sprintf("version %d is active", view.PolicyVersion()), "")
	}
}
