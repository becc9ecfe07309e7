//go:build !((linux || darwin) && (amd64 || arm64))

package tokenmint

// For these native.go links an archive. The compiler's message is this name; of a type it speaks first.
type _ this_package_is_for_linux_and_darwin_on_amd64_and_arm64
