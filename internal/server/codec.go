package server

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/veto-gate/veto/internal/server/limits"
)

// codec reads messages as gRPC's own codec does, but for text that is not UTF-8. Protobuf refuses a whole message for
// one such field: one bad id would take 10,000 items with it, and its caller would not learn which. This codec fills the
// text with zero bytes, which no id may have, and notes its path in the message, where validate and the handlers of
// decisions find it. A message without such a field costs nothing more.
//
// It also measures a request before it builds it: see intake.go.
type codec struct {
	encoding.CodecV2
	limits limits.Limits
	shapes map[protoreflect.FullName]*shape
}

// newCodec wraps the codec that gRPC registers for protobuf.
func newCodec(l limits.Limits) codec {
	return codec{encoding.GetCodecV2(encodingproto.Name), l, shapes()}
}

// unreadablePath is the number of the unknown field that notes a path. It is the largest there is, so that no field of
// ours can meet it. A caller that sends it itself makes trouble for that request alone.
const unreadablePath protowire.Number = protowire.MaxValidNumber

// maxDepth is how deep messages are searched; none of ours goes deeper than five.
const maxDepth = 16

// Unmarshal reads data into v.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	message, ok := v.(proto.Message)
	if !ok {
		return c.CodecV2.Unmarshal(data, v) // which says what is wrong
	}
	whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	if excess := c.measure(whole.ReadOnlyData(), message); excess != fits {
		refuseUnbuilt(message, excess)
		return nil
	}
	data = mem.BufferSlice{whole}
	err := c.CodecV2.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	var search search
	bytes := data.Materialize() //nolint:misspell // gRPC's name; a copy, since the buffers are the transport's
	search.repair(bytes, message.ProtoReflect().Descriptor(), "", 0)
	if len(search.paths) == 0 || proto.Unmarshal(bytes, message) != nil {
		if c.shapes[message.ProtoReflect().Descriptor().FullName()] == nil {
			return err // health and reflection, which nobody would look at the note of
		}
		proto.Reset(message)
		refuseUnbuilt(message, malformed)
		return nil
	}
	m := message.ProtoReflect()
	unknown := m.GetUnknown()
	for _, path := range search.paths {
		unknown = protowire.AppendTag(unknown, unreadablePath, protowire.BytesType)
		unknown = protowire.AppendString(unknown, path)
	}
	m.SetUnknown(unknown)
	return nil
}

// search collects the paths of texts that are not UTF-8.
type search struct{ paths []string }

// repair fills such texts with zero bytes, in place. What it does not understand it leaves to the true reader.
func (s *search) repair(data []byte, message protoreflect.MessageDescriptor, prefix string, depth int) {
	positions := map[protowire.Number]int{}
	for len(data) > 0 && depth < maxDepth {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return
		}
		data = data[n:]
		size := protowire.ConsumeFieldValue(number, kind, data)
		if size < 0 {
			return
		}
		field := message.Fields().ByNumber(number)
		if kind == protowire.BytesType && field != nil {
			value, _ := protowire.ConsumeBytes(data)
			path := prefix + string(field.Name())
			if field.IsList() {
				path = fmt.Sprintf("%s[%d]", path, positions[number])
				positions[number]++
			}
			switch {
			case field.Kind() == protoreflect.MessageKind:
				known := len(s.paths)
				s.repair(value, field.Message(), path+".", depth+1)
				if field.Message().FullName() == itemName {
					s.paths = s.paths[:min(len(s.paths), known+1)] // an item is INVALID by its first
				}
			case field.Kind() == protoreflect.StringKind && !utf8.Valid(value):
				clear(value)
				s.paths = append(s.paths, path)
			}
		}
		data = data[size:]
	}
}

// unreadable are the paths that the codec noted in the message, in the order of the wire.
func unreadable(m proto.Message) []string {
	var paths []string
	for unknown := m.ProtoReflect().GetUnknown(); len(unknown) > 0; {
		number, kind, n := protowire.ConsumeTag(unknown)
		size := protowire.ConsumeFieldValue(number, kind, unknown[max(n, 0):])
		if n < 0 || size < 0 {
			break // what was read whole cannot break off here
		}
		if number == unreadablePath && kind == protowire.BytesType {
			path, _ := protowire.ConsumeString(unknown[n:])
			paths = append(paths, path)
		}
		unknown = unknown[n+size:]
	}
	return paths
}
