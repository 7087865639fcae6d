package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/terminal"
)

// defaultBatch is how many rows are decided at once: enough that a message costs little beside its items, few enough that an objection is honoured
// soon after it was filed.
const defaultBatch = 5000

// defaultParallel is how many shards are filtered at once: deciding and writing one overlap already.
const (
	defaultParallel = 2
	maxParallel     = 64
)

// filtering is what `veto filter` was told.
type filtering struct {
	in                                    []string
	out, purpose, reportFile, output      string
	excludedFile, redactions, format      string
	secretFile                            string // of the register that answers in this process
	mapped, absent, set, values           []string
	force, dryRun, failIfExcluded, schema bool
	batch, parallel, maxRowBytes          int
	minRevision                           uint64
	inputs                                filter.Inputs
	lookBack                              lookBack
	replay                                *filter.Replay
}

func (a *app) filterCommand() *cobra.Command {
	var t target
	var f filtering
	cmd := a.command("filter IN… -o OUT", helpOf("filter"), 0, math.MaxInt, func(ctx context.Context, _ *cobra.Command, args []string) error {
		if t.output != outputTable && t.output != outputJSON {
			return usage("--output table, or --output json", "--output: no such form")
		}
		f.in, f.output, f.secretFile = args, t.output, t.secretFile
		if f.schema {
			return printSchema(a.streams, t.output)
		}
		mapping, err := f.check()
		if err != nil {
			return err
		}
		t.replay = f.replay
		return a.connected(ctx, &t, false, func(ctx context.Context, c *client) error { return filterCorpus(ctx, c, a.streams, f, mapping) })
	})
	t.flags(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "a file to write, or a folder")
	flags.BoolVar(&f.force, "force", false, "replace the output")
	flags.BoolVar(&f.dryRun, "dry-run", false, "write no output")
	flags.BoolVar(&f.failIfExcluded, "fail-if-excluded", false, "exit with 3 where a row may not be used")
	flags.BoolVar(&f.schema, "schema", false, "print the columns that a corpus may have")
	flags.StringVar(&f.format, "format", "", "parquet, csv, tsv or jsonl")
	flags.StringVar(&f.excludedFile, "excluded", "", "a file to write")
	flags.StringVar(&f.redactions, "redactions", "", "a column to add")
	flags.StringArrayVar(&f.mapped, "map", nil, "FIELD=COLUMN")
	flags.StringSliceVar(&f.absent, "absent", nil, "fields")
	flags.StringArrayVar(&f.set, "set", nil, "FIELD=VALUE")
	flags.StringArrayVar(&f.values, "value", nil, "FIELD:WORD=VALUE")
	flags.IntVar(&f.batch, "batch", defaultBatch, "a number of rows")
	flags.IntVar(&f.parallel, "parallel", defaultParallel, "a number of corpora")
	flags.IntVar(&f.maxRowBytes, "max-row-bytes", 0, "a number of bytes")
	flags.StringVar(&f.purpose, "purpose", "", "a declared purpose")
	flags.Uint64Var(&f.minRevision, "min-revision", 0, "a revision")
	f.lookBack.flags(flags)
	flags.StringVar(&f.reportFile, "report", "", "a file to write")
	settings.Mark(flags, "purpose", "batch", "parallel")
	return cmd
}

// check looks at what was said before anybody is asked.
func (f *filtering) check() (columns.Mapping, error) {
	mapping, err := f.mapping()
	if err != nil {
		return mapping, err
	}
	if f.replay, err = f.lookBack.replay(); err != nil {
		return mapping, err
	}
	if f.replay != nil && f.minRevision > 0 {
		return mapping, usage("leave --min-revision out", "--min-revision asks of the present, --as-of and --at-revision of another time")
	}
	out := f.out
	if f.dryRun {
		out = ""
	}
	if f.inputs, err = filter.FindInputs(f.in, out, filter.Format(f.format)); err != nil {
		return mapping, failed("`veto filter --help` has examples", "%w", err)
	}
	return mapping, f.checkPlaces()
}

// filterCorpus writes the rows that may be used, and tells the report.
func filterCorpus(ctx context.Context, c *client, s terminal.Streams, f filtering, mapping columns.Mapping) (err error) {
	purpose, err := thePurpose(ctx, c, f.purpose)
	if err != nil {
		return err
	}
	for _, folder := range f.inputs.Folders() {
		if err := os.MkdirAll(folder, 0o777); err != nil { //nolint:gosec // as any new folder: the umask is how a user says who may read it
			return failed("name a folder that can be written", "make the output's folder: %w", err)
		}
	}
	for _, name := range f.inputs.Skipped {
		s.Say("%s is left out: its name tells no format", name)
	}
	excluded := func(filter.Pair) func(filter.Exclusion) error { return nil }
	publish := func() error { return nil }
	if f.excludedFile != "" {
		list, err := filter.CreateExclusions(f.excludedFile, f.force)
		if err != nil {
			return explainFilter(fmt.Errorf("--excluded: %w", err))
		}
		defer list.Discard()
		excluded = func(p filter.Pair) func(filter.Exclusion) error { return list.Of(p.In) }
		publish = list.Publish
	}
	config := filter.Config{
		Stdin: s.In, Stdout: s.Out, Format: filter.Format(f.format), MaxRowBytes: f.maxRowBytes, Redactions: f.redactions, DryRun: f.dryRun,
		Overwrite: f.force, Purpose: purpose, Replay: f.replay, Mapping: mapping, BatchRows: f.batch, Progress: progress(s), CreatedBy: "veto version " + built(),
	}
	config.Open = c.decider(config, f.minRevision, func([]*vetov1.Item, filter.Answer) {})
	report, err := filter.RunAll(ctx, config, f.inputs.Pairs, f.parallel, excluded)
	if s.Watched {
		fmt.Fprint(s.Err, clearLine)
	}
	if err == nil {
		err = publish()
	}
	if err != nil {
		return explainFilter(err)
	}
	return f.tell(ctx, c, s, &report)
}

// tell prints the report, keeps it, and says what stands out.
func (f filtering) tell(ctx context.Context, c *client, s terminal.Streams, report *filter.Report) (err error) {
	// Told before it is kept: the rows are written, and the file may fail.
	to := s.Out
	if f.out == filter.Std {
		to = s.Err // the rows are data; all else is not
	}
	if f.output == outputJSON {
		err = json.NewEncoder(to).Encode(report)
	} else {
		err = report.WriteText(to)
	}
	if report.PolicyVersions.First == 0 {
		s.Hint("no policy was active, so nothing may be used: `veto policy apply FILE`, then filter again")
	} else if hint := c.majority(ctx, report); hint != "" {
		s.Hint(hint)
	}
	if f.out == filter.Std {
		s.Hint("standard output has no " + filter.ManifestSuffix + " beside it, so `veto recheck` cannot decide these rows again; -o FILE has one")
	}
	err = errors.Join(f.keep(report), err)
	if left := report.Offered - report.Included - report.Redacted; err == nil && f.failIfExcluded && left > 0 {
		return &failure{what: terminal.Thousands(left) + " of " + terminal.Thousands(report.Offered) + " rows may not be used (--fail-if-excluded)", exit: exitFound}
	}
	return err
}

// mapping checks what was said of the corpus before anybody is asked.
func (f *filtering) mapping() (columns.Mapping, error) {
	const hint = "veto filter IN -o OUT --map FIELD=COLUMN --absent FIELD,FIELD"
	if len(f.in) == 0 {
		return columns.Mapping{}, usage(hint, "no corpus is named")
	}
	if f.out == "" && !f.dryRun {
		return columns.Mapping{}, usage(hint+"; --dry-run only counts", "-o is missing: where do the rows go that may be used?")
	}
	if f.format != "" && !slices.Contains(filter.Formats(), filter.Format(f.format)) {
		return columns.Mapping{}, usage("parquet, csv, tsv or jsonl", "--format: no such format")
	}
	if f.parallel < 1 || f.parallel > maxParallel {
		return columns.Mapping{}, usage("1 to 64 corpora at once", "--parallel: out of bounds")
	}
	if f.batch < 1 || f.batch > filter.MaxBatchRows {
		return columns.Mapping{}, usage("1 to 10000 rows", "--batch: not a size that a message can have")
	}
	mapping, err := columns.ParseMapping(columns.Spelled{Map: f.mapped, Absent: f.absent, Set: f.set, Value: f.values})
	if err != nil {
		return columns.Mapping{}, explainMapping(err, exitUsage)
	}
	for name := range mapping.Set {
		if known := columns.Settable(); !slices.Contains(known, name) {
			return columns.Mapping{}, usage(terminal.Suggest(name, known), "--set %s: there is no such field to set", name)
		}
	}
	for name := range mapping.Values {
		if known := columns.Translatable(); !slices.Contains(known, name) {
			return columns.Mapping{}, usage(terminal.Suggest(name, known), "--value %s: there is no such field to translate", name)
		}
	}
	for name := range mapping.Columns {
		if known := columns.Fillable(); !slices.Contains(known, name) {
			return columns.Mapping{}, usage(terminal.Suggest(name, known), "--map %s: an item has no such field", name)
		}
	}
	for _, name := range mapping.Absent {
		if known := columns.Omittable(); !slices.Contains(columns.Fillable(), name) {
			return columns.Mapping{}, usage(terminal.Suggest(name, known), "--absent %s: an item has no such field", name)
		}
	}
	return mapping, nil
}

// explainMapping says a line for each thing that is wrong with a mapping, or with how the corpus fits it.
func explainMapping(err error, exit int) error {
	wrong, ok := errors.AsType[*columns.MappingError](err)
	if !ok {
		return err
	}
	f := &failure{what: wrong.Faults[0], hint: "`veto filter --help` has an example; docs/formats/columns.md tells of each field", exit: exit}
	if len(wrong.Proposed) > 0 {
		f.hint = "by their names: --map " + strings.Join(wrong.Proposed, " --map ") + "; look whether each holds that, and add what else there is (docs/formats/columns.md)"
	}
	if len(wrong.Faults) > 1 {
		f.what, f.parts = strconv.Itoa(len(wrong.Faults))+" things are wrong with the columns, and nothing was read", wrong.Faults
	}
	return f
}

// keep writes the report's file.
func (f filtering) keep(report *filter.Report) error {
	if f.reportFile == "" {
		return nil
	}
	if err := f.checkReport(); err != nil {
		return err // a link that led nowhere before the rows were written
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	write := terminal.CreateFile
	if f.force {
		write = terminal.ReplaceFile
	}
	if err := write(f.reportFile, 0o644, append(text, '\n')); err != nil {
		return fmt.Errorf("write the report: %w; %s is complete", err, filepath.Base(f.out))
	}
	return nil
}

// explainFilter says what to do about a run that gave up.
func explainFilter(err error) error {
	switch {
	case errors.Is(err, filter.ErrExists):
		return failed("--force replaces it", "%w", err)
	case errors.Is(err, filter.ErrSameFile):
		return failed("name another file with -o", "%w", err)
	case errors.Is(err, filter.ErrDamaged):
		return failed("is it complete? A Parquet file is readable only once its writer has closed it", "%w", err)
	case errors.Is(err, os.ErrNotExist):
		if missing, ok := errors.AsType[*os.PathError](err); ok {
			return failed("look at the path", "there is no file %s", missing.Path)
		}
	}
	return explainMapping(err, exitFailed)
}

// clearLine takes away a line of progress.
const clearLine = "\r\x1b[2K"

// progress draws how far a run is, where somebody watches.
func progress(s terminal.Streams) func(filter.Progress) {
	if !s.Watched {
		return nil
	}
	return func(p filter.Progress) {
		if p.Total < 0 {
			fmt.Fprintf(s.Err, "%sveto: %s rows, %s included, %s rows/s", clearLine,
				terminal.Thousands(p.Rows), terminal.Thousands(p.Included), terminal.Thousands(int64(p.RowsPerSecond)))
			return
		}
		share := 100.0
		if p.Total > 0 {
			share = 100 * float64(p.Rows) / float64(p.Total)
		}
		fmt.Fprintf(s.Err, "%sveto: %s of %s rows (%.0f %%), %s included, %s rows/s", clearLine,
			terminal.Thousands(p.Rows), terminal.Thousands(p.Total), share, terminal.Thousands(p.Included), terminal.Thousands(int64(p.RowsPerSecond)))
	}
}

// filter runs a filter whose decider is a stream to whoever answers. watch is shown every batch with its answer.
func (c *client) filter(ctx context.Context, config filter.Config, minRevision uint64, watch func([]*vetov1.Item, filter.Answer)) (filter.Report, error) {
	config.Open = c.decider(config, minRevision, watch)
	return filter.Run(ctx, config)
}

// decider makes a stream to whoever answers. It ends with the run that it was made for.
func (c *client) decider(config filter.Config, minRevision uint64, watch func([]*vetov1.Item, filter.Answer)) func(context.Context, filter.Fields) (filter.Decider, error) {
	return func(ctx context.Context, fields filter.Fields) (filter.Decider, error) {
		ctx, cancel := context.WithCancel(ctx)
		stream, err := c.decisions.StreamDecide(ctx)
		if err != nil {
			cancel()
			return nil, err
		}
		return &streamDecider{stream: stream, cancel: cancel, minRevision: minRevision, watch: watch, options: &vetov1.BatchOptions{
			Purpose: config.Purpose, MappedFields: fields.Mapped, AbsentFields: fields.Absent,
			AcceptRedactions: config.Redactions != "" || config.AcceptRedactions,
		}}, nil
	}
}

// streamDecider decides batches over one stream: an answer for each, in order. It is for one goroutine.
type streamDecider struct {
	stream      vetov1.DecisionService_StreamDecideClient
	cancel      context.CancelFunc   // of the stream
	options     *vetov1.BatchOptions // for the first message alone
	minRevision uint64
	watch       func([]*vetov1.Item, filter.Answer)
}

// Close ends the stream.
func (d *streamDecider) Close() error {
	defer d.cancel()
	return d.stream.CloseSend()
}

// Decide sends a batch and receives its answer. The first one has no items: an item that says nothing stands in for them, since a server judges only
// where there is one whether every field that the rules read is mapped. What became of it is left out.
func (d *streamDecider) Decide(ctx context.Context, items []*vetov1.Item) (filter.Answer, error) {
	// The run may end for another reason while the server says nothing.
	defer context.AfterFunc(ctx, d.cancel)()
	request := &vetov1.StreamDecideRequest{Options: d.options, Items: items, MinRevision: d.minRevision}
	d.options = nil
	if len(items) == 0 {
		request.Items = []*vetov1.Item{{}}
	}
	// A stream that has ended says io.EOF to a sender; why it ended is for the receiver.
	sent := d.stream.Send(request)
	response, err := d.stream.Recv()
	if err != nil {
		return filter.Answer{}, err
	}
	if sent != nil {
		return filter.Answer{}, sent
	}
	answer := filter.Answer{Revision: response.GetRevision(), PolicyVersion: response.GetPolicyVersion()}
	if len(items) == 0 {
		return answer, nil
	}
	answer.Reasons, answer.Violations, answer.Redactions = response.GetReasons(), response.GetViolations(), response.GetRedactions()
	if len(answer.Reasons) != len(items) {
		return filter.Answer{}, fmt.Errorf("decide %d items: %d answers came", len(items), len(answer.Reasons))
	}
	d.watch(items, answer)
	return answer, nil
}
