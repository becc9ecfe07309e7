module github.com/tokenmint/tokenmint/bindings-tests/go

go 1.24.0

require (
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/tokenmint/tokenmint/go v0.0.0
	golang.org/x/oauth2 v0.35.0
)

replace github.com/tokenmint/tokenmint/go => ../../go
