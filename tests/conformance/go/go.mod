module clientcert.dev/conformance

go 1.22

require clientcert.dev/go v0.0.0

replace clientcert.dev/go => ../../../bindings/go
