package filter_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/veto-gate/veto/internal/filter"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// postsOnly stands for a gate: a decider answers each item of a batch, in order.
type postsOnly struct{}

func (postsOnly) Decide(_ context.Context, items []*vetov1.Item) (filter.Answer, error) {
	answer := filter.Answer{Revision: 1, PolicyVersion: 1}
	for _, item := range items {
		reason := vetov1.Reason_REASON_KIND
		if item.GetKind() == vetov1.ItemKind_ITEM_KIND_POST {
			reason = vetov1.Reason_REASON_ELIGIBLE
		}
		answer.Reasons = append(answer.Reasons, reason)
	}
	return answer, nil
}

func ExampleRun() {
	folder, err := os.MkdirTemp("", "filter")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	report, err := filter.Run(context.Background(), filter.Config{
		In:  "../../test/data/items/items.parquet",
		Out: filepath.Join(folder, "posts.parquet"),
		Open: func(_ context.Context, fields filter.Fields) (filter.Decider, error) {
			fmt.Println(len(fields.Mapped), "fields are mapped")
			return postsOnly{}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Offered, "offered,", report.Included, "included,", report.ExcludedRows(), "excluded,", report.InvalidRows(), "invalid")
	// Output:
	// 14 fields are mapped
	// 104254 offered, 36797 included, 67457 excluded, 0 invalid
}
