package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/veto-gate/veto/internal/doctor"
	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/terminal"
)

func (a *app) doctorCommand() *cobra.Command {
	var c localConfig
	var listen, output string
	cmd := a.command("doctor", helpOf("doctor"), 0, 0, func(ctx context.Context, _ *cobra.Command, _ []string) error {
		if output != outputTable && output != outputJSON {
			return usage("--output table, or --output json", "--output: no such form")
		}
		findings := doctor.Examine(ctx, doctor.Place{
			Dir: c.dir, Secret: c.secretPath(), Listen: listen, Now: time.Now,
			Look: func(ctx context.Context) (store.Log, bool, error) {
				log, inUse, err := sqlite.Look(ctx, sqlite.Config{Dir: c.dir})
				if err != nil {
					return nil, inUse, err
				}
				return log, inUse, nil
			},
		})
		return tellFindings(a.streams, findings, output)
	})
	cmd.Flags().StringVar(&c.dir, "data", "./veto-data", "a data directory")
	cmd.Flags().StringVar(&c.secretFile, "secret-file", "", "the secret's file, where it is not in the data directory")
	cmd.Flags().StringVar(&listen, "listen", defaultAddress, "HOST:PORT")
	cmd.Flags().StringVar(&output, "output", outputTable, "table or json")
	settings.Mark(cmd.Flags(), "data", "secret-file", "listen", "output")
	return cmd
}

// tellFindings prints what was found; what is wrong, or will be, is a check that found something.
func tellFindings(s terminal.Streams, findings []doctor.Finding, output string) error {
	lines := json.NewEncoder(s.Out)
	lines.SetEscapeHTML(false)
	var table terminal.Table
	var wrong, warned int
	for _, f := range findings {
		if f.State == doctor.Wrong {
			wrong++
		}
		if f.State == doctor.Warn {
			warned++
		}
		if output == outputJSON {
			if err := lines.Encode(f); err != nil {
				return err
			}
			continue
		}
		table.Add(string(f.State), f.Check, f.Says)
		if f.Do != "" {
			table.Add("", "", "→ "+f.Do)
		}
	}
	if output == outputTable {
		if err := table.Write(s.Out, ""); err != nil {
			return err
		}
	}
	if wrong+warned > 0 {
		return &failure{what: terminal.Counted(wrong, "thing is", "things are") + " wrong, " + terminal.Counted(warned, "warning", "warnings"), exit: exitFound}
	}
	return nil
}
