package gate_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate"
)

// lines reads a file of JSON, an object a line.
func lines[T any](t *testing.T, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []T
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var one T
		if err := json.Unmarshal(scanner.Bytes(), &one); err != nil {
			t.Fatalf("%s, row %d: %v", path, len(list)+1, err)
		}
		list = append(list, one)
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// jsonSignals is veto.v1.Signals as JSON.
type jsonSignals struct {
	ContentUsage   string   `json:"content_usage"`
	TDMReservation string   `json:"tdm_reservation"`
	Robots         string   `json:"robots"`
	C2PA           string   `json:"c2pa_training_mining"`
	PLUS           string   `json:"plus_data_mining"`
	Other          []string `json:"other"`
}

func (s jsonSignals) signals() gate.Signals {
	return gate.Signals{
		ContentUsage: s.ContentUsage, TDMReservation: s.TDMReservation, Robots: s.Robots,
		C2PATrainingMining: s.C2PA, PLUSDataMining: s.PLUS, Other: s.Other,
	}
}

// jsonItem is veto.v1.Item as JSON, enum values without their prefix.
type jsonItem struct {
	ItemID     string `json:"item_id"`
	Kind       string `json:"kind"`
	Visibility string `json:"visibility"`
	AuthorID   string `json:"author_id"`
	Subjects   []struct {
		SubjectID string `json:"subject_id"`
		Role      string `json:"role"`
		Country   string `json:"country"`
	} `json:"subjects"`
	Country             string      `json:"country"`
	Language            string      `json:"language"`
	CreatedAt           string      `json:"created_at"`
	AuthorAge           int32       `json:"author_age"`
	AuthorAgeAtCreation int32       `json:"author_age_at_creation"`
	Labels              []string    `json:"labels"`
	ContentKeys         []string    `json:"content_keys"`
	Signals             jsonSignals `json:"signals"`
}

// item reads the way a small reader would: a name that is no value is unspecified, a time that is none is unreadable.
func (j *jsonItem) item() gate.Item {
	i := gate.Item{
		ID:                  j.ItemID,
		Kind:                vetov1.ItemKind(vetov1.ItemKind_value["ITEM_KIND_"+j.Kind]),
		Visibility:          vetov1.Visibility(vetov1.Visibility_value["VISIBILITY_"+j.Visibility]),
		AuthorID:            j.AuthorID,
		Country:             j.Country,
		Language:            j.Language,
		AuthorAge:           j.AuthorAge,
		AuthorAgeAtCreation: j.AuthorAgeAtCreation,
		Labels:              j.Labels,
		ContentKeys:         j.ContentKeys,
		Signals:             j.Signals.signals(),
	}
	for _, s := range j.Subjects {
		role := vetov1.SubjectRole(vetov1.SubjectRole_value["SUBJECT_ROLE_"+s.Role])
		i.Subjects = append(i.Subjects, gate.OtherSubject{SubjectID: s.SubjectID, Role: role, Country: s.Country})
	}
	if j.CreatedAt != "" {
		var err error
		if i.CreatedAt, err = time.Parse(time.RFC3339, j.CreatedAt); err != nil {
			i.Unreadable = &gate.Violation{Field: "created_at", Message: "not a time as RFC 3339 writes it"}
		}
	}
	return i
}

// Every row of the malformed items comes back as its expectation says. Those that leave a choice are decided as the
// expectation proposes, but for the one whose note says that only a platform's own rule forbids it.
func TestDecideMalformedItems(t *testing.T) {
	rows := lines[struct {
		Case     string   `json:"case"`
		Item     jsonItem `json:"item"`
		Expected struct {
			Invalid bool   `json:"invalid"`
			Field   string `json:"field"`
		} `json:"expected"`
		Strictness string `json:"strictness"`
		Note       string `json:"note"`
	}](t, "../../test/data/items/malformed.jsonl")
	if len(rows) != 64 {
		t.Errorf("%d rows, want 64", len(rows))
	}
	readable := []string{"malformed-05"} // a zero width space is an id where subject_ids do not forbid it
	v := view(t, rules(), nil)
	for _, row := range rows {
		t.Run(row.Case, func(t *testing.T) {
			item := row.Item.item()
			want, field := row.Expected.Invalid, row.Expected.Field
			if row.Strictness == "may" && slices.Contains(readable, row.Case) {
				want, field = false, ""
			}
			d := decide(t, v, &item, training, noon, gate.Options{AcceptRedactions: true})
			if got := d.Reason == vetov1.Reason_REASON_INVALID; got != want || d.Violation.Field != field {
				t.Errorf("%s: decided %v, field %q; want invalid %v, field %q", row.Note, d.Reason, d.Violation.Field, want, field)
			}
			if want != (d.Violation.Message != "") {
				t.Errorf("message %q for an item that is invalid: %v", d.Violation.Message, want)
			}
		})
	}
}

// The shared signal cases that are written by their canonical values: refused ones exclude, and so do unreadable ones
// unless the regime allows the unknown.
func TestDecideSignals(t *testing.T) {
	type signalCase struct {
		Case   string `json:"case"`
		Family string `json:"family"`
		Input  struct {
			jsonSignals
			Signals *jsonSignals `json:"signals"`
			Kind    string       `json:"kind"`
			Agent   string       `json:"agent"`
			XMP     string       `json:"xmp"`
		} `json:"input"`
		Expected struct {
			Training   string   `json:"training"`
			Readable   *bool    `json:"readable"`
			Unreadable []string `json:"unreadable"`
		} `json:"expected"`
	}
	// The labels that tools show are read by a later reader; here they are unreadable.
	labels := []string{"plus-019", "plus-023"}
	// The word is there and something is with it: no answer, and no silence.
	overheard := []string{"robots-028", "robots-029"}
	families := map[string]int{"tdmrep-header": 0, "robots": 0, "c2pa-field": 0, "plus": 0, "combined": 0}
	strict := rules()
	for k := range strict.Regimes[0].Content {
		strict.Regimes[0].Content[k] = gate.VisibilitySet(vetov1.Visibility_VISIBILITY_PUBLIC)
	}
	for _, k := range []vetov1.ItemKind{vetov1.ItemKind_ITEM_KIND_VIDEO, vetov1.ItemKind_ITEM_KIND_AI_INTERACTION} {
		strict.Regimes[0].Content[k] = gate.VisibilitySet(vetov1.Visibility_VISIBILITY_PUBLIC)
	}
	lenient := strict
	lenient.Regimes = slices.Clone(strict.Regimes)
	lenient.Regimes[0].UnknownSignal = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW
	views := map[string]*gate.View{"strict": view(t, strict, nil), "lenient": view(t, lenient, nil)}
	for _, c := range lines[signalCase](t, "../../test/data/signals/cases.jsonl") {
		if _, ours := families[c.Family]; !ours || c.Input.Agent != "" || c.Input.XMP != "" || slices.Contains(labels, c.Case) {
			continue
		}
		families[c.Family]++
		item := post()
		item.Signals = c.Input.signals()
		if c.Input.Signals != nil {
			item.Signals = c.Input.Signals.signals()
		}
		if kind, ok := vetov1.ItemKind_value["ITEM_KIND_"+c.Input.Kind]; ok {
			item.Kind = vetov1.ItemKind(kind)
		}
		item.InConversation = vetov1.Conversation_CONVERSATION_ALONE
		no := c.Expected.Training == "disallowed"
		unreadable := c.Expected.Readable != nil && !*c.Expected.Readable || len(c.Expected.Unreadable) > 0 || slices.Contains(overheard, c.Case)
		for name, excludes := range map[string]bool{"strict": no || unreadable, "lenient": no} {
			d := decide(t, views[name], &item, training, noon, gate.Options{})
			want := vetov1.Reason_REASON_ELIGIBLE
			if excludes {
				want = vetov1.Reason_REASON_SIGNAL
			}
			if d.Reason != want {
				t.Errorf("%s, %s: decided %v, want %v", c.Case, name, d.Reason, want)
			}
		}
	}
	for family, n := range families {
		if n == 0 {
			t.Errorf("no case of the family %s was run", family)
		}
	}
	t.Logf("cases: %v", families)
}

// AIPREF values beyond the canonical ones: what is not surely understood is unreadable.
func TestDecideContentUsage(t *testing.T) {
	tests := []struct {
		value string
		want  string // yes or nothing, no, unreadable
	}{
		{"", "yes"}, {"  ", "yes"}, {"train-ai=y", "yes"}, {" train-ai=n ", "no"}, {"search=y", "yes"}, {"search=n,\ttrain-ai=n", "no"},
		{"train-ai=n, ai-use=y", "no"}, {"ai-use=n, train-ai=y", "yes"},
		{"Train-AI=n", "unreadable"}, {"train-ai=N", "unreadable"}, {"train-ai=no", "unreadable"}, {"train-ai", "unreadable"},
		{"train-ai = n", "unreadable"}, {"train-ai=n,", "unreadable"}, {",train-ai=n", "unreadable"}, {"train-ai=n;x=y", "unreadable"},
		{"train-ai=n, train-ai=y", "unreadable"}, {"train-ai=y, train-ai=n", "unreadable"}, {"train-ai=(y)", "unreadable"}, {"train-ai=\"n\"", "unreadable"},
		{"train-ai=?0", "unreadable"}, {"train-ai=y train-ai=n", "unreadable"}, {"=n", "unreadable"}, {"1ai=n", "unreadable"}, {"n", "unreadable"},
	}
	lenient := rules()
	lenient.Regimes[0].UnknownSignal = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW
	strictly, leniently := view(t, rules(), nil), view(t, lenient, nil)
	for _, tt := range tests {
		item := post()
		item.Signals.ContentUsage = tt.value
		a := decide(t, strictly, &item, training, noon, gate.Options{}).Reason == vetov1.Reason_REASON_SIGNAL
		b := decide(t, leniently, &item, training, noon, gate.Options{}).Reason == vetov1.Reason_REASON_SIGNAL
		got := map[[2]bool]string{{false, false}: "yes", {true, true}: "no", {true, false}: "unreadable"}[[2]bool{a, b}]
		if got != tt.want {
			t.Errorf("%q is %q, want %q", tt.value, got, tt.want)
		}
	}
}

// Robots directives beyond the single words: where noai or noimageai stands with more, it is unreadable, never silence.
func TestDecideRobots(t *testing.T) {
	tests := []struct {
		value       string
		text, image string // silent, no, unreadable
	}{
		{"", "silent", "silent"}, {"index, follow", "silent", "silent"}, {",, ,", "silent", "silent"}, {"no ai", "silent", "silent"}, {"noa,i", "silent", "silent"},
		{"noai", "no", "no"}, {" NoAI\t", "no", "no"}, {"index,NOAI", "no", "no"},
		{"noimageai", "silent", "no"}, {"none, NoImageAI", "silent", "no"},
		{"veto-bot: noai", "unreadable", "unreadable"}, {"other:NOAI", "unreadable", "unreadable"}, {"bot: noimageai", "unreadable", "unreadable"},
		{"noai noimageai", "unreadable", "unreadable"}, {"noai;noimageai", "unreadable", "unreadable"}, {"noai;", "unreadable", "unreadable"},
		{"\"noai\"", "unreadable", "unreadable"}, {"'noimageai'", "unreadable", "unreadable"}, {"noai.", "unreadable", "unreadable"}, {"a\nnoai", "unreadable", "unreadable"},
		{"xnoai", "unreadable", "unreadable"}, {"index, noai=1, follow", "unreadable", "unreadable"},
		{"bot: noai, noai", "no", "no"}, {"noai, bot: noai", "no", "no"}, {"bot: noai, noimageai", "unreadable", "no"},
	}
	lenient := rules()
	lenient.Regimes[0].UnknownSignal = vetov1.UnknownTreatment_UNKNOWN_TREATMENT_ALLOW
	strictly, leniently := view(t, rules(), nil), view(t, lenient, nil)
	for _, tt := range tests {
		for kind, want := range map[vetov1.ItemKind]string{vetov1.ItemKind_ITEM_KIND_POST: tt.text, vetov1.ItemKind_ITEM_KIND_PHOTO: tt.image} {
			item := post()
			item.Kind, item.Signals.Robots = kind, tt.value
			a := decide(t, strictly, &item, training, noon, gate.Options{}).Reason == vetov1.Reason_REASON_SIGNAL
			b := decide(t, leniently, &item, training, noon, gate.Options{}).Reason == vetov1.Reason_REASON_SIGNAL
			got := map[[2]bool]string{{false, false}: "silent", {true, true}: "no", {true, false}: "unreadable"}[[2]bool{a, b}]
			if got != want {
				t.Errorf("%q for %v is %q, want %q", tt.value, kind, got, want)
			}
		}
	}
}
