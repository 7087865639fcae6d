package jurisdiction

import (
	"slices"
	"sync"
	"time"
)

// The built-in groups.
const (
	// EU is the European Union with its territories that have codes of their own.
	EU = "EU"
	// EEA is the European Economic Area with the same territories. No place has three letters, so the name cannot be mistaken for one.
	EEA = "EEA"
)

// Member is a country's membership in a group.
type Member struct {
	// Code is the country, or a subdivision where a declared group names one.
	Code string
	// From is the first instant. Zero: always.
	From time.Time
	// Until is the first instant after it. Zero: no end.
	Until time.Time
}

// Countries lists the assigned countries, ISO 3166-1 alpha-2, sorted. The caller owns the list.
func Countries() []string { return slices.Clone(tables().countries) }

// Places lists every code that names a place: countries, subdivisions, and former codes of subdivisions; sorted. The caller owns the list.
func Places() []string { return slices.Clone(tables().places) }

// Chain lists the codes that a place is, the most specific first, beginning with the code itself. Nil where the code
// names no place. The caller owns the list.
func Chain(code string) []string { return slices.Clone(tables().chains[code]) }

// Own is the part of the chain that is the place itself: up to its own country code, without the mother country.
// Membership in a group goes by it.
func Own(code string) []string {
	c := tables().chains[code]
	for i := range c {
		if len(c[i]) == len("XX") {
			return slices.Clone(c[:i+1])
		}
	}
	return nil
}

// Reach is the chain of a place for what stops it: Chain, and for a territory with a code of its own also the chain of
// the subdivision that it is, so that RE and FR-974 are stopped by the same, France's included. The caller owns the list.
func Reach(code string) []string {
	reach := Chain(code)
	for _, alias := range aliases()[code] {
		for _, one := range tables().chains[alias] {
			if !slices.Contains(reach, one) {
				reach = append(reach, one)
			}
		}
	}
	return reach
}

// aliases are the subdivision codes of a country that is a territory of another.
var aliases = sync.OnceValue(func() map[string][]string {
	out := map[string][]string{}
	for _, code := range tables().places {
		if canonical := tables().canonical[code]; canonical != code {
			out[canonical] = append(out[canonical], code)
		}
	}
	return out
})

// Canonical is the one code under which rules for a place are kept: RE for FR-974 and FR-RE, itself for most. False
// where the code names no place.
func Canonical(code string) (string, bool) {
	c, ok := tables().canonical[code]
	return c, ok
}

// Name is a place's English name; empty where there is none on record, or no such place.
func Name(code string) string { return tables().names[code] }

// Members lists who is, or was, in a built-in group, sorted by code. Nil where there is no such group. The caller owns the list.
func Members(group string) []Member { return slices.Clone(tables().groups[group]) }
