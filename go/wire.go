package tokenmint

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The JSON of commands and replies; docs/c-abi.md lists their fields.

// wireBytes is bytes as base64url.
type wireBytes []byte

var base64url = base64.RawURLEncoding.Strict()

func (b wireBytes) MarshalText() ([]byte, error) {
	return base64url.AppendEncode(nil, b), nil
}

func (b *wireBytes) UnmarshalText(text []byte) (err error) {
	*b, err = base64url.AppendDecode(nil, text)
	return err
}

type wireEntry struct {
	// In a list only.
	Key             wireBytes  `json:"key,omitempty"`
	Version         wireBytes  `json:"version"`
	Value           wireBytes  `json:"value"`
	ExpiresAtMillis uint64     `json:"expires_at_ms"`
	Subject         *wireBytes `json:"subject"`
	Client          *wireBytes `json:"client"`
}

type wireCommand struct {
	Command        string      `json:"command"`
	Keys           []wireBytes `json:"keys"`
	Key            wireBytes   `json:"key"`
	Expect         wireBytes   `json:"expect"`
	Write          *wireEntry  `json:"write"`
	IntervalMicros uint64      `json:"interval_us"`
	BurstMicros    uint64      `json:"burst_us"`
	Cost           uint32      `json:"cost"`
	NowMicros      uint64      `json:"now_us"`
	By             string      `json:"by"`
	Value          wireBytes   `json:"value"`
	After          wireBytes   `json:"after"`
	Limit          uint32      `json:"limit"`
	KeyID          string      `json:"kid"`
	Algorithm      Algorithm   `json:"algorithm"`
	Message        wireBytes   `json:"message"`
}

type wireReply struct {
	Reply     string        `json:"reply,omitempty"`
	Entries   *[]*wireEntry `json:"entries,omitempty"`
	StoreNow  *int64        `json:"store_now_ms,omitempty"`
	Entry     **wireEntry   `json:"entry,omitempty"`
	Next      wireBytes     `json:"next,omitempty"`
	Tat       *uint64       `json:"tat_us,omitempty"`
	Signature wireBytes     `json:"signature,omitempty"`
	Error     string        `json:"error,omitempty"`
}

func parseCommand(text []byte) (*wireCommand, error) {
	var c wireCommand
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("tokenmint: the library asked for %q: %w", text, err)
	}
	return &c, nil
}

// forStore is the command as a store takes it; nil where it is none for stores.
func (c *wireCommand) forStore() Command {
	switch c.Command {
	case "load":
		keys := make([]Key, len(c.Keys))
		for i, key := range c.Keys {
			keys[i] = Key(key)
		}
		return &Load{keys}
	case "cas":
		return &Cas{Key(c.Key), Version(c.Expect), c.Write.entry()}
	case "throttle":
		return &Throttle{Key(c.Key), c.IntervalMicros, c.BurstMicros, c.Cost, c.NowMicros}
	case "list":
		return &List{c.By, Key(c.Value), Key(c.After), c.Limit}
	}
	return nil
}

func (w *wireEntry) entry() *Entry {
	if w == nil {
		return nil
	}
	entry := &Entry{Version: Version(w.Version), Value: w.Value, ExpiresAtMillis: w.ExpiresAtMillis}
	if w.Subject != nil {
		entry.Subject = Key(*w.Subject)
	}
	if w.Client != nil {
		entry.Client = Key(*w.Client)
	}
	return entry
}

func (e *Entry) wire() *wireEntry {
	if e == nil {
		return nil
	}
	index := func(key Key) *wireBytes {
		if key == "" {
			return nil
		}
		bytes := wireBytes(key)
		return &bytes
	}
	return &wireEntry{nil, wireBytes(e.Version), e.Value, e.ExpiresAtMillis, index(e.Subject), index(e.Client)}
}

func (r *Loaded) reply() wireReply {
	entries := make([]*wireEntry, len(r.Entries))
	for i, entry := range r.Entries {
		entries[i] = entry.wire()
	}
	reply := wireReply{Reply: "loaded", Entries: &entries}
	if !r.StoreNow.IsZero() {
		now := r.StoreNow.UnixMilli()
		reply.StoreNow = &now
	}
	return reply
}

func (*Done) reply() wireReply { return wireReply{Reply: "done"} }

func (r *Conflict) reply() wireReply {
	entry := r.Entry.wire()
	return wireReply{Reply: "conflict", Entry: &entry}
}

func (r *Admitted) reply() wireReply { return wireReply{Reply: "admitted", Tat: &r.TatMicros} }

func (r *Denied) reply() wireReply { return wireReply{Reply: "denied", Tat: &r.TatMicros} }

func (r *Listed) reply() wireReply {
	entries := make([]*wireEntry, len(r.Entries))
	for i, listed := range r.Entries {
		entries[i] = listed.Entry.wire()
		if entries[i] != nil {
			entries[i].Key = wireBytes(listed.Key)
		}
	}
	return wireReply{Reply: "listed", Entries: &entries, Next: wireBytes(r.Next)}
}

// asking is a command as the library reads it.
func asking(command Command) any {
	switch c := command.(type) {
	case *Load:
		keys := make([]wireBytes, len(c.Keys))
		for i, key := range c.Keys {
			keys[i] = wireBytes(key)
		}
		return struct {
			Command string      `json:"command"`
			Keys    []wireBytes `json:"keys"`
		}{"load", keys}
	case *Cas:
		var expect *wireBytes
		if c.Expect != "" {
			version := wireBytes(c.Expect)
			expect = &version
		}
		return struct {
			Command string     `json:"command"`
			Key     wireBytes  `json:"key"`
			Expect  *wireBytes `json:"expect"`
			Write   *wireEntry `json:"write"`
		}{"cas", wireBytes(c.Key), expect, c.Write.wire()}
	case *Throttle:
		return struct {
			Command        string    `json:"command"`
			Key            wireBytes `json:"key"`
			IntervalMicros uint64    `json:"interval_us"`
			BurstMicros    uint64    `json:"burst_us"`
			Cost           uint32    `json:"cost"`
			NowMicros      uint64    `json:"now_us"`
		}{"throttle", wireBytes(c.Key), c.IntervalMicros, c.BurstMicros, c.Cost, c.NowMicros}
	case *List:
		return struct {
			Command string    `json:"command"`
			By      string    `json:"by"`
			Value   wireBytes `json:"value"`
			After   wireBytes `json:"after,omitempty"`
			Limit   uint32    `json:"limit"`
		}{"list", c.By, wireBytes(c.Value), wireBytes(c.After), c.Limit}
	}
	return nil
}

// parseReply is what a store of the library answered.
func parseReply(text []byte) (Reply, error) {
	var r wireReply
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	switch r.Reply {
	case "loaded":
		loaded := &Loaded{}
		if r.StoreNow != nil {
			loaded.StoreNow = time.UnixMilli(*r.StoreNow)
		}
		if r.Entries != nil {
			for _, entry := range *r.Entries {
				loaded.Entries = append(loaded.Entries, entry.entry())
			}
		}
		return loaded, nil
	case "listed":
		listed := &Listed{Next: Key(r.Next)}
		if r.Entries != nil {
			for _, entry := range *r.Entries {
				listed.Entries = append(listed.Entries, ListedEntry{Key(entry.Key), entry.entry()})
			}
		}
		return listed, nil
	case "done":
		return &Done{}, nil
	case "conflict":
		if r.Entry == nil {
			return &Conflict{}, nil
		}
		return &Conflict{(*r.Entry).entry()}, nil
	case "admitted", "denied":
		if r.Tat == nil {
			break
		}
		if r.Reply == "denied" {
			return &Denied{*r.Tat}, nil
		}
		return &Admitted{*r.Tat}, nil
	}
	for code, name := range storeErrors {
		if r.Error == name {
			return nil, code
		}
	}
	return nil, ErrStoreUnknown
}

// storeErrors are the names of a store's errors; any other is unknown.
var storeErrors = map[Code]string{
	ErrStoreUnavailable: "unavailable",
	ErrStoreCorrupt:     "corrupt",
	ErrStoreTooLarge:    "too_large",
}

// failedReply is what the core is told of a store's error.
func failedReply(err error) wireReply {
	for code, name := range storeErrors {
		if errors.Is(err, code) {
			return wireReply{Error: name}
		}
	}
	return wireReply{Error: "unknown"}
}
