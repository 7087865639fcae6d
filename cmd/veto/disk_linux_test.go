package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/transport"
)

// disk is one that can be filled and freed: a file system of a few megabytes, or, where none may be mounted, the real one, whose writes are refused.
type disk struct {
	t      *testing.T
	dir    string
	tiny   bool
	tracer *exec.Cmd
}

func newDisk(t *testing.T, bytes int) *disk {
	t.Helper()
	d := &disk{t: t, dir: t.TempDir()}
	if err := unix.Mount("veto-test", d.dir, "tmpfs", 0, "mode=0700,size="+strconv.Itoa(bytes)); err != nil {
		t.Logf("no tiny file system can be mounted here (%v): writes are refused by strace", err)
		return d
	}
	d.tiny = true
	t.Cleanup(func() { unix.Unmount(d.dir, unix.MNT_DETACH) })
	return d
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves so much room, or none to the process.
func (d *disk) fill(p *process, room int64) {
	d.t.Helper()
	if d.tiny {
		fill(d.t, d.ballast())
		if err := os.Truncate(d.ballast(), max(0, size(d.t, d.ballast())-room)); err != nil {
			d.t.Fatal(err)
		}
		return
	}
	d.tracer = exec.Command("strace", "-f", "-o", os.DevNull, "-p", strconv.Itoa(p.cmd.Process.Pid), "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC")
	said, err := d.tracer.StderrPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.tracer.Start(); err != nil {
		d.t.Fatal(err)
	}
	if _, err := bufio.NewReader(said).ReadString('\n'); err != nil { // "attached"
		d.t.Fatal(err)
	}
}

// free makes room again.
func (d *disk) free() {
	d.t.Helper()
	if d.tiny {
		if err := os.Remove(d.ballast()); err != nil {
			d.t.Fatal(err)
		}
		return
	}
	d.tracer.Process.Signal(syscall.SIGTERM) // it detaches
	d.tracer.Wait()
}

// reasonOf is the ErrorInfo reason of an error.
func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// ledger is what one client was told of its objections.
type ledger struct {
	t            *testing.T
	c            *client
	acknowledged []string
	refused      []string
}

// object files for a new person, and notes what came of it.
func (l *ledger) object(n int) error {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), callPatience)
	defer cancel()
	who := fmt.Sprintf("person-%d-%s", n, strings.Repeat("x", 40))
	_, err := l.c.registry.FileObjection(ctx, &vetov1.FileObjectionRequest{RequestId: uuid.NewString(), SubjectId: who, Channel: vetov1.Channel_CHANNEL_API, CaseReference: strings.Repeat("r", 100)})
	if err == nil {
		l.acknowledged = append(l.acknowledged, who)
	} else {
		l.refused = append(l.refused, who)
	}
	return err
}

// decides says whether decisions go on, by the newest acknowledged objection.
func (l *ledger) decides() error {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), callPatience)
	defer cancel()
	item := &vetov1.Item{ItemId: "i", AuthorId: "nobody", Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, Country: "DE", AuthorAge: 30}
	want := vetov1.Reason_REASON_ELIGIBLE
	if len(l.acknowledged) > 0 {
		item.AuthorId, want = l.acknowledged[len(l.acknowledged)-1], vetov1.Reason_REASON_OBJECTED
	}
	answer, err := l.c.decisions.Decide(ctx, &vetov1.DecideRequest{Purpose: "generative-ai-training", Item: item})
	if err == nil && answer.GetDecision().GetReason() != want {
		return fmt.Errorf("decided %s, want %s", answer.GetDecision().GetReason(), want)
	}
	return err
}

// check holds a register against what was acknowledged: all of it is there, once. What was refused with "nothing was written" is not there.
func (l *ledger) check(c *client, refusedIsGone bool) {
	l.t.Helper()
	count := func(who string) int {
		answer, err := c.registry.GetStanding(l.t.Context(), &vetov1.GetStandingRequest{SubjectId: who})
		if err != nil {
			l.t.Fatal(err)
		}
		return len(answer.GetObjections())
	}
	for _, who := range l.acknowledged {
		if n := count(who); n != 1 {
			l.t.Errorf("an acknowledged objection is there %d times", n)
		}
	}
	for _, who := range l.refused {
		if n := count(who); refusedIsGone && n != 0 || n > 1 {
			l.t.Errorf("a refused objection is there %d times", n)
		}
	}
}

// TestFault_D03_AFullDiskRefusesAndGoesOn fills a tiny disk until objections are refused. Decisions go on; when there is room, so does writing, without a
// restart; and nothing of what was refused is there.
func TestFault_D03_AFullDiskRefusesAndGoesOn(t *testing.T) {
	disk := newDisk(t, 4<<20)
	data := filepath.Join(disk.dir, "data")
	veto(t, exitDone, "policy", "apply", filepath.Join("..", "..", "examples", "policies", "meta.yaml"), "--data", data)
	p := start(t, build(t), data)
	c, conn := p.client(t)
	defer conn.Close()
	l := &ledger{t: t, c: c}
	for round := range 3 {
		disk.fill(p, 128<<10)
		n, err := 0, error(nil)
		for ; err == nil && n < 20_000; n++ {
			err = l.object(round*100_000 + n)
		}
		if status.Code(err) != codes.ResourceExhausted || reasonOf(err) != "DISK_FULL" {
			t.Fatalf("round %d: after %d objections on a full disk: %v", round, n, err)
		}
		for n := range 5 {
			if err := l.object(round*100_000 + 50_000 + n); status.Code(err) != codes.ResourceExhausted {
				t.Errorf("still full: %v", err)
			}
			if err := l.decides(); err != nil {
				t.Errorf("decisions on a full disk: %v", err)
			}
		}
		disk.free()
		for n := range 5 {
			if err := l.object(round*100_000 + 60_000 + n); err != nil {
				t.Fatalf("round %d: there is room again: %v", round, err)
			}
		}
	}
	l.check(c, true)
	if code := p.stop(); code != exitDone {
		t.Errorf("exit %d\n%s", code, p.stderr)
	}
	again := start(t, build(t), data)
	c, conn = again.client(t)
	defer conn.Close()
	l.check(c, true)
	t.Logf("%d acknowledged, %d refused", len(l.acknowledged), len(l.refused))
}

// fill writes a file until its disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for size := 64 << 10; size > 0; { // down to the last byte
		if _, err := file.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	status, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return status.Size()
}

// TestFault_D03_AFirstStartOnAFullDiskSaysSo, and the next one, with room, begins the register.
func TestFault_D03_AFirstStartOnAFullDiskSaysSo(t *testing.T) {
	disk := newDisk(t, 256<<10)
	data := filepath.Join(disk.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	var p *process
	if disk.tiny {
		disk.fill(nil, 0)
		p = launch(t, build(t), data)
		<-p.ended
		disk.free()
	} else {
		var answers bool
		if p, answers = strace(t, data, "pwrite64", "pwrite64:error=ENOSPC"); answers {
			t.Fatal("it answers")
		}
	}
	if code, said := p.cmd.ProcessState.ExitCode(), p.stderr.String(); code != exitFailed || !strings.Contains(said, "is full\nhint: make room") {
		t.Errorf("exit %d\n%s", code, said)
	}
	if code := start(t, build(t), data).stop(); code != exitDone {
		t.Errorf("with room: exit %d", code)
	}
}

// strace starts a server whose system calls are tampered with; false: it ended before it answered.
func strace(t *testing.T, data, calls, inject string) (*process, bool) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("strace is missing: `make needs` installs it")
	}
	ready := filepath.Join(t.TempDir(), "ready")
	p := &process{stderr: &bytes.Buffer{}, ended: make(chan struct{})}
	p.cmd = exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+calls, "-e", "inject="+inject,
		build(t), "serve", "--data", data, "--listen", "127.0.0.1:0", "--ready-file", ready)
	p.cmd.Stderr = p.stderr
	p.cmd.Env = []string{"HOME=" + t.TempDir()}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() { killGroup(p) })
	for begin := time.Now(); time.Since(begin) < readyPatience; time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(ready); err == nil {
			p.address = strings.TrimSpace(string(text))
			return p, true
		}
		select {
		case <-p.ended:
			return p, false
		default:
		}
	}
	t.Fatalf("neither ready nor ended\n%s", p.stderr)
	return nil, false
}

// killGroup ends strace and the server under it.
func killGroup(p *process) {
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// TestFault_D04_AFailedSyncEndsWriting lets one sync fail, each in its turn, and each from its turn on. What it was for is not acknowledged, nor is anything after
// it until a restart, though later syncs succeed: the kernel may have dropped the pages. Decisions go on, and what was acknowledged is there.
func TestFault_D04_AFailedSyncEndsWriting(t *testing.T) {
	_, master := corpusAndRegister(t)
	var ended, stopped, unharmed int
	for _, forever := range []string{"", "+"} {
		for n := 1; n <= 12; n++ {
			data := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(data, os.DirFS(master)); err != nil {
				t.Fatal(err)
			}
			for name, mode := range map[string]os.FileMode{"": 0o700, "veto.db": 0o600, secretName: 0o600, "veto.lock": 0o600} {
				if err := os.Chmod(filepath.Join(data, name), mode); err != nil {
					t.Fatal(err)
				}
			}
			p, answers := strace(t, data, "fsync,fdatasync", fmt.Sprintf("fsync,fdatasync:error=EIO:when=%d%s", n, forever))
			l := &ledger{t: t}
			if !answers {
				ended++
			} else {
				conn, err := dial(p.address, transport.Client{})
				if err != nil {
					t.Fatal(err)
				}
				l.c = newClient(conn)
				broken := false
				for i := range 16 {
					err := l.object(i)
					switch {
					case broken && err == nil:
						t.Errorf("sync %d%s: acknowledged after a sync had failed", n, forever)
					case err != nil && (status.Code(err) != codes.Unavailable || reasonOf(err) != "STORE_BROKEN"):
						t.Errorf("sync %d%s: %v, want STORE_BROKEN", n, forever, err)
					}
					broken = broken || err != nil
					if err := l.decides(); err != nil {
						t.Errorf("sync %d%s: decisions: %v", n, forever, err)
					}
				}
				if broken {
					stopped++
				} else {
					unharmed++
				}
				conn.Close()
				killGroup(p)
			}
			again := start(t, build(t), data)
			c, conn := again.client(t)
			l.check(c, false)
			if _, err := c.registry.FileObjection(t.Context(), &vetov1.FileObjectionRequest{RequestId: uuid.NewString(), SubjectId: "later", Channel: vetov1.Channel_CHANNEL_API}); err != nil {
				t.Errorf("sync %d%s: after a restart: %v", n, forever, err)
			}
			conn.Close()
			again.kill()
		}
	}
	t.Logf("24 servers: %d ended while starting, %d stopped writing, %d were not hit", ended, stopped, unharmed)
	if stopped < 10 {
		t.Errorf("only %d servers met a failed sync while they wrote: the sweep does not reach them", stopped)
	}
}

// TestFault_D07_TheSecondServerRefuses, and names what to do; the first goes on.
func TestFault_D07_TheSecondServerRefuses(t *testing.T) {
	_, data := corpusAndRegister(t)
	first := start(t, build(t), data)
	for range 3 {
		second := launch(t, build(t), data)
		<-second.ended
		if code, said := second.cmd.ProcessState.ExitCode(), second.stderr.String(); code != exitFailed || !strings.Contains(said, "in use by another process") || !strings.Contains(said, "hint: ") {
			t.Errorf("exit %d\n%s", code, said)
		}
	}
	// Whoever works in process on its directory is sent to it, by its address.
	for _, args := range [][]string{{"filter", "in.parquet", "-o", "out.parquet"}, {"standing", "ada"}, {"object", "ada"}} {
		if _, stderr := veto(t, exitFailed, append(args, "--data", data)...); !strings.Contains(stderr, "ask that server with --addr "+first.address+", or stop it first") {
			t.Errorf("%s beside a server: %s", args[0], stderr)
		}
	}
	c, conn := first.client(t)
	defer conn.Close()
	l := &ledger{t: t, c: c}
	if err := errors.Join(l.object(1), l.decides()); err != nil {
		t.Error(err)
	}
	if code := first.stop(); code != exitDone {
		t.Errorf("exit %d", code)
	}
	if _, err := os.Stat(filepath.Join(data, addressName)); err == nil {
		t.Error("a server that stopped leaves its address")
	}
}

// TestFault_D07_AStartKilledHalfWay, at whatever point of making and migrating its database, is completed by the next.
func TestFault_D07_AStartKilledHalfWay(t *testing.T) {
	early := 0
	for after := range 25 {
		data := filepath.Join(t.TempDir(), "data")
		p := launch(t, build(t), data)
		wait(time.Duration(after) * 3 * time.Millisecond)
		p.kill()
		if _, err := os.Stat(filepath.Join(data, secretName)); err != nil {
			early++
		}
		again := start(t, build(t), data)
		c, conn := again.client(t)
		if err := (&ledger{t: t, c: c}).object(1); err != nil {
			t.Errorf("killed after %d ms: %v", 3*after, err)
		}
		conn.Close()
		again.kill()
	}
	t.Logf("25 starts killed, %d of them before they had come to their end", early)
	if early == 0 {
		t.Error("no start was killed half-way")
	}
}

// TestFault_D07_ANewerDatabaseIsLeftAlone by a program that does not know its schema.
func TestFault_D07_ANewerDatabaseIsLeftAlone(t *testing.T) {
	_, data := corpusAndRegister(t)
	db, err := sql.Open("sqlite", filepath.Join(data, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(data, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, build(t), data)
	<-p.ended
	if code, said := p.cmd.ProcessState.ExitCode(), p.stderr.String(); code != exitFailed || !strings.Contains(said, "newer than this program") || !strings.Contains(said, "hint: start that version, or a newer one") {
		t.Errorf("exit %d\n%s", code, said)
	}
	if after, err := os.ReadFile(filepath.Join(data, databaseName)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it was changed: %v", err)
	}
}
