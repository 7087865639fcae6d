package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/terminal"
)

// remedies say, for the reasons that a mapping often brings about, which of a regime's rules asks, in words, and which field of an item answers.
var remedies = map[string]struct{ rules, asks, field string }{
	"AGE_UNKNOWN":     {"unknown_age minimum_age", "wants an age", "author_age"},
	"NOT_NOTIFIED":    {"notice_per_person", "wants to know when each author was told", "author_notified_at"},
	"TOO_RECENT":      {"minimum_item_age", "wants items of an age, and to know when they were made", "created_at"},
	"KIND":            {"content", "names other kinds", "kind"},
	"VISIBILITY":      {"content", "names other visibilities", "visibility"},
	"PRIVATE_MESSAGE": {"", "", "in_conversation"},
	"NO_REGIME":       {"", "", "country"},
	"NO_CONSENT":      {"legal_basis", "rests on consent", ""},
	"SIGNAL":          {"unknown_signal signals", "honours signals, those that cannot be read too", "signals"},
}

// majority says what stands behind it where more than half of the rows fall to one reason; most often a column was forgotten.
func (c *client) majority(ctx context.Context, r *filter.Report) string {
	if len(r.Invalid) > 0 && 2*r.Invalid[0].Rows > r.Offered {
		top := r.Invalid[0]
		return fmt.Sprintf("%s are INVALID: %s: %s; %s", ofAll(top.Rows, r.Offered), top.Field, top.Message, invalidRemedy(top.Field))
	}
	if len(r.Excluded) == 0 || 2*r.Excluded[0].Rows <= r.Offered {
		return ""
	}
	top := r.Excluded[0]
	remedy, known := remedies[top.Reason]
	if !known {
		return ""
	}
	hint := ofAll(top.Rows, r.Offered) + " are " + top.Reason
	switch top.Reason {
	case "NO_REGIME":
		hint += ": the policy has no regime for where most authors are, or nobody said where"
	case "PRIVATE_MESSAGE":
		hint += ": no policy can allow private messages, and words to an assistant count as such unless in_conversation is ALONE"
	default:
		if where := c.ruleOf(ctx, r, remedy.rules); where != "" {
			hint += ": " + where + ", " + remedy.asks
		}
	}
	if remedy.field == "" || slices.Contains(r.Mapped, remedy.field) {
		return hint
	}
	return hint + "; map " + remedy.field + ": --map " + remedy.field + "=COLUMN"
}

func ofAll(rows, all int64) string {
	if rows == all {
		return "all " + terminal.Counted(int(rows), "row", "rows")
	}
	return terminal.Thousands(rows) + " of " + terminal.Thousands(all) + " rows"
}

func invalidRemedy(field string) string {
	switch field {
	case "kind", "visibility", "modality", "in_conversation", "country":
		return "a corpus's own words are translated with --value " + field + ":WORD=VALUE, and one value for all rows is --set " + field + "=VALUE"
	case "row":
		return "is --format right? --excluded FILE lists them"
	default:
		return "is another column meant? --map " + strings.SplitN(field, "[", 2)[0] + "=COLUMN; --excluded FILE lists them"
	}
}

// ruleOf finds the rule in the active policy: of the regime of the country that most of the rows are from.
func (c *client) ruleOf(ctx context.Context, r *filter.Report, rules string) string {
	answer, err := c.policies.GetPolicy(ctx, &vetov1.GetPolicyRequest{})
	if err != nil {
		return "" // a hint is no reason to fail
	}
	most, name := int64(0), ""
	now := time.Now()
	for _, split := range r.ByCountry {
		if ruler, found := policy.Ruler(answer.GetPolicy(), split.Name, r.Purpose, now); found && split.Excluded > most {
			most, name = split.Excluded, ruler
		}
	}
	at := slices.IndexFunc(answer.GetPolicy().GetRegimes(), func(regime *vetov1.Regime) bool { return regime.GetName() == name })
	if at < 0 {
		return ""
	}
	for _, rule := range strings.Fields(rules) {
		if line := policy.Line([]byte(answer.GetYaml()), fmt.Sprintf("regimes[%d].%s", at, rule)); line > 0 {
			return fmt.Sprintf("regime %s, line %d", name, line)
		}
	}
	return "regime " + name
}
