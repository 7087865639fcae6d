package standings_test

import (
	"fmt"
	"os"

	"github.com/veto-gate/veto/internal/gate/standings"
)

func ExampleBuilder() {
	somebody := standings.Key{0x2b, 0x7e}
	b := standings.NewBuilder()
	before := b.View()
	b.Object(standings.Subjects, somebody, standings.Objection{Country: "FR", Purposes: standings.AllPurposes})
	after := b.View()

	_, found := before.Subject(somebody)
	fmt.Println("before:", found)
	_, found = after.Subject(somebody)
	fmt.Println("after:", found)
	if err := after.Dump(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// before: false
	// after: true
	// subject 2b7e0000000000000000000000000000 objection FR ffffffff
}
