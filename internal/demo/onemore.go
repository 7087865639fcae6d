package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// maxBatch is what one call of BatchDecide takes.
const maxBatch = 10_000

// oneMore files the objection of an author whose items were included, and shows that it holds from the revision that the write returned.
func (s *story) oneMore(ctx context.Context) error {
	a, err := s.somebody(ctx)
	if err != nil {
		return err
	}
	s.title("One more objection")
	was, err := s.decide(ctx, a.usable, 0)
	if err != nil {
		return err
	}
	response, err := s.object(ctx, a)
	if err != nil {
		return err
	}
	s.say("The set is being built, and somebody in %s objects: an author with %s rows, %s of which were just included. The receipt says:", a.country,
		terminal.Thousands(a.offered), terminal.Thousands(len(a.usable)))
	s.quote(response.GetReceipt().GetWords())
	revision := response.GetRevision()
	is, err := s.decide(ctx, a.usable, revision)
	if err != nil {
		return err
	}
	s.say("The write returned revision %d. The very next call asks for the same items with min_revision %d; no server may answer it from an older state:", revision, revision)
	s.print("\n")
	var t terminal.Table
	t.Add("", "ELIGIBLE", "OBJECTED", "revision")
	t.Add("before", count(was, vetov1.Reason_REASON_ELIGIBLE), count(was, vetov1.Reason_REASON_OBJECTED), strconv.FormatUint(was.GetRevision(), 10))
	t.Add("after", count(is, vetov1.Reason_REASON_ELIGIBLE), count(is, vetov1.Reason_REASON_OBJECTED), strconv.FormatUint(is.GetRevision(), 10))
	if err := t.Write(s.Out, "   "); err != nil {
		return err
	}
	s.print("\n")
	if slices.ContainsFunc(is.GetReasons(), func(r vetov1.Reason) bool { return r != vetov1.Reason_REASON_OBJECTED }) {
		return errors.New("an objection was acknowledged, and not honoured at its revision")
	}
	if err := s.again(ctx, a, len(a.usable), revision); err != nil {
		return err
	}
	return s.explain(ctx, is, a)
}

// again filters the whole corpus at the revision of the objection.
func (s *story) again(ctx context.Context, a *author, items int, revision uint64) error {
	explained := a.usable[0]
	rechecked, err := s.recall(ctx, revision)
	if err != nil {
		return err
	}
	report, err := s.filter(ctx, "usable-again.parquet", revision)
	if err != nil {
		return err
	}
	gone := s.included - report.Included
	s.say("The whole corpus again, at that revision: %s rows are included, %s fewer than before: the author's own %s, and %s of other people's in which the author appears.",
		terminal.Thousands(report.Included), terminal.Thousands(gone), terminal.Thousands(items), terminal.Thousands(gone-int64(items)))
	if gone != rechecked {
		return errors.New("what must go by the recheck is not what the filter left out")
	}
	if gone < int64(items) || len(a.usable) > 0 || report.Revisions.First < revision {
		return errors.New("the filter did not honour the objection")
	}
	s.included = report.Included
	a.usable = []*vetov1.Item{explained}
	return nil
}

// recall decides the rows again that were filtered before the objection: the first recall.
func (s *story) recall(ctx context.Context, revision uint64) (mustGo int64, err error) {
	s.title("The first recall")
	r, err := s.Recheck(ctx, filepath.Join(s.Folder, "usable.parquet"), revision)
	if err != nil {
		return 0, fmt.Errorf("recheck the filtered corpus: %w", err)
	}
	s.say("The set that was filtered before is not lost sight of: beside it stands how it was made. `%s recheck usable.parquet` decides its %s rows again, lists what must go, and exits with 3:",
		s.Program, terminal.Thousands(r.Report.Offered))
	s.print("\n")
	var t terminal.Table
	t.Add("", "rows", "decided at")
	t.Add("then", terminal.Thousands(r.Report.Offered), fmt.Sprintf("revision %d", r.Then.Revisions.Last))
	t.Add("may stay", terminal.Thousands(r.Report.Offered-r.MustGo), fmt.Sprintf("revision %d", r.Now.Revisions.Last))
	t.Add("must go", terminal.Thousands(r.MustGo), "")
	for _, c := range r.Report.Excluded {
		t.Add("  "+c.Reason, terminal.Thousands(c.Rows), "")
	}
	if err := t.Write(s.Out, "   "); err != nil {
		return 0, err
	}
	s.print("\n")
	if r.Report.Offered != s.included || r.MustGo == 0 || r.Now.Revisions.First < revision {
		return 0, errors.New("the recheck did not honour the objection")
	}
	return r.MustGo, nil
}

// explain tells one decision in words.
func (s *story) explain(ctx context.Context, at *vetov1.BatchDecideResponse, a *author) error {
	s.title("Why?")
	response, err := s.Decisions.ExplainDecision(ctx, &vetov1.ExplainDecisionRequest{Purpose: s.purpose, Item: a.usable[0], MinRevision: at.GetRevision()})
	if err != nil {
		return fmt.Errorf("explain a decision: %w", err)
	}
	item := a.usable[0]
	s.say("One of those items, a %s %s from %s, as a case officer would ask about it:", strings.ToLower(terminal.Bare(item.GetVisibility())), strings.ToLower(terminal.Bare(item.GetKind())), item.GetCountry())
	s.quote(response.GetWords())
	var t terminal.Table
	for _, check := range response.GetChecks() {
		mark := ""
		if check.GetDecided() {
			mark = "◀"
		}
		if check.GetResult() != vetov1.CheckResult_CHECK_RESULT_SKIPPED {
			t.Add(strings.ToLower(terminal.Bare(check.GetResult())), check.GetName(), mark, check.GetWords())
		}
	}
	return t.Write(s.Out, "     ")
}

// somebody is the author with the most included rows who has not objected and whose regime honours objections.
func (s *story) somebody(ctx context.Context) (*author, error) {
	active, err := s.Policies.GetPolicy(ctx, &vetov1.GetPolicyRequest{})
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	honours := map[string]bool{}
	for _, r := range active.GetPolicy().GetRegimes() {
		honours[r.GetName()] = r.GetObjections() != vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY
	}
	candidates := slices.SortedFunc(maps.Values(s.authors), func(a, b *author) int {
		if n := len(b.usable) - len(a.usable); n != 0 {
			return n
		}
		return strings.Compare(a.id, b.id)
	})
	for _, a := range candidates {
		if len(a.usable) == 0 {
			break
		}
		if a.objected || len(a.usable) > maxBatch {
			continue
		}
		decided, err := s.Decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: s.purpose, Item: a.usable[0]})
		if err != nil {
			return nil, fmt.Errorf("decide an item: %w", err)
		}
		if honours[decided.GetDecision().GetRegime()] {
			return a, nil
		}
	}
	return nil, errors.New("no author is left whose items were included where objections are honoured")
}

// decide asks for many items at once.
func (s *story) decide(ctx context.Context, items []*vetov1.Item, minRevision uint64) (*vetov1.BatchDecideResponse, error) {
	response, err := s.Decisions.BatchDecide(ctx, &vetov1.BatchDecideRequest{
		Purpose: s.purpose, Items: items, MinRevision: minRevision, MappedFields: s.mapped, AbsentFields: s.absent,
	})
	if err != nil {
		return nil, fmt.Errorf("decide the author's items: %w", err)
	}
	if len(response.GetReasons()) != len(items) {
		return nil, fmt.Errorf("decide the author's items: %d answers for %d items", len(response.GetReasons()), len(items))
	}
	return response, nil
}

// count is how many items have a reason.
func count(r *vetov1.BatchDecideResponse, reason vetov1.Reason) string {
	n := 0
	for _, got := range r.GetReasons() {
		if got == reason {
			n++
		}
	}
	return terminal.Thousands(n)
}
