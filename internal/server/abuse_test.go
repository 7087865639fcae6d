package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/server/limits"
)

// wire is a raw HTTP/2 connection, whose frames are what the test says.
type wire struct {
	*http2.Framer
	conn  net.Conn
	block bytes.Buffer
	hpack *hpack.Encoder
}

// connect opens a connection, and sends what has to come first.
func connect(t *testing.T, address string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	w := &wire{Framer: http2.NewFramer(conn, conn), conn: conn}
	w.hpack = hpack.NewEncoder(&w.block)
	w.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return w
}

// call begins a call of a path.
func (w *wire) call(stream uint32, path string, more ...hpack.HeaderField) error {
	w.block.Reset()
	for _, field := range append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":path", Value: path}, {Name: ":authority", Value: "veto"},
		{Name: "content-type", Value: "application/grpc"}, {Name: "te", Value: "trailers"},
	}, more...) {
		if err := w.hpack.WriteField(field); err != nil {
			return err
		}
	}
	block := w.block.Bytes()
	first := block[:min(len(block), 16<<10)]
	if err := w.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndHeaders: len(first) == len(block)}); err != nil {
		return err
	}
	for rest := block[len(first):]; len(rest) > 0; {
		part := rest[:min(len(rest), 16<<10)]
		rest = rest[len(part):]
		if err := w.WriteContinuation(stream, len(rest) == 0, part); err != nil {
			return err
		}
	}
	return nil
}

// status reads until a call has its status, or the connection or the stream is broken off.
func (w *wire) status(t *testing.T) string {
	t.Helper()
	for {
		frame, err := w.ReadFrame()
		if err != nil {
			return "broken off"
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			for _, field := range f.Fields {
				if field.Name == "grpc-status" {
					return field.Value
				}
			}
			if f.StreamEnded() {
				return "no status"
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return "broken off"
		}
	}
}

// framed is a message as gRPC sends it.
func framed(compressed byte, claims uint32, message []byte) []byte {
	head := []byte{compressed, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(head[1:], claims)
	return append(head, message...)
}

// TestFault_P01_MessagesThatClaimAndExplode: a length of 4 GiB, gzip that would be a thousand times as large, messages in messages. Each costs its sender an
// error, and the server no memory to speak of.
func TestFault_P01_MessagesThatClaimAndExplode(t *testing.T) {
	p := start(t, settings{})
	address := serveTCP(t, p, server.Config{})
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 50 { // as much as fits a window, so that all of it is sent
		if _, err := zip.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	nested := []byte{}
	for range 12_000 { // a group in a group, as an unknown field
		nested = append(nested, 0xbb, 0x3e)
	}
	group := append(slices.Clone(nested), bytes.Repeat([]byte{0xbc, 0x3e}, 12_000)...)
	number := func(c codes.Code) string { return strconv.Itoa(int(c)) }
	for name, c := range map[string]struct {
		body    []byte
		headers []hpack.HeaderField
		want    []string
	}{
		"4 GiB are claimed":           {framed(0, 1<<32-1, []byte("x")), nil, []string{number(codes.ResourceExhausted)}},
		"50 MiB in gzip":              {framed(1, uint32(bomb.Len()), bomb.Bytes()), []hpack.HeaderField{{Name: "grpc-encoding", Value: "gzip"}}, []string{number(codes.ResourceExhausted), number(codes.Unimplemented)}},
		"an encoding not known":       {framed(1, 3, []byte("abc")), []hpack.HeaderField{{Name: "grpc-encoding", Value: "lzma"}}, []string{number(codes.Unimplemented)}},
		"packed, with no word of how": {framed(1, 3, []byte("abc")), nil, []string{number(codes.Internal), number(codes.Unimplemented), number(codes.InvalidArgument)}},
		"12,000 groups in each other": {framed(0, uint32(len(group)), group), nil, []string{number(codes.InvalidArgument)}},
		"groups that never end":       {framed(0, uint32(len(nested)), nested), nil, []string{number(codes.InvalidArgument)}},
	} {
		for _, path := range []string{vetov1.DecisionService_Decide_FullMethodName, vetov1.DecisionService_BatchDecide_FullMethodName, vetov1.DecisionService_StreamDecide_FullMethodName, vetov1.PolicyService_ApplyPolicy_FullMethodName} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w := connect(t, address)
			if err := w.call(1, path, c.headers...); err != nil {
				t.Fatal(err)
			}
			for rest := c.body; len(rest) > 0; {
				part := rest[:min(len(rest), 16<<10)]
				rest = rest[len(part):]
				if w.WriteData(1, len(rest) == 0, part) != nil {
					break // it was refused before it came
				}
			}
			got := w.status(t)
			runtime.ReadMemStats(&after)
			if !slices.Contains(c.want, got) {
				t.Errorf("%s, %s: status %s, want one of %v", path, name, got, c.want)
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 48<<20 {
				t.Errorf("%s, %s: %d MB were allocated", path, name, allocated>>20)
			}
			w.conn.Close()
		}
	}
	p.decide(post("i", "ada"), 0)
}

// neighbour is a client that behaves, beside others that do not. Each of its calls has a deadline of its own.
func neighbour(t *testing.T, address string, stop <-chan struct{}) (answered func() int) {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	decisions := vetov1.NewDecisionServiceClient(conn)
	ask := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: training, Item: post("i", "ada")})
		return err
	}
	if err := ask(); err != nil { // it is there before they come
		t.Fatal(err)
	}
	count := 0
	var asking sync.WaitGroup
	asking.Go(func() {
		for {
			select {
			case <-stop:
				if count > 0 { // a misbehaviour can be over before the first answer
					return
				}
			default:
			}
			if err := ask(); err != nil {
				t.Errorf("the client that behaves: %v", err)
				return
			}
			count++
		}
	})
	return func() int {
		asking.Wait()
		conn.Close()
		return count
	}
}

// TestFault_P02_AClientThatMisbehavesHarmsItself: streams that are opened and reset at once, floods of headers, of pings and of settings, and more connections than
// there may be. The client beside it goes on being answered, and what was opened is gone in the end.
func TestFault_P02_AClientThatMisbehavesHarmsItself(t *testing.T) {
	p := start(t, settings{})
	address := serveTCP(t, p, server.Config{Limits: limits.Limits{Connections: 200, ConnectTime: time.Second}})
	stream := vetov1.DecisionService_StreamDecide_FullMethodName
	for name, misbehave := range map[string]func(){
		"resets": func() {
			w := connect(t, address)
			for n := range uint32(20_000) {
				if w.call(2*n+1, stream) != nil || w.WriteRSTStream(2*n+1, http2.ErrCodeCancel) != nil {
					return
				}
			}
		},
		"streams above what one connection may have": func() {
			w := connect(t, address)
			for n := range uint32(20_000) {
				if w.call(2*n+1, stream) != nil {
					return
				}
			}
		},
		"headers": func() {
			w := connect(t, address)
			var many []hpack.HeaderField
			for n := range 2_000 {
				many = append(many, hpack.HeaderField{Name: fmt.Sprintf("x-%d", n), Value: strings.Repeat("v", 500)})
			}
			for n := range uint32(20) {
				if w.call(2*n+1, stream, many...) != nil {
					return
				}
			}
		},
		"headers that never end": func() {
			w := connect(t, address)
			if w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x82}}) != nil {
				return
			}
			for range 10_000 {
				if w.WriteContinuation(1, false, bytes.Repeat([]byte{0x82}, 1<<10)) != nil {
					return
				}
			}
		},
		"pings": func() {
			w := connect(t, address)
			for range 100_000 {
				if w.WritePing(false, [8]byte{}) != nil {
					return
				}
			}
		},
		"settings": func() {
			w := connect(t, address)
			for range 100_000 {
				if w.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}) != nil {
					return
				}
			}
		},
		"idle connections": func() {
			var idle []net.Conn
			for range 2_000 {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					break
				}
				idle = append(idle, conn)
			}
			for _, conn := range idle {
				conn.Close()
			}
		},
		"bytes that are no HTTP/2": func() {
			for range 200 {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				conn.Write([]byte("GET / HTTP/1.1\r\nHost: veto\r\n\r\n" + strings.Repeat("x", 1<<10)))
				conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			stop := make(chan struct{})
			answered := neighbour(t, address, stop)
			misbehave()
			close(stop)
			if n := answered(); n == 0 {
				t.Error("the client that behaves was not answered once")
			}
			conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) { // and there is room for a new one, at the latest when idle ones are over their time
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				_, err := vetov1.NewDecisionServiceClient(conn).Decide(ctx, &vetov1.DecideRequest{Purpose: training, Item: post("i", "ada")})
				cancel()
				if err == nil {
					return
				}
				if time.Since(begin) > 20*time.Second {
					t.Fatalf("a new client: %v", err)
				}
			}
		})
	}
}
