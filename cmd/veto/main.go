// Command veto is the gate that content passes on its way into a training set: one binary for the server and for everything that is said to it.
//
// A file holds a command. Each is a function of its arguments, the streams and a client, so that a test calls it; what is around it (flags, settings,
// connections, errors in words) stands in files of its own. Client commands speak gRPC through the generated clients and nothing else, whether a
// server answers at --addr or the register was opened in this process with --data.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check that found something. An error leaves no half file. Package terminal has the rules of what is
// written where.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/mattn/go-isatty"

	"github.com/veto-gate/veto/internal/terminal"
)

// version is set by the linker: see the Makefile.
var version = ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks; with the handler gone, a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Environ(), terminal.Streams{
		In:      os.Stdin,
		Out:     os.Stdout,
		Err:     os.Stderr,
		Watched: isatty.IsTerminal(os.Stderr.Fd()),
	})
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it. It returns the exit code.
func run(ctx context.Context, args, environ []string, s terminal.Streams) int {
	a := &app{streams: s, environ: environ}
	root := a.root()
	root.SetArgs(args)
	return fail(s, root.ExecuteContext(ctx))
}
