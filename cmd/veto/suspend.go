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
		return x.standing(ctx, c, retriable(err, id))
	}
	if x.output == outputJSON {
		return s.JSON(response)
	}
	return writeResumed(s, x, response)
}

// standing adds to an error that nothing was suspended in that way what is.
func (x switching) standing(ctx context.Context, c *client, err error) error {
	f := explain(err)
	if f.reason != "NOT_SUSPENDED" {
		return f
	}
	f.what, f.hint = "the regime is not suspended in that way", "name the same jurisdictions and purposes; `veto policy get --output table` lists what is suspended"
	response, err := c.policies.GetPolicy(ctx, &vetov1.GetPolicyRequest{})
	if err != nil {
		return f // the first error is the one that was asked for
	}
	f.parts = nil
	for _, suspension := range response.GetSuspensions() {
		f.parts = append(f.parts, "suspended: "+suspensionWords(suspension))
	}
	if len(f.parts) == 0 {
		f.parts, f.hint = []string{"nothing is suspended"}, ""
	}
	return f
}

// check wants a reason: whoever reads the log later was not there.
func (x switching) check() (string, error) {
	if x.reason == "" {
		return "", usage("--reason \"why\"", "--reason is missing")
	}
	return requestID(x.requestID)
}

// writeResumed tells what goes on, and what of the regime does not.
func writeResumed(s terminal.Streams, x switching, r *vetov1.ResumeRegimeResponse) error {
	var t terminal.Table
	t.Add("resumed", scopeOfSuspension(&vetov1.Suspension{Regime: x.regime, Jurisdictions: x.jurisdictions, Purposes: x.purposes}))
	for _, suspension := range r.GetSuspensions() {
		t.Add("still suspended", suspensionWords(suspension))
	}
	if len(r.GetSuspensions()) == 0 {
		t.Add("still suspended", "nothing of this regime")
	}
	t.Add("revision", strconv.FormatUint(r.GetRevision(), 10))
	return t.Write(s.Out, "")
}

// writeSuspensions tells what stands still.
func writeSuspensions(s terminal.Streams, standing []*vetov1.Suspension, revision uint64) error {
	var t terminal.Table
	for _, suspension := range standing {
		t.Add("suspended", suspensionWords(suspension))
	}
	t.Add("revision", strconv.FormatUint(revision, 10))
	return t.Write(s.Out, "")
}
