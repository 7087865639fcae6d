package filter

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Pair is a corpus and where what is kept of it goes.
type Pair struct{ In, Out string }

// FileCount counts the rows of one corpus among several.
type FileCount struct {
	In       string `json:"in"`
	Out      string `json:"out,omitempty"`
	Offered  int64  `json:"offered"`
	Included int64  `json:"included"`
	Redacted int64  `json:"redacted"`
	Excluded int64  `json:"excluded"`
	Invalid  int64  `json:"invalid"`
}

// RunAll filters several corpora, parallel at a time, each by Run with a decider of its own, and counts them together: Report.Files has each. excluded
// makes Config.Excluded for one. The first error ends all; what was finished by then stays, each output with its manifest.
func RunAll(ctx context.Context, c Config, pairs []Pair, parallel int, excluded func(Pair) func(Exclusion) error) (Report, error) {
	_ = c.validate() // fills in what zero stands for; each run says what is wrong
	if len(pairs) > 1 {
		c.share()
	}
	start := c.Now()
	reports := make([]Report, len(pairs))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(max(1, parallel))
	for n, pair := range pairs {
		work.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			one := c
			one.In, one.Out, one.Excluded = pair.In, pair.Out, excluded(pair)
			var err error
			if reports[n], err = Run(ctx, one); err != nil {
				if len(pairs) > 1 {
					err = fmt.Errorf("%s: %w", pair.In, err)
				}
				return err
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return Report{}, err
	}
	all := merged(reports, pairs)
	all.Seconds = c.Now().Sub(start).Seconds()
	all.RowsPerSecond = perSecond(all.Offered, c.Now().Sub(start))
	return all, nil
}

// share makes what several runs call safe for that: they tell how far they are together.
func (c *Config) share() {
	tell := c.Progress
	var mu sync.Mutex
	var ended, now Progress
	c.Progress = func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		// Runs overlap, so the sum is exact only where one ends; it is for people to watch.
		now = Progress{Rows: ended.Rows + p.Rows, Total: -1, Included: ended.Included + p.Included, RowsPerSecond: p.RowsPerSecond}
		if p.Rows == p.Total {
			ended.Rows, ended.Included = now.Rows, now.Included
		}
		tell(now)
	}
}

// merged counts several reports as one.
func merged(reports []Report, pairs []Pair) Report {
	if len(reports) == 1 {
		return reports[0]
	}
	all := Report{Excluded: []ReasonCount{}, Invalid: []InvalidCount{}, Mapped: []string{}, NotChecked: []string{}, Files: []FileCount{}}
	reasons, invalid := map[string]int64{}, map[fault]int64{}
	splits := [3]map[string]*Split{{}, {}, {}}
	for n, r := range reports {
		all.Purpose, all.Replay = r.Purpose, r.Replay
		all.Offered, all.Included, all.Redacted = all.Offered+r.Offered, all.Included+r.Included, all.Redacted+r.Redacted
		for _, c := range r.Excluded {
			reasons[c.Reason] += c.Rows
		}
		for _, c := range r.Invalid {
			invalid[fault{c.Field, c.Message}] += c.Rows
		}
		for i, list := range [][]Split{r.ByCountry, r.ByKind, r.ByLanguage} {
			for _, s := range list {
				splitOf(splits[i], s.Name).addAll(s)
			}
		}
		all.Mapped, all.NotChecked = append(all.Mapped, r.Mapped...), append(all.NotChecked, r.NotChecked...)
		all.Revisions, all.PolicyVersions = all.Revisions.with(r.Revisions, n == 0), all.PolicyVersions.with(r.PolicyVersions, n == 0)
		all.Files = append(all.Files, FileCount{pairs[n].In, pairs[n].Out, r.Offered, r.Included, r.Redacted, r.ExcludedRows(), r.InvalidRows()})
	}
	for _, list := range []*[]string{&all.Mapped, &all.NotChecked} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		all.Excluded = append(all.Excluded, ReasonCount{reason, reasons[reason]})
	}
	slices.SortStableFunc(all.Excluded, func(a, b ReasonCount) int { return cmp.Compare(b.Rows, a.Rows) })
	for f, rows := range invalid { // positions are told with each file
		all.Invalid = append(all.Invalid, InvalidCount{Field: f.field, Message: f.message, Rows: rows, FirstRows: []int64{}})
	}
	slices.SortFunc(all.Invalid, func(a, b InvalidCount) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	all.ByCountry, all.ByKind, all.ByLanguage = sorted(splits[0]), sorted(splits[1]), sorted(splits[2])
	return all
}

func (s *Split) addAll(more Split) {
	s.Offered += more.Offered
	s.Included += more.Included
	s.Redacted += more.Redacted
	s.Excluded += more.Excluded
	s.Invalid += more.Invalid
}

// with widens a span by another; first says that there is none yet.
func (s Span) with(more Span, first bool) Span {
	if first {
		return more
	}
	return Span{min(s.First, more.First), max(s.Last, more.Last)}
}
