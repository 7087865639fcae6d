// Package jurisdiction knows places: the countries of ISO 3166-1, the subdivisions of ISO 3166-2, the groups EU and
// EEA by date, and the codes that are none although people write them.
//
// # A place has one or more codes
//
// Réunion is RE, and FR-974, and was FR-RE. Who is ruled must not depend on which of them a platform sends, so every
// subdivision that has a code of its own is that code first, then what it belongs to. [Chain] lists the codes that a
// place is, the most specific first:
//
//	DE-BY   DE-BY, DE              a subdivision
//	AZ-BAB  AZ-BAB, AZ-NX, AZ      inside another subdivision
//	FR-974  FR-974, RE, FR         with a country code of its own
//	NO-21   NO-21, SJ, NO          a part of what has a country code of its own
//	NL-BQ1  NL-BQ1, BQ-BO, BQ, NL  both a subdivision here and one there
//	RE      RE                     the country code alone: nothing says that it belongs to France
//
// [Canonical] gives the one code under which a policy keeps rules for a place, so that rules for FR-974 and for RE are
// rules for the same place.
//
// # Groups
//
// A country is in a group from the first instant of its first day to the last of its last day, both in UTC, as the
// tables date by the day. (The United Kingdom left the EU on 31 January 2020 at 23:00 UTC; here it is a member for
// that whole day.) EU and EEA hold the EU's territories that have codes of their own: the outermost regions (TFEU Art.
// 349, 355(1)) and Åland. They do not hold what is linked to a member but outside: Greenland, the Faroe Islands,
// Svalbard, the Crown dependencies, the overseas countries and territories. A subdivision with a code of its own is in
// a group if that code is, whatever the mother country is in: NO-21 is Svalbard and therefore outside the EEA.
//
// # Refusal
//
// A code that is assigned to no place today is no place: [Lookup] says what it is instead and [Check] what was meant,
// never repeating the value. The tables are as of CLDR 48.2; a code that is newer than they are is refused, which
// excludes and never includes.
package jurisdiction
