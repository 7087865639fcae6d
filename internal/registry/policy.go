package registry

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// What the answer kept with a request id says of a policy.
const (
	answerApplied = "applied"
	answerSame    = "same" // the document is the active one
)

// maxGroundBytes bounds the ground of an acknowledgement, as its proto does; with its danger's name it fits an event.
const maxGroundBytes = 1024

// ApplyPolicy validates, compiles and activates a policy, durable and in force here when it returns. It never lifts a
// suspension.
//
// Errors: *InvalidError, *policy.Error, *EtagError, *DangerError, policy.ErrPurposesExhausted for the request; else as
// FileObjection.
func (r *Registry) ApplyPolicy(ctx context.Context, actor Actor, request *vetov1.ApplyPolicyRequest) (*vetov1.ApplyPolicyResponse, error) {
	a, err := read(request)
	if err != nil {
		return nil, err
	}
	var c intake.Checks
	for i, one := range request.GetAcknowledge() {
		c.Text(fmt.Sprintf("acknowledge[%d].ground", i), one.GetGround(), maxGroundBytes)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if request.GetValidateOnly() {
		return r.rehearse(ctx, a)
	}
	call, err := r.call(actor, request.GetRequestId())
	if err != nil {
		return nil, err
	}
	content := proto.CloneOf(request)
	content.RequestId = ""
	appended, view, err := r.write(ctx, request.GetRequestId(), "ApplyPolicy", content, func(p store.Present, v *View) (store.Verdict, error) {
		return r.resolveApplication(p, v, call, a)
	})
	if err != nil {
		return nil, err
	}
	version := policyVersion{}
	if _, err := fmt.Sscanf(string(appended.Answer), "%s %d", new(string), &version.version); err != nil {
		return nil, fmt.Errorf("%w: the answer kept with the request does not read", ErrDamaged)
	}
	applied, err := r.policyAt(ctx, view, version.version)
	if err != nil {
		return nil, err
	}
	return &vetov1.ApplyPolicyResponse{
		Policy: applied.policy, Revision: uint64(appended.Head), Suspensions: view.Suspensions,
		Unchanged: appended.Revision == 0, Warnings: warnings(view.Suspensions, a.policy),
	}, nil
}

// application is a request to activate a policy, read.
type application struct {
	request  *vetov1.ApplyPolicyRequest
	policy   *vetov1.Policy
	document []byte
}

// read takes the document as text, or makes the text of what came structured. What is kept is always the text.
func read(request *vetov1.ApplyPolicyRequest) (application, error) {
	if request.GetPolicy() != nil {
		p := proto.CloneOf(request.GetPolicy())
		p.Version, p.Etag = 0, ""
		if err := policy.Validate(p); err != nil {
			return application{}, err
		}
		// What is kept is the text. That it reads back as this policy, Validate has seen to.
		return application{request: request, policy: p, document: policy.Format(p)}, nil
	}
	p, err := policy.Parse([]byte(request.GetYaml()))
	return application{request: request, policy: p, document: []byte(request.GetYaml())}, err
}

// rehearse says what applying would come to, and writes nothing.
func (r *Registry) rehearse(_ context.Context, a application) (*vetov1.ApplyPolicyResponse, error) {
	view, err := r.View()
	if err != nil {
		return nil, err
	}
	if err := r.judge(view, a, nil); err != nil {
		return nil, err
	}
	would := proto.CloneOf(a.policy)
	if same := a.isActive(view); same {
		would = view.Policy
	} else {
		would.Version = uint64(len(view.versions)) + 1
		would.Etag = etag(would.GetVersion(), sha256.Sum256(a.document))
	}
	return &vetov1.ApplyPolicyResponse{
		Policy: would, Revision: view.Revision, Suspensions: view.Suspensions, Unchanged: a.isActive(view),
		Warnings: warnings(view.Suspensions, a.policy),
	}, nil
}

func (a application) isActive(v *View) bool {
	return v.Policy != nil && v.Document == string(a.document)
}

// resolveApplication says what applying a policy comes to.
func (r *Registry) resolveApplication(p store.Present, v *View, call draft.Call, a application) (store.Verdict, error) {
	if a.request.GetEtag() == "" && a.isActive(v) || a.isActive(v) && a.request.GetEtag() == v.Policy.GetEtag() {
		return store.Verdict{Answer: fmt.Appendf(nil, "%s %d", answerSame, v.PolicyVersion())}, nil
	}
	since, err := objectedSince(p, event.Revision(v.Revision))
	if err != nil {
		return store.Verdict{}, err
	}
	if err := r.judge(v, a, since); err != nil {
		return store.Verdict{}, err
	}
	version := uint64(len(v.versions)) + 1
	side := call.Side(r.keys, r.Now(), p.Head())
	side.Document = sha256.Sum256(a.document)
	for _, one := range a.request.GetAcknowledge() {
		side.Acknowledge = append(side.Acknowledge, filing.Word(one.GetDanger())+" "+one.GetGround())
	}
	side.Acknowledge = sortedSet(side.Acknowledge)
	e := event.Event{Leaf: event.Leaf{Type: event.TypePolicyApplied, Policy: version, Effect: event.EffectActivated}, Side: side}
	record, err := call.Seal(e, draft.IDs{}, []event.Key{switchKey}, a.document)
	return store.Verdict{Record: record, Answer: fmt.Appendf(nil, "%s %d", answerApplied, version)}, err
}

// judge holds a policy against what is active and what people have on record: in the view, and filed since.
func (r *Registry) judge(v *View, a application, since []event.Purposes) error {
	if want := a.request.GetEtag(); want != "" && want != v.Policy.GetEtag() {
		return &EtagError{Active: v.PolicyVersion()}
	}
	bits := slices.Clone(v.purposes)
	for _, purpose := range a.policy.GetPurposes() {
		if !slices.Contains(bits, purpose.GetName()) {
			bits = append(bits, purpose.GetName())
		}
	}
	dangers, err := policy.Compare(v.Policy, a.policy, v.facts(since, r.Now()))
	if err != nil {
		return err
	}
	if _, err := policy.Compile(a.policy, bits.bit, policy.TakenOver(a.policy, v.taken)); err != nil {
		return err
	}
	var left []Danger
	for _, d := range dangers {
		if !slices.ContainsFunc(a.request.GetAcknowledge(), func(one *vetov1.Acknowledgement) bool { return one.GetDanger() == d.Kind }) {
			left = append(left, Danger{Danger: d.Kind, Subject: d.Path, Message: d.Words})
		}
	}
	if len(left) > 0 {
		return &DangerError{Dangers: left}
	}
	return nil
}

// objectedSince are the purposes of what was filed after a revision: a view may lag a little behind the log.
func objectedSince(p store.Present, revision event.Revision) ([]event.Purposes, error) {
	var since []event.Purposes
	for revision < p.Head().Revision {
		entries, err := p.After(revision)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			return nil, fmt.Errorf("%w: nothing after revision %d below the head", ErrDamaged, revision)
		}
		for _, entry := range entries {
			e, err := event.Open(entry.Leaf, entry.Side)
			if err != nil {
				return nil, fmt.Errorf("%w: revision %d: %w", ErrDamaged, entry.Revision, err)
			}
			for _, c := range e.Side.Changes {
				since = append(since, c.Purposes)
			}
			revision = entry.Revision
		}
	}
	return since, nil
}

// Policy reads the active policy, or an earlier version, with the suspensions that stand now.
//
// Errors: ErrNoPolicy, ErrUnknownVersion; those of ViewAt and store.Log.Document.
func (r *Registry) Policy(ctx context.Context, request *vetov1.GetPolicyRequest) (*vetov1.GetPolicyResponse, error) {
	view, err := r.ViewAt(ctx, request.GetMinRevision())
	if err != nil {
		return nil, err
	}
	if view.Policy == nil {
		return nil, ErrNoPolicy
	}
	version := request.GetVersion()
	if version == 0 {
		version = view.PolicyVersion()
	}
	found, err := r.policyAt(ctx, view, version)
	if err != nil {
		return nil, err
	}
	return &vetov1.GetPolicyResponse{Policy: found.policy, Yaml: found.document, Suspensions: view.Suspensions, Revision: view.Revision}, nil
}

// kept is a policy of some version as it is on record.
type kept struct {
	policy   *vetov1.Policy
	document string
}

func (r *Registry) policyAt(ctx context.Context, v *View, version uint64) (kept, error) {
	if version == v.PolicyVersion() {
		return kept{policy: v.Policy, document: v.Document}, nil
	}
	if version == 0 || version > uint64(len(v.versions)) {
		return kept{}, fmt.Errorf("%w: the latest is %d", ErrUnknownVersion, len(v.versions))
	}
	one := v.versions[version-1]
	text, err := r.log.Document(ctx, one.document)
	if err != nil {
		return kept{}, fmt.Errorf("read policy version %d: %w", version, err)
	}
	p, err := policy.Decode(text)
	if err != nil {
		return kept{}, fmt.Errorf("%w: policy version %d: %w", ErrDamaged, version, err)
	}
	p.Version, p.Etag = version, etag(version, one.document)
	return kept{policy: p, document: string(text)}, nil
}

// warnings say what does no harm but deserves a look.
func warnings(suspensions []*vetov1.Suspension, p *vetov1.Policy) []string {
	var list []string
	for _, s := range suspensions {
		if slices.ContainsFunc(p.GetRegimes(), func(r *vetov1.Regime) bool { return r.GetName() == s.GetRegime() }) {
			list = append(list, fmt.Sprintf("the regime %s is suspended since %s and stays so; only resuming it lifts that", s.GetRegime(), s.GetSuspendedAt().AsTime().Format("2006-01-02T15:04:05Z")))
		} else {
			list = append(list, fmt.Sprintf("a suspension stands for %s, and the policy has no regime of that name", s.GetRegime()))
		}
	}
	return list
}
