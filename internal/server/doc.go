// Package server is the gRPC door: it translates, and calls in. A handler turns a request into a call of the register or
// of the gate and the answer back; what is decided and what is written is theirs.
//
// # The way of a call
//
// Three interceptors stand before every handler of veto's services, the outermost first:
//
//   - contain turns what comes back into a google.rpc status, which status.go alone does, and keeps a panic to the call
//     that it happened in;
//   - identify says who calls, which actor.go alone decides;
//   - validate holds the request against the rules in the proto and reports every violated field at once.
//
// Before them stands the codec: text that is not UTF-8 is the fault of its field, not of the message around it.
//
// # Decisions
//
// Every answer is made on one view of the register, which the answer names by its revision. A batch is decided on one
// view, a stream takes a fresh one for each batch. An item is never a reason for a call to fail: what is wrong with it is
// its own decision, INVALID. A field that nobody mapped is: see fieldUse.
//
// # Errors
//
// A status carries ErrorInfo with the domain `veto` and a reason of veto.v1.ErrorReason, and the details that the code
// asks for (BadRequest, PreconditionFailure, ResourceInfo, RetryInfo). What is not known is INTERNAL with an incident's
// id, and the log has the cause under that id. No text holds a value that was sent.
package server
