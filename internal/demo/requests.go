package demo

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// row is a line of the requests' file, by its columns.
type row map[string]string

// The answers that the file expects.
const (
	accepted  = "accept"
	unchanged = "unchanged"
	refused   = "reject"

	// narrowed is none that it ever expects: everything was objected to, and an item called "all" was recorded.
	narrowed = "narrowed"
)

// tally counts answers.
type tally struct {
	sent, asExpected, defensible int
	answers                      map[string]int
	parted                       map[string]bool // subjects whose history went another way than the file's from some row on
	otherwise                    []string        // rows that were answered as the file does not allow
}

// requests files what people send.
func (s *story) requests(ctx context.Context) error {
	s.title("What people send")
	rows, err := readRows(s.Requests)
	if err != nil {
		return fmt.Errorf("read the requests: %w", err)
	}
	count := tally{answers: map[string]int{}, parted: map[string]bool{}}
	receipts := map[string]*vetov1.Receipt{}
	firstRefusals := map[string]string{}
	begun := s.Now()
	for _, r := range rows {
		answer, words, err := s.send(ctx, r, receipts)
		if err != nil {
			return fmt.Errorf("row %s of the requests: %w", r["row"], err)
		}
		count.add(r, answer)
		if _, seen := firstRefusals[r["pattern"]]; answer == refused && !seen {
			firstRefusals[r["pattern"]] = words
		}
	}
	took := s.Now().Sub(begun)
	s.say("%s lists requests that were modelled on a public opt-out tracker: clean ones, templates left blank, \"all\" where items were asked for, two names in one field, "+
		"the same thing twice, people who know an address and no id. Each of the %d is now sent as it came.", s.Requests, count.sent)
	s.print("\n")
	var t terminal.Table
	t.Add("sent", terminal.Thousands(count.sent))
	t.Add("recorded", terminal.Thousands(count.answers[accepted]), "each on disk before it was acknowledged, with a receipt")
	t.Add("unchanged", terminal.Thousands(count.answers[unchanged]), "it stood already; or a withdrawal without proof, which changes nothing")
	t.Add("refused", terminal.Thousands(count.answers[refused]), "with the field at fault and what would be right")
	t.Add("as expected", terminal.Thousands(count.asExpected+count.defensible), fmt.Sprintf("by the answers in the file; where it allows two, %d times by the second", count.defensible))
	if len(count.otherwise) > 0 {
		t.Add("otherwise", terminal.Thousands(len(count.otherwise)), "row "+strings.Join(count.otherwise, ", "))
	}
	if err := t.Write(s.Out, "   "); err != nil {
		return err
	}
	s.print("\n")
	for _, pattern := range []string{"placeholder-left-in", "several-in-one", "bad-received_at"} {
		if words, ok := firstRefusals[pattern]; ok {
			s.say("A refusal (%s): %s", strings.ReplaceAll(pattern, "-", " "), words)
		}
	}
	s.say("%.1f ms for each, one after another: a write is answered once it is on disk and decides.", float64(took.Milliseconds())/float64(count.sent))
	return nil
}

// add counts an answer, and whether the file allows it. `may` rows have two answers; an "all" among the items is recorded as everything, or refused; and
// where one row of a person's was answered in its other way, the next may follow from that.
func (t *tally) add(r row, answer string) {
	t.sent++
	t.answers[answer]++
	other := r["strictness"] == "may" || r["strictness"] == "never-narrow" && answer == refused || t.parted[r["subject_id"]]
	switch {
	case answer == r["expected"]:
		t.asExpected++
	case other && answer != narrowed:
		t.defensible++
		t.parted[r["subject_id"]] = true
	default:
		t.otherwise = append(t.otherwise, r["row"])
	}
}

// send makes the call that a row describes, and keeps its receipt for the withdrawals that bring it along.
func (s *story) send(ctx context.Context, r row, receipts map[string]*vetov1.Receipt) (answer, words string, err error) {
	if r["action"] == "withdraw" {
		return s.sendWithdrawal(ctx, r, receipts)
	}
	request, fault := r.filing(s.RequestID())
	if fault != "" {
		return refused, fault, nil // as a form would, before anything is sent
	}
	response, err := s.Registry.FileObjection(ctx, request)
	if words, isRefusal := s.Refusal(err); isRefusal {
		return refused, words, nil
	}
	if err != nil {
		return "", "", err
	}
	receipts[r["row"]] = response.GetReceipt()
	switch {
	case response.GetUnchanged():
		return unchanged, "", nil
	case r["scope"] == "ALL" && response.GetObjection().GetItemCount() > 0:
		return narrowed, "", nil
	}
	return accepted, "", nil
}

func (s *story) sendWithdrawal(ctx context.Context, r row, receipts map[string]*vetov1.Receipt) (answer, words string, err error) {
	response, err := s.Registry.WithdrawObjection(ctx, &vetov1.WithdrawObjectionRequest{
		RequestId:    s.RequestID(),
		SubjectId:    r["subject_id"],
		Purposes:     strings.Fields(r["purposes"]),
		Verification: named[vetov1.Verification](r["verification"]),
		ProofReceipt: receipts[r["receipt_of"]],
		Channel:      named[vetov1.Channel](r["channel"]),
		FiledBy:      named[vetov1.FiledBy](r["filed_by"]),
	})
	if words, isRefusal := s.Refusal(err); isRefusal {
		return refused, words, nil
	}
	if err != nil {
		return "", "", err
	}
	if response.GetEffect() == vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED {
		return accepted, "", nil
	}
	return unchanged, "", nil
}

// filing is the call of an object row. The fault says what no call can carry.
func (r row) filing(requestID string) (_ *vetov1.FileObjectionRequest, fault string) {
	request := &vetov1.FileObjectionRequest{
		RequestId:    requestID,
		SubjectId:    r["subject_id"],
		Purposes:     strings.Fields(r["purposes"]),
		ItemIds:      strings.Fields(r["item_ids"]),
		Country:      r["country"],
		Channel:      named[vetov1.Channel](r["channel"]),
		Verification: named[vetov1.Verification](r["verification"]),
		FiledBy:      named[vetov1.FiledBy](r["filed_by"]),
	}
	for _, one := range strings.Fields(r["identifiers"]) {
		kind, value, _ := strings.Cut(one, ":")
		request.Identifiers = append(request.Identifiers, &vetov1.Identifier{Type: named[vetov1.IdentifierType](kind), Value: value})
	}
	for field, at := range map[string]**timestamppb.Timestamp{"sent_at": &request.SentAt, "received_at": &request.ReceivedAt} {
		if r[field] == "" {
			continue
		}
		read, err := time.Parse(time.RFC3339, r[field])
		if err != nil {
			return nil, field + ": not an instant; give it as 2025-05-20T09:00:00+02:00"
		}
		*at = timestamppb.New(read)
	}
	return request, ""
}

// named is an enum's value; a name that is none is the zero value, which a server refuses where it must be said.
func named[E interface {
	~int32
	protoreflect.Enum
}](name string) E {
	var zero E
	if found := terminal.ByName(zero.Descriptor(), name); found != nil {
		return E(found.Number())
	}
	return zero
}

// readRows reads a CSV file with a head.
func readRows(path string) ([]row, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, line := range lines[min(1, len(lines)):] {
		r := row{}
		for i, column := range lines[0] {
			r[column] = line[i]
		}
		rows = append(rows, r)
	}
	return rows, nil
}
