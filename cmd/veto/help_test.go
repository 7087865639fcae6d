package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/veto-gate/veto/internal/terminal"
)

// TestHelpNamesEveryFlag holds the texts, which are written by hand, to the flags: each is told, each that is told exists, and each text has an example.
func TestHelpNamesEveryFlag(t *testing.T) {
	a := &app{streams: terminal.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}}
	seen := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, child := range cmd.Commands() {
			walk(child)
		}
		if cmd.Name() == "help" || cmd.Name() == "veto" {
			return
		}
		seen++
		if !strings.Contains(cmd.Long, "\nUsage:\n  "+cmd.CommandPath()) || !strings.Contains(cmd.Long, "\nExample:\n  "+cmd.CommandPath()) {
			t.Errorf("%s: its help has no usage or no example", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && f.Name != "config" && !strings.Contains(cmd.Long, "--"+f.Name+" ") && !strings.Contains(cmd.Long, "--"+f.Name+"\n") {
				t.Errorf("%s: its help does not name --%s", cmd.CommandPath(), f.Name)
			}
			if f.Name == "help" {
				return
			}
			if f.Usage == "" {
				t.Errorf("%s: --%s does not say what it takes", cmd.CommandPath(), f.Name)
			}
		})
		for line := range strings.Lines(cmd.Long) {
			name, isFlag := strings.CutPrefix(strings.TrimSpace(line), "--")
			if !isFlag {
				continue
			}
			name, _, _ = strings.Cut(strings.Fields(name)[0], "|")
			if cmd.Flags().Lookup(name) == nil {
				t.Errorf("%s: its help tells of --%s, which it does not have", cmd.CommandPath(), name)
			}
		}
	}
	walk(a.root())
	if seen < 15 {
		t.Errorf("looked at %d commands only", seen)
	}
}

// TestRequestsAreNotSettings: what a request says of a person never comes from the environment or a file.
func TestRequestsAreNotSettings(t *testing.T) {
	for _, args := range [][]string{{"object", "a"}, {"withdraw", "a"}} {
		for _, name := range []string{"VETO_VERIFIED=true", "VETO_PURPOSE=x", "VETO_OBJECTION=x", "VETO_COUNTRY=DE", "VETO_REQUEST_ID=x"} {
			var stderr strings.Builder
			code := run(context.Background(), append(args, "--data", t.TempDir()), []string{name}, terminal.Streams{Out: io.Discard, Err: &stderr})
			if got := stderr.String(); name != "VETO_PURPOSE=x" && (code != exitUsage || !strings.Contains(got, "which is no setting")) {
				t.Errorf("veto %s with %s: exit %d, %s", args[0], name, code, got)
			}
			if name == "VETO_PURPOSE=x" && code == exitDone {
				t.Errorf("veto %s with %s: done", args[0], name)
			}
		}
	}
}
