package main

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
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
		if cmd.Name() == "veto" {
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

// TestHelpNamesObjectionsThatCanExist: who copies an example is not to be told of a typing error.
func TestHelpNamesObjectionsThatCanExist(t *testing.T) {
	entries, err := helpTexts.ReadDir("help")
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}\b`)
	found := 0
	for _, entry := range entries {
		for _, id := range number.FindAllString(helpOf(strings.TrimSuffix(entry.Name(), ".txt")), -1) {
			found++
			if _, err := event.ParseObjectionID(id); err != nil {
				t.Errorf("%s: %s: %v", entry.Name(), id, err)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d objections are named, want those of withdraw.txt", found)
	}
}

// TestHelpNamesEveryDanger holds the list in the help to the API's.
func TestHelpNamesEveryDanger(t *testing.T) {
	for _, name := range terminal.Names(vetov1.Danger(0).Descriptor()) {
		if !strings.Contains(helpOf("policy_apply"), "\n  "+name+" ") {
			t.Errorf("the help of policy apply does not name %s", name)
		}
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
