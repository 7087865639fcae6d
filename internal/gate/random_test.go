package gate_test

import (
	"errors"
	"slices"
	"time"

	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// Few names, so that what is drawn meets.
var (
	people    = []string{"qa1", "qb2", "qc3", "qd4"}
	codes     = []string{"DE", "DE", "DE", "FR", "FR", "FR", "US", "US", "FR-974", "US-CA", "AQ", "", "XX"}
	contentID = []string{"sha256:a", "sha256:b", "sha256:c"}
)

// seldom draws true about once in so many.
func seldom(t *rapid.T, n int, what string) bool { return rapid.IntRange(0, n-1).Draw(t, what) == n-1 }

func drawTime(t *rapid.T) time.Time {
	return noon.AddDate(0, 0, rapid.IntRange(-3, 3).Draw(t, "day"))
}

func enum[E ~int32](t *rapid.T, most int32, what string) E {
	return E(rapid.Int32Range(0, most).Draw(t, what))
}

// condition holds for items with its own kind.
type condition vetov1.ItemKind

func (c condition) Holds(item *gate.Item) (bool, error) {
	if item.Visibility == vetov1.Visibility_VISIBILITY_GROUP {
		return true, errors.New("cannot say")
	}
	return item.Kind != vetov1.ItemKind(c), nil
}

func (condition) Reads() []string { return []string{"kind", "service"} }

func drawRegime(t *rapid.T, name string) gate.Regime {
	r := gate.Regime{
		Name:                 name,
		LegalBasis:           vetov1.LegalBasis(rapid.SampledFrom([]int32{1, 5, 3, 5, 3, 1, 2, 4, 5, 3, 6}).Draw(t, "basis")),
		Content:              map[vetov1.ItemKind]gate.Visibilities{},
		MinimumAge:           rapid.SampledFrom([]int32{0, 0, 13, 18}).Draw(t, "minimum age"),
		UnknownAge:           enum[vetov1.UnknownTreatment](t, 2, "unknown age"),
		UnknownAgeAtCreation: enum[vetov1.UnknownTreatment](t, 2, "unknown age at creation"),
		UnknownSignal:        enum[vetov1.UnknownTreatment](t, 2, "unknown signal"),
		ThirdParties:         vetov1.ThirdParties(rapid.SampledFrom([]int32{2, 2, 2, 2, 2, 0, 1, 3}).Draw(t, "third parties")),
		Signals:              enum[vetov1.SignalTreatment](t, 2, "signals"),
		NoticePerPerson:      seldom(t, 5, "notice"),
	}
	if r.LegalBasis != 1 && r.LegalBasis != 2 {
		r.Objections = enum[vetov1.ObjectionTreatment](t, 3, "treatment")
	}
	if seldom(t, 4, "item age") {
		r.MinimumItemAge = 24 * time.Hour
	}
	if seldom(t, 2, "label") {
		r.ExcludedLabels = []string{"health", ""}
	}
	if seldom(t, 4, "condition") {
		r.Condition = condition(enum[vetov1.ItemKind](t, 4, "condition's kind"))
	}
	for _, usual := range []vetov1.ItemKind{1, 3} {
		if !seldom(t, 8, "closed kind") {
			r.Content[usual] = gate.VisibilitySet(vetov1.Visibility_VISIBILITY_PUBLIC)
		}
	}
	for range rapid.IntRange(0, 8).Draw(t, "rules of content") {
		kind := vetov1.ItemKind(rapid.SampledFrom([]int32{1, 2, 3, 14, 16}).Draw(t, "kind"))
		r.Content[kind] |= gate.Visibilities(rapid.SampledFrom([]uint8{0b111110, 0b10, 0b110}).Draw(t, "visibilities"))
	}
	start := noon.AddDate(0, 0, rapid.SampledFrom([]int{-9, -9, -9, -9, -9, -9, -9, -7, -5, -9, -3, -1, 0, 2}).Draw(t, "start"))
	for range rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 0}).Draw(t, "periods") {
		p := gate.Period{Start: start}
		if seldom(t, 6, "ends") {
			p.End = start.AddDate(0, 0, rapid.IntRange(1, 9).Draw(t, "days"))
			start = p.End.AddDate(0, 0, rapid.IntRange(0, 2).Draw(t, "gap"))
		}
		r.Periods = append(r.Periods, p)
		if p.End.IsZero() {
			break
		}
	}
	return r
}

func drawWorld(t *rapid.T) *world {
	w := &world{people: map[string]standings.Standing{}, items: map[string]standings.Marked{}, keys: map[string]standings.Marked{}}
	names := []string{"r0", "r1", "r2"}
	if !seldom(t, 20, "no policy") {
		w.rules = &gate.Rules{
			Version:      3,
			Purposes:     []gate.Purpose{{Name: training, Bit: 0, Objections: 0b1}, {Name: research, Bit: 31, Objections: 1<<31 | 1}},
			Places:       map[string]gate.Place{},
			CheckID:      checkID,
			CheckSubject: checkSubject,
		}
		for _, name := range names {
			w.rules.Regimes = append(w.rules.Regimes, drawRegime(t, name))
		}
		chains := map[string][]string{"FR-974": {"FR-974", "RE", "FR"}, "US-CA": {"US-CA", "US"}}
		for _, code := range []string{"DE", "FR", "FR-974", "US", "US-CA", "AQ"} {
			place := gate.Place{Chain: chains[code]}
			if place.Chain == nil {
				place.Chain = []string{code}
			}
			for range rapid.SampledFrom([]int{1, 2, 1, 3, 2, 3, 2, 0}).Draw(t, "rulings") {
				r := gate.Ruling{
					Regime:   rapid.IntRange(0, 2).Draw(t, "regime"),
					Purposes: standings.Purposes(rapid.SampledFrom([]uint32{1<<31 | 1, 1<<31 | 1, 1<<31 | 1, 1<<31 | 1, 1, 1 << 31}).Draw(t, "ruled")),
				}
				if seldom(t, 8, "from") {
					r.From = drawTime(t)
				}
				if seldom(t, 8, "until") {
					r.Until = drawTime(t)
				}
				place.Rulings = append(place.Rulings, r)
			}
			w.rules.Places[code] = place
		}
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 2}).Draw(t, "suspensions") {
		w.suspensions = append(w.suspensions, gate.Suspension{
			Regime:        rapid.SampledFrom([]string{"r0", "r1", "r2", "long gone"}).Draw(t, "suspended"),
			Jurisdictions: rapid.SliceOfN(rapid.SampledFrom([]string{"FR", "RE", "US", "US-CA"}), 0, 2).Draw(t, "where"),
			Purposes:      rapid.SampledFrom([]standings.Purposes{1, 1 << 31, 2, standings.AllPurposes}).Draw(t, "stopped"),
		})
	}
	for _, id := range people {
		if s := (standings.Standing{
			Objections:   drawObjections(t, 3),
			Consented:    standings.Purposes(rapid.SampledFrom([]uint32{0, 1, 1 << 31, 1<<31 | 1}).Draw(t, "consented")),
			ErasedBefore: rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, noon.UnixNano(), standings.Always}).Draw(t, "erased"),
		}); len(s.Objections) > 0 || s.Consented != 0 || s.ErasedBefore != 0 {
			w.people[id] = s
		}
	}
	for _, id := range []string{"zi0", "zi1"} {
		w.items[id] = standings.Marked{
			Objections: drawObjections(t, 3), Erased: seldom(t, 9, "item erased"),
			WithheldUntil: rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 0, 1, noon.UnixNano(), noon.UnixNano() + 1, standings.Always}).Draw(t, "withheld"),
		}
	}
	for _, key := range contentID {
		w.keys[key] = standings.Marked{Objections: drawObjections(t, 4)}
	}
	return w
}

func drawObjections(t *rapid.T, n int) []standings.Objection {
	if !seldom(t, n, "objects") {
		return nil
	}
	var list []standings.Objection
	for _, code := range []string{"", "DE", "FR-974", "GB", "US"} {
		if seldom(t, 3, "under "+code) {
			mask := rapid.SampledFrom([]standings.Purposes{1, 2, 1 << 31, standings.AllPurposes}).Draw(t, "objected")
			refused := rapid.SampledFrom([]int64{0, 0, noon.UnixNano() - 1, noon.UnixNano(), noon.Add(time.Hour).UnixNano()}).Draw(t, "refused from")
			list = append(list, standings.Objection{Country: code, Purposes: mask, RefusedFrom: refused})
		}
	}
	return list
}

// view puts the world into the gate's own hands, by the builder's writes.
func (w *world) view(t *rapid.T) *gate.View {
	b := standings.NewBuilder()
	put := func(table standings.Table, key standings.Key, list []standings.Objection) {
		for _, o := range list {
			b.Object(table, key, o)
		}
	}
	for id, s := range w.people {
		key := keyer{}.Subject(id)
		put(standings.Subjects, key, s.Objections)
		b.Consent(key, s.Consented)
		if s.ErasedBefore != 0 {
			b.Erase(key, s.ErasedBefore)
		}
	}
	for id, m := range w.items {
		key := keyer{}.Item(id)
		put(standings.Items, key, m.Objections)
		b.Withhold(key, m.WithheldUntil)
		if m.Erased {
			b.EraseItem(key)
		}
	}
	for id, m := range w.keys {
		put(standings.ContentKeys, keyer{}.ContentKey(id), m.Objections)
	}
	v := &gate.View{Revision: 1, Suspensions: gate.NewSuspensions(w.suspensions), Standings: b.View(), Keys: keyer{}}
	if w.rules != nil {
		policy, err := gate.NewPolicy(*w.rules)
		if err != nil {
			t.Fatalf("NewPolicy: %v", err)
		}
		v.Policy = policy
	}
	return v
}

func drawItem(t *rapid.T) gate.Item {
	item := gate.Item{
		ID:                  rapid.SampledFrom([]string{"zi0", "zi1", "zi2"}).Draw(t, "item"),
		Kind:                vetov1.ItemKind(rapid.SampledFrom([]int32{1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 2, 14, 16, 15}).Draw(t, "kind")),
		Visibility:          vetov1.Visibility(rapid.SampledFrom([]int32{1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 5}).Draw(t, "visibility")),
		AuthorID:            rapid.SampledFrom(people).Draw(t, "author"),
		Country:             rapid.SampledFrom(codes).Draw(t, "country"),
		AuthorAge:           rapid.SampledFrom([]int32{18, 18, 18, 18, 18, 18, 18, 18, 150, 17, 12, 0}).Draw(t, "age"),
		AuthorAgeAtCreation: rapid.SampledFrom([]int32{18, 18, 18, 18, 18, 18, 18, 18, 18, 0, 12, 17}).Draw(t, "age then"),
		InConversation:      vetov1.Conversation(rapid.SampledFrom([]int32{1, 1, 0, 2, 9}).Draw(t, "conversation")),
		Labels:              rapid.SliceOfN(rapid.SampledFrom([]string{"", "other", "something", "health"}), 0, 2).Draw(t, "labels"),
		ContentKeys:         rapid.SliceOfN(rapid.SampledFrom(contentID), 0, 2).Draw(t, "keys"),
		Modality:            vetov1.Modality(rapid.Int32Range(-1, 5).Draw(t, "modality")),
	}
	if !seldom(t, 5, "no time") {
		item.CreatedAt = drawTime(t)
	}
	if !seldom(t, 5, "not notified") {
		item.AuthorNotifiedAt = drawTime(t)
	}
	for range rapid.SampledFrom([]int{1, 0, 2, 3}).Draw(t, "others") {
		item.Subjects = append(item.Subjects, gate.OtherSubject{
			SubjectID: rapid.SampledFrom(append(slices.Clone(people), "q-none")).Draw(t, "other"),
			Role:      vetov1.SubjectRole(rapid.SampledFrom([]int32{1, 2, 3, 4, 1, 2, 3, 4, 5}).Draw(t, "role")),
			Country:   rapid.SampledFrom(codes).Draw(t, "their country"),
		})
	}
	if seldom(t, 4, "signals") {
		item.Signals = drawSignals(t)
	}
	if seldom(t, 9, "broken") {
		breakItem(t, &item)
	}
	return item
}

func drawSignals(t *rapid.T) gate.Signals {
	pick := func(what string, values ...string) string { return rapid.SampledFrom(values).Draw(t, what) }
	return gate.Signals{
		ContentUsage: pick("usage", "", "", "train-ai=y", " train-ai=n", "search=n, train-ai=y", "train-ai=n,train-ai=y", "train-ai", "train-ai=y,",
			"Train-AI=n", "train-ai = n", "search=n", "ai-use=n\t,\ttrain-ai=n", "train-ai=?1", "xtrain-ai=n", "train-ai=N", "9=n", " "),
		TDMReservation: pick("tdm", "", "", "", "0", "1", " 1 ", "01", "yes"),
		Robots: pick("robots", "", "", "", "noai", "index, NoAI", "noimageai", "none,\tNOIMAGEAI ", "noai noimageai", ",,",
			"bot: NoAI", "noindex, noai;", "\"noimageai\"", "noaix, noai", "noa, i"),
		C2PATrainingMining: pick("c2pa", "", "", "", "allowed", "notAllowed", "constrained", "denied"),
		PLUSDataMining: pick("plus", "", "", "", "DMI-ALLOWED", "DMI-UNSPECIFIED", "DMI-PROHIBITED", "dmi-prohibited", "DMI-PROHIBITED-SEECONSTRAINT",
			"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING", "http://ns.useplus.org/ldf/vocab/", "DMI-PROHIBITED-"),
		Other: rapid.SampledFrom([][]string{nil, nil, nil, {"noml"}}).Draw(t, "other"),
	}
}

// breakItem gives the item one fault, or two.
func breakItem(t *rapid.T, item *gate.Item) {
	long := string(make([]byte, 5000))
	faults := []func(){
		func() { item.ID = "" }, func() { item.Kind = 0 }, func() { item.Kind = 17 }, func() { item.Kind = -1 },
		func() { item.Visibility = 0 }, func() { item.Visibility = 6 }, func() { item.AuthorID = "username" },
		func() { item.AuthorID = " qa1" }, func() { item.Subjects = make([]gate.OtherSubject, 513) },
		func() { item.Subjects = append(item.Subjects, gate.OtherSubject{SubjectID: "qa1"}) },
		func() { item.Subjects = append(item.Subjects, gate.OtherSubject{SubjectID: "qa1", Role: 6}) },
		func() { item.Subjects = append(item.Subjects, gate.OtherSubject{SubjectID: "username", Role: 1}) },
		func() {
			item.Subjects = append(item.Subjects, gate.OtherSubject{SubjectID: "qa1", Role: 1, Country: "de"})
		},
		func() { item.Country = "D" }, func() { item.Country = "DEU" }, func() { item.Country = "DE-" }, func() { item.Country = "DE-BYXX" },
		func() { item.Country = "DE-by" }, func() { item.Language = long }, func() { item.Language = "\xff" }, func() { item.Service = long },
		func() { item.CreatedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		func() { item.CreatedAt = time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC) },
		func() { item.AuthorAge = -1 }, func() { item.AuthorAge = 151 }, func() { item.AuthorAgeAtCreation = -1 },
		func() { item.AuthorAgeAtCreation = 151 }, func() { item.AuthorNotifiedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		func() { item.Labels = make([]string, 65) }, func() { item.Labels = []string{"health", long[:65]} },
		func() { item.ContentKeys = make([]string, 17) }, func() { item.ContentKeys = []string{"sha256:a", ""} },
		func() { item.SizeBytes = -1 }, func() { item.Signals.ContentUsage = long }, func() { item.Signals.Robots = long },
		func() { item.Signals.Other = make([]string, 17) }, func() { item.Signals.Other = []string{"noml", ""} },
		func() { item.Unreadable = &gate.Violation{Field: "created_at", Message: "not a time"} },
		func() { item.Unreadable = &gate.Violation{Field: "subjects[1].role", Message: "not a role"} },
		func() { item.Unreadable = &gate.Violation{Field: "no_such_field", Message: "unreadable"} },
	}
	for range rapid.IntRange(1, 2).Draw(t, "faults") {
		rapid.SampledFrom(faults).Draw(t, "fault")()
	}
}
