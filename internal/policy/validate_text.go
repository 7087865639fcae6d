package policy

import (
	"slices"
	"strconv"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// texts refuses what a page, a terminal or an editor would not show, or show elsewhere than it stands, in every text of a
// message. What is known to be at fault is not told again.
func (c *faults) texts(m protoreflect.Message, path string) {
	for i := range m.Descriptor().Fields().Len() {
		field := m.Descriptor().Fields().Get(i)
		if !m.Has(field) {
			continue
		}
		inner := join(path, field)
		if !field.IsList() {
			c.text(m.Get(field), field, inner)
			continue
		}
		list := m.Get(field).List()
		for j := range list.Len() {
			c.text(list.Get(j), field, inner+"["+strconv.Itoa(j)+"]")
		}
	}
}

// text is texts for one value of a field.
func (c *faults) text(value protoreflect.Value, field protoreflect.FieldDescriptor, path string) {
	switch field.Kind() {
	case protoreflect.MessageKind:
		c.texts(value.Message(), path)
	case protoreflect.StringKind:
		if slices.ContainsFunc([]rune(value.String()), unshown) && !slices.ContainsFunc(c.list, func(f Fault) bool { return f.Path == path }) {
			c.add(path, "a control, bidirectional or tag character, which people would not see; remove it (line breaks and tabs may stay)")
		}
	default: // no text
	}
}

// unshown tells the characters that no text of a policy has: those that no id has, but for newline and tab.
func unshown(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || 0xE0000 <= r && r <= 0xE007F
}
