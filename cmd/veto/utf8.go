package main

import (
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/veto-gate/veto/internal/settings"
)

// checkText refuses arguments and flags that are not UTF-8, by their names: no message can carry them, and what is put in
// the place of their bytes would be another id. Names of files are what the system takes them for, and are not sent.
func checkText(cmd *cobra.Command, args []string) error {
	for i, name := range strings.Fields(cmd.Use)[1:] {
		if i < len(args) && !namesFile(name) && !utf8.ValidString(args[i]) {
			return notUTF8(name)
		}
	}
	var fault error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		texts := []string{f.Value.String()}
		if list, isList := f.Value.(pflag.SliceValue); isList {
			texts = list.GetSlice()
		}
		if fault == nil && !namesFile(f.Name) && !utf8.ValidString(strings.Join(texts, " ")) {
			fault = notUTF8("--" + f.Name)
		}
	})
	return fault
}

// notUTF8 is the fault of an argument or a flag.
func notUTF8(name string) error {
	return usage("send it as UTF-8; is the terminal or the script in another encoding?", "%s: not UTF-8", name)
}

// namesFile says whether an argument or a flag names a file or a folder.
func namesFile(name string) bool {
	switch name {
	case "FILE", "IN", "corpus", "data", "new-receipt", "out", "policy", "ready-file", "receipt", "rejects", "report", "requests", "resolver-token-file", "secret-file", settings.FileFlag:
		return true
	}
	return false
}
