package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server"
)

// turning is the real register, in which something happens whenever it has handed out a view, and before it says what time
// it is.
type turning struct {
	*registry.Registry
	turn  atomic.Pointer[func()]
	views atomic.Int64
	first atomic.Pointer[registry.View]
}

func (r *turning) View() (*registry.View, error) {
	view, err := r.Registry.View()
	r.handedOut(view)
	return view, err
}

func (r *turning) ViewAt(ctx context.Context, minRevision uint64) (*registry.View, error) {
	view, err := r.Registry.ViewAt(ctx, minRevision)
	r.handedOut(view)
	return view, err
}

func (r *turning) Now() time.Time {
	r.happen()
	return r.Registry.Now()
}

func (r *turning) handedOut(view *registry.View) {
	r.views.Add(1)
	r.first.CompareAndSwap(nil, view)
	r.happen()
}

func (r *turning) happen() {
	if turn := r.turn.Load(); turn != nil {
		(*turn)()
	}
}

// begin counts from here on. A nil turn: nothing happens any more.
func (r *turning) begin(turn func()) {
	if r.turn.Store(nil); turn != nil {
		r.views.Store(0)
		r.first.Store(nil)
		r.turn.Store(&turn)
	}
}

// turning puts such a register behind a door of its own. Its health has looked at the view when it returns, and does not
// look again for ten seconds.
func (p *platform) turning() (*turning, *platform) {
	p.t.Helper()
	register := &turning{Registry: p.register}
	door, err := server.New(register, server.Config{HealthInterval: 10 * time.Second})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	listener, served := bufconn.Listen(1<<20), make(chan error, 1)
	go func() { served <- door.Serve(ctx, listener) }()
	other := &platform{t: p.t}
	other.dial(listener)
	p.t.Cleanup(func() {
		other.conn.Close()
		stop()
		if err := <-served; err != nil {
			p.t.Errorf("Serve: %v", err)
		}
	})
	other.await(healthv1.HealthCheckResponse_SERVING)
	return register, other
}

// TestFault_T02_OneViewPerBatch: a batch is decided on one view, whose revision and policy version it states, though
// another policy comes into force as soon as it has that view. So it is for each message of a stream, and for one item.
func TestFault_T02_OneViewPerBatch(t *testing.T) {
	p := start(t, settings{})
	items := make([]*vetov1.Item, 1000)
	for i := range items {
		items[i] = post(fmt.Sprint("i", i), "ada")
	}
	type answer struct {
		reasons         []vetov1.Reason
		revision, rules uint64
	}
	one := func(d *vetov1.Decision) answer {
		return answer{[]vetov1.Reason{d.GetReason()}, d.GetRevision(), d.GetPolicyVersion()}
	}
	applied := 0
	for _, test := range []struct {
		name string
		n    int
		ask  func(door *platform) (answer, error)
	}{
		{"BatchDecide", len(items), func(door *platform) (answer, error) {
			got, err := door.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: rare()})
			return answer{got.GetReasons(), got.GetRevision(), got.GetPolicyVersion()}, err
		}},
		{"StreamDecide", len(items), func(door *platform) (answer, error) {
			got, err := door.streamed(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training, MappedFields: rare()}, Items: items})
			if err != nil {
				return answer{}, err
			}
			return answer{got[0].GetReasons(), got[0].GetRevision(), got[0].GetPolicyVersion()}, nil
		}},
		{"Decide", 1, func(door *platform) (answer, error) {
			got, err := door.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: training, Item: items[0]})
			return one(got.GetDecision()), err
		}},
		{"ExplainDecision", 1, func(door *platform) (answer, error) {
			got, err := door.decisions.ExplainDecision(t.Context(), &vetov1.ExplainDecisionRequest{Purpose: training, Item: items[0]})
			return one(got.GetDecision()), err
		}},
	} {
		for _, rules := range []struct {
			name, kinds, otherwise string
			want                   vetov1.Reason
		}{
			{"allowed", "[POST, PHOTO]", "[PHOTO]", vetov1.Reason_REASON_ELIGIBLE},
			{"not allowed", "[PHOTO]", "[POST, PHOTO]", vetov1.Reason_REASON_KIND},
		} {
			t.Run(test.name+"/"+rules.name, func(t *testing.T) {
				with := func(kinds string) uint64 { // a policy that no other is like
					applied++
					return p.apply(strings.Replace(document, "[POST, PHOTO]", kinds, 1) + fmt.Sprintf("retention: %d\n", applied)).GetPolicy().GetVersion()
				}
				version := with(rules.kinds)
				register, door := p.turning()
				turns, newest := 0, uint64(0)
				register.begin(func() {
					if turns++; turns <= 3 {
						newest = with(rules.otherwise)
					}
				})
				got, err := test.ask(door)
				register.begin(nil)
				if err != nil {
					t.Fatal(err)
				}
				if views := register.views.Load(); views != 1 {
					t.Errorf("%d views were asked for, want 1", views)
				}
				view := register.first.Load()
				if got.revision != view.Revision || got.rules != version || view.PolicyVersion() != version {
					t.Errorf("revision %d and policy version %d are stated, want %d and %d", got.revision, got.rules, view.Revision, version)
				}
				if newest <= version {
					t.Errorf("no other policy came into force: version %d", newest)
				}
				if len(got.reasons) != test.n {
					t.Fatalf("%d answers, want %d", len(got.reasons), test.n)
				}
				for i, reason := range got.reasons {
					if reason != rules.want {
						t.Fatalf("item %d: %s, want %s of policy version %d", i, reason, rules.want, version)
					}
				}
			})
		}
	}
}

// TestFault_R07_ABatchIsOfItsViewThoughSomebodyObjects: an objection that is written while a batch is decided counts from
// the next one on.
func TestFault_R07_ABatchIsOfItsViewThoughSomebodyObjects(t *testing.T) {
	p := start(t, settings{})
	register, door := p.turning()
	items := make([]*vetov1.Item, 1000)
	for i := range items {
		items[i] = post(uuid.NewString(), "ada")
	}
	written := uint64(0)
	register.begin(func() {
		if written == 0 {
			written = p.object("ada")
		}
	})
	for _, want := range []vetov1.Reason{vetov1.Reason_REASON_ELIGIBLE, vetov1.Reason_REASON_OBJECTED} {
		got, err := door.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: rare()})
		if err != nil {
			t.Fatal(err)
		}
		if before := got.GetRevision() < written; before != (want == vetov1.Reason_REASON_ELIGIBLE) {
			t.Errorf("revision %d is stated, the objection is %d, want the reason %s", got.GetRevision(), written, want)
		}
		for i, reason := range got.GetReasons() {
			if reason != want {
				t.Fatalf("item %d of revision %d: %s, want %s", i, got.GetRevision(), reason, want)
			}
		}
	}
}
