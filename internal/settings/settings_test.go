package settings_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/veto-gate/veto/internal/settings"
)

// flagsOf are those of a command: three settings, the file's, and a flag that describes a request.
func flagsOf(args ...string) (*pflag.FlagSet, error) {
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	flags.String("config", "", "a file")
	flags.String("listen", "127.0.0.1:50051", "HOST:PORT")
	flags.Duration("max-staleness", 0, "a duration, e.g. 2s")
	flags.String("data", "./veto-data", "a directory")
	flags.Bool("verified", false, "the person is verified")
	settings.Mark(flags, "config", "listen", "max-staleness", "data")
	err := flags.Parse(args)
	return flags, err
}

func ExampleSettle() {
	flags, err := flagsOf("--data", "here")
	if err != nil {
		fmt.Println(err)
		return
	}
	sources, err := settings.Settle(flags, settings.Names(flags), []string{"HOME=/", "VETO_DATA=there", "VETO_MAX_STALENESS=3s"})
	fmt.Println(flags.Lookup("data").Value, flags.Lookup("max-staleness").Value, sources["data"] == settings.CommandLine, err)

	_, err = settings.Settle(flags, settings.Names(flags), []string{"VETO_LISTN=127.0.0.1:0"})
	fmt.Println(err)
	// Output:
	// here 3s true <nil>
	// the environment has VETO_LISTN, which is no setting
}

func TestSettlePrecedence(t *testing.T) {
	for _, c := range []struct {
		name    string
		args    []string
		environ []string
		file    string
		want    string
		source  settings.Source
	}{
		{name: "nothing said", want: "127.0.0.1:50051", source: settings.Default},
		{name: "file", file: "listen: 127.0.0.1:1", want: "127.0.0.1:1", source: settings.File},
		{name: "environment", environ: []string{"VETO_LISTEN=127.0.0.1:2"}, want: "127.0.0.1:2", source: settings.Environment},
		{name: "environment above file", file: "listen: 127.0.0.1:1", environ: []string{"VETO_LISTEN=127.0.0.1:2"}, want: "127.0.0.1:2", source: settings.Environment},
		{name: "empty variable says nothing", file: "listen: 127.0.0.1:1", environ: []string{"VETO_LISTEN="}, want: "127.0.0.1:1", source: settings.File},
		{
			name: "command line above all", args: []string{"--listen", "127.0.0.1:3"}, file: "listen: 127.0.0.1:1", environ: []string{"VETO_LISTEN=127.0.0.1:2"},
			want: "127.0.0.1:3", source: settings.CommandLine,
		},
		{name: "another command's settings", file: "policy: p.yaml\nlisten: 127.0.0.1:1", environ: []string{"VETO_POLICY=q.yaml"}, want: "127.0.0.1:1", source: settings.File},
		{name: "an empty file", file: "# nothing yet", want: "127.0.0.1:50051", source: settings.Default},
		{name: "what the tests read", environ: []string{"VETO_KILL_ROUNDS=25"}, want: "127.0.0.1:50051", source: settings.Default},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := c.args
			if c.file != "" {
				args = append(args, "--config", write(t, c.file))
			}
			flags, err := flagsOf(args...)
			if err != nil {
				t.Fatal(err)
			}
			sources, err := settings.Settle(flags, append(settings.Names(flags), "policy"), c.environ)
			if err != nil {
				t.Fatal(err)
			}
			if got := flags.Lookup("listen").Value.String(); got != c.want || sources["listen"] != c.source {
				t.Errorf("listen is %q from source %d, want %q from %d", got, sources["listen"], c.want, c.source)
			}
		})
	}
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "veto.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileNamedByTheEnvironment(t *testing.T) {
	flags, err := flagsOf()
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, "data: from-the-file")
	if _, err := settings.Settle(flags, settings.Names(flags), []string{"VETO_CONFIG=" + path}); err != nil {
		t.Fatal(err)
	}
	if got := flags.Lookup("data").Value.String(); got != "from-the-file" {
		t.Errorf("data is %q", got)
	}
}

func TestSettleRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		environ []string
		file    string
		want    string
		hint    string
	}{
		{name: "a variable of no setting", environ: []string{"VETO_LISTN=x"}, want: "VETO_LISTN, which is no setting", hint: "did you mean VETO_LISTEN?"},
		{name: "a request's flag in the environment", environ: []string{"VETO_VERIFIED=true"}, want: "VETO_VERIFIED, which is no setting", hint: "one of VETO_CONFIG"},
		{name: "a request's flag in the file", file: "verified: true", want: ":1: verified is no setting", hint: "one of data"},
		{name: "a key of no setting", file: "data: x\nlisen: y", want: ":2: lisen is no setting", hint: "did you mean listen?"},
		{name: "the file in the file", file: "config: x", want: ":1: config is no setting"},
		{name: "twice", file: "data: x\ndata: y", want: "already defined"},
		{name: "a list", file: "data: [x]", want: ":1: data: not a single value"},
		{name: "nothing", file: "data:", want: ":1: data: not a single value"},
		{name: "no mapping", file: "- data", want: "read settings in"},
		{name: "no YAML", file: "data: \"", want: "read settings in"},
		{name: "a wrong value in the file", file: "max-staleness: soon", want: "max-staleness: not a value that --max-staleness takes", hint: "want a duration"},
		{name: "a wrong value in the environment", environ: []string{"VETO_MAX_STALENESS=soon"}, want: "VETO_MAX_STALENESS: not a value", hint: "want a duration"},
		{name: "no such file", environ: []string{"VETO_CONFIG=nowhere.yaml"}, want: "there is no file nowhere.yaml", hint: "name a file that exists"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var args []string
			if c.file != "" {
				args = []string{"--config", write(t, c.file)}
			}
			flags, err := flagsOf(args...)
			if err != nil {
				t.Fatal(err)
			}
			_, err = settings.Settle(flags, settings.Names(flags), c.environ)
			wrong, ok := errors.AsType[*settings.Error](err)
			if !ok || !strings.Contains(wrong.Error(), c.want) || !strings.Contains(wrong.Hint, c.hint) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if ok && wrong.Hint == "" {
				t.Error("no hint")
			}
			if err != nil && strings.Contains(err.Error(), "soon") {
				t.Errorf("the value was repeated: %v", err)
			}
		})
	}
}

func TestUnreadableFileIsNotTakenForNone(t *testing.T) {
	flags, err := flagsOf("--config", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settings.Settle(flags, settings.Names(flags), nil); err == nil {
		t.Error("a directory was read as settings")
	}
}

func TestNames(t *testing.T) {
	flags, err := flagsOf()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"config", "data", "listen", "max-staleness"}, settings.Names(flags, flags)); diff != "" {
		t.Error(diff)
	}
	if got := settings.Variable("max-staleness"); got != "VETO_MAX_STALENESS" {
		t.Errorf("got %q", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a flag that does not exist was marked")
		}
	}()
	settings.Mark(flags, "nowhere")
}
