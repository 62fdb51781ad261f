package main

import (
	"os"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
)

// signFile signs with a new key and logs the signature where the signing config says. It returns the bundle and the key.
func signFile(file, signingConfig string) (*protobundle.Bundle, string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	config, err := root.NewSigningConfigFromPath(signingConfig)
	if err != nil {
		return nil, "", err
	}
	logs, err := root.SelectServices(config.RekorLogURLs(), config.RekorLogURLsConfig(), sign.RekorAPIVersions, time.Now())
	if err != nil {
		return nil, "", err
	}
	options := sign.BundleOptions{}
	for _, log := range logs {
		rekor := sign.NewRekor(&sign.RekorOptions{BaseURL: log.URL, Version: log.MajorAPIVersion})
		options.TransparencyLogs = append(options.TransparencyLogs, rekor)
	}
	key, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		return nil, "", err
	}
	pem, err := key.GetPublicKeyPem()
	if err != nil {
		return nil, "", err
	}
	bundle, err := sign.Bundle(&sign.PlainData{Data: data}, key, options)
	return bundle, pem, err
}
