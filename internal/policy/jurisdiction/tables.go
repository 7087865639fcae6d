package jurisdiction

import (
	"embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed tables/countries.csv tables/subdivisions.csv tables/membership.csv tables/territories.csv tables/retired.csv
var files embed.FS

// tables is every place, read once. Nobody writes to it afterwards.
//
//nolint:gochecknoglobals // an embedded table is a constant that Go cannot write as one
var tables = sync.OnceValue(load)

// index is the tables in the shape of the questions.
type index struct {
	names     map[string]string   // every assigned code and every former one → its English name, which may be empty
	chains    map[string][]string // the same codes → what Chain answers
	canonical map[string]string   // the same codes → what Canonical answers
	former    map[string]bool     // the codes that ISO 3166-2 dropped
	countries []string            // alpha-2, sorted
	places    []string            // all of names, sorted
	alpha2    map[string]string   // alpha-3, number and lower-case English name → alpha-2
	retired   map[string]Entry    // what is no place any more, or never was
	groups    map[string][]Member
}

// load reads the embedded tables. They are part of the program: a fault in them is a broken invariant, and panics.
func load() *index {
	x := &index{
		names: map[string]string{}, chains: map[string][]string{}, canonical: map[string]string{}, former: map[string]bool{},
		alpha2: map[string]string{}, retired: map[string]Entry{}, groups: map[string][]Member{},
	}
	for _, r := range rows("countries", 9) {
		x.countries = append(x.countries, r[0])
		x.names[r[0]] = r[3]
		x.alpha2[r[1]], x.alpha2[r[2]], x.alpha2[strings.ToLower(r[3])] = r[0], r[0], r[0]
	}
	slices.Sort(x.countries)
	x.link()
	for _, r := range rows("retired", 4) {
		classes := map[string]Class{"retired": Retired, "reserved": Reserved, "group": GroupName}
		x.retired[r[0]] = Entry{Class: classes[r[1]], Meant: strings.Fields(r[2])}
	}
	x.retired[EEA] = Entry{Class: GroupName}
	x.groups[EU] = members(EU)
	x.groups[EEA] = members(EEA)
	for code := range x.chains {
		x.places = append(x.places, code)
	}
	slices.Sort(x.places)
	return x
}

// link fills in chains and canonical codes from who is whose parent.
func (x *index) link() {
	parents := map[string]string{}
	for _, r := range rows("subdivisions", 5) {
		x.names[r[0]] = r[2]
		parents[r[0]] = r[3]
	}
	own := map[string]string{} // a subdivision → the code of its own
	for _, r := range rows("territories", 3) {
		code, territory, how := r[0], r[1], r[2]
		own[code] = territory
		switch how {
		case "former":
			x.former[code] = true
			x.names[code] = x.names[territory]
			parents[code], _, _ = strings.Cut(code, "-")
			x.canonical[code] = territory
		case "same":
			x.canonical[code] = territory
		case "part":
		default:
			panic(fmt.Sprintf("jurisdiction: territories.csv: %s: unknown how %q", code, how))
		}
		if x.names[code] == "" {
			x.names[code] = x.names[territory]
		}
	}
	for code := range x.names {
		x.chains[code] = chain(code, parents, own)
		if x.canonical[code] == "" {
			x.canonical[code] = code
		}
	}
}

// chain walks from a code to what it belongs to; the code of its own comes before the mother country.
func chain(code string, parents, own map[string]string) []string {
	out := []string{code}
	if territory := own[code]; territory != "" {
		out = append(out, chain(territory, parents, own)...)
	}
	if parent := parents[code]; parent != "" {
		out = append(out, chain(parent, parents, own)...)
	}
	return out
}

// members reads a group's membership, and adds the territories of its members that are inside the EU with a code of
// their own. A territory cannot be in the EEA before its state is, and all their states are in it since 1995 at the
// latest, so the later of the two days is taken.
func members(group string) []Member {
	var out []Member
	var founded time.Time
	for _, r := range rows("membership", 5) {
		if r[0] != group {
			continue
		}
		m := Member{Code: r[1], From: day(r[2])}
		if r[3] != "" {
			m.Until = day(r[3]).AddDate(0, 0, 1)
		}
		if founded.IsZero() || m.From.Before(founded) {
			founded = m.From
		}
		out = append(out, m)
	}
	for _, r := range rows("membership", 5) {
		if r[0] != "EU-OUTERMOST" {
			continue
		}
		from := day(r[2])
		if from.Before(founded) {
			from = founded
		}
		out = append(out, Member{Code: r[1], From: from})
	}
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.Code, b.Code) })
	return out
}

// day reads a date of the tables as the instant at which it begins in UTC.
func day(date string) time.Time {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(fmt.Sprintf("jurisdiction: membership.csv: %v", err))
	}
	return t
}

// rows reads a table without its header.
func rows(name string, columns int) [][]string {
	f, err := files.Open("tables/" + name + ".csv")
	if err != nil {
		panic(fmt.Sprintf("jurisdiction: %v", err))
	}
	defer f.Close() //nolint:errcheck // an embedded file has nothing to lose
	r := csv.NewReader(f)
	r.FieldsPerRecord = columns
	all, err := r.ReadAll()
	if err != nil {
		panic(fmt.Sprintf("jurisdiction: %s.csv: %v", name, err))
	}
	return all[1:]
}
