//go:build !tokenmint_gc

package tokenmint

func collect() {}
