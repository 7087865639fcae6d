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
		_, err := fmt.Fprintf(a.streams.Out, "veto %s %s %s/%s\n", built(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	})
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
