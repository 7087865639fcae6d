package columns

import (
	"maps"
	"slices"
	"strings"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// enumOf are the names of an enum.
type enumOf struct {
	values map[string]int32
	prefix string
}

var (
	kinds         = enumOf{vetov1.ItemKind_value, "ITEM_KIND_"}
	visibilities  = enumOf{vetov1.Visibility_value, "VISIBILITY_"}
	conversations = enumOf{vetov1.Conversation_value, "CONVERSATION_"}
	modalities    = enumOf{vetov1.Modality_value, "MODALITY_"}
	roles         = enumOf{vetov1.SubjectRole_value, "SUBJECT_ROLE_"}
)

// unknownName stands for a name that is none: the gate knows no such number, and refuses the row.
const unknownName = -1

// value is the number of a name, bare or with its prefix; 0 where there is none.
func (e *enumOf) value(name string) int32 {
	if name == "" {
		return 0
	}
	if value, known := e.values[e.prefix+name]; known {
		return value
	}
	if value, known := e.values[name]; known {
		return value
	}
	return unknownName
}

// names lists the bare names, without UNSPECIFIED.
func (e *enumOf) names() string {
	var names []string
	byNumber := func(a, b string) int { return int(e.values[a] - e.values[b]) }
	for _, name := range slices.SortedFunc(maps.Keys(e.values), byNumber) {
		if e.values[name] != 0 {
			names = append(names, strings.TrimPrefix(name, e.prefix))
		}
	}
	return strings.Join(names, ", ")
}
