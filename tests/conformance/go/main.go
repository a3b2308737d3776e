// The conformance program in Go: reads cases, one JSON object a line, and answers each with a line.
//
// It asks the library as a server does, by the exported types of the binding. README.md beside it has the protocol.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"clientcert.dev/go"
)

// Case is one verifier, and what is asked of it.
type Case struct {
	ID        string      `json:"id"`
	Options   [][2]string `json:"options"`
	Bytes     [][2]string `json:"bytes"`
	Variables []string    `json:"variables"`
	Steps     []Step      `json:"steps"`
	Dump      bool        `json:"dump"`
	File      string      `json:"file"`
	Headers   []string    `json:"headers"`
}

// Object is one of JSON's.
type Object = map[string]any

func main() {
	input, output := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	for {
		line, err := input.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		must(err)
		var given Case
		must(json.Unmarshal(line, &given))
		must(output.Encode(answer(given)))
	}
}

func answer(given Case) Object {
	reply := Object{"id": given.ID}
	if given.Steps == nil {
		reply["library"] = libraryToJSON(given.Headers)
		return reply
	}
	config := clientcert.Config{File: given.File}
	for _, pair := range given.Options {
		config.Settings = append(config.Settings, clientcert.Setting{Name: pair[0], Value: pair[1]})
	}
	config.Data = map[string][]byte{}
	for _, pair := range given.Bytes {
		config.Data[pair[0]] = append(config.Data[pair[0]], unhex(pair[1])...)
	}
	if given.Dump {
		dump, err := config.TOML()
		must(err)
		reply["dump"] = dump
	}
	verifier, err := clientcert.New(config)
	if err != nil {
		reply["error"] = errorToJSON(err)
		return reply
	}
	defer verifier.Close()
	bench := bench{verifier: verifier, variables: given.Variables}
	answers := make([]Object, len(given.Steps))
	for i, step := range given.Steps {
		answers[i] = bench.take(step)
	}
	reply["answers"] = answers
	return reply
}

// outcome is an answer that has nothing but an error, if there is one.
func outcome(err error) Object {
	if err == nil {
		return Object{}
	}
	return Object{"error": errorToJSON(err)}
}

func errorToJSON(err error) Object {
	var failure *clientcert.Error
	if !errors.As(err, &failure) || !errors.Is(err, failure.Status) {
		log.Fatalf("an error of another kind: %v", err)
	}
	return Object{"status": int(failure.Status), "name": failure.Status.Error(), "message": failure.Message}
}

// must ends the program: a case that cannot be read is an error of the driver.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func unhex(text string) []byte {
	bytes, err := hex.DecodeString(text)
	must(err)
	return bytes
}
