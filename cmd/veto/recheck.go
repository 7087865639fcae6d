package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/terminal"
)

// rechecking is what `veto recheck` was told.
type rechecking struct {
	out, excludedFile, output string
	force                     bool
	batch                     int
	minRevision               uint64
}

func (a *app) recheckCommand() *cobra.Command {
	var t target
	var r rechecking
	cmd := a.clientCommand("recheck OUT", helpOf("recheck"), 1, 1, &t, false, func(ctx context.Context, c *client, args []string) error {
		r.out, r.output = args[0], t.output
		return recheck(ctx, c, a.streams, r)
	})
	flags := cmd.Flags()
	flags.StringVar(&r.excludedFile, "excluded", "", "a file to write")
	flags.BoolVar(&r.force, "force", false, "replace that file")
	flags.IntVar(&r.batch, "batch", defaultBatch, "a number of rows")
	flags.Uint64Var(&r.minRevision, "min-revision", 0, "a revision")
	settings.Mark(flags, "batch")
	return cmd
}

// maxListed is how many rows are printed; --excluded lists all.
const maxListed = 20

// recheck decides an output again and lists what must go.
func recheck(ctx context.Context, c *client, s terminal.Streams, r rechecking) error {
	if r.batch < 1 || r.batch > filter.MaxBatchRows {
		return usage("1 to 10000 rows", "--batch: not a size that a message can have")
	}
	if r.excludedFile != "" && (samePlace(r.excludedFile, r.out) || samePlace(r.excludedFile, r.out+filter.ManifestSuffix) || isOfRegister(r.excludedFile)) {
		return usage("name another file", "--excluded would take the place of what must stay")
	}
	listing := func(filter.Exclusion) error { return nil }
	publish := func() error { return nil }
	if r.excludedFile != "" {
		list, err := filter.CreateExclusions(r.excludedFile, r.force)
		if err != nil {
			return explainFilter(fmt.Errorf("--excluded: %w", err))
		}
		defer list.Discard()
		listing, publish = list.Of(r.out), list.Publish
	}
	var first []filter.Exclusion
	result, err := filter.Recheck(ctx, filter.RecheckConfig{
		Path: r.out, BatchRows: r.batch, Progress: progress(s),
		Open: c.redecider(r.minRevision),
		MustGo: func(e filter.Exclusion) error {
			if len(first) < maxListed {
				first = append(first, e)
			}
			return listing(e)
		},
	})
	if s.Watched {
		fmt.Fprint(s.Err, clearLine)
	}
	if err == nil {
		err = publish()
	}
	if err != nil {
		return explainRecheck(err, r.out)
	}
	if r.output == outputJSON {
		err = json.NewEncoder(s.Out).Encode(struct {
			filter.Rechecked
			First []filter.Exclusion `json:"first"`
		}{result, first})
	} else {
		writeRechecked(s, result, first)
	}
	if err == nil && (result.MustGo > 0 || result.MasksChanged) {
		return &failure{what: found(result), hint: "filter the corpus again, and put the new output in the place of this one", exit: exitFound}
	}
	return err
}

// redecider makes the stream that decides an output again.
func (c *client) redecider(minRevision uint64) func(context.Context, filter.Manifest, filter.Fields) (filter.Decider, error) {
	return func(ctx context.Context, m filter.Manifest, fields filter.Fields) (filter.Decider, error) {
		config := filter.Config{Purpose: m.Report.Purpose, AcceptRedactions: m.Redactions != ""}
		return c.decider(config, minRevision, func([]*vetov1.Item, filter.Answer) {})(ctx, fields)
	}
}

func found(r filter.Rechecked) string {
	what := terminal.Thousands(r.MustGo) + " of " + terminal.Thousands(r.Report.Offered) + " rows must go"
	if r.MasksChanged {
		what += ", and other people are to be masked than the output says"
	}
	return what
}

func writeRechecked(s terminal.Streams, r filter.Rechecked, first []filter.Exclusion) {
	var t terminal.Table
	stand := func(name string, at filter.Stand) {
		t.Add(name, at.Time.UTC().Format("2006-01-02T15:04:05Z"), fmt.Sprintf("revision %d", at.Revisions.Last), fmt.Sprintf("policy version %d", at.PolicyVersions.Last))
	}
	stand("decided then", r.Then)
	stand("decided now", r.Now)
	_ = t.Write(s.Out, "")
	s.Print("\n%s rows, %s may stay, %s must go\n", terminal.Thousands(r.Report.Offered), terminal.Thousands(r.Report.Offered-r.MustGo), terminal.Thousands(r.MustGo))
	for _, c := range r.Report.Excluded {
		s.Print("  %s %s\n", c.Reason, terminal.Thousands(c.Rows))
	}
	if n := r.Report.InvalidRows(); n > 0 {
		s.Print("  INVALID %s\n", terminal.Thousands(n))
	}
	if len(first) == 0 {
		return
	}
	var rows terminal.Table
	rows.Add("row", "item_id", "reason")
	for _, e := range first {
		reason := e.Reason
		if len(e.Redact) > 0 {
			reason += fmt.Sprintf(": mask the subjects at %v", e.Redact)
		}
		rows.Add(strconv.FormatInt(e.Row, 10), printable(e.ItemID), reason)
	}
	s.Print("\n")
	_ = rows.Write(s.Out, "")
	if total := r.MustGo; total > int64(len(first)) {
		s.Print("and %s more: --excluded FILE lists all\n", terminal.Thousands(total-int64(len(first))))
	}
}

// printable is an id as it can be shown on a terminal.
func printable(id string) string {
	if strings.ContainsFunc(id, func(r rune) bool { return !strconv.IsGraphic(r) }) {
		return strconv.QuoteToGraphic(id)
	}
	return id
}

// explainRecheck says what to do about an output that cannot be decided again.
func explainRecheck(err error, out string) error {
	switch {
	case errors.Is(err, filter.ErrManifest):
		return failed("it was changed, or another version wrote it: filter the corpus again", "%w", err)
	case errors.Is(err, filter.ErrChanged):
		return failed("what was decided says nothing of these rows: filter the corpus again", "%w: its bytes are not those that %s%s sums", err, out, filter.ManifestSuffix)
	case errors.Is(err, filter.ErrReplay):
		return failed("filter the corpus again, without --as-of and --at-revision", "%w", err)
	}
	if missing, ok := errors.AsType[*os.PathError](err); ok && errors.Is(err, os.ErrNotExist) {
		return failed("OUT is what `veto filter IN -o OUT` wrote; its manifest lies beside it as OUT"+filter.ManifestSuffix, "there is no file %s", missing.Path)
	}
	return explainFilter(err)
}

// printSchema prints what a corpus may have.
func printSchema(s terminal.Streams, output string) error {
	if output == outputJSON {
		return json.NewEncoder(s.Out).Encode(columns.Describe())
	}
	var t terminal.Table
	t.Add("field", "type", "null", "")
	var values []columns.Description
	for _, d := range columns.Describe() {
		needed := ""
		if d.Required {
			needed = "required"
		}
		t.Add(d.Field, d.Type, d.Null, needed)
		if d.Values != "" {
			values = append(values, d)
		}
	}
	if err := t.Write(s.Out, ""); err != nil {
		return err
	}
	s.Print("\n")
	for _, d := range values {
		name := d.Field
		if name == "subjects" {
			name = "subjects.role"
		}
		s.Print("%s: %s\n", name, d.Values)
	}
	return nil
}
