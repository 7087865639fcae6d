package access

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxFileBytes bounds a roles file.
	maxFileBytes = 1 << 20
	// maxNameBytes bounds a caller's name, as events keep it.
	maxNameBytes = 64
)

// entry is a caller in a roles file.
type entry struct {
	Name         string   `yaml:"name"`
	Roles        []string `yaml:"roles"`
	TokensSHA256 []string `yaml:"tokens_sha256"`
	Certificates []string `yaml:"certificates"`
	line         int
}

// UnmarshalYAML notes where the caller stands.
func (e *entry) UnmarshalYAML(node *yaml.Node) error {
	type plain entry
	e.line = node.Line
	if node.Kind != yaml.MappingNode {
		return &shapeError{node.Line, "not a caller: name, roles, tokens_sha256 or certificates"}
	}
	for i := 0; i < len(node.Content); i += 2 { // a node that decodes itself is not held to known fields
		if key := node.Content[i].Value; !slices.Contains([]string{"name", "roles", "tokens_sha256", "certificates"}, key) {
			return &shapeError{node.Content[i].Line, "no such field; a caller has name, roles, tokens_sha256, certificates"}
		}
	}
	return node.Decode((*plain)(e))
}

// shapeError is a fault in the shape of the file, in our own words.
type shapeError struct {
	line int
	what string
}

func (e *shapeError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.what) }

// placed is where the YAML library begins to say what is wrong.
var placed = regexp.MustCompile(`^(?:yaml: )?line ([0-9]+): `)

// unreadable says where the YAML library found a fault. Its own words repeat what stands there, which may be a token in the wrong place.
func unreadable(err error) error {
	if shape, ok := errors.AsType[*shapeError](err); ok {
		return shape
	}
	said := []string{err.Error()}
	if mistyped, ok := errors.AsType[*yaml.TypeError](err); ok {
		said = mistyped.Errors
	}
	faults := make([]error, len(said))
	for i, text := range said {
		const what = "unknown, given twice, of the wrong type or no YAML; want `callers:`, a list of name, roles, tokens_sha256 and certificates, of which all but the name are lists"
		if at := placed.FindStringSubmatch(text); at != nil {
			faults[i] = fmt.Errorf("line %s: %s", at[1], what)
		} else {
			faults[i] = errors.New(what)
		}
	}
	return errors.Join(faults...)
}

// Parse reads a roles file. Its error lists every fault with its line, and repeats no token and no name of a certificate.
func Parse(text []byte) (*Callers, error) {
	if len(text) > maxFileBytes {
		return nil, errors.New("larger than 1 MiB")
	}
	var file struct {
		Callers []entry `yaml:"callers"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	switch err := decoder.Decode(&file); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("empty; it wants `callers:` with a name, roles and credentials for each")
	case err != nil:
		return nil, unreadable(err)
	case !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF):
		return nil, errors.New("a second document; write all callers into the first")
	case len(file.Callers) == 0:
		return nil, errors.New("no callers; with none, nobody could call anything")
	}
	read := &reading{callers: &Callers{byToken: map[[sha256.Size]byte]*Caller{}, byName: map[string]*Caller{}}, names: map[string]int{}}
	for i, e := range file.Callers {
		if e.line == 0 { // the library passes over null
			read.faults = append(read.faults, fmt.Errorf("callers[%d]: an entry with nothing in it", i))
			continue
		}
		read.caller(e)
	}
	return read.callers, errors.Join(read.faults...)
}

// reading is a roles file as it is read.
type reading struct {
	callers *Callers
	names   map[string]int // where each caller's name stands
	faults  []error
}

func (r *reading) fault(e entry, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("line %d: "+format, append([]any{e.line}, args...)...))
}

func (r *reading) caller(e entry) {
	caller := &Caller{Name: e.Name}
	switch line, taken := r.names[e.Name]; {
	case e.Name == "" || len(e.Name) > maxNameBytes || strings.ContainsFunc(e.Name, notPlain):
		r.fault(e, "name: 1 to %d letters, digits, and . _ : @ / -", maxNameBytes)
	case taken:
		r.fault(e, "name: the caller in line %d has it; a caller may have several tokens and certificates", line)
	}
	r.names[e.Name] = e.line
	for _, name := range e.Roles {
		if !slices.Contains(roles, Role(name)) {
			r.fault(e, "roles: %s", knownRoles())
			continue
		}
		caller.Roles = append(caller.Roles, Role(name))
	}
	if len(e.Roles) == 0 {
		r.fault(e, "roles: none; %s", knownRoles())
	}
	if len(e.TokensSHA256)+len(e.Certificates) == 0 {
		r.fault(e, "no credentials; want tokens_sha256 or certificates")
	}
	r.credentials(e, caller)
}

func (r *reading) credentials(e entry, caller *Caller) {
	for i, text := range e.TokensSHA256 {
		sum, err := hex.DecodeString(text)
		if err != nil || len(sum) != sha256.Size {
			r.fault(e, "tokens_sha256[%d]: not 64 hexadecimal digits; `sha256sum` of the token makes them, and the token itself belongs nowhere in this file", i)
			continue
		}
		key := [sha256.Size]byte(sum)
		if _, taken := r.callers.byToken[key]; taken || key == sha256.Sum256(nil) {
			r.fault(e, "tokens_sha256[%d]: another caller has it, or it is that of no token at all", i)
		}
		r.callers.byToken[key] = caller
	}
	for i, name := range e.Certificates {
		if _, taken := r.callers.byName[name]; taken || name == "" || strings.Contains(name, "*") {
			r.fault(e, "certificates[%d]: empty, with a *, or another caller's; want one whole DNS name, URI or e-mail address of the certificate", i)
		}
		r.callers.byName[name] = caller
	}
}

func knownRoles() string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return "the roles are " + strings.Join(names, ", ")
}

// notPlain finds what a caller's name may not hold.
func notPlain(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("._:@/-", r)
}
