package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/veto-gate/veto/internal/completion"
	"github.com/veto-gate/veto/internal/manual"
)

func (a *app) completionCommand() *cobra.Command {
	return a.command("completion SHELL", helpOf("completion"), 1, 1, func(_ context.Context, cmd *cobra.Command, args []string) error {
		root := cmd.Root()
		generate, known := map[string]func(io.Writer) error{
			"bash": func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
			"zsh":  root.GenZshCompletion,
			"fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
		}[args[0]]
		if !known {
			return usage("bash, zsh or fish", "there is no completion for that shell")
		}
		return generate(a.streams.Out)
	})
}

func (a *app) manCommand() *cobra.Command {
	return a.command("man", helpOf("man"), 0, 0, func(_ context.Context, cmd *cobra.Command, _ []string) error {
		var texts []manual.Text
		var walk func(*cobra.Command)
		walk = func(cmd *cobra.Command) {
			if cmd.Hidden {
				return
			}
			texts = append(texts, manual.Text{Name: cmd.CommandPath(), Help: cmd.Long})
			for _, child := range cmd.Commands() {
				walk(child)
			}
		}
		walk(cmd.Root())
		return manual.Write(a.streams.Out, built(), texts)
	})
}

// offer tells shells what may stand behind the flags of a command and of those below it. It is asked for while somebody types, so it asks no server.
func offer(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		offer(child)
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		known, ok := completion.For(f.Name)
		if f.Value.Type() == "bool" {
			return
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) { // fails for a flag that is not there
			switch {
			case !ok:
				return nil, cobra.ShellCompDirectiveNoFileComp
			case known.Folder:
				return nil, cobra.ShellCompDirectiveFilterDirs
			case known.File || known.Open && strings.HasSuffix(typed, "="):
				return nil, cobra.ShellCompDirectiveDefault
			case known.Open:
				return known.Values, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
			default:
				return known.Values, cobra.ShellCompDirectiveNoFileComp
			}
		})
	})
}
