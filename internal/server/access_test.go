package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/access"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/transport"
	"github.com/veto-gate/veto/internal/transport/certtest"
)

// tokenOf is the token of the caller that has one role.
func tokenOf(role string) string { return role + "-token-of-thirty-two-characters" }

// someCallers are a caller for each role by token, and one by certificate.
func someCallers(t *testing.T) func() *access.Callers {
	t.Helper()
	var text strings.Builder
	text.WriteString("callers:\n  - {name: job, roles: [decide], certificates: [job.internal.example]}\n")
	for _, role := range []string{"decide", "register", "verify", "dataset", "officer", "dpo", "auditor", "admin"} {
		fmt.Fprintf(&text, "  - {name: the-%s, roles: [%s], tokens_sha256: [%s]}\n", role, role, sumOf(tokenOf(role)))
	}
	callers, err := access.Parse([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return func() *access.Callers { return callers }
}

// everyMethod are the paths of all methods that the API, health and reflection have.
func everyMethod() []string {
	paths := []string{"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}
	for _, file := range []protoreflect.FileDescriptor{vetov1.File_veto_v1_registry_service_proto, vetov1.File_veto_v1_decision_service_proto, vetov1.File_veto_v1_policy_service_proto} {
		for s := range file.Services().Len() {
			service := file.Services().Get(s)
			for m := range service.Methods().Len() {
				paths = append(paths, "/"+string(service.FullName())+"/"+string(service.Methods().Get(m).Name()))
			}
		}
	}
	return paths
}

// rawCall calls a path with an empty message over raw HTTP/2, and returns the status that came, or that the connection or the stream was broken off.
func rawCall(t *testing.T, address, path string, headers ...hpack.HeaderField) string {
	t.Helper()
	w := connect(t, address)
	if err := w.call(1, path, headers...); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteData(1, true, framed(0, 0, nil)); err != nil {
		t.Fatal(err)
	}
	return w.status(t)
}

// ok is the status of a call that was done.
const ok = "0"

// TestFault_A01_NoPathLeadsPastTheList: every method without credentials, and paths that are nearly those of one, with credentials that its own does not take
// and with such that it does.
func TestFault_A01_NoPathLeadsPastTheList(t *testing.T) {
	p := start(t, settings{})
	address := serveTCP(t, p, server.Config{Callers: someCallers(t)})
	bearer := func(token string) hpack.HeaderField {
		return hpack.HeaderField{Name: "authorization", Value: "Bearer " + token}
	}
	methods := everyMethod()
	if len(methods) < 29 {
		t.Fatalf("only %d methods are walked", len(methods))
	}
	for _, path := range methods {
		if !access.Knows(path) {
			t.Errorf("%s is not in the list of what may be called", path)
		}
		for what, headers := range map[string][]hpack.HeaderField{
			"no credentials":   nil,
			"an unknown token": {bearer("x")},
			"an empty token":   {bearer("")},
			"two tokens":       {bearer(tokenOf("admin")), bearer(tokenOf("admin"))},
			"a binary header":  {{Name: "authorization-bin", Value: "QmVhcmVy"}},
		} {
			if got, want := rawCall(t, address, path, headers...), strconv.Itoa(int(codes.Unauthenticated)); got != want {
				t.Errorf("%s with %s: %s, want %s", path, what, got, want)
			}
		}
	}
	for _, path := range []string{"/veto.v1.PolicyService/GetPolicy", "/veto.v1.RegistryService/ListEvents"} {
		if got := rawCall(t, address, path, bearer(tokenOf("auditor"))); got != ok {
			t.Fatalf("%s as auditor: %s; the walk below would prove nothing", path, got)
		}
		service, method, _ := strings.Cut(path[1:], "/")
		for _, other := range []string{
			path[1:], "/" + path, path + "/", "/" + service + "//" + method, strings.ToLower(path), strings.ToUpper(path), path + "?a=b", path + "#a", path + "%00",
			"/" + service + "%2f" + method, "/./" + path[1:], "/x/.." + path, path + " ", service + "." + method, "/" + service, "/" + method, "*", "/",
			"http://veto" + path, path[:len(path)-1], path + "s",
		} {
			for _, token := range []string{"auditor", "admin", "nobody"} {
				if got := rawCall(t, address, other, bearer(tokenOf(token))); got == ok {
					t.Errorf("%q as %s: done", other, token)
				}
			}
		}
	}
	// Probes have no credentials, and learn nothing but what they ask.
	if got := rawCall(t, address, healthv1.Health_Check_FullMethodName); got != ok {
		t.Errorf("health: %s", got)
	}
}

// TestARefusalLogsNoPathThatIsMadeUp: what a stranger writes into the path is no method, and may be an id.
func TestARefusalLogsNoPathThatIsMadeUp(t *testing.T) {
	told := &lines{}
	p := start(t, settings{})
	address := serveTCP(t, p, server.Config{Callers: someCallers(t), Logger: slog.New(slog.NewTextHandler(told, nil))})
	for _, path := range []string{"/v1/standing/ada-4711", "/" + strings.Repeat("ada-4711", 1000), "/veto.v1.PolicyService/GetPolicy"} {
		if got := rawCall(t, address, path, hpack.HeaderField{Name: "authorization", Value: "Bearer of-nobody"}); got == ok {
			t.Errorf("%.40q: done", path)
		}
	}
	text := told.String()
	if strings.Contains(text, "ada-4711") || strings.Contains(text, "of-nobody") || !strings.Contains(text, "method=unlisted") || !strings.Contains(text, "method=/veto.v1.PolicyService/GetPolicy") {
		t.Errorf("%.2000s", text)
	}
}

// TestRolesHoldOverTheWire: as each role each method, unary or stream, by the list; and what it wants is told.
func TestRolesHoldOverTheWire(t *testing.T) {
	p := start(t, settings{})
	address := serveTCP(t, p, server.Config{Callers: someCallers(t)})
	for _, role := range []string{"decide", "register", "verify", "dataset", "officer", "dpo", "auditor", "admin"} {
		conn := callAs(t, address, transport.Client{TokenFile: tokenFile(t, tokenOf(role))})
		for _, path := range everyMethod() {
			_, may := access.Caller{Name: "x", Roles: []access.Role{access.Role(role)}}.As(path)
			err := conn.Invoke(t.Context(), path, &vetov1.GetPolicyRequest{}, &vetov1.GetPolicyResponse{})
			if refused := status.Code(err) == codes.PermissionDenied; refused == may {
				t.Errorf("%s calls %s: %v; may: %v", role, path, err, may)
			}
			if !may {
				r := refused(t, err)
				r.want(t, codes.PermissionDenied, "ROLE_NEEDED")
				if r.metadata["needed"] != access.Needed(path) {
					t.Errorf("%s: needed %q, want %q", path, r.metadata["needed"], access.Needed(path))
				}
			}
		}
		// VERIFIED is for those who know whom they speak for.
		request := filing("ada-" + role)
		request.Verification = vetov1.Verification_VERIFICATION_VERIFIED
		_, err := vetov1.NewRegistryServiceClient(conn).FileObjection(t.Context(), request)
		switch role {
		case "verify", "admin":
			if err != nil {
				t.Errorf("%s says VERIFIED: %v", role, err)
			}
		case "register", "officer":
			r := refused(t, err)
			r.want(t, codes.PermissionDenied, "ROLE_NEEDED")
			if r.metadata["needed"] != "verify" {
				t.Errorf("%s says VERIFIED: needed %v", role, r.metadata)
			}
		}
	}
	// What is sealed is for those who act on it: a data protection officer reads the queue, and not the addresses.
	for role, code := range map[string]codes.Code{"officer": codes.OK, "admin": codes.OK, "dpo": codes.PermissionDenied, "verify": codes.PermissionDenied} {
		conn := callAs(t, address, transport.Client{TokenFile: tokenFile(t, tokenOf(role))})
		client := vetov1.NewRegistryServiceClient(conn)
		_, err := client.ListObjections(t.Context(), &vetov1.ListObjectionsRequest{Queue: true, ShowSealed: true})
		if status.Code(err) != code {
			t.Errorf("%s asks for what is sealed: %v, want %v", role, err, code)
		}
		if role == "dpo" {
			refused(t, err).want(t, codes.PermissionDenied, "ROLE_NEEDED")
			if _, err := client.ListObjections(t.Context(), &vetov1.ListObjectionsRequest{Queue: true}); err != nil {
				t.Errorf("%s reads the queue: %v", role, err)
			}
		}
	}
	// Who acted as what stands in the log.
	conn := callAs(t, address, transport.Client{TokenFile: tokenFile(t, tokenOf("auditor"))})
	answer, err := vetov1.NewRegistryServiceClient(conn).ListEvents(t.Context(), &vetov1.ListEventsRequest{PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	acted := map[string]bool{}
	for _, e := range answer.GetEvents() {
		acted[e.GetActor()+" "+e.GetRole()] = true
	}
	if !acted["the-verify VERIFY"] || !acted["the-admin ADMIN"] {
		t.Errorf("the log names %v", acted)
	}
}

// TestAStreamEndsWithItsCaller: taken out of the file, or without the role, they get no answer to the next batch.
func TestAStreamEndsWithItsCaller(t *testing.T) {
	p := start(t, settings{})
	for name, c := range map[string]struct {
		after string
		code  codes.Code
	}{
		"taken out":      {"callers: [{name: other, roles: [admin], certificates: [other.example]}]", codes.Unauthenticated},
		"another's role": {"callers: [{name: job, roles: [register], tokens_sha256: [" + sumOf(tokenOf("decide")) + "]}]", codes.PermissionDenied},
	} {
		var current atomic.Pointer[access.Callers]
		current.Store(someCallers(t)())
		address := serveTCP(t, p, server.Config{Callers: current.Load})
		conn := callAs(t, address, transport.Client{TokenFile: tokenFile(t, tokenOf("decide"))})
		stream, err := (&platform{decisions: vetov1.NewDecisionServiceClient(conn)}).open(t)
		if err != nil {
			t.Fatal(err)
		}
		callers, err := access.Parse([]byte(c.after))
		if err != nil {
			t.Fatal(err)
		}
		current.Store(callers)
		if err := stream.Send(&vetov1.StreamDecideRequest{Items: []*vetov1.Item{post("i", "ada")}}); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); status.Code(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// TestAWatchEndsWithItsCaller: it only listens, and is told nothing more.
func TestAWatchEndsWithItsCaller(t *testing.T) {
	p := start(t, settings{})
	var current atomic.Pointer[access.Callers]
	current.Store(someCallers(t)())
	address := serveTCP(t, p, server.Config{Callers: current.Load})
	conn := callAs(t, address, transport.Client{TokenFile: tokenFile(t, tokenOf("auditor"))})
	watch, err := vetov1.NewRegistryServiceClient(conn).WatchEvents(t.Context(), &vetov1.WatchEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := revisions(watch, p.head()); err != nil {
		t.Fatal(err)
	}
	callers, err := access.Parse([]byte("callers: [{name: other, roles: [admin], certificates: [other.example]}]"))
	if err != nil {
		t.Fatal(err)
	}
	current.Store(callers)
	if _, err := p.objections.FileObjection(t.Context(), filing("ada")); err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; {
		var m *vetov1.WatchEventsResponse
		if m, err = watch.Recv(); m.GetEvent() != nil { // a heartbeat was under way
			t.Errorf("told of %v", m)
		}
	}
	if status.Code(err) != codes.Unauthenticated {
		t.Error(err)
	}
}

// sumOf is a token as a roles file names it.
func sumOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func callAs(t *testing.T, address string, c transport.Client) *grpc.ClientConn {
	t.Helper()
	options, err := c.Options(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func withToken(c transport.Client, file string) transport.Client {
	c.TokenFile = file
	return c
}

// TestFault_A02_ForgedCertificates: of another authority, by common name alone, expired, of nobody; and a server that is not who it should be.
func TestFault_A02_ForgedCertificates(t *testing.T) {
	ours, theirs := certtest.New(t), certtest.New(t)
	certificate, key := ours.Issue(certtest.Names{DNS: "veto.internal.example"})
	certificates, err := transport.OpenCertificates(transport.ServerFiles{Certificate: certificate, Key: key, ClientCA: ours.File})
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, settings{})
	address := serveTCP(t, p, server.Config{Callers: someCallers(t), Credentials: transport.Credentials(certificates)})
	ask := func(c transport.Client) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := vetov1.NewDecisionServiceClient(callAs(t, address, c)).Decide(ctx, &vetov1.DecideRequest{Purpose: training, Item: post("i", "ada")})
		return err
	}
	with := func(a *certtest.Authority, n certtest.Names) transport.Client {
		certificate, key := a.Issue(n)
		return transport.Client{CA: ours.File, Certificate: certificate, Key: key}
	}
	job := certtest.Names{DNS: "job.internal.example"}
	if err := ask(with(ours, job)); err != nil {
		t.Fatalf("the caller itself: %v", err)
	}
	for name, c := range map[string]struct {
		client transport.Client
		want   codes.Code
	}{
		"another authority's":      {with(theirs, job), codes.Unavailable},
		"by its common name alone": {with(ours, certtest.Names{Common: "job.internal.example"}), codes.Unauthenticated},
		"expired":                  {with(ours, certtest.Names{DNS: job.DNS, Expired: true}), codes.Unavailable},
		"nobody's":                 {with(ours, certtest.Names{DNS: "other.internal.example"}), codes.Unauthenticated},
		"none":                     {transport.Client{CA: ours.File}, codes.Unauthenticated},
		"a server of others":       {transport.Client{CA: theirs.File}, codes.Unavailable},
		"a server of another name": {transport.Client{CA: ours.File, ServerName: "elsewhere.example"}, codes.Unavailable},
		"a wrong token beside it":  {withToken(with(ours, job), tokenFile(t, "x")), codes.Unauthenticated},
	} {
		if err := ask(c.client); status.Code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if err := ask(withToken(with(ours, job), tokenFile(t, tokenOf("dpo")))); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a token that is sent counts alone: %v", err)
	}
	plain, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := healthv1.NewHealthClient(plain).Check(t.Context(), &healthv1.HealthCheckRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("without TLS: %v", err)
	}
}
