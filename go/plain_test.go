package tokenmint

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What reflection cannot make: embedded structs, and types with methods.
type (
	role    string
	deep    struct{ Ready bool }
	partial struct {
		Total int64 `json:"total,omitempty"`
		Sound string
		Inner *deep `json:"inner"`
	}
	everything struct {
		RegisteredClaims
		partial
		Roles  []role   `json:"roles"`
		Role   role     `json:"role"`
		Level  uint8    `json:"level"`
		Share  float32  `json:"share"`
		Again  **string `json:"again"`
		Hidden string   `json:"-"`
		Dashed string   `json:"-,"`
	}
	registeredOnly struct {
		RegisteredClaims
		Session string `json:"sessionId"`
		Pages   struct {
			Allowed bool      `json:"allowed"`
			Until   *UnixTime `json:"until"`
		} `json:"pages"`
	}
	// These are not plain.
	twice struct {
		Name string `json:"name"`
		deep
		other struct{ Ready bool }
	}
	clashing struct {
		deep
		partial
		Outer struct{ deep }
		Sound string
	}
	embedsPointer struct {
		*RegisteredClaims
		Name string `json:"name"`
	}
	unexported struct {
		role
		deep `json:"deep"`
	}
	locked struct {
		Name string `json:"name"`
		lock chan int
	}
	quotes struct {
		Number int `json:"number,string"`
	}
	loops struct {
		Name string `json:"name"`
		Next *loops `json:"next"`
	}
	methods struct {
		When  time.Time       `json:"when"`
		Raw   json.RawMessage `json:"raw"`
		Exact json.Number     `json:"exact"`
	}
	anything struct {
		Name  any            `json:"name"`
		Pages map[string]any `json:"pages"`
	}
)

// Whatever a struct and a text are, what is read in one pass is what encoding/json reads, and the verdict is the same.
func TestPlainStructsReadAsEncodingJSONDoes(t *testing.T) {
	random := generator{rand.New(rand.NewPCG(7, 11))}
	given := []reflect.Type{
		reflect.TypeFor[everything](), reflect.TypeFor[registeredOnly](), reflect.TypeFor[RegisteredClaims](), reflect.TypeFor[partial](),
		reflect.TypeFor[twice](), reflect.TypeFor[clashing](), reflect.TypeFor[embedsPointer](), reflect.TypeFor[unexported](), reflect.TypeFor[locked](), reflect.TypeFor[quotes](),
		reflect.TypeFor[loops](), reflect.TypeFor[methods](), reflect.TypeFor[anything](), reflect.TypeFor[UnixTime](),
	}
	rounds := 20_000
	if testing.Short() {
		rounds /= 10
	}
	read := 0
	for round := range rounds {
		typ := given[round/2%len(given)]
		if round%2 == 0 {
			typ = random.structure(2)
		}
		got, want := reflect.New(typ), reflect.New(typ)
		// The second text finds in the struct what the first one left there.
		for range 2 {
			text := random.object(typ, 3)
			before := fmt.Sprint(show(got))
			shape := plain(got.Interface())
			fast := shape != nil && shape.read([]byte(text), got.Interface())
			var failed error
			if fast {
				read++
			} else {
				if after := fmt.Sprint(show(got)); after != before {
					t.Fatalf("%s\n%v\nread %s\nand left %s\nof %s", text, typ, "nothing", after, before)
				}
				failed = decode([]byte(text), got.Interface())
			}
			wanted := decode([]byte(text), want.Interface())
			if fmt.Sprint(failed) != fmt.Sprint(wanted) {
				t.Fatalf("%s\n%v\nfails with %v, and not with %v", text, typ, failed, wanted)
			}
			if !reflect.DeepEqual(got.Interface(), want.Interface()) {
				t.Fatalf("%s\n%v\nis %s\nand not %s", text, typ, show(got), show(want))
			}
		}
	}
	if read < rounds/4 {
		t.Errorf("only %d of %d texts were read in one pass", read, 2*rounds)
	}
}

// show is what a value holds, behind its pointers too.
func show(value reflect.Value) string {
	text, err := json.Marshal(value.Interface())
	return fmt.Sprint(string(text), err)
}

func TestWhatIsPlain(t *testing.T) {
	for _, claims := range []any{&everything{}, &registeredOnly{}, &RegisteredClaims{}, &partial{}, &deep{}} {
		if plain(claims) == nil {
			t.Errorf("%T is not plain", claims)
		}
	}
	for _, claims := range []any{nil, everything{}, new(string), &map[string]any{}, &clashing{}, &embedsPointer{}, &unexported{}, &locked{lock: nil}, &quotes{}, &loops{},
		&methods{}, &anything{}, &UnixTime{}} {
		if plain(claims) != nil {
			t.Errorf("%T is plain", claims)
		}
	}
}

func TestNothingReadIsKeptOfTheText(t *testing.T) {
	text := []byte(`{"sub":"ent_1","aud":["a","b"],"sessionId":"ses\u005f1"}`)
	var claims registeredOnly
	if !plain(&claims).read(text, &claims) {
		t.Fatal("not read")
	}
	clear(text)
	if claims.Subject != "ent_1" || claims.Session != "ses_1" || strings.Join(claims.Audience, " ") != "a b" {
		t.Errorf("%+v", claims)
	}
}

// generator makes structs, and texts that fit them more or less.
type generator struct{ *rand.Rand }

func pick[T any](g generator, items ...T) T { return items[g.IntN(len(items))] }

var claimNames = []string{"sub", "aud", "exp", "iss", "sessionId", "pages", "s", "kelvin", "level", "name", "a.b", "Ready"}

func (g generator) structure(depth int) reflect.Type {
	var fields []reflect.StructField
	for i, at := range g.Perm(len(claimNames))[:g.IntN(len(claimNames))] {
		name := claimNames[at]
		if g.IntN(60) == 0 {
			name = claimNames[0]
		}
		tag := name + pick(g, "", "", ",omitempty", ",omitzero")
		if g.IntN(80) == 0 {
			tag = pick(g, "", "-", "-,", name+",string", "ü", "a b", "a'")
		}
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Field%d", i), Type: g.typ(depth), Tag: reflect.StructTag(fmt.Sprintf("json:%q", tag)),
		})
	}
	return reflect.StructOf(fields)
}

func (g generator) typ(depth int) reflect.Type {
	if g.IntN(200) == 0 {
		return pick(g, reflect.TypeFor[any](), reflect.TypeFor[map[string]string](), reflect.TypeFor[[]byte](), reflect.TypeFor[[]int](),
			reflect.TypeFor[[2]string](), reflect.TypeFor[time.Time](), reflect.TypeFor[json.Number](), reflect.TypeFor[uintptr]())
	}
	if depth > 0 && g.IntN(6) == 0 {
		return g.structure(depth - 1)
	}
	if depth > 0 && g.IntN(6) == 0 {
		return reflect.PointerTo(g.typ(depth - 1))
	}
	return pick(g, reflect.TypeFor[string](), reflect.TypeFor[string](), reflect.TypeFor[role](), reflect.TypeFor[bool](),
		reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int64](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[[]string](), reflect.TypeFor[[]role](),
		reflect.TypeFor[StringList](), reflect.TypeFor[UnixTime]())
}

// object is a JSON object whose members are mostly those of a struct.
func (g generator) object(t reflect.Type, depth int) string {
	type member struct {
		name string
		typ  reflect.Type
	}
	var all []member
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		if g.IntN(3) > 0 && !field.Anonymous {
			all = append(all, member{name, field.Type})
		}
	}
	for g.IntN(3) == 0 {
		all = append(all, member{pick(g, "unknown", "x", "", "Ünknown", "na\tme", claimNames[g.IntN(len(claimNames))]), nil})
	}
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var parts []string
	seen := map[string]bool{}
	for _, m := range all {
		name := m.name
		if g.IntN(60) == 0 {
			// The two letters beyond ASCII that are other spellings of some within it.
			name = pick(g, strings.ToUpper(name), strings.ToLower(name), strings.ReplaceAll(name, "s", "ſ"), strings.ReplaceAll(name, "k", "\u212a"))
		}
		if !seen[name] {
			seen[name] = true
			parts = append(parts, g.space()+g.quote(name)+g.space()+":"+g.space()+g.value(m.typ, depth)+g.space())
		}
	}
	if len(parts) == 0 {
		return g.space() + "{" + g.space() + "}"
	}
	return g.space() + "{" + strings.Join(parts, ",") + "}"
}

func (g generator) value(t reflect.Type, depth int) string {
	if t == nil || g.IntN(50) == 0 {
		return g.other(depth)
	}
	switch kind := t.Kind(); {
	case t == textList && g.IntN(2) == 0, kind == reflect.String:
		return g.text()
	case t == seconds:
		return pick(g, "1700000000", "0", "-1", "1700000000.25", "9223372036854775807", "1e300", "99999999999999999999")
	case kind == reflect.Slice:
		return g.list()
	case kind == reflect.Bool:
		return pick(g, "true", "false")
	case kind == reflect.Struct:
		return g.object(t, depth-1)
	case kind == reflect.Pointer:
		return g.value(t.Elem(), depth)
	case kind == reflect.Float32, kind == reflect.Float64:
		return pick(g, "0", "-0", "0.1", "1e3", "-12.5E-3", "340282356779733661637539395458142568448", "1e39", "1e400", "16777217", "5e-324")
	case sizedNumber[kind]:
		return pick(g, "0", "-0", "1", "7", "127", "128", "-128", "-129", "65535", "65536", "4294967296", "9223372036854775807",
			"-9223372036854775808", "9223372036854775808", "18446744073709551616", "1.0", "1e2")
	}
	return g.other(depth)
}

// other is any JSON.
func (g generator) other(depth int) string {
	if depth > 0 && g.IntN(4) == 0 {
		return g.object(reflect.TypeFor[registeredOnly](), depth-1)
	}
	return pick(g, "null", "true", "false", "0", "-1.5e3", "[]", "{}", `"text"`, "[null]", "[1,2]", `[["]"],{"}":"{"}]`, `{"a":[1,{"b":null}]}`,
		g.text(), g.list())
}

func (g generator) list() string {
	var items []string
	for range g.IntN(4) {
		items = append(items, g.space()+g.text()+g.space())
	}
	return "[" + strings.Join(items, ",") + g.space() + "]"
}

func (g generator) text() string {
	return pick(g, `""`, `"a"`, `"ent_a0f6ea94-0761-4a5e"`, `"ü€😀"`, `"\""`, `"\\"`, `"\\\""`, `"a\u0000b"`, `"\ud83d\ude00"`, `"\ud800"`, `"\udc00x"`,
		`"\/\b\f\n\r\t"`, `"{\"a\":1}"`, `"null"`, `"1"`)
}

// quote writes a name, now and then with an escape that it does not need.
func (g generator) quote(name string) string {
	text, _ := json.Marshal(name)
	if name != "" && 'A' <= name[0] && name[0] <= 'z' && g.IntN(60) == 0 {
		return fmt.Sprintf(`"\u%04x%s`, name[0], text[2:])
	}
	return string(text)
}

func (g generator) space() string {
	if g.IntN(10) > 0 {
		return ""
	}
	return pick(g, " ", "\n", "\t\r\n  ")
}
