package columnar

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/veto-gate/veto/internal/filter/corpus"
)

// arrowSchema is where Arrow's writers note their own types. It counts columns, so it cannot stay as it is beside one more.
const arrowSchema = "ARROW:schema"

// outputSchema is the input's, with the column for redactions where there is one.
func (s *Source) outputSchema() (*schema.GroupNode, metadata.KeyValueMetadata, error) {
	meta := s.copy.MetaData()
	root := meta.Schema.Root()
	if s.options.Redactions == "" {
		return root, meta.KeyValueMetadata(), nil
	}
	fields := schema.FieldList{}
	for n := range root.NumFields() {
		fields = append(fields, root.Field(n))
	}
	positions, err := schema.ListOfWithName(s.options.Redactions, schema.NewInt32Node("element", parquet.Repetitions.Required, -1), parquet.Repetitions.Required, -1)
	if err != nil {
		return nil, nil, fmt.Errorf("add column %s: %w", s.options.Redactions, err)
	}
	whole, err := schema.NewGroupNode(root.Name(), root.RepetitionType(), append(fields, positions), root.FieldID())
	if err != nil {
		return nil, nil, fmt.Errorf("add column %s: %w", s.options.Redactions, err)
	}
	kept := metadata.NewKeyValueMetadata()
	all := meta.KeyValueMetadata()
	keys, values := all.Keys(), all.Values()
	for n, key := range keys {
		if key == arrowSchema {
			continue
		}
		if err := kept.Append(key, values[n]); err != nil {
			return nil, nil, fmt.Errorf("copy metadata: %w", err)
		}
	}
	return whole, kept, nil
}

// checkRedactions refuses a name that a column has.
func (s *Source) checkRedactions(names []string) error {
	if name := s.options.Redactions; name != "" && slices.Contains(names, name) {
		return fmt.Errorf("--redactions %s: the corpus has a column of that name: choose another", name)
	}
	return nil
}

// writeRedactions writes the column for redactions: a list for each row that is kept, empty where nobody is to be masked.
func writeRedactions(to file.ColumnChunkWriter, parts []corpus.Part) error {
	w, ok := to.(*file.Int32ColumnChunkWriter)
	if !ok {
		return fmt.Errorf("a column of type %s cannot hold positions", to.Type())
	}
	var values []int32
	var def, rep []int16
	flush := func() error {
		_, err := w.WriteBatch(values, def, rep)
		values, def, rep = values[:0], def[:0], rep[:0]
		return err
	}
	for i := range parts {
		for row := range parts[i].Keep.Rows {
			if !parts[i].Keep.Has(row) {
				continue
			}
			positions := parts[i].Redact[row]
			if len(positions) == 0 {
				def, rep = append(def, 0), append(rep, 0)
			}
			for n, position := range positions {
				values, def, rep = append(values, position), append(def, 1), append(rep, int16(min(n, 1)))
			}
			if len(def) >= levelsAtOnce {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}
