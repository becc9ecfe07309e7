package tokenmint

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// encoding/json does not look at the case of letters: a claim "SUB", which anybody may set, would land in the field of
// "sub", which was verified. Names of claims compare byte for byte (RFC 7519 section 7.3), so such a token does not fit.

// folded is a member of the JSON object that would be taken for another, and for which. A field without a tag says nothing
// of case: for such a one any spelling will do, but only one of them.
func folded(object []byte, t reflect.Type) (member, name string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return "", ""
	}
	names := namesOf(t)
	var taken map[string]struct{}
	for member := range members(object) {
		if names[member] {
			continue
		}
		for name, tagged := range names {
			if !strings.EqualFold(member, name) {
				continue
			}
			if _, twice := taken[name]; tagged || twice {
				return strings.Clone(member), name
			}
			if taken == nil {
				taken = map[string]struct{}{}
			}
			taken[name] = struct{}{}
		}
	}
	return "", ""
}

// members are the names in a JSON object that is known to be valid, without those of the objects in it.
func members(object []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		depth, last := 0, []byte(nil)
		for i := 0; i < len(object); i++ {
			switch object[i] {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			case '"':
				begin := i + 1
				i = end(object, i)
				last = object[begin:i]
			case ':':
				if depth == 1 && !yield(unescaped(last)) {
					return
				}
			}
		}
	}
}

// end is where the string ends that begins at i.
func end(object []byte, i int) int {
	for {
		i += 1 + bytes.IndexByte(object[i+1:], '"')
		slashes := 0
		for object[i-1-slashes] == '\\' {
			slashes++
		}
		// Of several in front, each second one is escaped by the one before it.
		if slashes%2 == 0 {
			return i
		}
	}
}

// unescaped is the text of a JSON string, given without its quotes.
func unescaped(text []byte) string {
	if bytes.IndexByte(text, '\\') < 0 {
		return view(text)
	}
	return unescape(text)
}

func unescape(text []byte) string {
	var plain string
	_ = json.Unmarshal([]byte(`"`+string(text)+`"`), &plain) // it is known to be valid
	return plain
}

var structs sync.Map

// namesOf are the names under which encoding/json looks for the fields of a struct, and whether a tag gives them.
func namesOf(t reflect.Type) map[string]bool {
	if found, known := structs.Load(t); known {
		return found.(map[string]bool)
	}
	names := map[string]bool{}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			names[name] = true
		} else if field.IsExported() && !names[field.Name] {
			names[field.Name] = false
		}
	}
	structs.Store(t, names)
	return names
}
