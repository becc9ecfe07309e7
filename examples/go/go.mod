module github.com/tokenmint/tokenmint/examples/go

go 1.24

require github.com/tokenmint/tokenmint/go v0.0.0

replace github.com/tokenmint/tokenmint/go => ../../go
