package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/terminal"
)

// app is what all commands share.
type app struct {
	streams terminal.Streams
	environ []string
	sources map[string]settings.Source // of the running command's flags, once they are settled
}

// root is the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "veto",
		Long:              helpOf("veto"),
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              unknownCommand,
	}
	root.SetIn(a.streams.In)
	root.SetOut(a.streams.Out)
	root.SetErr(a.streams.Err)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { fmt.Fprint(cmd.OutOrStdout(), cmd.Long) })
	root.SetFlagErrorFunc(wrongFlag)
	root.Version = built()
	root.SetVersionTemplate(versionLine())
	root.AddCommand(
		a.serveCommand(), a.demoCommand(),
		a.objectCommand(), a.withdrawCommand(), a.standingCommand(), a.importCommand(), a.watchCommand(),
		a.decideCommand(), a.explainCommand(), a.filterCommand(), a.recheckCommand(),
		a.policyCommand(), a.doctorCommand(), a.completionCommand(), a.manCommand(), a.versionCommand(),
	)
	offer(root)
	root.SetHelpCommand(&cobra.Command{
		Use:    "help [COMMAND]",
		Long:   helpOf("help"),
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil {
				return unknownCommand(root, args)
			}
			if len(rest) > 0 {
				return unknownCommand(found, rest)
			}
			return found.Help()
		},
	})
	return root
}

// unknownCommand is what a command with commands below it does by itself.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(cmd.ErrOrStderr(), cmd.Long)
		return &failure{what: "a command is missing", exit: exitUsage}
	}
	var names []string
	for _, child := range cmd.Commands() {
		if !child.Hidden {
			names = append(names, child.Name())
		}
	}
	hint := "`" + cmd.CommandPath() + " --help` lists the commands"
	if near := terminal.Nearest(args[0], names); near != "" {
		hint = "did you mean `" + strings.TrimSpace(cmd.CommandPath()+" "+near) + "`?"
	}
	return usage(hint, "there is no command of that name")
}

// wrongFlag says what is wrong with a flag, without the value that it was given.
func wrongFlag(cmd *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usage("want "+wrong.GetFlag().Usage, "--%s: not a value that it takes", wrong.GetFlag().Name)
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := terminal.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			return usage("did you mean --"+near+"? "+see(cmd), "%v", err)
		}
	}
	return usage(see(cmd), "%v", err)
}

// see points to a command's help.
func see(cmd *cobra.Command) string {
	return "`" + cmd.CommandPath() + " --help` has the flags and an example"
}

// command makes a command whose arguments are between least and most.
func (a *app) command(use, help string, least, most int, runs func(ctx context.Context, cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:  use,
		Long: help,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) < least:
				return usage(see(cmd), "an argument is missing: veto %s", use)
			case len(args) > most:
				return usage(see(cmd), "too many arguments: veto %s", use)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if a.sources, err = settings.Settle(cmd.Flags(), settings.Names(allFlags(cmd.Root())...), a.environ); err != nil {
				return err
			}
			if err := checkText(cmd, args); err != nil {
				return err
			}
			return runs(cmd.Context(), cmd, args)
		},
	}
	cmd.Flags().String(settings.FileFlag, "", "a file of settings")
	settings.Mark(cmd.Flags(), settings.FileFlag)
	return cmd
}

// allFlags are the flags of a command and of all below it.
func allFlags(cmd *cobra.Command) []*pflag.FlagSet {
	sets := []*pflag.FlagSet{cmd.Flags()}
	for _, child := range cmd.Commands() {
		sets = append(sets, allFlags(child)...)
	}
	return sets
}
