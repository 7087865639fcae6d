package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Client is whom a client trusts, and who it is.
type Client struct {
	// CA is a file of the authorities that the server's certificate may come from, in PEM. Empty: those of this machine.
	CA string
	// Certificate and Key are the client's own, in PEM; both or neither.
	Certificate, Key string
	// ServerName is what the server's certificate has to name. Empty: the host that is called.
	ServerName string
	// TokenFile holds a token. Empty: none is sent.
	TokenFile string
	// Insecure calls beyond loopback without TLS: for a tunnel or a mesh that brings its own.
	Insecure bool
}

// What a client is refused.
var (
	// ErrHalf is a certificate without its key, or a key without its certificate.
	ErrHalf = errors.New("a client's certificate and its key go together")
	// ErrTokenInTheClear is a token that everyone on the way could read.
	ErrTokenInTheClear = errors.New("a token is not sent without TLS to another machine")
	// ErrNoToken is a file of a token that has none.
	ErrNoToken = errors.New("no token: want one line")
)

// Options are how to connect to an address, HOST:PORT. To loopback no TLS is used unless something of it is set.
func (c Client) Options(address string) ([]grpc.DialOption, error) {
	secure := c.CA != "" || c.Certificate != "" || c.Key != "" || c.ServerName != "" || !c.Insecure && !IsLoopback(address)
	var options []grpc.DialOption
	if secure {
		config, err := c.config()
		if err != nil {
			return nil, err
		}
		options = append(options, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	} else {
		options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	if c.TokenFile == "" {
		return options, nil
	}
	if !secure && !IsLoopback(address) {
		return nil, ErrTokenInTheClear
	}
	text, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimRight(string(text), "\r\n")
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return nil, fmt.Errorf("%s: %w", c.TokenFile, ErrNoToken)
	}
	return append(options, grpc.WithPerRPCCredentials(bearer{token: token, secure: secure})), nil
}

func (c Client) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("read the authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: %w", c.CA, errNoCertificate)
		}
	}
	if (c.Certificate == "") != (c.Key == "") {
		return nil, ErrHalf
	}
	if c.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err != nil {
			return nil, fmt.Errorf("read the client's certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// IsLoopback says whether an address, HOST:PORT, stays on this machine.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// bearer sends a token with each call (RFC 6750).
type bearer struct {
	token  string
	secure bool
}

// GetRequestMetadata is the header.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

// RequireTransportSecurity refuses a connection without TLS, where there should be one.
func (b bearer) RequireTransportSecurity() bool { return b.secure }
