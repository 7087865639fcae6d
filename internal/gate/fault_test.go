package gate_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
)

// One bad item among many comes back INVALID with its field, and its neighbours as if they were alone, though one
// Decision serves them all.
func TestFault_P09_OneBadItemHarmsNoNeighbour(t *testing.T) {
	bad := map[string]gate.Item{}
	for field, change := range map[string]func(*gate.Item){
		"item_id":                func(i *gate.Item) { i.ID = "" },
		"kind":                   func(i *gate.Item) { i.Kind = 999 },
		"visibility":             func(i *gate.Item) { i.Visibility = -5 },
		"author_id":              func(i *gate.Item) { i.AuthorID = "a\x00b" },
		"subjects":               func(i *gate.Item) { i.Subjects = make([]gate.OtherSubject, 513) },
		"subjects[0].subject_id": func(i *gate.Item) { i.Subjects = []gate.OtherSubject{{"", vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, ""}} },
		"subjects[1].role": func(i *gate.Item) {
			i.Subjects = []gate.OtherSubject{{"ben", vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, ""}, {"cyd", 77, ""}}
		},
		"subjects[0].country": func(i *gate.Item) {
			i.Subjects = []gate.OtherSubject{{"ben", vetov1.SubjectRole_SUBJECT_ROLE_TAGGED, "Germany"}}
		},
		"country":         func(i *gate.Item) { i.Country = "de" },
		"author_age":      func(i *gate.Item) { i.AuthorAge = -1 },
		"labels":          func(i *gate.Item) { i.Labels = make([]string, 65) },
		"content_keys[1]": func(i *gate.Item) { i.ContentKeys = []string{"sha256:1", "sha256:\u202e1"} },
		"size_bytes":      func(i *gate.Item) { i.SizeBytes = -1 },
		"signals.other":   func(i *gate.Item) { i.Signals.Other = make([]string, 17) },
		"created_at":      func(i *gate.Item) { i.Unreadable = &gate.Violation{Field: "created_at", Message: "not a time"} },
	} {
		item := post()
		change(&item)
		bad[field] = item
	}
	v := view(t, rules(), nil)
	p := purpose(t, v, training)
	alone := func(item gate.Item) gate.Decision {
		var d gate.Decision
		v.Decide(&item, p, noon, gate.Options{}, &d)
		return d
	}
	var neighbours []gate.Item
	for i, code := range []string{"DE", "US", "CN", "AQ", ""} {
		item := post()
		item.ID, item.Country = fmt.Sprint("n", i), code
		neighbours = append(neighbours, item)
	}
	var d gate.Decision
	for field, broken := range bad {
		for at := range len(neighbours) + 1 {
			batch := append(append(append([]gate.Item{}, neighbours[:at]...), broken), neighbours[at:]...)
			for i := range batch {
				v.Decide(&batch[i], p, noon, gate.Options{}, &d)
				if i == at {
					if d.Reason != vetov1.Reason_REASON_INVALID || d.Violation.Field != field || d.Regime != "" {
						t.Errorf("%s at %d: decided %v with field %q by %q", field, at, d.Reason, d.Violation.Field, d.Regime)
					}
					continue
				}
				if diff := cmp.Diff(alone(batch[i]), d, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s at %d changes its neighbour %d (-alone +beside):\n%s", field, at, i, diff)
				}
			}
		}
	}
	if d := alone(gate.Item{}); d.Reason != vetov1.Reason_REASON_INVALID || d.Violation.Field != "item_id" {
		t.Errorf("an item of unset fields: decided %v with field %q, want INVALID with item_id", d.Reason, d.Violation.Field)
	}
}
