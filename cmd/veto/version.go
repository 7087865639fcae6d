package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return a.command("version", helpOf("version"), 0, 0, func(context.Context, *cobra.Command, []string) error {
		_, err := fmt.Fprint(a.streams.Out, versionLine())
		return err
	})
}

// versionLine is what `veto version` and `veto --version` write.
func versionLine() string {
	return fmt.Sprintf("veto %s %s %s/%s\n", built(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// built is the version that the linker was told, else what the module system knows.
func built() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
