package limits

import "github.com/spf13/pflag"

// Flags adds a flag for each limit, and returns their names.
func (l *Limits) Flags(flags *pflag.FlagSet) []string {
	var names []string
	for _, n := range numbers {
		flags.IntVar(n.at(l), n.name, n.otherwise, "a whole number: "+n.words)
		names = append(names, n.name)
	}
	for _, d := range durations {
		flags.DurationVar(d.at(l), d.name, d.otherwise, "a duration, e.g. 30s: "+d.words)
		names = append(names, d.name)
	}
	return names
}
