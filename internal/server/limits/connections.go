package limits

import (
	"net"
	"sync"
	"sync/atomic"
)

// waiting is how many connections above the limit are taken up to be told so; one above that too is closed without a word.
const waiting = 64

// Split makes two listeners of one: connections up to the limit come to the first, and some of those above it to the second, whose server tells them so.
// Closing the first closes the one that was split, and with it the second.
func Split(listener net.Listener, l Limits) (within, above net.Listener) {
	s := &split{Listener: listener, most: int64(l.Connections), above: make(chan net.Conn), closed: make(chan struct{})}
	return s, &overflow{s}
}

type split struct {
	net.Listener
	most, open, told int64
	above            chan net.Conn
	closing          sync.Once
	closed           chan struct{}
}

// Accept waits for a connection within the limit.
func (s *split) Accept() (net.Conn, error) {
	for {
		conn, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if held := hold(conn, &s.open, s.most); held != nil {
			return held, nil
		}
		s.tell(conn)
	}
}

// tell hands a connection on to be told that it is one too many.
func (s *split) tell(conn net.Conn) {
	held := hold(conn, &s.told, waiting)
	if held == nil {
		_ = conn.Close() // nobody is told of it
		return
	}
	select {
	case s.above <- held:
	case <-s.closed:
		_ = held.Close()
	}
}

// Close closes the listener that was split.
func (s *split) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return s.Listener.Close()
}

// overflow is the second listener.
type overflow struct{ *split }

// Accept waits for a connection above the limit.
func (o *overflow) Accept() (net.Conn, error) {
	select {
	case conn := <-o.above:
		return conn, nil
	case <-o.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the telling; connections above the limit are closed from then on.
func (o *overflow) Close() error {
	o.closing.Do(func() { close(o.closed) })
	return nil
}

// held is a connection that counts until it is closed.
type held struct {
	net.Conn
	counted  *int64
	released sync.Once
}

// hold counts a connection; nil: there are as many as there may be.
func hold(conn net.Conn, counted *int64, most int64) net.Conn {
	if atomic.AddInt64(counted, 1) > most {
		atomic.AddInt64(counted, -1)
		return nil
	}
	return &held{Conn: conn, counted: counted}
}

// Close closes the connection and counts it no more.
func (h *held) Close() error {
	h.released.Do(func() { atomic.AddInt64(h.counted, -1) })
	return h.Conn.Close()
}
