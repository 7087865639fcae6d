package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/subject"
	"github.com/veto-gate/veto/internal/terminal"
)

// secretName is the secret's file in a data directory.
const secretName = "secret.key"

// newSuffix marks a secret whose register may not have been begun yet. It is made under that name, the log is bound to it,
// and then it gets its own: so a secret under its own name always had a log, and one without a log has lost it.
const newSuffix = ".new"

// secretPath is where the secret lies, or will.
func (c localConfig) secretPath() string {
	if c.secretFile != "" {
		return c.secretFile
	}
	return filepath.Join(c.dir, secretName)
}

// mayBegin says why no register may be begun where there is none. A log that is lost must not be taken for one that never
// was: whoever objected would be included.
func (c localConfig) mayBegin() error {
	for _, path := range []string{c.secretPath(), filepath.Join(c.dir, secretName)} {
		_, err := os.Lstat(path)
		switch {
		case err == nil && !c.begin:
			return failed("restore it; to begin a new register with this secret, in which nobody has objected yet, say `veto serve --begin`",
				"there is no register in %s, and its secret is there: its log is missing", c.dir)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("look for the secret: %w", err)
		}
	}
	_, database := os.Stat(filepath.Join(c.dir, databaseName))
	_, journal := os.Stat(filepath.Join(c.dir, databaseName+"-wal"))
	if errors.Is(database, fs.ErrNotExist) && journal == nil && !c.begin {
		return failed("restore the database; what the journal alone holds would be lost with a new register (`veto serve --begin`)",
			"there is the journal of a register in %s, and its database %s is missing", c.dir, databaseName)
	}
	if !c.makes {
		return failed("`veto serve --data DIR` and `veto policy apply FILE --data DIR` make one", "there is no register in %s", c.dir)
	}
	return nil
}

// secretFile is a secret and the names that it has and will have.
type secretFile struct {
	secret    *subject.Secret
	path      string // the name that it will have
	unsettled bool   // it still has the other one
}

// secret reads the secret, or makes that of a new register. One that a start left behind which did not come to its end is
// used again: the log may be bound to it.
func (c localConfig) secret(isNew bool) (f secretFile, err error) {
	f.path = c.secretPath()
	f.secret, err = subject.LoadSecret(f.path)
	if !errors.Is(err, subject.ErrNoSecret) {
		return f, err
	}
	missing := err
	f.unsettled = true
	f.secret, err = subject.LoadSecret(f.path + newSuffix)
	switch {
	case !errors.Is(err, subject.ErrNoSecret):
		return f, err
	case !isNew:
		return f, missing
	}
	f.secret, err = subject.CreateSecret(f.path+newSuffix, rand.Reader)
	return f, err
}

// settle gives the secret its name, now that the log is bound to it.
func (f secretFile) settle() error {
	if !f.unsettled {
		return nil
	}
	return subject.RenameSecret(f.path+newSuffix, f.path)
}

// explainSecret says what a register needs whose secret does not fit. Nothing can stand in for the secret: with another one every objection would
// silently stop matching.
func explainSecret(err error, dir string, events uint64) error {
	const restore = "bring secret.key back from its backup, or name it with --secret-file; a new one would match nobody's objection"
	switch {
	case errors.Is(err, subject.ErrNoSecret):
		return failed(restore, "the register in %s holds %s, and its secret is missing: %w", dir, terminal.Counted(events, "event", "events"), err)
	case errors.Is(err, registry.ErrSecret):
		return failed(restore, "the secret is not the one that the register in %s was begun with", dir)
	case errors.Is(err, subject.ErrSecretOpen):
		return failed("chmod 600 it, and ask who could have read it", "%w", err)
	case errors.Is(err, subject.ErrSecretMalformed):
		return failed(restore, "%w", err)
	case errors.Is(err, registry.ErrClockBehind):
		return failed("set the clock, then start again", "%w", err)
	}
	return err
}
