package tokenmint

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// A struct of claims is plain where it holds texts, numbers, booleans, lists of texts, the types of this package, other
// plain structs, and pointers to all of these. Its tags are read once; claims are then read into a copy of it in one pass.
// Whatever else stands in its type, in a text or in it already is left to encoding/json.

// shape is how a plain type is read.
type shape struct {
	kind reflect.Kind
	// own is the type, where it is one of this package.
	own reflect.Type
	// bits is the size of a number.
	bits int
	// target is what a pointer points to, and elem is its type.
	target *shape
	elem   reflect.Type
	fields map[string]place
	// near are the names of which another spelling is no unknown member, but a matter for encoding/json.
	near []string
}

// place is where a field stands in its struct.
type place struct {
	offset uintptr
	shape  *shape
}

var (
	shapes      sync.Map
	textList    = reflect.TypeFor[StringList]()
	seconds     = reflect.TypeFor[UnixTime]()
	jsonNumber  = reflect.TypeFor[json.Number]()
	readsJSON   = reflect.TypeFor[json.Unmarshaler]()
	readsText   = reflect.TypeFor[encoding.TextUnmarshaler]()
	sizedNumber = map[reflect.Kind]bool{
		reflect.Int: true, reflect.Int8: true, reflect.Int16: true, reflect.Int32: true, reflect.Int64: true,
		reflect.Uint: true, reflect.Uint8: true, reflect.Uint16: true, reflect.Uint32: true, reflect.Uint64: true,
		reflect.Float32: true, reflect.Float64: true,
	}
)

// plain is the shape of what claims point to; nil where that is no plain struct.
func plain(claims any) *shape {
	t := reflect.TypeOf(claims)
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return nil
	}
	if found, known := shapes.Load(t); known {
		return found.(*shape)
	}
	found := shapeOf(t.Elem(), nil)
	if found != nil && found.kind != reflect.Struct {
		found = nil
	}
	shapes.Store(t, found)
	return found
}

// read reads claims from a text that is known to be valid JSON, to which nothing refers afterwards. Where it reports false,
// claims are as they were, and it is for encoding/json to say what is wrong or to read them.
func (s *shape) read(text []byte, claims any) bool {
	target := reflect.ValueOf(claims)
	if target.IsNil() {
		return false
	}
	target = target.Elem()
	copied := reflect.New(target.Type())
	copied.Elem().Set(target)
	r := reader{text: text}
	if r.next() != '{' || !r.object(s, copied.UnsafePointer()) {
		return false
	}
	target.Set(copied.Elem())
	return true
}

// shapeOf is the shape of a type, which stands in those around it; nil where it is not plain.
func shapeOf(t reflect.Type, around []reflect.Type) *shape {
	kind := t.Kind()
	switch pointer := reflect.PointerTo(t); {
	case t == textList || t == seconds:
		return &shape{own: t}
	case t == jsonNumber, pointer.Implements(readsJSON), pointer.Implements(readsText):
		return nil
	case kind == reflect.String || kind == reflect.Bool:
		return &shape{kind: kind}
	case sizedNumber[kind]:
		return &shape{kind: kind, bits: t.Bits()}
	case kind == reflect.Slice:
		if item := shapeOf(t.Elem(), around); item != nil && item.kind == reflect.String {
			return &shape{kind: kind}
		}
	case kind == reflect.Pointer:
		if target := shapeOf(t.Elem(), around); target != nil {
			return &shape{kind: kind, target: target, elem: t.Elem()}
		}
	case kind == reflect.Struct:
		for _, outer := range around {
			if outer == t {
				return nil
			}
		}
		s := &shape{kind: kind, fields: map[string]place{}}
		if !s.add(t, 0, append(around, t)) {
			return nil
		}
		for name := range s.fields {
			s.near = append(s.near, name)
		}
		for name := range namesOf(t) {
			if _, field := s.fields[name]; !field {
				s.near = append(s.near, name)
			}
		}
		return s
	}
	return nil
}

// add adds the fields of a struct, which begins at an offset in that of the shape, as encoding/json finds them; false where
// that takes more than to read them one after another.
func (s *shape) add(t reflect.Type, offset uintptr, around []reflect.Type) bool {
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		embedded := field.Anonymous && name == ""
		switch {
		case !field.IsExported() && !field.Anonymous:
			// What it is for is not known: nobody may copy a lock.
			return false
		case tag == "-":
			continue
		case strings.Contains(options, "string") || !simple(name):
			return false
		}
		found := shapeOf(field.Type, around)
		switch {
		case found == nil:
			return false
		case embedded && found.kind == reflect.Struct:
			if !s.add(field.Type, offset+field.Offset, around) {
				return false
			}
			continue
		case !field.IsExported(), embedded && found.kind == reflect.Pointer:
			return false
		case name == "":
			name = field.Name
		}
		// Of several fields of one name the depth and the tags decide.
		if _, twice := s.fields[name]; twice {
			return false
		}
		s.fields[name] = place{offset + field.Offset, found}
	}
	return true
}

// simple reports whether every reader of tags takes the name as it stands.
func simple(name string) bool {
	return strings.IndexFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("_-.:/", c))
	}) < 0
}

// reader reads a text. Each of its methods that report something say whether what stands there was read.
type reader struct {
	text []byte
	at   int
}

// next is the byte with which the next part begins.
func (r *reader) next() byte {
	for r.text[r.at] <= ' ' {
		r.at++
	}
	return r.text[r.at]
}

// more goes on to the next member or item, or behind the end of them all.
func (r *reader) more(end byte) bool {
	more := r.next() != end
	r.at++
	return more
}

func (r *reader) object(s *shape, into unsafe.Pointer) bool {
	r.at++
	if r.next() == '}' {
		r.at++
		return true
	}
	for more := true; more; more = r.more('}') {
		r.next()
		name := view(r.quoted())
		r.next() // a colon
		r.at++
		if field, known := s.fields[name]; known {
			if !r.value(field.shape, unsafe.Add(into, field.offset)) {
				return false
			}
		} else if s.meant(name) {
			return false
		} else {
			r.skip()
		}
	}
	return true
}

// meant reports whether a name that is that of no field may be another spelling of one.
func (s *shape) meant(name string) bool {
	return strings.Contains(name, `\`) || slices.ContainsFunc(s.near, func(near string) bool { return strings.EqualFold(near, name) })
}

func (r *reader) value(s *shape, into unsafe.Pointer) bool {
	// A null is nothing of all that.
	switch first := r.next(); {
	case s.kind == reflect.String:
		return r.string((*string)(into))
	case s.own == seconds:
		return r.seconds((*UnixTime)(into))
	case s.own == textList && first == '"':
		items := make([]string, 1)
		*(*[]string)(into) = items
		return r.string(&items[0])
	case s.own == textList || s.kind == reflect.Slice:
		return first == '[' && r.list((*[]string)(into))
	case s.kind == reflect.Bool:
		*(*bool)(into) = first == 't'
		return first != '"' && string(r.word()) == strconv.FormatBool(first == 't')
	case s.kind == reflect.Struct:
		return first == '{' && r.object(s, into)
	case s.kind == reflect.Pointer:
		target := (*unsafe.Pointer)(into)
		if *target != nil {
			return false
		}
		*target = reflect.New(s.elem).UnsafePointer()
		return r.value(s.target, *target)
	}
	return r.number(s, into)
}

// quoted is what stands between quotes.
func (r *reader) quoted() []byte {
	begin := r.at + 1
	last := end(r.text, r.at)
	r.at = last + 1
	return r.text[begin:last]
}

func (r *reader) string(into *string) bool {
	if r.text[r.at] != '"' {
		return false
	}
	text := r.quoted()
	if bytes.IndexByte(text, '\\') < 0 {
		*into = string(text)
	} else {
		*into = unescape(text)
	}
	return true
}

func (r *reader) list(into *[]string) bool {
	items := []string{}
	r.at++
	if r.next() == ']' {
		r.at++
		*into = items
		return true
	}
	for more := true; more; more = r.more(']') {
		r.next()
		items = append(items, "")
		if !r.string(&items[len(items)-1]) {
			return false
		}
	}
	*into = items
	return true
}

// word is a number or a name; empty where something else begins.
func (r *reader) word() []byte {
	begin := r.at
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c <= ' ', c == ',', c == '}', c == ']', c == '"', c == '{', c == '[':
			return r.text[begin:r.at]
		}
		r.at++
	}
	return r.text[begin:]
}

func (r *reader) seconds(into *UnixTime) bool {
	whole, err := strconv.ParseInt(view(r.word()), 10, 64)
	*into = inSeconds(whole)
	return err == nil
}

func (r *reader) number(s *shape, into unsafe.Pointer) bool {
	word := view(r.word())
	switch s.kind {
	case reflect.Float32:
		found, err := strconv.ParseFloat(word, 32)
		*(*float32)(into) = float32(found)
		return err == nil
	case reflect.Float64:
		found, err := strconv.ParseFloat(word, 64)
		*(*float64)(into) = found
		return err == nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		found, err := strconv.ParseInt(word, 10, s.bits)
		store(into, s.bits, uint64(found))
		return err == nil
	}
	found, err := strconv.ParseUint(word, 10, s.bits)
	store(into, s.bits, found)
	return err == nil
}

// store writes as many bits of an integer.
func store(into unsafe.Pointer, bits int, value uint64) {
	switch bits {
	case 8:
		*(*uint8)(into) = uint8(value)
	case 16:
		*(*uint16)(into) = uint16(value)
	case 32:
		*(*uint32)(into) = uint32(value)
	default:
		*(*uint64)(into) = value
	}
}

// skip goes behind a value.
func (r *reader) skip() {
	depth := 0
	for {
		switch r.next() {
		case '"':
			r.quoted()
		case '{', '[':
			depth++
			r.at++
		case '}', ']':
			depth--
			r.at++
		case ',', ':':
			r.at++
		default:
			r.word()
		}
		if depth == 0 {
			return
		}
	}
}
