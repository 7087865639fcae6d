package server

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

// fieldSet is a set of veto.v1.Item's fields: one bit for each field number, all below 32.
type fieldSet uint32

// itemFields are Item's fields by their names.
var itemFields = func() map[string]fieldSet {
	fields := (*vetov1.Item)(nil).ProtoReflect().Descriptor().Fields()
	byName := make(map[string]fieldSet, fields.Len())
	for i := range fields.Len() {
		byName[string(fields.Get(i).Name())] = 1 << fields.Get(i).Number()
	}
	return byName
}()

// fieldUse watches over one call or stream that every field which a regime reads comes from somewhere. A field counts as
// mapped once an item carried it, or where the caller named it. A field named absent that an item carries all the same is
// decided by what it carries: nothing that speaks against an item is ever dropped.
type fieldUse struct{ mapped fieldSet }

// named notes the fields that the caller names, and says which names are none of Item's, by the lists' paths.
func (u *fieldUse) named(prefix string, mapped, absent []string) []registry.FieldFault {
	var faults []registry.FieldFault
	for _, list := range []struct {
		path  string
		names []string
	}{{prefix + "absent_fields", absent}, {prefix + "mapped_fields", mapped}} {
		for i, name := range list.names {
			field, known := itemFields[name]
			if !known {
				faults = append(faults, registry.FieldFault{Field: fmt.Sprintf("%s[%d]", list.path, i), Message: "not a field of Item; want one of " + strings.Join(fieldNames(), ", ")})
			}
			u.mapped |= field
		}
	}
	return faults
}

// fieldNames are Item's fields in the order of their numbers.
func fieldNames() []string {
	fields := (*vetov1.Item)(nil).ProtoReflect().Descriptor().Fields()
	names := make([]string, fields.Len())
	for i := range names {
		names[i] = string(fields.Get(i).Name())
	}
	return names
}

// see notes what the items carry.
func (u *fieldUse) see(items []*vetov1.Item) {
	for _, item := range items {
		u.mapped |= carried(item)
	}
}

// check refuses with the fields that are read and come from nowhere.
func (u *fieldUse) check(reads []gate.Read) error {
	var missing []gate.Read
	for _, read := range reads {
		if u.mapped&itemFields[read.Field] == 0 {
			missing = append(missing, read)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &unmappedFieldsError{missing: missing}
}

// unmappedFieldsError says that decisions read fields that no item carries and that the caller did not name.
type unmappedFieldsError struct{ missing []gate.Read }

// Error names the fields.
func (e *unmappedFieldsError) Error() string {
	return strings.Join(e.fields(), ", ") + ": read by a regime, but carried by no item so far and named nowhere; " + remedy
}

// remedy is what to do about a field that was not mapped.
const remedy = "fill it in where the source has it, and name it in mapped_fields if items without it are usual; name it in absent_fields where the source does not have it"

// fields are the names of the missing fields.
func (e *unmappedFieldsError) fields() []string {
	names := make([]string, len(e.missing))
	for i, read := range e.missing {
		names[i] = read.Field
	}
	return names
}

// words tell of one field who reads it and what to do.
func (e *unmappedFieldsError) words(read gate.Read) string {
	reader := "every decision reads it"
	switch len(read.Regimes) {
	case 0:
	case 1:
		reader = "the regime " + read.Regimes[0] + " reads it"
	default:
		reader = "the regimes " + listed(read.Regimes) + " read it"
	}
	return reader + ", and no item carries it: " + remedy
}

// carried are the fields that are set in the item.
func carried(item *vetov1.Item) fieldSet {
	if item == nil {
		return 0
	}
	var set fieldSet
	for _, field := range [...]struct {
		set    bool
		number protoreflect.FieldNumber
	}{
		{item.ItemId != "", 1},
		{item.Kind != 0, 2},
		{item.Visibility != 0, 3},
		{item.AuthorId != "", 4},
		{len(item.Subjects) > 0, 5},
		{item.Country != "", 6},
		{item.Language != "", 7},
		{item.Service != "", 8},
		{item.CreatedAt != nil, 9},
		{item.AuthorAge != 0, 10},
		{item.AuthorAgeAtCreation != 0, 11},
		{item.AuthorNotifiedAt != nil, 12},
		{item.InConversation != 0, 13},
		{len(item.Labels) > 0, 14},
		{len(item.ContentKeys) > 0, 15},
		{item.Modality != 0, 16},
		{item.SizeBytes != 0, 17},
		{item.Signals != nil, 18},
	} {
		if field.set {
			set |= 1 << field.number
		}
	}
	return set
}
