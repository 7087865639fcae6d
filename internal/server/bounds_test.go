package server_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// listed is a message as bytes: a head, then a field's empty elements.
func listed(head proto.Message, number protowire.Number, elements int) raw {
	bytes, err := proto.Marshal(head)
	if err != nil {
		panic(err)
	}
	element := protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), nil)
	return append(bytes, strings.Repeat(string(element), elements)...)
}

// within wraps a message's bytes as a field of another one.
func within(head proto.Message, number protowire.Number, content raw, times int) raw {
	bytes := listed(head, number, 0)
	element := protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
	return append(bytes, strings.Repeat(string(element), times)...)
}

// sent calls a method with bytes, and returns how it ended.
func (p *platform) sent(method string, message raw) error {
	return p.conn.Invoke(context.Background(), method, message, &vetov1.BatchDecideResponse{})
}

// TestListsAreCountedBeforeTheyAreBuilt: an empty element of a list is two bytes on the wire and a hundred times that in
// memory. What is refused for its number takes no more than its bytes.
func TestListsAreCountedBeforeTheyAreBuilt(t *testing.T) {
	p := start(t, settings{forClient: append(rawClient(), grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(32<<20)))})
	batch := &vetov1.BatchDecideRequest{Purpose: training}
	file := filing("ada")
	for _, test := range []struct {
		name    string
		method  string
		message raw
		code    codes.Code
		reason  string
		fields  []string
	}{
		{"10,001 items", vetov1.DecisionService_BatchDecide_FullMethodName, listed(batch, 2, 10_001), codes.InvalidArgument, "BATCH_TOO_LARGE", []string{"items"}},
		{"7 million items", vetov1.DecisionService_BatchDecide_FullMethodName, listed(batch, 2, 7_000_000), codes.InvalidArgument, "BATCH_TOO_LARGE", []string{"items"}},
		{"4 million subjects of one item", vetov1.DecisionService_BatchDecide_FullMethodName, within(batch, 2, listed(post("i", "a"), 5, 4_000_000), 1), codes.InvalidArgument, "BATCH_TOO_LARGE", []string{"items"}},
		{"500 subjects of each item", vetov1.DecisionService_BatchDecide_FullMethodName, within(batch, 2, listed(post("i", "a"), 5, 500), 9_000), codes.InvalidArgument, "BATCH_TOO_LARGE", []string{"items"}},
		{"an item in pieces", vetov1.DecisionService_Decide_FullMethodName, within(&vetov1.DecideRequest{Purpose: training}, 2, listed(post("i", "a"), 5, 100), 3_000), codes.ResourceExhausted, "LIMIT_REACHED", nil},
		{"2 million item ids", vetov1.RegistryService_FileObjection_FullMethodName, listed(file, 6, 2_000_000), codes.ResourceExhausted, "LIMIT_REACHED", nil},
		{"more bytes than a filing has", vetov1.RegistryService_FileObjection_FullMethodName, listed(file, 6, 3_000_000), codes.ResourceExhausted, "LIMIT_REACHED", nil},
		{"a packed list", vetov1.RegistryService_FileObjection_FullMethodName, within(file, 14, raw(strings.Repeat("\x01", 1_000_000)), 1), codes.ResourceExhausted, "LIMIT_REACHED", nil},
		{"item ids that are counted, not read", vetov1.RegistryService_FileObjection_FullMethodName, listed(file, 6, 200_000), codes.InvalidArgument, "INVALID_REQUEST", []string{"item_ids"}},
		{"a receipt's list", vetov1.RegistryService_WithdrawObjection_FullMethodName,
			within(&vetov1.WithdrawObjectionRequest{RequestId: uuid.NewString(), Channel: vetov1.Channel_CHANNEL_API, Verification: 1}, 6, listed(&vetov1.Receipt{Leaf: []byte("x"), Salt: make([]byte, 32), Revision: 3}, 3, 200_000), 1),
			codes.InvalidArgument, "INVALID_REQUEST", []string{"proof_receipt.person"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := p.sent(test.method, test.message)
			runtime.ReadMemStats(&after)
			r := refused(t, err)
			r.want(t, test.code, test.reason)
			r.wantFields(t, test.fields...)
			// Sending and receiving copy the bytes a few times; a list that is built takes fifty times its bytes.
			if got, most := after.TotalAlloc-before.TotalAlloc, uint64(8*len(test.message)+32<<20); got > most {
				t.Errorf("%d MB were allocated for a message of %d MB", got>>20, len(test.message)>>20)
			}
		})
	}
}

// TestStreamRefusesWhatIsNotBuilt: a stream ends with the same answer as a call.
func TestStreamRefusesWhatIsNotBuilt(t *testing.T) {
	p := start(t, settings{forClient: rawClient()})
	stream, err := p.conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, vetov1.DecisionService_StreamDecide_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(listed(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training}}, 2, 1_000_000)); err != nil {
		t.Fatal(err)
	}
	r := refused(t, stream.RecvMsg(&vetov1.StreamDecideResponse{}))
	r.want(t, codes.InvalidArgument, "BATCH_TOO_LARGE")
	if r.metadata["max_items"] != "10000" {
		t.Errorf("metadata %v", r.metadata)
	}
}

// TestListsUpToTheirBoundAreTaken: what the API allows is not taken for too much.
func TestListsUpToTheirBoundAreTaken(t *testing.T) {
	p := start(t, settings{})
	items := make([]*vetov1.Item, 10_000)
	for i := range items {
		items[i] = post(fmt.Sprintf("i%d", i), "ada")
		items[i].Labels = slices.Repeat([]string{"fun"}, 23)
	}
	items[7].Subjects = slices.Repeat([]*vetov1.OtherSubject{{SubjectId: "eve", Role: vetov1.SubjectRole_SUBJECT_ROLE_TAGGED}}, 513)
	answer, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: items, MappedFields: rare()})
	if err != nil {
		t.Fatal(err)
	}
	for i, reason := range answer.GetReasons() {
		want := vetov1.Reason_REASON_ELIGIBLE
		if i == 7 {
			want = vetov1.Reason_REASON_INVALID // 512 people are an item's bound: it alone is INVALID
		}
		if reason != want {
			t.Fatalf("item %d: %s, want %s", i, reason, want)
		}
	}
}

// smallHeaders are a client that takes as many bytes of headers as most do.
func smallHeaders() []grpc.DialOption { return []grpc.DialOption{grpc.WithMaxHeaderListSize(8 << 10)} }

// manyFaults is a policy with n faults, of words in letters that a header spells in three bytes each.
func manyFaults(n int) string {
	var b strings.Builder
	b.WriteString(document)
	for i := range n {
		fmt.Fprintf(&b, "  - {name: régime-%d, jurisdictions: [ZZ]}\n", i)
	}
	return b.String()
}

// TestErrorsReachEveryClient: a status that does not fit a client's headers would break the call off without a word.
func TestErrorsReachEveryClient(t *testing.T) {
	p := start(t, settings{forClient: smallHeaders()})
	bad := func(n int) []string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprintf("bad\n%d", i)
		}
		return ids
	}
	file := func(items, keys int) error {
		request := filing("ada")
		request.ItemIds, request.ContentKeys = bad(items), bad(keys)
		_, err := p.objections.FileObjection(t.Context(), request)
		return err
	}
	apply := func(yaml string) error {
		_, err := p.policies.ApplyPolicy(t.Context(), &vetov1.ApplyPolicyRequest{RequestId: uuid.NewString(), Yaml: yaml})
		return err
	}
	for _, test := range []struct {
		name   string
		err    error
		reason string
		first  string // the first field
		total  string // how many there are; empty: all are told
	}{
		{"5 bad ids", file(5, 0), "INVALID_REQUEST", "item_ids[0]", ""},
		{"200 bad ids", file(200, 0), "INVALID_REQUEST", "item_ids[0]", "200"},
		{"2,000 bad ids", file(1000, 1000), "INVALID_REQUEST", "item_ids[0]", "2000"},
		{"a policy with 300 faults", apply(manyFaults(100)), "INVALID_POLICY", "", "many"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := refused(t, test.err)
			r.want(t, codes.InvalidArgument, test.reason)
			if test.total == "" {
				r.wantFields(t, "item_ids[0]", "item_ids[1]", "item_ids[2]", "item_ids[3]", "item_ids[4]")
				return
			}
			if len(r.fieldOrder) < 10 || test.first != "" && r.fieldOrder[0] != test.first {
				t.Errorf("fields %q, want many, the first %s", r.fieldOrder, test.first)
			}
			if test.total != "many" && r.metadata["violations"] != test.total || r.metadata["violations"] == "" {
				t.Errorf("metadata %v, want %s violations", r.metadata, test.total)
			}
			var total int
			if _, err := fmt.Sscan(r.metadata["violations"], &total); err != nil {
				t.Fatal(err)
			}
			told := len(r.fieldOrder) - 1
			if got, want := r.fields[""], fmt.Sprintf("and %d more", total-told); got != want || r.fieldOrder[told] != "" {
				t.Errorf("the last says %q, want %q", got, want)
			}
			if want := fmt.Sprintf("(and %d more)", total-1); !strings.Contains(r.message, want) {
				t.Errorf("the message %q does not say %q", r.message, want)
			}
		})
	}
}

// TestListsOfNamesFit: a policy with as many and as long names as there may be.
func TestListsOfNamesFit(t *testing.T) {
	p := start(t, settings{forClient: smallHeaders(), noPolicy: true})
	var b strings.Builder
	b.WriteString("controller: {name: Example Platform}\npurposes:\n")
	name := func(kind string, i int) string { return fmt.Sprintf("%s-%02d-%s", kind, i, strings.Repeat("x", 50)) }
	for i := range 32 {
		fmt.Fprintf(&b, "  - {name: %s, title: A purpose}\n", name("purpose", i))
	}
	b.WriteString("regimes:\n")
	for i := range 60 {
		fmt.Fprintf(&b, "  - {name: %s, jurisdictions: [US-%s], purposes: [%s], legal_basis: PROHIBITED}\n", name("regime", i), usStates[i%len(usStates)], name("purpose", i/len(usStates)))
	}
	p.apply(b.String())
	_, err := p.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: "weather"})
	r := refused(t, err)
	r.want(t, codes.InvalidArgument, "UNDECLARED_PURPOSE")
	r.wantFields(t, "purpose")
	if r.metadata["declared_total"] != "32" || !strings.HasPrefix(r.metadata["declared"], name("purpose", 0)+",") || !strings.Contains(r.message, " more") {
		t.Errorf("message %q, metadata %v", r.message, r.metadata)
	}
	_, err = p.policies.SuspendRegime(t.Context(), &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "nowhere", Reason: "a test"})
	r = refused(t, err)
	r.want(t, codes.NotFound, "UNKNOWN_REGIME")
	if r.metadata["regimes_total"] != "60" {
		t.Errorf("metadata %v", r.metadata)
	}
}

// usStates are subdivisions that a regime can be for.
var usStates = strings.Fields("AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY")
