// Package examples holds policies to start from: the record of a real case, one for a platform's objection requests, a minimal one.
package examples

import "embed"

// Policies are the files of the folder policies, e.g. "policies/meta.yaml".
//
//go:embed policies/*.yaml
var Policies embed.FS
