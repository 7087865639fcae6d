// Package limits holds what a server bounds of its callers, each limit under one name: that of the flag, of the setting and of the error that tells of it.
// A caller that goes past one costs itself an error, and its neighbours nothing.
package limits

import (
	"errors"
	"fmt"
	"time"
)

// Limits are what one server bounds. A zero field is its default.
type Limits struct {
	// MessageBytes bounds one batch message, as it is once unpacked: 64 KiB to 1 GiB. Default 16 MiB, which takes 10,000 items of 1.6 KiB. Any other
	// request is bounded by RequestBytes.
	MessageBytes int
	// BatchItems is how many items one batch may have: 1 to 10,000, the default.
	BatchItems int
	// CallsPerConnection is how many calls one connection may have open at once: 1 to 100,000, default 256. A client that has more to ask keeps it back.
	CallsPerConnection int
	// Connections is how many there may be at once: 1 to 1,000,000, default 1,024. What is above is answered for a second with RESOURCE_EXHAUSTED.
	Connections int
	// Streams is how many calls of StreamDecide, ImportObjections and WatchEvents, health watches and reflections may be open at once on all connections: 1 to 1,000,000, default 1,024.
	Streams int
	// CallTime is how long a call may take that is no stream, whatever deadline its caller set: 100 ms to 1 h, default 1 min.
	CallTime time.Duration
	// StreamIdle is how long a stream may send nothing before it is ended: 1 s to 24 h, default 5 min.
	StreamIdle time.Duration
	// StreamSend is how long an answer may wait for a stream's client to read: 100 ms to 1 h, default 1 min.
	StreamSend time.Duration
	// KeepaliveTime is how long a connection may be silent before it is asked whether it lives: 1 s to 24 h, default 1 min.
	KeepaliveTime time.Duration
	// KeepaliveTimeout is how long its answer may take: 100 ms to 1 h, default 20 s.
	KeepaliveTimeout time.Duration
	// KeepaliveMinTime is how often a client may ask the same at most: 100 ms to 1 h, default 10 s. One that asks more often loses its connection.
	KeepaliveMinTime time.Duration
	// ConnectTime is for a client that connects and says nothing: 100 ms to 1 h, default 20 s.
	ConnectTime time.Duration
}

const (
	// MaxBatchItems is what BatchItems can be at most: the API's bound.
	MaxBatchItems = 10_000
	// RequestBytes bounds every request but batches.
	RequestBytes = 4 << 20
	// HeaderBytes bounds a call's metadata; ours needs none but a token.
	HeaderBytes = 64 << 10
)

// number is a limit that counts, duration one that is a time.
type number struct {
	name, words            string
	at                     func(*Limits) *int
	least, most, otherwise int
}

type duration struct {
	name, words            string
	at                     func(*Limits) *time.Duration
	least, most, otherwise time.Duration
}

var numbers = []number{
	{"max-message-bytes", "how many bytes a batch may have", func(l *Limits) *int { return &l.MessageBytes }, 64 << 10, 1 << 30, 16 << 20},
	{"max-batch-items", "how many items a batch may have", func(l *Limits) *int { return &l.BatchItems }, 1, MaxBatchItems, MaxBatchItems},
	{"max-connections", "how many connections there may be", func(l *Limits) *int { return &l.Connections }, 1, 1_000_000, 1_024},
	{"max-calls-per-connection", "how many calls one may have open", func(l *Limits) *int { return &l.CallsPerConnection }, 1, 100_000, 256},
	{"max-streams", "how many streams may be open", func(l *Limits) *int { return &l.Streams }, 1, 1_000_000, 1_024},
}

var durations = []duration{
	{"call-time", "how long a call may take", func(l *Limits) *time.Duration { return &l.CallTime }, 100 * time.Millisecond, time.Hour, time.Minute},
	{"stream-idle", "how long a stream may send nothing", func(l *Limits) *time.Duration { return &l.StreamIdle }, time.Second, 24 * time.Hour, 5 * time.Minute},
	{"stream-send", "how long an answer may wait for its reader", func(l *Limits) *time.Duration { return &l.StreamSend }, 100 * time.Millisecond, time.Hour, time.Minute},
	{"keepalive-time", "after what silence a client is asked whether it lives", func(l *Limits) *time.Duration { return &l.KeepaliveTime }, time.Second, 24 * time.Hour, time.Minute},
	{"keepalive-timeout", "how long its answer may take", func(l *Limits) *time.Duration { return &l.KeepaliveTimeout }, 100 * time.Millisecond, time.Hour, 20 * time.Second},
	{"keepalive-min-time", "how often a client may ask", func(l *Limits) *time.Duration { return &l.KeepaliveMinTime }, 100 * time.Millisecond, time.Hour, 10 * time.Second},
	{"connect-time", "how long a client may say nothing at first", func(l *Limits) *time.Duration { return &l.ConnectTime }, 100 * time.Millisecond, time.Hour, 20 * time.Second},
}

// WithDefaults fills in what is zero, and refuses what is out of bounds.
func (l Limits) WithDefaults() (Limits, error) {
	for _, n := range numbers {
		if at := n.at(&l); *at == 0 {
			*at = n.otherwise
		}
	}
	for _, d := range durations {
		if at := d.at(&l); *at == 0 {
			*at = d.otherwise
		}
	}
	return l, l.Check()
}

// Check refuses what is out of bounds, all of it; zero is too.
func (l Limits) Check() error {
	var faults []error
	for _, n := range numbers {
		if at := *n.at(&l); at < n.least || at > n.most {
			faults = append(faults, fmt.Errorf("--%s: not between %d and %d", n.name, n.least, n.most))
		}
	}
	for _, d := range durations {
		if at := *d.at(&l); at < d.least || at > d.most {
			faults = append(faults, fmt.Errorf("--%s: not between %v and %v", d.name, d.least, d.most))
		}
	}
	return errors.Join(faults...)
}
