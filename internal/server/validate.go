package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server/limits"
)

// validation holds requests against the rules in the proto.
type validation struct {
	rules  protovalidate.Validator
	limits limits.Limits
}

// newValidation compiles the rules of every request, so that the first call is as quick as the others.
func newValidation(l limits.Limits) (*validation, error) {
	rules, err := protovalidate.New(protovalidate.WithMessages(
		&vetov1.FileObjectionRequest{}, &vetov1.WithdrawObjectionRequest{}, &vetov1.GetStandingRequest{},
		&vetov1.DecideRequest{}, &vetov1.BatchDecideRequest{}, &vetov1.StreamDecideRequest{}, &vetov1.ExplainDecisionRequest{},
		&vetov1.ApplyPolicyRequest{}, &vetov1.GetPolicyRequest{}, &vetov1.SuspendRegimeRequest{}, &vetov1.ResumeRegimeRequest{},
	))
	if err != nil {
		return nil, fmt.Errorf("compile the rules of the requests: %w", err)
	}
	return &validation{rules: rules, limits: l}, nil
}

func (v *validation) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := refuseLater(info.FullMethod); err != nil {
		return nil, err
	}
	if err := v.check(request); err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

func (v *validation) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if err := refuseLater(info.FullMethod); err != nil {
		return err
	}
	return handle(server, &validatedStream{ServerStream: stream, validation: v})
}

// validatedStream checks every message that it receives.
type validatedStream struct {
	grpc.ServerStream
	validation *validation
}

// RecvMsg receives the next message and checks it.
func (s *validatedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.validation.check(m)
}

// check says everything that is wrong with a request. Requests of other services, health and reflection, have no rules.
func (v *validation) check(request any) error {
	message, ok := request.(proto.Message)
	if !ok || message.ProtoReflect().Descriptor().ParentFile().Package() != "veto.v1" {
		return nil
	}
	if err := excessOf(message, v.limits); err != nil {
		return err
	}
	faults := unreadableFields(message)
	long := overlongLists(message)
	err := v.rules.Validate(message, protovalidate.WithFilter(protovalidate.FilterFunc(long.ruled)))
	if err != nil {
		broken, ok := errors.AsType[*protovalidate.ValidationError](err)
		if !ok {
			return fmt.Errorf("validate %s: %w", message.ProtoReflect().Descriptor().Name(), err)
		}
		faults = append(faults, violatedFields(broken, message.ProtoReflect().Descriptor(), faults)...)
	}
	return registry.Invalid(append(faults, long.faults...))
}

// unreadableFields are the fields that hold no UTF-8, those of items apart: they are the gate's to refuse.
func unreadableFields(message proto.Message) []registry.FieldFault {
	var faults []registry.FieldFault
	for _, path := range unreadable(message) {
		if _, _, ofItem := itemPath(path); !ofItem {
			faults = append(faults, registry.FieldFault{Field: path, Message: notUTF8})
		}
	}
	return faults
}

// violatedFields are the broken rules in our words, each field once; what is known to be at fault is not told again.
func violatedFields(broken *protovalidate.ValidationError, message protoreflect.MessageDescriptor, known []registry.FieldFault) []registry.FieldFault {
	var faults []registry.FieldFault
	told := make(map[string]bool, len(known))
	for _, fault := range known {
		told[fault.Field] = true
	}
	for _, violation := range broken.Violations {
		fault := registry.FieldFault{Field: protovalidate.FieldPathString(violation.Proto.GetField()), Message: words(violation, message)}
		if fault.Field == "" { // a rule of the whole message, whose words begin with the field that is at fault
			if field, rest, ok := strings.Cut(fault.Message, ": "); ok {
				fault = registry.FieldFault{Field: field, Message: rest}
			}
		}
		if key := fault.Field + ": " + fault.Message; !told[fault.Field] && !told[key] {
			told[key] = true
			faults = append(faults, fault)
		}
	}
	return faults
}
