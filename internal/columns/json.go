package columns

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep JSON in a row may be nested: an item has three levels.
const maxDepth = 16

var errDepth = errors.New("nested too deep")

// parseJSON reads one JSON value. The reader refuses what others mend or pass over: names that occur twice in an object, bytes that are no UTF-8,
// escapes that are half a character, anything after the value.
func parseJSON(text []byte) (cell, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	value, err := readValue(d)
	if err != nil {
		return nil, err
	}
	return value, atEnd(d)
}

func atEnd(d *jsontext.Decoder) error {
	switch _, err := d.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	default:
		return errors.New("more than one value")
	}
}

func readValue(d *jsontext.Decoder) (cell, error) {
	if d.StackDepth() > maxDepth {
		return nil, errDepth
	}
	if kind := d.PeekKind(); kind == '{' {
		return readObject(d)
	} else if kind == '[' {
		return readArray(d)
	}
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '"':
		return token.String(), nil
	case '0':
		return json.Number(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil //nolint:nilnil // JSON's null is a value
	}
}

func readObject(d *jsontext.Decoder) (cell, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	object := map[string]any{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if object[key], err = readValue(d); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

func readArray(d *jsontext.Decoder) (cell, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	list := []any{}
	for d.PeekKind() != ']' {
		value, err := readValue(d)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := d.ReadToken()
	return list, err
}
