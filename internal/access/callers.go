package access

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
)

// Callers are those that a roles file names.
type Callers struct {
	byToken map[[sha256.Size]byte]*Caller
	byName  map[string]*Caller // a name in a certificate
}

// Why a caller is not known.
var (
	// ErrNoCredentials is a call without any.
	ErrNoCredentials = errors.New("no credentials")
	// ErrUnknown is a call with credentials that nobody has.
	ErrUnknown = errors.New("unknown credentials")
)

// scheme begins the authorization header of a call with a token (RFC 6750, 2.1).
const scheme = "bearer "

// Identify finds the caller by the authorization headers of a call and the client certificate of its connection, which TLS has verified; nil: there is none.
// A token that is sent counts alone: whoever sends one that is not known is not known by anything else.
func (c *Callers) Identify(authorization []string, certificate *x509.Certificate) (*Caller, error) {
	switch {
	case len(authorization) == 1:
		return c.byBearer(authorization[0])
	case len(authorization) > 1:
		return nil, ErrUnknown
	case certificate != nil:
		return c.byCertificate(certificate)
	default:
		return nil, ErrNoCredentials
	}
}

// byBearer finds a token by its hash: how far a wrong one fits cannot be told from the time that the search takes.
func (c *Callers) byBearer(header string) (*Caller, error) {
	if len(header) <= len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return nil, ErrUnknown
	}
	if caller, ok := c.byToken[sha256.Sum256([]byte(header[len(scheme):]))]; ok {
		return caller, nil
	}
	return nil, ErrUnknown
}

// byCertificate finds a caller by the subject alternative names. The common name counts for nothing: authorities do not vouch for it (RFC 9525, 2).
func (c *Callers) byCertificate(certificate *x509.Certificate) (*Caller, error) {
	names := slices.Concat(certificate.DNSNames, certificate.EmailAddresses)
	for _, uri := range certificate.URIs {
		names = append(names, uri.String())
	}
	var found *Caller
	for _, name := range names {
		caller, ok := c.byName[name]
		if ok && found != nil && caller != found {
			return nil, ErrUnknown // two callers in one: which of them acts?
		}
		if ok {
			found = caller
		}
	}
	if found == nil {
		return nil, ErrUnknown
	}
	return found, nil
}
