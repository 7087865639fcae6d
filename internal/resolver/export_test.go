package resolver

import "time"

// Read is read.
func Read(text []byte) (match, subjectID string, err error) {
	a, err := read(text)
	return a.Match, a.SubjectID, err
}

// AskAgainAfter sets how long nobody is asked again about what the platform left open.
func (r *Resolver) AskAgainAfter(d time.Duration) { r.pending = d }
