package settings

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// origins are the sources in words.
var origins = map[Source]string{Default: "default", File: "file", Environment: "environment", CommandLine: "command line"}

// Print writes the settings among the flags, and behind each where its value came from: a file that says the same, for --config.
func Print(w io.Writer, flags *pflag.FlagSet, sources map[string]Source) error {
	document := &yaml.Node{Kind: yaml.MappingNode}
	flags.VisitAll(func(f *pflag.Flag) {
		if !isMarked(f) || f.Name == FileFlag {
			return
		}
		value := &yaml.Node{LineComment: "# " + origins[sources[f.Name]]}
		value.SetString(f.Value.String())
		if f.Value.Type() != "string" {
			value.Style = 0
			value.Tag = "" // as it is written: 7, 2s
		}
		document.Content = append(document.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: f.Name}, value)
	})
	encoder := yaml.NewEncoder(w)
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("print settings: %w", err)
	}
	return encoder.Close()
}
