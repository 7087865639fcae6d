package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/store"
)

// sealedRows holds that sealed rows come and go with the events that say so, and not with a refusal or a retry.
func sealedRows(t *testing.T, open Open) {
	dir := t.TempDir()
	log := open(t, dir)
	row := func(n int) store.Sealed {
		return store.Sealed{Handle: key(n), Bytes: fmt.Appendf(nil, "sealed %d", n)}
	}
	sealing := func(n int, seal []store.Sealed, unseal ...event.Key) store.Command {
		r := record(n)
		r.Seal, r.Unseal = seal, unseal
		return writing(n, r)
	}
	mustAppend(t, log, sealing(1, []store.Sealed{row(2), row(1)}))
	mustAppend(t, log, sealing(1, nil, key(1))) // a retry does nothing again
	r := record(2)
	r.Unseal = []event.Key{key(1)}
	if _, err := log.Append(t.Context(), deciding(2, func(store.Present) (store.Verdict, error) {
		return store.Verdict{Record: r}, errRefused
	})); !errors.Is(err, errRefused) {
		t.Fatalf("Append: %v, want the refusal", err)
	}
	got, err := log.Sealed(t.Context(), key(1), key(7), key(2))
	if diff := cmp.Diff([]store.Sealed{row(1), row(2)}, got); err != nil || diff != "" {
		t.Errorf("Sealed: %v (-want +got)\n%s", err, diff)
	}
	var many []store.Sealed
	for n := 3; n < 1500; n++ {
		if many = append(many, row(n)); len(many) == store.MaxSealed || n == 1499 {
			mustAppend(t, log, sealing(n, many))
			many = nil
		}
	}
	mustAppend(t, log, sealing(2000, nil, key(2), key(700), key(9999))) // one that is not there harms nobody
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = open(t, dir)
	defer func() { _ = log.Close() }()
	var each []store.Sealed
	for one, err := range log.EachSealed(t.Context()) {
		if err != nil {
			t.Fatalf("EachSealed: %v", err)
		}
		each = append(each, one)
	}
	var want []store.Sealed
	for n := 1; n < 1500; n++ {
		if n != 2 && n != 700 {
			want = append(want, row(n))
		}
	}
	if diff := cmp.Diff(want, each); diff != "" {
		t.Errorf("EachSealed (-want +got)\n%s", diff)
	}
	if !slices.IsSortedFunc(each, func(a, b store.Sealed) int { return bytes.Compare(a.Handle[:], b.Handle[:]) }) {
		t.Error("EachSealed: not by handle")
	}
	if got, err := log.Sealed(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Sealed of nothing: %v, %v", got, err)
	}
}
