package main

import (
	"encoding/base64"
	"fmt"
)

// canonicalBody is the entry that Rekor v2 must store for a P-256 hashedrekord: RFC 8785 JSON, keys sorted, no spaces.
func canonicalBody(digest, sig, spki []byte) []byte {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{`+
		`"data":{"algorithm":"SHA2_256","digest":"%s"},`+
		`"signature":{"content":"%s","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"%s"}}}}}}`,
		b64(digest), b64(sig), b64(spki))
}
