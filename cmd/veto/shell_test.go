package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBashCompletes asks a real bash what it would offer.
func TestBashCompletes(t *testing.T) {
	binary := build(t)
	folder := t.TempDir()
	script, _ := veto(t, exitDone, "completion", "bash")
	file := filepath.Join(folder, "completion.bash")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	// The functions of bash-completion that the script asks for, as far as it needs them.
	const asks = `
_get_comp_words_by_ref() { cur="${COMP_WORDS[COMP_CWORD]}"; prev="${COMP_WORDS[COMP_CWORD-1]}"; words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
__ltrim_colon_completions() { :; }
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
__start_veto
printf '%s\n' "${COMPREPLY[@]}"
`
	for _, c := range []struct {
		typed []string
		want  string
	}{
		{[]string{"veto", "obj"}, "object"},
		{[]string{"veto", "policy", "sus"}, "suspend"},
		{[]string{"veto", "object", "ada", "--cha"}, "--channel"},
		{[]string{"veto", "object", "ada", "--channel", "WEB"}, "WEB_FORM"},
		{[]string{"veto", "decide", "--kind", "PO"}, "POST"},
		{[]string{"veto", "standing", "ada", "--output", "j"}, "json"},
		{[]string{"veto", "serve", "--max-st"}, "--max-streams"},
		{[]string{"veto", "filter", "in", "--map", "author_i"}, "author_id="},
	} {
		cmd := exec.Command("bash", append([]string{"--norc", "-c", asks, "bash", file}, c.typed...)...)
		cmd.Env = []string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "HOME=" + folder}
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, &said)
		}
		var offered []string
		for _, line := range strings.Split(string(out), "\n") {
			offered = append(offered, strings.Fields(line+" ")...)
		}
		if !slices.Contains(offered, c.want) {
			t.Errorf("%q: bash offers %q, want %s among them", c.typed, offered, c.want)
		}
	}
	for _, shell := range []string{"zsh", "fish"} {
		if script, _ := veto(t, exitDone, "completion", shell); !strings.Contains(script, "veto") {
			t.Errorf("%s: %s", shell, script)
		}
	}
	veto(t, exitUsage, "completion", "tcsh")
}

// TestManHasEveryCommand, in a page that its reader has nothing to complain of.
func TestManHasEveryCommand(t *testing.T) {
	page, _ := veto(t, exitDone, "man")
	reader := exec.Command("groff", "-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=200n")
	reader.Stdin = strings.NewReader(page)
	var said bytes.Buffer
	reader.Stderr = &said
	shown, err := reader.Output()
	if err != nil || said.Len() > 0 {
		t.Fatalf("groff: %v (`make needs` installs it)\n%s", err, &said)
	}
	for _, want := range []string{"SYNOPSIS", "VETO SERVE", "VETO POLICY SUSPEND", "VETO DOCTOR", "--max-message-bytes N", "veto object account-4711 --country DE --receipt receipt.json"} {
		if !strings.Contains(string(shown), want) {
			t.Errorf("%s is not on the page", want)
		}
	}
}
