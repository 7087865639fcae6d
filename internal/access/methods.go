package access

// anyone stands for every role: the caller has to be known, and no more.
const anyone Role = "*"

// methods is the one list of what may be called, by a method's exact path, and by whom besides an admin. A method that it lacks is refused.
//
// A form that strangers use must not tell them who has objected, so Register reads nothing. What weakens protection wants VERIFIED, which wants Verify.
var methods = map[string][]Role{
	"/veto.v1.RegistryService/FileObjection":     {Register, Verify, Officer},
	"/veto.v1.RegistryService/WithdrawObjection": {Register, Verify, Officer},
	"/veto.v1.RegistryService/GrantConsent":      {Register, Verify, Officer},
	"/veto.v1.RegistryService/WithdrawConsent":   {Register, Verify, Officer},
	"/veto.v1.RegistryService/LinkSubjects":      {Register, Verify, Officer},
	"/veto.v1.RegistryService/UnlinkSubjects":    {Register, Verify, Officer},
	"/veto.v1.RegistryService/RecordErasure":     {Register, Verify, Officer},
	"/veto.v1.RegistryService/ReportItemChanges": {Register, Verify, Officer},
	"/veto.v1.RegistryService/ImportObjections":  {Register, Verify, Officer},
	"/veto.v1.RegistryService/MatchIdentifier":   {Verify, Officer},
	"/veto.v1.RegistryService/DecideObjection":   {Officer},
	"/veto.v1.RegistryService/AnnulObjections":   {Officer},
	"/veto.v1.RegistryService/ListObjections":    {Officer, DPO},
	"/veto.v1.RegistryService/GetStanding":       {Verify, Officer, DPO},
	"/veto.v1.RegistryService/ListEvents":        {Officer, DPO, Auditor},
	"/veto.v1.RegistryService/WatchEvents":       {Officer, DPO, Auditor, Dataset},

	"/veto.v1.DecisionService/Decide":          {Decide, Dataset},
	"/veto.v1.DecisionService/BatchDecide":     {Decide, Dataset},
	"/veto.v1.DecisionService/StreamDecide":    {Decide, Dataset},
	"/veto.v1.DecisionService/ExplainDecision": {Decide, Dataset, Officer, DPO},

	"/veto.v1.PolicyService/ApplyPolicy":        {},
	"/veto.v1.PolicyService/GetPolicy":          {anyone},
	"/veto.v1.PolicyService/ListPolicyVersions": {anyone},
	"/veto.v1.PolicyService/GetNotice":          {anyone},
	"/veto.v1.PolicyService/SimulatePolicy":     {Officer, DPO},
	"/veto.v1.PolicyService/SuspendRegime":      {Officer},
	"/veto.v1.PolicyService/ResumeRegime":       {Officer},

	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      {anyone},
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": {anyone},
}

// open are the methods that need no caller: probes have no credentials.
var open = map[string]bool{
	"/grpc.health.v1.Health/Check": true,
	"/grpc.health.v1.Health/Watch": true,
	"/grpc.health.v1.Health/List":  true,
}

// IsOpen says whether whoever asks may call a method.
func IsOpen(method string) bool { return open[method] }
