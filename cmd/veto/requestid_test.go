package main

import (
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// TestFault_I03_RequestIDAcrossARestart sends one request id a hundred times at once, kills the server, and sends it again: one event, one answer; with
// other content it is refused, before and after.
func TestFault_I03_RequestIDAcrossARestart(t *testing.T) {
	binary, data := build(t), filepath.Join(t.TempDir(), "data")
	id, err := requestID("")
	if err != nil {
		t.Fatal(err)
	}
	request := &vetov1.FileObjectionRequest{RequestId: id, SubjectId: "subject-1", Country: "DE", Channel: vetov1.Channel_CHANNEL_API}
	other := proto.CloneOf(request)
	other.SubjectId = "subject-2"

	p := start(t, binary, data)
	c, conn := p.client(t)
	answers := make([]*vetov1.FileObjectionResponse, 100)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			answer, err := c.registry.FileObjection(t.Context(), request)
			if err != nil {
				t.Errorf("call %d: %v", i, err)
			}
			answers[i] = answer
		})
	}
	group.Wait()
	if _, err := c.registry.FileObjection(t.Context(), other); status.Code(err) != codes.AlreadyExists {
		t.Errorf("with other content: %v, want ALREADY_EXISTS", err)
	}
	conn.Close()
	p.kill()

	p = start(t, binary, data)
	c, conn = p.client(t)
	defer conn.Close()
	again, err := c.registry.FileObjection(t.Context(), request)
	if err != nil {
		t.Fatalf("after the restart: %v", err)
	}
	for i, answer := range answers {
		if !proto.Equal(answer.GetReceipt(), again.GetReceipt()) || answer.GetRevision() != again.GetRevision() || answer.GetUnchanged() != again.GetUnchanged() {
			t.Errorf("call %d was answered in another way than after the restart:\n%v\n%v", i, answer, again)
		}
	}
	if _, err := c.registry.FileObjection(t.Context(), other); status.Code(err) != codes.AlreadyExists {
		t.Errorf("with other content, after the restart: %v, want ALREADY_EXISTS", err)
	}
	standing, err := c.registry.GetStanding(t.Context(), &vetov1.GetStandingRequest{SubjectId: "subject-1"})
	if err != nil || len(standing.GetObjections()) != 1 {
		t.Errorf("%d objections stand, want 1 (%v)", len(standing.GetObjections()), err)
	}
}
