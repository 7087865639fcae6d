// Package promises_test has a file for each promise of veto, which tries to break it. The platform that the tests attack is the whole of
// veto: the embedded store on a disk, the register, the gRPC server, and the clients that platforms use. Nothing stands in for a part.
//
// What is kept now, and by which tests besides:
//
//	 1  acknowledged is durable    kept. 01_durable_test.go; cmd/veto kills the real server again and again under load
//	                               (TestFault_D01_…), internal/store/storetest holds every driver to it
//	 2  acknowledged is honoured   kept. 02_honoured_test.go; internal/registry follows a log whose events come late,
//	                               internal/server keeps an open stream to it (TestFault_R07_…)
//	 3  fail closed                kept for all that a policy can say. 03_closed_test.go; internal/gate holds the decision against
//	                               a naive model over random policies and items, internal/server one bad item among ten thousand
//	                               (TestFault_P09_…), internal/columns every column that cannot be read
//	 4  private messages           kept. 04_private_test.go; internal/gate and internal/policy refuse them each by itself
//	 5  no raw identity at rest    kept. 05_identity_test.go. The one exception, addresses and identifiers, lies sealed: no byte of one is on the
//	                               disk, before and after it is deleted
//	 6  one order                  kept on one machine. 06_order_test.go; internal/registry folds live and from nothing
//	 7  tamper evident             as far as the log goes: 07_tamper_test.go. Leaves, tree, commitments and receipts stand; signed
//	                               checkpoints, proofs for the person's own use and the audit of a whole log come with the evidence
//	 8  the notice is the gate     comes with the notices. What they will be made from holds now: 08_notice_test.go, the document that
//	                               is handed out is the one that decides
//	 9  everything is counted      kept for a filtered corpus. 09_counted_test.go; internal/filter. Data sets in shards, and their
//	                               retries, come with the data sets
//	10  objecting is never harder  kept. 10_objecting_test.go, and stories_test.go in the words of those it happened to; internal/registry holds
//	                               links, consents, erasures, matches and decisions against a naive model. Forgetting comes later
package promises_test
