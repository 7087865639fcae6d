package demo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/terminal"
)

// objectors is how many of the corpus's own authors object.
const objectors = 40

// before filters the corpus while none of its authors has objected.
func (s *story) before(ctx context.Context) error {
	s.title("A corpus, by the rules alone")
	report, err := s.filter(ctx, "by-the-rules.parquet", 0)
	if err != nil {
		return err
	}
	s.say("%s holds the metadata of %s real contributions by %s people, pseudonymised; no content. None of these people has objected yet, so the rules alone decide: "+
		"%s rows would be used, %s would not.", s.Corpus, terminal.Thousands(report.Offered), terminal.Thousands(len(s.authors)),
		terminal.Thousands(report.Included), terminal.Thousands(report.Offered-report.Included))
	s.included, s.excluded = report.Included, byReason(report)
	return nil
}

// filter filters the corpus into the folder, and keeps who wrote what was included.
func (s *story) filter(ctx context.Context, out string, minRevision uint64) (filter.Report, error) {
	for _, a := range s.authors {
		a.offered, a.usable = 0, nil
	}
	config := filter.Config{In: s.Corpus, Out: filepath.Join(s.Folder, out), Purpose: s.purpose}
	report, err := s.Filter(ctx, config, minRevision, func(items []*vetov1.Item, answer filter.Answer) {
		for i, item := range items {
			a := s.authors[item.GetAuthorId()]
			if a == nil {
				a = &author{id: strings.Clone(item.GetAuthorId()), country: strings.Clone(item.GetCountry())}
				s.authors[a.id] = a
			}
			a.offered++
			if answer.Reasons[i] == vetov1.Reason_REASON_ELIGIBLE {
				a.usable = append(a.usable, proto.CloneOf(item)) // the next batch is read into the same messages
			}
		}
	})
	if err != nil {
		return report, fmt.Errorf("filter the corpus: %w", err)
	}
	s.mapped, s.absent = report.Mapped, report.NotChecked
	return report, nil
}

// theirObjections files objections of the corpus's own authors: the busiest one, and others whom a hash chooses, so that every run chooses the same.
func (s *story) theirObjections(ctx context.Context) error {
	s.title("Forty of its authors object")
	all := slices.SortedFunc(maps.Values(s.authors), func(a, b *author) int {
		left, right := sha256.Sum256([]byte("demo "+a.id)), sha256.Sum256([]byte("demo "+b.id))
		return bytes.Compare(left[:], right[:])
	})
	if len(all) == 0 {
		return errors.New("the corpus has no author")
	}
	busiest := slices.MaxFunc(all, byOffered)
	chosen := []*author{busiest}
	for _, a := range all {
		if len(chosen) < objectors && a != busiest && len(a.usable) > 0 {
			chosen = append(chosen, a)
		}
	}
	offered, usable := 0, 0
	var revision uint64
	begun := s.Now()
	for _, a := range chosen {
		response, err := s.object(ctx, a)
		if err != nil {
			return err
		}
		a.objected, revision = true, response.GetRevision()
		offered, usable = offered+a.offered, usable+len(a.usable)
	}
	took := s.Now().Sub(begun)
	s.say("The busiest author, with %s of the rows, and %d others of whom something would have been used, chosen by a hash. They wrote %s rows, of which %s would have been used. Filing all of it took %d ms, and the last is in "+
		"force at revision %d.", terminal.Thousands(busiest.offered), len(chosen)-1, terminal.Thousands(offered), terminal.Thousands(usable), took.Milliseconds(), revision)
	return nil
}

func byOffered(a, b *author) int {
	return cmp.Or(cmp.Compare(a.offered, b.offered), strings.Compare(a.id, b.id))
}

func (s *story) object(ctx context.Context, a *author) (*vetov1.FileObjectionResponse, error) {
	response, err := s.Registry.FileObjection(ctx, &vetov1.FileObjectionRequest{
		RequestId: s.RequestID(), SubjectId: a.id, Country: a.country, Channel: vetov1.Channel_CHANNEL_SETTINGS,
	})
	if err != nil {
		return nil, fmt.Errorf("file an author's objection: %w", err)
	}
	return response, nil
}

// filtered filters again and shows the report.
func (s *story) filtered(ctx context.Context) error {
	s.title("The corpus through the gate")
	report, err := s.filter(ctx, "usable.parquet", 0)
	if err != nil {
		return err
	}
	if report.Included >= s.included {
		return errors.New("the objections excluded nothing")
	}
	s.say("What `%s filter %s -o usable.parquet` reports, shortened. Every row is counted once, under the first check that decided:", s.Program, s.Corpus)
	s.print("\n")
	var text bytes.Buffer
	if err := report.WriteText(&text); err != nil {
		return err
	}
	s.lines("   ", shortened(text.String()))
	now := byReason(report)
	s.say("The objections took out %s rows. OBJECTED, %s rows, are those of the objectors; THIRD_PARTY, %s more than before, are other people's in which they appear.%s An objection "+
		"from a country whose regime gives objections no effect is recorded all the same, and counts for whatever is ruled elsewhere.",
		terminal.Thousands(s.included-report.Included), terminal.Thousands(now["OBJECTED"]), terminal.Thousands(now["THIRD_PARTY"]-s.excluded["THIRD_PARTY"]), moved(s.excluded, now))
	s.included, s.excluded = report.Included, now
	return nil
}

// byReason are a report's excluded rows.
func byReason(r filter.Report) map[string]int64 {
	rows := map[string]int64{}
	for _, c := range r.Excluded {
		rows[c.Reason] = c.Rows
	}
	return rows
}

// moved says how many rows were out before, for a reason whose check comes later than the new one: without them the numbers do not add up.
func moved(before, now map[string]int64) string {
	var words strings.Builder
	for _, reason := range slices.Sorted(maps.Keys(before)) {
		if gone := before[reason] - now[reason]; gone > 0 {
			fmt.Fprintf(&words, " %s of these rows were out before, as %s: the check of objections comes first.", terminal.Thousands(gone), reason)
		}
	}
	return words.String()
}

// maxLines is what is shown of each part of a report.
const maxLines = 9

// shortened leaves out the languages, and what is beyond the first lines of the other tables. The account and the circumstances stay whole.
func shortened(report string) string {
	blocks := strings.Split(report, "\n\n")
	var kept []string
	for i, block := range blocks {
		lines := strings.Split(strings.TrimRight(block, "\n"), "\n")
		switch {
		case strings.HasPrefix(block, "language"):
			continue
		case i > 0 && i < len(blocks)-1 && len(lines) > maxLines:
			lines = append(lines[:maxLines], "…")
		}
		kept = append(kept, strings.Join(lines, "\n"))
	}
	return strings.Join(kept, "\n\n") + "\n\n"
}
