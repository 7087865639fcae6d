package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

func (a *app) standingCommand() *cobra.Command {
	var t target
	request := new(vetov1.GetStandingRequest)
	cmd := a.clientCommand("standing SUBJECT", helpOf("standing"), 1, 1, &t, false, func(ctx context.Context, c *client, args []string) error {
		request.SubjectId = args[0]
		return standing(ctx, c, a.streams, request, t.output)
	})
	cmd.Flags().StringVar(&request.Country, "country", "", "a country code")
	cmd.Flags().Uint64Var(&request.MinRevision, "min-revision", 0, "a revision")
	return cmd
}

// standing tells what is on record for a person.
func standing(ctx context.Context, c *client, s terminal.Streams, request *vetov1.GetStandingRequest, output string) error {
	response, err := c.registry.GetStanding(ctx, request)
	if err != nil {
		return err
	}
	if output == outputJSON {
		return s.JSON(response)
	}
	return writeStanding(s, response, request.GetCountry() != "")
}

// writeStanding writes what is on record, and what that means where that was asked.
func writeStanding(s terminal.Streams, r *vetov1.GetStandingResponse, asked bool) error {
	if len(r.GetObjections()) == 0 {
		s.Print("nothing on record at revision %d\n", r.GetRevision())
	} else {
		var t terminal.Table
		t.Add("OBJECTION", "RECORDED", "STATE", "VERIFICATION", "COUNTRY", "WHAT")
		for _, o := range r.GetObjections() {
			t.Add(o.GetObjectionId(), terminal.Instant(o.GetRecordedAt()), terminal.Bare(o.GetState()), terminal.Bare(o.GetVerification()), terminal.OrDash(o.GetCountry()), scopeWords(o)+", "+purposeWords(o))
		}
		if err := t.Write(s.Out, ""); err != nil {
			return err
		}
		s.Print("at revision %d\n", r.GetRevision())
	}
	if len(r.GetEffects()) == 0 {
		if asked {
			s.Print("no policy is active, so no content is used for anything\n")
			s.Hint(applyOne)
		}
		return nil
	}
	fmt.Fprintln(s.Out)
	var t terminal.Table
	t.Add("PURPOSE", "USABLE", "REASON", "REGIME", "WHAT THAT MEANS")
	for _, e := range r.GetEffects() {
		usable := "no"
		if e.GetUsable() {
			usable = "yes"
		}
		t.Add(e.GetPurpose(), usable, terminal.Bare(e.GetReason()), terminal.OrDash(e.GetRegime()), e.GetWords())
	}
	return t.Write(s.Out, "")
}
