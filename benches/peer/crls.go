// Go's crypto/x509 as a peer of the report, with what it offers for CRLs: Verify looks into none, so a server reads the
// list, checks its signature once, and looks for the serial number of each certificate of the verified path itself.
//
// It is told what to do line by line on standard input and answers each line with one of its own. Times are CPU time of
// the process in nanoseconds, the garbage collector's threads included; bytes are those of the heap after a collection.
//
//	version                        -> Go's version
//	load FILE ISSUER               read a DER CRL and check its signature; make a map of its serial numbers; forget both
//	                               -> NANOSECONDS BYTES MAP_NANOSECONDS MAP_BYTES
//	crl FILE ISSUER                keep a CRL, and a map of its serial numbers -> INDEX
//	verify MODE N ROOT CHAIN CRL.. verify a chain (a 4-byte length and DER) N times from its bytes, and look for each of
//	                               its certificates in the CRL of its issuer, of those kept: MODE is `none`, `walk` (its
//	                               RevokedCertificateEntries, one after another) or `map` -> NANOSECONDS
package main

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

type list struct {
	crl     *x509.RevocationList
	serials map[string]struct{}
}

var lists []list

func main() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		words := strings.Fields(in.Text())
		switch {
		case len(words) == 1 && words[0] == "version":
			fmt.Println(runtime.Version())
		case len(words) == 3 && words[0] == "load":
			load(words[1], certificate(words[2]))
		case len(words) == 3 && words[0] == "crl":
			crl := signed(read(words[1]), certificate(words[2]))
			lists = append(lists, list{crl, serials(crl)})
			fmt.Println(len(lists) - 1)
		case len(words) >= 5 && words[0] == "verify":
			verify(words[1], number(words[2]), words[3], words[4], words[5:])
		default:
			fail("an unknown command")
		}
	}
}

func load(path string, issuer *x509.Certificate) {
	empty := heap()
	der := read(path)
	started := cpuTime()
	crl := signed(der, issuer)
	loaded := cpuTime() - started
	// The list points into the bytes that it was read from.
	withList := heap()
	started = cpuTime()
	kept := serials(crl)
	mapped := cpuTime() - started
	withBoth := heap()
	runtime.KeepAlive(crl)
	runtime.KeepAlive(kept)
	fmt.Println(loaded, withList-empty, mapped, withBoth-withList)
}

func signed(der []byte, issuer *x509.Certificate) *x509.RevocationList {
	crl, err := x509.ParseRevocationList(der)
	check(err)
	check(crl.CheckSignatureFrom(issuer))
	return crl
}

func serials(crl *x509.RevocationList) map[string]struct{} {
	kept := make(map[string]struct{}, len(crl.RevokedCertificateEntries))
	for i := range crl.RevokedCertificateEntries {
		kept[string(crl.RevokedCertificateEntries[i].SerialNumber.Bytes())] = struct{}{}
	}
	return kept
}

func verify(mode string, times int, rootPath, chainPath string, indices []string) {
	roots := x509.NewCertPool()
	roots.AddCert(certificate(rootPath))
	chain := read(chainPath)[4:]
	var used []list
	for _, index := range indices {
		used = append(used, lists[number(index)])
	}
	started := cpuTime()
	for range times {
		if !accepts(mode, roots, chain, used) {
			fail("a genuine client was refused")
		}
	}
	fmt.Println(cpuTime() - started)
}

func accepts(mode string, roots *x509.CertPool, chain []byte, used []list) bool {
	certificates, err := x509.ParseCertificates(chain)
	if err != nil || len(certificates) == 0 {
		return false
	}
	intermediates := x509.NewCertPool()
	for _, intermediate := range certificates[1:] {
		intermediates.AddCert(intermediate)
	}
	options := x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	paths, err := certificates[0].Verify(options)
	if err != nil {
		return false
	}
	for _, certificate := range paths[0][:len(paths[0])-1] {
		if mode != "none" && !good(mode, certificate, used) {
			return false
		}
	}
	return true
}

// good says whether a CRL of the certificate's issuer is there and does not have it.
func good(mode string, certificate *x509.Certificate, used []list) bool {
	for _, list := range used {
		if !bytes.Equal(list.crl.RawIssuer, certificate.RawIssuer) {
			continue
		}
		if mode == "map" {
			_, revoked := list.serials[string(certificate.SerialNumber.Bytes())]
			return !revoked
		}
		for i := range list.crl.RevokedCertificateEntries {
			if list.crl.RevokedCertificateEntries[i].SerialNumber.Cmp(certificate.SerialNumber) == 0 {
				return false
			}
		}
		return true
	}
	return false
}

func certificate(path string) *x509.Certificate {
	certificate, err := x509.ParseCertificate(read(path))
	check(err)
	return certificate
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	check(err)
	return content
}

func heap() int64 {
	var stats runtime.MemStats
	// What a collection finds dead may be swept by the next one only.
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func cpuTime() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(what string) {
	fmt.Fprintln(os.Stderr, "Go peer:", what)
	os.Exit(1)
}
