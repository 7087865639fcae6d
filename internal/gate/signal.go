package gate

import (
	"strings"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// answer is what one signal says of training.
type answer uint8

// The answers. What says yes and what says nothing are the same here: a yes opens nothing that is closed.
const (
	silent answer = iota
	refuses
	unreadable
)

// signalNames are the signals of Item in their order, as answers counts them.
func signalNames() [6]string {
	return [6]string{"content_usage", "tdm_reservation", "robots", "c2pa_training_mining", "plus_data_mining", "other"}
}

// answers are what each signal says, in the order of signalNames.
type answers [6]answer

// readSignals reads the signals by their canonical values. They count for every purpose: a person who refuses training
// has not agreed to a purpose with another name.
func readSignals(item *Item) answers {
	s := &item.Signals
	read := answers{
		contentUsage(s.ContentUsage),
		tdmReservation(s.TDMReservation),
		robots(s.Robots, item),
		trainingMining(s.C2PATrainingMining),
		dataMining(s.PLUSDataMining),
		silent,
	}
	if len(s.Other) > 0 {
		read[5] = unreadable // no other vocabulary is known here
	}
	return read
}

// has says whether any signal gave this answer.
func (a answers) has(want answer) bool {
	for _, one := range a {
		if one == want {
			return true
		}
	}
	return false
}

// contentUsage reads the canonical part of AIPREF's dictionary (draft-ietf-aipref-vocab-07; RFC 9651, 3.2): members
// `key=token`, separated by commas. `train-ai` is `y` or `n`; other keys say nothing of training. Whatever else the
// dictionary's syntax allows is unreadable here, and so is a key that is said twice: its last value counts, and a reader
// that does not know all of the syntax must not choose.
func contentUsage(value string) answer {
	rest := strings.Trim(value, " \t")
	if rest == "" {
		return silent
	}
	said, found := silent, false
	for more := true; more; {
		var member string
		member, rest, more = strings.Cut(rest, ",")
		key, token, ok := strings.Cut(strings.Trim(member, " \t"), "=")
		if !ok || !isWord(key, false) || !isWord(token, true) {
			return unreadable
		}
		if key != "train-ai" {
			continue
		}
		if found {
			return unreadable
		}
		found = true
		switch token {
		case "y":
		case "n":
			said = refuses
		default:
			return unreadable
		}
	}
	return said
}

// isWord says whether the text is made of letters, digits and hyphens, and begins with a letter: a key without upper case
// (RFC 9651, 3.1.2), a token with it (3.3.4).
func isWord(text string, upper bool) bool {
	for i := range len(text) {
		c := text[i]
		letter := c >= 'a' && c <= 'z' || upper && isUpper(c)
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return text != ""
}

// tdmReservation reads the value of `tdm-reservation` (W3C TDM Reservation Protocol, TDM Header Field): 1 reserves the
// rights, 0 does not.
func tdmReservation(value string) answer {
	switch strings.Trim(value, " \t") {
	case "", "0":
		return silent
	case "1":
		return refuses
	default:
		return unreadable
	}
}

// robots looks for the words noai and noimageai (DeviantArt, November 2022), without letter case, among words that are
// separated by commas. All others speak of crawling and indexing, and say nothing of training. A part that holds one of
// the two and more (`bot: noai`, `noai noimageai`, quotes) means something that is not known here: it is unreadable, as a
// no that was overheard would be worse.
func robots(value string, item *Item) answer {
	said := silent
	for more := value != ""; more; {
		var word string
		word, value, more = strings.Cut(value, ",")
		word = strings.TrimSpace(word)
		switch {
		case strings.EqualFold(word, "noai"), strings.EqualFold(word, "noimageai") && isImage(item):
			return refuses
		case strings.EqualFold(word, "noimageai"):
		case holds(word, "noai"), holds(word, "noimageai"):
			said = unreadable
		}
	}
	return said
}

// holds says whether a text contains a word, without letter case.
func holds(text, word string) bool {
	for i := range len(text) - len(word) + 1 {
		if strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// isImage says whether the item is a still image, by its modality, or its kind where that is not known.
func isImage(item *Item) bool {
	switch item.Modality {
	case vetov1.Modality_MODALITY_IMAGE:
		return true
	case vetov1.Modality_MODALITY_TEXT, vetov1.Modality_MODALITY_VIDEO, vetov1.Modality_MODALITY_AUDIO:
		return false
	default:
		return item.Kind == vetov1.ItemKind_ITEM_KIND_PHOTO
	}
}

// trainingMining reads the `use` of an entry of the training and data mining assertion (C2PA 1.4, CAWG 1.1).
// `constrained` asks for terms that nobody has looked at here: a no.
func trainingMining(value string) answer {
	switch value {
	case "", "allowed":
		return silent
	case "notAllowed", "constrained":
		return refuses
	default:
		return unreadable
	}
}

// plusVocabulary is what the URIs of PLUS codes begin with, as XMP stores them.
const plusVocabulary = "http://ns.useplus.org/ldf/vocab/"

// dataMining reads a code of the PLUS Data Mining vocabulary (IPTC Photo Metadata 2023.1), or its URI. A prohibition with
// an exception or a constraint prohibits: search engine indexing is not training, and nobody has looked at the
// constraint.
func dataMining(value string) answer {
	switch strings.TrimPrefix(value, plusVocabulary) {
	case "DMI-UNSPECIFIED", "DMI-ALLOWED":
		return silent
	case "DMI-PROHIBITED", "DMI-PROHIBITED-AIMLTRAINING", "DMI-PROHIBITED-GENAIMLTRAINING",
		"DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", "DMI-PROHIBITED-SEECONSTRAINT",
		"DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR":
		return refuses
	default:
		if value == "" {
			return silent
		}
		return unreadable
	}
}
