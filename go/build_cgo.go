//go:build !cgo

package tokenmint

// The compiler's message is this name; of a type it speaks first.
type _ this_package_needs_cgo__set_CGO_ENABLED_to_1_and_install_a_C_compiler
