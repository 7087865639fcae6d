package server_test

import (
	"errors"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// rawClient makes a client that sends what other languages' libraries send: text that is not UTF-8 too, which Go's own
// library refuses to write.
func rawClient() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.ForceCodecV2(careless{encoding.GetCodecV2(encodingproto.Name)}))}
}

// careless writes messages field by field, without looking at the text.
type careless struct{ encoding.CodecV2 }

func (c careless) Marshal(v any) (mem.BufferSlice, error) {
	switch message := v.(type) {
	case raw:
		return mem.BufferSlice{mem.SliceBuffer(message)}, nil
	case proto.Message:
		if bytes, err := proto.Marshal(message); err == nil {
			return mem.BufferSlice{mem.SliceBuffer(bytes)}, nil
		}
		return mem.BufferSlice{mem.SliceBuffer(carelessBytes(message.ProtoReflect()))}, nil
	}
	return nil, errors.New("not a message")
}

// raw is a message as bytes.
type raw []byte

// carelessBytes writes the kinds of field that the tests' messages with bad text have.
func carelessBytes(m protoreflect.Message) []byte {
	var out []byte
	write := func(field protoreflect.FieldDescriptor, v protoreflect.Value) {
		switch field.Kind() {
		case protoreflect.StringKind:
			out = protowire.AppendTag(out, field.Number(), protowire.BytesType)
			out = protowire.AppendString(out, v.String())
		case protoreflect.MessageKind:
			out = protowire.AppendTag(out, field.Number(), protowire.BytesType)
			out = protowire.AppendBytes(out, carelessBytes(v.Message()))
		case protoreflect.EnumKind:
			out = protowire.AppendTag(out, field.Number(), protowire.VarintType)
			out = protowire.AppendVarint(out, uint64(v.Enum()))
		case protoreflect.Int32Kind:
			out = protowire.AppendTag(out, field.Number(), protowire.VarintType)
			out = protowire.AppendVarint(out, uint64(v.Int()))
		default:
			panic("a kind of field that no test writes: " + field.Kind().String())
		}
	}
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !field.IsList() {
			write(field, v)
			return true
		}
		for i := range v.List().Len() {
			write(field, v.List().Get(i))
		}
		return true
	})
	return out
}

func TestTextThatIsNoneIsTheFaultOfItsField(t *testing.T) {
	p := start(t, settings{forClient: rawClient()})
	request := filing("ada")
	request.CaseReference, request.Purposes = "a\xff", []string{training, "b\xff"}
	_, err := p.objections.FileObjection(t.Context(), request)
	r := refused(t, err)
	r.want(t, codes.InvalidArgument, "INVALID_REQUEST")
	r.wantFields(t, "case_reference", "purposes[1]")

	// Fields of an item that are no ids, and whose text decides by matching: it could match nothing, so it is INVALID.
	for field, spoil := range map[string]func(*vetov1.Item){
		"labels[1]":             func(i *vetov1.Item) { i.Labels = []string{"fun", "he\xffalth"} },
		"signals.robots":        func(i *vetov1.Item) { i.Signals = &vetov1.Signals{Robots: "no\xffai"} },
		"subjects[0].country":   func(i *vetov1.Item) { i.Subjects = []*vetov1.OtherSubject{{SubjectId: "x", Role: 1, Country: "\xff"}} },
		"language":              func(i *vetov1.Item) { i.Language = "\xff" },
		"country":               func(i *vetov1.Item) { i.Country = "D\xff" },
		"signals.other[0]":      func(i *vetov1.Item) { i.Signals = &vetov1.Signals{Other: []string{"\xc0\x80"}} },
		"signals.content_usage": func(i *vetov1.Item) { i.Signals = &vetov1.Signals{ContentUsage: "train-ai=n\xfe"} },
	} {
		item := post("i1", "ada")
		spoil(item)
		for _, door := range p.deciders() {
			if words, ok := p.deciding(door, item)(field); !ok || words == "" {
				t.Errorf("%s: %s: the item alone is not INVALID by it (words %q)", door.name, field, words)
			}
		}
	}
}

// TestBytesThatAreNoMessageAreTheCallersFault: not ours, as gRPC would have it, whose INTERNAL sends somebody to look at a server.
func TestBytesThatAreNoMessageAreTheCallersFault(t *testing.T) {
	p := start(t, settings{forClient: rawClient()})
	for name, bytes := range map[string]raw{
		"a length that runs past the end":   raw("\x0a\xff\xff\xff\xff\x01"),
		"bad text before a broken end":      raw("\x0a\x01\xff\x12\x7f"),
		"bad text in a group that has none": raw("\x0a\x01\xff\x13\x0a"),
		"field number 0":                    raw("\x00\x00"),
		"JSON":                              raw(`{"purpose": "generative-ai-training"}`),
	} {
		for _, method := range []string{vetov1.DecisionService_Decide_FullMethodName, vetov1.RegistryService_FileObjection_FullMethodName} {
			err := p.conn.Invoke(t.Context(), method, bytes, &vetov1.DecideResponse{})
			if err == nil {
				t.Errorf("%s: %s took it", name, method)
				continue
			}
			refused(t, err).want(t, codes.InvalidArgument, "INVALID_REQUEST")
		}
		stream, err := p.conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, vetov1.DecisionService_StreamDecide_FullMethodName)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.SendMsg(bytes); err != nil {
			t.Fatal(err)
		}
		refused(t, stream.RecvMsg(&vetov1.StreamDecideResponse{})).want(t, codes.InvalidArgument, "INVALID_REQUEST")
	}
}
