package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veto-gate/veto/internal/doctor"
)

// examined runs the doctor, and returns what it found by check.
func examined(t *testing.T, exit int, args ...string) map[string]doctor.Finding {
	t.Helper()
	stdout, _ := veto(t, exit, append([]string{"doctor", "--output", "json"}, args...)...)
	found := map[string]doctor.Finding{}
	for line := range strings.Lines(stdout) {
		var f doctor.Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		found[f.Check] = f
	}
	return found
}

// TestDoctorSaysWhatIsWrong: each fault by itself, in a register that is well otherwise. What is wrong has a remedy, and nothing is changed.
func TestDoctorSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	statement := func(text string) func(string) error {
		return func(dir string) error {
			db, err := sql.Open("sqlite", filepath.Join(dir, "veto.db"))
			if err != nil {
				return err
			}
			_, err = db.ExecContext(t.Context(), text)
			return errors.Join(err, db.Close())
		}
	}
	secret := func(do func(path string) error) func(string) error {
		return func(dir string) error { return do(filepath.Join(dir, secretName)) }
	}
	for name, c := range map[string]struct {
		hurt        func(dir string) error
		args        []string
		check, says string
		state       doctor.State
		exit        int
	}{
		"well":              {nil, nil, "store", "each with its side row, and their tree is the head's", doctor.OK, exitDone},
		"no directory":      {os.RemoveAll, nil, "directory", "there is no", doctor.Wrong, exitFound},
		"an open directory": {func(dir string) error { return os.Chmod(dir, 0o755) }, nil, "directory", "others than its owner may enter", doctor.Warn, exitFound},
		"no database":       {func(dir string) error { return os.Remove(filepath.Join(dir, "veto.db")) }, nil, "store", "there is no veto.db", doctor.Wrong, exitFound},
		"no SQLite": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "veto.db"), []byte(strings.Repeat("no", 9999)), 0o600)
		}, nil, "store", "damaged", doctor.Wrong, exitFound},
		"a newer database": {statement("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"), nil, "store", "newer than this program", doctor.Wrong, exitFound},
		"a changed event":  {statement("UPDATE event SET leaf = CAST(replace(CAST(leaf AS TEXT), 'day', 'dey') AS BLOB) WHERE revision = 2"), nil, "store", "revision 2", doctor.Wrong, exitFound},
		"a lost side row":  {statement("DELETE FROM side WHERE revision = 3"), nil, "store", "revision 3", doctor.Wrong, exitFound},
		"no secret":        {secret(os.Remove), nil, "secret", "there is no", doctor.Wrong, exitFound},
		"an open secret":   {secret(func(p string) error { return os.Chmod(p, 0o644) }), nil, "secret", "others than its owner", doctor.Wrong, exitFound},
		"a cut secret":     {secret(func(p string) error { return os.Truncate(p, 10) }), nil, "secret", "not 64", doctor.Wrong, exitFound},
		"another secret": {secret(func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("0f", 32)+"\n"), 0o600) }), nil, "secret",
			"not the one", doctor.Wrong, exitFound},
		"an event of tomorrow": {statement("UPDATE head SET time = 4102444800000000"), nil, "clock", "the last event is of 2100-01-01", doctor.Wrong, exitFound},
		"a suspension": {func(dir string) error {
			veto(t, exitDone, "policy", "suspend", "eu", "--reason", "asked to", "--data", dir)
			return nil
		}, nil, "policy", "1 suspension stands: eu", doctor.Warn, exitFound},
		"a port that is taken": {nil, []string{"--listen", taken.Addr().String()}, "port", "taken by another program", doctor.Wrong, exitFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, dir := corpusAndRegister(t)
			veto(t, exitDone, "object", "ada", "--data", dir)
			if c.hurt != nil {
				if err := c.hurt(dir); err != nil {
					t.Fatal(err)
				}
			}
			found := examined(t, c.exit, append([]string{"--data", dir, "--listen", "127.0.0.1:0"}, c.args...)...)
			got := found[c.check]
			if got.State != c.state || !strings.Contains(got.Says, c.says) || (got.State == doctor.OK) != (got.Do == "") {
				t.Errorf("%+v; want %s with %q, and a remedy", got, c.state, c.says)
			}
			for check, f := range found {
				if f.State == doctor.Wrong && check != c.check {
					t.Errorf("%s is wrong too: %s", check, f.Says)
				}
			}
		})
	}
}

// TestDoctorBesideAServer: that a process has the directory, and its port, is as it should be.
func TestDoctorBesideAServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, build(t), data)
	found := examined(t, exitFound, "--data", data, "--listen", p.address)
	for check, want := range map[string]doctor.State{"directory": doctor.OK, "server": doctor.OK, "store": doctor.OK, "secret": doctor.OK, "clock": doctor.OK, "policy": doctor.Warn, "port": doctor.OK} {
		if found[check].State != want {
			t.Errorf("%s: %+v, want %s", check, found[check], want)
		}
	}
	if !strings.Contains(found["server"].Says, "a process has") || !strings.Contains(found["policy"].Says, "NO_POLICY") {
		t.Errorf("%+v", found)
	}
	t.Chdir(filepath.Dir(data)) // as the default names it
	if stdout, _ := veto(t, exitFound, "doctor", "--data", "./data", "--listen", p.address); strings.Contains(stdout, "WRONG") {
		t.Error(stdout)
	}
	veto(t, exitDone, "object", "ada", "--addr", p.address)
	if stdout, stderr := veto(t, exitFound, "doctor", "--data", data, "--listen", p.address); !strings.Contains(stdout, "→ apply one") || !strings.Contains(stderr, "0 things are wrong, 1 warning") {
		t.Errorf("%s%s", stdout, stderr)
	}
	if code := p.stop(); code != exitDone {
		t.Errorf("exit %d\n%s", code, p.stderr)
	}
}
