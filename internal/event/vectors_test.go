package event_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/golden"
)

// vector is a line of testdata/vectors.jsonl. docs/formats/event.md says what
// each kind of line has.
type vector struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`

	Type     string   `json:"type,omitempty"`
	Leaf     string   `json:"leaf,omitempty"`
	LeafHex  string   `json:"leaf_hex,omitempty"` // where the bytes are not UTF-8
	Side     string   `json:"side,omitempty"`
	SideHex  string   `json:"side_hex,omitempty"`
	LeafHash string   `json:"leaf_hash,omitempty"`
	Raw      []string `json:"raw,omitempty"` // the ids that the row holds hashed, in the list's order

	Number uint64   `json:"number,omitempty"`
	ID     string   `json:"id,omitempty"`
	Typed  string   `json:"typed,omitempty"`
	Text   *string  `json:"text,omitempty"`
	All    bool     `json:"all,omitempty"`
	Names  []string `json:"names,omitempty"`

	Error string `json:"error,omitempty"`
}

// bent makes a record that must be refused out of a fixture's: the first old is
// replaced by new, which for the parser is the only difference.
type bent struct {
	name, of, record string
	old, new         string
}

var bentRecords = []bent{
	{"leaf_empty", "genesis", "leaf", "*", ""},
	{"leaf_header_of_another_version", "genesis", "leaf", "veto/event/v1\n", "veto/event/v2\n"},
	{"leaf_header_of_a_side_row", "genesis", "leaf", "veto/event/v1\n", "veto/side/v1\n"},
	{"leaf_header_without_newline", "genesis", "leaf", "*", "veto/event/v1"},
	{"leaf_header_alone", "genesis", "leaf", "*", "veto/event/v1\n"},
	{"leaf_byte_order_mark", "genesis", "leaf", "veto", "\ufeffveto"},
	{"leaf_carriage_return", "genesis", "leaf", "GENESIS\n", "GENESIS\r\n"},
	{"leaf_type_unknown", "genesis", "leaf", "GENESIS", "CREATION"},
	{"leaf_type_lower_case", "genesis", "leaf", "GENESIS", "genesis"},
	{"leaf_type_of_other_fields", "genesis", "leaf", "GENESIS", "OBJECTION_FILED"},
	{"leaf_type_missing", "genesis", "leaf", "type GENESIS\n", ""},
	{"leaf_type_twice", "genesis", "leaf", "type GENESIS\n", "type GENESIS\ntype GENESIS\n"},
	{"leaf_day_of_no_calendar", "objection_raised", "leaf", "2025-05-21", "2025-02-30"},
	{"leaf_day_without_zeros", "objection_raised", "leaf", "2025-05-21", "2025-5-21"},
	{"leaf_day_of_year_zero", "objection_raised", "leaf", "2025-05-21", "0000-05-21"},
	{"leaf_day_missing", "objection_raised", "leaf", "day 2025-05-21\n", ""},
	{"leaf_day_before_type", "genesis", "leaf", "type GENESIS\nday 2025-04-14\n", "day 2025-04-14\ntype GENESIS\n"},
	{"leaf_policy_zero", "objection_raised", "leaf", "policy 1", "policy 0"},
	{"leaf_policy_leading_zero", "objection_raised", "leaf", "policy 1", "policy 01"},
	{"leaf_policy_signed", "objection_raised", "leaf", "policy 1", "policy +1"},
	{"leaf_policy_of_65_bits", "objection_raised", "leaf", "policy 1", "policy 18446744073709551616"},
	{"leaf_policy_empty", "objection_raised", "leaf", "policy 1", "policy "},
	{"leaf_policy_without_value", "objection_raised", "leaf", "policy 1", "policy"},
	{"leaf_two_spaces", "objection_raised", "leaf", "policy 1", "policy  1"},
	{"leaf_trailing_space", "objection_raised", "leaf", "policy 1", "policy 1 "},
	{"leaf_leading_space", "objection_raised", "leaf", "policy 1", " policy 1"},
	{"leaf_tab", "objection_raised", "leaf", "policy 1", "policy\t1"},
	{"leaf_effect_of_another_type", "objection_raised", "leaf", "RAISED", "LIFTED"},
	{"leaf_effect_unknown", "objection_raised", "leaf", "RAISED", "FORGOTTEN"},
	{"leaf_log_twice", "genesis", "leaf", "log veto.example/register\n", "log veto.example/register\nlog veto.example/register\n"},
	{"leaf_log_ends_in_a_dot", "genesis", "leaf", "veto.example/register", "veto.example."},
	{"leaf_log_two_slashes", "genesis", "leaf", "veto.example/register", "veto.example//register"},
	{"leaf_log_begins_with_a_slash", "genesis", "leaf", "veto.example/register", "/register"},
	{"leaf_log_not_ascii", "genesis", "leaf", "veto.example/register", "véto.example"},
	{"leaf_format_2", "genesis", "leaf", "format 1", "format 2"},
	{"leaf_secret_upper_case", "genesis", "leaf", "a856af", "A856AF"},
	{"leaf_secret_short", "genesis", "leaf", "a856af", "56af"},
	{"leaf_hash_zero", "genesis", "leaf", "a856af276fedc7b2208aaca4db58203d621a580d3d86b845b449425c885e308b", strings.Repeat("0", 64)},
	{"leaf_line_unknown", "objection_raised", "leaf", "policy 1\n", "policy 1\ncountry DE\n"},
	{"leaf_line_empty", "objection_raised", "leaf", "policy 1\n", "policy 1\n\n"},
	{"leaf_line_after_the_last", "objection_raised", "leaf", "$", "record 00\n"},
	{"leaf_field_after_the_last", "objection_raised", "leaf", "$", "day 2025-05-21\n"},
	{"leaf_newline_after_the_last", "objection_raised", "leaf", "$", "\n"},
	{"leaf_last_newline_missing", "objection_raised", "leaf", "$", "\b"},
	{"leaf_too_long", "objection_raised", "leaf", "$", strings.Repeat("x", event.MaxLeafBytes)},
	{"leaf_nul", "genesis", "leaf", "GENESIS", "GENESIS\x00"},

	{"side_empty", "genesis", "side", "*", ""},
	{"side_header_of_a_leaf", "genesis", "side", "veto/side/v1", "veto/event/v1"},
	{"side_salt_missing", "genesis", "side", "salt ", "record_salt "},
	{"side_salt_upper_case", "genesis", "side", "salt b1", "salt B1"},
	{"side_instant_without_fraction", "objection_raised", "side", "00:00:00.000000Z", "00:00:00Z"},
	{"side_instant_of_three_digits", "objection_raised", "side", "00:00:00.000000Z", "00:00:00.000Z"},
	{"side_instant_of_nine_digits", "objection_raised", "side", "00:00:00.000000Z", "00:00:00.000000000Z"},
	{"side_instant_with_comma", "objection_raised", "side", "00:00:00.000000Z", "00:00:00,000000Z"},
	{"side_instant_with_offset", "objection_raised", "side", "00:00:00.000000Z", "00:00:00.000000+00:00"},
	{"side_instant_lower_case", "objection_raised", "side", "T00:00:00.000000Z", "t00:00:00.000000z"},
	{"side_instant_of_leap_second", "objection_raised", "side", "00:00:00.000000Z", "23:59:60.000000Z"},
	{"side_instant_of_hour_24", "objection_raised", "side", "00:00:00.000000Z", "24:00:00.000000Z"},
	{"side_instant_of_the_first_moment", "objection_raised", "side", "2025-05-21T00:00:00.000000Z", "0001-01-01T00:00:00.000000Z"},
	{"side_key_id_hexadecimal", "genesis", "side", "key_id 1", "key_id 0x1"},
	{"side_key_id_of_33_bits", "genesis", "side", "key_id 1", "key_id 4294967296"},
	{"side_actor_not_utf8", "genesis", "side", "actor veto", "actor v\xc3to"},
	{"side_actor_overlong_utf8", "genesis", "side", "actor veto", "actor v\xc0\xafto"},
	{"side_actor_surrogate", "genesis", "side", "actor veto", "actor v\xed\xa0\x80to"},
	{"side_actor_del", "genesis", "side", "actor veto", "actor v\x7fto"},
	{"side_actor_c1_control", "genesis", "side", "actor veto", "actor v\u0085to"},
	{"side_actor_bidi", "genesis", "side", "actor veto", "actor v\u2066to"},
	{"side_actor_of_129_bytes", "genesis", "side", "actor veto serve", "actor " + strings.Repeat("é", 64) + "x"},
	{"side_text_escape_unknown", "genesis", "side", "actor veto", `actor v\to`},
	{"side_text_escape_cut", "genesis", "side", "actor veto serve", `actor veto\`},
	{"side_text_begins_with_newline", "genesis", "side", "actor veto", `actor \nveto`},
	{"side_role_lower_case", "genesis", "side", "role SYSTEM", "role System"},
	{"side_role_ends_in_underscore", "genesis", "side", "role SYSTEM", "role SYSTEM_"},
	{"side_role_begins_with_digit", "genesis", "side", "role SYSTEM", "role 7SYSTEM"},
	{"side_role_of_65_bytes", "genesis", "side", "role SYSTEM", "role " + strings.Repeat("A", 65)},
	{"side_request_without_hyphens", "objection_raised", "side", "74d01dad-cbe6-a57e-f61b-c53a5a65404c", "74d01dadcbe6a57ef61bc53a5a65404c"},
	{"side_request_upper_case", "objection_raised", "side", "74d01dad-", "74D01DAD-"},
	{"side_request_hyphen_elsewhere", "objection_raised", "side", "74d01dad-cbe6-", "74d01da-dcbe6-"},
	{"side_request_zero", "objection_raised", "side", "74d01dad-cbe6-a57e-f61b-c53a5a65404c", "00000000-0000-0000-0000-000000000000"},
	{"side_objection_id_lower_case", "objection_raised", "side", "7F3K-92QM-4D", "7f3k-92qm-4d"},
	{"side_objection_id_mistyped", "objection_raised", "side", "7F3K-92QM-4D", "7F3K-92QN-4D"},
	{"side_objection_id_missing", "objection_raised", "side", "objection_id 7F3K-92QM-4D\n", ""},
	{"side_subject_zero", "objection_raised", "side", "subject c8c17bfbd9c37f0a357b376d704da783", "subject " + strings.Repeat("0", 32)},
	{"side_subject_missing", "objection_raised", "side", "subject c8c17bfbd9c37f0a357b376d704da783\n", ""},
	{"side_subject_twice", "objection_raised", "side", "subject c8c17bfbd9c37f0a357b376d704da783\n", "subject c8c17bfbd9c37f0a357b376d704da783\nsubject c8c17bfbd9c37f0a357b376d704da783\n"},
	{"side_items_descending", "objection_to_items", "side", "item 59097f62b17cc69f5b77a5f6c1643e6a\nitem 71eb938f8b3b074ee21e7d33e4cae697\n", "item 71eb938f8b3b074ee21e7d33e4cae697\nitem 59097f62b17cc69f5b77a5f6c1643e6a\n"},
	{"side_item_twice", "objection_to_items", "side", "item 71eb938f8b3b074ee21e7d33e4cae697", "item 59097f62b17cc69f5b77a5f6c1643e6a"},
	{"side_item_after_content_key", "objection_to_items", "side", "content_key 5b57a01f2e9d1dff41a7314a2c734bbb\n", "content_key 5b57a01f2e9d1dff41a7314a2c734bbb\nitem 99097f62b17cc69f5b77a5f6c1643e6a\n"},
	{"side_purposes_exception_without_sign", "objection_raised", "side", "purposes *", "purposes *,a"},
	{"side_no_effect_twice", "objection_recorded_only", "side", "no_effect ads-ranking,search-ranking\n", "no_effect ads-ranking\nno_effect search-ranking\n"},
	{"side_no_effect_before_purposes", "objection_recorded_only", "side", "purposes *,!generative-ai-training\nno_effect ads-ranking,search-ranking\n", "no_effect ads-ranking,search-ranking\npurposes *,!generative-ai-training\n"},
	{"side_no_effect_in_a_withdrawal", "withdrawal_lifted", "side", "purposes *\n", "purposes *\nno_effect a\n"},
	{"side_no_effect_not_listed", "objection_raised", "side", "purposes *\n", "purposes *\nno_effect a\n"},
	{"side_country_lower_case", "objection_raised", "side", "country DE", "country de"},
	{"side_country_of_three_letters", "objection_raised", "side", "country DE", "country DEU"},
	{"side_country_subdivision_empty", "objection_raised", "side", "country DE", "country DE-"},
	{"side_country_subdivision_long", "objection_raised", "side", "country DE", "country DE-ABCD"},
	{"side_deadline_without_answer", "objection_to_items", "side", "before_deadline yes\n", ""},
	{"side_answer_without_deadline", "objection_to_items", "side", "deadline 2025-05-26T22:00:00.000000Z\n", ""},
	{"side_answer_of_another_word", "objection_to_items", "side", "before_deadline yes", "before_deadline true"},
	{"side_also_asks_descending", "objection_to_items", "side", "also_asks ACCESS\nalso_asks HUMAN_REPLY\n", "also_asks HUMAN_REPLY\nalso_asks ACCESS\n"},
	{"side_place_lower_case", "regime_suspended", "side", "place BE", "place be"},
	{"side_place_of_a_group", "regime_suspended", "side", "place BE", "place benelux"},
	{"side_places_descending", "regime_suspended", "side", "place LU\nplace NL\n", "place NL\nplace LU\n"},
	{"side_place_twice", "regime_suspended", "side", "place NL", "place LU"},
	{"side_place_before_jurisdiction", "regime_suspended", "side", "jurisdiction benelux\nplace BE\n", "place BE\njurisdiction benelux\n"},
	{"side_place_in_a_resumption", "regime_resumed", "side", "regime eu\n", "regime eu\nplace BE\n"},
	{"side_acknowledge_without_ground", "policy_applied", "side", "SHORT_NOTICE The notice went out by letter before.", "SHORT_NOTICE"},
	{"side_acknowledge_without_word", "policy_applied", "side", "SHORT_NOTICE The notice", "Short notice. The notice"},
	{"side_acknowledge_of_two_spaces", "policy_applied", "side", "SHORT_NOTICE The", "SHORT_NOTICE  The"},
	{"side_acknowledge_of_1281_bytes", "policy_applied", "side", "letter before.", strings.Repeat("x", 1281-len("SHORT_NOTICE The notice went out by "))},
	{"side_proof_of_another_word", "withdrawal_lifted", "side", "proof RECEIPT", "proof PROMISE"},
	{"side_proof_in_a_filing", "objection_raised", "side", "filed_by SELF\n", "filed_by SELF\nproof SUBJECT\n"},
	{"side_lifts_without_purposes", "withdrawal_lifted", "side", "lifts 5 generative-ai-training", "lifts 5"},
	{"side_lifts_revision_zero", "withdrawal_lifted", "side", "lifts 5", "lifts 0"},
	{"side_lifts_twice", "withdrawal_narrowed", "side", "lifts 4", "lifts 3"},
	{"side_change_of_another_act", "withdrawal_lifted", "side", "change clear", "change forget"},
	{"side_change_withhold_subject", "items_changed", "side", "change withhold item", "change withhold subject"},
	{"side_change_withhold_without_time", "items_changed", "side", " 2025-11-05T12:00:00.000000Z\nchange restore", "\nchange restore"},
	{"side_change_erase_content_key", "erasure_of_items", "side", "change erase item", "change erase content_key"},
	{"side_report_without_word", "items_changed", "side", " DELETED ", " "},
	{"side_cover_without_purposes", "subjects_unlinked", "side", " *,!ads-ranking\n", "\n"},
	{"side_members_descending", "subjects_linked", "side", "member 9f55", "member ff55"},
	{"side_scope_missing", "erasure_of_items", "side", "scope ITEMS\n", ""},
	{"side_change_of_another_table", "withdrawal_lifted", "side", "change clear item", "change clear author"},
	{"side_change_without_key", "withdrawal_lifted", "side", "change clear item 59097f62b17cc69f5b77a5f6c1643e6a", "change clear item"},
	{"side_change_key_zero", "withdrawal_lifted", "side", "change clear item 59097f62b17cc69f5b77a5f6c1643e6a", "change clear item " + strings.Repeat("0", 32)},
	{"side_change_clear_with_purposes", "withdrawal_lifted", "side", "change clear item 59097f62b17cc69f5b77a5f6c1643e6a", "change clear item 59097f62b17cc69f5b77a5f6c1643e6a - *"},
	{"side_change_clear_trailing_space", "withdrawal_lifted", "side", "change clear item 59097f62b17cc69f5b77a5f6c1643e6a", "change clear item 59097f62b17cc69f5b77a5f6c1643e6a "},
	{"side_change_object_without_country", "objection_in_force", "side", "da783 DE *", "da783 *"},
	{"side_change_object_country_empty", "objection_in_force", "side", "da783 DE *", "da783  *"},
	{"side_person_tag_upper_case", "genesis", "side", "person recorded_at", "person Recorded_at"},
	{"side_person_tag_of_no_value", "genesis", "side", "person recorded_at", "person country"},
	{"side_person_missing", "objection_raised", "side", "person country", "person channel"},
	{"side_reason_in_a_filing", "objection_raised", "side", "person recorded_at", "reason because\nperson recorded_at"},
}

// vectors makes the file's lines. The errors of bent records are what the parsers
// say: they are read when the file changes.
func vectors(t *testing.T) []vector {
	t.Helper()
	var list []vector
	for _, f := range fixtures() {
		_, leaf, side := fixtureNamed(t, f.name)
		hash := event.LeafHash(leaf)
		list = append(list, vector{
			Kind: "event", Name: f.name, Type: f.event.Leaf.Type.String(),
			Leaf: string(leaf), Side: string(side), LeafHash: hex.EncodeToString(hash[:]), Raw: f.raw,
		})
	}
	for _, b := range bentRecords {
		f, leaf, side := fixtureNamed(t, b.of)
		v := vector{Kind: "bad_" + b.record, Name: b.name, Type: f.event.Leaf.Type.String()}
		if b.record == "leaf" {
			v.Leaf, v.LeafHex = encoded(bend(t, b, leaf))
		} else {
			v.Side, v.SideHex = encoded(bend(t, b, side))
		}
		if err := v.parse(); err != nil {
			v.Error = err.Error()
		}
		list = append(list, v)
	}
	_, leaf, _ := fixtureNamed(t, "objection_in_force")
	_, _, other := fixtureNamed(t, "objection_raised")
	_, err := event.Open(leaf, other)
	list = append(list, vector{Kind: "bad_event", Name: "another_side_row", Leaf: string(leaf), Side: string(other), Error: err.Error()})

	for _, n := range []uint64{0, 1, 31, 32, 29277380574195, 8119968041533, 8215845756548, 1<<45 - 1} {
		list = append(list, vector{Kind: "objection_id", Number: n, ID: string(event.NewObjectionID(n))})
	}
	for _, typed := range []string{
		"TM2N-XWYZ-K9", "tm2nxwyzk9", "TM2N XWYZ K9", " t-m-2-n-x-w-y-z-k-9 ",
		"0000-0000-00", "OooO oOoO Oo", "0000-0000-12", "oooo-OOOO-L2", "oooo-OOOO-i2", "7F3K-92QM-4D",
		"", "TM2N-XWYZ-K", "TM2N-XWYZ-K99", "TM2N-XWYZ-9K", "TN2M-XWYZ-K9", "TM2N-XWYZ-K8", "TM2N-XWYZ-U9", "TM2N_XWYZ_K9", "ТM2N-XWYZ-K9",
		strings.Repeat("-", 33),
	} {
		v := vector{Kind: "typed_objection_id", Typed: typed}
		id, err := event.ParseObjectionID(typed)
		if v.ID = string(id); err != nil {
			v.Kind, v.Error = "bad_objection_id", err.Error()
		}
		list = append(list, v)
	}
	many := strings.Split("a1,a2,a3,a4,a5,a6,a7,a8,a9,b1,b2,b3,b4,b5,b6,b7,b8,b9,c1,c2,c3,c4,c5,c6,c7,c8,c9,d1,d2,d3,d4,d5,d6", ",")
	for _, text := range []string{
		"*", "*,!a", "*,!a,!b-2", "a", "a,b-2", strings.Repeat("a", 64), strings.Join(many[:32], ","),
		"", ",", "a,", ",a", "a,a", "b,a", "*,", "*,a", "*,!b,!a", "!a", "**", "A", "1a", "a--b", "-a", "a-", "a b", "a, b", "a_b", "é",
		strings.Repeat("a", 65), strings.Join(many, ","),
	} {
		v := vector{Kind: "purposes", Text: &text}
		p, err := event.ParsePurposes(text)
		if v.All, v.Names = p.All, p.Names; err != nil {
			v.Kind, v.Error = "bad_purposes", err.Error()
		}
		list = append(list, v)
	}
	return list
}

// bend applies b to text; old "*" is all of it, "$" its end, and a new of "\b"
// there takes the last byte off.
func bend(t *testing.T, b bent, text []byte) []byte {
	t.Helper()
	switch {
	case b.old == "*":
		return []byte(b.new)
	case b.old == "$" && b.new == "\b":
		return text[:len(text)-1]
	case b.old == "$":
		return append(text, b.new...)
	case !bytes.Contains(text, []byte(b.old)):
		t.Fatalf("%s: %q is not in\n%s", b.name, b.old, text)
	}
	return bytes.Replace(text, []byte(b.old), []byte(b.new), 1)
}

// encoded returns b as text, or in hexadecimal where JSON could not hold it.
func encoded(b []byte) (text, hexadecimal string) {
	if utf8.Valid(b) {
		return string(b), ""
	}
	return "", hex.EncodeToString(b)
}

// record returns the bytes that a vector of one record holds.
func (v vector) record() []byte {
	if v.LeafHex+v.SideHex != "" {
		return unhex(v.LeafHex + v.SideHex)
	}
	return []byte(v.Leaf + v.Side)
}

func (v vector) parse() error {
	if v.Kind == "bad_leaf" {
		_, err := event.ParseLeaf(v.record())
		return err
	}
	typ, err := event.ParseType(v.Type)
	if err != nil {
		return err
	}
	_, err = event.ParseSide(v.record(), typ)
	return err
}

func TestVectorsAreWhatTheCodeMakes(t *testing.T) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, v := range vectors(t) {
		if strings.HasPrefix(v.Kind, "bad_") != (v.Error != "") {
			t.Errorf("%s %s: accepted", v.Kind, v.Name)
		}
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	golden.Check(t, "vectors.jsonl", b.Bytes())
}

func TestVectorsHold(t *testing.T) {
	file, err := os.ReadFile("testdata/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for d := json.NewDecoder(bytes.NewReader(file)); d.More(); {
		var v vector
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		kinds[v.Kind]++
		t.Run(v.Kind+"/"+v.Name, func(t *testing.T) { v.check(t) })
	}
	want := map[string]int{
		"event": 23, "bad_leaf": 46, "bad_side": 89, "bad_event": 1, "objection_id": 8,
		"typed_objection_id": 10, "bad_objection_id": 10, "purposes": 7, "bad_purposes": 22,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("lines by kind (-want +got)\n%s", diff)
	}
}

func (v vector) check(t *testing.T) {
	t.Helper()
	var err error
	switch v.Kind {
	case "event":
		var e event.Event
		if e, err = event.Open([]byte(v.Leaf), []byte(v.Side)); err == nil {
			if got := e.Leaf.Type.String(); got != v.Type {
				t.Errorf("type %s, want %s", got, v.Type)
			}
			if got := event.LeafHash([]byte(v.Leaf)); got != event.Hash(unhex(v.LeafHash)) {
				t.Errorf("leaf hash %x, want %s", got, v.LeafHash)
			}
		}
	case "bad_event":
		_, err = event.Open([]byte(v.Leaf), []byte(v.Side))
	case "bad_leaf", "bad_side":
		err = v.parse()
		if _, ok := errors.AsType[*event.MalformedError](err); !ok {
			t.Errorf("error %T, want a *MalformedError", err)
		}
	case "objection_id":
		if got := string(event.NewObjectionID(v.Number)); got != v.ID {
			t.Errorf("NewObjectionID(%d) = %s, want %s", v.Number, got, v.ID)
		}
	case "typed_objection_id", "bad_objection_id":
		var id event.ObjectionID
		if id, err = event.ParseObjectionID(v.Typed); string(id) != v.ID {
			t.Errorf("ParseObjectionID(%q) = %s, want %s", v.Typed, id, v.ID)
		}
	case "purposes", "bad_purposes":
		var p event.Purposes
		if p, err = event.ParsePurposes(*v.Text); !cmp.Equal(p, event.Purposes{All: v.All, Names: v.Names}) {
			t.Errorf("ParsePurposes(%q) = %+v", *v.Text, p)
		}
	default:
		t.Errorf("a kind that this test does not know")
	}
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != v.Error {
		t.Errorf("error %q, want %q", got, v.Error)
	}
}

// An independent reading of docs/formats/event.md, in the standard library of
// another language, agrees about every hash, key and commitment.
func TestVectorsHoldInPython(t *testing.T) {
	out, err := exec.Command("python3", "testdata/check_vectors.py", "testdata/vectors.jsonl").CombinedOutput()
	if err != nil {
		t.Fatalf("check_vectors.py: %v\n%s", err, out)
	}
	if want := "checked 216 lines\n"; string(out) != want {
		t.Errorf("check_vectors.py: %q, want %q", out, want)
	}
}

// The checker can fail: it does when any hexadecimal digit of a good event changes.
func TestPythonCheckerRefusesWrongHashes(t *testing.T) {
	file, err := os.ReadFile("testdata/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	for _, field := range []string{"leaf_hash\":\"", "secret ", "record ", "record_salt ", "person recorded_at ", "recorded_at 202"} {
		t.Run(field, func(t *testing.T) {
			i := bytes.Index(first, []byte(field)) + len(field)
			wrong := bytes.Clone(first)
			if wrong[i]++; wrong[i] == '9'+1 || wrong[i] == 'f'+1 {
				wrong[i] -= 2
			}
			cmd := exec.Command("python3", "testdata/check_vectors.py", "/dev/stdin")
			cmd.Stdin = bytes.NewReader(append(wrong, '\n'))
			if out, err := cmd.CombinedOutput(); err == nil {
				t.Errorf("check_vectors.py accepted it: %s", out)
			}
		})
	}
}
