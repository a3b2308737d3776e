module clientcert.dev/go

go 1.22
