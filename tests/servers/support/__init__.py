"""What the test suites of the servers' modules share: a PKI, processes, clients. It knows no server."""
