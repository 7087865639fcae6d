package columns

import (
	"slices"
	"strings"
)

// usual are names that platforms and public corpora give to what a field holds, in lower case without separators. Nothing is mapped by them: they make
// the line that somebody reads, corrects and gives.
var usual = map[string][]string{
	"item_id":       {"id", "postid", "textid", "docid", "documentid", "contentid", "tweetid", "statusid", "commentid", "messageid", "mediaid", "uuid", "uri"},
	"kind":          {"type", "itemtype", "contenttype", "posttype", "category"},
	"visibility":    {"privacy", "audience", "access", "scope", "privacysetting"},
	"author_id":     {"userid", "uid", "author", "user", "accountid", "ownerid", "creatorid", "authoruserid", "did", "actorid", "profileid"},
	"country":       {"countrycode", "usercountry", "authorcountry", "region", "jurisdiction", "geo"},
	"language":      {"lang", "languagecode", "locale"},
	"service":       {"app", "product", "platform", "surface"},
	"created_at":    {"createdat", "createdutc", "createtime", "creationtime", "created", "timestamp", "postedat", "publishedat", "date", "datetime"},
	"author_age":    {"age", "userage", "accountage"},
	"labels":        {"tags", "flags", "contentlabels"},
	"content_keys":  {"hashes", "contenthashes", "fingerprints", "contentkey"},
	"subjects":      {"mentions", "taggedusers", "tagged", "participants"},
	"content_usage": {"aiprefs", "contentusageheader"},
}

// guess proposes a column for each field that has none, as --map takes it.
func (r *resolution) guess(p plan) []string {
	taken := map[string]bool{}
	for _, name := range p.columns {
		taken[name] = true
	}
	var proposed []string
	for n := range fields {
		f := &fields[n]
		_, filled := p.columns[f.name]
		_, fixed := r.m.Set[f.name]
		if filled || fixed || slices.Contains(r.m.Absent, f.name) {
			continue
		}
		for _, name := range r.names {
			if plain := plainName(name); !taken[name] && (plain == plainName(f.name) || slices.Contains(usual[f.name], plain)) {
				proposed, taken[name] = append(proposed, f.name+"="+name), true
				break
			}
		}
	}
	return proposed
}

// plainName is a column's name without what spellings differ in.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}
