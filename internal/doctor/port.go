package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// fewFiles is fewer than the connections that a server takes by default, and what it needs besides.
const fewFiles = 1_024 + 256

func (e *examination) port(ctx context.Context) *examination {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", e.place.Listen)
	switch {
	case err == nil:
		_ = listener.Close() // nothing came to it
		if e.inUse {
			e.add("port", Warn, e.place.Listen+" is free, though a process has the directory: it listens elsewhere, or is no server", "look where, and give clients that --addr")
			return e
		}
		e.add("port", OK, e.place.Listen+" is free", "")
	case errors.Is(err, syscall.EADDRINUSE) && e.inUse:
		e.add("port", OK, e.place.Listen+" is taken, by the process that has the directory as it seems", "")
	case errors.Is(err, syscall.EADDRINUSE):
		e.add("port", Wrong, e.place.Listen+" is taken by another program", "stop that one, or choose another address with --listen")
	case errors.Is(err, syscall.EACCES):
		e.add("port", Wrong, e.place.Listen+": this user may not listen there", "choose a port above 1023")
	default:
		e.add("port", Wrong, fmt.Sprintf("%s: %v", e.place.Listen, err), "HOST:PORT of an address of this machine")
	}
	return e
}

func (e *examination) files() *examination {
	most, known := maxFiles()
	switch {
	case !known:
	case most < fewFiles:
		e.add("files", Warn, fmt.Sprintf("a process of this user may have %d files and connections open", most), "raise it (ulimit -n, LimitNOFILE=), or lower --max-connections")
	default:
		e.add("files", OK, fmt.Sprintf("a process of this user may have %d files and connections open", most), "")
	}
	return e
}
