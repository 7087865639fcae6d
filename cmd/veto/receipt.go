package main

import (
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protojson"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// A receipt's file is protojson of veto.v1.Receipt, for its owner's eyes (0600): with it one can test whether a given id is in the event.

// checkReceiptPath refuses, before anything is recorded, a path at which a receipt could not be written.
func checkReceiptPath(flag, path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return usage("a receipt is proof, so none is overwritten: name another file", "--%s: there is a file %s already", flag, path)
	}
	if folder, err := os.Stat(filepath.Dir(path)); err != nil || !folder.IsDir() {
		return usage("make it first", "--%s: there is no folder %s", flag, filepath.Dir(path))
	}
	return nil
}

// writeReceipt writes the file whole or not at all. What was recorded stands either way, and the error says how to come by the receipt.
func writeReceipt(path string, receipt *vetov1.Receipt, requestID string) error {
	if path == "" {
		return nil
	}
	text, err := protojson.MarshalOptions{Multiline: true, Indent: "  ", UseProtoNames: true}.Marshal(receipt)
	if err == nil {
		err = terminal.CreateFile(path, 0o600, append(text, '\n'))
	}
	if err != nil {
		return failed("run it again with --request-id "+requestID+": it answers with the same receipt",
			"it is recorded at revision %d; only the receipt could not be written: %w", receipt.GetRevision(), err)
	}
	return nil
}

// readReceipt reads a receipt's file.
func readReceipt(path string) (*vetov1.Receipt, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the receipt: %w", err)
	}
	receipt := new(vetov1.Receipt)
	if err := protojson.Unmarshal(text, receipt); err != nil {
		// The cause would quote the file.
		return nil, failed("give the file that `veto object --receipt FILE` wrote, unchanged", "read the receipt: %s holds none", path)
	}
	return receipt, nil
}
