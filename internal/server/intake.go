package server

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/server/limits"
)

// What one request may hold. An empty element of a list is two bytes on the wire and a hundred times that once it was
// built, so a message that keeps to its bytes could still take all memory: lists are counted on the wire, before
// anything is built.
const (
	// MaxElements is how many elements the lists of one request may have in all, at every depth: the items of a batch, and
	// the subjects, labels, content keys and signals in them.
	MaxElements = 250_000
)

// excess says why a request was not built: in which way it is larger than its method takes, or that it is no message.
type excess uint64

const (
	fits excess = iota
	tooManyItems
	tooManyElements
	tooManyBytes
	malformed
)

// errMalformed refuses bytes that are no message of the method's kind.
var errMalformed = errors.New("not a message of this kind")

// excessNote is the number of the unknown field by which the codec tells of a request that it did not build. As with
// unreadablePath, a caller that sends it itself makes trouble for that request alone.
const excessNote = unreadablePath - 1

// tooLargeError says that a request holds more than its method takes. It was not built.
type tooLargeError struct {
	excess excess
	batch  bool
	limits limits.Limits
}

// Error says what to do.
func (e *tooLargeError) Error() string {
	switch {
	case e.excess == tooManyItems:
		return fmt.Sprintf("items: more than %d in one batch; split it", e.limits.BatchItems)
	case e.batch:
		return "items: more than 250,000 subjects, labels and keys in one batch; split it"
	case e.excess == tooManyElements:
		return "the request's lists have more than 250,000 elements; send less at once"
	default:
		return "the request is larger than 4 MiB; send less at once"
	}
}

// excessOf reads the codec's note, if there is one.
func excessOf(m proto.Message, l limits.Limits) error {
	for unknown := m.ProtoReflect().GetUnknown(); len(unknown) > 0; {
		number, kind, n := protowire.ConsumeTag(unknown)
		size := protowire.ConsumeFieldValue(number, kind, unknown[max(n, 0):])
		if n < 0 || size < 0 {
			break // what was read whole cannot break off here
		}
		if number == excessNote && kind == protowire.VarintType {
			value, _ := protowire.ConsumeVarint(unknown[n:])
			switch batch, excess := isBatch(m), excess(value); {
			case excess == malformed:
				return errMalformed
			case excess == tooManyBytes && (batch || l.MessageBytes < limits.RequestBytes):
				return l.TooManyBytes()
			default:
				return &tooLargeError{excess: excess, batch: batch, limits: l}
			}
		}
		unknown = unknown[n+size:]
	}
	return nil
}

// refuseUnbuilt leaves a note in an empty message. An error of the codec itself would reach the caller as INTERNAL.
func refuseUnbuilt(m proto.Message, e excess) {
	note := protowire.AppendTag(nil, excessNote, protowire.VarintType)
	m.ProtoReflect().SetUnknown(protowire.AppendVarint(note, uint64(e)))
}

func isBatch(m proto.Message) bool {
	_, ok := m.(interface{ GetItems() []*vetov1.Item })
	return ok
}

// shape is what is counted in a message: its fields that are lists, or lead to some, by their numbers.
type shape struct{ fields []shapeField }

type shapeField struct {
	list, packable, items bool
	message               *shape
}

// shapes are those of every request of this API, by the message's name. A batch is measured on every call, and asking the
// descriptors there would take as long as building it.
func shapes() map[protoreflect.FullName]*shape {
	known := map[protoreflect.FullName]*shape{}
	for _, file := range []protoreflect.FileDescriptor{vetov1.File_veto_v1_registry_service_proto, vetov1.File_veto_v1_decision_service_proto, vetov1.File_veto_v1_policy_service_proto} {
		for s := range file.Services().Len() {
			methods := file.Services().Get(s).Methods()
			for m := range methods.Len() {
				shapeOf(methods.Get(m).Input(), known)
			}
		}
	}
	return known
}

func shapeOf(message protoreflect.MessageDescriptor, known map[protoreflect.FullName]*shape) *shape {
	if s, ok := known[message.FullName()]; ok {
		return s
	}
	s := &shape{}
	known[message.FullName()] = s // before its fields: a message may hold its own kind
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		number := int(field.Number())
		if number >= len(s.fields) {
			s.fields = append(s.fields, make([]shapeField, number+1-len(s.fields))...)
		}
		f := &s.fields[number]
		f.list = field.IsList() || field.IsMap()
		if field.Message() != nil {
			f.message = shapeOf(field.Message(), known)
			f.items = f.list && field.Message().FullName() == itemName
		} else {
			f.packable = f.list && field.Kind() != protoreflect.StringKind && field.Kind() != protoreflect.BytesKind
		}
	}
	return s
}

// meter counts the elements of a request's lists on the wire.
type meter struct{ maxItems, items, elements int }

func (m *meter) excess() excess {
	switch {
	case m.items > m.maxItems:
		return tooManyItems
	case m.elements > MaxElements:
		return tooManyElements
	default:
		return fits
	}
}

// count counts a message's elements, and stops where there are too many. What it does not understand it leaves to the
// true reader, which refuses the message.
func (m *meter) count(data []byte, s *shape, depth int) {
	for len(data) > 0 && depth < maxDepth && m.excess() == fits {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return
		}
		data = data[n:]
		size := protowire.ConsumeFieldValue(number, kind, data)
		if size < 0 {
			return
		}
		if int(number) < len(s.fields) {
			m.field(&s.fields[number], kind, data[:size], depth)
		}
		data = data[size:]
	}
}

func (m *meter) field(f *shapeField, kind protowire.Type, value []byte, depth int) {
	packed := f.packable && kind == protowire.BytesType
	switch {
	case packed:
		m.elements += packedElements(value)
	case f.list:
		m.elements++
		if f.items {
			m.items++
		}
	}
	if f.message != nil && kind == protowire.BytesType {
		content, _ := protowire.ConsumeBytes(value)
		m.count(content, f.message, depth+1)
	}
}

// packedElements are the numbers in a packed list: each ends with a byte whose first bit is not set. Ours are enums and
// whole numbers of a varying length.
func packedElements(value []byte) int {
	content, _ := protowire.ConsumeBytes(value)
	elements := 0
	for _, b := range content {
		if b < 0x80 {
			elements++
		}
	}
	return elements
}

// measure says whether a request of this kind is larger than its method takes.
func (c codec) measure(data []byte, m proto.Message) excess {
	most := c.limits.MessageBytes
	if !isBatch(m) {
		most = min(most, limits.RequestBytes)
	}
	if len(data) > most {
		return tooManyBytes
	}
	s, ok := c.shapes[m.ProtoReflect().Descriptor().FullName()]
	if !ok {
		return fits // health and reflection
	}
	counted := meter{maxItems: c.limits.BatchItems}
	counted.count(data, s, 0)
	return counted.excess()
}

// String is the name of the bound that was passed.
func (e excess) String() string {
	return map[excess]string{tooManyItems: "max-batch-items", tooManyElements: "list-elements", tooManyBytes: "request-bytes"}[e]
}
