// Package demo tells the story of the gate on real input: the policy of a real case, objections as people send them, a real corpus filtered, one
// more objection that takes effect at once.
//
// It is a client like any other. Every number that it prints was counted in the run, and it fails where the gate does not do what the story says.
package demo

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/terminal"
)

// Config is what the story needs. Every field is required.
type Config struct {
	// Out takes the story.
	Out io.Writer
	// Registry, Decisions and Policies lead to a server with an empty register.
	Registry  vetov1.RegistryServiceClient
	Decisions vetov1.DecisionServiceClient
	Policies  vetov1.PolicyServiceClient
	// Address is where that server listens, Data its data directory: for the words.
	Address, Data string
	// Folder may be written to.
	Folder string
	// Program is how the reader calls veto, e.g. "bin/veto".
	Program string
	// Policy is the document to apply, PolicyFile where the reader finds it.
	Policy     []byte
	PolicyFile string
	// Corpus is a Parquet file with the fields of Item as columns, Requests a CSV file of objection requests.
	Corpus, Requests string
	// Filter runs a filter at a revision or a later one. It shows watch every batch with its answer; both are watch's until it returns.
	Filter func(ctx context.Context, c filter.Config, minRevision uint64, watch func([]*vetov1.Item, filter.Answer)) (filter.Report, error)
	// Recheck decides an output of Filter again, at a revision or a later one.
	Recheck func(ctx context.Context, path string, minRevision uint64) (filter.Rechecked, error)
	// Refusal says whether an error is a request that was refused for what it says, and in which words.
	Refusal func(error) (words string, refused bool)
	// RequestID draws a new one.
	RequestID func() string
	// Now is the clock of durations.
	Now func() time.Time
}

// story is one run.
type story struct {
	Config
	step     int
	purpose  string
	included int64            // rows, as the newest filter run counted them
	excluded map[string]int64 // rows by reason, in the same run
	mapped   []string
	absent   []string
	authors  map[string]*author
}

// author is somebody whose items the corpus holds.
type author struct {
	id, country string
	offered     int
	usable      []*vetov1.Item // those that were included in the newest run
	objected    bool
}

// width is that of the text, in characters.
const width = 110

// Run tells the story. An error is the client's, or says what did not come out as told.
func Run(ctx context.Context, c Config) error {
	s := &story{Config: c, authors: map[string]*author{}}
	start := c.Now()
	for _, chapter := range []func(context.Context) error{
		s.open, s.rules, s.requests, s.before, s.theirObjections, s.filtered, s.oneMore, s.try,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	s.print("\nAll of it took %.1f seconds.\n", c.Now().Sub(start).Seconds())
	return nil
}

func (s *story) print(format string, args ...any) { fmt.Fprintf(s.Out, format, args...) }

// title begins a chapter.
func (s *story) title(text string) {
	s.step++
	s.print("\n%d. %s\n\n", s.step, text)
}

// say writes a paragraph.
func (s *story) say(format string, args ...any) {
	s.lines("   ", terminal.Wrap(fmt.Sprintf(format, args...), width))
}

// quote writes what veto said, word for word.
func (s *story) quote(words string) {
	s.print("\n")
	for paragraph := range strings.Lines(words) {
		s.lines("     ", terminal.Wrap(paragraph, width))
	}
	s.print("\n")
}

// lines writes lines after an indent.
func (s *story) lines(indent, text string) {
	for line := range strings.Lines(text) {
		s.print("%s\n", strings.TrimRight(indent+line, " \n"))
	}
}

// open says where everything happens.
func (s *story) open(context.Context) error {
	s.print("veto is the gate that content passes on its way into an AI training set. This is it at work, on real input.\n")
	s.title("A new register")
	s.say("A server was started on %s. It keeps its register in %s: an append-only log, and a secret under which people's ids are hashed, since no id is ever stored. "+
		"Everything below goes over gRPC to that port, as it would from your platform.", s.Address, s.Data)
	return nil
}

// rules applies the policy.
func (s *story) rules(ctx context.Context) error {
	s.title("The rules of a real case")
	applied, err := s.Policies.ApplyPolicy(ctx, &vetov1.ApplyPolicyRequest{RequestId: s.RequestID(), Yaml: string(s.Policy)})
	if err != nil {
		return fmt.Errorf("apply the policy: %w", err)
	}
	p := applied.GetPolicy()
	s.purpose = p.GetPurposes()[0].GetName()
	s.say("%s holds what the public record of 2023 to 2025 says of one company's training on public posts; each date there has its source. "+
		"It is in force since revision %d, for the purpose %s:", s.PolicyFile, applied.GetRevision(), s.purpose)
	s.print("\n")
	var t terminal.Table
	t.Add("REGIME", "RULES", "LEGAL BASIS", "OBJECTIONS", "SINCE")
	for _, r := range p.GetRegimes() {
		periods, since := r.GetPeriods(), "-"
		if n := len(periods); n > 0 {
			since = periods[n-1].GetStart().AsTime().UTC().Format(time.DateOnly)
		}
		t.Add(r.GetName(), strings.Join(r.GetJurisdictions(), " "), terminal.Bare(r.GetLegalBasis()), terminal.Bare(r.GetObjections()), since)
	}
	if err := t.Write(s.Out, "   "); err != nil {
		return err
	}
	s.print("\n")
	s.say("A country that no regime names is excluded. So is whatever else the rules do not open, and whatever cannot be read.")
	return nil
}

// try says what the reader can do next.
func (s *story) try(context.Context) error {
	s.title("Try next")
	s.say("In one terminal:")
	s.print("\n   %s serve --policy %s\n\n", s.Program, s.PolicyFile)
	s.say("In another:")
	s.print("\n")
	for _, command := range []string{
		"object account-4711 --country DE --receipt receipt.json",
		"standing account-4711 --country DE",
		"explain --item-id post-1 --kind POST --visibility PUBLIC --author account-4711 --country DE --age 18 --age-at-creation 18",
		"withdraw --receipt receipt.json",
		"policy suspend eu --reason \"a regulator asked\" --jurisdiction IE",
		"policy get --output table",
		"filter " + s.Corpus + " -o usable.parquet",
		"object u6412c853dfe3b232 --country NL",
		"recheck usable.parquet",
	} {
		s.print("   %s %s\n", s.Program, command)
	}
	s.print("\n")
	s.say("README.md shows the same calls with grpcurl; docs/limits.md says what veto does not prove, and what this version does not do. "+
		"`%s demo --keep` keeps the filtered files, the register and the server's log.", s.Program)
	return nil
}
