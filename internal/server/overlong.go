package server

import (
	"fmt"
	"strconv"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/veto-gate/veto/internal/registry"
)

// overlong are a request's lists with more elements than their rule allows. Their elements are not looked at: every one
// could break a rule of its own, and a fault for each of a hundred thousand helps nobody.
type overlong struct {
	faults []registry.FieldFault
	fields map[protoreflect.FullName]bool
}

// overlongLists finds them at every depth, but in what is not ours to validate.
func overlongLists(request proto.Message) *overlong {
	o := &overlong{}
	o.search(request.ProtoReflect(), "")
	return o
}

func (o *overlong) search(message protoreflect.Message, prefix string) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !message.Has(field) || !ruled(nil, field) {
			continue
		}
		path := prefix + string(field.Name())
		switch {
		case field.IsList():
			o.list(message.Get(field).List(), field, path)
		case field.Message() != nil && !field.IsMap():
			o.search(message.Get(field).Message(), path+".")
		}
	}
}

func (o *overlong) list(list protoreflect.List, field protoreflect.FieldDescriptor, path string) {
	if most := maxElements(field); most > 0 && uint64(list.Len()) > most {
		if o.fields == nil {
			o.fields = map[protoreflect.FullName]bool{}
		}
		o.fields[field.FullName()] = true
		o.faults = append(o.faults, registry.FieldFault{Field: path, Message: fmt.Sprintf(bounds["repeated.max_items"].words, strconv.FormatUint(most, 10))})
		return
	}
	if field.Message() == nil {
		return
	}
	for i := range list.Len() {
		o.search(list.Get(i).Message(), fmt.Sprintf("%s[%d].", path, i))
	}
}

// ruled is what the validation looks at, without those lists.
func (o *overlong) ruled(message protoreflect.Message, descriptor protoreflect.Descriptor) bool {
	return !o.fields[descriptor.FullName()] && ruled(message, descriptor)
}

// maxElements is the bound that the proto gives a list; 0: none.
func maxElements(field protoreflect.FieldDescriptor) uint64 {
	rules, ok := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	if !ok {
		return 0
	}
	return rules.GetRepeated().GetMaxItems()
}
