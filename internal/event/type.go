package event

// Type is the kind of an event. The zero value is none and is never written.
// Numbers live in memory only; the words are the format.
type Type uint8

// The types. What an event of each type holds, stands in leafFields and
// sideFields.
const (
	TypeGenesis            Type = iota + 1 // the log's first event; binds the secret
	TypeObjectionFiled                     // GDPR Art. 21: an objection was filed, or an earlier one verified
	TypeObjectionWithdrawn                 // objections were lifted, in whole or for some purposes
	TypePolicyApplied                      // a policy document became the active one
	TypeRegimeSuspended                    // a regime was switched off, in whole or in part
	TypeRegimeResumed                      // a suspension was ended
	TypeConsentGranted                     // GDPR Art. 7: a consent was given, and the objections that it names were lifted
	TypeConsentWithdrawn                   // GDPR Art. 7(3): consents were withdrawn, in whole or for some purposes
	TypeSubjectsLinked                     // ids of one person were linked: protection spreads among them
	TypeSubjectsUnlinked                   // linked ids were parted, each with the protection that it had
	TypeErasureRecorded                    // GDPR Art. 17: content has to go from every set
	TypeItemsChanged                       // items were deleted, restricted, restored or edited on the platform
	TypeObjectionsAnnulled                 // filings of an import or a flood were undone
	TypeIdentifierMatched                  // the identifiers of a filing were found to be a subject's, or nobody's
	TypeObjectionDecided                   // a case officer decided a filing, extended its time, or recorded that it was answered
)

var typeWords = [...]string{
	TypeGenesis:            "GENESIS",
	TypeObjectionFiled:     "OBJECTION_FILED",
	TypeObjectionWithdrawn: "OBJECTION_WITHDRAWN",
	TypePolicyApplied:      "POLICY_APPLIED",
	TypeRegimeSuspended:    "REGIME_SUSPENDED",
	TypeRegimeResumed:      "REGIME_RESUMED",
	TypeConsentGranted:     "CONSENT_GRANTED",
	TypeConsentWithdrawn:   "CONSENT_WITHDRAWN",
	TypeSubjectsLinked:     "SUBJECTS_LINKED",
	TypeSubjectsUnlinked:   "SUBJECTS_UNLINKED",
	TypeErasureRecorded:    "ERASURE_RECORDED",
	TypeItemsChanged:       "ITEMS_CHANGED",
	TypeObjectionsAnnulled: "OBJECTIONS_ANNULLED",
	TypeIdentifierMatched:  "IDENTIFIER_MATCHED",
	TypeObjectionDecided:   "OBJECTION_DECIDED",
}

// String returns the type's word, such as OBJECTION_FILED, or UNKNOWN.
func (t Type) String() string { return wordOf(typeWords[:], int(t)) }

// ParseType returns the type of a word. Any other gives an error that
// matches ErrMalformed.
func ParseType(word string) (Type, error) {
	i, err := indexOf(typeWords[:], word)
	if err != nil {
		return 0, &MalformedError{Record: "type", Fault: err.Error()}
	}
	return Type(i), nil
}

// Effect is what an event did, as the append decided it under the log's lock;
// the fold applies it and decides nothing again. The zero value is none and is
// never written.
type Effect uint8

// The effects; effectsOf says which type may have which.
const (
	EffectBound        Effect = iota + 1 // the log is bound to its secret
	EffectInForce                        // the objection counts from this revision on
	EffectRecordedOnly                   // for every purpose objected to, the regime of the objection's country gives objections no effect
	EffectRaised                         // as IN_FORCE, and it is the verified repeat of one that stands unverified
	EffectLifted                         // the objections named are gone
	EffectNarrowed                       // they are gone for some of their purposes only
	EffectActivated                      // the policy is the active one
	EffectSuspended                      // the regime is switched off for what the event names
	EffectResumed                        // the suspension is ended for what the event names
	EffectGranted                        // the consent counts from this revision on
	EffectRevoked                        // no earlier consent counts for what the event names
	EffectLinked                         // the members are one person's: each has the others' protection
	EffectUnlinked                       // the ids named stand alone, with the protection that they had
	EffectErased                         // the content named is excluded for every purpose, for ever
	EffectReported                       // the items count as the platform reports them, until the report lapses
	EffectAnnulled                       // the filings named are gone, as if they had not been made
	EffectPending                        // the objection counts for nothing yet: whose it is, is being looked for
	EffectMatched                        // the filing is the subject's, and counts for it from this revision on
	EffectNotFound                       // whose the filing is, was not found
	EffectUpheld                         // the objection was assessed and upheld
	EffectRefused                        // it was assessed and refused; it counts until refused_from, where that is given, and otherwise on
	EffectUnfounded                      // it was unfounded or excessive, and is gone
	EffectExtended                       // the time to answer was extended
	EffectAnswered                       // the answer was delivered
	EffectInformed                       // the person was told that the objection is recorded
)

var effectWords = [...]string{
	EffectBound:        "BOUND",
	EffectInForce:      "IN_FORCE",
	EffectRecordedOnly: "RECORDED_ONLY",
	EffectRaised:       "RAISED",
	EffectLifted:       "LIFTED",
	EffectNarrowed:     "NARROWED",
	EffectActivated:    "ACTIVATED",
	EffectSuspended:    "SUSPENDED",
	EffectResumed:      "RESUMED",
	EffectGranted:      "GRANTED",
	EffectRevoked:      "REVOKED",
	EffectLinked:       "LINKED",
	EffectUnlinked:     "UNLINKED",
	EffectErased:       "ERASED",
	EffectReported:     "REPORTED",
	EffectAnnulled:     "ANNULLED",
	EffectPending:      "PENDING",
	EffectMatched:      "MATCHED",
	EffectNotFound:     "NOT_FOUND",
	EffectUpheld:       "UPHELD",
	EffectRefused:      "REFUSED",
	EffectUnfounded:    "UNFOUNDED",
	EffectExtended:     "EXTENDED",
	EffectAnswered:     "ANSWERED",
	EffectInformed:     "INFORMED",
}

// effectsOf lists the effects that an event of a type may have.
var effectsOf = [...][]Effect{
	TypeGenesis:            {EffectBound},
	TypeObjectionFiled:     {EffectInForce, EffectRecordedOnly, EffectRaised, EffectPending},
	TypeObjectionWithdrawn: {EffectLifted, EffectNarrowed},
	TypePolicyApplied:      {EffectActivated},
	TypeRegimeSuspended:    {EffectSuspended},
	TypeRegimeResumed:      {EffectResumed},
	TypeConsentGranted:     {EffectGranted},
	TypeConsentWithdrawn:   {EffectRevoked},
	TypeSubjectsLinked:     {EffectLinked},
	TypeSubjectsUnlinked:   {EffectUnlinked},
	TypeErasureRecorded:    {EffectErased},
	TypeItemsChanged:       {EffectReported},
	TypeObjectionsAnnulled: {EffectAnnulled},
	TypeIdentifierMatched:  {EffectMatched, EffectNotFound},
	TypeObjectionDecided:   {EffectUpheld, EffectRefused, EffectUnfounded, EffectExtended, EffectAnswered, EffectInformed},
}

// String returns the effect's word, such as IN_FORCE, or UNKNOWN.
func (e Effect) String() string { return wordOf(effectWords[:], int(e)) }

// ParseEffect returns the effect of a word. Any other gives an error that
// matches ErrMalformed.
func ParseEffect(word string) (Effect, error) {
	i, err := indexOf(effectWords[:], word)
	if err != nil {
		return 0, &MalformedError{Record: "effect", Fault: err.Error()}
	}
	return Effect(i), nil
}

// wordOf returns words[i], or UNKNOWN, which no parser accepts.
func wordOf(words []string, i int) string {
	if i <= 0 || i >= len(words) {
		return "UNKNOWN"
	}
	return words[i]
}

// indexOf returns the place of word in words, of which the first is unused.
func indexOf(words []string, word string) (int, error) {
	for i := 1; i < len(words); i++ {
		if words[i] == word {
			return i, nil
		}
	}
	return 0, fault("not one of the words of the format")
}
