// Command rekor-types says what a Rekor v1 server makes of proposed entries: one JSON object a line in, one a line out,
// {"body": base64, "keys": [...]} with the canonical leaf and what it is indexed under, or {"refused": why}.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-openapi/runtime"
	"github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	_ "github.com/sigstore/rekor/pkg/types/cose/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	hashedrekord "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
	_ "github.com/sigstore/rekor/pkg/types/rekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/rfc3161/v0.0.1"
	"github.com/sigstore/sigstore/pkg/signature"
)

type answer struct {
	Body    []byte   `json:"body,omitempty"`
	Keys    []string `json:"keys,omitempty"`
	Refused string   `json:"refused,omitempty"`
}

// What the server takes by default for hashedrekord entries.
var allowed = []v1.PublicKeyDetails{
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256,
	v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
	v1.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
	v1.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512,
	v1.PublicKeyDetails_PKIX_ED25519,
	v1.PublicKeyDetails_PKIX_ED25519_PH,
}

var hashes = map[string]crypto.Hash{"sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "rekor-types:", err)
		os.Exit(1)
	}
}

func run() error {
	registry, err := signature.NewAlgorithmRegistryConfig(allowed)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		encoded, err := json.Marshal(judge(lines.Bytes(), registry))
		if err != nil {
			return err
		}
		if _, err := out.Write(append(encoded, '\n')); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func judge(proposal []byte, registry *signature.AlgorithmRegistryConfig) answer {
	body, keys, err := canonicalize(proposal, registry)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	return answer{Body: body, Keys: keys}
}

// canonicalize goes the way of POST /api/v1/log/entries, up to the tree. A panic is a refusal: the server recovers too.
func canonicalize(proposal []byte, registry *signature.AlgorithmRegistryConfig) (body []byte, keys []string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	parsed, err := models.UnmarshalProposedEntry(bytes.NewReader(proposal), runtime.JSONConsumer())
	if err != nil {
		return nil, nil, err
	}
	entry, err := types.CreateVersionedEntry(parsed)
	if err != nil {
		return nil, nil, err
	}
	if err := checkAlgorithm(entry, registry); err != nil {
		return nil, nil, err
	}
	if body, err = types.CanonicalizeEntry(context.Background(), entry); err != nil {
		return nil, nil, err
	}
	keys, err = entry.IndexKeys()
	return body, keys, err
}

// checkAlgorithm is for hashedrekord alone, as in the server.
func checkAlgorithm(entry types.EntryImpl, registry *signature.AlgorithmRegistryConfig) error {
	if _, isHashed := entry.(*hashedrekord.V001Entry); !isHashed {
		return nil
	}
	artifact, err := entry.ArtifactHash()
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(artifact, ":")
	verifiers, err := entry.Verifiers()
	if err != nil {
		return err
	}
	for _, verifier := range verifiers {
		identities, err := verifier.Identities()
		if err != nil {
			return err
		}
		for _, identity := range identities {
			permitted, err := registry.IsAlgorithmPermitted(publicKey(identity.Crypto), hashes[name])
			if err != nil {
				return err
			}
			if !permitted {
				return errors.New("entry algorithms are not allowed")
			}
		}
	}
	return nil
}
