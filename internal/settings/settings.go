// Package settings gives the flags of a command their values from three places, the first that says something wins: the command line; the
// environment, `--max-staleness` as VETO_MAX_STALENESS; a file, YAML with the flags' names as keys.
//
// Only what describes the installation is a setting (see Mark). What describes one request (whom, which purpose, whether they are verified) is said
// with the request: a VETO_VERIFIED left in a shell would lift protection, a VETO_PURPOSE would narrow objections.
//
// A name that no command knows is refused: a setting that is not read would be believed to hold.
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/veto-gate/veto/internal/terminal"
)

// Source is where a flag's value came from; a higher one wins.
type Source int

// The sources.
const (
	Default Source = iota
	File
	Environment
	CommandLine
)

// FileFlag is the setting that names the file. The file itself cannot hold it.
const FileFlag = "config"

const (
	prefix = "VETO_"
	mark   = "veto.setting"
)

// others begin with our prefix and are no settings: the repository's tests read them, and `make` hands them on.
var others = []string{"VETO_KILL_ROUNDS", "VETO_KILL_SEED", "VETO_POWER_IMAGES", "VETO_POWER_SEED"}

// Error is a mistake in the settings.
type Error struct {
	// What is wrong, and where.
	What string
	// Hint is what would be right.
	Hint string
}

// Error says what is wrong, and where.
func (e *Error) Error() string { return e.What }

// Mark makes settings of flags that were defined.
func Mark(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		if err := flags.SetAnnotation(name, mark, []string{}); err != nil {
			panic(err) // the flag was not defined
		}
	}
}

func isMarked(f *pflag.Flag) bool {
	_, marked := f.Annotations[mark]
	return marked
}

// Settle gives each marked flag that the command line did not set the value that environ or the file has for it, and says where the values came from.
// known are the names of the settings of all commands, since one file and one environment serve them all: see Names. Errors are *Error, or the file
// system's.
func Settle(flags *pflag.FlagSet, known, environ []string) (map[string]Source, error) {
	environment, err := readEnvironment(environ, known)
	if err != nil {
		return nil, err
	}
	path := environment[FileFlag]
	if f := flags.Lookup(FileFlag); f != nil && f.Changed {
		path = f.Value.String()
	}
	file, err := readFile(path, known)
	if err != nil {
		return nil, err
	}
	sources := map[string]Source{}
	var faults []error
	flags.VisitAll(func(f *pflag.Flag) {
		inEnvironment, named := environment[f.Name]
		inFile, written := file[f.Name]
		switch {
		case f.Changed:
			sources[f.Name] = CommandLine
		case !isMarked(f) || f.Name == FileFlag:
		case named:
			sources[f.Name] = Environment
			faults = append(faults, set(f, inEnvironment, Variable(f.Name)))
		case written:
			sources[f.Name] = File
			faults = append(faults, set(f, inFile, path+": "+f.Name))
		}
	})
	return sources, errors.Join(faults...)
}

// set gives a flag a value, and does not make it one of the command line.
func set(f *pflag.Flag, value, where string) error {
	if err := f.Value.Set(value); err != nil {
		return &Error{What: fmt.Sprintf("%s: not a value that --%s takes", where, f.Name), Hint: "want " + f.Usage}
	}
	return nil
}

// Names are the settings among the flags, sorted, each once.
func Names(sets ...*pflag.FlagSet) []string {
	names := map[string]bool{}
	for _, flags := range sets {
		flags.VisitAll(func(f *pflag.Flag) {
			if isMarked(f) {
				names[f.Name] = true
			}
		})
	}
	return slices.Sorted(maps.Keys(names))
}

// Variable is a setting's name in the environment.
func Variable(name string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// readEnvironment finds the settings among the variables, by the flags' names. An empty variable says nothing.
func readEnvironment(environ, known []string) (map[string]string, error) {
	variables := map[string]string{}
	for _, name := range known {
		variables[Variable(name)] = name
	}
	found := map[string]string{}
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(key, prefix) || slices.Contains(others, key) {
			continue
		}
		name, ok := variables[key]
		if !ok {
			return nil, unknown("the environment has "+key+", which is no setting", key, slices.Sorted(maps.Keys(variables)))
		}
		if value != "" {
			found[name] = value
		}
	}
	return found, nil
}

// readFile reads a file of settings. No path: none.
func readFile(path string, known []string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{What: "read settings: there is no file " + path, Hint: "--config and VETO_CONFIG name a file that exists"}
	}
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	var entries map[string]yaml.Node // refuses a key that occurs twice
	if err := yaml.Unmarshal(text, &entries); err != nil {
		return nil, &Error{What: fmt.Sprintf("read settings in %s: %s", path, inOneLine(err)), Hint: "one `name: value` a line, with the flags' names"}
	}
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		node := entries[name]
		where := fmt.Sprintf("%s:%d: %s", path, node.Line, name)
		if !slices.Contains(known, name) || name == FileFlag {
			return nil, unknown(where+" is no setting", name, slices.DeleteFunc(slices.Clone(known), func(n string) bool { return n == FileFlag }))
		}
		if node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
			return nil, &Error{What: where + ": not a single value", Hint: "one `name: value` a line"}
		}
		values[name] = node.Value
	}
	return values, nil
}

// inOneLine is what the YAML reader says, without its name.
func inOneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(text, "cannot unmarshal") {
		return "not a list of names with their values"
	}
	return strings.ReplaceAll(strings.TrimPrefix(text, "unmarshal errors:\n  "), "\n  ", "; ")
}

func unknown(what, name string, known []string) error {
	return &Error{What: what, Hint: terminal.Suggest(name, known)}
}
