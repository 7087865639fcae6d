package server_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/subject"
)

// A server on an embedded store and a free port. Without a policy it excludes everything.
func ExampleNew() {
	ctx, stop := context.WithCancel(context.Background())
	dir, err := os.MkdirTemp("", "veto-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, sqlite.Config{Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	secret, err := subject.CreateSecret(filepath.Join(dir, "secret.key"), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	if err := registry.Bind(ctx, db, secret.Keys(), "example.org/veto", time.Now); err != nil {
		log.Fatal(err)
	}
	register, err := registry.New(db, secret.Keys(), registry.Config{})
	if err != nil {
		log.Fatal(err)
	}
	door, err := server.New(register, server.Config{Grace: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- register.Run(ctx) }()
	go func() { ended <- door.Serve(ctx, listener) }()

	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	// The first call may come before the first view: UNAVAILABLE says so, and the client asks again.
	var answer *vetov1.DecideResponse
	for ready := false; !ready; ready = err == nil {
		answer, err = vetov1.NewDecisionServiceClient(conn).Decide(ctx, &vetov1.DecideRequest{Purpose: "generative-ai-training"})
	}
	fmt.Println(answer.GetDecision().GetOutcome(), answer.GetDecision().GetReason())

	conn.Close()
	stop()
	fmt.Println(<-ended, <-ended)
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// OUTCOME_EXCLUDE REASON_NO_POLICY
	// <nil> <nil>
}
