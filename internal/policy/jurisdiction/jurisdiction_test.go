package jurisdiction_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// shared holds the tables as they were published.
const shared = "../../../test/data/jurisdictions"

func TestTablesEqualThePublishedOnes(t *testing.T) {
	for _, name := range []string{"countries.csv", "subdivisions.csv", "membership.csv", "LICENSE-Unicode-3.0.txt"} {
		got, err := os.ReadFile(filepath.Join("tables", name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(shared, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("tables/%s differs from the published table", name)
		}
	}
}

func TestCodeTraps(t *testing.T) {
	refused := map[string][]jurisdiction.Class{
		"reject":        {jurisdiction.Retired, jurisdiction.Reserved, jurisdiction.GroupName},
		"reserved":      {jurisdiction.Reserved},
		"user-assigned": {jurisdiction.UserAssigned},
		"case":          {jurisdiction.LowerCase},
		"alpha-3":       {jurisdiction.Alpha3},
		"numeric":       {jurisdiction.Numeric},
		"name":          {jurisdiction.Named},
		"space":         {jurisdiction.Spaced},
		"homoglyph":     {jurisdiction.Homoglyph},
		"fullwidth":     {jurisdiction.Fullwidth},
		"locale":        {jurisdiction.Locale},
		"malformed":     {jurisdiction.Malformed},
		"empty":         {jurisdiction.Empty},
	}
	f, err := os.Open(filepath.Join(shared, "code_traps.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 39 {
		t.Fatalf("code_traps.csv: %d rows, want 39 with the header", len(rows))
	}
	for _, row := range rows[1:] {
		input, class, meant := row[0], row[1], row[2]
		t.Run(class+" "+input, func(t *testing.T) {
			err := jurisdiction.Check(input)
			if class == "subdivision" {
				if err != nil {
					t.Fatalf("Check: %v, want it accepted", err)
				}
				if chain := jurisdiction.Chain(input); !slices.Contains(chain[1:], meant) {
					t.Errorf("Chain: %v, want it to lead to %s", chain, meant)
				}
				return
			}
			coded, ok := errors.AsType[*jurisdiction.CodeError](err)
			if !ok {
				t.Fatalf("Check: %v, want a CodeError", err)
			}
			if !slices.Contains(refused[class], coded.Class) {
				t.Errorf("class %v, want one of %v", coded.Class, refused[class])
			}
			if meant != "" && !slices.Equal(coded.Meant, []string{meant}) {
				t.Errorf("meant %v, want %s", coded.Meant, meant)
			}
			if meant != "" && !strings.HasSuffix(err.Error(), "use "+meant) {
				t.Errorf("error %q does not name %s", err, meant)
			}
			if chain := jurisdiction.Chain(input); chain != nil {
				t.Errorf("Chain: %v, want nil: it is no place", chain)
			}
		})
	}
}

func TestCheckNeverRepeatsTheValue(t *testing.T) {
	for _, text := range []string{"Somebody's name", "mail@example.org", "QZ", "XX-123", "uk-sct"} {
		if err := jurisdiction.Check(text); err == nil || strings.Contains(err.Error(), text) {
			t.Errorf("Check: %v, want a refusal without the value", err)
		}
	}
}

func TestLookup(t *testing.T) {
	tests := []struct {
		text string
		want jurisdiction.Entry
	}{
		{"DE", jurisdiction.Entry{Class: jurisdiction.Country, Code: "DE"}},
		{"DE-BY", jurisdiction.Entry{Class: jurisdiction.Subdivision, Code: "DE-BY"}},
		{"FR-974", jurisdiction.Entry{Class: jurisdiction.Subdivision, Code: "RE"}},
		{"FR-RE", jurisdiction.Entry{Class: jurisdiction.FormerSubdivision, Code: "RE"}},
		{"CN-91", jurisdiction.Entry{Class: jurisdiction.FormerSubdivision, Code: "HK"}},
		{"NO-21", jurisdiction.Entry{Class: jurisdiction.Subdivision, Code: "NO-21"}},
		{"NL-BQ1", jurisdiction.Entry{Class: jurisdiction.Subdivision, Code: "BQ-BO"}},
		{"EEA", jurisdiction.Entry{Class: jurisdiction.GroupName}},
		{"AN", jurisdiction.Entry{Class: jurisdiction.Retired, Meant: []string{"BQ", "CW", "SX"}}},
		{"UK-SCT", jurisdiction.Entry{Class: jurisdiction.Reserved, Meant: []string{"GB-SCT"}}},
		{"UK-XYZ", jurisdiction.Entry{Class: jurisdiction.Unassigned}},
		{"DE-XX", jurisdiction.Entry{Class: jurisdiction.Unassigned}},
		{"ZX", jurisdiction.Entry{Class: jurisdiction.Unassigned}},
		{"QL", jurisdiction.Entry{Class: jurisdiction.Unassigned}},
		{"QM", jurisdiction.Entry{Class: jurisdiction.UserAssigned}},
		{"uk", jurisdiction.Entry{Class: jurisdiction.LowerCase, Meant: []string{"GB"}}},
		{"zx", jurisdiction.Entry{Class: jurisdiction.LowerCase}},
		{"de-by", jurisdiction.Entry{Class: jurisdiction.LowerCase, Meant: []string{"DE-BY"}}},
		{"de-BE", jurisdiction.Entry{Class: jurisdiction.Locale, Meant: []string{"BE"}}},
		{"en_gb", jurisdiction.Entry{Class: jurisdiction.Locale, Meant: []string{"GB"}}},
		{"deu", jurisdiction.Entry{Class: jurisdiction.Alpha3, Meant: []string{"DE"}}},
		{"côte d’ivoire", jurisdiction.Entry{Class: jurisdiction.Named, Meant: []string{"CI"}}},
		{"UK\u00a0", jurisdiction.Entry{Class: jurisdiction.Spaced, Meant: []string{"GB"}}},
		{"D\xff", jurisdiction.Entry{Class: jurisdiction.Malformed}},
		{strings.Repeat("A", 1000), jurisdiction.Entry{Class: jurisdiction.Malformed}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%.10q", tt.text), func(t *testing.T) {
			if diff := cmp.Diff(tt.want, jurisdiction.Lookup(tt.text)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestChain(t *testing.T) {
	tests := []struct {
		code      string
		want, own string
	}{
		{"DE", "DE", "DE"},
		{"RE", "RE", "RE"},
		{"DE-BY", "DE-BY DE", "DE-BY DE"},
		{"GB-SCT", "GB-SCT GB", "GB-SCT GB"},
		{"GB-ABD", "GB-ABD GB-SCT GB", "GB-ABD GB-SCT GB"},
		{"AZ-BAB", "AZ-BAB AZ-NX AZ", "AZ-BAB AZ-NX AZ"},
		{"FR-974", "FR-974 RE FR", "FR-974 RE"},
		{"FR-RE", "FR-RE RE FR", "FR-RE RE"},
		{"FI-01", "FI-01 AX FI", "FI-01 AX"},
		{"NL-AW", "NL-AW AW NL", "NL-AW AW"},
		{"NL-BQ2", "NL-BQ2 BQ-SA BQ NL", "NL-BQ2 BQ-SA BQ"},
		{"BQ-SA", "BQ-SA BQ", "BQ-SA BQ"},
		{"US-PR", "US-PR PR US", "US-PR PR"},
		{"NO-22", "NO-22 SJ NO", "NO-22 SJ"},
		{"CN-71", "CN-71 TW CN", "CN-71 TW"},
		{"CN-HK", "CN-HK HK CN", "CN-HK HK"},
		{"ES-CN", "ES-CN ES", "ES-CN ES"},
		{"DE-XX", "", ""},
		{"EU", "", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(jurisdiction.Chain(tt.code), " "); got != tt.want {
			t.Errorf("Chain(%q) = %q, want %q", tt.code, got, tt.want)
		}
		if got := strings.Join(jurisdiction.Own(tt.code), " "); got != tt.own {
			t.Errorf("Own(%q) = %q, want %q", tt.code, got, tt.own)
		}
	}
}

// Every chain begins with the code, ends with a country, and holds its own canonical code: otherwise a rule could be kept where nobody looks for it.
func TestPlacesAreConsistent(t *testing.T) {
	places := jurisdiction.Places()
	if want := 249 + 5046 + 8; len(places) != want {
		t.Errorf("%d places, want %d: countries, subdivisions, former codes", len(places), want)
	}
	if n := len(jurisdiction.Countries()); n != 249 {
		t.Errorf("%d countries, want 249", n)
	}
	for _, code := range places {
		chain := jurisdiction.Chain(code)
		canonical, ok := jurisdiction.Canonical(code)
		switch {
		case len(chain) == 0 || chain[0] != code:
			t.Errorf("Chain(%s) = %v", code, chain)
		case len(chain[len(chain)-1]) != 2:
			t.Errorf("Chain(%s) = %v, want it to end with a country", code, chain)
		case !ok || !slices.Contains(jurisdiction.Own(code), canonical):
			t.Errorf("Canonical(%s) = %s, not in %v", code, canonical, jurisdiction.Own(code))
		case jurisdiction.Check(code) != nil:
			t.Errorf("Check(%s): %v", code, jurisdiction.Check(code))
		}
		if again, _ := jurisdiction.Canonical(canonical); again != canonical {
			t.Errorf("Canonical(Canonical(%s)) = %s, want %s", code, again, canonical)
		}
	}
}

func TestMembership(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := []struct {
		group, code, at string
		want            bool
	}{
		{"EU", "DE", "2025-05-27T00:00:00Z", true},
		{"EU", "HR", "2013-06-30T23:59:59Z", false},
		{"EU", "HR", "2013-07-01T00:00:00Z", true},
		{"EU", "GB", "2020-01-31T23:59:59Z", true},
		{"EU", "GB", "2020-02-01T00:00:00Z", false},
		{"EEA", "GB", "2020-12-31T23:59:59Z", true},
		{"EEA", "GB", "2021-01-01T00:00:00Z", false},
		{"EU", "RE", "2025-05-27T00:00:00Z", true},
		{"EEA", "RE", "1993-12-31T00:00:00Z", false},
		{"EEA", "RE", "2025-05-27T00:00:00Z", true},
		{"EU", "YT", "2013-12-31T23:59:59Z", false},
		{"EU", "YT", "2014-01-01T00:00:00Z", true},
		{"EEA", "AX", "2025-05-27T00:00:00Z", true},
		{"EEA", "NO", "2025-05-27T00:00:00Z", true},
		{"EU", "NO", "2025-05-27T00:00:00Z", false},
		{"EEA", "SJ", "2025-05-27T00:00:00Z", false},
		{"EEA", "GL", "2025-05-27T00:00:00Z", false},
		{"EEA", "FO", "2025-05-27T00:00:00Z", false},
		{"EEA", "JE", "2025-05-27T00:00:00Z", false},
		{"EEA", "AW", "2025-05-27T00:00:00Z", false},
		{"EEA", "CH", "2025-05-27T00:00:00Z", false},
	}
	for _, tt := range tests {
		var got bool
		for _, m := range jurisdiction.Members(tt.group) {
			now := at(tt.at)
			got = got || (m.Code == tt.code && !now.Before(m.From) && (m.Until.IsZero() || now.Before(m.Until)))
		}
		if got != tt.want {
			t.Errorf("%s in %s at %s: %v, want %v", tt.code, tt.group, tt.at, got, tt.want)
		}
	}
	if m := jurisdiction.Members("FADP"); m != nil {
		t.Errorf("Members of what is no built-in group: %v", m)
	}
	if got := len(jurisdiction.Members("EU")); got != 28+7 {
		t.Errorf("EU: %d memberships, want 35: 27 members, one that left, seven territories", got)
	}
}

func TestNames(t *testing.T) {
	for code, want := range map[string]string{"DE": "Germany", "DE-BY": "Bavaria", "FR-RE": "Réunion", "CN-HK": "Hong Kong SAR China", "QQ": ""} {
		if got := jurisdiction.Name(code); got != want {
			t.Errorf("Name(%s) = %q, want %q", code, got, want)
		}
	}
}

func TestClassesHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for c := jurisdiction.Malformed; c <= jurisdiction.Empty; c++ {
		if w := c.String(); w == "" || seen[w] {
			t.Errorf("class %d: words %q are empty or those of another", c, w)
		} else {
			seen[w] = true
		}
	}
	if got, want := jurisdiction.Class(200).String(), jurisdiction.Malformed.String(); got != want {
		t.Errorf("an unknown class: %q, want %q", got, want)
	}
}

func FuzzLookup(f *testing.F) {
	for _, s := range []string{"DE", "de_DE", " DE", "ＤＥ", "DЕ", "FR-RE", "UK-SCT", "276", "", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := jurisdiction.Lookup(text)
		if e.Assigned() != (jurisdiction.Chain(text) != nil) || e.Assigned() != (jurisdiction.Check(text) == nil) || e.Assigned() != (e.Code != "") {
			t.Errorf("%q: Lookup %+v, Check %v and Chain %v disagree", text, e, jurisdiction.Check(text), jurisdiction.Chain(text))
		}
		for _, m := range e.Meant {
			if !jurisdiction.Lookup(m).Assigned() {
				t.Errorf("%q: %s is said to be meant and is no place", text, m)
			}
		}
	})
}

// TestReachIsTheSameInEitherSpelling: what stops a territory under one of its codes stops it under the other.
func TestReachIsTheSameInEitherSpelling(t *testing.T) {
	for _, c := range []struct{ country, subdivision, mother string }{{"RE", "FR-974", "FR"}, {"AX", "FI-01", "FI"}, {"PR", "US-PR", "US"}, {"HK", "CN-HK", "CN"}} {
		for _, code := range []string{c.country, c.subdivision} {
			reach := jurisdiction.Reach(code)
			if !slices.Contains(reach, c.country) || !slices.Contains(reach, c.mother) {
				t.Errorf("%s reaches %v, want %s and %s", code, reach, c.country, c.mother)
			}
		}
	}
	if got := jurisdiction.Reach("DE"); !slices.Equal(got, []string{"DE"}) {
		t.Errorf("DE reaches %v", got)
	}
	if got := jurisdiction.Reach("XX"); got != nil {
		t.Errorf("an unassigned code reaches %v", got)
	}
}
