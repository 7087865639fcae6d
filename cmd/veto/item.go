package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

// maxItemBytes bounds what is read as one item: no item that is valid comes near.
const maxItemBytes = 1 << 20

// itemFlags describe an item: as JSON, by the commonest fields, or both, where a flag beats the JSON.
type itemFlags struct {
	json                                           string
	id, kind, visibility, author, country, created string
	age, ageAtCreation                             int32
	labels, contentKeys                            []string
	changed                                        func(name string) bool
}

func (f *itemFlags) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.json, "item", "", "JSON, @FILE or -")
	flags.StringVar(&f.id, "item-id", "", "an id")
	flags.StringVar(&f.kind, "kind", "", "a kind")
	flags.StringVar(&f.visibility, "visibility", "", "a visibility")
	flags.StringVar(&f.author, "author", "", "an id")
	flags.StringVar(&f.country, "country", "", "a country code")
	flags.StringVar(&f.created, "created-at", "", "a time")
	flags.Int32Var(&f.age, "age", 0, "full years")
	flags.Int32Var(&f.ageAtCreation, "age-at-creation", 0, "full years")
	flags.StringArrayVar(&f.labels, "label", nil, "a label")
	flags.StringArrayVar(&f.contentKeys, "content-key", nil, "a content key")
	f.changed = flags.Changed
}

// read makes the item.
func (f *itemFlags) read(in io.Reader) (*vetov1.Item, error) {
	item := new(vetov1.Item)
	if f.json != "" {
		text, err := f.text(in)
		if err != nil {
			return nil, err
		}
		if item, err = parseItem(text); err != nil {
			return nil, err
		}
	}
	return item, f.over(item)
}

// text is the JSON, wherever it is.
func (f *itemFlags) text(in io.Reader) ([]byte, error) {
	from := in
	switch path, isFile := strings.CutPrefix(f.json, "@"); {
	case isFile:
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the item: %w", err)
		}
		defer func() { _ = file.Close() }() // nothing was written
		from = file
	case f.json != "-":
		return []byte(f.json), nil
	}
	text, err := io.ReadAll(io.LimitReader(from, maxItemBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the item: %w", err)
	}
	if len(text) > maxItemBytes {
		return nil, usage("one item, without its content", "read the item: longer than 1 MiB")
	}
	return text, nil
}

// over lays what flags say over the item.
func (f *itemFlags) over(item *vetov1.Item) error {
	kind, err := parseEnum[vetov1.ItemKind]("kind", f.kind)
	if err != nil {
		return err
	}
	visibility, err := parseEnum[vetov1.Visibility]("visibility", f.visibility)
	if err != nil {
		return err
	}
	created, err := parseInstant("created-at", f.created)
	if err != nil {
		return err
	}
	for name, apply := range map[string]func(){
		"item-id":         func() { item.ItemId = f.id },
		"kind":            func() { item.Kind = kind },
		"visibility":      func() { item.Visibility = visibility },
		"author":          func() { item.AuthorId = f.author },
		"country":         func() { item.Country = f.country },
		"created-at":      func() { item.CreatedAt = created },
		"age":             func() { item.AuthorAge = f.age },
		"age-at-creation": func() { item.AuthorAgeAtCreation = f.ageAtCreation },
		"label":           func() { item.Labels = f.labels },
		"content-key":     func() { item.ContentKeys = f.contentKeys },
	} {
		if f.changed(name) {
			apply()
		}
	}
	return nil
}

// parseItem reads an item's JSON: protojson, but for enum values, which may go without their prefix.
func parseItem(text []byte) (*vetov1.Item, error) {
	const hint = "an object in the shape of veto.v1.Item, e.g. {\"item_id\": \"post-1\", \"kind\": \"POST\"}"
	if !utf8.Valid(text) { // a reader of JSON would put other characters in the place of these bytes
		return nil, usage(hint, "--item: not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a number is handed on as it was written
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, usage(hint, "--item: not a JSON object")
		}
		return nil, usage("give "+hint+"; @FILE reads a file", "--item: not JSON")
	}
	if terminal.HalfCharacter(text) { // likewise
		return nil, usage(hint, "--item: an escape that is half a character, such as \\udcff, which is no text")
	}
	if decoder.More() {
		return nil, usage("one item at a time; `veto filter` takes many", "--item: there is something after the object")
	}
	item := new(vetov1.Item)
	if err := wholeNames(item.ProtoReflect().Descriptor(), fields); err != nil {
		return nil, err
	}
	whole, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("read the item: %w", err)
	}
	if err := protojson.Unmarshal(whole, item); err != nil {
		return nil, usage(hint, "--item: %s", cause(err))
	}
	return item, nil
}

// cause is what protojson says, without its own name and a place in a text that nobody wrote.
func cause(err error) string {
	_, after, found := strings.Cut(err.Error(), "): ")
	if !found {
		return "not of the right shape"
	}
	// Only names of fields are repeated: a value may be somebody's id.
	if field, isUnknown := strings.CutPrefix(after, "unknown field "); isUnknown {
		return "an item has no field " + field
	}
	what, _, _ := strings.Cut(after, ":")
	return what
}

// wholeNames gives enum values in a message's JSON their prefix.
func wholeNames(message protoreflect.MessageDescriptor, fields map[string]any) error {
	for name, value := range fields {
		field := message.Fields().ByJSONName(name)
		if field == nil {
			field = message.Fields().ByTextName(name)
		}
		if field == nil {
			continue // protojson names it
		}
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		for i, element := range list {
			switch element := element.(type) {
			case map[string]any:
				if field.Message() != nil {
					if err := wholeNames(field.Message(), element); err != nil {
						return err
					}
				}
			case string:
				if field.Enum() != nil {
					whole, err := wholeName(field, element)
					if err != nil {
						return err
					}
					list[i] = whole
				}
			}
		}
		if !isList {
			fields[name] = list[0]
		}
	}
	return nil
}

func wholeName(field protoreflect.FieldDescriptor, name string) (string, error) {
	if found := terminal.ByName(field.Enum(), name); found != nil {
		return string(found.Name()), nil
	}
	return "", usage(terminal.Suggest(name, terminal.Names(field.Enum())), "--item: %s: no such value", field.Name())
}
