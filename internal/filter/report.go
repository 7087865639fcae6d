package filter

// Report counts a run. Its JSON names are stable; docs/formats/report.md describes them. It holds no id and no content.
type Report struct {
	// Purpose that the rows were decided for.
	Purpose string `json:"purpose"`
	// Replay says that the rows were decided as of another time, so they are no set that may be used. Absent: as of the run.
	Replay *Replay `json:"replay,omitempty"`
	// Offered is how many rows the corpus has.
	Offered int64 `json:"offered"`
	// Included rows may be used as they are, and were written.
	Included int64 `json:"included"`
	// Redacted rows may be used once subjects are masked. They are written where a column says whom, and only there.
	Redacted int64 `json:"redacted"`
	// Excluded counts the rows that may not be used by reason (`OBJECTED`), most first.
	Excluded []ReasonCount `json:"excluded"`
	// Invalid counts the rows that could not be read by field and message, most first. A row counts once.
	Invalid []InvalidCount `json:"invalid"`
	// ByCountry, ByKind and ByLanguage split the same rows, those with most offered rows first.
	ByCountry  []Split `json:"by_country"`
	ByKind     []Split `json:"by_kind"`
	ByLanguage []Split `json:"by_language"`
	// Mapped are the fields that columns filled; NotChecked what no rule could look at: what the caller named absent, a signal by itself as
	// `signals.robots`.
	Mapped     []string `json:"mapped"`
	NotChecked []string `json:"not_checked"`
	// Revisions and PolicyVersions are the lowest and the highest that a batch was decided at; of a corpus without rows, those that stood.
	Revisions      Span `json:"revisions"`
	PolicyVersions Span `json:"policy_versions"`
	// Files counts each corpus where there were several.
	Files []FileCount `json:"files,omitempty"`
	// Seconds that the run took, and rows decided in one.
	Seconds       float64 `json:"seconds"`
	RowsPerSecond float64 `json:"rows_per_second"`
}

// ReasonCount counts rows of one reason.
type ReasonCount struct {
	// Reason without its prefix, e.g. `OBJECTED`; `REASON_97` for one that this version does not know.
	Reason string `json:"reason"`
	Rows   int64  `json:"rows"`
}

// InvalidCount counts rows with one field at fault in one way.
type InvalidCount struct {
	// Field is the path in the item, positions left out: `author_id`, `subjects[].role`.
	Field string `json:"field"`
	// Message says what is wrong.
	Message string `json:"message"`
	Rows    int64  `json:"rows"`
	// FirstRows are positions of the first five in the corpus, from 1.
	FirstRows []int64 `json:"first_rows"`
}

// Split counts the rows of one country, kind or language.
type Split struct {
	Name     string `json:"name"`
	Offered  int64  `json:"offered"`
	Included int64  `json:"included"`
	Redacted int64  `json:"redacted"`
	Excluded int64  `json:"excluded"`
	Invalid  int64  `json:"invalid"`
}

// Span is a lowest and a highest number.
type Span struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// ExcludedRows is the sum of Excluded.
func (r *Report) ExcludedRows() int64 {
	sum := int64(0)
	for _, c := range r.Excluded {
		sum += c.Rows
	}
	return sum
}

// InvalidRows is the sum of Invalid.
func (r *Report) InvalidRows() int64 {
	sum := int64(0)
	for _, c := range r.Invalid {
		sum += c.Rows
	}
	return sum
}
