package main

import "embed"

// The usage of each command is written by hand, in help/, named by the command's path; a test holds it to the command's flags.
//
//go:embed help/*.txt
var helpTexts embed.FS

// helpOf is the usage of a command.
func helpOf(name string) string {
	text, err := helpTexts.ReadFile("help/" + name + ".txt")
	if err != nil {
		panic(err) // a command without its text
	}
	return string(text)
}
