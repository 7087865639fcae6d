package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// withdrawal is what `veto withdraw` was told.
type withdrawal struct {
	subject, objection             string
	purposes                       []string
	channel, filedBy               string
	verified                       bool
	proofFile                      string
	receiptFile, requestID, output string
}

func (a *app) withdrawCommand() *cobra.Command {
	var t target
	var w withdrawal
	cmd := a.clientCommand("withdraw SUBJECT", helpOf("withdraw"), 0, 1, &t, false, func(ctx context.Context, c *client, args []string) error {
		w.subject, w.output = strings.Join(args, ""), t.output
		return withdraw(ctx, c, a.streams, w)
	})
	flags := cmd.Flags()
	flags.StringVar(&w.objection, "objection", "", "an objection's id")
	flags.StringArrayVar(&w.purposes, "purpose", nil, "a declared purpose")
	flags.StringVar(&w.channel, "channel", "API", "how it came")
	flags.StringVar(&w.filedBy, "filed-by", "", "who files it")
	flags.BoolVar(&w.verified, "verified", false, "the person is verified")
	flags.StringVar(&w.proofFile, "receipt", "", "a receipt's file")
	flags.StringVar(&w.receiptFile, "new-receipt", "", "a file to write")
	flags.StringVar(&w.requestID, "request-id", "", "a UUID")
	return cmd
}

// withdraw lifts objections and tells what that did.
func withdraw(ctx context.Context, c *client, s terminal.Streams, w withdrawal) error {
	request, err := w.request()
	if err != nil {
		return err
	}
	if err := checkReceiptPath("new-receipt", w.receiptFile); err != nil {
		return err
	}
	response, err := c.registry.WithdrawObjection(ctx, request)
	if err != nil {
		return retriable(err, request.GetRequestId())
	}
	lifted := response.GetEffect() == vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_LIFTED
	var kept error
	if lifted {
		kept = writeReceipt(w.receiptFile, response.GetReceipt(), request.GetRequestId())
	}
	if w.output == outputJSON {
		err = s.JSON(response)
	} else {
		err = writeWithdrawal(s, response)
	}
	switch {
	case kept != nil:
		return kept
	case err != nil:
		return err
	case response.GetEffect() == vetov1.WithdrawalEffect_WITHDRAWAL_EFFECT_NO_EFFECT_UNVERIFIED:
		return failed("add --verified if you know that it is the person, or --receipt with the receipt of the filing",
			"a withdrawal needs proof: nothing was lifted")
	}
	return nil
}

func (w withdrawal) request() (*vetov1.WithdrawObjectionRequest, error) {
	if w.subject == "" && w.proofFile == "" {
		return nil, usage("veto withdraw SUBJECT, or --receipt FILE alone", "SUBJECT is missing: whose objection is lifted?")
	}
	channel, err := parseEnum[vetov1.Channel]("channel", w.channel)
	if err != nil {
		return nil, err
	}
	filedBy, err := parseEnum[vetov1.FiledBy]("filed-by", w.filedBy)
	if err != nil {
		return nil, err
	}
	var proof *vetov1.Receipt
	if w.proofFile != "" {
		if proof, err = readReceipt(w.proofFile); err != nil {
			return nil, err
		}
	}
	id, err := requestID(w.requestID)
	if err != nil {
		return nil, err
	}
	return &vetov1.WithdrawObjectionRequest{
		RequestId:    id,
		SubjectId:    w.subject,
		ObjectionId:  w.objection,
		Purposes:     w.purposes,
		Verification: verification(w.verified),
		ProofReceipt: proof,
		Channel:      channel,
		FiledBy:      filedBy,
	}, nil
}

// writeWithdrawal tells what was lifted, and what of it still stands.
func writeWithdrawal(s terminal.Streams, r *vetov1.WithdrawObjectionResponse) error {
	var t terminal.Table
	t.Add("effect", terminal.Bare(r.GetEffect()))
	for _, o := range r.GetLifted() {
		t.Add("lifted", o.GetObjectionId()+", which stands "+purposeWords(o))
	}
	t.Add("revision", strconv.FormatUint(r.GetRevision(), 10))
	if err := t.Write(s.Out, ""); err != nil {
		return err
	}
	if words := r.GetReceipt().GetWords(); words != "" {
		_, err := fmt.Fprintf(s.Out, "\n%s\n", strings.TrimSpace(words))
		return err
	}
	return nil
}
