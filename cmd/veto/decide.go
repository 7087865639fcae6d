package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/terminal"
)

// question is what `veto decide` and `veto explain` were told.
type question struct {
	item             itemFlags
	purpose          string
	minRevision      uint64
	acceptRedactions bool
	failIfExcluded   bool
	output           string
	lookBack         lookBack
}

func (q *question) flags(cmd *cobra.Command) {
	q.item.flags(cmd)
	cmd.Flags().StringVar(&q.purpose, "purpose", "", "a declared purpose")
	cmd.Flags().Uint64Var(&q.minRevision, "min-revision", 0, "a revision")
	cmd.Flags().BoolVar(&q.acceptRedactions, "accept-redactions", false, "people can be masked")
	settings.Mark(cmd.Flags(), "purpose")
}

func (a *app) decideCommand() *cobra.Command {
	var t target
	var q question
	cmd := a.clientCommand("decide", helpOf("decide"), 0, 0, &t, false, func(ctx context.Context, c *client, _ []string) error {
		q.output = t.output
		return decide(ctx, c, a.streams, &q)
	})
	q.flags(cmd)
	cmd.Flags().BoolVar(&q.failIfExcluded, "fail-if-excluded", false, "exit with 3 unless it may be used")
	return cmd
}

func (a *app) explainCommand() *cobra.Command {
	var t target
	var q question
	cmd := a.clientCommand("explain", helpOf("explain"), 0, 0, &t, false, func(ctx context.Context, c *client, _ []string) error {
		q.output = t.output
		return explainDecision(ctx, c, a.streams, &q)
	})
	q.flags(cmd)
	q.lookBack.flags(cmd.Flags())
	return cmd
}

// read is the item that is asked about, and the purpose: the one that was named, or the policy's only one.
func (q *question) read(ctx context.Context, c *client, s terminal.Streams) (*vetov1.Item, string, error) {
	item, err := q.item.read(s.In)
	if err != nil {
		return nil, "", err
	}
	purpose, err := thePurpose(ctx, c, q.purpose)
	return item, purpose, err
}

// decide decides one item.
func decide(ctx context.Context, c *client, s terminal.Streams, q *question) error {
	item, purpose, err := q.read(ctx, c, s)
	if err != nil {
		return err
	}
	response, err := c.decisions.Decide(ctx, &vetov1.DecideRequest{
		Purpose: purpose, Item: item, MinRevision: q.minRevision, AcceptRedactions: q.acceptRedactions,
	})
	if err != nil {
		return err
	}
	if q.output == outputJSON {
		err = s.JSON(response)
	} else {
		err = writeDecision(s, response.GetDecision())
	}
	if err != nil {
		return err
	}
	if q.failIfExcluded && response.GetDecision().GetOutcome() != vetov1.Outcome_OUTCOME_INCLUDE {
		return &failure{what: "the item may not be used as it is", hint: "`veto explain` tells why", exit: exitFound}
	}
	return nil
}

// thePurpose is the one that was named, else the only one that the active policy declares.
func thePurpose(ctx context.Context, c *client, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	response, err := c.policies.GetPolicy(ctx, &vetov1.GetPolicyRequest{})
	if err != nil {
		return "", err
	}
	var names []string
	for _, p := range response.GetPolicy().GetPurposes() {
		names = append(names, p.GetName())
	}
	if len(names) != 1 {
		return "", usage("the policy declares "+strings.Join(names, ", "), "which purpose? name it with --purpose")
	}
	return names[0], nil
}

func writeDecision(s terminal.Streams, d *vetov1.Decision) error {
	var t terminal.Table
	t.Add("outcome", terminal.Bare(d.GetOutcome()))
	t.Add("reason", terminal.Bare(d.GetReason()))
	t.Add("regime", terminal.OrDash(d.GetRegime()))
	if v := d.GetViolation(); v != nil {
		t.Add("field", v.GetField()+": "+v.GetMessage())
	}
	if len(d.GetRedact()) > 0 {
		t.Add("mask", fmt.Sprintf("subjects at %v", d.GetRedact()))
	}
	t.Add("revision", strconv.FormatUint(d.GetRevision(), 10))
	t.Add("policy", "version "+strconv.FormatUint(d.GetPolicyVersion(), 10))
	return t.Write(s.Out, "")
}

// explainDecision decides one item and tells every check.
func explainDecision(ctx context.Context, c *client, s terminal.Streams, q *question) error {
	replay, err := q.lookBack.replay()
	if err != nil {
		return err
	}
	item, purpose, err := q.read(ctx, c, s)
	if err != nil {
		return err
	}
	request := &vetov1.ExplainDecisionRequest{
		Purpose: purpose, Item: item, MinRevision: q.minRevision, AcceptRedactions: q.acceptRedactions, AtRevision: q.lookBack.revision,
	}
	if replay != nil && replay.AsOf != nil {
		request.AsOf = timestamppb.New(*replay.AsOf)
	}
	response, err := c.decisions.ExplainDecision(ctx, request)
	if err != nil {
		return err
	}
	if q.output == outputJSON {
		return s.JSON(response)
	}
	if replay != nil {
		s.Say("%s", replay)
	}
	return writeExplanation(s, response)
}

// textWidth is that of sentences, in characters.
const textWidth = 100

// writeExplanation writes the decision in words, then every check, the one that decided marked.
func writeExplanation(s terminal.Streams, r *vetov1.ExplainDecisionResponse) error {
	s.Print("%s\n", terminal.Wrap(r.GetWords(), textWidth))
	var t terminal.Table
	for _, check := range r.GetChecks() {
		mark := ""
		if check.GetDecided() {
			mark = "◀ decided"
		}
		t.Add(strings.ToLower(terminal.Bare(check.GetResult())), check.GetName(), mark, check.GetWords())
	}
	return t.Write(s.Out, "")
}
