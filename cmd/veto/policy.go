package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/terminal"
)

func (a *app) policyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Long: helpOf("policy"), Args: cobra.ArbitraryArgs, RunE: unknownCommand}
	cmd.AddCommand(a.policyApplyCommand(), a.policyGetCommand(), a.policyHistoryCommand(), a.policyCheckCommand(), a.suspendCommand(), a.resumeCommand())
	return cmd
}

func (a *app) policyGetCommand() *cobra.Command {
	var t target
	request := new(vetov1.GetPolicyRequest)
	cmd := a.command("get", helpOf("policy_get"), 0, 0, func(ctx context.Context, _ *cobra.Command, _ []string) error {
		switch {
		case a.sources["output"] == settings.Default:
			t.output = outputYAML
		case t.output != outputJSON && t.output != outputTable && t.output != outputYAML:
			return usage("--output yaml, --output table, or --output json", "--output: no such form")
		}
		return a.connected(ctx, &t, false, func(ctx context.Context, c *client) error {
			return policyGet(ctx, c, a.streams, request, t.output)
		})
	})
	t.flags(cmd)
	cmd.Flags().Uint64Var(&request.Version, "version", 0, "a version")
	cmd.Flags().Uint64Var(&request.MinRevision, "min-revision", 0, "a revision")
	return cmd
}

const outputYAML = "yaml"

// policyGet reads a policy.
func policyGet(ctx context.Context, c *client, s terminal.Streams, request *vetov1.GetPolicyRequest, output string) error {
	response, err := c.policies.GetPolicy(ctx, request)
	if err != nil {
		return err
	}
	switch output {
	case outputJSON:
		return s.JSON(response)
	case outputTable:
		err = writeRegimes(s, response.GetPolicy(), response.GetSuspensions())
	default:
		document := response.GetYaml()
		if document == "" {
			document = string(policy.Format(response.GetPolicy()))
		}
		_, err = io.WriteString(s.Out, document)
	}
	if err != nil {
		return err
	}
	s.Say("policy version %d, etag %s, at revision %d", response.GetPolicy().GetVersion(), response.GetPolicy().GetEtag(), response.GetRevision())
	for _, suspension := range response.GetSuspensions() {
		s.Say("suspended: %s", suspensionWords(suspension))
	}
	return nil
}

func (a *app) policyCheckCommand() *cobra.Command {
	var output string
	cmd := a.command("check FILE", helpOf("policy_check"), 1, 1, func(_ context.Context, _ *cobra.Command, args []string) error {
		if output != outputTable && output != outputJSON {
			return usage("--output table, or --output json", "--output: no such form")
		}
		return policyCheck(a.streams, args[0], output)
	})
	cmd.Flags().StringVar(&output, "output", outputTable, "table or json")
	settings.Mark(cmd.Flags(), "output")
	return cmd
}

// policyCheck tells every fault of a policy's file.
func policyCheck(s terminal.Streams, path, output string) error {
	document, err := readDocument(s.In, path)
	if err != nil {
		return err
	}
	p, err := policy.Parse(document)
	if err == nil {
		if output == outputTable {
			s.Print("%s: no fault: %s, %s\n", path,
				terminal.Counted(len(p.GetRegimes()), "regime", "regimes"), terminal.Counted(len(p.GetPurposes()), "purpose", "purposes"))
		}
		return nil
	}
	faults, ok := errors.AsType[*policy.Error](err)
	if !ok {
		return err
	}
	for _, fault := range faults.Faults {
		if err := writeFault(s, path, fault, output); err != nil {
			return err
		}
	}
	return &failure{what: fmt.Sprintf("%s has %s", path, terminal.Counted(len(faults.Faults), "fault", "faults")), exit: exitFound}
}

// writeFault writes one fault: as editors jump to it, or as an object.
func writeFault(s terminal.Streams, path string, f policy.Fault, output string) error {
	if output == outputJSON {
		line, err := json.Marshal(map[string]any{"path": f.Path, "line": f.Line, "column": f.Column, "message": f.Message})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.Out, "%s\n", line)
		return err
	}
	what := f.Message
	if f.Path != "" {
		what = f.Path + ": " + what
	}
	_, err := fmt.Fprintf(s.Out, "%s:%d:%d: %s\n", path, f.Line, f.Column, what)
	return err
}

// maxDocumentBytes is read of a policy's file: a byte more than one may have, so that the fault is told as one of the document.
const maxDocumentBytes = 1<<20 + 1

// readDocument reads a policy's file, or stdin.
func readDocument(in io.Reader, path string) ([]byte, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the policy: %w", err)
		}
		defer func() { _ = file.Close() }() // nothing was written
		in = file
	}
	document, err := io.ReadAll(io.LimitReader(in, maxDocumentBytes))
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	return document, nil
}

// writeRegimes writes a line for each regime: whom it rules, how, and what of it is suspended.
func writeRegimes(s terminal.Streams, p *vetov1.Policy, suspensions []*vetov1.Suspension) error {
	var t terminal.Table
	t.Add("REGIME", "RULES", "LEGAL BASIS", "OBJECTIONS", "SINCE", "SUSPENDED")
	for _, r := range p.GetRegimes() {
		since := "-"
		if periods := r.GetPeriods(); len(periods) > 0 {
			since = periods[len(periods)-1].GetStart().AsTime().UTC().Format(time.DateOnly)
		}
		var suspended []string
		for _, x := range suspensions {
			if x.GetRegime() == r.GetName() {
				suspended = append(suspended, strings.TrimSpace(cmp.Or(partOfSuspension(x), "all")))
			}
		}
		t.Add(r.GetName(), strings.Join(r.GetJurisdictions(), " "), terminal.Bare(r.GetLegalBasis()), terminal.Bare(r.GetObjections()), since,
			terminal.OrDash(strings.Join(suspended, "; ")))
	}
	return t.Write(s.Out, "")
}

// partOfSuspension tells which part of its regime a suspension stops; "" where it is the whole.
func partOfSuspension(x *vetov1.Suspension) (words string) {
	if len(x.GetJurisdictions()) > 0 {
		words += " in " + strings.Join(x.GetJurisdictions(), ", ")
	}
	if len(x.GetPurposes()) > 0 {
		words += " for " + strings.Join(x.GetPurposes(), ", ")
	}
	return words
}

// scopeOfSuspension tells what a suspension stops.
func scopeOfSuspension(x *vetov1.Suspension) string {
	return "regime " + x.GetRegime() + partOfSuspension(x)
}

// suspensionWords tells a suspension in a line.
func suspensionWords(x *vetov1.Suspension) string {
	words := scopeOfSuspension(x)
	words += " since " + terminal.Instant(x.GetSuspendedAt()) + ": " + x.GetReason()
	if x.GetAuthority() != "" {
		words += " (" + x.GetAuthority() + ")"
	}
	return words
}
