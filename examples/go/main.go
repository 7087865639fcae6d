// Command go is a small client of veto: it files an objection, decides at its revision, streams 100,000 items through the gate, watches the register, and
// reads one error by its details.
//
//	go run ./examples/go 127.0.0.1:50051
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // health checking, as the service config asks for
	"google.golang.org/grpc/status"

	"github.com/veto-gate/veto/examples"
	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

const (
	purpose = "generative-ai-training"
	items   = 100_000
	batch   = 5_000
)

// absent are the fields that the items have nothing in.
var absent = []string{"subjects", "content_keys", "signals"}

func main() {
	address := "127.0.0.1:50051"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := run(address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(examples.ServiceConfig))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing is waited for any more
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	registry, decisions := vetov1.NewRegistryServiceClient(conn), vetov1.NewDecisionServiceClient(conn)

	person := "go-" + uuid.NewString()
	filed, err := registry.FileObjection(ctx, &vetov1.FileObjectionRequest{
		RequestId: uuid.NewString(), // kept with the click that caused it: a retry sends the same one
		SubjectId: person, Country: "DE", Channel: vetov1.Channel_CHANNEL_SETTINGS,
	})
	if err != nil {
		return fmt.Errorf("file the objection: %w", err)
	}
	fmt.Printf("filed %s at revision %d\n", filed.GetObjection().GetObjectionId(), filed.GetRevision())

	answer, err := decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: purpose, Item: post(0, person), MinRevision: filed.GetRevision()})
	if err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	fmt.Printf("decided %s\n", answer.GetDecision().GetReason())

	included, excluded, err := stream(ctx, decisions, person, filed.GetRevision())
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	fmt.Printf("streamed %d items: %d included, %d excluded\n", items, included, excluded)

	if err := watch(ctx, registry, filed.GetRevision()); err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	_, err = decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: "no-such-purpose", Item: post(0, person)})
	return explain(err)
}

// post is a public post of an adult in Germany.
func post(n int, author string) *vetov1.Item {
	return &vetov1.Item{
		ItemId: fmt.Sprintf("post-%d", n), Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC,
		AuthorId: author, Country: "DE", AuthorAge: 18, AuthorAgeAtCreation: 18,
	}
}

// stream sends batches and reads the answers at the same time. Every tenth post is the person's.
func stream(ctx context.Context, decisions vetov1.DecisionServiceClient, person string, revision uint64) (included, excluded int, err error) {
	calls, err := decisions.StreamDecide(ctx)
	if err != nil {
		return 0, 0, err
	}
	group := new(errgroup.Group)
	group.Go(func() error {
		for from := 0; from < items; from += batch {
			request := &vetov1.StreamDecideRequest{MinRevision: revision}
			if from == 0 { // every field that a regime reads is sent, or said to be absent
				request.Options = &vetov1.BatchOptions{Purpose: purpose, AbsentFields: absent}
			}
			for n := from; n < from+batch; n++ {
				author := fmt.Sprintf("author-%d", n)
				if n%10 == 0 {
					author = person
				}
				request.Items = append(request.Items, post(n, author))
			}
			if err := calls.Send(request); errors.Is(err, io.EOF) {
				return nil // the answer says why
			} else if err != nil {
				return err
			}
		}
		return calls.CloseSend()
	})
	for {
		answer, err := calls.Recv()
		if errors.Is(err, io.EOF) {
			return included, excluded, group.Wait()
		}
		if err != nil {
			return included, excluded, errors.Join(err, group.Wait())
		}
		if len(answer.GetReasons()) != batch { // one reason for each item, or nothing may be used
			return included, excluded, fmt.Errorf("%d reasons for %d items", len(answer.GetReasons()), batch)
		}
		for _, reason := range answer.GetReasons() {
			if reason >= 1 && reason <= 9 { // INCLUDE, by the range of the number
				included++
			} else {
				excluded++
			}
		}
	}
}

// watch reads the register's events from the objection on, up to where it stands.
func watch(ctx context.Context, registry vetov1.RegistryServiceClient, revision uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := registry.WatchEvents(ctx, &vetov1.WatchEventsRequest{AfterRevision: revision - 1})
	if err != nil {
		return err
	}
	for {
		m, err := events.Recv()
		if err != nil {
			return err // UNAVAILABLE, RESOURCE_EXHAUSTED: watch again after the last revision
		}
		if m.GetEvent() == nil { // a heartbeat: nothing is missing up to here
			return nil
		}
		if m.GetRevision() == revision {
			fmt.Printf("watched revision %d: %s\n", m.GetRevision(), m.GetEvent().GetType())
		}
	}
}

// explain reads an error as a program does: by its reason, and by the fields at fault.
func explain(err error) error {
	answer, ok := status.FromError(err)
	if err == nil || !ok {
		return fmt.Errorf("a purpose that nobody declared: %v", err)
	}
	for _, detail := range answer.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			fmt.Printf("refused %s %s\n", answer.Code(), d.GetReason())
		case *errdetails.BadRequest:
			for _, violation := range d.GetFieldViolations() {
				fmt.Printf("at fault %s: %s\n", violation.GetField(), violation.GetDescription())
			}
		}
	}
	return nil
}
