package tokenmint

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"sync"
	"time"
)

// RegisteredClaims are the registered claims (RFC 7519 section 4.1), to be embedded into a struct of your own claims. An
// issuer sets Issuer, IssuedAt and ExpiresAt itself and refuses claims that have them: leave them empty when minting.
type RegisteredClaims struct {
	Issuer    string     `json:"iss,omitempty"`
	Subject   string     `json:"sub,omitempty"`
	Audience  StringList `json:"aud,omitempty"`
	ExpiresAt UnixTime   `json:"exp,omitzero"`
	NotBefore UnixTime   `json:"nbf,omitzero"`
	IssuedAt  UnixTime   `json:"iat,omitzero"`
	ID        string     `json:"jti,omitempty"`
}

// StringList is texts that JSON writes as one text where there is one, as an audience is written.
type StringList []string

// MarshalJSON writes one text as itself, and others as a list.
func (l StringList) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return json.Marshal(l[0])
	}
	return json.Marshal([]string(l))
}

// UnmarshalJSON reads a text or a list of texts.
func (l *StringList) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*l = StringList{""}
		return json.Unmarshal(data, &(*l)[0])
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// UnixTime is a time that JSON writes as seconds since 1970 (RFC 7519 section 2, NumericDate). One that is farther away than
// 30 billion years is read as that.
type UnixTime struct{ time.Time }

// farthest is the most seconds with which a time.Time can still be compared: its own count begins in the year 1.
const farthest = 1e18

// MarshalJSON writes whole seconds.
func (t UnixTime) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, t.Unix(), 10), nil
}

// UnmarshalJSON reads seconds, with fractions or without.
func (t *UnixTime) UnmarshalJSON(data []byte) error {
	if whole, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		*t = inSeconds(whole)
		return nil
	}
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	whole, fraction := math.Modf(min(max(seconds, -farthest), farthest))
	t.Time = time.Unix(int64(whole), int64(fraction*1e9))
	return nil
}

func inSeconds(whole int64) UnixTime {
	return UnixTime{time.Unix(min(max(whole, -farthest), farthest), 0)}
}

// encoder writes claims as JSON; it is used again and again.
type encoder struct {
	buffer bytes.Buffer
	json   *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buffer)
	// A token is no HTML.
	e.json.SetEscapeHTML(false)
	return e
}}

// encode writes claims: the text is good until release.
func encode(claims any) (string, *encoder, error) {
	switch given := claims.(type) {
	case nil:
		return "", nil, nil
	case json.RawMessage:
		return view(given), nil, nil
	case []byte:
		return view(given), nil, nil
	}
	e := encoders.Get().(*encoder)
	if err := e.json.Encode(claims); err != nil {
		e.release()
		return "", nil, refused(ErrClaimsNotJSON, "", err)
	}
	return view(e.buffer.Bytes()), e, nil
}

func (e *encoder) release() {
	// One large payload shall not be kept for ever.
	if e != nil && e.buffer.Cap() <= 64<<10 {
		e.buffer.Reset()
		encoders.Put(e)
	}
}

// decode reads claims: numbers that land in an interface are [json.Number], so that integers stay exact.
func decode(text []byte, claims any) error {
	var err error
	switch into := claims.(type) {
	case nil:
	case *json.RawMessage:
		*into = text
	case *[]byte:
		*into = text
	default:
		if wrong, name := folded(text, reflect.TypeOf(claims)); wrong != "" {
			return &Error{Code: ErrClaimsShape, Field: wrong, Message: "it differs from " + name + " by the case of letters only"}
		}
		if !holdsInterface(reflect.TypeOf(claims)) {
			err = json.Unmarshal(text, claims)
			break
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		err = decoder.Decode(claims)
	}
	if err != nil {
		return refused(ErrClaimsShape, "", err)
	}
	return nil
}

var holders sync.Map

// holdsInterface reports whether a value of the type can hold an interface, into which encoding/json would put a float.
func holdsInterface(t reflect.Type) bool {
	if found, known := holders.Load(t); known {
		return found.(bool)
	}
	found := searchInterface(t, map[reflect.Type]bool{})
	holders.Store(t, found)
	return found
}

func searchInterface(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return searchInterface(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if searchInterface(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}
