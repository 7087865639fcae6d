package gate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// fixedCondition answers always the same.
type fixedCondition struct {
	holds bool
	err   error
}

func (c fixedCondition) Holds(*gate.Item) (bool, error) { return c.holds, c.err }
func (fixedCondition) Reads() []string                  { return nil }

// Each row takes the item that every check passes, changes one thing, and names the reason.
func TestDecide(t *testing.T) {
	author, item := keyer{}.Subject("author"), keyer{}.Item("i1")
	object := func(country string, p standings.Purposes) func(*standings.Builder) {
		return func(b *standings.Builder) {
			b.Object(standings.Subjects, author, standings.Objection{Country: country, Purposes: p})
		}
	}
	refused := func(country string, from time.Time) func(*standings.Builder) {
		return func(b *standings.Builder) {
			b.Object(standings.Subjects, author, standings.Objection{Country: country, Purposes: 1, RefusedFrom: from.UnixNano()})
		}
	}
	assessing := func(r *gate.Rules) {
		r.Regimes[0].Objections = vetov1.ObjectionTreatment_OBJECTION_TREATMENT_ASSESS
	}
	inUS := func(i *gate.Item) { i.Country = "US" }
	inKR := func(i *gate.Item) {
		i.Country = "KR"
		i.AuthorNotifiedAt = noon
	}
	consent := func(b *standings.Builder) { b.Consent(author, 0b01) }
	tests := []struct {
		name    string
		item    func(*gate.Item)
		rules   func(*gate.Rules)
		write   func(*standings.Builder)
		purpose string
		now     time.Time
		want    string
	}{
		{name: "nothing speaks against it", want: "ELIGIBLE eu"},
		{name: "a private message, whatever the policy", item: func(i *gate.Item) { i.Kind = vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE }, want: "PRIVATE_MESSAGE"},
		{name: "words to an assistant, nothing said of others", item: func(i *gate.Item) { i.Kind = vetov1.ItemKind_ITEM_KIND_AI_INTERACTION }, want: "PRIVATE_MESSAGE"},
		{name: "words to an assistant with others", item: func(i *gate.Item) {
			i.Kind, i.InConversation = vetov1.ItemKind_ITEM_KIND_AI_INTERACTION, vetov1.Conversation_CONVERSATION_WITH_OTHERS
		}, want: "PRIVATE_MESSAGE"},
		{name: "words to an assistant, an unknown answer", item: func(i *gate.Item) {
			i.Kind, i.InConversation = vetov1.ItemKind_ITEM_KIND_AI_INTERACTION, 99
		}, want: "INVALID"},
		{name: "words to an assistant alone", item: func(i *gate.Item) {
			i.Kind, i.InConversation, i.Visibility = vetov1.ItemKind_ITEM_KIND_AI_INTERACTION, vetov1.Conversation_CONVERSATION_ALONE, vetov1.Visibility_VISIBILITY_PRIVATE
		}, want: "ELIGIBLE eu"},

		{name: "no country", item: func(i *gate.Item) { i.Country = "" }, want: "NO_REGIME"},
		{name: "an unassigned code", item: func(i *gate.Item) { i.Country = "UK" }, want: "NO_REGIME"},
		{name: "an unassigned subdivision of a ruled country", item: func(i *gate.Item) { i.Country = "DE-ZZ" }, want: "NO_REGIME"},
		{name: "assigned, ruled by none", item: func(i *gate.Item) { i.Country = "AQ" }, want: "NO_REGIME"},
		{name: "left the group", item: func(i *gate.Item) { i.Country = "GB" }, now: time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC), want: "NO_REGIME"},
		{name: "not yet left the group", item: func(i *gate.Item) { i.Country = "GB" }, now: time.Date(2020, 1, 31, 23, 59, 59, 0, time.UTC), want: "NOT_STARTED eu"},
		{name: "prohibited", item: func(i *gate.Item) { i.Country = "CN" }, want: "PROHIBITED cn"},
		{name: "the second before the start", now: time.Date(2025, 5, 26, 23, 59, 59, 0, time.UTC), want: "NOT_STARTED eu"},
		{name: "the start", now: time.Date(2025, 5, 27, 0, 0, 0, 0, time.UTC), want: "ELIGIBLE eu"},
		{name: "the end", rules: func(r *gate.Rules) { r.Regimes[0].Periods = []gate.Period{{Start: noon.AddDate(0, 0, -1), End: noon}} }, want: "ENDED eu"},
		{name: "before the end", rules: func(r *gate.Rules) {
			r.Regimes[0].Periods = []gate.Period{{Start: noon.AddDate(0, 0, -1), End: noon.Add(1)}}
		}, want: "ELIGIBLE eu"},
		{name: "between two periods", rules: func(r *gate.Rules) {
			r.Regimes[0].Periods = []gate.Period{{Start: noon.AddDate(0, 0, -2), End: noon}, {Start: noon.Add(1)}}
		}, want: "NOT_STARTED eu"},
		{name: "no period", rules: func(r *gate.Rules) { r.Regimes[0].Periods = nil }, want: "NOT_STARTED eu"},

		{name: "a kind that no rule names", item: func(i *gate.Item) { i.Kind = vetov1.ItemKind_ITEM_KIND_VIDEO }, want: "KIND eu"},
		{name: "OTHER is not named either", item: func(i *gate.Item) { i.Kind = vetov1.ItemKind_ITEM_KIND_OTHER }, want: "KIND eu"},
		{name: "the visibility of another kind", item: func(i *gate.Item) { i.Visibility = vetov1.Visibility_VISIBILITY_UNLISTED }, want: "VISIBILITY eu"},
		{name: "a label that is excluded", item: func(i *gate.Item) { i.Labels = []string{"", "food", "health"} }, want: "LABEL eu"},
		{name: "a label in another case", item: func(i *gate.Item) { i.Labels = []string{"Health"} }, want: "ELIGIBLE eu"},

		{name: "17 now", item: func(i *gate.Item) { i.AuthorAge = 17 }, want: "UNDER_AGE eu"},
		{name: "17 then", item: func(i *gate.Item) { i.AuthorAgeAtCreation = 17 }, want: "UNDER_AGE eu"},
		{name: "age unknown", item: func(i *gate.Item) { i.AuthorAge = 0 }, want: "AGE_UNKNOWN eu"},
		{name: "age unknown, but a child then", item: func(i *gate.Item) { i.AuthorAge, i.AuthorAgeAtCreation = 0, 17 }, want: "UNDER_AGE eu"},
		{
			name: "age unknown where that is allowed", item: func(i *gate.Item) { i.AuthorAge = 0 },
			rules: func(r *gate.Rules) { r.Regimes[0].UnknownAge = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW }, want: "ELIGIBLE eu",
		},
		{name: "age then unknown", item: func(i *gate.Item) { i.AuthorAgeAtCreation = 0 }, want: "ELIGIBLE eu"},
		{
			name: "age then unknown where that is excluded", item: func(i *gate.Item) { i.AuthorAgeAtCreation = 0 },
			rules: func(r *gate.Rules) {
				r.Regimes[0].UnknownAgeAtCreation = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE
			}, want: "AGE_UNKNOWN eu",
		},
		{
			name: "age unknown where there is no minimum, and it is excluded", item: func(i *gate.Item) { i.Country, i.AuthorAge = "US", 0 },
			rules: func(r *gate.Rules) { r.Regimes[1].UnknownAge = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE }, want: "AGE_UNKNOWN us",
		},
		{
			name: "age known where there is no minimum, and it is demanded", item: func(i *gate.Item) { i.Country, i.AuthorAge = "US", 1 },
			rules: func(r *gate.Rules) { r.Regimes[1].UnknownAge = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE }, want: "ELIGIBLE us",
		},
		{
			name: "age then unknown where there is no minimum, and it is excluded", item: func(i *gate.Item) { i.Country, i.AuthorAgeAtCreation = "US", 0 },
			rules: func(r *gate.Rules) {
				r.Regimes[1].UnknownAgeAtCreation = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE
			}, want: "AGE_UNKNOWN us",
		},
		{name: "no age where none is demanded", item: func(i *gate.Item) { i.Country, i.AuthorAge = "US", 0 }, want: "ELIGIBLE us"},

		{name: "younger than the regime wants", item: func(i *gate.Item) { inKR(i); i.CreatedAt = noon.Add(-48*time.Hour + 1) }, write: consent, want: "TOO_RECENT kr"},
		{name: "exactly as old as the regime wants", item: func(i *gate.Item) { inKR(i); i.CreatedAt = noon.Add(-48 * time.Hour) }, write: consent, want: "ELIGIBLE kr"},
		{name: "of unknown age", item: func(i *gate.Item) { inKR(i); i.CreatedAt = time.Time{} }, write: consent, want: "TOO_RECENT kr"},
		{name: "not notified", item: func(i *gate.Item) { inKR(i); i.AuthorNotifiedAt = time.Time{} }, write: consent, want: "NOT_NOTIFIED kr"},
		{name: "notified in the future", item: func(i *gate.Item) { inKR(i); i.AuthorNotifiedAt = noon.Add(1) }, write: consent, want: "NOT_NOTIFIED kr"},
		{name: "no consent", item: inKR, want: "NO_CONSENT kr"},
		{name: "consent to another purpose", item: inKR, write: consent, purpose: research, want: "NO_CONSENT kr"},
		{name: "consent", item: inKR, write: consent, want: "ELIGIBLE kr"},
		{name: "consent, then an objection", item: inKR, write: func(b *standings.Builder) { consent(b); object("KR", 1)(b) }, want: "OBJECTED kr"},

		{name: "everything erased", write: func(b *standings.Builder) { b.Erase(author, standings.Always) }, want: "ERASED eu"},
		{
			name: "everything erased, an item of the far future", write: func(b *standings.Builder) { b.Erase(author, standings.Always) },
			item: func(i *gate.Item) { i.CreatedAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }, want: "ERASED eu",
		},
		{name: "made before what is erased", write: func(b *standings.Builder) { b.Erase(author, noon.UnixNano()) }, want: "ERASED eu"},
		{
			name: "made at the erasure's time", write: func(b *standings.Builder) { b.Erase(author, noon.UnixNano()) },
			item: func(i *gate.Item) { i.CreatedAt = noon }, want: "ELIGIBLE eu",
		},
		{
			name: "made at an unknown time", write: func(b *standings.Builder) { b.Erase(author, 1) },
			item: func(i *gate.Item) { i.CreatedAt = time.Time{} }, want: "ERASED eu",
		},
		{
			name: "made in the year 1, which no Unix nanosecond reaches", write: func(b *standings.Builder) { b.Erase(author, 1) },
			item: func(i *gate.Item) { i.CreatedAt = time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC) }, want: "ERASED eu",
		},
		{name: "this item erased", write: func(b *standings.Builder) { b.EraseItem(item) }, want: "ERASED eu"},
		{name: "reported deleted", write: func(b *standings.Builder) { b.Withhold(item, noon.UnixNano()+1) }, want: "ITEM_CHANGED eu"},
		{name: "reported deleted, and the report lapses now", write: func(b *standings.Builder) { b.Withhold(item, noon.UnixNano()) }, want: "ELIGIBLE eu"},

		{name: "objected", write: object("DE", 0b01), want: "OBJECTED eu"},
		{name: "objected to everything", write: object("DE", standings.AllPurposes), want: "OBJECTED eu"},
		{name: "objected to another purpose", write: object("DE", 0b10), want: "ELIGIBLE eu"},
		{name: "the purpose inherits the objection", write: object("DE", 0b01), purpose: research, want: "OBJECTED eu"},
		{name: "objected where objections have no effect, lives where they have", write: object("US", 1), want: "OBJECTED eu"},
		{name: "objected where they have, lives where they have not", item: inUS, write: object("DE", 1), want: "OBJECTED us"},
		{name: "objections have no effect in either", item: inUS, write: object("US", 1), want: "ELIGIBLE us"},
		{name: "no country on record", item: inUS, write: object("", 1), want: "OBJECTED us"},
		{name: "an unassigned country on record", item: inUS, write: object("UK", 1), want: "OBJECTED us"},
		{name: "an unruled country on record", item: inUS, write: object("AQ", 1), want: "OBJECTED us"},
		{name: "one of two objections has an effect", item: inUS, write: func(b *standings.Builder) { object("US", 1)(b); object("DE", 1)(b) }, want: "OBJECTED us"},
		{name: "objected under a country that left the regime's group", item: inUS, write: object("GB", 1), want: "OBJECTED us"},
		{name: "refused, and the refusal is not in effect", rules: assessing, write: refused("DE", noon.Add(1)), want: "OBJECTED eu"},
		{name: "refused, and the refusal is in effect", rules: assessing, write: refused("DE", noon), want: "ELIGIBLE eu"},
		{name: "refused, where objections are honoured", write: refused("DE", noon), want: "OBJECTED eu"},
		{name: "refused, and moved to where objections are honoured", rules: assessing, item: inKR, write: func(b *standings.Builder) { refused("DE", noon)(b); consent(b) }, want: "OBJECTED kr"},
		{name: "refused, and moved to where they are recorded only", rules: assessing, item: inUS, write: refused("DE", noon), want: "ELIGIBLE us"},
		{name: "refused where nothing is assessed any more", rules: assessing, write: refused("KR", noon), want: "OBJECTED eu"},
		{name: "refused, and objected again", rules: assessing, write: func(b *standings.Builder) { refused("DE", noon)(b); object("DE", 1)(b) }, want: "OBJECTED eu"},
		{name: "this item objected to", write: func(b *standings.Builder) {
			b.Object(standings.Items, item, standings.Objection{Purposes: 1})
		}, want: "ITEM_OBJECTED eu"},
		{name: "its content objected to", item: func(i *gate.Item) { i.ContentKeys = []string{"sha256:0", "sha256:1"} }, write: func(b *standings.Builder) {
			b.Object(standings.ContentKeys, keyer{}.ContentKey("sha256:1"), standings.Objection{Purposes: 1})
		}, want: "ITEM_OBJECTED eu"},
		{name: "other content objected to", item: func(i *gate.Item) { i.ContentKeys = []string{"sha256:0"} }, write: func(b *standings.Builder) {
			b.Object(standings.ContentKeys, keyer{}.ContentKey("sha256:1"), standings.Objection{Purposes: 1})
		}, want: "ELIGIBLE eu"},
		{name: "an objection withdrawn", write: func(b *standings.Builder) { object("DE", 1)(b); b.Clear(standings.Subjects, author) }, want: "ELIGIBLE eu"},

		{name: "a signal says no", item: func(i *gate.Item) { i.Signals.TDMReservation = "1" }, want: "SIGNAL eu"},
		{name: "a signal cannot be read", item: func(i *gate.Item) { i.Signals.TDMReservation = "yes" }, want: "SIGNAL eu"},
		{name: "a signal says yes", item: func(i *gate.Item) { i.Signals.TDMReservation = "0" }, want: "ELIGIBLE eu"},
		{name: "signals are not looked at", item: func(i *gate.Item) { inUS(i); i.Signals.TDMReservation = "1" }, want: "ELIGIBLE us"},
		{name: "unreadable signals are allowed", item: func(i *gate.Item) { inKR(i); i.Signals.Other = []string{"noml"} }, write: consent, want: "ELIGIBLE kr"},
		{name: "a no counts where unreadable signals are allowed", item: func(i *gate.Item) {
			inKR(i)
			i.Signals.Other, i.Signals.Robots = []string{"noml"}, "noai"
		}, write: consent, want: "SIGNAL kr"},

		{name: "a condition that holds", rules: func(r *gate.Rules) { r.Regimes[0].Condition = fixedCondition{holds: true} }, want: "ELIGIBLE eu"},
		{name: "a condition that does not", rules: func(r *gate.Rules) { r.Regimes[0].Condition = fixedCondition{} }, want: "CONDITION eu"},
		{name: "a condition that cannot be judged", rules: func(r *gate.Rules) {
			r.Regimes[0].Condition = fixedCondition{true, errors.New("no such field")}
		}, want: "CONDITION eu"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, i, now, name := rules(), post(), noon, training
			if tt.rules != nil {
				tt.rules(&r)
			}
			if tt.item != nil {
				tt.item(&i)
			}
			if !tt.now.IsZero() {
				now = tt.now
			}
			if tt.purpose != "" {
				name = tt.purpose
			}
			d := decide(t, view(t, r, tt.write), &i, name, now, gate.Options{})
			got := strings.TrimSpace(strings.TrimPrefix(d.Reason.String(), "REASON_") + " " + d.Regime)
			if got != tt.want {
				t.Errorf("decided %s, want %s", got, tt.want)
			}
		})
	}
}

// Who else is in the item, what stands for them, and what becomes of it.
func TestDecideThirdParties(t *testing.T) {
	const (
		mentioned = vetov1.SubjectRole_SUBJECT_ROLE_MENTIONED
		original  = vetov1.SubjectRole_SUBJECT_ROLE_ORIGINAL_AUTHOR
	)
	ben := func(country string) func(*standings.Builder) {
		return func(b *standings.Builder) {
			b.Object(standings.Subjects, keyer{}.Subject("ben"), standings.Objection{Country: country, Purposes: 1})
		}
	}
	// AE is as US, but excludes for third parties; SG is as US, but masks them.
	more := func() gate.Rules {
		r := rules()
		strict, mask := r.Regimes[1], r.Regimes[1]
		strict.Name, strict.ThirdParties = "ae", vetov1.ThirdParties_THIRD_PARTIES_UNSPECIFIED
		strict.Objections = vetov1.ObjectionTreatment_OBJECTION_TREATMENT_HONOUR
		mask.Name, mask.ThirdParties = "sg", vetov1.ThirdParties_THIRD_PARTIES_REDACT
		r.Regimes = append(r.Regimes, strict, mask)
		r.Places["AE"] = gate.Place{Chain: []string{"AE"}, Rulings: []gate.Ruling{{Regime: 4, Purposes: 0b11}}}
		r.Places["SG"] = gate.Place{Chain: []string{"SG"}, Rulings: []gate.Ruling{{Regime: 5, Purposes: 0b11}}}
		return r
	}
	tests := []struct {
		name    string
		country string // of the item
		others  []gate.OtherSubject
		write   func(*standings.Builder)
		refuse  bool // redactions
		want    string
		redact  []int32
	}{
		{name: "nobody objected", others: []gate.OtherSubject{{"ben", mentioned, ""}}, want: "ELIGIBLE"},
		{name: "masked", others: []gate.OtherSubject{{"ben", mentioned, ""}}, write: ben("DE"), want: "ELIGIBLE_REDACTED", redact: []int32{0}},
		{name: "masked, each time", others: []gate.OtherSubject{{"ben", mentioned, ""}, {"ada", mentioned, ""}, {"ben", mentioned, ""}}, write: ben("DE"), want: "ELIGIBLE_REDACTED", redact: []int32{0, 2}},
		{name: "the caller cannot mask", others: []gate.OtherSubject{{"ben", mentioned, ""}}, write: ben("DE"), refuse: true, want: "THIRD_PARTY"},
		{name: "the original author", others: []gate.OtherSubject{{"ben", original, ""}}, write: ben("DE"), want: "THIRD_PARTY"},
		{name: "the original author where third parties are ignored", country: "US", others: []gate.OtherSubject{{"ben", original, ""}}, write: ben("DE"), want: "THIRD_PARTY"},
		{name: "the original author where neither regime gives effect", country: "US", others: []gate.OtherSubject{{"ben", original, ""}}, write: ben("US"), want: "ELIGIBLE"},
		{name: "one masked, one excludes", others: []gate.OtherSubject{{"ben", mentioned, ""}, {"ben", original, ""}}, write: ben("DE"), want: "THIRD_PARTY"},
		{name: "the stricter is theirs, on record", country: "DE", others: []gate.OtherSubject{{"ben", mentioned, "US"}}, write: ben("AE"), want: "THIRD_PARTY"},
		{name: "the stricter is theirs, by the item", country: "DE", others: []gate.OtherSubject{{"ben", mentioned, "AE"}}, write: ben(""), want: "THIRD_PARTY"},
		{name: "the stricter is the item's", country: "AE", others: []gate.OtherSubject{{"ben", mentioned, ""}}, write: ben("US"), want: "THIRD_PARTY"},
		{name: "no country known: the item's own", country: "US", others: []gate.OtherSubject{{"ben", mentioned, ""}}, write: ben(""), want: "ELIGIBLE"},
		{name: "an unassigned country of theirs", country: "US", others: []gate.OtherSubject{{"ben", mentioned, "XX"}}, write: ben(""), want: "THIRD_PARTY"},
		{name: "an unruled country on record", country: "US", others: []gate.OtherSubject{{"ben", mentioned, ""}}, write: ben("AQ"), want: "THIRD_PARTY"},
		{name: "the strictest of two objections", others: []gate.OtherSubject{{"ben", mentioned, ""}}, write: func(b *standings.Builder) { ben("AE")(b); ben("DE")(b) }, want: "THIRD_PARTY"},
		{name: "two regimes without effect", country: "US", others: []gate.OtherSubject{{"ben", mentioned, ""}}, write: ben("SG"), want: "ELIGIBLE"},
		{name: "erased, where objections have no effect", country: "US", others: []gate.OtherSubject{{"ben", mentioned, "SG"}}, write: func(b *standings.Builder) {
			b.Erase(keyer{}.Subject("ben"), standings.Always)
		}, want: "ELIGIBLE_REDACTED", redact: []int32{0}},
		{name: "erased, where third parties are ignored", country: "US", others: []gate.OtherSubject{{"ben", mentioned, ""}}, write: func(b *standings.Builder) {
			b.Erase(keyer{}.Subject("ben"), standings.Always)
		}, want: "ELIGIBLE"},
		{name: "erased, but what was made before", others: []gate.OtherSubject{{"ben", original, ""}}, write: func(b *standings.Builder) {
			b.Erase(keyer{}.Subject("ben"), 1)
		}, want: "ELIGIBLE"},
		{name: "objected to another purpose", others: []gate.OtherSubject{{"ben", original, ""}}, write: func(b *standings.Builder) {
			b.Object(standings.Subjects, keyer{}.Subject("ben"), standings.Objection{Country: "DE", Purposes: 0b10})
		}, want: "ELIGIBLE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := post()
			i.Subjects = tt.others
			if tt.country != "" {
				i.Country = tt.country
			}
			d := decide(t, view(t, more(), tt.write), &i, training, noon, gate.Options{AcceptRedactions: !tt.refuse})
			if got := strings.TrimPrefix(d.Reason.String(), "REASON_"); got != tt.want {
				t.Errorf("decided %s, want %s", got, tt.want)
			}
			if diff := cmp.Diff(tt.redact, d.Redact, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("redact (-want +got):\n%s", diff)
			}
		})
	}
}

// A condition is looked at after the masking, and takes the item with it.
func TestDecideConditionAfterMasking(t *testing.T) {
	r := rules()
	r.Regimes[0].Condition = fixedCondition{}
	i := post()
	i.Subjects = []gate.OtherSubject{{"ben", vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, ""}}
	v := view(t, r, func(b *standings.Builder) {
		b.Object(standings.Subjects, keyer{}.Subject("ben"), standings.Objection{Purposes: 1})
	})
	d := decide(t, v, &i, training, noon, gate.Options{AcceptRedactions: true})
	if d.Reason != vetov1.Reason_REASON_CONDITION || len(d.Redact) != 0 {
		t.Errorf("decided %v with %d to mask, want CONDITION with none", d.Reason, len(d.Redact))
	}
}

func TestDecideSuspended(t *testing.T) {
	tests := []struct {
		name       string
		suspension gate.Suspension
		stopped    []string // of DE, FR, FR-974, IT
	}{
		{"the whole regime", gate.Suspension{Regime: "eu", Purposes: standings.AllPurposes}, []string{"DE", "FR", "FR-974", "IT"}},
		{"one country", gate.Suspension{Regime: "eu", Jurisdictions: []string{"IT"}, Purposes: standings.AllPurposes}, []string{"IT"}},
		{"a country with its parts", gate.Suspension{Regime: "eu", Jurisdictions: []string{"FR"}, Purposes: 1}, []string{"FR", "FR-974"}},
		{"a part alone, by its country code", gate.Suspension{Regime: "eu", Jurisdictions: []string{"RE"}, Purposes: 1}, []string{"FR-974"}},
		{"another purpose", gate.Suspension{Regime: "eu", Purposes: 0b10}, nil},
		{"another regime", gate.Suspension{Regime: "us", Purposes: standings.AllPurposes}, nil},
		{"a regime that the policy has not", gate.Suspension{Regime: "gone", Purposes: standings.AllPurposes}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := view(t, rules(), nil)
			v.Suspensions = gate.NewSuspensions([]gate.Suspension{tt.suspension})
			for _, code := range []string{"DE", "FR", "FR-974", "IT"} {
				i := post()
				i.Country = code
				want := vetov1.Reason_REASON_ELIGIBLE
				if slices.Contains(tt.stopped, code) {
					want = vetov1.Reason_REASON_SUSPENDED
				}
				if d := decide(t, v, &i, training, noon, gate.Options{}); d.Reason != want {
					t.Errorf("%s: decided %v, want %v", code, d.Reason, want)
				}
			}
		})
	}
}

// A purpose that took another over is stopped with it, and not the other way round: research inherits from training.
func TestDecideSuspendedWithWhatWasTakenOver(t *testing.T) {
	for stopped, want := range map[standings.Purposes][2]vetov1.Reason{
		0b01:  {vetov1.Reason_REASON_SUSPENDED, vetov1.Reason_REASON_SUSPENDED},
		0b10:  {vetov1.Reason_REASON_ELIGIBLE, vetov1.Reason_REASON_SUSPENDED},
		0b100: {vetov1.Reason_REASON_ELIGIBLE, vetov1.Reason_REASON_ELIGIBLE},
	} {
		v := view(t, rules(), nil)
		v.Suspensions = gate.NewSuspensions([]gate.Suspension{{Regime: "eu", Purposes: stopped}})
		for n, name := range []string{training, research} {
			i := post()
			if d := decide(t, v, &i, name, noon, gate.Options{}); d.Reason != want[n] {
				t.Errorf("purposes %b suspended: %s is %v, want %v", stopped, name, d.Reason, want[n])
			}
			if reason, _ := v.Effect(nil, purpose(t, v, name), "DE", noon); reason != want[n] {
				t.Errorf("purposes %b suspended: the effect for %s is %v, want %v", stopped, name, reason, want[n])
			}
		}
	}
}

// A view without a policy takes every purpose, and excludes everything; so does a reference that is not of the view.
func TestDecideWithoutPolicy(t *testing.T) {
	v, i := &gate.View{}, post()
	d := decide(t, v, &i, "anything", noon, gate.Options{})
	if d.Reason != vetov1.Reason_REASON_NO_POLICY || d.Regime != "" {
		t.Errorf("decided %v by %q, want NO_POLICY by none", d.Reason, d.Regime)
	}
	one, other := view(t, rules(), nil), view(t, rules(), nil)
	for name, ref := range map[string]gate.PurposeRef{"zero": {}, "of another policy": purpose(t, other, training)} {
		if one.Decide(&i, ref, noon, gate.Options{}, &d); d.Reason != vetov1.Reason_REASON_NO_POLICY {
			t.Errorf("reference %s: decided %v, want NO_POLICY", name, d.Reason)
		}
		if reason, _ := one.Effect(nil, ref, "DE", noon); reason != vetov1.Reason_REASON_NO_POLICY {
			t.Errorf("reference %s: effect %v, want NO_POLICY", name, reason)
		}
		if reads := one.Policy.Reads(ref); reads != nil {
			t.Errorf("reference %s: reads %v, want nothing", name, reads)
		}
		if _, ok := one.Policy.RegimeOf("DE", ref, noon); ok {
			t.Errorf("reference %s: a regime rules", name)
		}
	}
	if _, ok := one.Purpose("undeclared"); ok {
		t.Error("an undeclared purpose was found")
	}
}

func TestOutcome(t *testing.T) {
	for r := vetov1.Reason(-1); r < 200; r++ {
		want := "OUTCOME_EXCLUDE"
		switch {
		case r > 0 && r < 10:
			want = "OUTCOME_INCLUDE"
		case r >= 10 && r < 20:
			want = "OUTCOME_INCLUDE_REDACTED"
		case r >= 20 && r < 30:
			want = "OUTCOME_INVALID"
		}
		if got := gate.Outcome(r).String(); got != want {
			t.Errorf("Outcome(%d) = %s, want %s", r, got, want)
		}
	}
}

func TestEffect(t *testing.T) {
	object := func(code string) *standings.Standing {
		return &standings.Standing{Objections: []standings.Objection{{Country: code, Purposes: 1}}}
	}
	tests := []struct {
		name    string
		s       *standings.Standing
		country string
		now     time.Time
		want    string
	}{
		{"nothing stands", nil, "DE", noon, "ELIGIBLE eu"},
		{"objected", object("DE"), "DE", noon, "OBJECTED eu"},
		{"objected without effect", object("US"), "US", noon, "ELIGIBLE us"},
		{"not ruled", object("DE"), "AQ", noon, "NO_REGIME"},
		{"no country", object("DE"), "", noon, "NO_REGIME"},
		{"prohibited", object("DE"), "CN", noon, "PROHIBITED cn"},
		{"suspended", object("DE"), "IT", noon, "SUSPENDED eu"},
		{"not started", object("DE"), "DE", noon.AddDate(-2, 0, 0), "NOT_STARTED eu"},
		{"no consent", &standings.Standing{Consented: 0b10}, "KR", noon, "NO_CONSENT kr"},
		{"consent", &standings.Standing{Consented: 0b01}, "KR", noon, "ELIGIBLE kr"},
		{"all erased", &standings.Standing{ErasedBefore: standings.Always}, "DE", noon, "ERASED eu"},
		{"erased what was made before", &standings.Standing{ErasedBefore: noon.UnixNano()}, "DE", noon, "ELIGIBLE eu"},
	}
	v := view(t, rules(), func(b *standings.Builder) { // what stands for no id must not be found
		b.EraseItem(keyer{}.Item(""))
		b.Erase(keyer{}.Subject(""), standings.Always)
	})
	v.Suspensions = gate.NewSuspensions([]gate.Suspension{{Regime: "eu", Jurisdictions: []string{"IT"}, Purposes: 1}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reason, regime := v.Effect(tt.s, purpose(t, v, training), tt.country, tt.now)
			if got := strings.TrimSpace(strings.TrimPrefix(reason.String(), "REASON_") + " " + regime); got != tt.want {
				t.Errorf("effect %s, want %s", got, tt.want)
			}
		})
	}
}

// The decision path allocates nothing, whether the item is included, excluded or to be masked.
func TestDecideAllocatesNothing(t *testing.T) {
	v := view(t, rules(), func(b *standings.Builder) {
		b.Object(standings.Subjects, cheapKeyer{}.Subject("ben"), standings.Objection{Purposes: 1})
		b.EraseItem(cheapKeyer{}.Item("other"))
		b.Object(standings.ContentKeys, cheapKeyer{}.ContentKey("sha256:1"), standings.Objection{Purposes: 0b10})
	})
	v.Keys = cheapKeyer{}
	v.Suspensions = gate.NewSuspensions([]gate.Suspension{{Regime: "eu", Jurisdictions: []string{"IT"}, Purposes: 1}})
	full := post()
	full.Subjects = []gate.OtherSubject{{"ben", vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, "FR"}, {"cyd", vetov1.SubjectRole_SUBJECT_ROLE_QUOTED, ""}}
	full.ContentKeys, full.Labels = []string{"sha256:1"}, []string{"food"}
	full.Signals = gate.Signals{ContentUsage: "search=n, train-ai=y", Robots: "NoIndex, noimageai", PLUSDataMining: "DMI-ALLOWED"}
	objected, unruled := post(), post()
	objected.AuthorID, unruled.Country = "ben", "AQ"
	var d gate.Decision
	p := purpose(t, v, training)
	for _, tt := range []struct {
		item gate.Item
		want vetov1.Reason
	}{
		{post(), vetov1.Reason_REASON_ELIGIBLE},
		{full, vetov1.Reason_REASON_ELIGIBLE_REDACTED},
		{objected, vetov1.Reason_REASON_OBJECTED},
		{unruled, vetov1.Reason_REASON_NO_REGIME},
	} {
		v.Decide(&tt.item, p, noon, gate.Options{AcceptRedactions: true}, &d)
		if d.Reason != tt.want {
			t.Errorf("decided %v, want %v", d.Reason, tt.want)
		}
		if n := testing.AllocsPerRun(100, func() { v.Decide(&tt.item, p, noon, gate.Options{AcceptRedactions: true}, &d) }); n != 0 {
			t.Errorf("decided %v with %v allocations, want 0", d.Reason, n)
		}
	}
}

// cheapKeyer allocates nothing and tells the ids of tests apart.
type cheapKeyer struct{}

func (cheapKeyer) Subject(id string) (k standings.Key)     { copy(k[:], id); return k }
func (cheapKeyer) Item(id string) (k standings.Key)        { copy(k[:], id); return k }
func (cheapKeyer) ContentKey(key string) (k standings.Key) { copy(k[:], key); return k }
