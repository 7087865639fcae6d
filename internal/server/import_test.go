package server_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/server"
	"github.com/veto-gate/veto/internal/transport"
)

// send sends messages as one import.
func send(t *testing.T, client vetov1.RegistryServiceClient, messages ...*vetov1.ImportObjectionsRequest) (*vetov1.ImportObjectionsResponse, error) {
	t.Helper()
	stream, err := client.ImportObjections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if stream.Send(m) != nil {
			break // the answer says why
		}
	}
	return stream.CloseAndRecv()
}

// TestRowsOfAnImportAreHeldAgainstTheRulesOneByOne: what the proto forbids costs its row alone.
func TestRowsOfAnImportAreHeldAgainstTheRulesOneByOne(t *testing.T) {
	p := start(t, settings{})
	row := func(change func(*vetov1.FileObjectionRequest)) *vetov1.FileObjectionRequest {
		one := filing("ada")
		one.RequestId = ""
		change(one)
		return one
	}
	got, err := send(t, p.objections,
		&vetov1.ImportObjectionsRequest{ImportId: "load", Rows: []*vetov1.FileObjectionRequest{
			row(func(*vetov1.FileObjectionRequest) {}),
			row(func(q *vetov1.FileObjectionRequest) { q.Channel = 0 }),
			row(func(q *vetov1.FileObjectionRequest) { q.Purposes = []string{"Not a name"} }),
			row(func(q *vetov1.FileObjectionRequest) { q.SubjectId = "" }),
			row(func(q *vetov1.FileObjectionRequest) { q.SubjectId = "username" }),
		}},
		&vetov1.ImportObjectionsRequest{Rows: []*vetov1.FileObjectionRequest{
			row(func(q *vetov1.FileObjectionRequest) { q.RequestId = "no UUID" }),
			row(func(q *vetov1.FileObjectionRequest) { q.SubjectId = "bert" }),
		}})
	if err != nil || got.GetAccepted() != 2 || got.GetRejected() != 5 {
		t.Fatalf("%v, %v", got, err)
	}
	want := []struct {
		index         int64
		field, reason string
	}{{1, "channel", "REQUIRED"}, {2, "purposes[0]", "UNKNOWN"}, {3, "subject_id", "REQUIRED"}, {4, "subject_id", "PLACEHOLDER"}, {5, "request_id", "FORMAT"}}
	for i, w := range want {
		if r := got.GetRejects()[i]; r.GetIndex() != w.index || r.GetField() != w.field || r.GetReason() != w.reason {
			t.Errorf("%v, want %v", r, w)
		}
	}
	p.decide(post("i", "bert"), got.GetRevision())
	_, err = send(t, p.objections, &vetov1.ImportObjectionsRequest{Rows: []*vetov1.FileObjectionRequest{filing("ada")}})
	refused(t, err).want(t, codes.InvalidArgument, "INVALID_REQUEST")
}

// TestOnlyWhoMayVerifyImportsVerifiedRows.
func TestOnlyWhoMayVerifyImportsVerifiedRows(t *testing.T) {
	p := start(t, settings{})
	address := serveTCP(t, p, server.Config{Callers: someCallers(t)})
	verified := filing("ada")
	verified.Verification = vetov1.Verification_VERIFICATION_VERIFIED
	for role, want := range map[string]codes.Code{"register": codes.PermissionDenied, "verify": codes.OK, "decide": codes.PermissionDenied} {
		client := vetov1.NewRegistryServiceClient(callAs(t, address, transport.Client{TokenFile: tokenFile(t, tokenOf(role))}))
		if _, err := send(t, client, &vetov1.ImportObjectionsRequest{ImportId: role, Rows: []*vetov1.FileObjectionRequest{verified}}); status.Code(err) != want {
			t.Errorf("%s: %v, want %v", role, err, want)
		}
	}
}
