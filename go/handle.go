package tokenmint

import (
	"errors"
	"runtime"
	"sync"
	"unsafe"
)

// ErrClosed is the error of a call after Close.
var ErrClosed = errors.New("tokenmint: used after Close")

// handle is memory of the library that Go must give back: by Close, or else when nothing refers to it any more.
type handle struct {
	mutex   sync.RWMutex
	pointer unsafe.Pointer
	free    func(unsafe.Pointer)
	cleanup runtime.Cleanup
}

// own takes over what the library made.
func (h *handle) own(pointer unsafe.Pointer, free func(unsafe.Pointer)) {
	h.pointer, h.free = pointer, free
	h.cleanup = runtime.AddCleanup(h, free, pointer)
}

// enter is the pointer for a call, which must be followed by leave: until then neither Close nor the garbage collector
// gives the memory back, since leave unlocks what stands beside it. A build that collects
// garbage in both finds a leave that comes too early.
func (h *handle) enter() (unsafe.Pointer, error) {
	h.mutex.RLock()
	if h.pointer == nil {
		h.mutex.RUnlock()
		return nil, ErrClosed
	}
	pointer := h.pointer
	collect()
	return pointer, nil
}

func (h *handle) leave() {
	h.mutex.RUnlock()
	collect()
}

// Close gives the memory back, after the calls that are under way. It may be called often, and never fails.
func (h *handle) Close() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.pointer != nil {
		h.cleanup.Stop()
		h.free(h.pointer)
		h.pointer = nil
	}
	return nil
}
