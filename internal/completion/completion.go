// Package completion knows what can be written behind the flags of the command line: what a shell offers when its user asks.
package completion

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// Offer is what may stand behind a flag.
type Offer struct {
	// Values are the words, each with a description behind a tab where it has one; empty: anything.
	Values []string
	// Open says that more is typed behind a value, as behind FIELD=.
	Open bool
	// Folder says that a directory's name is wanted, File a file's.
	Folder, File bool
}

// For is the offer for a flag, by its name. False: nothing is known, as for an id.
func For(flag string) (Offer, bool) {
	switch flag {
	case "kind":
		return Offer{Values: names(vetov1.ItemKind(0).Descriptor())}, true
	case "visibility":
		return Offer{Values: names(vetov1.Visibility(0).Descriptor())}, true
	case "channel":
		return Offer{Values: names(vetov1.Channel(0).Descriptor())}, true
	case "filed-by":
		return Offer{Values: names(vetov1.FiledBy(0).Descriptor())}, true
	case "acknowledge":
		return Offer{Values: closed(names(vetov1.Danger(0).Descriptor()), "="), Open: true}, true
	case "country", "jurisdiction":
		return Offer{Values: countries()}, true
	case "output":
		return Offer{Values: []string{"table", "json"}}, true
	case "log":
		return Offer{Values: []string{"text", "json"}}, true
	case "format":
		return Offer{Values: []string{"parquet", "csv", "tsv", "jsonl"}}, true
	case "map", "set":
		return Offer{Values: closed(fields(), "="), Open: true}, true
	case "value":
		return Offer{Values: closed([]string{"kind", "visibility"}, ":"), Open: true}, true
	case "absent":
		return Offer{Values: fields(), Open: true}, true
	case "data":
		return Offer{Folder: true}, true
	case "secret-file", "ready-file", "policy", "config", "roles", "tls-cert", "tls-key", "tls-client-ca", "tls-ca", "client-cert", "client-key", "token-file",
		"excluded", "report", "receipt", "new-receipt", "out", "corpus", "requests":
		return Offer{File: true}, true
	default:
		return Offer{}, false
	}
}

// fields are those of an item that a column can fill.
func fields() []string {
	var names []string
	for _, d := range columns.Describe() {
		names = append(names, d.Field)
	}
	return names
}

// names are an enum's values but the zero, without its prefix.
func names(enum protoreflect.EnumDescriptor) []string {
	var all []string
	for i := range enum.Values().Len() {
		all = append(all, string(enum.Values().Get(i).Name()))
	}
	prefix := strings.TrimSuffix(all[0], "UNSPECIFIED")
	for i := range all {
		all[i] = strings.TrimPrefix(all[i], prefix)
	}
	return all[1:]
}

func closed(words []string, end string) []string {
	words = slices.Clone(words)
	for i := range words {
		words[i] += end
	}
	return words
}

// countries are the codes, each with its name.
func countries() []string {
	codes := jurisdiction.Countries()
	slices.Sort(codes)
	for i, code := range codes {
		codes[i] = code + "\t" + jurisdiction.Name(code)
	}
	return codes
}
