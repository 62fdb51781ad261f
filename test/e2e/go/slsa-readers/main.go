// Command slsa-readers says how the readers that SLSA's tools are made of take a statement: one JSON object, of each reader
// "" or why it refuses.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	attestation "github.com/in-toto/attestation/go/v1"
	intoto "github.com/in-toto/in-toto-golang/in_toto"
	slsa1 "github.com/in-toto/in-toto-golang/in_toto/slsa_provenance/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// What slsa-verifier 2.7.1 decodes provenance v1 into (verifiers/internal/gha/slsaprovenance/v1.0).
type slsaVerifier struct {
	intoto.StatementHeader
	Predicate slsa1.ProvenancePredicate `json:"predicate"`
}

func main() {
	payload, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "slsa-readers:", err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]string{
		"statement":    told(readStatement(payload)),
		"provenance":   told(readProvenance(payload)),
		"in-toto":      told(json.Unmarshal(payload, &intoto.ProvenanceStatementSLSA1{})),
		"slsaVerifier": told(readStrictly(payload)),
	})
}

// readStatement is what cosign and sigstore-go do, and in-toto's own validation of subjects and their digests.
func readStatement(payload []byte) error {
	statement := &attestation.Statement{}
	if err := protojson.Unmarshal(payload, statement); err != nil {
		return err
	}
	return statement.Validate()
}

// readProvenance is in-toto's own reading of the predicate, dependencies and all; unknown fields are ignored, as SLSA says.
func readProvenance(payload []byte) error {
	raw := struct {
		Predicate json.RawMessage `json:"predicate"`
	}{}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return err
	}
	predicate := &provenance.Provenance{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw.Predicate, predicate); err != nil {
		return err
	}
	return predicate.Validate()
}

// readStrictly refuses any field that the structure has not.
func readStrictly(payload []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	return decoder.Decode(&slsaVerifier{})
}

func told(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
