module github.com/tokenmint/tokenmint/go

go 1.24
