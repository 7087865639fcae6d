package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Format prints a policy as a document: the fields in the order of the message, instants in UTC, enum values without
// their prefix. `version` and `etag` are left out, and so is whatever is not said. [Parse] reads a policy that [Validate]
// accepts back as an equal message.
func Format(p *vetov1.Policy) []byte {
	node := formatMessage(p.ProtoReflect())
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		panic(fmt.Sprintf("policy: print a tree of scalars, lists and mappings: %v", err))
	}
	return b.Bytes()
}

func formatMessage(m protoreflect.Message) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if outputOnly(field) || !m.Has(field) {
			continue
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: string(field.Name())}
		if !field.IsList() {
			node.Content = append(node.Content, key, formatValue(m.Get(field), field))
			continue
		}
		list := &yaml.Node{Kind: yaml.SequenceNode}
		if field.Message() == nil {
			list.Style = yaml.FlowStyle
		}
		for j := range m.Get(field).List().Len() {
			list.Content = append(list.Content, formatValue(m.Get(field).List().Get(j), field))
		}
		node.Content = append(node.Content, key, list)
	}
	return node
}

func formatValue(v protoreflect.Value, field protoreflect.FieldDescriptor) *yaml.Node {
	scalar := func(tag, text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text} }
	if field.Message() != nil {
		switch m := v.Message().Interface().(type) {
		case *timestamppb.Timestamp:
			return scalar("!!timestamp", m.AsTime().Format(time.RFC3339Nano))
		case *durationpb.Duration:
			return scalar("!!str", m.AsDuration().String())
		}
		return formatMessage(v.Message())
	}
	switch field.Kind() {
	case protoreflect.BoolKind:
		return scalar("!!bool", strconv.FormatBool(v.Bool()))
	case protoreflect.Int32Kind:
		return scalar("!!int", strconv.FormatInt(v.Int(), 10))
	case protoreflect.EnumKind:
		if value := field.Enum().Values().ByNumber(v.Enum()); value != nil {
			return scalar("!!str", bareName(value))
		}
		return scalar("!!int", strconv.Itoa(int(v.Enum()))) // no name: Parse refuses it, and so does Validate
	default:
		node := scalar("!!str", v.String())
		if strings.ContainsFunc(node.Value, func(r rune) bool { return !unicode.IsPrint(r) }) {
			node.Style = yaml.DoubleQuotedStyle // with escapes: a block of lines does not keep every space and break
		}
		return node
	}
}

// Canonical is the bytes that stand for a policy on record: the message without version and etag, its fields in the
// order of their numbers. Two documents that say the same have the same bytes, whatever their comments, order and
// spelling.
func Canonical(p *vetov1.Policy) ([]byte, error) {
	c, _ := proto.Clone(p).(*vetov1.Policy)
	c.Version, c.Etag = 0, ""
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode policy: %w", err)
	}
	return b, nil
}

// Etag names what a policy says: the SHA-256 of its canonical bytes, in hexadecimal. Version and etag are no part of it.
func Etag(p *vetov1.Policy) (string, error) {
	b, err := Canonical(p)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
