// Command sigstore-go signs and verifies files with the library of sigstore/sigstore-go. `verify` prints what the library
// found as JSON; both exit with 1 and one line of text at the first thing that does not hold.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	file := flag.String("file", "", "the file that is signed")
	bundleFile := flag.String("bundle", "", "its bundle")
	key := flag.String("key", "", "file of the signer's public key, SPKI in PEM")
	config := flag.String("signing-config", "", "file: where signatures are logged")
	trusted := flag.String("trusted-root", "", "file: which logs and authorities are trusted")
	identity := flag.String("identity", "", "whom the certificate must name, instead of a key")
	issuer := flag.String("issuer", "", "who vouched for the identity")
	flag.Parse()
	if err := run(flag.Arg(0), *file, *bundleFile, *key, *config, *trusted, *identity, *issuer); err != nil {
		fmt.Fprintln(os.Stderr, "sigstore-go:", err)
		os.Exit(1)
	}
}

func run(command, file, bundleFile, key, config, trusted, identity, issuer string) error {
	switch {
	case command == "sign":
		return writeSigned(file, bundleFile, key, config)
	case command == "verify" && identity != "":
		result, err := verifyWithIdentity(file, bundleFile, trusted, identity, issuer)
		return printed(result, err)
	case command == "verify":
		result, err := verifyWithKey(file, bundleFile, trusted, key)
		return printed(result, err)
	}
	return errors.New("say sign or verify, after the flags")
}

func writeSigned(file, bundleFile, key, config string) error {
	signed, pem, err := signFile(file, config)
	if err != nil {
		return err
	}
	text, err := protojson.Marshal(signed)
	if err != nil {
		return err
	}
	if err := os.WriteFile(key, []byte(pem), 0o644); err != nil {
		return err
	}
	return os.WriteFile(bundleFile, text, 0o644)
}

func printed(result any, err error) error {
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
