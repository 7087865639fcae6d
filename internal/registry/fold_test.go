package registry_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

// model is the register as one would write it down: the filings as they were said, and what was taken from each.
type model struct {
	filings []*modelFiling
}

type modelFiling struct {
	subject, country string
	items, keys      []string
	all              bool // for all purposes, later ones included
	purposes         map[string]bool
	lifted           map[string]bool // the purposes that were lifted; with all, "*" is everything
	verified         bool
	receipt          *vetov1.Receipt
	id               string
}

// the two purposes of the policy, as their bits.
var modelBits = map[string]uint32{"generative-ai-training": 1, "evaluation": 2}

// mask is what of a filing stands.
func (f *modelFiling) mask() uint32 {
	var mask uint32
	if f.all {
		mask = 0xffffffff
	}
	for p := range f.purposes {
		mask |= modelBits[p]
	}
	for p := range f.lifted {
		if p == "*" {
			return 0
		}
		mask &^= modelBits[p]
	}
	return mask
}

// lines are what the filings of one thing come to, in the dump's spelling.
func (m *model) lines(table string, key [16]byte, about func(*modelFiling) bool) []string {
	byCountry := map[string]uint32{}
	for _, f := range m.filings {
		if about(f) {
			byCountry[f.country] |= f.mask()
		}
	}
	var lines []string
	for country, mask := range byCountry {
		if country == "" {
			country = "-"
		}
		if mask != 0 {
			lines = append(lines, fmt.Sprintf("%s %s objection %s %08x", table, hex.EncodeToString(key[:]), country, mask))
		}
	}
	slices.Sort(lines)
	return lines
}

var (
	modelSubjects  = []string{"anna", "bert", "carl"}
	modelItems     = []string{"photo-1", "photo-2"}
	modelKeys      = []string{"sha256:1", "sha256:2"}
	modelCountries = []string{"", "FR", "US"}
	modelPurposes  = []string{"generative-ai-training", "evaluation"}
)

func (m *model) dump(r *register) []string {
	var lines []string
	for _, s := range modelSubjects {
		lines = append(lines, m.lines("subject", r.keys.Subject(s), func(f *modelFiling) bool {
			return f.subject == s && len(f.items)+len(f.keys) == 0
		})...)
	}
	for _, i := range modelItems {
		lines = append(lines, m.lines("item", r.keys.Item(i), func(f *modelFiling) bool { return slices.Contains(f.items, i) })...)
	}
	for _, k := range modelKeys {
		lines = append(lines, m.lines("content_key", r.keys.ContentKey(k), func(f *modelFiling) bool { return slices.Contains(f.keys, k) })...)
	}
	slices.Sort(lines)
	return lines
}

// stands says whether a verified repeat of this filing would change nothing.
func (m *model) stands(q *vetov1.FileObjectionRequest) bool {
	wanted := &modelFiling{all: len(q.GetPurposes()) == 0, purposes: set(q.GetPurposes())}
	for _, f := range m.filings {
		wide := (len(f.items)+len(f.keys) == 0) == (len(q.GetItemIds())+len(q.GetContentKeys()) == 0) &&
			contains(f.items, q.GetItemIds()) && contains(f.keys, q.GetContentKeys())
		if f.subject == q.GetSubjectId() && f.verified && f.country == q.GetCountry() && wide && wanted.mask()&^f.mask() == 0 {
			return true
		}
	}
	return false
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

func contains(list, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(s string) bool { return !slices.Contains(list, s) })
}

// lift takes purposes from the filings that match, and says whether anything stood.
func (m *model) lift(purposes []string, match func(*modelFiling) bool) bool {
	if len(purposes) == 0 {
		purposes = []string{"*"}
	}
	stood := false
	for _, f := range m.filings {
		if !match(f) {
			continue
		}
		before := f.mask()
		for _, p := range purposes {
			f.lifted[p] = true
		}
		stood = stood || f.mask() != before
	}
	return stood
}

// TestFoldEqualsTheNaiveModel: whatever is filed and withdrawn, what stands is what a plain list of filings says, live
// and when it is rebuilt from nothing.
func TestFoldEqualsTheNaiveModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := openAt(t, t.TempDir(), registry.Config{}, nil)
		defer func() { r.stop() }()
		r.apply(twoPurposes)
		m := &model{}
		some := func(label string, from []string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 2, rapid.ID[string]).Draw(rt, label)
		}
		steps := map[string]func(*rapid.T){
			"file": func(rt *rapid.T) {
				q := filing(rapid.SampledFrom(modelSubjects).Draw(rt, "subject"))
				q.Country = rapid.SampledFrom(modelCountries).Draw(rt, "country")
				q.Purposes, q.ItemIds, q.ContentKeys = some("purposes", modelPurposes), some("items", modelItems), some("keys", modelKeys)
				q.Verification = vetov1.Verification(rapid.IntRange(1, 2).Draw(rt, "verification"))
				verified := q.GetVerification() == vetov1.Verification_VERIFICATION_VERIFIED
				stands := verified && m.stands(q)
				got := r.file(q)
				if got.GetUnchanged() != stands {
					rt.Fatalf("unchanged: %t, want %t", got.GetUnchanged(), stands)
				}
				if !stands {
					m.filings = append(m.filings, &modelFiling{
						subject: q.GetSubjectId(), country: q.GetCountry(), items: q.GetItemIds(), keys: q.GetContentKeys(),
						all: len(q.GetPurposes()) == 0, purposes: set(q.GetPurposes()), lifted: map[string]bool{}, verified: verified,
						receipt: got.GetReceipt(), id: got.GetObjection().GetObjectionId(),
					})
				}
			},
			"withdraw": func(rt *rapid.T) {
				subject := rapid.SampledFrom(modelSubjects).Draw(rt, "subject")
				q := withdrawal(subject)
				q.Purposes = some("purposes", modelPurposes)
				match := func(f *modelFiling) bool { return f.subject == subject }
				if len(m.filings) > 0 && rapid.Bool().Draw(rt, "one") {
					one := rapid.SampledFrom(m.filings).Draw(rt, "filing")
					q.ObjectionId = one.id
					match = func(f *modelFiling) bool { return f.subject == subject && f == one }
				}
				stood := m.lift(q.GetPurposes(), match)
				if got := r.withdraw(q).GetEffect(); (got == vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED) != stood {
					rt.Fatalf("effect: %v, and something stood: %t", got, stood)
				}
			},
			"withdraw by receipt": func(rt *rapid.T) {
				if len(m.filings) == 0 {
					return
				}
				one := rapid.SampledFrom(m.filings).Draw(rt, "filing")
				q := withdrawal("", unverified, func(q *vetov1.WithdrawObjectionRequest) { q.ProofReceipt = one.receipt })
				q.Purposes = some("purposes", modelPurposes)
				stood := m.lift(q.GetPurposes(), func(f *modelFiling) bool { return f == one })
				if got := r.withdraw(q).GetEffect(); (got == vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED) != stood {
					rt.Fatalf("effect: %v, and something stood: %t", got, stood)
				}
			},
			"": func(rt *rapid.T) {
				view, err := r.View()
				if err != nil {
					rt.Fatalf("view: %v", err)
				}
				var b bytes.Buffer
				if err := view.Standings().Dump(&b); err != nil {
					rt.Fatal(err)
				}
				got := strings.Fields(strings.ReplaceAll(b.String(), " ", "_"))
				slices.Sort(got)
				want := strings.Fields(strings.ReplaceAll(strings.Join(m.dump(r), "\n"), " ", "_"))
				if !slices.Equal(got, want) {
					rt.Fatalf("what stands:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			},
		}
		rt.Repeat(steps)
		followed := r.dump()
		r = r.reopen()
		if rebuilt := r.dump(); rebuilt != followed {
			rt.Fatalf("rebuilt from nothing:\n%s\nfollowed live:\n%s", rebuilt, followed)
		}
	})
}
