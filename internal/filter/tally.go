package filter

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// tally counts rows as they are decided. One goroutine uses it.
type tally struct {
	purpose    string
	replay     *Replay
	mapped     []string
	notChecked []string
	offered    int64
	included   int64
	redacted   int64
	excluded   map[vetov1.Reason]int64
	invalid    map[fault]*InvalidCount
	byCountry  map[string]*Split
	byKind     map[string]*Split
	byLanguage map[string]*Split
	revisions  Span
	policies   Span
	decided    bool
}

// newTally counts rows whose fields came from columns or were named absent.
func newTally(purpose string, replay *Replay, fields Fields) *tally {
	notChecked := append([]string{}, fields.Absent...)
	for _, name := range fields.Silent {
		notChecked = append(notChecked, "signals."+name)
	}
	slices.Sort(notChecked)
	return &tally{
		purpose: purpose, replay: replay, mapped: append([]string{}, fields.Mapped...), notChecked: notChecked,
		excluded: map[vetov1.Reason]int64{}, invalid: map[fault]*InvalidCount{},
		byCountry: map[string]*Split{}, byKind: map[string]*Split{}, byLanguage: map[string]*Split{},
	}
}

// decidedAt widens the spans by a batch's revision and policy.
func (t *tally) decidedAt(revision, policy uint64) {
	if !t.decided {
		t.decided = true
		t.revisions, t.policies = Span{revision, revision}, Span{policy, policy}
		return
	}
	t.revisions = Span{min(t.revisions.First, revision), max(t.revisions.Last, revision)}
	t.policies = Span{min(t.policies.First, policy), max(t.policies.Last, policy)}
}

// add counts the next row.
func (t *tally) add(item *vetov1.Item, reason vetov1.Reason, outcome vetov1.Outcome, v *vetov1.Violation) {
	t.offered++
	switch outcome {
	case vetov1.Outcome_OUTCOME_INCLUDE:
		t.included++
	case vetov1.Outcome_OUTCOME_INCLUDE_REDACTED:
		t.redacted++
	case vetov1.Outcome_OUTCOME_INVALID:
		t.addInvalid(v)
	default:
		t.excluded[reason]++
	}
	splitOf(t.byCountry, countryName(item.GetCountry())).add(outcome)
	splitOf(t.byKind, kindName(item.GetKind())).add(outcome)
	splitOf(t.byLanguage, languageName(item.GetLanguage())).add(outcome)
}

func (s *Split) add(outcome vetov1.Outcome) {
	s.Offered++
	switch outcome {
	case vetov1.Outcome_OUTCOME_INCLUDE:
		s.Included++
	case vetov1.Outcome_OUTCOME_INCLUDE_REDACTED:
		s.Redacted++
	case vetov1.Outcome_OUTCOME_INVALID:
		s.Invalid++
	default:
		s.Excluded++
	}
}

// maxNames bounds the names that are counted apart, so that a column of something else cannot fill the memory.
const maxNames = 1000

// Names of rows that have none that can be printed.
const (
	nameNone  = "(none)"
	nameOther = "(other)"
)

func splitOf(splits map[string]*Split, name string) *Split {
	s, found := splits[name]
	if !found && len(splits) >= maxNames {
		name = nameOther
		s, found = splits[name]
	}
	if !found {
		s = &Split{Name: name}
		splits[name] = s
	}
	return s
}

// countryName is the item's country where it is shaped like one. Anything else might be somebody's id in the wrong column, and a report holds none.
func countryName(country string) string {
	switch n := len(country); {
	case n == 0:
		return nameNone
	case n < 2 || n > 6 || !isUpper(country[0]) || !isUpper(country[1]):
		return nameOther
	case n == 2:
		return country
	case country[2] != '-' || n == 3:
		return nameOther
	}
	for i := 3; i < len(country); i++ {
		if !isUpper(country[i]) && (country[i] < '0' || country[i] > '9') {
			return nameOther
		}
	}
	return country
}

// kindName is the kind without its prefix.
func kindName(kind vetov1.ItemKind) string {
	if name, known := vetov1.ItemKind_name[int32(kind)]; known {
		return strings.TrimPrefix(name, "ITEM_KIND_")
	}
	return nameOther
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

// languageName is the language without its script, region and variants, in lower case: "pt" of "pt-BR".
func languageName(tag string) string {
	if tag == "" {
		return nameNone
	}
	if end := strings.IndexAny(tag, "-_"); end >= 0 {
		tag = tag[:end]
	}
	if len(tag) < 2 || len(tag) > 3 {
		return nameOther
	}
	tag = strings.ToLower(tag)
	for i := range len(tag) {
		if tag[i] < 'a' || tag[i] > 'z' {
			return nameOther
		}
	}
	return tag
}

// maxExamples is how many rows are named for each fault.
const maxExamples = 5

// fault is what rows that cannot be read are counted by.
type fault struct{ field, message string }

// otherFaults is said of the rows whose faults are not told apart any more.
const otherFaults = "faults of more kinds than are told apart"

// positions are what two violations of one field differ in.
var positions = regexp.MustCompile(`\[\d+\]`)

// addInvalid counts the row that was added last. A decider that names no field is counted as such: every row counts once.
func (t *tally) addInvalid(v *vetov1.Violation) {
	field := v.GetField()
	if strings.Contains(field, "[") {
		field = positions.ReplaceAllString(field, "[]")
	}
	if field == "" {
		field = nameNone
	}
	f := fault{field, v.GetMessage()}
	c, found := t.invalid[f]
	if !found && len(t.invalid) >= maxNames {
		f = fault{nameOther, otherFaults}
		c, found = t.invalid[f]
	}
	if !found {
		c = &InvalidCount{Field: f.field, Message: f.message}
		t.invalid[f] = c
	}
	c.Rows++
	if len(c.FirstRows) < maxExamples {
		c.FirstRows = append(c.FirstRows, t.offered)
	}
}

// report checks that every row was counted once, and puts the counts in order.
func (t *tally) report(rows int64, took time.Duration) (Report, error) {
	r := Report{
		Purpose: t.purpose, Replay: t.replay, Offered: t.offered, Included: t.included, Redacted: t.redacted,
		Excluded: []ReasonCount{}, Invalid: []InvalidCount{},
		ByCountry: sorted(t.byCountry), ByKind: sorted(t.byKind), ByLanguage: sorted(t.byLanguage),
		Mapped: t.mapped, NotChecked: t.notChecked,
		Revisions: t.revisions, PolicyVersions: t.policies,
		Seconds: took.Seconds(), RowsPerSecond: perSecond(t.offered, took),
	}
	for reason, n := range t.excluded {
		r.Excluded = append(r.Excluded, ReasonCount{Reason: reasonName(reason), Rows: n})
	}
	slices.SortFunc(r.Excluded, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Reason, b.Reason))
	})
	for _, c := range t.invalid {
		r.Invalid = append(r.Invalid, *c)
	}
	slices.SortFunc(r.Invalid, func(a, b InvalidCount) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	if err := r.check(rows); err != nil {
		return Report{}, err
	}
	return r, nil
}

// check holds the report to its promise.
func (r *Report) check(rows int64) error {
	sum := r.Included + r.Redacted + r.ExcludedRows() + r.InvalidRows()
	if r.Offered != sum || r.Offered != rows {
		return fmt.Errorf("count rows: the corpus has %d, %d were offered and %d have an outcome", rows, r.Offered, sum)
	}
	for _, splits := range [][]Split{r.ByCountry, r.ByKind, r.ByLanguage} {
		sum := int64(0)
		for _, s := range splits {
			sum += s.Included + s.Redacted + s.Excluded + s.Invalid
		}
		if sum != rows {
			return fmt.Errorf("count rows: the corpus has %d, and a split of them has %d", rows, sum)
		}
	}
	return nil
}

func reasonName(r vetov1.Reason) string {
	if name, known := vetov1.Reason_name[int32(r)]; known {
		return strings.TrimPrefix(name, "REASON_")
	}
	return fmt.Sprintf("REASON_%d", int32(r))
}

func sorted(splits map[string]*Split) []Split {
	list := []Split{}
	for _, name := range slices.Sorted(maps.Keys(splits)) {
		list = append(list, *splits[name])
	}
	slices.SortStableFunc(list, func(a, b Split) int { return cmp.Compare(b.Offered, a.Offered) })
	return list
}
