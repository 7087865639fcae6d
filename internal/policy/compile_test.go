package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// viewOf compiles a policy and its suspensions, with nothing standing.
func viewOf(t testing.TB, p *vetov1.Policy, suspensions ...*vetov1.Suspension) *gate.View {
	t.Helper()
	register := bits(training, "old", "older", "other")
	compiled, err := policy.Compile(p, register, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &gate.View{Policy: compiled, Suspensions: policy.Suspensions(suspended(p, suspensions...), register), Standings: standings.NewBuilder().View(), Keys: plainKeys{}}
}

// suspended resolves suspensions as a register does when it is told of them.
func suspended(p *vetov1.Policy, list ...*vetov1.Suspension) []policy.Suspended {
	var out []policy.Suspended
	for _, s := range list {
		out = append(out, policy.Suspended{Suspension: s, Places: policy.PlacesOf(p, s.GetJurisdictions(), s.GetSuspendedAt().AsTime())})
	}
	return out
}

// post is an item that the regime of validate_test.go includes.
func post(country string) *gate.Item {
	return &gate.Item{
		ID: "item", AuthorID: "author", Country: country, Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC,
		AuthorAge: 18, AuthorAgeAtCreation: 18, CreatedAt: now.AddDate(-1, 0, 0),
	}
}

// verdictOf decides at an instant: the reason, and the regime.
func verdictOf(t testing.TB, v *gate.View, item *gate.Item, purpose string, at time.Time) string {
	t.Helper()
	ref, ok := v.Purpose(purpose)
	if !ok {
		t.Fatalf("purpose %s is not declared", purpose)
	}
	var d gate.Decision
	v.Decide(item, ref, at, gate.Options{}, &d)
	return strings.TrimSpace(strings.TrimPrefix(d.Reason.String(), "REASON_") + " " + d.Regime)
}

func TestWhichRegimeRules(t *testing.T) {
	named := func(names ...string) *vetov1.Policy { // "germany:DE,AT"
		p := with()
		for _, n := range names {
			name, list, _ := strings.Cut(n, ":")
			p.Regimes = append(p.Regimes, regime(name, strings.Split(list, ",")...))
		}
		return p
	}
	north := func(p *vetov1.Policy) *vetov1.Policy {
		group("NORTH", "NO", "GL", "DE-SH", "ISLES")(p)
		group("ISLES", "FR-974", "GB-SCT")(p)
		return p
	}
	tests := []struct {
		name, country, want string
		policy              *vetov1.Policy
	}{
		{"subdivision before country", "DE-BY", "bavaria", named("rest:*", "eu:EU", "germany:DE", "bavaria:DE-BY")},
		{"country before group", "DE", "germany", named("rest:*", "eu:EU", "germany:DE", "bavaria:DE-BY")},
		{"group before star", "FR", "eu", named("rest:*", "eu:EU", "germany:DE")},
		{"star", "US", "rest", named("rest:*", "eu:EU")},
		{"star rules subdivisions", "US-CA", "rest", named("rest:*")},
		{"none", "US", "", named("eu:EU")},
		{"empty country", "", "", named("rest:*")},
		{"unassigned country", "XK", "", named("rest:*")},
		{"retired country", "YU", "", named("rest:*")},
		{"unassigned subdivision", "DE-XX", "", named("germany:DE", "rest:*")},
		{"subdivision without rules of its own", "DE-BY", "germany", named("germany:DE")},
		{"nested subdivision", "GB-ABD", "scotland", named("uk:GB", "scotland:GB-SCT")},
		{"nearer of two subdivisions", "GB-ABD", "aberdeen", named("scotland:GB-SCT", "aberdeen:GB-ABD")},
		{"Réunion by its country code", "RE", "eu", named("eu:EU", "rest:*")},
		{"Réunion as a subdivision", "FR-974", "eu", named("eu:EU", "rest:*")},
		{"Réunion as it was", "FR-RE", "eu", named("eu:EU", "rest:*")},
		{"its own rules before France's", "FR-974", "reunion", named("france:FR", "reunion:RE")},
		{"rules for one code are for the other", "RE", "reunion", named("france:FR", "reunion:FR-974")},
		{"France's rules where it has none", "FR-974", "france", named("france:FR", "rest:*")},
		{"France's rules do not reach the country code", "RE", "rest", named("france:FR", "rest:*")},
		{"a country's rules before its group's", "FR-974", "france", named("france:FR", "eu:EU")},
		{"Åland", "FI-01", "eu", named("eu:EEA")},
		{"Svalbard is outside the EEA", "SJ", "", named("eu:EEA")},
		{"Svalbard as a subdivision too", "NO-21", "", named("eu:EEA")},
		{"Norway", "NO", "eu", named("eu:EEA")},
		{"Norway is not in the EU", "NO", "", named("eu:EU")},
		{"Hong Kong", "CN-HK", "hongkong", named("china:CN", "hongkong:HK")},
		{"Bonaire in both codes", "NL-BQ1", "bonaire", named("bonaire:BQ-BO", "rest:*")},
		{"Aruba is not in the EU", "NL-AW", "", named("eu:EU")},
		{"Greenland", "GL", "", named("eu:EU")},
		{"Switzerland", "CH", "", named("eu:EEA")},
		{"declared group", "GL", "north", north(named("north:NORTH", "rest:*"))},
		{"group with a subdivision", "DE-SH", "north", north(named("north:NORTH", "rest:*"))},
		{"country of that subdivision", "DE", "rest", north(named("north:NORTH", "rest:*"))},
		{"inner group", "RE", "north", north(named("north:NORTH", "rest:*"))},
		{"inside a subdivision of a group", "GB-ABD", "north", north(named("north:NORTH", "rest:*"))},
		{"Svalbard is not in a group with Norway", "NO-22", "rest", north(named("north:NORTH", "rest:*"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := "NO_REGIME"
			if tt.want != "" {
				want = "ELIGIBLE " + tt.want
			}
			if got := verdictOf(t, viewOf(t, tt.policy), post(tt.country), training, now); got != want {
				t.Errorf("decided %q, want %q", got, want)
			}
			if got, _ := policy.Ruler(tt.policy, tt.country, training, now); got != tt.want {
				t.Errorf("Ruler says %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMembershipGoesByDate(t *testing.T) {
	p := with(regime("eu", "EU"), regime("rest", "*"))
	for _, r := range p.GetRegimes() {
		r.Periods[0].Start = stamp("2000-01-01T00:00:00Z")
	}
	v := viewOf(t, p)
	for at, want := range map[string]string{
		"2020-01-31T23:59:59Z": "ELIGIBLE eu",
		"2020-02-01T00:00:00Z": "ELIGIBLE rest",
	} {
		if got := verdictOf(t, v, post("GB"), training, instant(t, at)); got != want {
			t.Errorf("GB at %s: %s, want %s", at, got, want)
		}
	}
}

// TestEveryRuleReachesTheGate changes one field at a time and sees the decision change: a field that is forgotten in compiling would be ignored in silence.
func TestEveryRuleReachesTheGate(t *testing.T) {
	allow, exclude := vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW, vetov1.UnknownTreatment_UNKNOWN_TREATMENT_EXCLUDE
	tests := []struct {
		name   string
		change func(r *vetov1.Regime, i *gate.Item)
		want   string
	}{
		{"nothing", func(*vetov1.Regime, *gate.Item) {}, "ELIGIBLE"},
		{"legal basis", func(r *vetov1.Regime, _ *gate.Item) { r.LegalBasis = vetov1.LegalBasis_LEGAL_BASIS_CONSENT }, "NO_CONSENT"},
		{"prohibited", func(r *vetov1.Regime, _ *gate.Item) { r.LegalBasis = vetov1.LegalBasis_LEGAL_BASIS_PROHIBITED }, "PROHIBITED"},
		{"no period", func(r *vetov1.Regime, _ *gate.Item) { r.Periods = nil }, "NOT_STARTED"},
		{"start", func(r *vetov1.Regime, _ *gate.Item) { r.Periods[0].Start = stamp("2026-03-01T12:00:01Z") }, "NOT_STARTED"},
		{"end", func(r *vetov1.Regime, _ *gate.Item) { r.Periods[0].End = stamp("2026-03-01T12:00:00Z") }, "ENDED"},
		{"kind", func(_ *vetov1.Regime, i *gate.Item) { i.Kind = vetov1.ItemKind_ITEM_KIND_PHOTO }, "KIND"},
		{"visibility", func(_ *vetov1.Regime, i *gate.Item) { i.Visibility = vetov1.Visibility_VISIBILITY_GROUP }, "VISIBILITY"},
		{"kind in a second rule", func(r *vetov1.Regime, i *gate.Item) {
			r.Content = append(r.Content, &vetov1.ContentRule{Kinds: r.GetContent()[0].GetKinds(), Visibilities: []vetov1.Visibility{vetov1.Visibility_VISIBILITY_GROUP}})
			i.Visibility = vetov1.Visibility_VISIBILITY_GROUP
		}, "ELIGIBLE"},
		{"label", func(r *vetov1.Regime, i *gate.Item) {
			r.ExcludedLabels = []*vetov1.ExcludedLabel{{Label: "health", Words: "posts about health"}}
			i.Labels = []string{"health"}
		}, "LABEL"},
		{"minimum age", func(_ *vetov1.Regime, i *gate.Item) { i.AuthorAge = 17 }, "UNDER_AGE"},
		{"another minimum age", func(r *vetov1.Regime, i *gate.Item) { *r.MinimumAge, i.AuthorAge = 16, 17 }, "ELIGIBLE"},
		{"unknown age", func(_ *vetov1.Regime, i *gate.Item) { i.AuthorAge = 0 }, "AGE_UNKNOWN"},
		{"unknown age where there is no minimum", func(r *vetov1.Regime, i *gate.Item) { *r.MinimumAge, i.AuthorAge = 0, 0 }, "ELIGIBLE"},
		{"unknown age excluded where there is no minimum", func(r *vetov1.Regime, i *gate.Item) { *r.MinimumAge, r.UnknownAge, i.AuthorAge = 0, exclude, 0 }, "AGE_UNKNOWN"},
		{"unknown age allowed", func(r *vetov1.Regime, i *gate.Item) { r.UnknownAge, i.AuthorAge = allow, 0 }, "ELIGIBLE"},
		{"unknown age at creation", func(_ *vetov1.Regime, i *gate.Item) { i.AuthorAgeAtCreation = 0 }, "ELIGIBLE"},
		{"unknown age at creation excluded", func(r *vetov1.Regime, i *gate.Item) { r.UnknownAgeAtCreation, i.AuthorAgeAtCreation = exclude, 0 }, "AGE_UNKNOWN"},
		{"minimum item age", func(r *vetov1.Regime, _ *gate.Item) { r.MinimumItemAge = durationpb.New(2 * 366 * 24 * time.Hour) }, "TOO_RECENT"},
		{"notice per person", func(r *vetov1.Regime, _ *gate.Item) { r.NoticePerPerson = true }, "NOT_NOTIFIED"},
		{"signal", func(_ *vetov1.Regime, i *gate.Item) { i.Signals.Robots = "noai" }, "SIGNAL"},
		{"signals ignored", func(r *vetov1.Regime, i *gate.Item) {
			r.Signals, r.SignalsGround, i.Signals.Robots = vetov1.SignalTreatment_SIGNAL_TREATMENT_IGNORE, "why not", "noai"
		}, "ELIGIBLE"},
		{"unknown signal", func(_ *vetov1.Regime, i *gate.Item) { i.Signals.TDMReservation = "perhaps" }, "SIGNAL"},
		{"unknown signal allowed", func(r *vetov1.Regime, i *gate.Item) { r.UnknownSignal, i.Signals.TDMReservation = allow, "perhaps" }, "ELIGIBLE"},
		{"author's objection", func(_ *vetov1.Regime, i *gate.Item) { i.AuthorID = "objector" }, "OBJECTED"},
		{"objection recorded only", func(r *vetov1.Regime, i *gate.Item) { recordOnly(r); i.AuthorID = "objector" }, "ELIGIBLE"},
		{"third party", func(_ *vetov1.Regime, i *gate.Item) { i.Subjects = tagged() }, "THIRD_PARTY"},
		{"third parties ignored", func(r *vetov1.Regime, i *gate.Item) {
			r.ThirdParties, i.Subjects = vetov1.ThirdParties_THIRD_PARTIES_IGNORE, tagged()
		}, "ELIGIBLE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, item := regime("germany", "DE"), post("DE")
			tt.change(r, item)
			v := viewOf(t, with(r))
			b := standings.NewBuilder()
			b.Object(standings.Subjects, plainKeys{}.Subject("objector"), standings.Objection{Country: "DE", Purposes: standings.AllPurposes})
			v.Standings = b.View()
			if got := verdictOf(t, v, item, training, now); got != tt.want+" germany" {
				t.Errorf("decided %q, want %q by germany", got, tt.want)
			}
		})
	}
}

func tagged() []gate.OtherSubject {
	return []gate.OtherSubject{{SubjectID: "objector", Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED}}
}

func TestObjectionsFollowTheirPurposeToItsHeirs(t *testing.T) {
	p := with(regime("germany", "DE"))
	p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: "old", Title: "x"})
	p.Regimes[0].Purposes = []string{training, "old"}
	relate(p, 0, "old", "REPLACES")
	relate(p, 0, "other", "UNRELATED")
	relate(p, 1, "older", "INHERITS")
	v := viewOf(t, p)
	b := standings.NewBuilder()
	for bit, name := range []string{training, "old", "older", "other"} {
		b.Object(standings.Subjects, plainKeys{}.Subject(name), standings.Objection{Country: "DE", Purposes: standings.Purpose(uint8(bit))})
	}
	v.Standings = b.View()
	for objected, want := range map[string][2]string{
		training: {"OBJECTED", "ELIGIBLE"},
		"old":    {"OBJECTED", "OBJECTED"},
		"older":  {"OBJECTED", "OBJECTED"}, // through old
		"other":  {"ELIGIBLE", "ELIGIBLE"},
	} {
		item := post("DE")
		item.AuthorID = objected
		for i, purpose := range []string{training, "old"} {
			if got := verdictOf(t, v, item, purpose, now); got != want[i]+" germany" {
				t.Errorf("an objection to %s: %s for %s, want %s", objected, got, purpose, want[i])
			}
		}
	}
}

// What a purpose took over once counts for it whatever its document says, and through what others took over.
func TestCompileCountsWhatWasTakenOver(t *testing.T) {
	for name, tt := range map[string]struct {
		relation string // to old
		taken    map[string][]string
		want     standings.Purposes // of training, old, older, other
	}{
		"nothing":                     {"", nil, 0b0001},
		"said":                        {"INHERITS", nil, 0b0011},
		"not repeated":                {"", map[string][]string{training: {"old"}}, 0b0011},
		"denied":                      {"UNRELATED", map[string][]string{training: {"old", "older"}}, 0b0111},
		"through another":             {"REPLACES", map[string][]string{"old": {"older"}}, 0b0111},
		"through what is taken":       {"", map[string][]string{training: {"old"}, "old": {"older"}}, 0b0111},
		"by another purpose":          {"", map[string][]string{"old": {"older"}}, 0b0001},
		"a name that nobody knows":    {"", map[string][]string{training: {"unheard-of", "other"}}, 0b1001},
		"a circle with what is taken": {"INHERITS", map[string][]string{"old": {training}}, 0b0011},
	} {
		p := with(regime("germany", "DE"))
		if tt.relation != "" {
			relate(p, 0, "old", tt.relation)
		}
		compiled, err := policy.Compile(p, bits(training, "old", "older", "other"), tt.taken)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := compiled.Purposes()[0].Objections; got != tt.want {
			t.Errorf("%s: objections %04b count, want %04b", name, got, tt.want)
		}
	}
}

func TestCompileRefusesWhatTheRegisterDoesNotKnow(t *testing.T) {
	p := with(regime("germany", "DE"))
	if _, err := policy.Compile(p, bits(), nil); err == nil || !strings.Contains(err.Error(), "purposes[0].name: the register has no place") {
		t.Errorf("a purpose without a bit: %v", err)
	}
	relate(p, 0, "unheard-of", "REPLACES")
	if _, err := policy.Compile(p, bits(training), nil); err == nil || !strings.Contains(err.Error(), "purposes[0].relations[0].purpose: no purpose of this name") {
		t.Errorf("a relation to nothing: %v", err)
	}
	same := func(string) (uint8, bool) { return 3, true }
	p = with(regime("germany", "DE"))
	p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: "other", Title: "x"})
	if _, err := policy.Compile(p, same, nil); err == nil || !strings.HasPrefix(err.Error(), "compile policy: ") {
		t.Errorf("two purposes with one bit: %v", err)
	}
}

// TestRulerAgreesWithTheGate holds the two ways to find a regime together, over random policies.
func TestRulerAgreesWithTheGate(t *testing.T) {
	texts := []string{"*", "EU", "EEA", "NORTH", "DE", "DE-BY", "FR", "RE", "FR-974", "NO", "SJ", "NO-21", "GB", "GB-SCT", "GB-ABD", "NL", "AW", "NL-BQ1", "BQ", "US"}
	places := append(jurisdiction.Countries(), "DE-BY", "DE-HE", "FR-974", "FR-RE", "NO-21", "NO-22", "GB-SCT", "GB-ABD", "NL-AW", "NL-BQ1", "BQ-BO", "US-PR", "FI-01", "CN-91", "XK", "")
	rapid.Check(t, func(t *rapid.T) {
		p := with()
		group("NORTH", "NO", "GB-SCT", "RE", "US")(p)
		for i, list := range rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.SampledFrom(texts), 1, 4, rapid.ID), 1, 3).Draw(t, "regimes") {
			p.Regimes = append(p.Regimes, regime([]string{"a", "b", "c"}[i], list...))
		}
		compiled, err := policy.Compile(p, bits(training), nil)
		if err != nil {
			return // an overlap, which is refused
		}
		v := &gate.View{Policy: compiled, Standings: standings.NewBuilder().View(), Keys: plainKeys{}}
		ref, _ := v.Purpose(training)
		at := rapid.SampledFrom([]time.Time{now, time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)}).Draw(t, "at")
		for _, place := range rapid.SliceOfN(rapid.SampledFrom(places), 20, 20).Draw(t, "places") {
			var d gate.Decision
			v.Decide(post(place), ref, at, gate.Options{}, &d)
			if name, _ := policy.Ruler(p, place, training, at); name != d.Regime {
				t.Fatalf("%s at %v: Ruler says %q, the gate %q", place, at, name, d.Regime)
			}
		}
	})
}

func TestPlacesOf(t *testing.T) {
	p := with(regime("eu", "EEA"))
	group("SOUTH", "IT", "ES", "INNER")(p)
	group("INNER", "PT", "FR-RE", "ES")(p)
	tests := []struct {
		name, jurisdictions, at, want string
	}{
		{"none", "", "2026-01-01T00:00:00Z", ""},
		{"a country", "IT", "2026-01-01T00:00:00Z", "IT"},
		{"in the other spelling, and twice", "FR-974 RE IT", "2026-01-01T00:00:00Z", "IT RE"},
		{"groups in groups", "SOUTH IT", "2026-01-01T00:00:00Z", "ES IT PT RE"},
		{"a name that is none stops all", "IT GONE", "2026-01-01T00:00:00Z", ""},
		{"everywhere", "*", "2026-01-01T00:00:00Z", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(policy.PlacesOf(p, strings.Fields(tt.jurisdictions), instant(t, tt.at)), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	// The United Kingdom left the EU with the end of January 2020.
	for at, want := range map[string]bool{"2020-01-31T22:59:59Z": true, "2020-02-01T00:00:00Z": false} {
		places := policy.PlacesOf(nil, []string{"EU"}, instant(t, at))
		if got := slices.Contains(places, "GB"); got != want || !slices.Contains(places, "DE") || !slices.Contains(places, "RE") {
			t.Errorf("the EU at %s: GB %v, want %v, of %v", at, got, want, places)
		}
	}
}

// A suspension keeps its places: another policy that gives the group's name to others, or drops it, changes nothing.
func TestSuspensionsOutliveTheirGroup(t *testing.T) {
	first, second := with(regime("eu", "EEA")), with(regime("eu", "EEA"))
	group("SOUTH", "IT", "ES")(first)
	group("SOUTH", "SE")(second)
	list := suspended(first, &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"SOUTH"}, SuspendedAt: stamp("2026-01-01T00:00:00Z")})
	for _, p := range []*vetov1.Policy{first, second, with(regime("eu", "EEA"))} {
		v := viewOf(t, p)
		v.Suspensions = policy.Suspensions(list, bits(training))
		for country, want := range map[string]string{"IT": "SUSPENDED eu", "ES": "SUSPENDED eu", "SE": "ELIGIBLE eu"} {
			if got := verdictOf(t, v, post(country), training, now); got != want {
				t.Errorf("with the groups %v, %s is %s, want %s", p.GetGroups(), country, got, want)
			}
		}
	}
}

// A suspended purpose stops what takes it over, now or by an earlier policy.
func TestSuspensionsFollowTheirPurposeToItsHeirs(t *testing.T) {
	p := with(regime("eu", "EEA"))
	register := bits(training, "old")
	stops := policy.Suspensions([]policy.Suspended{{Suspension: &vetov1.Suspension{Regime: "eu", Purposes: []string{"old"}}}}, register)
	for want, taken := range map[string]map[string][]string{"ELIGIBLE eu": nil, "SUSPENDED eu": {training: {"old"}}} {
		compiled, err := policy.Compile(p, register, taken)
		if err != nil {
			t.Fatal(err)
		}
		v := &gate.View{Policy: compiled, Suspensions: stops, Standings: standings.NewBuilder().View(), Keys: plainKeys{}}
		if got := verdictOf(t, v, post("DE"), training, now); got != want {
			t.Errorf("taken over %v: %s, want %s", taken, got, want)
		}
	}
}

func TestSuspensions(t *testing.T) {
	p := with(regime("eu", "EEA", "GB", "FR"), regime("rest", "*"))
	group("SOUTH", "IT", "ES", "INNER")(p)
	group("INNER", "PT")(p)
	p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: "other", Title: "x"})
	p.Regimes[0].Purposes = []string{training, "other"}
	at := stamp("2026-01-01T00:00:00Z")
	tests := []struct {
		name          string
		suspension    *vetov1.Suspension
		stopped, runs string // countries
	}{
		{"whole", &vetov1.Suspension{Regime: "eu", SuspendedAt: at}, "DE FR RE GB NO", "US"},
		{"a country", &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"IT"}, SuspendedAt: at}, "IT IT-25", "DE US"},
		{"a mother country", &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"FR"}, SuspendedAt: at}, "FR FR-974 RE", "DE AX"},
		{"a territory in either spelling", &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"FR-RE"}, SuspendedAt: at}, "RE FR-974", "DE FR"},
		{"a declared group", &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"SOUTH"}, SuspendedAt: at}, "IT ES PT", "DE FR"},
		{"a built-in group, by date", &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"EU"}, SuspendedAt: at}, "DE FR RE", "GB NO"},
		{"a built-in group, at a time when there were more", &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"EU"}, SuspendedAt: stamp("2019-01-01T00:00:00Z")}, "DE GB", "NO"},
		{"a purpose", &vetov1.Suspension{Regime: "eu", Purposes: []string{training}, SuspendedAt: at}, "DE", "US"},
		{"another purpose", &vetov1.Suspension{Regime: "eu", Purposes: []string{"other"}, SuspendedAt: at}, "", "DE US"},
		{"a purpose that nobody knows stops all", &vetov1.Suspension{Regime: "eu", Purposes: []string{"other", "unheard-of"}, SuspendedAt: at}, "DE", "US"},
		{"a group that nobody knows stops all", &vetov1.Suspension{Regime: "eu", Jurisdictions: []string{"IT", "GONE"}, SuspendedAt: at}, "DE IT", "US"},
		{"a regime that nobody knows stops none", &vetov1.Suspension{Regime: "gone", SuspendedAt: at}, "", "DE US"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := viewOf(t, p, tt.suspension)
			for _, country := range strings.Fields(tt.stopped) {
				if got := verdictOf(t, v, post(country), training, now); got != "SUSPENDED eu" {
					t.Errorf("%s: %s, want SUSPENDED", country, got)
				}
			}
			for _, country := range strings.Fields(tt.runs) {
				if got := verdictOf(t, v, post(country), training, now); !strings.HasPrefix(got, "ELIGIBLE") {
					t.Errorf("%s: %s, want ELIGIBLE", country, got)
				}
			}
		})
	}
}

func TestCheckSuspension(t *testing.T) {
	p := with(regime("eu", "EEA", "FR-974"), regime("rest", "*"))
	group("SOUTH", "IT", "BR")(p)
	p.Purposes = append(p.Purposes, &vetov1.Purpose{Name: "other", Title: "x"})
	tests := []struct {
		name                    string
		jurisdictions, purposes string
		want                    string // a part of the error; empty: none
	}{
		{"whole", "", "", ""},
		{"parts", "DE DE-BY RE EU SOUTH", training, ""},
		{"a country outside", "DE US", "", "jurisdictions[1]: not ruled by this regime"},
		{"a group outside", "GB", "", "jurisdictions[0]: not ruled by this regime"},
		{"a retired code", "UK", "", "jurisdictions[0]: not the ISO code; use GB"},
		{"an unknown group", "NORTH", "", "jurisdictions[0]: neither a country"},
		{"star", "*", "", "jurisdictions[0]: * stands for every place"},
		{"a purpose of no regime", "", training + " other", "purposes[1]: not a purpose of this regime"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := policy.CheckSuspension(p, "eu", strings.Fields(tt.jurisdictions), strings.Fields(tt.purposes), now)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if err := policy.CheckSuspension(p, "gone", nil, nil, now); err != policy.ErrUnknownRegime {
		t.Errorf("an unknown regime: %v", err)
	}
}

func TestDeadline(t *testing.T) {
	p := with(regime("eu", "EEA"), regime("uk", "GB"), regime("no", "CH"))
	p.Regimes[0].Periods = []*vetov1.Period{
		{Start: stamp("2025-01-01T00:00:00Z"), End: stamp("2025-02-01T00:00:00Z"), ObjectionDeadline: stamp("2024-12-31T00:00:00Z")},
		{Start: stamp("2025-03-01T00:00:00Z"), End: stamp("2025-04-01T00:00:00Z")},
		{Start: stamp("2025-05-01T00:00:00Z"), End: stamp("2025-06-01T00:00:00Z"), ObjectionDeadline: stamp("2025-05-01T00:00:00+02:00")},
	}
	p.Regimes[2].Periods = nil
	tests := []struct{ name, country, at, want string }{
		{"before all: the next", "DE", "2024-06-01T00:00:00Z", "2024-12-31T00:00:00Z"},
		{"in the first", "DE", "2025-01-31T23:59:59Z", "2024-12-31T00:00:00Z"},
		{"between: the next, which has none", "DE", "2025-02-01T00:00:00Z", ""},
		{"in the last", "RE", "2025-05-02T00:00:00Z", "2025-04-30T22:00:00Z"},
		{"after all: the last", "DE", "2030-01-01T00:00:00Z", "2025-04-30T22:00:00Z"},
		{"a regime without a deadline", "GB", "2026-01-01T00:00:00Z", ""},
		{"a regime without a period", "CH", "2026-01-01T00:00:00Z", ""},
		{"no regime", "US", "2026-01-01T00:00:00Z", ""},
		{"no country", "", "2026-01-01T00:00:00Z", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := policy.Deadline(p, tt.country, training, instant(t, tt.at))
			if ok != (tt.want != "") || (ok && !got.Equal(instant(t, tt.want))) {
				t.Errorf("got %v %v, want %q", got, ok, tt.want)
			}
		})
	}
	if _, ok := policy.Deadline(nil, "DE", training, now); ok {
		t.Error("a deadline without a policy")
	}
}

// TestCheckSuspensionOfWhatANearerRegimeRules: stopping there would stop nothing.
func TestCheckSuspensionOfWhatANearerRegimeRules(t *testing.T) {
	p := with(regime("eu", "EEA"), regime("france", "FR"), regime("us", "US"), regime("california", "US-CA"))
	for _, c := range []struct {
		regime, jurisdiction string
		fine                 bool
	}{{"eu", "FR", false}, {"eu", "DE", true}, {"france", "FR", true}, {"us", "US-CA", false}, {"us", "US-NV", true}, {"us", "US", true}, {"california", "US-CA", true}} {
		err := policy.CheckSuspension(p, c.regime, []string{c.jurisdiction}, nil, now)
		if (err == nil) != c.fine {
			t.Errorf("%s in %s: %v, want fine: %t", c.regime, c.jurisdiction, err, c.fine)
		}
	}
}
