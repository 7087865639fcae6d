package event_test

import (
	"errors"
	"fmt"

	"github.com/veto-gate/veto/internal/event"
)

func ExampleSeal() {
	e := fixtures()[0].event // GENESIS, with what its type must have
	leaf, side, err := event.Seal(e)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s%d bytes beside it\n", leaf, len(side))
	// Output:
	// veto/event/v1
	// type GENESIS
	// day 2025-04-14
	// effect BOUND
	// log veto.example/register
	// format 1
	// secret a856af276fedc7b2208aaca4db58203d621a580d3d86b845b449425c885e308b
	// person b1679ce5dce32ef394908ddc5a2b608b34a0be67cfee04e2bbdea4f1a2bd7fd2
	// record 04e299cdcfc82de50e03bd6c2921d088e2f7f48f72434bdc64eea706e7ea558c
	// 370 bytes beside it
}

func ExampleOpen() {
	leaf, side, _ := event.Seal(fixtures()[0].event)
	side[20] ^= 1 // a bit flips at rest
	_, err := event.Open(leaf, side)
	fmt.Println(errors.Is(err, event.ErrMismatch))
	fmt.Println(err)
	// Output:
	// true
	// open event: record: leaf and side row do not belong together
}

func ExampleParseLeaf() {
	_, err := event.ParseLeaf([]byte("veto/event/v1\ntype GENESIS\nday 2025-4-14\n"))
	m, _ := errors.AsType[*event.MalformedError](err)
	fmt.Println(m.Line, m.Field)
	fmt.Println(err)
	// Output:
	// 3 day
	// parse leaf: line 3: day: not a date such as 2026-01-02
}

func ExampleParseSide() {
	_, side, _ := event.Seal(fixtures()[0].event)
	s, err := event.ParseSide(side, event.TypeGenesis)
	fmt.Println(s.Role, s.RecordedAt, err)
	// Output:
	// SYSTEM 2025-04-14 08:00:00 +0000 UTC <nil>
}

func ExampleSide_Private() {
	for _, v := range fixtures()[2].event.Side.Private() {
		fmt.Printf("%s %q\n", v.Tag, v.Text)
	}
	// Output:
	// recorded_at "2025-05-20T23:59:59.999999Z"
	// objection_id "TM2N-XWYZ-K9"
	// subject_id ""
	// purposes "*"
	// country "DE"
	// channel "SETTINGS"
	// verification "UNVERIFIED"
	// filed_by "SELF"
}

func ExamplePurposes() {
	all := event.Purposes{All: true}
	left := all.Minus(event.PurposesOf("generative-ai-training"))
	fmt.Println(left, left.Has("generative-ai-training"), left.Has("one-declared-later"))
	// Output:
	// *,!generative-ai-training false true
}

func ExampleParsePurposes() {
	p, err := event.ParsePurposes("ads-ranking,generative-ai-training")
	fmt.Println(p.Names, err)
	_, err = event.ParsePurposes("generative-ai-training,ads-ranking")
	fmt.Println(err)
	// Output:
	// [ads-ranking generative-ai-training] <nil>
	// parse purposes: purposes not in ascending order, or twice
}

func ExampleNewObjectionID() {
	fmt.Println(event.NewObjectionID(29277380574195))
	// Output:
	// TM2N-XWYZ-K9
}

func ExampleParseObjectionID() {
	fmt.Println(event.ParseObjectionID("tm2n xwyz k9"))
	fmt.Println(event.ParseObjectionID("mt2n xwyz k9"))
	// Output:
	// TM2N-XWYZ-K9 <nil>
	//  parse objection id: the check character does not fit: one was mistyped
}

func ExampleLeafHash() {
	fmt.Printf("%x\n", event.LeafHash(nil))
	// Output:
	// 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
}

func ExampleCheckText() {
	fmt.Println(event.CheckText("Order of 3 July:\nsuspend at once.", event.MaxReasonBytes))
	fmt.Println(event.CheckText("Order of 3 July:\r\nsuspend at once.", event.MaxReasonBytes))
	// Output:
	// <nil>
	// parse text: a control, separator or bidirectional character
}

func ExampleCommit() {
	e := fixtures()[0].event
	leaf, _, _ := event.Seal(e)
	l, _ := event.ParseLeaf(leaf)
	fmt.Println(event.Commit(e.Side.Person) == l.Person)
	// Output:
	// true
}

func ExamplePurposesOf() {
	fmt.Println(event.PurposesOf("search", "ads-ranking", "search"))
	// Output:
	// ads-ranking,search
}

func ExampleParseRequestID() {
	id, err := event.ParseRequestID("74d01dad-cbe6-a57e-f61b-c53a5a65404c")
	fmt.Println(id, err)
	// Output:
	// 74d01dad-cbe6-a57e-f61b-c53a5a65404c <nil>
}
