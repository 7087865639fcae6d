package policy

import (
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// everywhere is the jurisdiction of a regime that rules whatever no other rules.
const everywhere = "*"

// groups checks the declared groups, and answers with their names.
func (c *faults) groups(list []*vetov1.Group) map[string]bool {
	names := map[string]bool{jurisdiction.EU: true, jurisdiction.EEA: true}
	first := map[string]int{}
	for i, g := range list {
		path := fmt.Sprintf("groups[%d].name", i)
		j, twice := first[g.GetName()]
		switch e := jurisdiction.Lookup(g.GetName()); {
		case g.GetName() == jurisdiction.EU || g.GetName() == jurisdiction.EEA:
			c.add(path, "built in, with its territories and by date; remove the declaration, or choose another name")
		case e.Class == jurisdiction.Alpha3:
			c.add(path, "the three-letter code of a country; choose a name that nobody takes for a country")
		case twice:
			c.add(path, "the name of groups[%d] already; choose another name", j)
		default:
			first[g.GetName()] = i
			names[g.GetName()] = true
		}
	}
	for i, g := range list {
		for j, m := range g.GetMembers() {
			c.place(fmt.Sprintf("groups[%d].members[%d]", i, j), m, names)
		}
	}
	c.circles(list)
	return names
}

// place checks that a text names a country, a subdivision or a group.
func (c *faults) place(path, text string, groups map[string]bool) {
	if groups[text] {
		return
	}
	e := jurisdiction.Lookup(text)
	switch {
	case e.Assigned():
	case text == everywhere:
		c.add(path, "* is no member of a group; name it in a regime's jurisdictions")
	case e.Class == jurisdiction.Malformed || e.Class == jurisdiction.GroupName || e.Class == jurisdiction.Unassigned:
		c.add(path, "neither a country (DE), nor a subdivision (DE-BY), nor a group that is built in (EU, EEA) or declared in groups; correct or declare it")
	default:
		c.add(path, "%v", jurisdiction.Check(text))
	}
}

// circles refuses groups that hold themselves. Each circle is reported where it closes.
func (c *faults) circles(list []*vetov1.Group) {
	index := map[string]int{}
	for i, g := range list {
		index[g.GetName()] = i
	}
	const open, done = 1, 2
	state := make([]int, len(list))
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		for j, m := range list[i].GetMembers() {
			k, ok := index[m]
			switch {
			case !ok || state[k] == done:
			case state[k] == open:
				c.add(fmt.Sprintf("groups[%d].members[%d]", i, j), "closes a circle: groups[%d] holds itself; take one of the groups out of the other", k)
			default:
				visit(k)
			}
		}
		state[i] = done
	}
	for i := range list {
		if state[i] == 0 {
			visit(i)
		}
	}
}
