package event_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/event"
)

// universe is every purpose of the tests, and one that nobody ever names: it
// stands for those declared later.
var universe = []string{"a", "a-1", "b", "c", "generative-ai-training", "later"}

func anyPurposes() *rapid.Generator[event.Purposes] {
	return rapid.Custom(func(t *rapid.T) event.Purposes {
		p := event.PurposesOf(rapid.SliceOf(rapid.SampledFrom(universe[:len(universe)-1])).Draw(t, "names")...)
		p.All = rapid.Bool().Draw(t, "all")
		return p
	})
}

func TestPurposesAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := anyPurposes().Draw(t, "p"), anyPurposes().Draw(t, "q")
		union, minus := p.Union(q), p.Minus(q)
		none, same := true, true
		for _, name := range universe {
			if got, want := union.Has(name), p.Has(name) || q.Has(name); got != want {
				t.Errorf("%v ∪ %v = %v: has %s %v, want %v", p, q, union, name, got, want)
			}
			if got, want := minus.Has(name), p.Has(name) && !q.Has(name); got != want {
				t.Errorf("%v minus %v = %v: has %s %v, want %v", p, q, minus, name, got, want)
			}
			none = none && !p.Has(name)
			same = same && p.Has(name) == q.Has(name)
		}
		if got := p.IsZero(); got != none {
			t.Errorf("%v is zero: %v, want %v", p, got, none)
		}
		if got := p.Equal(q); got != same {
			t.Errorf("%v equals %v: %v, want %v", p, q, got, same)
		}
		for _, r := range []event.Purposes{p, union, minus} {
			if r.IsZero() {
				continue
			}
			if again, err := event.ParsePurposes(r.String()); err != nil || !again.Equal(r) {
				t.Errorf("ParsePurposes(%s) = %v, %v, want %v", r, again, err, r)
			}
		}
	})
}

func TestPurposesKeepTheirOperands(t *testing.T) {
	names := []string{"c", "a", "c"}
	p := event.PurposesOf(names...)
	if diff := cmp.Diff([]string{"c", "a", "c"}, names); diff != "" {
		t.Errorf("PurposesOf changed its argument:\n%s", diff)
	}
	all := event.Purposes{All: true, Names: []string{"a", "b"}}
	for range 2 { // what is appended to an answer must not reach another
		for _, got := range []event.Purposes{p.Union(all), all.Union(p), all.Minus(p), p.Minus(all), all.Union(all)} {
			_ = append(got.Names, "x")
			slices.Reverse(got.Names)
		}
	}
	if p.String() != "a,c" || all.String() != "*,!a,!b" {
		t.Errorf("the operands are %v and %v now", p, all)
	}
}

func TestPurposesPrintNoOtherNames(t *testing.T) {
	for _, name := range []string{"*", "a,b", "!a", "", "A b", "x\ny"} {
		p := event.PurposesOf(name)
		if got := p.String(); got != "?" {
			t.Errorf("a purpose called %q prints %q, want ?", name, got)
		}
		if _, err := event.ParsePurposes(p.String()); err == nil {
			t.Errorf("a purpose called %q is read again", name)
		}
	}
	if got := (event.Purposes{}).String(); got != "" {
		t.Errorf("no purpose prints %q", got)
	}
}
