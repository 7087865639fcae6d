package demo

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// The story as a whole is run by the tests of cmd/veto, against the real server.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnswersAreHeldAgainstTheFile(t *testing.T) {
	for _, c := range []struct {
		name                   string
		rows                   []row
		answers                []string
		asExpected, defensible int
		otherwise              string
	}{
		{"expected", []row{{"row": "1", "expected": accepted, "strictness": "must"}}, []string{accepted}, 1, 0, ""},
		{"must, and is not", []row{{"row": "1", "expected": refused, "strictness": "must"}}, []string{accepted}, 0, 0, "1"},
		{"may, either way", []row{{"row": "1", "expected": accepted, "strictness": "may"}}, []string{refused}, 0, 1, ""},
		{"an all that is refused", []row{{"row": "1", "expected": accepted, "strictness": "never-narrow"}}, []string{refused}, 0, 1, ""},
		{"an all that is recorded as an item", []row{{"row": "1", "expected": accepted, "strictness": "never-narrow"}}, []string{narrowed}, 0, 0, "1"},
		{"an item called all, though the row may", []row{{"row": "1", "expected": accepted, "strictness": "may"}}, []string{narrowed}, 0, 0, "1"},
		{"what follows from an other answer", []row{
			{"row": "1", "subject_id": "a", "expected": accepted, "strictness": "may"},
			{"row": "2", "subject_id": "a", "expected": unchanged, "strictness": "must"},
			{"row": "3", "subject_id": "b", "expected": unchanged, "strictness": "must"},
		}, []string{refused, accepted, accepted}, 0, 2, "3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			count := tally{answers: map[string]int{}, parted: map[string]bool{}}
			for i, r := range c.rows {
				count.add(r, c.answers[i])
			}
			if got := strings.Join(count.otherwise, " "); count.sent != len(c.rows) || count.asExpected != c.asExpected || count.defensible != c.defensible || got != c.otherwise {
				t.Errorf("got %+v", count)
			}
		})
	}
}

func TestShortenedKeepsTheAccount(t *testing.T) {
	account := "offered 3\n  included 1\n  excluded 2\n" + strings.Repeat("    REASON 1\n", 20)
	countries := "country offered\n" + strings.Repeat("DE 1\n", 20)
	last := "not checked: nothing\n" + strings.Repeat("x\n", 20)
	got := shortened(account + "\n" + countries + "\n" + "language offered\nen 3\n" + "\n" + last)
	if !strings.HasPrefix(got, account) || !strings.HasSuffix(strings.TrimRight(got, "\n")+"\n", last) {
		t.Errorf("the account or the circumstances were shortened:\n%s", got)
	}
	if strings.Contains(got, "language") || strings.Count(got, "DE 1") != maxLines-1 || !strings.Contains(got, "…") {
		t.Errorf("the tables were not:\n%s", got)
	}
}

func TestRequestsThatNoCallCanCarry(t *testing.T) {
	for value, want := range map[string]string{
		"":                     "",
		"2025-04-15T10:57:00Z": "",
		"27.05.2025 10:15":     "received_at: not an instant; give it as 2025-05-20T09:00:00+02:00",
	} {
		if _, got := (row{"received_at": value}).filing("id"); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}
