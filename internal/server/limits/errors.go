package limits

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
)

// Error says that a caller went past a limit.
type Error struct {
	// Name is the limit's.
	Name string
	// Most is what it allows, as its flag takes it.
	Most string
	// Code is what the caller is answered.
	Code codes.Code
	// Retry is how long the caller should wait before it asks again; 0: the same call will never do.
	Retry time.Duration
	what  string
}

// Error says what was too much, and what to do.
func (e *Error) Error() string { return e.what }

// tryAgain is how long a caller waits for what others hold.
const tryAgain = time.Second

// TooManyBytes is a batch above MessageBytes.
func (l Limits) TooManyBytes() *Error {
	return &Error{Name: "max-message-bytes", Most: strconv.Itoa(l.MessageBytes), Code: codes.ResourceExhausted,
		what: fmt.Sprintf("the message is larger than %d bytes; send less at once, or have the server's --max-message-bytes raised", l.MessageBytes)}
}

// TooManyConnections is a connection above Connections.
func (l Limits) TooManyConnections() *Error {
	return &Error{Name: "max-connections", Most: strconv.Itoa(l.Connections), Code: codes.ResourceExhausted, Retry: tryAgain,
		what: fmt.Sprintf("this server has %d connections, and takes no more; use one connection for many calls, ask another replica, or have its --max-connections raised", l.Connections)}
}

// TooManyStreams is one stream above Streams.
func (l Limits) TooManyStreams() *Error {
	return &Error{Name: "max-streams", Most: strconv.Itoa(l.Streams), Code: codes.ResourceExhausted, Retry: tryAgain,
		what: fmt.Sprintf("this server has %d streams open, and opens no more; end one, ask another replica, or have its --max-streams raised", l.Streams)}
}

// TookTooLong is a call longer than CallTime.
func (l Limits) TookTooLong() *Error {
	return &Error{Name: "call-time", Most: l.CallTime.String(), Code: codes.DeadlineExceeded,
		what: fmt.Sprintf("the call took longer than the server's --call-time of %v; ask for less at once. A write may have been done: retry with the same request_id, which does it at most once", l.CallTime)}
}

// SentNothing is a stream that sent nothing for StreamIdle.
func (l Limits) SentNothing() *Error {
	return &Error{Name: "stream-idle", Most: l.StreamIdle.String(), Code: codes.Unavailable, Retry: tryAgain,
		what: fmt.Sprintf("the stream sent nothing within the server's --stream-idle of %v, and was ended; open another when there is something to decide", l.StreamIdle)}
}

// ReadNothing is a stream whose answer nobody read for StreamSend.
func (l Limits) ReadNothing() *Error {
	return &Error{Name: "stream-send", Most: l.StreamSend.String(), Code: codes.Unavailable, Retry: tryAgain,
		what: fmt.Sprintf("the stream's answers were not read within the server's --stream-send of %v, and it was ended; read each answer, and send again what has none", l.StreamSend)}
}

// OfWatcher is the error of a watcher that did not read: it is too slow, and goes on after the last revision that reached it.
func (e *Error) OfWatcher() *Error {
	return &Error{Name: e.Name, Most: e.Most, Code: codes.ResourceExhausted, Retry: tryAgain,
		what: fmt.Sprintf("the watcher took nothing within the server's --%s of %s, and was cut off; watch again with after_revision as the last revision that it received", e.Name, e.Most)}
}
