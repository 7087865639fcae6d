package promises_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
)

// victimVariable names the data directory to a process that is there to be killed.
const victimVariable = "VETO_PROMISES_VICTIM"

// victim serves a data directory on loopback, says where, and goes on until it is killed. Nothing in it ever closes the store.
func victim(dir string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, "victim:", err)
		os.Exit(1)
	}
	p, err := open(settings{dir: dir, registry: registry.Config{Wall: hurried(os.Getenv(hurryVariable)), PollInterval: 100 * time.Millisecond}})
	if err != nil {
		fail(err)
	}
	if err := p.awaitHealth(healthv1.HealthCheckResponse_SERVING); err != nil {
		fail(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	door, err := server.New(p.register, server.Config{})
	if err != nil {
		fail(err)
	}
	fmt.Fprintln(os.Stdout, listener.Addr())
	fail(door.Serve(context.Background(), listener))
}

// acknowledged is an objection with the answer that its sender got.
type acknowledged struct {
	request *vetov1.FileObjectionRequest
	answer  *vetov1.FileObjectionResponse
}

// TestWhatSomebodyWasPromisedIsThereAfterTheProcessWasKilled kills the server while eight people's forms are being sent, opens its directory
// again, and asks for everything that anybody was told.
func TestWhatSomebodyWasPromisedIsThereAfterTheProcessWasKilled(t *testing.T) {
	first := start(t, settings{}) // applies the policy
	first.stop(t)

	kill, c := startVictim(t, first.dir)
	const senders, wanted = 8, 60
	var mu sync.Mutex
	var told []acknowledged
	var open []*vetov1.FileObjectionRequest // sent, and never answered
	var work sync.WaitGroup
	for sender := range senders {
		work.Go(func() {
			for n := 0; ; n++ {
				request := filing(fmt.Sprintf("person-%d-%d", sender, n))
				answer, err := c.objections.FileObjection(context.Background(), request)
				mu.Lock()
				if err != nil {
					open = append(open, request)
					mu.Unlock()
					return // killed
				}
				if told = append(told, acknowledged{request, answer}); len(told) == wanted {
					kill()
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	if len(told) < wanted {
		t.Fatalf("only %d people got an answer before the server was gone", len(told))
	}

	p := start(t, settings{dir: first.dir})
	for _, one := range told {
		p.keeps(t, one)
	}
	// What nobody was told may be there or not, and asking again ends the doubt: it is there once.
	for _, request := range open {
		answer := p.object(t, request)
		p.keeps(t, acknowledged{request, answer})
	}
	t.Logf("%d acknowledged, %d in doubt", len(told), len(open))
}

// startVictim starts a process that serves the directory, and returns what kills it and clients of it.
func startVictim(t *testing.T, dir string, env ...string) (kill func(), c clients) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), victimVariable+"="+dir), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // SIGKILL: it learns nothing of it
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the victim did not say where it serves: %v", err)
	}
	conn, err := grpc.NewClient(strings.TrimSpace(address), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return kill, clientsOf(conn)
}

// keeps asks the platform for an objection that somebody was promised: on their record under its number, in force, the same to whoever asks
// again, and with a receipt that fits.
func (p *platform) keeps(t *testing.T, one acknowledged) {
	t.Helper()
	id, want := one.request.GetSubjectId(), one.answer.GetObjection()
	standing, err := p.objections.GetStanding(context.Background(), &vetov1.GetStandingRequest{SubjectId: id})
	if err != nil {
		t.Fatalf("ask for a standing: %v", err)
	}
	if diff := cmp.Diff([]*vetov1.Objection{want}, standing.GetObjections(), protocmp.Transform()); diff != "" {
		t.Errorf("%s was promised another record (-promised +kept):\n%s", id, diff)
	}
	if got := p.decide(t, post(id), 0).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
		t.Errorf("%s objected, and the post is %v", id, got)
	}
	again, err := p.objections.FileObjection(context.Background(), one.request)
	if err != nil || !proto.Equal(again, one.answer) {
		t.Errorf("%s sends the same form again and is answered otherwise: %v (-first +again):\n%s", id, err, cmp.Diff(one.answer, again, protocmp.Transform()))
	}
	proof := withdrawal("", func(r *vetov1.WithdrawObjectionRequest) {
		r.ProofReceipt, r.Verification = one.answer.GetReceipt(), vetov1.Verification_VERIFICATION_UNVERIFIED
		r.Purposes = []string{evaluation}
	})
	if got := p.withdraw(t, proof).GetEffect(); got != vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED {
		t.Errorf("%s shows the receipt, and it proves nothing: %v", id, got)
	}
}

// TestAtEachAnswerTheFilesHoldIt copies the files of a running platform at the moment of an answer, as a crash would leave them, and starts
// from the copy.
func TestAtEachAnswerTheFilesHoldIt(t *testing.T) {
	p := start(t, settings{})
	for n := range 3 {
		answer := p.object(t, filing(person(n)))
		lifted := p.object(t, filing(person(100+n)))
		withdrawn := p.withdraw(t, withdrawal(person(100+n)))
		stopped, err := p.policies.SuspendRegime(context.Background(), suspending("brazil"))
		if err != nil {
			t.Fatal(err)
		}
		crashed := start(t, settings{dir: copied(t, p.dir)})
		if got := crashed.decide(t, post(person(n)), answer.GetRevision()).GetReason(); got != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("after the crash the post of who objected is %v", got)
		}
		if got := crashed.decide(t, post(person(100+n)), withdrawn.GetRevision()).GetReason(); got != vetov1.Reason_REASON_ELIGIBLE {
			t.Errorf("after the crash the post of who withdrew (revisions %d, %d) is %v", lifted.GetRevision(), withdrawn.GetRevision(), got)
		}
		if got := crashed.decide(t, post("somebody", in("BR")), stopped.GetRevision()).GetReason(); got != vetov1.Reason_REASON_SUSPENDED {
			t.Errorf("after the crash a suspended regime says %v", got)
		}
		crashed.stop(t)
		if _, err := p.policies.ResumeRegime(context.Background(), resuming("brazil")); err != nil {
			t.Fatal(err)
		}
	}
}

// copied copies a data directory file by file, whoever has it open.
func copied(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if err := copyFile(filepath.Join(to, entry.Name()), filepath.Join(dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func copyFile(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
