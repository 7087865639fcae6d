// Package examples holds what to start from: policies, the service config of a client, and small clients in several languages.
package examples

import "embed"

// Policies are the files of the folder policies, e.g. "policies/meta.yaml".
//
//go:embed policies/*.yaml
var Policies embed.FS

// ServiceConfig is how a client retries, checks health and spreads its calls, in gRPC's JSON.
//
//go:embed service-config.json
var ServiceConfig string
