package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// switching is what `veto policy suspend` and `veto policy resume` were told.
type switching struct {
	regime, reason, authority string
	jurisdictions, purposes   []string
	requestID, output         string
}

func (x *switching) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&x.reason, "reason", "", "why")
	cmd.Flags().StringVar(&x.authority, "authority", "", "which authority")
	cmd.Flags().StringArrayVar(&x.jurisdictions, "jurisdiction", nil, "a jurisdiction")
	cmd.Flags().StringArrayVar(&x.purposes, "purpose", nil, "a declared purpose")
	cmd.Flags().StringVar(&x.requestID, "request-id", "", "a UUID")
}

func (a *app) suspendCommand() *cobra.Command {
	var t target
	var x switching
	cmd := a.clientCommand("suspend REGIME", helpOf("policy_suspend"), 1, 1, &t, false, func(ctx context.Context, c *client, args []string) error {
		x.regime, x.output = args[0], t.output
		return suspend(ctx, c, a.streams, x)
	})
	x.flags(cmd)
	return cmd
}

func (a *app) resumeCommand() *cobra.Command {
	var t target
	var x switching
	cmd := a.clientCommand("resume REGIME", helpOf("policy_resume"), 1, 1, &t, false, func(ctx context.Context, c *client, args []string) error {
		x.regime, x.output = args[0], t.output
		return resume(ctx, c, a.streams, x)
	})
	x.flags(cmd)
	return cmd
}

// suspend stops a regime.
func suspend(ctx context.Context, c *client, s terminal.Streams, x switching) error {
	id, err := x.check()
	if err != nil {
		return err
	}
	response, err := c.policies.SuspendRegime(ctx, &vetov1.SuspendRegimeRequest{
		RequestId: id, Regime: x.regime, Jurisdictions: x.jurisdictions, Purposes: x.purposes, Reason: x.reason, Authority: x.authority,
	})
	if err != nil {
		return retriable(err, id)
	}
	if response.GetUnchanged() {
		s.Say("that was suspended already: nothing was written")
	}
	if x.output == outputJSON {
		return s.JSON(response)
	}
	return writeSuspensions(s, response.GetSuspensions(), response.GetRevision())
}

// resume lifts suspensions.
func resume(ctx context.Context, c *client, s terminal.Streams, x switching) error {
	id, err := x.check()
	if err != nil {
		return err
	}
	response, err := c.policies.ResumeRegime(ctx, &vetov1.ResumeRegimeRequest{
		RequestId: id, Regime: x.regime, Jurisdictions: x.jurisdictions, Purposes: x.purposes, Reason: x.reason, Authority: x.authority,
	})
	if err != nil {
		return retriable(err, id)
	}
	if x.output == outputJSON {
		return s.JSON(response)
	}
	return writeSuspensions(s, response.GetSuspensions(), response.GetRevision())
}

// check wants a reason: whoever reads the log later was not there.
func (x switching) check() (string, error) {
	if x.reason == "" {
		return "", usage("--reason \"why\"", "--reason is missing")
	}
	return requestID(x.requestID)
}

func writeSuspensions(s terminal.Streams, standing []*vetov1.Suspension, revision uint64) error {
	var t terminal.Table
	for _, suspension := range standing {
		t.Add("suspended", suspensionWords(suspension))
	}
	if len(standing) == 0 {
		t.Add("suspended", "nothing of this regime")
	}
	t.Add("revision", strconv.FormatUint(revision, 10))
	return t.Write(s.Out, "")
}
