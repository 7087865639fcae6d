package columns_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/veto-gate/veto/internal/columns"
)

// TestColumnsAreProposedAndNeverTaken: by their names, each once, for what has no column yet; and a proposal fills nothing.
func TestColumnsAreProposedAndNeverTaken(t *testing.T) {
	for _, c := range []struct {
		header string
		m      columns.Mapping
		want   []string
	}{
		{"user_id,text_id,type,privacy,country_code,lang,created_utc,age", columns.Mapping{},
			[]string{"item_id=text_id", "kind=type", "visibility=privacy", "author_id=user_id", "country=country_code", "language=lang", "created_at=created_utc", "author_age=age"}},
		{"User-ID,Author,kind", columns.Mapping{}, []string{"author_id=User-ID"}},
		{"id,user", columns.Mapping{Columns: map[string]string{"item_id": "id"}, Set: map[string]string{"kind": "POST"}, Absent: []string{"country"}}, []string{"author_id=user"}},
		{"a,b,c", columns.Mapping{}, nil},
		{"ITEM_ID,Kind", columns.Mapping{}, []string{"item_id=ITEM_ID", "kind=Kind"}},
	} {
		_, err := columns.NewTextReader(strings.Split(c.header, ","), c.m)
		wrong, ok := errors.AsType[*columns.MappingError](err)
		if !ok || !slices.Equal(wrong.Proposed, c.want) {
			t.Errorf("%s: %v proposes %q, want %q", c.header, err, wrong.Proposed, c.want)
		}
	}
}
