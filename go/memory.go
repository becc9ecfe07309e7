package tokenmint

import (
	"context"
	"slices"
	"sync"
	"time"
)

// MemoryStore is a [Store] in memory, for one process: tests, development, and services that may forget on restart. It
// holds at most as much as it is told and then fails with ErrStoreUnavailable: it never evicts, since forgetting a
// redeemed link or a revocation would undo it. Its zero value is an empty store of at most 1 GiB.
type MemoryStore struct {
	mutex   sync.Mutex
	entries map[Key]*Entry
	// arrivals are the theoretical arrival times of the limits, in microseconds.
	arrivals map[Key]uint64
	used     int
	capacity int
}

// overhead is what one entry costs beside its value and key, roughly.
const overhead = 160

// NewMemoryStore is an empty store of at most about so many bytes.
func NewMemoryStore(capacity int) *MemoryStore {
	return &MemoryStore{capacity: capacity}
}

// Execute carries out one command.
func (s *MemoryStore) Execute(_ context.Context, command Command) (Reply, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.entries == nil {
		s.entries, s.arrivals = map[Key]*Entry{}, map[Key]uint64{}
		if s.capacity == 0 {
			s.capacity = 1 << 30
		}
	}
	switch c := command.(type) {
	case *Load:
		entries := make([]*Entry, len(c.Keys))
		for i, key := range c.Keys {
			entries[i] = s.entries[key].clone()
		}
		return &Loaded{Entries: entries}, nil
	case *Cas:
		return s.cas(c)
	case *Throttle:
		return s.throttle(c)
	case *List:
		return s.list(c)
	}
	return nil, ErrStoreUnavailable
}

func (s *MemoryStore) cas(c *Cas) (Reply, error) {
	current, there := s.entries[c.Key]
	if there != (c.Expect != "") || there && current.Version != c.Expect {
		return &Conflict{current.clone()}, nil
	}
	if c.Write != nil && len(c.Write.Value) > MaxValue {
		return nil, ErrStoreTooLarge
	}
	more := size(c.Key, c.Write) - size(c.Key, current)
	if more > 0 && s.used+more > s.capacity {
		return nil, ErrStoreUnavailable
	}
	s.used += more
	if c.Write == nil {
		delete(s.entries, c.Key)
	} else {
		s.entries[c.Key] = c.Write.clone()
	}
	return &Done{}, nil
}

func (s *MemoryStore) throttle(c *Throttle) (Reply, error) {
	tat, there := s.arrivals[c.Key]
	next := max(tat, c.NowMicros) + uint64(c.Cost)*c.IntervalMicros
	if next-c.NowMicros > c.BurstMicros {
		return &Denied{tat}, nil
	}
	if more := len(c.Key) + overhead; !there {
		if s.used+more > s.capacity {
			return nil, ErrStoreUnavailable
		}
		s.used += more
	}
	s.arrivals[c.Key] = next
	return &Admitted{next}, nil
}

func (s *MemoryStore) list(c *List) (Reply, error) {
	var keys []Key
	for key, entry := range s.entries {
		by := map[string]Key{"subject": entry.Subject, "client": entry.Client}
		if by[c.By] == c.Value && key > c.After {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	listed := &Listed{}
	for _, key := range keys[:min(len(keys), int(c.Limit))] {
		listed.Entries = append(listed.Entries, ListedEntry{key, s.entries[key].clone()})
	}
	if count := len(listed.Entries); count > 0 && count < len(keys) {
		listed.Next = keys[count-1]
	}
	return listed, nil
}

// Sweep forgets what expired [StoreSlack] ago or earlier, and says how many entries that were. Call it now and then.
func (s *MemoryStore) Sweep(now time.Time) int {
	before := uint64(max(0, now.Add(-StoreSlack).UnixMilli()))
	s.mutex.Lock()
	defer s.mutex.Unlock()
	removed := 0
	for key, entry := range s.entries {
		if entry.ExpiresAtMillis < before {
			s.used -= size(key, entry)
			delete(s.entries, key)
			removed++
		}
	}
	for key, tat := range s.arrivals {
		// A time that has passed says nothing any more.
		if tat/1000 < before {
			s.used -= len(key) + overhead
			delete(s.arrivals, key)
		}
	}
	return removed
}

func size(key Key, entry *Entry) int {
	if entry == nil {
		return 0
	}
	return len(key) + len(entry.Value) + overhead
}

// clone keeps what is stored apart from what callers hold.
func (e *Entry) clone() *Entry {
	if e == nil {
		return nil
	}
	copied := *e
	copied.Value = slices.Clone(e.Value)
	return &copied
}
