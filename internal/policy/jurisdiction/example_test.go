package jurisdiction_test

import (
	"fmt"

	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

func ExampleChain() {
	for _, code := range []string{"DE-BY", "FR-974", "RE"} {
		fmt.Println(code, jurisdiction.Chain(code))
	}
	// Output:
	// DE-BY [DE-BY DE]
	// FR-974 [FR-974 RE FR]
	// RE [RE]
}

func ExampleCheck() {
	for _, text := range []string{"GB", "UK", "AN", "de_DE", "XK"} {
		fmt.Println(jurisdiction.Check(text))
	}
	// Output:
	// <nil>
	// not the ISO code; use GB
	// a code that ISO 3166 has deleted; use BQ, CW or SX
	// a language with its country, not a country's code; use DE
	// a code for private use, of no country; use an ISO 3166-1 code such as DE, or an ISO 3166-2 code such as DE-BY
}

func ExampleLookup() {
	e := jurisdiction.Lookup("FR-RE")
	fmt.Println(e.Class, "ruled as", e.Code, "-", jurisdiction.Name(e.Code))
	// Output: a former code of a subdivision ruled as RE - Réunion
}

func ExampleMembers() {
	for _, m := range jurisdiction.Members("EEA") {
		if m.Code == "GB" {
			fmt.Println(m.From.Format("2006-01-02"), "until before", m.Until.Format("2006-01-02"))
		}
	}
	// Output: 1994-01-01 until before 2021-01-01
}
