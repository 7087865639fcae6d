package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/importer"
	"github.com/veto-gate/veto/internal/terminal"
)

func (a *app) importCommand() *cobra.Command {
	var t target
	var channel string
	var fails bool
	f := importer.File{Now: time.Now}
	cmd := a.clientCommand("import FILE", helpOf("import"), 1, 1, &t, false, func(ctx context.Context, c *client, args []string) error {
		var err error
		if f.Channel, err = parseEnum[vetov1.Channel]("channel", channel); err != nil {
			return err
		}
		f.Client, f.Path = c.registry, args[0]
		return importing(ctx, &f, a.streams, t.output, fails)
	})
	cmd.Flags().StringVar(&f.Name, "import-id", "", "a name")
	cmd.Flags().StringVar(&f.Format, "format", "", "csv, tsv or jsonl")
	cmd.Flags().StringVar(&f.Rejects, "rejects", "", "a file to write")
	cmd.Flags().StringVar(&channel, "channel", "IMPORT", "a channel")
	cmd.Flags().BoolVar(&fails, "fail-if-rejected", false, "whether rejected rows are a failure")
	return cmd
}

// importing sends a file and tells what became of its rows.
func importing(ctx context.Context, f *importer.File, s terminal.Streams, output string, fails bool) error {
	result, took, err := f.Run(ctx, s)
	switch {
	case errors.Is(err, importer.ErrUsage):
		return usage("`veto import --help` has an example", "%v", err)
	case err != nil:
		again := explain(err)
		if _, sent := status.FromError(err); sent || result.Rows > 0 {
			again.hint = strings.TrimPrefix(again.hint+"; then run it again with --import-id "+f.Name+": what is in is not written twice", "; then ")
		}
		return again
	}
	if err := importer.Tell(s, f.Name, result, took, output == outputJSON); err != nil {
		return err
	}
	if fails && result.Rejected > 0 {
		return &failure{what: "rows were rejected", exit: exitFound}
	}
	return nil
}
