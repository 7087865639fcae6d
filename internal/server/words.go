package server

import (
	"fmt"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// ruled says which fields the validation looks at. Items are the gate's: one bad item must not fail its batch. A policy
// is the policy package's, which tells everything that is wrong with it at once, this validation's rules included.
func ruled(_ protoreflect.Message, descriptor protoreflect.Descriptor) bool {
	field, ok := descriptor.(protoreflect.FieldDescriptor)
	if !ok || field.Kind() != protoreflect.MessageKind {
		return true
	}
	name := field.Message().FullName()
	return name != itemName && name != policyName
}

var (
	itemName   = (*vetov1.Item)(nil).ProtoReflect().Descriptor().FullName()
	policyName = (*vetov1.Policy)(nil).ProtoReflect().Descriptor().FullName()
)

// words say what is wrong with a field and what would be right, by the rule that it breaks; never with the value.
func words(v *protovalidate.Violation, message protoreflect.MessageDescriptor) string {
	rule := v.Proto.GetRuleId()
	field := fieldAt(message, v)
	switch rule {
	case "string.uuid", "string.uuid_empty":
		return "not a UUID; make one for the request, so that a retry is known as one"
	case "enum.defined_only":
		return "not a value that this server knows; want " + enumValues(field)
	case "enum.not_in":
		return "required; want " + enumValues(field)
	case "repeated.unique":
		return "holds a value twice; name each once"
	case "string.pattern":
		return "not in its form; want lower-case words joined by hyphens, e.g. generative-ai-training"
	}
	if rule == "string.max_bytes" && field != nil && field.Name() == "country" {
		if err := jurisdiction.Check(v.FieldValue.String()); err != nil {
			return err.Error() // a country's name, say: the code that was meant helps more than the length
		}
	}
	bound, known := bounds[rule]
	if !known || !v.RuleValue.IsValid() {
		return v.Proto.GetMessage() // words of our own in the proto, or of the rule; neither holds the value
	}
	if n := v.RuleValue.String(); !bound.required || n != "1" {
		return fmt.Sprintf(bound.words, n)
	}
	return "required"
}

// bounds are the words of rules with a number; required marks those that a 1 makes into "must be there".
var bounds = map[string]struct {
	words    string
	required bool
}{
	"string.min_bytes":   {"too short; at least %s bytes", true},
	"string.max_bytes":   {"too long; at most %s bytes", false},
	"bytes.min_len":      {"too short; at least %s bytes", true},
	"bytes.max_len":      {"too long; at most %s bytes", false},
	"bytes.len":          {"not of its length; want %s bytes", false},
	"repeated.min_items": {"too few; at least %s", true},
	"repeated.max_items": {"too many; at most %s", false},
	"uint64.gte":         {"too small; at least %s", false},
	"uint32.gte":         {"too small; at least %s", false},
}

// fieldAt is the field that a violation is about, found by its path: the violation itself does not know the field of a
// list's element. Nil: the whole message.
func fieldAt(message protoreflect.MessageDescriptor, v *protovalidate.Violation) protoreflect.FieldDescriptor {
	var field protoreflect.FieldDescriptor
	for _, element := range v.Proto.GetField().GetElements() {
		if message == nil {
			return nil
		}
		if field = message.Fields().ByNumber(protoreflect.FieldNumber(element.GetFieldNumber())); field == nil {
			return nil
		}
		message = field.Message()
	}
	return field
}

// enumValues lists the values that a field may have, without their prefix.
func enumValues(field protoreflect.FieldDescriptor) string {
	if field == nil || field.Enum() == nil {
		return "one that the API lists"
	}
	values := field.Enum().Values()
	prefix, _ := strings.CutSuffix(string(values.ByNumber(0).Name()), "UNSPECIFIED")
	names := make([]string, 0, values.Len())
	for i := range values.Len() {
		if value := values.Get(i); value.Number() != 0 {
			names = append(names, strings.TrimPrefix(string(value.Name()), prefix))
		}
	}
	return "one of " + strings.Join(names, ", ")
}
