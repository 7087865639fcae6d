package columns

// Description is what a corpus may have for one field.
type Description struct {
	// Field is the name that a column has, or that --map gives one.
	Field string `json:"field"`
	// Required says that a corpus without it is refused.
	Required bool `json:"required"`
	// Type is what fits, as docs/formats/columns.md names types.
	Type string `json:"type"`
	// Null is what a null, or an empty text, means.
	Null string `json:"null"`
	// Values are the names that it takes, where they are few.
	Values string `json:"values,omitempty"`
}

// descriptions say of each field what the table of fields does not: in Item's order. A test holds them to that table and to the docs.
var descriptions = []Description{
	{Field: "item_id", Type: "text or integer", Null: "INVALID"},
	{Field: "kind", Type: "text", Null: "INVALID"},
	{Field: "visibility", Type: "text", Null: "INVALID"},
	{Field: "author_id", Type: "text or integer", Null: "INVALID"},
	{Field: "subjects", Type: "list of structs: subject_id (text or integer), role, country (optional); list of ids with --set subjects.role=ROLE", Null: "nobody else"},
	{Field: "country", Type: "text", Null: "NO_REGIME"},
	{Field: "language", Type: "text", Null: "unknown; decides nothing"},
	{Field: "service", Type: "text", Null: "unknown; decides nothing"},
	{Field: "created_at", Type: "time", Null: "unknown"},
	{Field: "author_age", Type: "whole number", Null: "0: unknown"},
	{Field: "author_age_at_creation", Type: "whole number", Null: "0: unknown"},
	{Field: "author_notified_at", Type: "time", Null: "unknown"},
	{Field: "in_conversation", Type: "text", Null: "counts as WITH_OTHERS"},
	{Field: "labels", Type: "list of text", Null: "no label"},
	{Field: "content_keys", Type: "list of text", Null: "no key; a null among them: INVALID"},
	{Field: "modality", Type: "text", Null: "taken from the kind"},
	{Field: "size_bytes", Type: "whole number", Null: "0: unknown"},
	{Field: "signals", Type: "struct of the signals below", Null: "no signal"},
	{Field: "content_usage", Type: "text", Null: "no signal"},
	{Field: "tdm_reservation", Type: "text", Null: "no signal"},
	{Field: "robots", Type: "text", Null: "no signal"},
	{Field: "c2pa_training_mining", Type: "text", Null: "no signal"},
	{Field: "plus_data_mining", Type: "text", Null: "no signal"},
	{Field: other, Type: "list of text; only as --map other=COLUMN, or in signals", Null: "no signal"},
}

// Describe returns what a corpus may have, in Item's order.
func Describe() []Description {
	all := make([]Description, len(descriptions))
	for n, d := range descriptions {
		for _, name := range required {
			d.Required = d.Required || name == d.Field
		}
		if f := fieldNamed(d.Field); f.words != nil {
			d.Values = f.words.names()
		}
		if d.Field == "subjects" {
			d.Values = roles.names()
		}
		all[n] = d
	}
	return all
}
