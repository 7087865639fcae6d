package server

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/server/limits"
)

// built counts the elements of a message's lists after it was built: the dumb twin of the meter.
func built(m protoreflect.Message) (elements int) {
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case field.IsList():
			elements += v.List().Len()
			for i := range v.List().Len() {
				if field.Message() != nil {
					elements += built(v.List().Get(i).Message())
				}
			}
		case field.Message() != nil:
			elements += built(v.Message())
		}
		return true
	})
	return elements
}

// anyMessage draws a message of a kind, with lists at every depth.
func anyMessage(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !rapid.Bool().Draw(t, "set") || field.ContainingOneof() != nil {
			continue
		}
		value := func() (v protoreflect.Value) {
			switch field.Kind() {
			case protoreflect.MessageKind:
				v = m.NewField(field)
				if field.IsList() {
					v = v.List().NewElement()
				}
				if depth > 0 {
					anyMessage(t, v.Message(), depth-1)
				}
			case protoreflect.StringKind:
				v = protoreflect.ValueOfString(rapid.StringN(0, 3, -1).Draw(t, "text"))
			case protoreflect.EnumKind:
				v = protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32Range(-1, 300).Draw(t, "enum")))
			default:
				v = field.Default()
			}
			return v
		}
		switch {
		case field.IsMap():
		case !field.IsList():
			m.Set(field, value())
		default:
			for range rapid.IntRange(0, 4).Draw(t, "length") {
				m.Mutable(field).List().Append(value())
			}
		}
	}
}

// TestMeterCountsWhatWouldBeBuilt holds the count on the wire against what comes of it.
func TestMeterCountsWhatWouldBeBuilt(t *testing.T) {
	known := shapes()
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom([]proto.Message{
			&vetov1.BatchDecideRequest{}, &vetov1.StreamDecideRequest{}, &vetov1.DecideRequest{}, &vetov1.FileObjectionRequest{},
			&vetov1.WithdrawObjectionRequest{}, &vetov1.ApplyPolicyRequest{}, &vetov1.SimulatePolicyRequest{},
		}).Draw(t, "kind")
		m = m.ProtoReflect().New().Interface()
		anyMessage(t, m.ProtoReflect(), 4)
		wire, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		counted := meter{maxItems: limits.MaxBatchItems}
		counted.count(wire, known[m.ProtoReflect().Descriptor().FullName()], 0)
		if want := built(m.ProtoReflect()); counted.elements != want {
			t.Errorf("%d elements were counted, %d are built", counted.elements, want)
		}
		if batch, ok := m.(interface{ GetItems() []*vetov1.Item }); ok && counted.items != len(batch.GetItems()) {
			t.Errorf("%d items were counted, %d are built", counted.items, len(batch.GetItems()))
		}
	})
}

// TestEveryRequestHasItsShape: a method that is added is measured too.
func TestEveryRequestHasItsShape(t *testing.T) {
	known := shapes()
	for _, m := range []proto.Message{&vetov1.BatchDecideRequest{}, &vetov1.FileObjectionRequest{}, &vetov1.GetPolicyRequest{}, &vetov1.ImportObjectionsRequest{}} {
		if known[m.ProtoReflect().Descriptor().FullName()] == nil {
			t.Errorf("%T is not measured", m)
		}
	}
	if items := known["veto.v1.BatchDecideRequest"].fields[2]; !items.items || !items.list {
		t.Error("the items of a batch are not counted as items")
	}
}

// FuzzCodec: whatever comes is read as protobuf reads it, refused, or too large; and nothing that is too large is built.
func FuzzCodec(f *testing.F) {
	good, err := proto.Marshal(&vetov1.BatchDecideRequest{Purpose: "p", Items: []*vetov1.Item{{ItemId: "i", Labels: []string{"a"}}}, AbsentFields: []string{"labels"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add([]byte("\x12\x03\x0a\x01\xff"))                             // text that is none
	f.Add(bytes.Repeat([]byte("\x12\x00"), limits.MaxBatchItems+1))   // too many items
	f.Add(protowire.AppendTag(nil, excessNote, protowire.VarintType)) // a note that breaks off
	f.Add([]byte("\x13\x12\x00\x14"))                                 // a group where a message belongs
	c := newCodec(someLimits)
	f.Fuzz(func(t *testing.T, wire []byte) {
		var got, want vetov1.BatchDecideRequest
		err := c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(bytes.Clone(wire))}, &got)
		plain := proto.Unmarshal(wire, &want)
		if len(got.GetItems()) > limits.MaxBatchItems || built(got.ProtoReflect()) > MaxElements {
			t.Errorf("%d items and %d elements were built", len(got.GetItems()), built(got.ProtoReflect()))
		}
		switch {
		case (err != nil || errors.Is(excessOf(&got, someLimits), errMalformed)) && plain == nil:
			t.Errorf("refused: %v, and protobuf takes it", err)
		case err == nil && plain == nil && excessOf(&got, someLimits) == nil && !proto.Equal(&got, &want):
			t.Errorf("read as %v, want %v", &got, &want)
		}
	})
}
