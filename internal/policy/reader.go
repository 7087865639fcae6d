package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// reader fills a message from a tree of YAML nodes. It notes where the document has what, and every fault.
type reader struct{ faults }

// document reads the root.
func (r *reader) document(root *yaml.Node, m proto.Message) {
	r.at[""] = position{root.Line, root.Column}
	if r.plain(root, "") && r.kind(root, yaml.MappingNode, "") {
		r.message(root, m.ProtoReflect(), "")
	}
}

// message reads a mapping into a message. It goes no deeper than messages hold each other: below a key that is none of
// the message's nothing is read.
func (r *reader) message(node *yaml.Node, m protoreflect.Message, path string) {
	seen := map[protoreflect.Name]int{}
	unknown := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		where := position{key.Line, key.Column}
		if !r.plain(key, path) || !r.kind(key, yaml.ScalarNode, path) {
			continue
		}
		if key.Tag == "!!merge" {
			r.addAt(where, path, "a merge key; write the fields out, so that everybody reads the same rules")
			continue
		}
		field := m.Descriptor().Fields().ByName(protoreflect.Name(key.Value))
		if field == nil {
			field = m.Descriptor().Fields().ByJSONName(key.Value)
		}
		if field == nil {
			if line, ok := unknown[key.Value]; ok {
				r.addAt(where, path, fmt.Sprintf("the same unknown key as in line %d; remove both", line))
				continue
			}
			unknown[key.Value] = key.Line
			r.addAt(where, path, "no such field here; the fields are "+fieldNames(m.Descriptor()))
			continue
		}
		inner := join(path, field)
		if line, ok := seen[field.Name()]; ok {
			r.addAt(where, inner, fmt.Sprintf("stands in line %d already; a key may stand once, in one spelling", line))
			continue
		}
		seen[field.Name()] = key.Line
		r.at[inner] = where
		if outputOnly(field) {
			r.add(inner, "set by the server when the policy is applied; leave it out")
			continue
		}
		r.field(value, m, field, inner)
	}
}

// field reads a value into a field.
func (r *reader) field(node *yaml.Node, m protoreflect.Message, field protoreflect.FieldDescriptor, path string) {
	if !r.plain(node, path) {
		return
	}
	if !field.IsList() {
		if value, ok := r.value(node, m.NewField(field), field, path); ok {
			m.Set(field, value)
		}
		return
	}
	if !r.kind(node, yaml.SequenceNode, path) {
		return
	}
	if len(node.Content) > maxItems {
		r.add(path, "more than %d values; no list of a policy is as long", maxItems)
		return
	}
	list := m.Mutable(field).List()
	for i, item := range node.Content {
		inner := path + "[" + strconv.Itoa(i) + "]"
		r.at[inner] = position{item.Line, item.Column}
		value, ok := protoreflect.Value{}, false
		if r.plain(item, inner) {
			value, ok = r.value(item, list.NewElement(), field, inner)
		}
		if !ok { // the place is kept, so that the paths of what follows stay true
			value = list.NewElement()
		}
		list.Append(value)
	}
}

// value reads one value; empty is a new one of the field's type.
func (r *reader) value(node *yaml.Node, empty protoreflect.Value, field protoreflect.FieldDescriptor, path string) (protoreflect.Value, bool) {
	if field.Message() != nil {
		switch empty.Message().Interface().(type) {
		case *timestamppb.Timestamp:
			return r.instant(node, path)
		case *durationpb.Duration:
			return r.duration(node, path)
		}
		if !r.kind(node, yaml.MappingNode, path) {
			return protoreflect.Value{}, false
		}
		r.message(node, empty.Message(), path)
		return empty, true
	}
	if !r.kind(node, yaml.ScalarNode, path) {
		return protoreflect.Value{}, false
	}
	r.at[path] = position{node.Line, node.Column}
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(node.Value), true
	case protoreflect.BoolKind:
		if node.Tag == "!!bool" && (node.Value == "true" || node.Value == "false") {
			return protoreflect.ValueOfBool(node.Value == "true"), true
		}
		r.add(path, "not true or false; write one of the two, without quotes")
	case protoreflect.Int32Kind:
		n, err := strconv.ParseInt(node.Value, 10, 32)
		if err == nil && node.Tag == "!!int" && strconv.FormatInt(n, 10) == node.Value { // 010 is ten to some, and eight to others
			return protoreflect.ValueOfInt32(int32(n)), true
		}
		r.add(path, "not a whole number in its one spelling; write it in decimal digits, without quotes, plus, leading zeros or underscores")
	case protoreflect.EnumKind:
		if v := enumValue(field.Enum(), node.Value); v != nil {
			return protoreflect.ValueOfEnum(v.Number()), true
		}
		r.add(path, "no such value; it is one of %s", enumNames(field.Enum()))
	default:
		panic("policy: a field of kind " + field.Kind().String() + " has no reader")
	}
	return protoreflect.Value{}, false
}

// instant reads RFC 3339 with an offset.
func (r *reader) instant(node *yaml.Node, path string) (protoreflect.Value, bool) {
	if !r.kind(node, yaml.ScalarNode, path) {
		return protoreflect.Value{}, false
	}
	r.at[path] = position{node.Line, node.Column}
	var t time.Time
	if err := t.UnmarshalText([]byte(node.Value)); err != nil { // stricter than time.Parse, which takes "T1:00:00Z"
		if _, err := time.Parse(time.DateOnly, node.Value); err == nil {
			r.add(path, "a date alone is somebody's midnight; write an instant with its offset, such as 2025-05-27T00:00:00+01:00")
		} else {
			r.add(path, "not an instant of RFC 3339; write it with its offset, such as 2025-05-27T00:00:00+01:00")
		}
		return protoreflect.Value{}, false
	}
	stamp := timestamppb.New(t)
	if stamp.CheckValid() != nil {
		r.add(path, "outside the years 1 to 9999")
		return protoreflect.Value{}, false
	}
	return protoreflect.ValueOfMessage(stamp.ProtoReflect()), true
}

// duration reads a number with its unit.
func (r *reader) duration(node *yaml.Node, path string) (protoreflect.Value, bool) {
	if !r.kind(node, yaml.ScalarNode, path) {
		return protoreflect.Value{}, false
	}
	r.at[path] = position{node.Line, node.Column}
	d, err := time.ParseDuration(node.Value)
	if err != nil {
		r.add(path, "not a duration; write a number with its unit, such as 720h or 90s (a day is 24h)")
		return protoreflect.Value{}, false
	}
	return protoreflect.ValueOfMessage(durationpb.New(d).ProtoReflect()), true
}

// plain refuses what a reader of the text could read in another way.
func (r *reader) plain(node *yaml.Node, path string) bool {
	where := position{node.Line, node.Column}
	switch {
	case node.Kind == yaml.AliasNode:
		r.addAt(where, path, "an alias; write the value out, so that everybody reads the same rules")
	case node.Anchor != "":
		r.addAt(where, path, "an anchor; remove it and write each value out")
	case node.Style&yaml.TaggedStyle != 0:
		r.addAt(where, path, "a tag; remove it, the message knows each field's type")
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		r.addAt(where, path, "nothing stands here; leave the field out, or write its value")
	default:
		return true
	}
	return false
}

func (r *reader) kind(node *yaml.Node, want yaml.Kind, path string) bool {
	if node.Kind == want {
		return true
	}
	words := map[yaml.Kind]string{
		yaml.MappingNode:  "a mapping (name: value)",
		yaml.SequenceNode: "a list ([A, B], or lines with a hyphen)",
		yaml.ScalarNode:   "a single value",
	}
	r.addAt(position{node.Line, node.Column}, path, "not "+words[want]+", but "+words[node.Kind])
	return false
}

// join appends a field to a path.
func join(path string, field protoreflect.FieldDescriptor) string {
	if path == "" {
		return string(field.Name())
	}
	return path + "." + string(field.Name())
}

// fieldNames lists what a document may say at a place.
func fieldNames(d protoreflect.MessageDescriptor) string {
	var names []string
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if !outputOnly(f) {
			names = append(names, string(f.Name()))
		}
	}
	return strings.Join(names, ", ")
}

// outputOnly tells the fields that the server sets.
func outputOnly(f protoreflect.FieldDescriptor) bool {
	return f.FullName() == "veto.v1.Policy.version" || f.FullName() == "veto.v1.Policy.etag"
}
