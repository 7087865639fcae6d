// Package manual writes the commands' help as a manual page, for man(1).
package manual

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Text is one command's help.
type Text struct {
	// Name is how it is called, e.g. "veto policy apply".
	Name string
	// Help is what it says of itself; its first line says what it does.
	Help string
}

// Write writes a page of all texts, the program's first, in the roff that man(1) reads.
func Write(w io.Writer, version string, texts []Text) error {
	var page bytes.Buffer
	fmt.Fprintf(&page, ".TH VETO 1 \"\" \"veto %s\"\n.SH NAME\nveto \\- the gate that content passes on its way into an AI training set\n", quoted(version))
	for i, text := range texts {
		heading := strings.ToUpper(text.Name)
		if i == 0 {
			heading = "SYNOPSIS"
		}
		// As it stands: the help is laid out by hand.
		fmt.Fprintf(&page, ".SH %s\n.nf\n", quoted(heading))
		for line := range strings.Lines(text.Help) {
			page.WriteString(quoted(strings.TrimRight(line, "\n")) + "\n")
		}
		page.WriteString(".fi\n")
	}
	_, err := w.Write(page.Bytes())
	return err
}

// quoted is a line that roff prints as it stands: a backslash begins its commands, and so does a dot or an apostrophe at the beginning of a line.
func quoted(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", `\[u2026]`, "→", `\[->]`).Replace(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	return line
}
