package main

import (
	"crypto"
	"fmt"
	"os"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

// verifyWithKey asks nobody: the trusted root and the key are all that it takes.
func verifyWithKey(file, bundleFile, trustedRoot, keyFile string) (*verify.VerificationResult, error) {
	logs, err := root.NewTrustedRootFromPath(trustedRoot)
	if err != nil {
		return nil, err
	}
	key, err := loadKey(keyFile)
	if err != nil {
		return nil, err
	}
	trusted := root.TrustedMaterialCollection{logs, root.NewTrustedPublicKeyMaterial(
		func(string) (root.TimeConstrainedVerifier, error) { return key, nil })}
	verifier, err := verify.NewVerifier(trusted, verify.WithTransparencyLog(1), verify.WithNoObserverTimestamps())
	if err != nil {
		return nil, err
	}
	return judge(verifier, file, bundleFile, verify.WithKey())
}

// verifyWithIdentity wants a timestamp besides, because the certificate has long expired, and proof that a CT log has it.
func verifyWithIdentity(file, bundleFile, trustedRoot, identity, issuer string) (*verify.VerificationResult, error) {
	trusted, err := root.NewTrustedRootFromPath(trustedRoot)
	if err != nil {
		return nil, err
	}
	signer, err := verify.NewShortCertificateIdentity(issuer, "", identity, "")
	if err != nil {
		return nil, err
	}
	verifier, err := verify.NewVerifier(trusted, verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1),
		verify.WithSignedCertificateTimestamps(1))
	if err != nil {
		return nil, err
	}
	return judge(verifier, file, bundleFile, verify.WithCertificateIdentity(signer))
}

func judge(v *verify.Verifier, file, bundleFile string, signer verify.PolicyOption) (*verify.VerificationResult, error) {
	artifact, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer artifact.Close()
	signed, err := bundle.LoadJSONFromPath(bundleFile)
	if err != nil {
		return nil, err
	}
	return v.Verify(signed, verify.NewPolicy(verify.WithArtifact(artifact), signer))
}

func loadKey(file string) (*root.ExpiringKey, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	public, err := cryptoutils.UnmarshalPEMToPublicKey(pem)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	verifier, err := signature.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return root.NewExpiringKey(verifier, time.Time{}, time.Time{}), nil
}
