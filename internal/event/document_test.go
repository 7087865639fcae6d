package event_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/event"
)

// docs/formats/event.md is what readers in other languages have: its tables are
// the code's, and its examples are what the code writes.
func TestDocumentAgrees(t *testing.T) {
	file, err := os.ReadFile("../../docs/formats/event.md")
	if err != nil {
		t.Fatal(err)
	}
	document := string(file)

	leaf, side := event.Rows()
	var want []string
	for _, row := range append(leaf, side...) {
		want = append(want, row[0]+" "+row[1]+" "+row[2])
	}
	var got []string
	for line := range strings.Lines(document) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) == 18 && strings.HasPrefix(cells[0], "| `") {
			name := strings.Trim(cells[0], "| `")
			in := strings.Join(cells[1:16], "")
			got = append(got, name+" "+in+" "+strings.Trim(cells[16], "` "))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the tables of fields (-code +document)\n%s", diff)
	}

	for typ := event.TypeGenesis; typ <= event.TypeObjectionDecided; typ++ {
		if row := "| `" + typ.String() + "` | `" + strings.Join(event.Effects(typ), "`, `") + "` |"; !strings.Contains(document, row) {
			t.Errorf("the document lacks the row %s", row)
		}
	}
	for _, f := range fixtures() {
		_, leaf, side := fixtureNamed(t, f.name)
		if !strings.Contains(document, "```\n"+string(leaf)+"```\n") || !strings.Contains(document, "```\n"+string(side)+"```\n") {
			t.Errorf("the document's example %s is not what the code writes:\n%s%s", f.name, leaf, side)
		}
	}
}
