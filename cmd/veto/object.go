package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// filing is what `veto object` was told.
type filing struct {
	subject                        string
	purposes, items, contentKeys   []string
	country, channel, filedBy      string
	sentAt, receivedAt             string
	caseReference, notice          string
	verified                       bool
	receiptFile, requestID, output string
}

func (a *app) objectCommand() *cobra.Command {
	var t target
	var f filing
	cmd := a.clientCommand("object SUBJECT", helpOf("object"), 0, 1, &t, false, func(ctx context.Context, c *client, args []string) error {
		f.subject, f.output = strings.Join(args, ""), t.output
		return object(ctx, c, a.streams, f)
	})
	flags := cmd.Flags()
	flags.StringArrayVar(&f.purposes, "purpose", nil, "a declared purpose")
	flags.StringArrayVar(&f.items, "item", nil, "an item's id")
	flags.StringArrayVar(&f.contentKeys, "content-key", nil, "a content key")
	flags.StringVar(&f.country, "country", "", "a country code")
	flags.StringVar(&f.channel, "channel", "API", "how it came")
	flags.BoolVar(&f.verified, "verified", false, "the person is verified")
	flags.StringVar(&f.filedBy, "filed-by", "", "who files it")
	flags.StringVar(&f.sentAt, "sent-at", "", "a time")
	flags.StringVar(&f.receivedAt, "received-at", "", "a time")
	flags.StringVar(&f.caseReference, "case", "", "a reference")
	flags.StringVar(&f.notice, "notice", "", "a version")
	flags.StringVar(&f.receiptFile, "receipt", "", "a file to write")
	flags.StringVar(&f.requestID, "request-id", "", "a UUID")
	return cmd
}

// object files an objection, keeps its receipt, and tells what is in force.
func object(ctx context.Context, c *client, s terminal.Streams, f filing) error {
	request, err := f.request()
	if err != nil {
		return err
	}
	if err := checkReceiptPath("receipt", f.receiptFile); err != nil {
		return err
	}
	response, err := c.registry.FileObjection(ctx, request)
	if err != nil {
		return retriable(err, request.GetRequestId())
	}
	kept := writeReceipt(f.receiptFile, response.GetReceipt(), request.GetRequestId())
	if f.output == outputJSON {
		err = s.JSON(response)
	} else {
		err = writeFiling(s, response, f.receiptFile)
	}
	if kept != nil {
		return kept
	}
	return err
}

func (f filing) request() (*vetov1.FileObjectionRequest, error) {
	if f.subject == "" && len(f.items) == 0 && len(f.contentKeys) == 0 {
		return nil, usage("veto object SUBJECT, or --item or --content-key alone", "SUBJECT is missing: who objects?")
	}
	channel, err := parseEnum[vetov1.Channel]("channel", f.channel)
	if err != nil {
		return nil, err
	}
	filedBy, err := parseEnum[vetov1.FiledBy]("filed-by", f.filedBy)
	if err != nil {
		return nil, err
	}
	sentAt, err := parseInstant("sent-at", f.sentAt)
	if err != nil {
		return nil, err
	}
	receivedAt, err := parseInstant("received-at", f.receivedAt)
	if err != nil {
		return nil, err
	}
	id, err := requestID(f.requestID)
	if err != nil {
		return nil, err
	}
	return &vetov1.FileObjectionRequest{
		RequestId:     id,
		SubjectId:     f.subject,
		Purposes:      f.purposes,
		ItemIds:       f.items,
		ContentKeys:   f.contentKeys,
		Country:       f.country,
		Channel:       channel,
		SentAt:        sentAt,
		ReceivedAt:    receivedAt,
		Verification:  verification(f.verified),
		FiledBy:       filedBy,
		CaseReference: f.caseReference,
		NoticeVersion: f.notice,
	}, nil
}

func verification(verified bool) vetov1.Verification {
	if verified {
		return vetov1.Verification_VERIFICATION_VERIFIED
	}
	return vetov1.Verification_VERIFICATION_UNVERIFIED
}

// parseInstant reads an instant; a date alone is refused, since a midnight is somebody's midnight. Nothing: absent.
func parseInstant(flag, text string) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, usage("RFC 3339 with an offset, e.g. 2025-05-20T09:00:00+02:00", "--%s: not an instant", flag)
	}
	return timestamppb.New(at), nil
}

// writeFiling tells what is in force now.
func writeFiling(s terminal.Streams, r *vetov1.FileObjectionResponse, receiptFile string) error {
	o := r.GetObjection()
	var t terminal.Table
	t.Add("objection", o.GetObjectionId())
	t.Add("revision", strconv.FormatUint(r.GetRevision(), 10))
	t.Add("in force", scopeWords(o)+", "+purposeWords(o))
	t.Add("recorded", terminal.Instant(o.GetRecordedAt()))
	t.Add("answer due", terminal.Instant(o.GetResponseDueAt()))
	if receiptFile != "" {
		t.Add("receipt", receiptFile)
	}
	if err := t.Write(s.Out, ""); err != nil {
		return err
	}
	if r.GetUnchanged() {
		s.Say("it stood already, verified and no narrower: nothing was written")
	}
	if words := r.GetReceipt().GetWords(); words != "" {
		_, err := fmt.Fprintf(s.Out, "\n%s\n", strings.TrimSpace(words))
		return err
	}
	return nil
}

// scopeWords is what content an objection covers.
func scopeWords(o *vetov1.Objection) string {
	var parts []string
	if n := o.GetItemCount(); n > 0 {
		parts = append(parts, terminal.Counted(n, "item", "items"))
	}
	if n := o.GetContentKeyCount(); n > 0 {
		parts = append(parts, terminal.Counted(n, "content key", "content keys"))
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, " and ")
}

// purposeWords is for which purposes an objection stands.
func purposeWords(o *vetov1.Objection) string {
	switch {
	case len(o.GetPurposes()) > 0:
		return "for " + strings.Join(o.GetPurposes(), ", ")
	case o.GetState() == vetov1.ObjectionState_OBJECTION_STATE_WITHDRAWN:
		return "for no purpose any more"
	case len(o.GetAllPurposesBut()) > 0:
		return "for every purpose but " + strings.Join(o.GetAllPurposesBut(), ", ")
	}
	return "for every purpose, later ones included"
}
