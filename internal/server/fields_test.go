package server_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// bare is a post with nothing but what every decision reads.
func bare(itemID string) *vetov1.Item {
	item := post(itemID, "ada")
	item.AuthorAge, item.AuthorAgeAtCreation = 0, 0
	return item
}

func TestUnmappedFieldsAreRefusedByName(t *testing.T) {
	p := start(t, settings{})
	_, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, Items: []*vetov1.Item{bare("i1")}})
	r := refused(t, err)
	r.want(t, codes.FailedPrecondition, "UNMAPPED_FIELDS")
	if got, want := r.metadata["fields"], "subjects,author_age,author_age_at_creation,labels,content_keys,signals"; got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	words := r.conditions["labels"]
	for _, want := range []string{"germany", "mapped_fields", "absent_fields"} {
		if !strings.Contains(words, want) {
			t.Errorf("labels: %q does not say %s", words, want)
		}
	}
	if strings.Contains(words, "brazil") {
		t.Errorf("labels: %q names a regime that does not read them", words)
	}
	if words := r.conditions["signals"]; !strings.Contains(words, "germany, brazil") {
		t.Errorf("signals: %q does not name both regimes", words)
	}
}

func TestFieldsComeFromItemsOrFromTheLists(t *testing.T) {
	p := start(t, settings{})
	everything := append(rare(), "author_age", "author_age_at_creation")
	sick := post("i3", "ada")
	sick.Labels = []string{"health"}
	unmapped, eligible, unknownAge := codes.FailedPrecondition, vetov1.Reason_REASON_ELIGIBLE, vetov1.Reason_REASON_AGE_UNKNOWN
	for _, test := range []struct {
		name           string
		items          []*vetov1.Item
		mapped, absent []string
		code           codes.Code
		last           vetov1.Reason // of the last item
	}{
		{"all absent", []*vetov1.Item{bare("i1")}, nil, everything, codes.OK, unknownAge},
		{"all mapped", []*vetov1.Item{bare("i1")}, everything, nil, codes.OK, unknownAge},
		{"both lists", []*vetov1.Item{bare("i1")}, rare(), everything, codes.OK, unknownAge},
		{"ages carried", []*vetov1.Item{post("i1", "ada")}, rare(), nil, codes.OK, eligible},
		{"carried by a neighbour", []*vetov1.Item{post("i1", "ada"), bare("i2")}, rare(), nil, codes.OK, unknownAge},
		{"ages nowhere", []*vetov1.Item{bare("i1")}, rare(), nil, unmapped, 0},
		{"labels nowhere", []*vetov1.Item{post("i1", "ada")}, []string{"subjects", "content_keys", "signals"}, nil, unmapped, 0},
		// A field named absent is looked at where an item carries it all the same: dropping it would fail open.
		{"absent but carried", []*vetov1.Item{sick}, nil, rare(), codes.OK, vetov1.Reason_REASON_LABEL},
		{"no items", nil, nil, nil, codes.OK, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := &vetov1.BatchDecideRequest{Purpose: training, Items: test.items, MappedFields: test.mapped, AbsentFields: test.absent}
			batch, err := p.decisions.BatchDecide(t.Context(), request)
			check := func(door string, reasons []vetov1.Reason, err error) {
				t.Helper()
				if test.code != codes.OK {
					refused(t, err).want(t, test.code, "UNMAPPED_FIELDS")
					return
				}
				if err != nil {
					t.Fatalf("%s: %v", door, err)
				}
				if len(reasons) != len(test.items) {
					t.Fatalf("%s: %d reasons for %d items", door, len(reasons), len(test.items))
				}
				if len(reasons) > 0 && reasons[len(reasons)-1] != test.last {
					t.Errorf("%s: %s, want %s", door, reasons[len(reasons)-1], test.last)
				}
			}
			check("BatchDecide", batch.GetReasons(), err)
			answers, err := p.streamed(&vetov1.StreamDecideRequest{
				Options: &vetov1.BatchOptions{Purpose: training, MappedFields: test.mapped, AbsentFields: test.absent}, Items: test.items,
			})
			var reasons []vetov1.Reason
			if len(answers) > 0 {
				reasons = answers[0].GetReasons()
			}
			check("StreamDecide", reasons, err)
		})
	}
}

func TestAStreamRemembersTheFieldsItSaw(t *testing.T) {
	p := start(t, settings{})
	answers, err := p.streamed(
		&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training, MappedFields: rare()}},
		&vetov1.StreamDecideRequest{Items: []*vetov1.Item{post("i1", "ada")}},
		&vetov1.StreamDecideRequest{Items: []*vetov1.Item{bare("i2")}},
	)
	if err != nil {
		t.Fatal(err)
	}
	if got := answers[2].GetReasons()[0]; got != vetov1.Reason_REASON_AGE_UNKNOWN {
		t.Errorf("third batch: %s, want AGE_UNKNOWN", got)
	}
}

func TestAPolicyAppliedMeanwhileReadsMore(t *testing.T) {
	p := start(t, settings{})
	stream, err := p.decisions.StreamDecide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	items := []*vetov1.Item{post("i1", "ada")}
	if err := stream.Send(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training, MappedFields: rare()}, Items: items}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	p.apply(strings.Replace(document, "minimum_age: 18", "minimum_age: 18\n    minimum_item_age: 720h", 1))
	if err := stream.Send(&vetov1.StreamDecideRequest{Items: items}); err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	r := refused(t, err)
	r.want(t, codes.FailedPrecondition, "UNMAPPED_FIELDS")
	if r.metadata["fields"] != "created_at" {
		t.Errorf("fields %s, want created_at", r.metadata["fields"])
	}
}

func TestUnknownFieldNamesAreRefused(t *testing.T) {
	p := start(t, settings{})
	_, err := p.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: training, AbsentFields: []string{"labels", "nonsense"}, MappedFields: []string{"authorId"}})
	r := refused(t, err)
	r.want(t, codes.InvalidArgument, "INVALID_REQUEST")
	r.wantFields(t, "absent_fields[1]", "mapped_fields[0]")
	if words := r.fields["absent_fields[1]"]; !strings.Contains(words, "author_age_at_creation") || strings.Contains(words, "nonsense") {
		t.Errorf("words: %q", words)
	}
	_, err = p.streamed(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: training, AbsentFields: []string{"nonsense"}}})
	refused(t, err).wantFields(t, "options.absent_fields[0]")
}
