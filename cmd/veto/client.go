package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/filter"
	"github.com/veto-gate/veto/internal/settings"
	"github.com/veto-gate/veto/internal/transport"
)

// defaultAddress is where `serve` listens and clients ask.
const defaultAddress = "127.0.0.1:50051"

// maxMessageBytes bounds an answer: a policy with its document, a batch's columns.
const maxMessageBytes = 16 << 20

// client is what a command speaks through: the generated clients, whoever answers.
type client struct {
	registry  vetov1.RegistryServiceClient
	decisions vetov1.DecisionServiceClient
	policies  vetov1.PolicyServiceClient
}

func newClient(conn grpc.ClientConnInterface) *client {
	return &client{
		registry:  vetov1.NewRegistryServiceClient(conn),
		decisions: vetov1.NewDecisionServiceClient(conn),
		policies:  vetov1.NewPolicyServiceClient(conn),
	}
}

// target are the flags that say who answers, and how the answer is printed.
type target struct {
	addr, data, secretFile, output string
	begin                          bool // of the commands that make a register
	replay                         *filter.Replay
	transport                      transport.Client
}

// flags adds them to a command.
func (t *target) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.addr, "addr", "", "HOST:PORT of a server")
	cmd.Flags().StringVar(&t.data, "data", "", "a data directory, opened in this process")
	cmd.Flags().StringVar(&t.secretFile, "secret-file", "", "the secret's file, where it is not in the data directory")
	cmd.Flags().StringVar(&t.output, "output", outputTable, "table or json")
	cmd.Flags().StringVar(&t.transport.CA, "tls-ca", "", "a file of authorities, in PEM")
	cmd.Flags().StringVar(&t.transport.Certificate, "client-cert", "", "a certificate's file, in PEM")
	cmd.Flags().StringVar(&t.transport.Key, "client-key", "", "its key's file, in PEM")
	cmd.Flags().StringVar(&t.transport.ServerName, "tls-server-name", "", "a name in the server's certificate")
	cmd.Flags().StringVar(&t.transport.TokenFile, "token-file", "", "a file with a token")
	cmd.Flags().BoolVar(&t.transport.Insecure, "insecure", false, "whether there is no TLS beyond loopback")
	settings.Mark(cmd.Flags(), "addr", "data", "secret-file", "output", "tls-ca", "client-cert", "client-key", "tls-server-name", "token-file", "insecure")
}

// The forms of output.
const (
	outputTable = "table"
	outputJSON  = "json"
)

// clientCommand is a command that asks a server, or a register opened in this process. An empty data directory is given a new register only where
// makes is true: an objection filed in a directory that was mistyped would be acknowledged, and count nowhere.
func (a *app) clientCommand(use, help string, least, most int, t *target, makes bool, runs func(ctx context.Context, c *client, args []string) error) *cobra.Command {
	cmd := a.command(use, help, least, most, func(ctx context.Context, _ *cobra.Command, args []string) error {
		if t.output != outputTable && t.output != outputJSON {
			return usage("--output table, or --output json", "--output: no such form")
		}
		return a.connected(ctx, t, makes, func(ctx context.Context, c *client) error { return runs(ctx, c, args) })
	})
	t.flags(cmd)
	return cmd
}

// connected calls what needs a client, and closes behind it.
func (a *app) connected(ctx context.Context, t *target, makes bool, runs func(context.Context, *client) error) error {
	addr, data, err := a.whoAnswers(t)
	if err != nil {
		return err
	}
	if data != "" {
		return inProcess(ctx, localConfig{dir: data, secretFile: t.secretFile, makes: makes, begin: t.begin, replay: t.replay}, runs)
	}
	conn, err := dial(addr, t.transport)
	if err != nil {
		return err
	}
	return errors.Join(runs(ctx, newClient(conn)), conn.Close())
}

// whoAnswers chooses between a server and a data directory: what was said more directly, and a server where nothing was said.
func (a *app) whoAnswers(t *target) (addr, data string, err error) {
	switch from, other := a.sources["addr"], a.sources["data"]; {
	case t.addr == "" && t.data == "":
		addr = defaultAddress
	case t.data == "" || t.addr != "" && from > other:
		addr = t.addr
	case t.addr == "" || other > from:
		data = t.data
	case from == settings.CommandLine:
		return "", "", usage("--addr asks a server, --data opens a directory in this process: name one", "both --addr and --data were given")
	default:
		addr = t.addr // settings that `serve` shares: its directory is in use
	}
	if data == "" && t.begin {
		return "", "", usage("it goes with --data; `veto serve` has one of its own", "--begin was given, and a server is asked")
	}
	if data == "" && t.secretFile != "" && a.sources["secret-file"] == settings.CommandLine {
		return "", "", usage("it goes with --data; a server reads its own", "--secret-file was given, and a server is asked")
	}
	if data == "" && t.replay != nil {
		return "", "", usage("they go with --data DIR, of a server that is stopped or of a copy; a server decides as of now", "--as-of or --at-revision was given, and a server is asked")
	}
	return addr, data, nil
}

// dial prepares a connection. Nothing is sent yet.
func dial(addr string, t transport.Client) (*grpc.ClientConn, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, usage("HOST:PORT such as "+defaultAddress, "--addr: not of the form HOST:PORT")
	}
	options, err := t.Options(addr)
	switch {
	case errors.Is(err, transport.ErrHalf):
		return nil, usage("give --client-cert and --client-key", "%v", err)
	case errors.Is(err, transport.ErrTokenInTheClear):
		return nil, usage("leave --insecure out, or --token-file", "%v", err)
	case err != nil:
		return nil, failed("docs/access.md tells how the files are made", "%w", err)
	}
	conn, err := grpc.NewClient("passthrough:///"+addr, append(options, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)))...)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection: %w", err)
	}
	return conn, nil
}

// requestID is the caller's, or a new one.
func requestID(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("draw a request id: %w", err)
	}
	return id.String(), nil
}

// retriable adds to an error of a write after which nobody knows whether it was written how to find out: the same request id is done at most once.
func retriable(err error, id string) error {
	if err == nil {
		return nil
	}
	f := explain(err)
	if unsure(err) {
		f.parts = append(f.parts, "nobody knows yet whether it was recorded")
		f.hint = "run it again with --request-id " + id + ": it is done at most once"
	}
	return f
}

// unsure says whether a write may have been done though its answer is an error.
func unsure(err error) bool {
	return slices.Contains([]codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Internal, codes.Unknown}, status.Code(err))
}
