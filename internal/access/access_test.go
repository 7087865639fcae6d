package access_test

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hashed is a token as a roles file names it.
func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func parse(t testing.TB, text string) *access.Callers {
	t.Helper()
	callers, err := access.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return callers
}

// TestFault_A02_ForgedCredentials: whatever is sent in the place of a token is looked up as it is, and nobody has it. No part of it is believed, so a JWT
// that says of itself that it needs no signature is a text like another.
func TestFault_A02_ForgedCredentials(t *testing.T) {
	const token = "k9-2Wq0X8vJ7mPz4RtYb6NcL1sDfGh3A"
	callers := parse(t, "callers:\n  - {name: form, roles: [register], tokens_sha256: ["+hashed(token)+"]}\n  - {name: job, roles: [decide], certificates: [job.internal.example]}\n")
	if who, err := callers.Identify([]string{"Bearer " + token}, nil); err != nil || who.Name != "form" {
		t.Fatalf("the token itself: %v, %v", who, err)
	}
	if who, err := callers.Identify([]string{"bearer " + token}, nil); err != nil || who.Name != "form" {
		t.Errorf("the scheme in another case, which RFC 9110, 11.1 allows: %v, %v", who, err)
	}
	for name, headers := range map[string][]string{
		"empty":                  {""},
		"the scheme alone":       {"Bearer"},
		"no token":               {"Bearer "},
		"another scheme":         {"Basic " + token},
		"no scheme":              {token},
		"dots only":              {"Bearer .."},
		"alg none":               {"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJmb3JtIiwicm9sZXMiOlsiYWRtaW4iXX0."},
		"alg swapped":            {"Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImZvcmVpZ24ifQ.eyJzdWIiOiJmb3JtIiwiYXVkIjoiZWxzZXdoZXJlIiwiZXhwIjoxfQ.c2ln"},
		"a space behind":         {"Bearer " + token + " "},
		"two spaces":             {"Bearer  " + token},
		"cut":                    {"Bearer " + token[:len(token)-1]},
		"another case":           {"Bearer " + strings.ToLower(token)},
		"its hash":               {"Bearer " + hashed(token)},
		"two headers, one right": {"Bearer " + token, "Bearer x"},
		"twice the right one":    {"Bearer " + token, "Bearer " + token},
		"as a list":              {"Bearer " + token + ", Bearer x"},
		"60 kilobytes":           {"Bearer " + strings.Repeat("a", 60<<10)},
	} {
		if who, err := callers.Identify(headers, nil); !errors.Is(err, access.ErrUnknown) {
			t.Errorf("%s: %v, %v; want ErrUnknown", name, who, err)
		}
		// A certificate beside it does not make a wrong token right.
		if who, err := callers.Identify(headers, &x509.Certificate{DNSNames: []string{"job.internal.example"}}); !errors.Is(err, access.ErrUnknown) {
			t.Errorf("%s, with a certificate: %v, %v; want ErrUnknown", name, who, err)
		}
	}
	if _, err := callers.Identify(nil, nil); !errors.Is(err, access.ErrNoCredentials) {
		t.Errorf("nothing: %v, want ErrNoCredentials", err)
	}
}

func TestCertificatesAreKnownByTheirAlternativeNames(t *testing.T) {
	callers := parse(t, `callers:
  - {name: dns, roles: [decide], certificates: [job.internal.example]}
  - {name: uri, roles: [decide], certificates: ["spiffe://example.org/job"]}
  - {name: email, roles: [dpo], certificates: [dpo@example.org]}
`)
	spiffe, err := url.Parse("spiffe://example.org/job")
	if err != nil {
		t.Fatal(err)
	}
	for want, certificate := range map[string]*x509.Certificate{
		"dns":   {DNSNames: []string{"other.example", "job.internal.example"}},
		"uri":   {URIs: []*url.URL{spiffe}},
		"email": {EmailAddresses: []string{"dpo@example.org"}},
	} {
		if who, err := callers.Identify(nil, certificate); err != nil || who.Name != want {
			t.Errorf("%s: %v, %v", want, who, err)
		}
	}
	for name, certificate := range map[string]*x509.Certificate{
		"by its common name": {Subject: pkixName("job.internal.example")},
		"another case":       {DNSNames: []string{"JOB.internal.example"}},
		"a wildcard":         {DNSNames: []string{"*.internal.example"}},
		"a part":             {DNSNames: []string{"internal.example"}},
		"two callers in one": {DNSNames: []string{"job.internal.example"}, EmailAddresses: []string{"dpo@example.org"}},
		"no name":            {},
	} {
		if who, err := callers.Identify(nil, certificate); !errors.Is(err, access.ErrUnknown) {
			t.Errorf("%s: %v, %v; want ErrUnknown", name, who, err)
		}
	}
}

func TestARolesFileNamesEveryFault(t *testing.T) {
	sum := hashed("a")
	for name, c := range map[string]struct{ text, says string }{
		"empty":               {"", "empty"},
		"no callers":          {"callers: []", "no callers"},
		"another key":         {"users: []", "line 1: unknown"},
		"not a mapping":       {"callers: [form]", "line 1: not a caller"},
		"unknown field":       {"callers:\n- {name: a, role: [decide], tokens_sha256: [" + sum + "]}", "line 2: no such field"},
		"two documents":       {"callers:\n- {name: a, roles: [decide], tokens_sha256: [" + sum + "]}\n---\ncallers: []", "second document"},
		"a broken second":     {"callers:\n- {name: a, roles: [decide], tokens_sha256: [" + sum + "]}\n--- [x", "second document"},
		"a token, no list":    {"callers:\n- {name: a, roles: [decide], tokens_sha256: hunter2hunter2}", "line 2: unknown, given twice, of the wrong type"},
		"a token alone":       {"hunter2hunter2", "line 1: unknown"},
		"a token as a key":    {"hunter2hunter2: 1", "line 1: unknown"},
		"a token as a field":  {"callers:\n- {hunter2hunter2: 1}", "line 2: no such field"},
		"a token as an alias": {"callers:\n- {name: a, tokens_sha256: [*hunter2hunter2]}", "unknown"},
		"a key twice":         {"callers:\n- {name: a, name: b}", "line 2: unknown, given twice"},
		"no name":             {"callers:\n- {roles: [decide], tokens_sha256: [" + sum + "]}", "line 2: name"},
		"a name with a line":  {"callers:\n- {name: \"a\\nb\", roles: [decide], tokens_sha256: [" + sum + "]}", "line 2: name"},
		"a name twice":        {"callers:\n- {name: a, roles: [decide], tokens_sha256: [" + sum + "]}\n- {name: a, roles: [decide], certificates: [b]}", "line 3: name: the caller in line 2"},
		"no role":             {"callers:\n- {name: a, tokens_sha256: [" + sum + "]}", "line 2: roles: none"},
		"a role in capitals":  {"callers:\n- {name: a, roles: [DECIDE], tokens_sha256: [" + sum + "]}", "the roles are decide, register"},
		"every role":          {"callers:\n- {name: a, roles: ['*'], tokens_sha256: [" + sum + "]}", "the roles are decide, register"},
		"no credentials":      {"callers:\n- {name: a, roles: [decide]}", "line 2: no credentials"},
		"a token":             {"callers:\n- {name: a, roles: [decide], tokens_sha256: [hunter2hunter2]}", "line 2: tokens_sha256[0]: not 64"},
		"the hash of none":    {"callers:\n- {name: a, roles: [decide], tokens_sha256: [" + hashed("") + "]}", "line 2: tokens_sha256[0]: another"},
		"one token of two":    {"callers:\n- {name: a, roles: [decide], tokens_sha256: [" + sum + "]}\n- {name: b, roles: [dpo], tokens_sha256: [" + sum + "]}", "line 3: tokens_sha256[0]: another"},
		"one name of two":     {"callers:\n- {name: a, roles: [decide], certificates: [x]}\n- {name: b, roles: [dpo], certificates: [x]}", "line 3: certificates[0]"},
		"a wildcard":          {"callers:\n- {name: a, roles: [decide], certificates: ['*.example']}", "line 2: certificates[0]"},
		"a megabyte":          {"callers: # " + strings.Repeat("a", 1<<20), "larger than 1 MiB"},
		"alias bomb":          {"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\ncallers: *c", ""},
	} {
		_, err := access.Parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: a token is told: %v", name, err)
		}
	}
	_, err := access.Parse([]byte("callers:\n- {name: '', roles: [no], certificates: ['']}\n- {name: b, roles: [dpo]}"))
	if err == nil || strings.Count(err.Error(), "line ") != 4 {
		t.Errorf("not every fault is told: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("callers:\n- {name: a, roles: [decide], tokens_sha256: [" + hashed("a") + "]}")
	f.Add("callers:\n- {name: a, roles: [decide], certificates: [b]}")
	f.Fuzz(func(t *testing.T, text string) {
		callers, err := access.Parse([]byte(text))
		if err != nil {
			return
		}
		for _, headers := range [][]string{{"Bearer "}, {"Bearer ."}, nil} {
			if who, err := callers.Identify(headers, &x509.Certificate{}); err == nil {
				t.Errorf("nobody is %s", who.Name)
			}
		}
	})
}

// TestRolesAndMethods: who may what, beside an admin, who may all.
func TestRolesAndMethods(t *testing.T) {
	may := func(role access.Role, method string) bool {
		got, ok := access.Caller{Name: "x", Roles: []access.Role{role}}.As(method)
		if ok && got != role {
			t.Errorf("%s acts as %s", role, got)
		}
		return ok
	}
	for method, allowed := range map[string]string{
		"/veto.v1.RegistryService/FileObjection":   "register verify officer admin",
		"/veto.v1.RegistryService/GetStanding":     "verify officer dpo admin",
		"/veto.v1.RegistryService/ListEvents":      "officer dpo auditor admin",
		"/veto.v1.RegistryService/DecideObjection": "officer admin",
		"/veto.v1.DecisionService/Decide":          "decide dataset admin",
		"/veto.v1.DecisionService/ExplainDecision": "decide dataset officer dpo admin",
		"/veto.v1.PolicyService/ApplyPolicy":       "admin",
		"/veto.v1.PolicyService/GetPolicy":         "decide register verify dataset officer dpo auditor admin",
		"/veto.v1.PolicyService/SuspendRegime":     "officer admin",
		"/veto.v1.PolicyService/ResumeRegime":      "officer admin",
		"/veto.v1.PolicyService/applypolicy":       "",
		"/veto.v1.PolicyService/ApplyPolicy/":      "",
		"veto.v1.PolicyService/GetPolicy":          "",
		"//veto.v1.PolicyService/GetPolicy":        "",
		"/veto.v1.PolicyService":                   "",
		"":                                         "",
	} {
		for _, role := range []access.Role{"decide", "register", "verify", "dataset", "officer", "dpo", "auditor", "admin"} {
			want := strings.Contains(" "+allowed+" ", " "+string(role)+" ")
			if got := may(role, method); got != want {
				t.Errorf("%s as %q: %v, want %v", method, role, got, want)
			}
		}
	}
	if _, ok := (access.Caller{Roles: []access.Role{access.Register, access.Officer}}).MayVerify(); ok {
		t.Error("an officer says VERIFIED without the role")
	}
	if role, ok := (access.Caller{Roles: []access.Role{access.Register, access.Verify}}).MayVerify(); !ok || role != access.Verify {
		t.Errorf("%s, %v", role, ok)
	}
	if got := access.Needed("/veto.v1.RegistryService/GetStanding"); got != "verify,officer,dpo,admin" {
		t.Error(got)
	}
}

func pkixName(common string) pkix.Name { return pkix.Name{CommonName: common} }
