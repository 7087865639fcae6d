package promises_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// notUTF8 stands in a message for bytes that no client of protobuf's would send; raw puts those in its place.
const notUTF8 = "THIS-IS-NO-UTF-8"

// raw calls a method with a request in which notUTF8 is replaced on the wire by as many bytes that are no text. It is what a client in
// another language does that does not check.
func (p *platform) raw(t testing.TB, method string, request, response proto.Message) {
	t.Helper()
	if err := p.conn.Invoke(context.Background(), method, request, response, grpc.ForceCodec(rawCodec{})); err != nil {
		t.Fatalf("call %s: %v", method, err)
	}
}

// rawCodec is protobuf's with other bytes for notUTF8.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) {
	message, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("marshal a %T", v)
	}
	text, err := proto.Marshal(message)
	return bytes.ReplaceAll(text, []byte(notUTF8), bytes.Repeat([]byte{0xff, 0xfe}, len(notUTF8)/2)), err
}

func (rawCodec) Unmarshal(text []byte, v any) error {
	message, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("unmarshal a %T", v)
	}
	return proto.Unmarshal(text, message)
}

func (rawCodec) Name() string { return "proto" }
