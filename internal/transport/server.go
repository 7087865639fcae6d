// Package transport has the two ends of a connection under TLS: a server whose certificates are reloaded, and a client that says whom it trusts and who it is.
package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"google.golang.org/grpc/credentials"

	"github.com/veto-gate/veto/internal/reload"
)

// ServerFiles are what a server's certificates are read from, all in PEM.
type ServerFiles struct {
	// Certificate is the chain, the server's own first; Key is its private key.
	Certificate, Key string
	// ClientCA are the authorities whose certificates clients may bring. Empty: no client is asked for one.
	ClientCA string
}

// Certificates are a server's, as new as their files.
type Certificates = reload.Value[*tls.Config]

// OpenCertificates reads a server's files.
func OpenCertificates(f ServerFiles) (*Certificates, error) {
	paths := []string{f.Certificate, f.Key}
	if f.ClientCA != "" {
		paths = append(paths, f.ClientCA)
	}
	return reload.Open(func(contents [][]byte) (*tls.Config, error) {
		certificate, err := tls.X509KeyPair(contents[0], contents[1])
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", f.Certificate, f.Key, err)
		}
		// A session that is resumed would not be held against authorities that were changed meanwhile.
		config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{certificate}, SessionTicketsDisabled: true}
		if f.ClientCA != "" {
			config.ClientAuth, config.ClientCAs = tls.VerifyClientCertIfGiven, x509.NewCertPool()
			if !config.ClientCAs.AppendCertsFromPEM(contents[2]) {
				return nil, fmt.Errorf("%s: no certificate in PEM", f.ClientCA)
			}
		}
		return config, nil
	}, paths...)
}

// Credentials are a server's side of TLS, by the certificates that are newest when a client connects.
func Credentials(c *Certificates) credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.Get(), nil },
	})
}

// errNoCertificate is a file without one.
var errNoCertificate = errors.New("no certificate in PEM")
