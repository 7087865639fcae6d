package registry_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/store/sqlite"
	"github.com/veto-gate/veto/internal/subject"
)

// A register on the embedded store: a policy, an objection, and the decision that honours it.
func Example() {
	if err := objectAndDecide(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// before: REASON_ELIGIBLE
	// after:  REASON_OBJECTED, at the write's revision: true
}

func objectAndDecide() error {
	dir, err := os.MkdirTemp("", "veto-example-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	log, err := sqlite.Open(ctx, sqlite.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		return err
	}
	defer log.Close()
	secret, err := subject.CreateSecret(filepath.Join(dir, "secret.key"), zeros{}) // crypto/rand.Reader, outside of an example
	if err != nil {
		return err
	}
	if err := registry.Bind(ctx, log, secret.Keys(), "example/register", time.Now); err != nil {
		return err
	}
	register, err := registry.New(log, secret.Keys(), registry.Config{})
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- register.Run(ctx) }()
	defer func() { cancel(); <-done }()

	actor := registry.Actor{Name: "example", Role: "ADMIN"}
	for _, err := register.View(); err != nil; _, err = register.View() {
		time.Sleep(time.Millisecond)
	}
	if _, err := register.ApplyPolicy(ctx, actor, &vetov1.ApplyPolicyRequest{RequestId: "018f2b5c-0000-7000-8000-000000000001", Yaml: testPolicy}); err != nil {
		return err
	}
	decide := func() (vetov1.Reason, uint64) {
		view, err := register.View()
		if err != nil {
			return vetov1.Reason_REASON_UNSPECIFIED, 0
		}
		purpose, _ := view.Gate.Purpose("generative-ai-training")
		item := gate.Item{
			ID: "post-1", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC,
			AuthorID: "account-4711", Country: "FR",
		}
		var d gate.Decision
		view.Gate.Decide(&item, purpose, register.Now(), gate.Options{}, &d)
		return d.Reason, view.Revision
	}
	reason, _ := decide()
	fmt.Println("before:", reason)
	filed, err := register.FileObjection(ctx, actor, &vetov1.FileObjectionRequest{
		RequestId: "018f2b5c-0000-7000-8000-000000000002", SubjectId: "account-4711", Country: "FR", Channel: vetov1.Channel_CHANNEL_SETTINGS,
	})
	if err != nil {
		return err
	}
	reason, revision := decide()
	fmt.Printf("after:  %s, at the write's revision: %t\n", reason, revision >= filed.GetRevision())
	return nil
}
