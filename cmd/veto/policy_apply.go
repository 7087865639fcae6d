package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// application is what `veto policy apply` was told.
type application struct {
	file, etag, requestID, output string
	validateOnly                  bool
	acknowledge                   []string
}

func (a *app) policyApplyCommand() *cobra.Command {
	var t target
	var x application
	cmd := a.clientCommand("apply FILE", helpOf("policy_apply"), 1, 1, &t, true, func(ctx context.Context, c *client, args []string) error {
		x.file, x.output = args[0], t.output
		return policyApply(ctx, c, a.streams, x)
	})
	cmd.Flags().StringVar(&x.etag, "etag", "", "an etag")
	cmd.Flags().BoolVar(&x.validateOnly, "validate-only", false, "write nothing")
	cmd.Flags().StringArrayVar(&x.acknowledge, "acknowledge", nil, "DANGER=ground")
	cmd.Flags().BoolVar(&t.begin, "begin", false, "begin a new register with a secret that is there")
	cmd.Flags().StringVar(&x.requestID, "request-id", "", "a UUID")
	return cmd
}

// policyApply activates a policy.
func policyApply(ctx context.Context, c *client, s terminal.Streams, x application) error {
	acknowledged, err := parseAcknowledgements(x.acknowledge)
	if err != nil {
		return err
	}
	document, err := readDocument(s.In, x.file)
	if err != nil {
		return err
	}
	id, err := requestID(x.requestID)
	if err != nil {
		return err
	}
	response, err := c.policies.ApplyPolicy(ctx, &vetov1.ApplyPolicyRequest{
		RequestId: id, Yaml: string(document), Etag: x.etag, ValidateOnly: x.validateOnly, Acknowledge: acknowledged,
	})
	if err != nil {
		if x.validateOnly {
			return err
		}
		return retriable(err, id)
	}
	for _, warning := range response.GetWarnings() {
		s.Say("warning: %s", warning)
	}
	if x.output == outputJSON {
		return s.JSON(response)
	}
	return writeApplied(s, response, x.validateOnly)
}

// parseAcknowledgements reads DANGER=ground.
func parseAcknowledgements(texts []string) ([]*vetov1.Acknowledgement, error) {
	var acknowledged []*vetov1.Acknowledgement
	for _, text := range texts {
		name, ground, found := strings.Cut(text, "=")
		if !found || strings.TrimSpace(ground) == "" || name == "" {
			return nil, usage("--acknowledge DROPS_PURPOSE=\"merged into another\"", "--acknowledge: a name and a ground, with = between them")
		}
		danger, err := parseEnum[vetov1.Danger]("acknowledge", name)
		if err != nil {
			return nil, err
		}
		acknowledged = append(acknowledged, &vetov1.Acknowledgement{Danger: danger, Ground: ground})
	}
	return acknowledged, nil
}

func writeApplied(s terminal.Streams, r *vetov1.ApplyPolicyResponse, validateOnly bool) error {
	p, state := r.GetPolicy(), "in force"
	switch {
	case validateOnly:
		state = "checked only, nothing was written"
	case r.GetUnchanged():
		state = "was active already, nothing was written"
	}
	var t terminal.Table
	t.Add("policy", fmt.Sprintf("version %d, %s", p.GetVersion(), state))
	t.Add("etag", terminal.OrDash(p.GetEtag()))
	t.Add("revision", strconv.FormatUint(r.GetRevision(), 10))
	t.Add("rules", terminal.Counted(len(p.GetRegimes()), "regime", "regimes")+", "+terminal.Counted(len(p.GetPurposes()), "purpose", "purposes"))
	for _, suspension := range r.GetSuspensions() {
		t.Add("suspended", suspensionWords(suspension))
	}
	return t.Write(s.Out, "")
}
