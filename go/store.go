package tokenmint

import (
	"context"
	"time"
)

// MaxKey and MaxValue are the most bytes of an entry's key and value. StoreSlack is how long after its expiry an entry is
// kept at least: more than any clock skew and any request.
const (
	MaxKey     = 128
	MaxValue   = 64 << 10
	StoreSlack = time.Hour
)

// Store keeps the records of the flows: a linearizable map from keys to entries, with one conditional write. It may be
// used by many goroutines at once.
//
// A store that fails returns an error that is one of four codes by errors.Is: ErrStoreUnavailable where the command was
// certainly not done, ErrStoreCorrupt, ErrStoreTooLarge, and ErrStoreUnknown, for which any other error is taken: maybe
// done, so the core finds out. The flow's own error unwraps to it.
//
// [OpenStore] opens one that lasts; a [MemoryStore] does not.
type Store interface {
	// Execute carries out one command: [Load] is answered by [Loaded], [Cas] by [Done] or [Conflict], [Throttle] by
	// [Admitted] or [Denied], and [List] by [Listed].
	Execute(ctx context.Context, command Command) (Reply, error)
}

// Command is what a flow asks of its store: a *[Load], *[Cas], *[Throttle] or *[List].
type Command interface{ isCommand() }

// Reply is what a store answers: a *[Loaded], *[Done], *[Conflict], *[Admitted], *[Denied] or *[Listed].
type Reply interface{ reply() wireReply }

// Key is the key of an entry: 1 to 128 bytes, any bytes, compared byte for byte.
type Key string

// Version is the version of an entry: 8 to 16 bytes, chosen at random by whoever writes.
type Version string

// Entry is a stored record.
type Entry struct {
	// Version says who wrote it last.
	Version Version
	// Value is at most 64 KiB that only the core understands.
	Value []byte
	// ExpiresAtMillis is when it may be forgotten, in milliseconds since 1970; never before this plus [StoreSlack].
	ExpiresAtMillis uint64
	// Subject and Client are by what it is listed; empty for nothing.
	Subject, Client Key
}

// Load reads entries.
type Load struct{ Keys []Key }

// Cas writes an entry if and only if what is there is as expected: the one way to change anything.
type Cas struct {
	// Key is the key of the entry.
	Key Key
	// Expect is the version that must be there now; empty where there must be no entry.
	Expect Version
	// Write is the entry that shall be there then; nil where there shall be none.
	Write *Entry
}

// Throttle admits or denies one event by the generic cell rate algorithm. With tat the stored time, 0 at first:
// next = max(tat, now) + cost * interval; it is admitted, and next is stored, if and only if next - now <= burst. A
// denial writes nothing. All times are microseconds.
type Throttle struct {
	// Key is the limit's key, in a name space of its own.
	Key Key
	// IntervalMicros is the time between two events at the steady rate.
	IntervalMicros uint64
	// BurstMicros is how far ahead of the steady rate events may run.
	BurstMicros uint64
	// Cost is how many events this one counts for.
	Cost uint32
	// NowMicros is the time since 1970. A shared store uses its own clock instead.
	NowMicros uint64
}

// List lists entries by an index, in the order of their keys.
type List struct {
	// By is the index: "subject" or "client".
	By string
	// Value is what an entry has in that index.
	Value Key
	// After is the key behind which it goes on; empty at the start.
	After Key
	// Limit is how many entries the reply has at most.
	Limit uint32
}

func (*Load) isCommand()     {}
func (*Cas) isCommand()      {}
func (*Throttle) isCommand() {}
func (*List) isCommand()     {}

// Loaded are the entries of a [Load], in the order of its keys; nil where there is none.
type Loaded struct {
	Entries []*Entry
	// StoreNow is the store's own clock, where it has one.
	StoreNow time.Time
}

// Done says that a [Cas] was done.
type Done struct{}

// Conflict says that a [Cas] was not done: this is the entry, as of not before the comparison, or nil.
type Conflict struct{ Entry *Entry }

// Admitted says that a [Throttle] was admitted; this time is stored now.
type Admitted struct{ TatMicros uint64 }

// Denied says that a [Throttle] was denied; this is the time that is stored.
type Denied struct{ TatMicros uint64 }

// Listed are the entries of a [List] by their keys, and where to go on.
type Listed struct {
	Entries []ListedEntry
	// Next is the key behind which there are more; empty at the end.
	Next Key
}

// ListedEntry is an entry of a list, and its key.
type ListedEntry struct {
	Key   Key
	Entry *Entry
}
