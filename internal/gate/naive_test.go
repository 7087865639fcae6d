package gate_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// world is everything that a decision depends on, in plain maps and lists, ids unhashed. naive decides from it by
// reading the rules aloud.
type world struct {
	rules       *gate.Rules // nil: no policy
	suspensions []gate.Suspension
	people      map[string]standings.Standing
	items       map[string]standings.Marked
	keys        map[string]standings.Marked
}

// verdict is what naive says.
type verdict struct {
	reason string
	regime string
	field  string
	redact []int32
}

func (w *world) regimeOf(code string, bit uint8, now time.Time) *gate.Regime {
	place, assigned := w.rules.Places[code]
	if !assigned {
		return nil
	}
	for _, r := range place.Rulings {
		names := r.Purposes>>bit&1 == 1
		joined := r.From.IsZero() || now.Equal(r.From) || now.After(r.From)
		left := !r.Until.IsZero() && (now.Equal(r.Until) || now.After(r.Until))
		if names && joined && !left {
			return &w.rules.Regimes[r.Regime]
		}
	}
	return nil
}

func (w *world) decide(item gate.Item, name string, now time.Time, accept bool) verdict {
	// 0
	if w.rules == nil {
		return verdict{reason: "NO_POLICY"}
	}
	at := slices.IndexFunc(w.rules.Purposes, func(p gate.Purpose) bool { return p.Name == name })
	p := w.rules.Purposes[at]
	// 1
	if field := w.badField(item); field != "" {
		return verdict{reason: "INVALID", field: field}
	}
	// 2
	if item.Kind.String() == "ITEM_KIND_PRIVATE_MESSAGE" ||
		item.Kind.String() == "ITEM_KIND_AI_INTERACTION" && item.InConversation.String() != "CONVERSATION_ALONE" {
		return verdict{reason: "PRIVATE_MESSAGE"}
	}
	// 3
	r := w.regimeOf(item.Country, p.Bit, now)
	if r == nil {
		return verdict{reason: "NO_REGIME"}
	}
	v := verdict{regime: r.Name}
	for _, step := range []func() string{
		func() string { return w.closed(r, item, p, now) },             // 4
		func() string { return w.content(r, item) },                    // 5
		func() string { return w.ages(r, item, now) },                  // 6, 7
		func() string { return w.stands(r, item, p, now) },             // 8, 9, 10
		func() string { return signal(r, item) },                       // 11
		func() string { return w.others(r, item, p, now, accept, &v) }, // 12
		func() string { // 13
			if r.Condition != nil {
				if ok, err := r.Condition.Holds(&item); !ok || err != nil {
					return "CONDITION"
				}
			}
			return ""
		},
	} {
		if v.reason = step(); v.reason != "" {
			v.redact = nil
			return v
		}
	}
	// 14
	v.reason = "ELIGIBLE"
	if len(v.redact) > 0 {
		v.reason = "ELIGIBLE_REDACTED"
	}
	return v
}

var country = regexp.MustCompile(`^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$`)

// badField writes down every fault with its place, and takes the first place.
func (w *world) badField(item gate.Item) string {
	order := []string{"item_id", "kind", "visibility", "author_id", "subjects", "country", "language", "service", "created_at", "author_age",
		"author_age_at_creation", "author_notified_at", "in_conversation", "labels", "content_keys", "modality", "size_bytes", "signals"}
	var faults []string
	add := func(bad bool, path string, args ...any) {
		if bad {
			faults = append(faults, fmt.Sprintf(path, args...))
		}
	}
	if item.Unreadable != nil {
		add(true, "%s", item.Unreadable.Field)
	}
	badTime := func(t time.Time) bool { return t.UTC().Year() < 1 || t.UTC().Year() > 9999 }
	badText := func(s string, most int) bool { return len(s) > most || !utf8.ValidString(s) }
	add(w.rules.CheckID(item.ID) != "", "item_id")
	add(vetov1.ItemKind_name[int32(item.Kind)] == "" || item.Kind == 0, "kind")
	add(vetov1.Visibility_name[int32(item.Visibility)] == "" || item.Visibility == 0, "visibility")
	add(w.rules.CheckSubject(item.AuthorID) != "", "author_id")
	add(len(item.Subjects) > 512, "subjects")
	for i, s := range item.Subjects {
		add(w.rules.CheckSubject(s.SubjectID) != "", "subjects[%d].subject_id", i)
		add(vetov1.SubjectRole_name[int32(s.Role)] == "" || s.Role == 0, "subjects[%d].role", i)
		add(!country.MatchString(s.Country), "subjects[%d].country", i)
	}
	add(!country.MatchString(item.Country), "country")
	add(badText(item.Language, 64), "language")
	add(badText(item.Service, 64), "service")
	add(badTime(item.CreatedAt), "created_at")
	add(item.AuthorAge < 0 || item.AuthorAge > 150, "author_age")
	add(item.AuthorAgeAtCreation < 0 || item.AuthorAgeAtCreation > 150, "author_age_at_creation")
	add(badTime(item.AuthorNotifiedAt), "author_notified_at")
	add(strings.Trim(item.InConversation.String(), "-0123456789") == "", "in_conversation")
	add(len(item.Labels) > 64, "labels")
	for i, l := range item.Labels {
		add(badText(l, 64), "labels[%d]", i)
	}
	add(len(item.ContentKeys) > 16, "content_keys")
	for i, k := range item.ContentKeys {
		add(w.rules.CheckID(k) != "", "content_keys[%d]", i)
	}
	add(strings.Trim(item.Modality.String(), "-0123456789") == "", "modality")
	add(item.SizeBytes < 0, "size_bytes")
	add(badText(item.Signals.ContentUsage, 4096), "signals.content_usage")
	add(badText(item.Signals.Robots, 4096), "signals.robots")
	add(len(item.Signals.Other) > 16, "signals.other")
	for i, o := range item.Signals.Other {
		add(o == "" || badText(o, 256), "signals.other[%d]", i)
	}
	place := func(path string) int {
		name := strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' })[0]
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return 99
	}
	best := ""
	for _, f := range faults {
		if best == "" || place(f) < place(best) {
			best = f
		}
	}
	return best
}

func (w *world) closed(r *gate.Regime, item gate.Item, p gate.Purpose, now time.Time) string {
	if r.LegalBasis.String() == "LEGAL_BASIS_PROHIBITED" {
		return "PROHIBITED"
	}
	for _, s := range w.suspensions {
		here := len(s.Jurisdictions) == 0
		for _, code := range w.rules.Places[item.Country].Chain {
			here = here || slices.Contains(s.Jurisdictions, code)
		}
		for bit := range uint8(32) {
			counts := bit == p.Bit || p.Objections>>bit&1 == 1
			if s.Regime == r.Name && here && counts && s.Purposes>>bit&1 == 1 {
				return "SUSPENDED"
			}
		}
	}
	later := len(r.Periods) == 0
	for _, period := range r.Periods {
		if now.Before(period.Start) {
			later = true
		} else if period.End.IsZero() || now.Before(period.End) {
			return ""
		}
	}
	if later {
		return "NOT_STARTED"
	}
	return "ENDED"
}

func (w *world) content(r *gate.Regime, item gate.Item) string {
	if r.Content[item.Kind] == 0 {
		return "KIND"
	}
	if r.Content[item.Kind]>>item.Visibility&1 == 0 {
		return "VISIBILITY"
	}
	for _, l := range item.Labels {
		if l != "" && slices.Contains(r.ExcludedLabels, l) {
			return "LABEL"
		}
	}
	return ""
}

func (w *world) ages(r *gate.Regime, item gate.Item, now time.Time) string {
	if m := r.MinimumAge; m > 0 {
		if item.AuthorAge >= 1 && item.AuthorAge <= m-1 || item.AuthorAgeAtCreation >= 1 && item.AuthorAgeAtCreation <= m-1 {
			return "UNDER_AGE"
		}
	}
	demanded := map[string]bool{"UNKNOWN_TREATMENT_EXCLUDE": true, "UNKNOWN_TREATMENT_UNSPECIFIED": r.MinimumAge > 0}
	if demanded[r.UnknownAge.String()] && item.AuthorAge == 0 ||
		r.UnknownAgeAtCreation.String() == "UNKNOWN_TREATMENT_EXCLUDE" && item.AuthorAgeAtCreation == 0 {
		return "AGE_UNKNOWN"
	}
	if r.MinimumItemAge > 0 && (item.CreatedAt.IsZero() || now.Sub(item.CreatedAt) < r.MinimumItemAge) {
		return "TOO_RECENT"
	}
	if r.NoticePerPerson && (item.AuthorNotifiedAt.IsZero() || item.AuthorNotifiedAt.After(now)) {
		return "NOT_NOTIFIED"
	}
	return ""
}

func gone(s standings.Standing, item gate.Item) bool {
	if s.ErasedBefore == 0 {
		return false
	}
	return s.ErasedBefore == standings.Always || item.CreatedAt.IsZero() || item.CreatedAt.Before(time.Unix(0, s.ErasedBefore))
}

func recordOnly(r *gate.Regime) bool {
	return r != nil && r.Objections.String() == "OBJECTION_TREATMENT_RECORD_ONLY"
}

func assesses(r *gate.Regime) bool {
	return r != nil && r.Objections.String() == "OBJECTION_TREATMENT_ASSESS"
}

// honours says whether one objection counts for the purpose under the item's regime, filed under a country.
func (w *world) honours(r *gate.Regime, o standings.Objection, filed string, p gate.Purpose, now time.Time) bool {
	concerns := false
	for bit := range uint8(32) {
		concerns = concerns || o.Purposes>>bit&1 == 1 && p.Objections>>bit&1 == 1
	}
	theirs := w.regimeOf(filed, p.Bit, now)
	refused := o.RefusedFrom != 0 && o.RefusedFrom <= now.UnixNano()
	ignored := (recordOnly(r) || refused && assesses(r)) && (recordOnly(theirs) || refused && assesses(theirs))
	return concerns && !ignored
}

func (w *world) stands(r *gate.Regime, item gate.Item, p gate.Purpose, now time.Time) string {
	author, mark := w.people[item.AuthorID], w.items[item.ID]
	if gone(author, item) || mark.Erased {
		return "ERASED"
	}
	if time.Unix(0, mark.WithheldUntil).After(now) {
		return "ITEM_CHANGED"
	}
	for _, o := range author.Objections {
		if w.honours(r, o, o.Country, p, now) {
			return "OBJECTED"
		}
	}
	about := slices.Clone(mark.Objections)
	for _, key := range item.ContentKeys {
		about = append(about, w.keys[key].Objections...)
	}
	for _, o := range about {
		if w.honours(r, o, o.Country, p, now) {
			return "ITEM_OBJECTED"
		}
	}
	if r.LegalBasis.String() == "LEGAL_BASIS_CONSENT" && author.Consented>>p.Bit&1 == 0 {
		return "NO_CONSENT"
	}
	return ""
}

// signal reads by pattern, not by parser.
func signal(r *gate.Regime, item gate.Item) string {
	if r.Signals.String() == "SIGNAL_TREATMENT_IGNORE" {
		return ""
	}
	s := item.Signals
	no, unknown := false, len(s.Other) > 0
	member := `[a-z][a-z0-9-]*=[A-Za-z][A-Za-z0-9-]*`
	usage := strings.Trim(s.ContentUsage, " \t")
	train := regexp.MustCompile(`(^|,)[ \t]*train-ai=([^, \t]*)`).FindAllStringSubmatch(usage, -1)
	switch {
	case usage == "":
	case !regexp.MustCompile(`^` + member + `([ \t]*,[ \t]*` + member + `)*$`).MatchString(usage), len(train) > 1,
		len(train) == 1 && train[0][2] != "y" && train[0][2] != "n":
		unknown = true
	default:
		no = no || len(train) == 1 && train[0][2] == "n"
	}
	switch strings.Trim(s.TDMReservation, " \t") {
	case "", "0":
	case "1":
		no = true
	default:
		unknown = true
	}
	image := item.Modality.String() == "MODALITY_IMAGE" ||
		item.Modality == 0 && item.Kind.String() == "ITEM_KIND_PHOTO"
	for _, word := range strings.Split(strings.ToLower(s.Robots), ",") {
		word = strings.TrimSpace(word)
		no = no || word == "noai" || word == "noimageai" && image
		more := regexp.MustCompile(`(?s).(noai|noimageai)|(noai|noimageai).`)
		unknown = unknown || more.MatchString(word)
	}
	no = no || s.C2PATrainingMining == "notAllowed" || s.C2PATrainingMining == "constrained"
	unknown = unknown || !slices.Contains([]string{"", "allowed", "notAllowed", "constrained"}, s.C2PATrainingMining)
	code := regexp.MustCompile(`^(http://ns\.useplus\.org/ldf/vocab/)?DMI-(UNSPECIFIED|ALLOWED|(PROHIBITED(-AIMLTRAINING|-GENAIMLTRAINING|` +
		`-EXCEPTSEARCHENGINEINDEXING|-SEECONSTRAINT|-SEEEMBEDDEDRIGHTSEXPR|-SEELINKEDRIGHTSEXPR)?))$`).FindStringSubmatch(s.PLUSDataMining)
	no = no || len(code) > 0 && strings.HasPrefix(code[2], "PROHIBITED")
	unknown = unknown || s.PLUSDataMining != "" && len(code) == 0
	if no || unknown && r.UnknownSignal.String() != "UNKNOWN_TREATMENT_ALLOW" {
		return "SIGNAL"
	}
	return ""
}

func (w *world) others(r *gate.Regime, item gate.Item, p gate.Purpose, now time.Time, accept bool, v *verdict) string {
	strict := map[string]int{"THIRD_PARTIES_IGNORE": 0, "THIRD_PARTIES_REDACT": 1, "THIRD_PARTIES_EXCLUDE": 2, "THIRD_PARTIES_UNSPECIFIED": 2}
	worst := 0
	for i, s := range item.Subjects {
		person, known := w.people[s.SubjectID]
		if !known {
			continue
		}
		var countries []string // of what counts against the item
		home := s.Country
		if home == "" {
			home = item.Country
		}
		if gone(person, item) {
			countries = append(countries, home)
		}
		for _, o := range person.Objections {
			filed := o.Country
			if filed == "" {
				filed = home
			}
			if w.honours(r, o, filed, p, now) {
				countries = append(countries, filed)
			}
		}
		mine := 0
		for _, code := range countries {
			mine = max(mine, strict[r.ThirdParties.String()])
			if theirs := w.regimeOf(code, p.Bit, now); theirs == nil || s.Role.String() == "SUBJECT_ROLE_ORIGINAL_AUTHOR" {
				mine = 2
			} else {
				mine = max(mine, strict[theirs.ThirdParties.String()])
			}
		}
		if mine == 1 {
			v.redact = append(v.redact, int32(i))
		}
		worst = max(worst, mine)
	}
	if worst == 2 || worst == 1 && !accept {
		return "THIRD_PARTY"
	}
	return ""
}

// disagreement says where an explanation is not that of a decision; "" nowhere.
func disagreement(d *gate.Decision, e gate.Explanation) string {
	if diff := cmp.Diff(*d, e.Decision, cmpopts.EquateEmpty()); diff != "" {
		return "another decision (-Decide +Explain):\n" + diff
	}
	decided := 0
	for _, c := range e.Checks {
		if c.Words == "" || c.Name == "" || c.Result == vetov1.CheckResult_CHECK_RESULT_UNSPECIFIED {
			return fmt.Sprintf("check without a name, a result or words: %+v", c)
		}
		if !c.Decided {
			continue
		}
		decided++
		if c.Reason != d.Reason {
			return fmt.Sprintf("check %s decided %v, the decision is %v", c.Name, c.Reason, d.Reason)
		}
	}
	if decided != 1 {
		return fmt.Sprintf("%d checks decided, want 1", decided)
	}
	return ""
}

// toldID finds an id or a content key of the item in the words of an explanation.
func toldID(item *gate.Item, e gate.Explanation) string {
	ids := append([]string{item.ID, item.AuthorID}, item.ContentKeys...)
	for _, s := range item.Subjects {
		ids = append(ids, s.SubjectID)
	}
	words := []string{e.Words, e.Decision.Violation.Message}
	for _, c := range e.Checks {
		words = append(words, c.Words)
	}
	told := strings.Join(words, "\n")
	for _, id := range ids {
		if id != "" && strings.Contains(told, id) {
			return id
		}
	}
	return ""
}

// The decision is what the naive model says, and Explain says the same, in any world.
func TestDecideIsTheNaiveModel(t *testing.T) {
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		v := w.view(t)
		for range 150 {
			item, now := drawItem(t), drawTime(t)
			name := rapid.SampledFrom([]string{training, research}).Draw(t, "purpose")
			o := gate.Options{AcceptRedactions: !seldom(t, 4, "cannot mask")}
			p, ok := v.Purpose(name)
			if !ok {
				t.Fatalf("purpose %s is not declared", name)
			}
			var d gate.Decision
			v.Decide(&item, p, now, o, &d)
			got := verdict{strings.TrimPrefix(d.Reason.String(), "REASON_"), d.Regime, d.Violation.Field, d.Redact}
			want := w.decide(item, name, now, o.AcceptRedactions)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(verdict{}), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("decision (-naive +gate):\n%s\nitem %+v\nat %v", diff, item, now)
			}
			if fault := disagreement(&d, v.Explain(&item, p, now, o)); fault != "" {
				t.Fatalf("Explain: %s", fault)
			}
			if id := toldID(&item, v.Explain(&item, p, now, o)); id != "" {
				t.Fatalf("Explain tells the id %q", id)
			}
			reached[want.reason]++
		}
	})
	for number, name := range vetov1.Reason_name {
		if number != 0 && reached[strings.TrimPrefix(name, "REASON_")] == 0 {
			t.Errorf("no world led to %s: the property does not hold it", name)
		}
	}
	t.Logf("reached: %v", reached)
}
