package server

import (
	"errors"
	"io"

	"google.golang.org/grpc"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
)

// StreamDecide is DecisionService.StreamDecide.
func (d *decisions) StreamDecide(stream grpc.BidiStreamingServer[vetov1.StreamDecideRequest, vetov1.StreamDecideResponse]) error {
	var b *batch
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if b, err = d.opened(b, request.GetOptions()); err != nil {
			return err
		}
		columns, err := b.decide(stream.Context(), request.GetItems(), request.GetMinRevision(), itemFaults(request))
		if err != nil {
			return err
		}
		if err := stream.Send(&vetov1.StreamDecideResponse{
			Reasons: columns.reasons, Redactions: columns.redactions, Violations: columns.violations,
			Revision: columns.revision, PolicyVersion: columns.policyVersion,
		}); err != nil {
			return err
		}
	}
}

// opened is the stream's batch: made from the options of the first message, kept for all later ones, which have none.
func (d *decisions) opened(b *batch, options *vetov1.BatchOptions) (*batch, error) {
	switch {
	case b != nil && options != nil:
		return nil, invalidField("options", "only the first message of a stream has them; open another stream for others")
	case b != nil:
		return b, nil
	case options == nil:
		return nil, invalidField("options", "required in the first message of a stream: at least the purpose")
	case options.GetDatasetShard() != nil:
		return nil, &registry.UnsupportedError{Field: "options.dataset_shard"}
	}
	b = &batch{decisions: d, purpose: options.GetPurpose(), purposeField: "options.purpose", options: gate.Options{AcceptRedactions: options.GetAcceptRedactions()}}
	if faults := b.fields.named("options.", options.GetMappedFields(), options.GetAbsentFields()); len(faults) > 0 {
		return nil, registry.Invalid(faults)
	}
	return b, nil
}

func invalidField(field, message string) error {
	return &registry.InvalidError{Fields: []registry.FieldFault{{Field: field, Message: message}}}
}
