package server

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/veto-gate/veto/internal/gate"
)

// notUTF8 is what is wrong with a text that the codec could not read.
const notUTF8 = "not UTF-8"

// itemPath cuts a path of a request into the item's position and the field in the item: `items[7].author_id` is 7,
// `author_id`; `item.author_id` is 0, `author_id`. False: the path leads into no item.
func itemPath(path string) (index int, field string, ok bool) {
	if field, ok := strings.CutPrefix(path, "item."); ok {
		return 0, field, true
	}
	rest, ok := strings.CutPrefix(path, "items[")
	if !ok {
		return 0, "", false
	}
	position, field, ok := strings.Cut(rest, "].")
	if !ok {
		return 0, "", false
	}
	index, err := strconv.Atoi(position)
	return index, field, err == nil
}

// itemFaults are the items that hold a text which is none, each with its first; nil, as good as always, where all can be
// read.
func itemFaults(request proto.Message) map[int]*gate.Violation {
	var faults map[int]*gate.Violation
	for _, path := range unreadable(request) {
		index, field, ok := itemPath(path)
		if !ok || faults[index] != nil {
			continue
		}
		if faults == nil {
			faults = map[int]*gate.Violation{}
		}
		faults[index] = &gate.Violation{Field: field, Message: notUTF8}
	}
	return faults
}

// singleFault is itemFaults for a request with one item.
func singleFault(request proto.Message) *gate.Violation { return itemFaults(request)[0] }
