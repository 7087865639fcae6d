package event

// Rows returns what the tables say of each field, for the test that holds
// docs/formats/event.md to them: its name, a character for each type, and the tag
// under which its values stand in the person list.
func Rows() (leaf, side [][3]string) {
	for _, f := range leafFields {
		leaf = append(leaf, [3]string{f.name, f.in, f.tag})
	}
	for _, f := range sideFields {
		side = append(side, [3]string{f.name, f.in, f.tag})
	}
	return leaf, side
}

// Effects returns the words of the effects that an event of type t may have.
func Effects(t Type) []string {
	var list []string
	for _, e := range effectsOf[t] {
		list = append(list, e.String())
	}
	return list
}
