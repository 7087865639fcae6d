package server_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/google/uuid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// streamed sends the messages one after the other, each once the one before was answered, and returns the answers and
// how the stream ended; nil: in order.
func (p *platform) streamed(messages ...*vetov1.StreamDecideRequest) ([]*vetov1.StreamDecideResponse, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := p.decisions.StreamDecide(ctx)
	if err != nil {
		return nil, err
	}
	var answers []*vetov1.StreamDecideResponse
	for _, message := range messages {
		if err := stream.Send(message); err != nil && !errors.Is(err, io.EOF) {
			return answers, err
		}
		answer, err := stream.Recv()
		if err != nil {
			return answers, err
		}
		answers = append(answers, answer)
	}
	if err := stream.CloseSend(); err != nil {
		return answers, err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return answers, err
	}
	return answers, nil
}

func TestStreamOptionsComeFirstAndOnce(t *testing.T) {
	p := start(t, settings{})
	options := &vetov1.BatchOptions{Purpose: training}
	for _, test := range []struct {
		name     string
		messages []*vetov1.StreamDecideRequest
		code     codes.Code
		reason   string
		fields   []string
		answers  int
	}{
		{"none", []*vetov1.StreamDecideRequest{{}}, codes.InvalidArgument, "INVALID_REQUEST", []string{"options"}, 0},
		{"twice", []*vetov1.StreamDecideRequest{{Options: options}, {Options: options}}, codes.InvalidArgument, "INVALID_REQUEST", []string{"options"}, 1},
		{"empty", []*vetov1.StreamDecideRequest{{Options: &vetov1.BatchOptions{}}}, codes.InvalidArgument, "INVALID_REQUEST", []string{"options.purpose"}, 0},
		{"undeclared", []*vetov1.StreamDecideRequest{{Options: &vetov1.BatchOptions{Purpose: "weather-forecast"}}}, codes.InvalidArgument, "UNDECLARED_PURPOSE", []string{"options.purpose"}, 0},
		{"data set", []*vetov1.StreamDecideRequest{{Options: &vetov1.BatchOptions{Purpose: training, DatasetShard: &vetov1.DatasetShard{DatasetId: "d", Shard: "s", Attempt: 1}}}}, codes.Unimplemented, "UNSUPPORTED", nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			answers, err := p.streamed(test.messages...)
			r := refused(t, err)
			r.want(t, test.code, test.reason)
			r.wantFields(t, test.fields...)
			if len(answers) != test.answers {
				t.Errorf("%d answers, want %d", len(answers), test.answers)
			}
		})
	}
}

func TestFault_R07_AnOpenStreamHonoursWhatWasWrittenBetweenItsBatches(t *testing.T) {
	p := start(t, settings{})
	stream, err := p.decisions.StreamDecide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	items := make([]*vetov1.Item, 200)
	for i := range items {
		items[i] = post(uuid.NewString(), "ada")
	}
	ask := func(options *vetov1.BatchOptions) *vetov1.StreamDecideResponse {
		t.Helper()
		if err := stream.Send(&vetov1.StreamDecideRequest{Options: options, Items: items}); err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, reason := range answer.GetReasons() {
			if reason != answer.GetReasons()[0] {
				t.Fatalf("one batch was decided on two views: %v", answer.GetReasons())
			}
		}
		return answer
	}
	switched := func(suspend bool) uint64 {
		t.Helper()
		if suspend {
			answer, err := p.policies.SuspendRegime(t.Context(), &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "germany", Reason: "asked to"})
			if err != nil {
				t.Fatal(err)
			}
			return answer.GetRevision()
		}
		answer, err := p.policies.ResumeRegime(t.Context(), &vetov1.ResumeRegimeRequest{RequestId: uuid.NewString(), Regime: "germany", Reason: "agreed"})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetRevision()
	}
	first := ask(&vetov1.BatchOptions{Purpose: training, MappedFields: rare()})
	if first.GetReasons()[0] != vetov1.Reason_REASON_ELIGIBLE || len(first.GetReasons()) != len(items) {
		t.Fatalf("first batch: %s for %d items", first.GetReasons()[0], len(first.GetReasons()))
	}
	for _, step := range []struct {
		name  string
		write func() uint64
		want  vetov1.Reason
	}{
		{"suspended", func() uint64 { return switched(true) }, vetov1.Reason_REASON_SUSPENDED},
		{"resumed", func() uint64 { return switched(false) }, vetov1.Reason_REASON_ELIGIBLE},
		{"objected", func() uint64 { return p.object("ada") }, vetov1.Reason_REASON_OBJECTED},
	} {
		revision := step.write()
		got := ask(nil)
		if got.GetReasons()[0] != step.want || got.GetRevision() < revision {
			t.Errorf("%s: %s at revision %d, want %s at %d", step.name, got.GetReasons()[0], got.GetRevision(), step.want, revision)
		}
	}
	// A batch that spans a write is decided wholly before it or wholly after it, whatever it is.
	written := make(chan uint64, 1)
	go func() { written <- switched(true) }()
	for range 20 {
		got := ask(nil)
		if !slices.Contains([]vetov1.Reason{vetov1.Reason_REASON_OBJECTED, vetov1.Reason_REASON_SUSPENDED}, got.GetReasons()[0]) {
			t.Errorf("during the write: %s", got.GetReasons()[0])
		}
	}
	if revision := <-written; ask(nil).GetRevision() < revision {
		t.Error("the batch after the write is older than the write")
	}
}
