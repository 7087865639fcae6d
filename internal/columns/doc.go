// Package columns reads items from Arrow record batches.
//
// A [Mapping] says which column fills which field of veto.v1.Item; [NewReader] holds it against a schema, before a row is read, and names every
// fault at once; [Reader.Items] then turns batches into items. docs/formats/columns.md lists the fields, the types that fit and what a null means.
//
// It promises that a row never harms its neighbours. A value that cannot be an item's (text that is no UTF-8, a number out of range) becomes one
// that the gate refuses for that row alone: so the batch can always be sent, and nothing unreadable is taken for "nothing said".
//
// An item's strings are copies: batches may be released, and their buffers used again, as soon as Items has returned.
package columns
