package policy

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// enumValue finds a value by its name, with or without the enum's prefix. Nil: there is none. Numbers are not names: a
// typing error would be another treatment.
func enumValue(d protoreflect.EnumDescriptor, name string) protoreflect.EnumValueDescriptor {
	if v := d.Values().ByName(protoreflect.Name(name)); v != nil {
		return v
	}
	return d.Values().ByName(protoreflect.Name(enumPrefix(d) + name))
}

// bareName is a value's name without the enum's prefix.
func bareName(v protoreflect.EnumValueDescriptor) string {
	d, _ := v.Parent().(protoreflect.EnumDescriptor)
	return strings.TrimPrefix(string(v.Name()), enumPrefix(d))
}

// enumNames lists what a document may say, the zero value apart: what is not said is left out.
func enumNames(d protoreflect.EnumDescriptor) string {
	var names []string
	for i := range d.Values().Len() {
		if v := d.Values().Get(i); v.Number() != 0 && v.Name() != "ITEM_KIND_PRIVATE_MESSAGE" {
			names = append(names, bareName(v))
		}
	}
	return strings.Join(names, ", ")
}

// enumPrefix is what buf's STANDARD lint rules want before each value: LegalBasis → LEGAL_BASIS_. The zero value ends
// in UNSPECIFIED by the same rules.
func enumPrefix(d protoreflect.EnumDescriptor) string {
	return strings.TrimSuffix(string(d.Values().ByNumber(0).Name()), "UNSPECIFIED")
}
