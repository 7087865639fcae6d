package policy

import (
	"iter"
	"math/bits"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// pairs are the regimes two by two, while their overlaps are looked for. A policy has 512 regimes, hence 130,816 pairs,
// which may meet in each of 5,000 places: they are held as sets of bits, and no pair is looked at twice for a purpose.
type pairs struct {
	open   []regimeSet // a regime → the later ones that rule a purpose of its, and were not reported with it
	starts []time.Time // a regime → the first instant at which it could include anything; zero: there is none
}

func newPairs(regimes []*vetov1.Regime) *pairs {
	p := &pairs{open: make([]regimeSet, len(regimes)), starts: make([]time.Time, len(regimes))}
	ruling := map[string]regimeSet{} // a purpose → the regimes, those looked at so far
	for i := len(regimes) - 1; i >= 0; i-- {
		p.starts[i], p.open[i] = firstStart(regimes[i]), p.none()
		for _, purpose := range regimes[i].GetPurposes() {
			if ruling[purpose] == nil {
				ruling[purpose] = p.none()
			}
			p.open[i].join(ruling[purpose])
		}
		for _, purpose := range regimes[i].GetPurposes() {
			ruling[purpose].add(i)
		}
	}
	return p
}

// firstStart is the first instant at which the regime could include anything; zero where it never can.
func firstStart(r *vetov1.Regime) time.Time {
	var first time.Time
	for _, p := range r.GetPeriods() {
		if start := p.GetStart().AsTime(); p.GetStart() != nil && (first.IsZero() || start.Before(first)) {
			first = start
		}
	}
	return first
}

// meet says whether two holds of one rank on one place are in force at one time.
//
// A meeting that was over before either regime could have included anything is none: the United Kingdom was in the EU
// until 2020, and a policy of today may name the EU in one regime, and in another a group with the United Kingdom.
func (p *pairs) meet(x, y hold) bool {
	until := x.until
	if until.IsZero() || (!y.until.IsZero() && y.until.Before(until)) {
		until = y.until
	}
	if until.IsZero() {
		return true
	}
	start := p.starts[x.regime]
	if other := p.starts[y.regime]; start.IsZero() || (!other.IsZero() && other.Before(start)) {
		start = other
	}
	return x.from.Before(until) && y.from.Before(until) && start.Before(until)
}

// close notes that a pair was reported.
func (p *pairs) close(first, second int) { p.open[first].remove(second) }

// none is an empty set.
func (p *pairs) none() regimeSet { return make(regimeSet, (len(p.open)+63)/64) }

// regimeSet is a set of regimes: one bit for each position.
type regimeSet []uint64

func (s regimeSet) add(regime int)    { s[regime/64] |= 1 << (regime % 64) }
func (s regimeSet) remove(regime int) { s[regime/64] &^= 1 << (regime % 64) }

func (s regimeSet) join(other regimeSet) {
	for i := range s {
		s[i] |= other[i]
	}
}

// and hands out the regimes that are in both sets, in order.
func (s regimeSet) and(other regimeSet) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range s {
			for both := s[i] & other[i]; both != 0; both &= both - 1 {
				if !yield(i*64 + bits.TrailingZeros64(both)) {
					return
				}
			}
		}
	}
}
