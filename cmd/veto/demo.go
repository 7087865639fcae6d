package main

import "github.com/spf13/cobra"

func (a *app) demoCommand() *cobra.Command { return a.command("demo", helpOf("version"), 0, 0, nil) }
