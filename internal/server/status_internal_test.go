package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/access"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/gate"
	"github.com/veto-gate/veto/internal/golden"
	"github.com/veto-gate/veto/internal/policy"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
	"github.com/veto-gate/veto/internal/registry"
	"github.com/veto-gate/veto/internal/server/entry"
	"github.com/veto-gate/veto/internal/server/limits"
	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/subject"
)

// sample is an error that can reach a handler, and what its caller must be told.
type sample struct {
	err    error
	code   codes.Code
	reason string
}

// samples has every exported error of the packages that handlers call, by its name. INTERNAL is for what a caller can do
// nothing about: a start that was refused, damage, a fault in the code.
var samples = map[string]sample{
	"registry.ErrStale":             {registry.ErrStale, codes.Unavailable, "STALE"},
	"registry.ErrClock":             {registry.ErrClock, codes.Unavailable, "CLOCK"},
	"registry.ErrClockBehind":       {registry.ErrClockBehind, codes.Unavailable, "CLOCK"},
	"registry.ErrNotReached":        {fmt.Errorf("%w: %w", registry.ErrNotReached, context.DeadlineExceeded), codes.Unavailable, "REVISION_NOT_REACHED"},
	"registry.ErrSecret":            {registry.ErrSecret, codes.Internal, "INTERNAL"},
	"registry.ErrDamaged":           {registry.ErrDamaged, codes.Internal, "INTERNAL"},
	"filing.ErrDamaged":             {registry.ErrDamaged, codes.Internal, "INTERNAL"},
	"intake.ErrNoPolicy":            {registry.ErrNoPolicy, codes.FailedPrecondition, "NO_ACTIVE_POLICY"},
	"registry.ErrNoPolicy":          {registry.ErrNoPolicy, codes.FailedPrecondition, "NO_ACTIVE_POLICY"},
	"registry.ErrUnknownVersion":    {registry.ErrUnknownVersion, codes.NotFound, "UNKNOWN_POLICY_VERSION"},
	"registry.ErrNotSuspended":      {registry.ErrNotSuspended, codes.FailedPrecondition, "NOT_SUSPENDED"},
	"registry.ErrTooManyLinked":     {registry.ErrTooManyLinked, codes.FailedPrecondition, "TOO_MANY_LINKED"},
	"registry.ErrUnknownObjection":  {registry.ErrUnknownObjection, codes.NotFound, "UNKNOWN_OBJECTION"},
	"resolve.ErrUnknownObjection":   {registry.ErrUnknownObjection, codes.NotFound, "UNKNOWN_OBJECTION"},
	"resolve.StateError":            {&registry.StateError{Kind: "ENDED", Message: "the objection is withdrawn, annulled or ended already: there is nothing left to decide"}, codes.FailedPrecondition, "OBJECTION_STATE"},
	"resolve.ErrTooManyLinked":      {registry.ErrTooManyLinked, codes.FailedPrecondition, "TOO_MANY_LINKED"},
	"registry.ErrReceipt":           {registry.ErrReceipt, codes.InvalidArgument, "RECEIPT_MISMATCH"},
	"registry.ErrRequestReused":     {registry.ErrRequestReused, codes.AlreadyExists, "REQUEST_ID_REUSED"},
	"registry.ErrFull":              {registry.ErrFull, codes.ResourceExhausted, "DISK_FULL"},
	"registry.ErrBroken":            {registry.ErrBroken, codes.Unavailable, "STORE_BROKEN"},
	"registry.ErrUnavailable":       {registry.ErrUnavailable, codes.Unavailable, "STORE_UNAVAILABLE"},
	"registry.ErrClosed":            {registry.ErrClosed, codes.Unavailable, "STORE_UNAVAILABLE"},
	"registry.ErrInUse":             {registry.ErrInUse, codes.Unavailable, "STORE_UNAVAILABLE"},
	"registry.AboveHeadError":       {&registry.AboveHeadError{Field: "min_revision", Head: 120}, codes.OutOfRange, "REVISION_ABOVE_HEAD"},
	"intake.InvalidError":           {&registry.InvalidError{Fields: []registry.FieldFault{{Field: "subject_id", Message: "id is empty"}, {Field: "country", Message: "use GB"}}}, codes.InvalidArgument, "INVALID_REQUEST"},
	"intake.UndeclaredPurposeError": {&registry.UndeclaredPurposeError{Field: "purposes[1]", Declared: []string{"ranking", "generative-ai-training"}}, codes.InvalidArgument, "UNDECLARED_PURPOSE"},
	"intake.UnsupportedError":       {&registry.UnsupportedError{Field: "identifiers"}, codes.Unimplemented, "UNSUPPORTED"},
	"registry.EtagError":            {&registry.EtagError{Active: 7}, codes.Aborted, "ETAG_MISMATCH"},
	"registry.DangerError": {&registry.DangerError{Dangers: []registry.Danger{{Danger: vetov1.Danger_DANGER_DROPS_REGIME, Subject: "regimes[0]", Message: "the regime eu is dropped while it is suspended"}}},
		codes.FailedPrecondition, "ACKNOWLEDGEMENT_NEEDED"},
	"registry.UnknownRegimeError": {&registry.UnknownRegimeError{Regimes: []string{"eu", "uk"}}, codes.NotFound, "UNKNOWN_REGIME"},

	"policy.Error":                {&policy.Error{Faults: []policy.Fault{{Path: "regimes[0].name", Line: 3, Column: 5, Message: "not stated; write it"}, {Message: "empty"}}}, codes.InvalidArgument, "INVALID_POLICY"},
	"policy.ErrPurposesExhausted": {policy.ErrPurposesExhausted, codes.FailedPrecondition, "PURPOSES_EXHAUSTED"},
	"policy.ErrUnknownRegime":     {policy.ErrUnknownRegime, codes.NotFound, "UNKNOWN_REGIME"},
	"jurisdiction.CodeError":      {jurisdiction.Check("UK"), codes.InvalidArgument, "INVALID_REQUEST"},

	"store.ErrRequestReused": {store.ErrRequestReused, codes.AlreadyExists, "REQUEST_ID_REUSED"},
	"store.ErrOutOfBounds":   {store.ErrOutOfBounds, codes.Internal, "INTERNAL"},
	"store.ErrNoDocument":    {store.ErrNoDocument, codes.Internal, "INTERNAL"},
	"store.ErrFull":          {store.ErrFull, codes.ResourceExhausted, "DISK_FULL"},
	"store.ErrBroken":        {store.ErrBroken, codes.Unavailable, "STORE_BROKEN"},
	"store.ErrClosed":        {store.ErrClosed, codes.Unavailable, "STORE_UNAVAILABLE"},
	"store.ErrInUse":         {store.ErrInUse, codes.Unavailable, "STORE_UNAVAILABLE"},
	"store.ErrNewer":         {store.ErrNewer, codes.Internal, "INTERNAL"},
	"store.ErrCorrupt":       {store.ErrCorrupt, codes.Internal, "INTERNAL"},
	"store.ErrUnavailable":   {store.ErrUnavailable, codes.Unavailable, "STORE_UNAVAILABLE"},
	"store.PanicError":       {&store.PanicError{Reason: "index out of range", Stack: []byte("goroutine 7")}, codes.Internal, "INTERNAL"},

	"subject.IDFault":            {subject.IDForbidden, codes.InvalidArgument, "INVALID_REQUEST"},
	"subject.ErrSealBroken":      {subject.ErrSealBroken, codes.Internal, "INTERNAL"},
	"subject.ErrNoSecret":        {subject.ErrNoSecret, codes.Internal, "INTERNAL"},
	"subject.ErrSecretExists":    {subject.ErrSecretExists, codes.Internal, "INTERNAL"},
	"subject.ErrSecretOpen":      {subject.ErrSecretOpen, codes.Internal, "INTERNAL"},
	"subject.ErrSecretMalformed": {subject.ErrSecretMalformed, codes.Internal, "INTERNAL"},

	"event.ErrMalformed":   {event.ErrMalformed, codes.Internal, "INTERNAL"},
	"event.ErrMismatch":    {event.ErrMismatch, codes.Internal, "INTERNAL"},
	"event.MalformedError": {&event.MalformedError{Record: "leaf", Line: 2, Fault: "has no day"}, codes.Internal, "INTERNAL"},

	"server.tooLargeError items":    {&tooLargeError{excess: tooManyItems, batch: true, limits: someLimits}, codes.InvalidArgument, "BATCH_TOO_LARGE"},
	"server.tooLargeError elements": {&tooLargeError{excess: tooManyElements, batch: true, limits: someLimits}, codes.InvalidArgument, "BATCH_TOO_LARGE"},
	"server.tooLargeError lists":    {&tooLargeError{excess: tooManyElements}, codes.ResourceExhausted, "LIMIT_REACHED"},
	"server.tooLargeError bytes":    {&tooLargeError{excess: tooManyBytes}, codes.ResourceExhausted, "LIMIT_REACHED"},
	"server.errMalformed":           {errMalformed, codes.InvalidArgument, "INVALID_REQUEST"},
	"server.errStarting":            {errStarting, codes.Unavailable, "STALE"},
	"server.limits.bytes":           {someLimits.TooManyBytes(), codes.ResourceExhausted, "LIMIT_REACHED"},
	"server.limits.connections":     {someLimits.TooManyConnections(), codes.ResourceExhausted, "LIMIT_REACHED"},
	"server.limits.streams":         {someLimits.TooManyStreams(), codes.ResourceExhausted, "LIMIT_REACHED"},
	"server.limits.call":            {someLimits.TookTooLong(), codes.DeadlineExceeded, "LIMIT_REACHED"},
	"server.limits.idle":            {someLimits.SentNothing(), codes.Unavailable, "LIMIT_REACHED"},
	"server.limits.send":            {someLimits.ReadNothing(), codes.Unavailable, "LIMIT_REACHED"},
	"server.unmappedFieldsError":    {&unmappedFieldsError{missing: []gate.Read{{Field: "item_id"}, {Field: "author_age", Regimes: []string{"eu"}}, {Field: "labels", Regimes: []string{"eu", "uk"}}}}, codes.FailedPrecondition, "UNMAPPED_FIELDS"},
	"server.unknownVersionError":    {&unknownVersionError{latest: 7}, codes.NotFound, "UNKNOWN_POLICY_VERSION"},
	"server.laterError":             {&laterError{fullMethod: "/veto.v1.RegistryService/MatchIdentifier"}, codes.Unimplemented, "UNSUPPORTED"},
	"server.panicError":             {thrown("a value"), codes.Internal, "INTERNAL"},
	"access.ErrNoCredentials":       {access.ErrNoCredentials, codes.Unauthenticated, "UNAUTHENTICATED"},
	"access.ErrUnknown":             {access.ErrUnknown, codes.Unauthenticated, "UNAUTHENTICATED"},
	"entry.RoleError":               {&entry.RoleError{Needed: "verify", What: "saying VERIFIED"}, codes.PermissionDenied, "ROLE_NEEDED"},
	"server.errStopping":            {errStopping, codes.Unavailable, "STOPPING"},
	"context.DeadlineExceeded":      {context.DeadlineExceeded, codes.DeadlineExceeded, ""},
	"context.Canceled":              {context.Canceled, codes.Canceled, ""},
}

// someLimits are the defaults.
var someLimits, _ = limits.Limits{}.WithDefaults()

// TestEveryExportedErrorHasItsStatus reads the errors from the packages' source, so that a new one is not forgotten.
func TestEveryExportedErrorHasItsStatus(t *testing.T) {
	found := map[string]bool{}
	for _, folder := range []string{"registry", "registry/filing", "registry/intake", "registry/resolve", "policy", "policy/jurisdiction", "store", "subject", "event", "gate", "gate/standings", "access", "server/entry"} {
		for _, name := range exportedErrors(t, filepath.Join("..", filepath.FromSlash(folder))) {
			found[name] = true
			if _, ok := samples[name]; !ok {
				t.Errorf("%s has no status: say in status.go what its caller is told, and here that it is", name)
			}
		}
	}
	if len(found) < 30 {
		t.Errorf("only %d errors were found: the walk does not see the packages", len(found))
	}
	for name := range samples {
		if !found[name] && !strings.HasPrefix(name, "server.") && !strings.HasPrefix(name, "context.") && name != "registry.PanicError" {
			t.Errorf("%s is no exported error any more", name)
		}
	}
	contain := &containment{logger: slog.New(slog.DiscardHandler), random: rand.Reader}
	for name, s := range samples {
		got := contain.statusOf(t.Context(), "/veto.v1.DecisionService/Decide", fmt.Errorf("do something: %w", s.err))
		if got.Code() != s.code || reasonOf(got) != s.reason {
			t.Errorf("%s: %s %s, want %s %s", name, got.Code(), reasonOf(got), s.code, s.reason)
		}
	}
}

// exportedErrors lists the exported sentinels and error types of a package, as package.Name.
func exportedErrors(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for _, name := range n.Names {
					if strings.HasPrefix(name.Name, "Err") {
						names = append(names, file.Name.Name+"."+name.Name)
					}
				}
			case *ast.FuncDecl:
				if n.Name.Name == "Error" && n.Recv != nil && n.Type.Params.NumFields() == 0 {
					if receiver := typeName(n.Recv.List[0].Type); ast.IsExported(receiver) {
						names = append(names, file.Name.Name+"."+receiver)
					}
				}
				return false
			}
			return true
		})
	}
	return names
}

func typeName(expr ast.Expr) string {
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if name, ok := expr.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

func reasonOf(s *status.Status) string {
	for _, detail := range s.Details() {
		if d, ok := detail.(*errdetails.ErrorInfo); ok {
			return d.GetReason()
		}
	}
	return ""
}

// TestEveryReasonIsGivenByAnError holds the API's reasons to their word.
func TestEveryReasonIsGivenByAnError(t *testing.T) {
	given := map[string]bool{
		"UNSPECIFIED": true, // never sent
	}
	for _, s := range samples {
		given[s.reason] = true
	}
	for _, name := range vetov1.ErrorReason_name {
		if reason := strings.TrimPrefix(name, "ERROR_REASON_"); !given[reason] {
			t.Errorf("%s is given by no error", reason)
		}
	}
}

// TestWordsOfErrors keeps what callers read: all statuses, and the words of broken rules.
func TestWordsOfErrors(t *testing.T) {
	var out bytes.Buffer
	contain := &containment{logger: slog.New(slog.DiscardHandler), random: bytes.NewReader(make([]byte, 8*len(samples)))}
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		fmt.Fprintf(&out, "%s\n", name)
		if samples[name].code == codes.Internal && name != "registry.ErrDamaged" {
			fmt.Fprintln(&out, "  as registry.ErrDamaged: the cause is the log's to tell")
			continue
		}
		tell(&out, contain.statusOf(t.Context(), "", samples[name].err))
	}
	validation, err := newValidation(someLimits)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []proto.Message{
		&vetov1.FileObjectionRequest{},
		&vetov1.FileObjectionRequest{
			RequestId: "no", SubjectId: "ada", Channel: 77, Verification: 77, Country: "Germany", ReplyTo: strings.Repeat("a", 513),
			Purposes: []string{"Training", "x", "x"}, AlsoAsks: []vetov1.AlsoAsk{0}, Identifiers: []*vetov1.Identifier{{}},
		},
		&vetov1.WithdrawObjectionRequest{RequestId: uuid.Nil.String(), ProofReceipt: &vetov1.Receipt{Person: []*vetov1.BlindedValue{{}}, TlogProof: make([]byte, 65537)}},
		&vetov1.GetStandingRequest{},
		&vetov1.DecideRequest{},
		&vetov1.BatchDecideRequest{Purpose: strings.Repeat("p", 65), AbsentFields: slices.Repeat([]string{"labels"}, 33)},
		&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{DatasetShard: &vetov1.DatasetShard{}}},
		&vetov1.ApplyPolicyRequest{Acknowledge: []*vetov1.Acknowledgement{{}}},
		&vetov1.SuspendRegimeRequest{},
	} {
		fmt.Fprintf(&out, "%s\n", request.ProtoReflect().Descriptor().Name())
		tell(&out, contain.statusOf(t.Context(), "", validation.check(request)))
	}
	golden.Check(t, "errors.golden", out.Bytes())
}

// tell writes a status as people read it.
func tell(out *bytes.Buffer, s *status.Status) {
	fmt.Fprintf(out, "  %s: %s\n", s.Code(), s.Message())
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			fmt.Fprintf(out, "    %s", d.GetReason())
			for _, key := range slices.Sorted(maps.Keys(d.GetMetadata())) {
				fmt.Fprintf(out, " %s=%s", key, d.GetMetadata()[key])
			}
			fmt.Fprintln(out)
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fmt.Fprintf(out, "    field %s: %s\n", v.GetField(), v.GetDescription())
			}
		case *errdetails.PreconditionFailure:
			for _, v := range d.GetViolations() {
				fmt.Fprintf(out, "    %s %s: %s\n", v.GetType(), v.GetSubject(), v.GetDescription())
			}
		case *errdetails.ResourceInfo:
			fmt.Fprintf(out, "    resource %s: %s\n", d.GetResourceType(), d.GetDescription())
		case *errdetails.RetryInfo:
			fmt.Fprintf(out, "    retry after %v\n", d.GetRetryDelay().AsDuration())
		}
	}
}
