package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

const (
	// maxBytes bounds a document: the largest sensible one, 512 regimes with their words, is a fifth of it.
	maxBytes = 1 << 20
	// maxItems bounds a list; the message's own bounds end at 512.
	maxItems = 1024
	// maxSeparators bounds the lines and commas, and with them the YAML parser's work: every subdivision of the world,
	// each on a line of its own, is a sixth.
	maxSeparators = 1 << 15
)

// Parse reads a document and judges it as [Validate] does. Every fault is reported at once, as an [*Error] with line
// and column; only a fault of the YAML itself and a list that is too long hide what stands behind them. The document is
// not kept.
func Parse(document []byte) (*vetov1.Policy, error) {
	r, p, err := read(document)
	if err != nil {
		return nil, err
	}
	r.judge(p)
	if err := r.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// Decode reads a document without judging what it says: only what does not read, by the rules of the form, is an
// [*Error]. It is for documents that were judged when they were applied, perhaps by an earlier version with other rules:
// who cannot read them any more cannot tell what they had done. [Compile] judges what is to decide.
func Decode(document []byte) (*vetov1.Policy, error) {
	r, p, err := read(document)
	if err != nil {
		return nil, err
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// read reads the text into a message, and leaves the faults of single values with the reader.
func read(document []byte) (*reader, *vetov1.Policy, error) {
	root, err := parseTree(document)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{faults{at: map[string]position{}}}
	p := &vetov1.Policy{}
	r.document(root, p)
	return r, p, nil
}

// parseTree reads the text as one YAML document.
func parseTree(document []byte) (*yaml.Node, error) {
	if len(document) > maxBytes {
		return nil, syntax(document, maxBytes, "the document is larger than 1 MiB; a policy has no use for so much, split off what is no policy")
	}
	if i := invalidUTF8(document); i >= 0 {
		return nil, syntax(document, i, "the text is not UTF-8 here; save the document as UTF-8")
	}
	if i, message := hostile(document); message != "" {
		return nil, syntax(document, i, message)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(document))
	var root, second yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, syntax(document, 0, "the document is empty; examples/policies/minimal.yaml is the shortest that works")
	case err != nil:
		return nil, fromYAML(document, err)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, &Error{Faults: []Fault{{Line: max(1, second.Line), Column: max(1, second.Column), Message: "a second document begins here; a policy is one document, whatever follows would be lost"}}}
	case !errors.Is(err, io.EOF):
		return nil, fromYAML(document, err)
	}
	return root.Content[0], nil
}

// hostile finds the offset at which a document asks for more work than a policy could need, and says how. It is a
// guard in front of the YAML parser, whose work grows with the square of the depth, so it may look inside quoted text
// and comments, where nobody writes that many.
func hostile(document []byte) (int, string) {
	const maxOpen = 1000
	open, separators := 0, 0
	for i, c := range document {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		case '\n', ',':
			separators++
		}
		switch {
		case open > maxOpen:
			return i, "nested deeper than any policy; close what was opened"
		case separators > maxSeparators:
			return i, "more lines and values than any policy holds; name groups instead of their members"
		}
	}
	return 0, ""
}

func invalidUTF8(document []byte) int {
	if utf8.Valid(document) {
		return -1
	}
	for i := 0; i < len(document); {
		r, n := utf8.DecodeRune(document[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// syntax is a fault at an offset of the document.
func syntax(document []byte, offset int, message string) error {
	before := document[:min(offset, len(document))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[1+bytes.LastIndexByte(before, '\n'):])
	return &Error{Faults: []Fault{{Line: line, Column: column, Message: message}}}
}

// yamlLine finds the line in the YAML parser's messages, which have no other form for it.
var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// fromYAML turns the YAML parser's error into a fault. The parser tells no column: the line's first character stands
// for it. Its messages are its own words; of the document they hold nothing but the names of anchors, and these are
// cut.
func fromYAML(document []byte, err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = strings.TrimPrefix(err.Error(), m[0])
	}
	line = min(line, 1+bytes.Count(document, []byte("\n")))
	if strings.HasPrefix(message, "unknown anchor") {
		message = "unknown anchor"
	}
	return &Error{Faults: []Fault{{Line: line, Column: 1 + indent(document, line), Message: fmt.Sprintf("not YAML: %s; look at this line and those around it", message)}}}
}

// indent counts the spaces that a line begins with.
func indent(document []byte, line int) int {
	for range line - 1 {
		_, document, _ = bytes.Cut(document, []byte("\n"))
	}
	text, _, _ := bytes.Cut(document, []byte("\n"))
	return len(text) - len(bytes.TrimLeft(text, " "))
}
