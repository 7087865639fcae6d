// Package terminal holds the rules of what a command writes.
//
// Data goes to stdout; all else goes to stderr, as `veto: …`, then `hint: …`. Tables align. JSON is protojson with the names of the proto, an object
// a line. Times are RFC 3339 in UTC, counts have separators, enum values go without the prefix of their enum. Progress is drawn only where somebody
// watches.
package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Streams is where a command reads and writes. It is for one goroutine at a time.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Watched says that Err is a terminal: progress may be drawn there.
	Watched bool
}

// Say writes a line to stderr.
func (s Streams) Say(format string, args ...any) {
	fmt.Fprintf(s.Err, "veto: "+format+"\n", args...)
}

// Hint writes to stderr what could be done next.
func (s Streams) Hint(text string) {
	fmt.Fprintln(s.Err, "hint: "+text)
}

// Print writes to stdout. A failure shows with the next write that is checked, or nowhere: a closed pipe has nobody behind it.
func (s Streams) Print(format string, args ...any) {
	fmt.Fprintf(s.Out, format, args...)
}

// JSON writes a message to stdout as one line of protojson.
func (s Streams) JSON(m proto.Message) error {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the answer as JSON: %w", err)
	}
	// protojson varies its spaces on purpose; a line that scripts compare does not.
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		return fmt.Errorf("write the answer as JSON: %w", err)
	}
	line.WriteByte('\n')
	_, err = s.Out.Write(line.Bytes())
	return err
}
