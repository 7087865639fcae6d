package policy_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/golden"
	"github.com/veto-gate/veto/internal/policy"
)

// Every policy that is handed out as an example is sound, and compiles.
func TestExamplesCompile(t *testing.T) {
	entries, err := os.ReadDir(examples)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		count++
		t.Run(e.Name(), func(t *testing.T) {
			p := parse(t, string(read(t, examples, e.Name())))
			if _, err := policy.Compile(p, bits(training), nil); err != nil {
				t.Error(err)
			}
		})
	}
	if count < 3 {
		t.Errorf("%d examples, want minimal, meta and requests at least", count)
	}
}

func TestMinimalExampleIncludesAndExcludes(t *testing.T) {
	v := viewOf(t, parse(t, string(read(t, examples, "minimal.yaml"))))
	if got := verdictOf(t, v, post("DE"), training, now); got != "ELIGIBLE germany" {
		t.Errorf("a public post from Germany: %s", got)
	}
	if got := verdictOf(t, v, post("FR"), training, now); got != "NO_REGIME" {
		t.Errorf("a public post from France: %s", got)
	}
}

// TestRequestsExampleTakesAndRefusesIDs tells the ids in the bundled objection requests apart, as their README says.
func TestRequestsExampleTakesAndRefusesIDs(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(read(t, shared, "objections", "requests.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, example := range []string{"requests.yaml", "meta.yaml"} {
		rule := policy.SubjectRule(parse(t, string(read(t, examples, example))).GetSubjectIds())
		taken, refused := 0, 0
		for _, row := range rows[1:] {
			id := row[column["subject_id"]]
			fault := rule(id)
			switch {
			case row[column["strictness"]] == "may" || (id == "" && row[column["field"]] != "subject_id"):
			case row[column["field"]] == "subject_id":
				refused++
				if fault == "" || (row[column["reason"]] == "PLACEHOLDER") != (fault == policy.FaultPlaceholder) {
					t.Errorf("%s, row %s: %q, want it refused with %s", example, row[0], fault, row[column["reason"]])
				}
			default:
				taken++
				if fault != "" {
					t.Errorf("%s, row %s: %q, want it taken", example, row[0], fault)
				}
			}
		}
		if taken < 200 || refused < 40 {
			t.Errorf("%s: %d taken and %d refused of 326 rows", example, taken, refused)
		}
	}
}

// TestMetaExampleOnTheSample counts what the real case's policy makes of a thousand real items.
func TestMetaExampleOnTheSample(t *testing.T) {
	v := viewOf(t, parse(t, string(read(t, examples, "meta.yaml"))))
	counts := map[string]int{}
	total := 0
	lines := bufio.NewScanner(bytes.NewReader(read(t, shared, "items", "sample.jsonl")))
	for lines.Scan() {
		counts[verdictOf(t, v, sampled(t, lines.Bytes()), training, now)]++
		total++
	}
	var text strings.Builder
	for _, verdict := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&text, "%5d %s\n", counts[verdict], verdict)
	}
	fmt.Fprintf(&text, "%5d\n", total)
	golden.Check(t, "sample.golden", []byte(text.String()))
}

// sampled reads a line of sample.jsonl as far as the example's rules look.
func sampled(t *testing.T, line []byte) *gate.Item {
	t.Helper()
	var row struct {
		ItemID              string    `json:"item_id"`
		AuthorID            string    `json:"author_id"`
		Kind                string    `json:"kind"`
		Visibility          string    `json:"visibility"`
		Country             string    `json:"country"`
		CreatedAt           time.Time `json:"created_at"`
		AuthorAge           int32     `json:"author_age"`
		AuthorAgeAtCreation int32     `json:"author_age_at_creation"`
		Labels              []string  `json:"labels"`
	}
	if err := json.Unmarshal(line, &row); err != nil {
		t.Fatal(err)
	}
	return &gate.Item{
		ID: row.ItemID, AuthorID: row.AuthorID, Country: row.Country, CreatedAt: row.CreatedAt,
		Kind:       vetov1.ItemKind(vetov1.ItemKind_value["ITEM_KIND_"+row.Kind]),
		Visibility: vetov1.Visibility(vetov1.Visibility_value["VISIBILITY_"+row.Visibility]),
		AuthorAge:  row.AuthorAge, AuthorAgeAtCreation: row.AuthorAgeAtCreation, Labels: row.Labels,
	}
}

func TestSubjectRule(t *testing.T) {
	rule := policy.SubjectRule(&vetov1.SubjectIds{Pattern: "[a-zé]+|x", Placeholders: []string{"UserName", "identité", "n/a"}})
	open := policy.SubjectRule(nil)
	tests := []struct {
		id         string
		want, open string
	}{
		{"anna", "", ""},
		{"USERNAME", policy.FaultPlaceholder, ""},
		{"username", policy.FaultPlaceholder, ""},
		{"usernames", "", ""},
		{"N/A", policy.FaultPlaceholder, ""},
		{"IDENTITÉ", policy.FaultPlaceholder, ""},
		{"andré", "", ""},
		{"anna1", policy.FaultPattern, ""},
		{"xx y", policy.FaultPattern, ""},
		{strings.Repeat("a", 65), "", ""},
		{strings.Repeat("a", 65) + "É", policy.FaultPattern, ""},
	}
	for _, tt := range tests {
		if got := rule(tt.id); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.id, got, tt.want)
		}
		if got := open(tt.id); got != tt.open {
			t.Errorf("%q without a rule of the platform's: %q, want %q", tt.id, got, tt.open)
		}
	}
	for _, id := range []string{"", " anna", "an\x00na", strings.Repeat("a", 257)} {
		if rule(id) == "" || open(id) == "" || strings.Contains(rule(id), "anna") {
			t.Errorf("%q: %q, want it refused by the one rule", id, rule(id))
		}
	}
	if broken := policy.SubjectRule(&vetov1.SubjectIds{Pattern: "("}); broken("anna") != policy.FaultPattern {
		t.Error("a pattern that does not compile lets an id through")
	}
	if n := testing.AllocsPerRun(100, func() { rule("anna"); rule("USERNAME") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleParse() {
	_, err := policy.Parse([]byte(`
controller: {name: Example Platform}
purposes:
  - {name: generative-ai-training, title: Training of generative AI models}
regimes:
  - name: uk
    jurisdictions: [UK]
    purposes: [generative-ai-training]
    legal_basis: LEGITIMATE_INTERESTS
    objections: RECORD_ONLY
    objections_ground: we would rather not
    content:
      - {kinds: [POST, PRIVATE_MESSAGE], visibilities: [PUBLIC]}
    minimum_age: 18
`))
	fmt.Println(err)
	// Output:
	// check policy: 3 faults
	// line 7, column 21: regimes[0].jurisdictions[0]: not the ISO code; use GB
	// line 10, column 17: regimes[0].objections: RECORD_ONLY is not possible with LEGITIMATE_INTERESTS: there is a right to object (GDPR Art. 21(1)); use HONOUR or ASSESS
	// line 13, column 24: regimes[0].content[0].kinds[1]: PRIVATE_MESSAGE is never eligible, and no policy can allow it; remove it
}

func ExampleCompile() {
	document, err := os.ReadFile(examples + "/meta.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := policy.Parse(document)
	if err != nil {
		fmt.Println(err)
		return
	}
	compiled, err := policy.Compile(p, func(string) (uint8, bool) { return 0, true }, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(compiled.Purposes()), compiled.Purposes()[0].Name)
	// Output: 1 generative-ai-training
}

func ExampleDeadline() {
	document, err := os.ReadFile(examples + "/meta.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := policy.Parse(document)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)
	for _, country := range []string{"IE", "RE", "GB", "CH"} {
		deadline, ok := policy.Deadline(p, country, "generative-ai-training", now)
		fmt.Println(country, ok, deadline.Format(time.RFC3339))
	}
	// Output:
	// IE true 2025-05-26T23:00:00Z
	// RE true 2025-05-26T23:00:00Z
	// GB false 0001-01-01T00:00:00Z
	// CH false 0001-01-01T00:00:00Z
}

func ExampleFormat() {
	p, err := policy.Parse([]byte(`{controller: {name: Example}, purposes: [{name: ads, title: Advertising, directMarketing: true}],
regimes: [{name: none, jurisdictions: ["*"], purposes: [ads], legalBasis: LEGAL_BASIS_PROHIBITED}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(policy.Format(p)))
	// Output:
	// controller:
	//   name: Example
	// purposes:
	//   - name: ads
	//     title: Advertising
	//     direct_marketing: true
	// regimes:
	//   - name: none
	//     jurisdictions: ['*']
	//     purposes: [ads]
	//     legal_basis: PROHIBITED
}
