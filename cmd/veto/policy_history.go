package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// historyPage is how many versions are asked for at once.
const historyPage = 1000

func (a *app) policyHistoryCommand() *cobra.Command {
	var t target
	var minRevision uint64
	cmd := a.clientCommand("history", helpOf("policy_history"), 0, 0, &t, false, func(ctx context.Context, c *client, _ []string) error {
		return policyHistory(ctx, c, a.streams, minRevision, t.output)
	})
	cmd.Flags().Uint64Var(&minRevision, "min-revision", 0, "a revision")
	return cmd
}

// policyHistory lists every version, newest first.
func policyHistory(ctx context.Context, c *client, s terminal.Streams, minRevision uint64, output string) error {
	var table terminal.Table
	table.Add("version", "applied at", "revision", "by", "acknowledged")
	request := &vetov1.ListPolicyVersionsRequest{PageSize: historyPage, MinRevision: minRevision}
	for {
		page, err := c.policies.ListPolicyVersions(ctx, request)
		if err != nil {
			return err
		}
		for _, v := range page.GetVersions() {
			if output == outputJSON {
				if err := s.JSON(v); err != nil {
					return err
				}
				continue
			}
			var acknowledged []string
			for _, one := range v.GetAcknowledged() {
				acknowledged = append(acknowledged, terminal.Bare(one.GetDanger()))
			}
			table.Add(strconv.FormatUint(v.GetVersion(), 10), terminal.Instant(v.GetAppliedAt()), strconv.FormatUint(v.GetRevision(), 10), v.GetActor(), terminal.OrDash(strings.Join(acknowledged, ", ")))
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			break
		}
	}
	if output == outputJSON {
		return nil
	}
	return table.Write(s.Out, "")
}
