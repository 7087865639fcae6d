package columns_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/veto-gate/veto/internal/columns"
)

// TestTheDocsSayWhatIsRead holds the description to the fields, and docs/formats/columns.md to the description.
func TestTheDocsSayWhatIsRead(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats/columns.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range columns.Describe() {
		names = append(names, d.Field)
		if row := fmt.Sprintf("| %#q | %s | %s |", d.Field, d.Type, d.Null); !strings.Contains(string(text), row) {
			t.Errorf("docs/formats/columns.md has no line %s", row)
		}
		if named := slices.Contains([]string{"kind", "visibility", "subjects", "in_conversation", "modality"}, d.Field); named != (d.Values != "") {
			t.Errorf("%s: values %q", d.Field, d.Values)
		}
		if required := slices.Contains([]string{"item_id", "kind", "visibility", "author_id"}, d.Field); required != d.Required {
			t.Errorf("%s: required %v", d.Field, d.Required)
		}
	}
	if !slices.Equal(names, columns.Fillable()) {
		t.Errorf("described are %v, fields are %v", names, columns.Fillable())
	}
}
