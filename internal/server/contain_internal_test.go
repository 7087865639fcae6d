package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/store"
)

func TestAPanicEndsItsCallAlone(t *testing.T) {
	var log bytes.Buffer
	contain := &containment{logger: slog.New(slog.NewTextHandler(&log, nil)), random: bytes.NewReader([]byte("01234567"))}
	panicking := map[string]func() error{
		"unary": func() error {
			_, err := contain.unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/x/Y"}, func(context.Context, any) (any, error) { panic("what a person sent") })
			return err
		},
		"stream": func() error {
			return contain.stream(nil, &contextStream{ctx: t.Context()}, &grpc.StreamServerInfo{FullMethod: "/x/Y"}, func(any, grpc.ServerStream) error {
				return fmt.Errorf("%d", 1/int64(log.Len())) // a panic of the runtime's: the log is empty
			})
		},
		"resolving": func() error {
			_, err := contain.unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/x/Y"}, func(context.Context, any) (any, error) {
				return nil, &store.PanicError{Reason: "index out of range", Stack: []byte("goroutine 7 [running]")}
			})
			return err
		},
	}
	for name, call := range panicking {
		log.Reset()
		contain.random = bytes.NewReader([]byte("01234567"))
		err := call()
		s := status.Convert(err)
		if s.Code() != codes.Internal || reasonOf(s) != "INTERNAL" || !strings.Contains(s.Message(), "3031323334353637") {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(s.Message(), "goroutine") || strings.Contains(s.Message(), "person") {
			t.Errorf("%s: the client is told %q", name, s.Message())
		}
		if got := log.String(); !strings.Contains(got, "incident=3031323334353637") || !strings.Contains(got, "stack=") || strings.Contains(got, "what a person sent") {
			t.Errorf("%s: the log says %s", name, got)
		}
	}
}

func TestAnIncidentIsToldWithoutChanceToo(t *testing.T) {
	contain := &containment{logger: slog.New(slog.DiscardHandler), random: bytes.NewReader(nil)}
	if got := contain.statusOf(t.Context(), "/x/Y", errors.New("unknown")); got.Code() != codes.Internal || !strings.Contains(got.Message(), "0000000000000000") {
		t.Errorf("got %v", got)
	}
}

func TestAStatusOfGRPCsOwnPasses(t *testing.T) {
	contain := &containment{logger: slog.New(slog.DiscardHandler)}
	if got := contain.statusOf(t.Context(), "/x/Y", status.Error(codes.ResourceExhausted, "message larger than max")); got.Code() != codes.ResourceExhausted {
		t.Errorf("got %v", got)
	}
	if got := contain.statusOf(t.Context(), "/x/Y", nil); got.Err() != nil {
		t.Errorf("no error became %v", got)
	}
}

// TestLaterListsWhatHasNoHandler holds the list against the services: a method is there, or it is listed.
func TestLaterListsWhatHasNoHandler(t *testing.T) {
	handled := map[string]bool{}
	for _, service := range []struct {
		descriptor protoreflect.ServiceDescriptor
		methods    []string
	}{
		{vetov1.File_veto_v1_registry_service_proto.Services().ByName("RegistryService"), []string{"FileObjection", "WithdrawObjection", "GrantConsent", "WithdrawConsent", "GetStanding", "ListEvents", "LinkSubjects", "UnlinkSubjects", "RecordErasure", "ReportItemChanges", "WatchEvents", "ImportObjections", "AnnulObjections", "ListObjections", "MatchIdentifier", "DecideObjection"}},
		{vetov1.File_veto_v1_decision_service_proto.Services().ByName("DecisionService"), []string{"Decide", "BatchDecide", "StreamDecide", "ExplainDecision"}},
		{vetov1.File_veto_v1_policy_service_proto.Services().ByName("PolicyService"), []string{"ApplyPolicy", "GetPolicy", "ListPolicyVersions", "SuspendRegime", "ResumeRegime"}},
	} {
		for _, method := range service.methods {
			handled["/"+string(service.descriptor.FullName())+"/"+method] = true
		}
		for i := range service.descriptor.Methods().Len() {
			full := "/" + string(service.descriptor.FullName()) + "/" + string(service.descriptor.Methods().Get(i).Name())
			if handled[full] == later[full] {
				t.Errorf("%s: handled %v, listed as later %v", full, handled[full], later[full])
			}
		}
	}
	if got, want := len(handled)+len(later), 25+2; got != want {
		t.Errorf("%d methods are handled or listed, want %d", got, want)
	}
}
