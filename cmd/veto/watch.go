package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
	"github.com/veto-gate/veto/internal/watch"
)

func (a *app) watchCommand() *cobra.Command {
	var t target
	var types []string
	var w watch.Watch
	cmd := a.clientCommand("watch", helpOf("watch"), 0, 0, &t, false, func(ctx context.Context, c *client, _ []string) error {
		for _, name := range types {
			one, err := parseEnum[vetov1.EventType]("type", name)
			if err != nil {
				return err
			}
			w.Types = append(w.Types, one)
		}
		w.Client = c.registry
		return watching(ctx, &w, a.streams, t.output)
	})
	cmd.Flags().Uint64Var(&w.After, "after", 0, "a revision")
	cmd.Flags().StringArrayVar(&types, "type", nil, "a type of event")
	cmd.Flags().BoolVar(&w.CatchUp, "catch-up", false, "whether to end where the log ends")
	return cmd
}

// watching prints a line for each event, and at its end from where to go on.
func watching(ctx context.Context, w *watch.Watch, s terminal.Streams, output string) error {
	w.Event = func(e *vetov1.Event) error {
		if output == outputJSON {
			return s.JSON(e)
		}
		at := terminal.Instant(e.GetRecordedAt())
		s.Print("%-10s %-20s %-22s %-14s %s\n", strconv.FormatUint(e.GetRevision(), 10), at, terminal.Bare(e.GetType()), e.GetEffect(), strings.TrimSpace(terminal.OrDash(e.GetActor())))
		return nil
	}
	w.Interrupted = func(err error) { s.Say("%s; watching on after revision %d", explain(err).Error(), w.After) }
	err := w.Run(ctx)
	s.Say("watched up to revision %d; `veto watch --after %d` goes on from here", w.After, w.After)
	return err
}
